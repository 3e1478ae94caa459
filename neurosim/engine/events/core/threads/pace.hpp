// Whether threads that wait for each other in every tick pay. They do if all of them really run; if other
// processes take some of the cores, one thread alone is faster. So both are timed while the run goes on.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace neurosim {

// Seconds.
struct SystemClock {
    static double now() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    // How long this thread has had a core.
    static double on_core() {
#ifdef CLOCK_THREAD_CPUTIME_ID
        timespec spent;
        if (!clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent)) return spent.tv_sec + 1e-9 * spent.tv_nsec;
#endif
        return now();
    }
};

template <class Clock = SystemClock>
class Pace {
  public:
    // Runs `ticks` ticks in stretches, by calls of work(ticks, together), which runs that many ticks on all
    // threads or on one, and returns whether the run goes on behind them.
    template <class Work>
    void run(int64_t ticks, const Work& work) {
        while (ticks > 0)
            if (!(due ? compare(ticks, work) : go_on(ticks, work))) return;
    }

  private:
    struct Timed {
        double wall = 0, on_core = 0;  // seconds: passed, and in which this thread had a core
        int64_t ticks = 0;
    };

    static constexpr double STRETCH = 0.02;    // seconds between two decisions
    static constexpr double SHORTEST = 0.002;  // seconds: in less, waking the threads counts too much
    static constexpr double RUNNING = 0.8;     // the part of the time in which a thread has a core if it may
    static constexpr double GAIN = 0.85;       // of the time of one thread: more threads must save more
    static constexpr double LOSS = 0.95;       // of the time of more threads: one must save more
    static constexpr int PARTS = 8;            // of a test of the other way, which ends once it is slower
    static constexpr int64_t EVERY = 16, SELDOM = 64, SOON = 16;  // stretches until the next test

    // Runs some of the ticks that are left; false if the run ends.
    template <class Work>
    static bool stretch(int64_t ticks, bool together, Timed& sum, int64_t& left, const Work& work) {
        const double begin = Clock::now(), begin_on_core = Clock::on_core();
        const bool goes_on = work(ticks, together);
        sum.wall += Clock::now() - begin, sum.on_core += Clock::on_core() - begin_on_core, sum.ticks += ticks;
        left -= ticks;
        return goes_on;
    }

    // Runs a stretch as before. The other way is due for a test from time to time, and soon if this thread
    // had no core, or had to sleep until the others had done their part.
    template <class Work>
    bool go_on(int64_t& left, const Work& work) {
        const int64_t ticks = std::min(length, left);
        const double before = held.wall;
        if (!stretch(ticks, together, held, left, work)) return false;
        const double seconds = held.wall - before;
        const bool grows = ticks == length && seconds < STRETCH / 2;
        if (held.wall >= SHORTEST) {
            const bool interrupted = together && held.on_core < RUNNING * held.wall;
            due = ++since >= (interrupted ? soon : later);
        }
        if (!due && (grows || held.wall >= SHORTEST)) held = {};
        if (grows) length *= 2;
        if (seconds > STRETCH * 2) length = std::max<int64_t>(1, length / 2);
        return true;
    }

    // Runs up to a quarter of a stretch the other way, and keeps to that way if it is faster; false if the
    // run ends.
    template <class Work>
    bool compare(int64_t& left, const Work& work) {
        const double tick = held.wall / held.ticks;
        const int64_t most = std::min(std::max<int64_t>(1, length / 4), left);
        Timed other;
        while (other.ticks < most && other.wall <= most * tick) {
            const int64_t part = std::min(std::max<int64_t>(1, most / PARTS), most - other.ticks);
            if (!stretch(part, !together, other, left, work)) return false;
        }
        const bool faster = other.wall / other.ticks < (together ? LOSS : GAIN) * tick;
        soon = faster ? 2 : std::min(2 * soon, SOON);
        later = faster ? EVERY : std::min(2 * later, SELDOM);
        if (faster) together = !together;
        due = false, since = 0, held = {};
        return true;
    }

    bool together = true, due = false;  // whether all threads run, and whether to test the other way next
    Timed held;                         // of the stretches since the last decision
    int64_t length = 1;                 // ticks of a stretch
    int64_t since = 0;                  // decisions since the last test
    int64_t soon = 2, later = EVERY;    // after how many the next one is, if this thread waits, and if not
};

}  // namespace neurosim
