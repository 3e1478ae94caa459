// What one trial remembers besides the arrays of state: spikes of this tick, what is on its way, and what is to be recorded.
#pragma once
#include "core/binomial.hpp"
#include "core/machine.hpp"
#include "core/order.hpp"
#include "core/stage.hpp"

namespace neurosim {

struct Arrival {  // a group of synapses with text that share sender and delay: places in their arrays
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
    std::vector<Spikes, Aligned<Spikes>> spikes[2];    // (block, population), for even and for odd ticks
    std::vector<StageBlock<Real, Weight>> stages;      // (stage, block)
    std::vector<Calendar<Arrival>> arrivals;           // (pathway with text, block)
    std::vector<SpikeTape> sent;                       // per population: spikes whose arrivals may still be on their way
    std::vector<SpikeTape> recorded[2];                // per population; one is written while the other fills
    std::vector<int64_t> cursor;                       // (population, block): the next of the given spike events
    std::vector<Binomial> binomials;                   // (private pathway, block)
    Order order;                                       // of the turns of a sweep
};

// The spike events that the user gave for this tick, of the neurons of this block.
template <class Here>
void drive_events(Here& here, int population, int starts, int ticks, int neurons) {
    const auto* start = static_cast<const int64_t*>(here.machine.arrays[starts]) + here.trial.number;
    const auto* tick = static_cast<const int64_t*>(here.machine.arrays[ticks]);
    const auto* neuron = static_cast<const int64_t*>(here.machine.arrays[neurons]);
    const Span span = here.span(population);
    Spikes& spikes = here.spikes(population, here.block);
    int64_t& cursor = here.trial.cursor[population * here.machine.blocks + here.block];
    spikes.clear();
    for (cursor = std::max(cursor, start[0]); cursor < start[1] && tick[cursor] <= here.run_tick(); ++cursor) {
        const int32_t number = static_cast<int32_t>(neuron[cursor]);
        if (tick[cursor] == here.run_tick() && number >= span.first && number < span.last) spikes.push_back(number);
    }
}

constexpr int32_t CHUNK = 256;  // neurons that move before their spikes are listed

// Lists the neurons first .. last that are marked in `fired`; most ticks most neurons are silent, so it looks at many at once.
template <class Here, class Whole>
void list_spikes(Here& here, int population, const Whole* fired, int32_t first, int32_t last) {
    constexpr int32_t together = 32;
    Spikes& spikes = here.spikes(population, here.block);
    for (int32_t start = first; start < last; start += together) {
        const int32_t stop = std::min(start + together, last);
        Whole any = 0;
        for (int32_t neuron = start; neuron < stop; ++neuron) any |= fired[neuron - first];
        if (!any) continue;
        for (int32_t neuron = start; neuron < stop; ++neuron)
            if (fired[neuron - first]) spikes.push_back(neuron);
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
