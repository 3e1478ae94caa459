// The synapses of one sender while they are drawn, and their way into a row: a stable sort by (block, delay) in cache.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/arena.hpp"
#include "core/draw.hpp"
#include "core/feed.hpp"
#include "core/rows.hpp"

namespace neurosim {

template <class Weight>
class Batch {
  public:
    std::vector<uint32_t> slot, block, delay;  // slot: the receiving neuron until `land`
    std::vector<Weight> weight;
    int64_t size = 0;

    // Makes room for `more` synapses behind those that there are (and a stretch), and returns their place.
    int64_t grow(int64_t more) {
        int64_t first = size;
        size += more;
        if (size + STRETCH > static_cast<int64_t>(slot.size()))
            for_each_column([&](auto& column) { column.resize(size + size / 2 + STRETCH); });
        return first;
    }

    // Turns neurons into slots of their blocks, for the synapses from `first` on.
    void land(const Feed& feed, int blocks, int64_t first) {
        uint32_t* __restrict place = slot.data();
        uint32_t* __restrict part = block.data();
        for (int64_t i = first; i < size; i++) part[i] = 0;
        for (int b = 1; b < blocks; b++) {
            const auto bound = static_cast<uint32_t>(feed.bound[b]);
            for (int64_t i = first; i < size; i++) part[i] += place[i] >= bound;
        }
        for (int b = 0; b < blocks; b++) {
            const auto more = static_cast<uint32_t>(feed.slot[b] - feed.bound[b]);
            for (int64_t i = first; i < size; i++) place[i] += part[i] == static_cast<uint32_t>(b) ? more : 0;
        }
    }

    // Counts the synapses from `first` on, and keeps their shortest and longest delay.
    void note(Report& report, int64_t first) const {
        uint32_t shortest = UINT32_MAX, longest = 0;
        for (int64_t i = first; i < size; i++) {
            shortest = std::min(shortest, delay[i]);
            longest = std::max(longest, delay[i]);
        }
        report.add({size - first, shortest, longest});
    }

    // Lays the synapses into the rows of their sender, one per block (`stride` apart), and forgets them.
    void lay(Arena& arena, int blocks, Row<Weight>* row, int64_t stride) {
        if (size) sort(arena, blocks, row, stride);
        size = 0;
    }

  private:
    std::vector<uint32_t> key, counts, known;
    std::vector<Synapse<Weight>*> place;

    template <class Each>
    void for_each_column(Each each) {
        each(slot), each(block), each(delay), each(key), each(weight);
    }

    // Numbers the delays that occur, by rising delay; `known` holds them, `key` the number of each synapse's.
    void number_delays() {
        uint32_t shortest = delay[0], longest = delay[0];
        for (int64_t i = 0; i < size; i++) {
            shortest = std::min(shortest, delay[i]);
            longest = std::max(longest, delay[i]);
        }
        const uint32_t range = longest - shortest + 1;
        if (range <= 4 * size + 256) {
            known.resize(range);
            for (uint32_t i = 0; i < range; i++) known[i] = shortest + i;
            for (int64_t i = 0; i < size; i++) key[i] = delay[i] - shortest;
            return;
        }
        known.assign(delay.begin(), delay.begin() + size);
        std::sort(known.begin(), known.end());
        known.erase(std::unique(known.begin(), known.end()), known.end());
        for (int64_t i = 0; i < size; i++)
            key[i] = static_cast<uint32_t>(std::lower_bound(known.begin(), known.end(), delay[i]) - known.begin());
    }

    void sort(Arena& arena, int blocks, Row<Weight>* row, int64_t stride) {
        number_delays();
        const auto delays = static_cast<uint32_t>(known.size());
        counts.assign(static_cast<size_t>(blocks) * delays, 0);
        place.resize(counts.size());
        for (int64_t i = 0; i < size; i++) counts[key[i] += block[i] * delays]++;
        for (int b = 0; b < blocks; b++) open_row(arena, row[b * stride], counts.data() + b * delays, place.data() + b * delays);
        for (int64_t i = 0; i < size; i++) *place[key[i]]++ = {slot[i], weight[i]};
    }

    // Takes the memory of one row, writes its groups, and says where the synapses of each delay begin.
    void open_row(Arena& arena, Row<Weight>& row, const uint32_t* count, Synapse<Weight>** begin) {
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
