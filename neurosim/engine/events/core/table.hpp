// Rows of all senders, built in parallel: whole senders are drawn, sorted in cache and written once, to their final place.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "core/arena.hpp"
#include "core/batch.hpp"
#include "core/crew.hpp"
#include "core/feed.hpp"
#include "core/rows.hpp"
#include "core/source.hpp"
#include "core/wires.hpp"

namespace neurosim {

// The feeds, ready to be read from any sender on.
class Sources {
  public:
    Sources(const Feed* feeds, int count, int threads) {
        wires.reserve(count);  // sources point at them
        for (int f = 0; f < count; f++) sources.emplace_back(feeds[f], wires.emplace_back(feeds[f], threads));
    }

    std::vector<int64_t> find(int64_t sender) const {
        std::vector<int64_t> place;
        for (const auto& source : sources) place.push_back(source.find(sender));
        return place;
    }

    // Appends all synapses of a sender, and moves the places behind them. (Not inlined, to be compiled once.)
    __attribute__((noinline)) void append(std::vector<int64_t>& place, int64_t sender, int blocks, Batch& batch, std::vector<Report>& found) const {
        for (size_t f = 0; f < sources.size(); f++) {
            const int64_t before = batch.size;
            place[f] = sources[f].append(place[f], sender, batch);
            if (batch.size > before) batch.land(sources[f].feed, blocks, before, found[f]);
        }
    }

  private:
    std::vector<Wires> wires;
    std::vector<Source> sources;
};

// What the caller holds, whatever the type of the weights.
class AnyTable {
  public:
    virtual ~AnyTable() = default;
    virtual const void* block(int number) const = 0;
    virtual int64_t bytes() const = 0;
    virtual int64_t synapses() const = 0;
};

template <class Weight>
class Table final : public AnyTable {
  public:
    Table(const Feed* feeds, int n_feeds, int64_t senders, Form form, int blocks, int threads, Report* reports)
        : senders(senders), rows(senders * blocks) {
        const Sources sources(feeds, n_feeds, threads);
        std::vector<Bench> benches(threads);
        share(threads, senders, SENDERS, [&](int thread, int64_t first, int64_t last) {
            auto& [batch, arena, found] = benches[thread];
            found.resize(n_feeds);
            auto place = sources.find(first);
            for (int64_t sender = first; sender < last; sender++) {
                sources.append(place, sender, blocks, batch, found);
                batch.lay(arena, form, blocks, rows.data() + sender, this->senders);
            }
        });
        for (auto& bench : benches) {
            arenas.push_back(std::move(bench.arena));
            for (size_t f = 0; f < bench.found.size(); f++) reports[f].add(bench.found[f]);
        }
        for (int f = 0; f < n_feeds; f++) stored += reports[f].synapses;
    }

    const void* block(int number) const override { return rows.data() + number * senders; }
    int64_t synapses() const override { return stored; }
    int64_t bytes() const override {
        int64_t sum = rows.size() * sizeof(Row<Weight>);
        for (const auto& arena : arenas) sum += arena.bytes();
        return sum;
    }

  private:
    static constexpr int64_t SENDERS = 16;  // that a thread takes at a time

    // What one thread works with; apart from the next one's in the cache.
    struct alignas(128) Bench {
        Batch batch;
        Arena arena;
        std::vector<Report> found;
    };

    int64_t senders, stored = 0;
    std::vector<Row<Weight>> rows;  // (block, sender)
    std::vector<Arena> arenas;
};

}  // namespace neurosim
