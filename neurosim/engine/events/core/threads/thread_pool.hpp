// A thread pool with work stealing. Each thread begins with the same parts of the work every time, so that
// it finds in its cache what it read the last time; when it has done them, it takes parts of the other
// threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace neurosim {

class ThreadPool {
  public:
    explicit ThreadPool(int threads) : threads(threads), ranges(new Range[threads]) {
        try {
            for (int number = 1; number < threads; ++number)
                others.emplace_back([this, number] { help(number); });
        } catch (const std::exception&) {
            // The system gives no more threads: those that have started share the work.
        }
    }
    ~ThreadPool() {
        round.store(-1, std::memory_order_release);
        for (auto& other : others) other.join();
    }
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Calls work(part) for the parts 0 .. parts - 1, and returns when all are done. An exception of one of
    // them is rethrown then.
    template <class Work>
    void parallel_for(int64_t parts, const Work& work) {
        job = [](const void* of, int64_t part) { (*static_cast<const Work*>(of))(part); };
        work_address = &work;
        done.store(0, std::memory_order_relaxed);
        const int64_t next = round.load(std::memory_order_relaxed) + 1;
        for (int thread = 0; thread < threads; ++thread) {
            ranges[thread].last = parts * (thread + 1) / threads;
            const int64_t count = ranges[thread].last - parts * thread / threads;
            ranges[thread].left.store(next << COUNT | count, std::memory_order_release);
        }
        round.store(next, std::memory_order_release);
        take_parts(0, next);
        for (int64_t turn = 0; done.load(std::memory_order_acquire) < parts; ++turn)
            if (turn > SPINS) std::this_thread::yield();
        if (failed.exchange(false)) std::rethrow_exception(thrown);
    }

  private:
    static constexpr int COUNT = 24;    // bits of the number of parts in `left`
    static constexpr int SPINS = 4000;  // before a thread that waits yields

    struct alignas(64) Range {         // the parts that one thread begins with
        std::atomic<int64_t> left{0};  // the round, and how many parts are not taken yet
        int64_t last = 0;
    };

    void help(int number) {
        int64_t seen = 0;
        for (int64_t turn = 0;; ++turn) {
            const int64_t now = round.load(std::memory_order_acquire);
            if (now < 0) return;
            if (now != seen) take_parts(number, seen = now), turn = 0;
            else if (turn > SPINS) std::this_thread::yield();
        }
    }

    // Takes parts until none is left. A round ends only when all parts that were taken are done, so that
    // `job` and the ranges of a round do not change while a thread works on it.
    void take_parts(int number, int64_t now) {
        for (int k = 0; k < threads; ++k) {
            Range& range = ranges[(number + k) % threads];
            int64_t left = range.left.load(std::memory_order_acquire);
            while (left >> COUNT == now && left != now << COUNT) {
                if (!range.left.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel,
                                                      std::memory_order_acquire))
                    continue;
                try {
                    job(work_address, range.last - (left - (now << COUNT)));
                } catch (...) {
                    if (!failed.exchange(true)) thrown = std::current_exception();
                }
                done.fetch_add(1, std::memory_order_acq_rel);
                left = range.left.load(std::memory_order_acquire);
            }
        }
    }

    const int threads;
    std::unique_ptr<Range[]> ranges;
    std::vector<std::thread> others;
    std::atomic<int64_t> round{0};
    std::atomic<int64_t> done{0};
    std::atomic<bool> failed{false};
    std::exception_ptr thrown;  // by the first part that fails
    void (*job)(const void*, int64_t) = nullptr;
    const void* work_address = nullptr;
};

}  // namespace neurosim
