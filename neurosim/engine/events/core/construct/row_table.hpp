// The rows of all senders, built in parallel. The synapses of a sender are drawn, sorted in the cache, and
// written once, to their final place.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "core/arrivals/rows.hpp"
#include "core/construct/pathway.hpp"
#include "core/construct/pathway_reader.hpp"
#include "core/construct/synapse_buffer.hpp"
#include "core/construct/wiring.hpp"
#include "core/memory/arena.hpp"
#include "core/threads/parallel_for.hpp"

namespace neurosim {

// Readers of all pathways.
class PathwayReaders {
  public:
    // Where the next synapses of a sending population begin in each of its pathways.
    struct Place {
        const std::vector<int>* pathways = nullptr;  // in network order
        int64_t last = -1;                           // the first sender behind the population
        std::vector<int64_t> at;
    };

    PathwayReaders(const Pathway* pathways, int count, int threads) {
        wiring.reserve(count);  // readers point to its elements, which must not move
        for (int f = 0; f < count; f++) {
            readers.emplace_back(pathways[f], wiring.emplace_back(pathways[f], threads));
            populations[pathways[f].first_sender].push_back(f);
        }
    }

    // Appends the synapses of a sender from all pathways, and moves each place behind them. Senders must
    // rise. (It is not inlined, so that it is compiled only once.)
    __attribute__((noinline)) void append(Place& place, int64_t sender, int blocks, SynapseBuffer& buffer,
                                          std::vector<BuildReport>& reports) const {
        if (sender >= place.last) find(place, sender);
        if (!place.pathways) return;
        for (size_t n = 0; n < place.at.size(); n++) {
            const int f = (*place.pathways)[n];
            const int64_t before = buffer.size;
            place.at[n] = readers[f].append(place.at[n], sender, buffer);
            if (buffer.size > before) buffer.place_in_blocks(readers[f].pathway, blocks, before, reports[f]);
        }
    }

    // Gives back memory that only the senders from `first` to before `last`, and those before, need.
    void forget(int64_t first, int64_t last) const {
        for (size_t f = 0; f < wiring.size(); f++) {
            const auto& pathway = readers[f].pathway;
            const int64_t from = pathway.pre.find(first - pathway.first_sender);
            const int64_t to = pathway.pre.find(last - pathway.first_sender);
            if (from < to) wiring[f].forget(from, to);
        }
    }

  private:
    void find(Place& place, int64_t sender) const {
        const auto next = populations.upper_bound(sender);
        place.last = next == populations.end() ? INT64_MAX : next->first;
        place.at.clear();
        place.pathways = next == populations.begin() ? nullptr : &std::prev(next)->second;
        if (!place.pathways) return;
        for (int f : *place.pathways) place.at.push_back(readers[f].find(sender));
    }

    std::vector<Wiring> wiring;
    std::vector<PathwayReader> readers;
    std::map<int64_t, std::vector<int>> populations;  // the pathways of each, by its first sender
};

// How far threads have come that read senders in rising order.
class Progress {
  public:
    explicit Progress(int threads) : begun(threads) {}

    // Takes note that a thread has read the senders that it has taken, and goes on with `first`. Calls
    // forget(from, to) for senders that all threads have read, many at a time and each once.
    template <class Forget>
    void go_on(int thread, int64_t first, int64_t many, Forget forget) {
        begun[thread].store(first);
        int64_t all = first, before = forgotten.load();
        for (const auto& other : begun) all = std::min(all, other.load());
        if (all - before >= many && forgotten.compare_exchange_strong(before, all)) forget(before, all);
    }

  private:
    std::vector<std::atomic<int64_t>> begun;
    std::atomic<int64_t> forgotten{0};
};

// What the caller holds, whatever the type of the weights is.
class AnyRowTable {
  public:
    virtual ~AnyRowTable() = default;
    virtual const void* block(int number) const = 0;
    virtual int64_t bytes() const = 0;
    virtual int64_t synapses() const = 0;
};

template <class Weight>
class RowTable final : public AnyRowTable {
  public:
    RowTable(const Pathway* pathways, int n_pathways, int64_t senders, RowFormat format, int blocks,
             int threads, BuildReport* reports)
        : senders(senders), rows(senders * blocks) {
        const PathwayReaders readers(pathways, n_pathways, threads);
        std::vector<Scratch> scratches(threads);
        Progress progress(threads);
        parallel_for(threads, senders, SENDERS_EACH, [&](int thread, int64_t first, int64_t last) {
            auto& [buffer, arena, reports] = scratches[thread];
            reports.resize(n_pathways);
            PathwayReaders::Place place;
            progress.go_on(thread, first, senders / STRETCHES + SENDERS_EACH,
                           [&](int64_t from, int64_t to) { readers.forget(from, to); });
            for (int64_t sender = first; sender < last; sender++) {
                readers.append(place, sender, blocks, buffer, reports);
                buffer.lay(arena, format, blocks, rows.data() + sender, this->senders);
            }
        });
        for (auto& scratch : scratches) {
            arenas.push_back(std::move(scratch.arena));
            for (size_t f = 0; f < scratch.reports.size(); f++) reports[f].add(scratch.reports[f]);
        }
        for (int f = 0; f < n_pathways; f++) stored += reports[f].synapses;
    }

    const void* block(int number) const override { return rows.data() + number * senders; }
    int64_t synapses() const override { return stored; }
    int64_t bytes() const override {
        int64_t sum = rows.size() * sizeof(Row<Weight>);
        for (const auto& arena : arenas) sum += arena.bytes();
        return sum;
    }

  private:
    static constexpr int64_t STRETCHES = 64;  // of senders, after each of which memory is given back

    // The scratch memory of one thread, on cache lines of its own.
    struct alignas(128) Scratch {
        SynapseBuffer buffer;
        Arena arena;
        std::vector<BuildReport> reports;
    };

    int64_t senders, stored = 0;
    std::vector<Row<Weight>> rows;  // (block, sender)
    std::vector<Arena> arenas;
};

}  // namespace neurosim
