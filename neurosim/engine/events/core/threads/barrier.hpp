// Threads that go through their steps together. The barrier between them spins for a while and then sleeps:
// if two threads share a core, the system moves one that wakes up to a free core, but leaves one that only
// yields where it is.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace neurosim {

// Thrown in threads that wait for one that has failed.
struct Abandoned {};

// Each thread has a mark in a cache line of its own, which it alone writes, so that no line is contended.
class Barrier {
  public:
    explicit Barrier(int members)
        : marks(members),
          spins(static_cast<unsigned>(members) > std::thread::hardware_concurrency() ? 100 : 400000) {}
    void wait(int member) {
        if (marks.size() == 1) return;
        const uint32_t now = marks[member].phase.load(std::memory_order_relaxed) + 1;
        marks[member].phase.store(now);
        if (sleepers.load()) wake();
        for (auto& other : marks) {
            int turn = 0;
            while (!reached(other, now)) {
                if (abandoned.load(std::memory_order_relaxed)) throw Abandoned{};
                if (++turn > spins) sleep_until(other, now);
            }
        }
    }
    // Ends all waiting, now and later, because a thread has failed and will not arrive.
    void abandon() {
        abandoned.store(true);
        wake();
    }

  private:
    struct alignas(64) Mark {
        std::atomic<uint32_t> phase{0};
    };

    static bool reached(const Mark& mark, uint32_t phase) {
        return static_cast<int32_t>(mark.phase.load() - phase) >= 0;
    }
    void wake() {
        std::lock_guard lock(mutex);
        changed.notify_all();
    }
    // A thread that sleeps has counted itself before, so that whoever sets a mark afterwards wakes it.
    void sleep_until(const Mark& mark, uint32_t phase) {
        std::unique_lock lock(mutex);
        sleepers.fetch_add(1);
        changed.wait(lock, [&] { return reached(mark, phase) || abandoned.load(); });
        sleepers.fetch_sub(1);
    }

    std::vector<Mark> marks;
    // Spinning takes longer than waking a thread, as otherwise all would sleep in turn; if there are more
    // threads than cores, it is short.
    const int spins;
    alignas(64) std::atomic<int> sleepers{0};
    std::atomic<bool> abandoned{false};
    std::mutex mutex;
    std::condition_variable changed;
};

}  // namespace neurosim
