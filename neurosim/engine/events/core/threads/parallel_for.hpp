// Work that several threads share; what one of them throws reaches the caller.
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

// Runs work(thread, first, last) over the parts of 0 to count, each at most `step` long and taken by a thread that is free.
inline void parallel_for(int threads, int64_t count, int64_t step, const std::function<void(int, int64_t, int64_t)>& work) {
    std::atomic<int64_t> next{0};
    std::vector<std::exception_ptr> thrown(threads);
    auto run = [&](int thread) {
        try {
            for (int64_t first; (first = next.fetch_add(step)) < count;) work(thread, first, std::min(first + step, count));
        } catch (...) {
            thrown[thread] = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    try {
        for (int thread = 1; thread < threads && thread * step < count; thread++) others.emplace_back(run, thread);
    } catch (const std::system_error&) {
        // The system gives no more threads: those that there are share the work.
    }
    run(0);
    for (auto& other : others) other.join();
    for (auto& error : thrown)
        if (error) std::rethrow_exception(error);
}

}  // namespace neurosim
