// The synapses of one sender while they are drawn, and their way into a row: a stable sort by (block, delay) in cache.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/arena.hpp"
#include "core/draw.hpp"
#include "core/feed.hpp"
#include "core/rows.hpp"

namespace neurosim {

class Batch {
  public:
    std::vector<uint32_t> slot, block, delay;  // slot: the receiving neuron until `land`
    std::vector<double> weight, number;        // number: for drawing
    int64_t size = 0;

    // The place of the next synapses, with room for the targets of at most so many (and a stretch).
    uint32_t* targets(int64_t most) {
        widen(slot, size + most);
        return slot.data() + size;
    }

    // Takes so many synapses in, whose targets have been written, and returns the place of the first.
    int64_t grow(int64_t more) {
        const int64_t first = size;
        size += more;
        for (auto* column : {&slot, &block, &delay, &key}) widen(*column, size);
        for (auto* column : {&weight, &number}) widen(*column, size);
        return first;
    }

    // Turns neurons into slots of their blocks, for the synapses from `first` on, and reports these synapses.
    void land(const Feed& feed, int blocks, int64_t first, Report& report) {
        uint32_t* __restrict place = slot.data() + first;
        uint32_t* __restrict part = block.data() + first;
        const uint32_t* __restrict ticks = delay.data() + first;
        const int64_t count = size - first;
        std::fill_n(part, count, 0);
        for (int b = 1; b < blocks; b++) {
            const auto bound = static_cast<uint32_t>(feed.bound[b]);
            for (int64_t i = 0; i < count; i++) part[i] += place[i] >= bound;
        }
        for (int b = 0; b < blocks; b++) {
            const auto more = static_cast<uint32_t>(feed.slot[b] - feed.bound[b]);
            for (int64_t i = 0; i < count; i++) place[i] += part[i] == static_cast<uint32_t>(b) ? more : 0;
        }
        uint32_t least = UINT32_MAX, most = 0;
        for (int64_t i = 0; i < count; i++) {
            least = std::min(least, ticks[i]);
            most = std::max(most, ticks[i]);
        }
        report.add({count, least, most});
        shortest = std::min(shortest, least);
        longest = std::max(longest, most);
    }

    // Lays the synapses into the rows of their sender, one per block (`stride` apart), and forgets them.
    template <class Weight>
    void lay(Arena& arena, int blocks, Row<Weight>* row, int64_t stride) {
        if (!size) return;
        number_delays();
        count_groups(blocks);
        const size_t delays = known.size();
        for (int b = 0; b < blocks; b++) open_row(arena, row[b * stride], counts.data() + b * delays, place.data() + b * delays);
        void** next = place.data();
        for (int64_t i = 0; i < size; i++) {
            auto* synapse = static_cast<Synapse<Weight>*>(next[key[i]]);
            *synapse = {slot[i], static_cast<Weight>(weight[i])};
            next[key[i]] = synapse + 1;
        }
        arena.prefetch(size * sizeof(Synapse<Weight>));
        shortest = UINT32_MAX;
        longest = 0;
        size = 0;
    }

  private:
    std::vector<uint32_t> key, counts, known;
    std::vector<void*> place;
    uint32_t shortest = UINT32_MAX, longest = 0;

    template <class Column>
    static void widen(Column& column, int64_t size) {
        if (size + STRETCH > static_cast<int64_t>(column.size())) column.resize(size + size / 2 + STRETCH);
    }

    // Numbers the delays that occur, by rising delay; `known` holds them, `key` the number of each synapse's.
    void number_delays() {
        const uint32_t range = longest - shortest + 1, least = shortest;
        const uint32_t* __restrict ticks = delay.data();
        uint32_t* __restrict number = key.data();
        if (range <= 4 * size + 256) {
            known.resize(range);
            for (uint32_t i = 0; i < range; i++) known[i] = least + i;
            for (int64_t i = 0; i < size; i++) number[i] = ticks[i] - least;
            return;
        }
        known.assign(ticks, ticks + size);
        std::sort(known.begin(), known.end());
        known.erase(std::unique(known.begin(), known.end()), known.end());
        for (int64_t i = 0; i < size; i++) number[i] = static_cast<uint32_t>(std::lower_bound(known.begin(), known.end(), ticks[i]) - known.begin());
    }

    // Counts the synapses of each block and delay, whose number `key` becomes.
    void count_groups(int blocks) {
        const auto delays = static_cast<uint32_t>(known.size());
        counts.assign(static_cast<size_t>(blocks) * delays, 0);
        place.resize(counts.size());
        uint32_t* __restrict number = key.data();
        uint32_t* __restrict count = counts.data();
        const uint32_t* __restrict part = block.data();
        for (int64_t i = 0; i < size; i++) number[i] += part[i] * delays;
        for (int64_t i = 0; i < size; i++) count[number[i]]++;
    }

    // Takes the memory of one row, writes its groups, and says where the synapses of each delay begin.
    template <class Weight>
    void open_row(Arena& arena, Row<Weight>& row, const uint32_t* count, void** begin) const {
        const size_t delays = known.size();
        row = {nullptr, nullptr, 0, 0};
        for (size_t d = 0; d < delays; d++) {
            row.n_groups += count[d] > 0;
            row.n_synapses += count[d];
        }
        if (!row.n_synapses) return;
        const size_t table = row.n_groups * sizeof(DelayGroup);
        char* piece = arena.take(table + row.n_synapses * sizeof(Synapse<Weight>));
        auto* group = reinterpret_cast<DelayGroup*>(piece);
        auto* synapse = reinterpret_cast<Synapse<Weight>*>(piece + table);
        row.groups = group;
        row.synapses = synapse;
        for (size_t d = 0; d < delays; d++) {
            begin[d] = synapse;
            synapse += count[d];
            if (count[d]) *group++ = {known[d], count[d]};
        }
    }
};

}  // namespace neurosim
