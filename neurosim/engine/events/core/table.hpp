// Rows of all senders, built in parallel: whole senders are drawn, sorted in cache and written once, to their final place.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "core/arena.hpp"
#include "core/batch.hpp"
#include "core/crew.hpp"
#include "core/feed.hpp"
#include "core/rows.hpp"
#include "core/source.hpp"
#include "core/wires.hpp"

namespace neurosim {

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
    Table(const Feed* feeds, int n_feeds, int64_t senders, int blocks, int threads, Report* reports)
        : senders(senders), rows(senders * blocks), arenas(threads) {
        std::vector<Wires> wires;
        std::vector<Source<Weight>> sources;
        wires.reserve(n_feeds);
        for (int f = 0; f < n_feeds; f++) sources.emplace_back(feeds[f], wires.emplace_back(feeds[f], threads));
        std::vector<std::vector<Report>> found(threads, std::vector<Report>(n_feeds));
        std::vector<Batch<Weight>> batches(threads);
        share(threads, senders, SENDERS, [&](int thread, int64_t first, int64_t last) {
            fill(sources, batches[thread], arenas[thread], blocks, first, last, found[thread]);
        });
        for (const auto& some : found)
            for (int f = 0; f < n_feeds; f++) reports[f].add(some[f]);
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

    int64_t senders, stored = 0;
    std::vector<Row<Weight>> rows;  // (block, sender)
    std::vector<Arena> arenas;

    void fill(const std::vector<Source<Weight>>& sources, Batch<Weight>& batch, Arena& arena, int blocks, int64_t first, int64_t last,
              std::vector<Report>& found) {
        std::vector<int64_t> place;
        for (const auto& source : sources) place.push_back(source.find(first));
        for (int64_t sender = first; sender < last; sender++) {
            for (size_t f = 0; f < sources.size(); f++) {
                const int64_t before = batch.size;
                place[f] = sources[f].append(place[f], sender, batch);
                if (batch.size > before) {
                    batch.note(found[f], before);
                    batch.land(sources[f].feed, blocks, before);
                }
            }
            batch.lay(arena, blocks, rows.data() + sender, senders);
        }
    }
};

}  // namespace neurosim
