// What one trial remembers besides the arrays of state: spikes of this tick, what is on its way, and what is to be recorded.
#pragma once
#include <cstdlib>
#include <memory>

#include "core/binomial.hpp"
#include "core/lanes.hpp"
#include "core/machine.hpp"
#include "core/order.hpp"
#include "core/stage.hpp"

namespace neurosim {

struct Arrival {  // a group of synapses with text that share sender and delay: places in their arrays
    Arrival(int64_t first, uint32_t count) : first(first), count(count) {}  // see Due
    int64_t first;
    uint32_t count;
};

struct SpikeTape {  // spikes with their ticks, in order
    std::vector<int64_t> tick;
    std::vector<int32_t> neuron;

    void clear() { tick.clear(), neuron.clear(); }
    // Forgets what was before `first`.
    void trim(int64_t first) {
        const auto keep = std::lower_bound(tick.begin(), tick.end(), first) - tick.begin();
        tick.erase(tick.begin(), tick.begin() + keep);
        neuron.erase(neuron.begin(), neuron.begin() + keep);
    }
};

template <class Real, class Weight>
struct Trial {
    int64_t number = 0, row = 0;
    std::vector<Spikes> spikes[2];                     // (block, population), for even and for odd ticks
    std::unique_ptr<int32_t, decltype(&std::free)> lists{nullptr, std::free};  // what they consist of
    std::vector<StageBlock<Real, Weight>> stages;      // (stage, block)
    std::vector<Calendar<Arrival>> arrivals;           // (pathway with text, block)
    std::vector<SpikeTape> sent;                       // per population: spikes whose arrivals may still be on their way
    std::vector<SpikeTape> recorded[2];                // per population; one is written while the other fills
    std::vector<int64_t> cursor;                       // (population, block): the next of the given spike events
    std::vector<Binomial> binomials;                   // (private pathway, block)
    Order order;                                       // of the turns of a sweep

    // Makes room for every neuron once in every list; no two blocks, and no two lists, share a cache line.
    void make_lists(const Machine& machine) {
        const auto lines = [](int64_t n) { return (n + 15) / 16 * 16; };
        const int blocks = machine.blocks, populations = machine.populations;
        int64_t size = 0;
        for (int block = 0; block < blocks; ++block) {
            size += 2 * lines(populations);
            for (int population = 0; population < populations; ++population) size += 2 * lines(machine.span(population, block).size());
        }
        lists.reset(static_cast<int32_t*>(std::aligned_alloc(64, std::max<int64_t>(size, 16) * sizeof(int32_t))));
        if (!lists) throw std::bad_alloc();
        int32_t* next = lists.get();
        for (auto& half : spikes)
            for (int block = 0; block < blocks; ++block) {
                int32_t* count = next;
                next += lines(populations);
                for (int population = 0; population < populations; ++population) {
                    half.push_back({next, count + population});
                    half.back().clear();
                    next += lines(machine.span(population, block).size());
                }
            }
    }
};

// The spike events that the user gave for this tick, of the neurons of this block.
template <class Here>
void drive_events(Here& here, int population, int starts, int ticks, int neurons) {
    const auto* start = static_cast<const int64_t*>(here.machine.arrays[starts]) + here.trial.number;
    const auto* tick = static_cast<const int64_t*>(here.machine.arrays[ticks]);
    const auto* neuron = static_cast<const int64_t*>(here.machine.arrays[neurons]);
    const Span span = here.span(population);
    const Spikes& spikes = here.spikes(population, here.block);
    int64_t& cursor = here.trial.cursor[population * here.machine.blocks + here.block];
    spikes.clear();
    for (cursor = std::max(cursor, start[0]); cursor < start[1] && tick[cursor] <= here.run_tick(); ++cursor) {
        const int32_t number = static_cast<int32_t>(neuron[cursor]);
        if (tick[cursor] == here.run_tick() && number >= span.first && number < span.last) spikes.push_back(number);
    }
}

constexpr int32_t CHUNK = 256;  // neurons that move before their spikes are listed

// Whether any number of some cache lines differs from 0.
template <class Whole, size_t... line>
bool any_of(const Whole* first, std::index_sequence<line...>) {
    const auto* at = reinterpret_cast<const Line*>(first);
    return any_bit((at[line] | ...));
}

// Lists the neurons first .. last that are marked in `fired`, which is cleared up to a whole line; most ticks most neurons are
// silent, so it looks at many at once.
template <class Here, class Whole>
void list_spikes(Here& here, int population, Whole* fired, int32_t first, int32_t last) {
    constexpr int32_t together = 32;
    const Spikes& spikes = here.spikes(population, here.block);
    for (int32_t place = last - first; place % together; ++place) fired[place] = 0;
    for (int32_t start = 0; start < last - first; start += together) {
        if (!any_of(fired + start, std::make_index_sequence<together * sizeof(Whole) / 64>())) continue;
        for (int32_t place = start; place < start + together; ++place)
            if (fired[place]) spikes.push_back(first + place);
    }
}

// Keeps this tick's spikes for the recording and for the checkpoint. One thread does it for all blocks.
template <class Here>
void keep_spikes(Here& here, int population, int set, bool recorded, bool sent) {
    here.for_spikes(population, [&](int32_t neuron) {
        if (recorded) {
            here.trial.recorded[set][population].tick.push_back(here.run_tick());
            here.trial.recorded[set][population].neuron.push_back(neuron);
        }
        if (sent) {
            here.trial.sent[population].tick.push_back(here.tick);
            here.trial.sent[population].neuron.push_back(neuron);
        }
    });
}

}  // namespace neurosim
