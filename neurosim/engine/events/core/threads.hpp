// Threads that move in step: a barrier that spins for a while and then yields, so that more threads than cores still run.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace neurosim {

// Every member has a mark on a cache line of its own, which it alone writes: nobody waits for a line that two are writing.
class Barrier {
  public:
    explicit Barrier(int members) : marks(members) {}
    void wait(int member) {
        if (marks.size() == 1) return;
        const uint32_t now = marks[member].phase.load(std::memory_order_relaxed) + 1;
        marks[member].phase.store(now, std::memory_order_release);
        for (auto& other : marks)
            for (int turn = 0; static_cast<int32_t>(other.phase.load(std::memory_order_acquire) - now) < 0; ++turn)
                if (turn > 4000) std::this_thread::yield();
    }

  private:
    struct alignas(64) Mark {
        std::atomic<uint32_t> phase{0};
    };
    std::vector<Mark> marks;
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
