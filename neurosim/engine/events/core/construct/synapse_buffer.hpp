// The synapses of one sender while they are drawn, and their way into a row: a stable sort by (block, delay) in cache.
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
    void land(const Pathway& pathway, int blocks, int64_t first, BuildReport& report) {
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
        objects.push_back(first);
        shortest = std::min(shortest, least);
        longest = std::max(longest, most);
    }

    // Lays the synapses into the rows of their sender, one per block (`stride` apart), and forgets them.
    template <class Weight>
    void lay(Arena& arena, RowFormat format, int blocks, Row<Weight>* row, int64_t stride) {
        if (!size) return;
        number_delays();
        if (format.common) part_objects();
        count_groups(blocks);
        const size_t groups = known.size();
        for (int b = 0; b < blocks; b++) open_row(arena, format, row[b * stride], counts.data() + b * groups, place.data() + b * groups);
        if (format.common) format.narrow ? write_slots<uint16_t>() : write_slots<uint32_t>();
        else format.narrow ? write_synapses<uint16_t, Weight>() : write_synapses<uint32_t, Weight>();
        arena.prefetch(size * format.bytes(sizeof(Weight)));
        shortest = UINT32_MAX;
        longest = 0;
        size = 0;
        objects.clear();
    }

  private:
    std::vector<uint32_t> key, counts, known;  // known: the delay of each group of a row
    std::vector<int64_t> objects;              // the first synapse of each object
    std::vector<char*> place;
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

    // Gives every object groups of its own: their number becomes (delay, object).
    void part_objects() {
        const auto parts = static_cast<uint32_t>(objects.size());
        if (parts == 1) return;
        std::vector<uint32_t> delays(parts * known.size());
        for (size_t i = 0; i < delays.size(); i++) delays[i] = known[i / parts];
        known.swap(delays);
        for (uint32_t object = 0; object < parts; object++) {
            const int64_t last = object + 1 < parts ? objects[object + 1] : size;
            for (int64_t i = objects[object]; i < last; i++) key[i] = key[i] * parts + object;
        }
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

    template <class Slot, class Weight>
    void write_synapses() {
        char** next = place.data();
        for (int64_t i = 0; i < size; i++) {
            auto* synapse = reinterpret_cast<Synapse<Slot, Weight>*>(next[key[i]]);
            *synapse = {static_cast<Slot>(slot[i]), static_cast<Weight>(weight[i])};
            next[key[i]] = reinterpret_cast<char*>(synapse + 1);
        }
    }

    template <class Slot>
    void write_slots() {
        char** next = place.data();
        for (int64_t i = 0; i < size; i++) {
            *reinterpret_cast<Slot*>(next[key[i]]) = static_cast<Slot>(slot[i]);
            next[key[i]] += sizeof(Slot);
        }
    }

    // Takes the memory of one row, writes its groups, and says where the synapses of each begin.
    template <class Weight>
    void open_row(Arena& arena, RowFormat format, Row<Weight>& row, const uint32_t* count, char** begin) const {
        const size_t groups = known.size(), parts = format.common ? objects.size() : 0;
        row = {nullptr, nullptr, 0, 0};
        for (size_t g = 0; g < groups; g++) {
            row.n_groups += count[g] > 0;
            row.n_synapses += count[g];
        }
        if (!row.n_synapses) return;
        const size_t table = row.n_groups * (sizeof(DelayGroup) + (format.common ? sizeof(Weight) : 0));
        char* piece = arena.take(table + row.n_synapses * format.bytes(sizeof(Weight)));
        auto* group = reinterpret_cast<DelayGroup*>(piece);
        auto* common = reinterpret_cast<Weight*>(group + row.n_groups);
        char* synapse = piece + table;
        row.groups = group;
        row.synapses = synapse;
        for (size_t g = 0; g < groups; g++) {
            begin[g] = synapse;
            synapse += count[g] * format.bytes(sizeof(Weight));
            if (!count[g]) continue;
            *group++ = {known[g], count[g]};
            if (parts) *common++ = static_cast<Weight>(weight[objects[g % parts]]);
        }
    }
};

}  // namespace neurosim
