// Threads that stay between calls. Each call gives them work, which they share with the thread that calls;
// then they wait for the next one. As in a barrier, all spin for a while before they sleep: the stretches of
// a run (pace.hpp) follow each other closely, and a thread that wakes up may have to be moved to a free core.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/threads/barrier.hpp"

namespace neurosim {

class Crew {
  public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() {
        {
            std::lock_guard lock(mutex);
            leaving = true;
        }
        called.notify_all();
        for (auto& other : others) other.join();
    }

    // Calls work(0) .. work(threads - 1) in parallel, one of them on the caller's thread. An exception of one
    // of them is rethrown here when all have ended; `give_up()` is called before, and must release the
    // threads that wait for it.
    template <class Work, class GiveUp>
    void in_parallel(int threads, Work work, GiveUp give_up) {
        if (threads == 1) return work(0);
        hire(threads - 1);
        thrown.assign(threads, nullptr);
        const auto run = [&](int number) {
            try {
                work(number);
            } catch (const Abandoned&) {
            } catch (...) {
                thrown[number] = std::current_exception();
                give_up();
            }
        };
        {
            std::lock_guard lock(mutex);
            job = run, members = threads, busy = threads - 1, ++call;
        }
        called.notify_all();
        run(0);
        const auto all_done = [&] { return busy == 0; };
        spin(all_done);
        std::unique_lock lock(mutex);
        ended.wait(lock, all_done);
        job = nullptr;
        for (auto& error : thrown)
            if (error) std::rethrow_exception(error);
    }

  private:
    // Throws if the system gives no more threads.
    void hire(int wanted) {
        while (static_cast<int>(others.size()) < wanted) {
            const int number = static_cast<int>(others.size()) + 1;
            others.emplace_back([this, number, since = call.load()] { serve(number, since); });
        }
    }
    // Waits for a while, or until something holds.
    template <class Condition>
    void spin(const Condition& holds) const {
        const int most = members > cores ? 100 : SPINS;
        for (int turn = 0; turn < most && !holds(); ++turn) continue;
    }
    void serve(int number, int64_t since) {
        const auto is_called = [&] { return leaving || call != since; };
        while (true) {
            spin(is_called);
            std::unique_lock lock(mutex);
            called.wait(lock, is_called);
            if (leaving) return;
            since = call;
            if (number >= members) continue;
            lock.unlock();
            job(number);
            lock.lock();
            if (--busy == 0) ended.notify_one();
        }
    }

    static constexpr int SPINS = 20000;  // some ten microseconds

    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    std::vector<std::thread> others;
    std::vector<std::exception_ptr> thrown;  // by each member, in the present call
    std::mutex mutex;
    std::condition_variable called, ended;
    std::function<void(int)> job;
    std::atomic<int64_t> call{0};  // how many there were
    std::atomic<int> members{0}, busy{0};
    std::atomic<bool> leaving{false};
};

}  // namespace neurosim
