// The synapses of one sender while they are drawn. They are sorted by block of targets and delay, stably
// and in the cache, and written as rows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/arrivals/rows.hpp"
#include "core/construct/draw.hpp"
#include "core/construct/pathway.hpp"
#include "core/memory/arena.hpp"

namespace neurosim {

class SynapseBuffer {
  public:
    std::vector<uint32_t> slot, block, delay;  // slot: the target neuron until `place_in_blocks`
    std::vector<double> weight, number;        // number: scratch memory for drawing
    int64_t size = 0;

    // Where the targets of the next synapses are to be written; there is room for `most` of them, and a
    // stretch.
    uint32_t* targets(int64_t most) {
        widen(slot, size + most);
        return slot.data() + size;
    }

    // Adds so many synapses, whose targets have been written, and returns the place of the first.
    int64_t grow(int64_t more) {
        const int64_t first = size;
        size += more;
        for (auto* column : {&slot, &block, &delay, &key}) widen(*column, size);
        for (auto* column : {&weight, &number}) widen(*column, size);
        return first;
    }

    // Turns target neurons into slots of their blocks, for the synapses from `first` on, which are all
    // those of a pathway, and reports them.
    void place_in_blocks(const Pathway& pathway, int blocks, int64_t first, BuildReport& report) {
        uint32_t* __restrict place = slot.data() + first;
        uint32_t* __restrict part = block.data() + first;
        const uint32_t* __restrict ticks = delay.data() + first;
        const int64_t count = size - first;
        std::fill_n(part, count, 0);
        for (int b = 1; b < blocks; b++) {
            const auto bound = static_cast<uint32_t>(pathway.bound[b]);
            for (int64_t i = 0; i < count; i++) part[i] += place[i] >= bound;
        }
        for (int b = 0; b < blocks; b++) {
            const auto more = static_cast<uint32_t>(pathway.slot[b] - pathway.bound[b]);
            for (int64_t i = 0; i < count; i++) place[i] += part[i] == static_cast<uint32_t>(b) ? more : 0;
        }
        uint32_t least = UINT32_MAX, most = 0;
        for (int64_t i = 0; i < count; i++) {
            least = std::min(least, ticks[i]);
            most = std::max(most, ticks[i]);
        }
        report.add({count, least, most});
        pathway_starts.push_back(first);
        shortest = std::min(shortest, least);
        longest = std::max(longest, most);
    }

    // Writes the synapses as the rows of their sender, one per block (`stride` apart), and empties the
    // buffer.
    template <class Weight>
    void lay(Arena& arena, RowFormat format, int blocks, Row<Weight>* row, int64_t stride) {
        if (!size) return;
        number_delays();
        if (format.common) separate_pathways();
        count_bundles(blocks);
        const size_t bundles = known.size();
        for (int b = 0; b < blocks; b++)
            open_row(arena, format, row[b * stride], counts.data() + b * bundles, place.data() + b * bundles);
        if (format.common) format.narrow ? write_slots<uint16_t>() : write_slots<uint32_t>();
        else if (format.half) write_weighted<Half>(format.narrow);
        else write_weighted<Weight>(format.narrow);
        arena.prefetch(size * format.bytes(sizeof(Weight)));
        shortest = UINT32_MAX;
        longest = 0;
        size = 0;
        pathway_starts.clear();
    }

  private:
    std::vector<uint32_t> key, counts, known;  // known: the delay of each possible bundle of a row
    std::vector<int64_t> pathway_starts;       // the first synapse of each pathway
    std::vector<char*> place;
    uint32_t shortest = UINT32_MAX, longest = 0;

    template <class Column>
    static void widen(Column& column, int64_t size) {
        if (size + STRETCH > static_cast<int64_t>(column.size())) column.resize(size + size / 2 + STRETCH);
    }

    // Numbers the delays that occur, in rising order: `known` holds them, `key` the number of each
    // synapse's delay.
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
        for (int64_t i = 0; i < size; i++)
            number[i] = static_cast<uint32_t>(std::lower_bound(known.begin(), known.end(), ticks[i]) -
                                              known.begin());
    }

    // Gives every pathway bundles of its own: their number becomes (delay, pathway).
    void separate_pathways() {
        const auto parts = static_cast<uint32_t>(pathway_starts.size());
        if (parts == 1) return;
        std::vector<uint32_t> delays(parts * known.size());
        for (size_t i = 0; i < delays.size(); i++) delays[i] = known[i / parts];
        known.swap(delays);
        for (uint32_t pathway = 0; pathway < parts; pathway++) {
            const int64_t last = pathway + 1 < parts ? pathway_starts[pathway + 1] : size;
            for (int64_t i = pathway_starts[pathway]; i < last; i++) key[i] = key[i] * parts + pathway;
        }
    }

    // Counts the synapses of each (block, delay), and makes `key` the number of that.
    void count_bundles(int blocks) {
        const auto delays = static_cast<uint32_t>(known.size());
        counts.assign(static_cast<size_t>(blocks) * delays, 0);
        place.resize(counts.size());
        uint32_t* __restrict number = key.data();
        uint32_t* __restrict count = counts.data();
        const uint32_t* __restrict part = block.data();
        for (int64_t i = 0; i < size; i++) number[i] += part[i] * delays;
        for (int64_t i = 0; i < size; i++) count[number[i]]++;
    }

    template <class Slot, class Weight>
    void write_synapses() {
        char** next = place.data();
        for (int64_t i = 0; i < size; i++) {
            auto* synapse = reinterpret_cast<Synapse<Slot, Weight>*>(next[key[i]]);
            *synapse = {static_cast<Slot>(slot[i]), static_cast<Weight>(weight[i])};
            next[key[i]] = reinterpret_cast<char*>(synapse + 1);
        }
    }

    template <class Weight>
    void write_weighted(bool narrow) {
        narrow ? write_synapses<uint16_t, Weight>() : write_synapses<uint32_t, Weight>();
    }

    template <class Slot>
    void write_slots() {
        char** next = place.data();
        for (int64_t i = 0; i < size; i++) {
            *reinterpret_cast<Slot*>(next[key[i]]) = static_cast<Slot>(slot[i]);
            next[key[i]] += sizeof(Slot);
        }
    }

    // Allocates the memory of one row, writes its bundles, and finds where the synapses of each begin.
    template <class Weight>
    void open_row(Arena& arena, RowFormat format, Row<Weight>& row, const uint32_t* count,
                  char** begin) const {
        const size_t bundles = known.size(), parts = format.common ? pathway_starts.size() : 0;
        row = {nullptr, nullptr, 0, 0};
        for (size_t g = 0; g < bundles; g++) {
            row.n_bundles += count[g] > 0;
            row.n_synapses += count[g];
        }
        if (!row.n_synapses) return;
        const size_t table = row.n_bundles * (sizeof(DelayBundle) + (format.common ? sizeof(Weight) : 0));
        char* piece = arena.take(table + row.n_synapses * format.bytes(sizeof(Weight)));
        auto* bundle = reinterpret_cast<DelayBundle*>(piece);
        auto* common = reinterpret_cast<Weight*>(bundle + row.n_bundles);
        char* synapse = piece + table;
        row.bundles = bundle;
        row.synapses = synapse;
        for (size_t g = 0; g < bundles; g++) {
            begin[g] = synapse;
            synapse += count[g] * format.bytes(sizeof(Weight));
            if (!count[g]) continue;
            *bundle++ = {known[g], count[g]};
            if (parts) *common++ = static_cast<Weight>(weight[pathway_starts[g % parts]]);
        }
    }
};

}  // namespace neurosim
