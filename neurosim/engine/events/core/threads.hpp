// Threads that move in step: a barrier that spins for a while and then yields, so that more threads than cores still run.
#pragma once
#include <atomic>
#include <thread>
#include <vector>

namespace neurosim {

class Barrier {
  public:
    explicit Barrier(int threads) : threads(threads) {}
    void wait() {
        if (threads == 1) return;
        const int now = phase.load(std::memory_order_acquire);
        if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
            arrived.store(0, std::memory_order_relaxed);
            phase.store(now + 1, std::memory_order_release);
            return;
        }
        for (int turn = 0; phase.load(std::memory_order_acquire) == now; ++turn) {
            if (turn > 4000) std::this_thread::yield();
        }
    }

  private:
    const int threads;
    std::atomic<int> arrived{0};
    std::atomic<int> phase{0};
};

// Calls work(0) .. work(threads - 1) side by side; the caller's thread takes part.
template <class Work>
void in_parallel(int threads, Work work) {
    std::vector<std::thread> others;
    for (int number = 1; number < threads; ++number) others.emplace_back(work, number);
    work(0);
    for (auto& other : others) other.join();
}

}  // namespace neurosim
