// A loop whose iterations are shared between threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace neurosim {

// Calls work(thread, first, last) for consecutive ranges of 0 .. count - 1 of at most `step` numbers, each
// on a thread that is free. An exception of one of them is rethrown when all threads have ended.
inline void parallel_for(int threads, int64_t count, int64_t step,
                         const std::function<void(int, int64_t, int64_t)>& work) {
    std::atomic<int64_t> next{0};
    std::vector<std::exception_ptr> thrown(threads);
    auto run = [&](int thread) {
        try {
            for (int64_t first; (first = next.fetch_add(step)) < count;)
                work(thread, first, std::min(first + step, count));
        } catch (...) {
            thrown[thread] = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    try {
        for (int thread = 1; thread < threads && thread * step < count; thread++)
            others.emplace_back(run, thread);
    } catch (const std::system_error&) {
        // The system gives no more threads: those that have started share the work.
    }
    run(0);
    for (auto& other : others) other.join();
    for (auto& error : thrown)
        if (error) std::rethrow_exception(error);
}

}  // namespace neurosim
