// Synapses that act together, in vectors.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/memory/prefetch.hpp"

namespace neurosim {

// At most how many synapses act together. No synapse is among them twice.
constexpr int32_t TOGETHER = 16;
// How many synapses ahead their records are prefetched. A processor can have few requests at a time, so
// that each turn prefetches a few records.
constexpr int64_t AHEAD = 128;
constexpr size_t LINE = 64;  // bytes of a cache line

// The places of synapses that act together. If fewer than `TOGETHER` do, the last one is repeated, so that
// loops over the places always make the same number of turns and run in vectors.
struct Places {
    const int32_t* place;
    int64_t operator()(int32_t i) const { return place[i]; }
};

// Some synapses, one after the other: `count` of them from the `first` on, among all places or in a list.
struct Run {
    int64_t first, count;
};

// Where the places of synapses are found: they are consecutive, or listed. `prefetch` brings what is needed
// of a run beside the records: the targets of consecutive synapses, if they are given, or the list.
struct AtPlaces {
    const int32_t* receiver = nullptr;
    int32_t operator()(int64_t i) const { return static_cast<int32_t>(i); }
    void prefetch(Run run) const {
        if (receiver) neurosim::prefetch(receiver + run.first, run.count * sizeof(int32_t));
    }
};

struct InList {
    const int32_t* place;
    int32_t operator()(int64_t i) const { return place[i]; }
    void prefetch(Run run) const { neurosim::prefetch(place + run.first, run.count * sizeof(int32_t)); }
};

// Stands in for the records of synapses whose variables lie in an array each, which processors prefetch
// themselves.
struct InArrays {};
constexpr const InArrays* in_arrays = nullptr;
inline void prefetch(const InArrays*, AtPlaces, int64_t, int64_t) {}
inline void prefetch(const InArrays*, InList, int64_t, int64_t) {}

// Prefetches the records of n synapses. (Prefetching them for writing takes longer.)
template <class Record>
void prefetch(const Record* own, AtPlaces, int64_t first, int64_t n) {
    const auto* begin = reinterpret_cast<const char*>(own + first);
    for (int64_t byte = 0; byte < n * static_cast<int64_t>(sizeof(Record)); byte += LINE)
        prefetch_line(begin + byte);
}

template <class Record>
void prefetch(const Record* own, InList from, int64_t first, int64_t n) {
    for (int64_t i = first; i < first + n; ++i) {
        const char* record = reinterpret_cast<const char*>(own + from(i));
        prefetch_line(record);
        if constexpr (LINE % sizeof(Record)) prefetch_line(record + sizeof(Record) - 1);
    }
}

// Lets synapses act: calls act(places, n) for n of them at a time, in the order in which they come.
template <class Record, class From, class Act>
class Together {
  public:
    Together(const Record* own, From from, Act& act) : own(own), from(from), act(act) {}

    // Lets the synapses of some runs act; run(r) is the r-th. The last of them may wait.
    template <class RunOf>
    void add(int64_t runs, RunOf run) {
        constexpr int64_t soon = 3;  // runs
        int64_t run_ahead = 0, at_ahead = 0;
        const auto prefetch_more = [&](int64_t more) {
            while (more > 0 && run_ahead < runs) {
                const Run ahead = run(run_ahead);
                if (at_ahead == 0 && run_ahead + soon < runs) from.prefetch(run(run_ahead + soon));
                const int64_t n = std::min(more, ahead.count - at_ahead);
                prefetch(own, from, ahead.first + at_ahead, n);
                more -= n, at_ahead += n;
                if (at_ahead == ahead.count) ++run_ahead, at_ahead = 0;
            }
        };
        for (int64_t r = 0; r < std::min(soon, runs); ++r) from.prefetch(run(r));
        prefetch_more(AHEAD);
        for (int64_t r = 0; r < runs; ++r) {
            auto [first, count] = run(r);
            while (count > 0) {
                const auto taken = static_cast<int32_t>(std::min<int64_t>(TOGETHER - waiting, count));
                for (int32_t i = 0; i < taken; ++i) place[waiting + i] = from(first + i);
                first += taken, count -= taken, waiting += taken;
                if (waiting < TOGETHER) break;
                prefetch_more(TOGETHER);
                act(Places{place}, TOGETHER);
                waiting = 0;
            }
        }
    }

    // Lets those that wait act.
    void finish() {
        if (!waiting) return;
        std::fill(place + waiting, place + TOGETHER, place[waiting - 1]);
        act(Places{place}, waiting);
        waiting = 0;
    }

  private:
    const Record* own;
    From from;
    Act& act;
    alignas(LINE) int32_t place[TOGETHER];
    int32_t waiting = 0;
};

}  // namespace neurosim
