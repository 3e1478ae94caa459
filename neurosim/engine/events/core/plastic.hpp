// Synapses with text: which of them act at a tick. What they do is generated; see `synapses.py`.
#pragma once
#include "core/team.hpp"

namespace neurosim {

// The synapses of a pathway with text in the order of their arrays: by block of targets, sender and delay.
struct PlasticNumbers {
    int number;               // among the pathways with text
    int row, group, first;    // arrays: (block, sender + 1) groups; DelayGroup; the first synapse of each group
    int by_post, post_first;  // arrays: (synapse) places by target, in the contract's order; (target + 1)
    int block_first;          // array: (block + 1) places
    int pre, post;            // populations
};

// Puts this tick's spikes of the sender on their way.
template <class Here>
void queue_arrivals(Here& here, PlasticNumbers numbers) {
    const int64_t senders = here.machine.sizes[numbers.pre] + 1;
    const int64_t* row = static_cast<const int64_t*>(here.machine.arrays[numbers.row]) + here.block * senders;
    const auto* groups = static_cast<const DelayGroup*>(here.machine.arrays[numbers.group]);
    const auto* first = static_cast<const int64_t*>(here.machine.arrays[numbers.first]);
    auto& calendar = here.trial.arrivals[numbers.number * here.machine.blocks + here.block];
    const int64_t longest = calendar.length() - 1;
    here.for_spikes(numbers.pre, [&](int32_t neuron) {
        for (int64_t group = row[neuron]; group < row[neuron + 1]; ++group)
            if (groups[group].delay > 0 && groups[group].delay <= longest)
                calendar.at(here.tick + groups[group].delay).push_back({first[group], groups[group].count});
    });
}

// Calls act(k) for every synapse at which a spike arrives at this tick: by tick of sending, sender, synapse.
template <class Here, class Act>
void for_arrivals(Here& here, PlasticNumbers numbers, Act act) {
    auto& due = here.trial.arrivals[numbers.number * here.machine.blocks + here.block].at(here.tick);
    for (const Arrival& arrival : due)
        for (int64_t k = arrival.first; k < arrival.first + arrival.count; ++k) act(k);
    due.clear();
    const int64_t senders = here.machine.sizes[numbers.pre] + 1;
    const int64_t* row = static_cast<const int64_t*>(here.machine.arrays[numbers.row]) + here.block * senders;
    const auto* groups = static_cast<const DelayGroup*>(here.machine.arrays[numbers.group]);
    const auto* first = static_cast<const int64_t*>(here.machine.arrays[numbers.first]);
    here.for_spikes(numbers.pre, [&](int32_t neuron) {
        for (int64_t group = row[neuron]; group < row[neuron + 1]; ++group)
            if (groups[group].delay == 0)
                for (int64_t k = first[group]; k < first[group] + groups[group].count; ++k) act(k);
    });
}

// Calls act(k) for every synapse onto a neuron of this block that has spiked at this tick: by target, then synapse.
template <class Here, class Act>
void for_answers(Here& here, PlasticNumbers numbers, Act act) {
    const auto* place = static_cast<const int32_t*>(here.machine.arrays[numbers.by_post]);
    const auto* first = static_cast<const int64_t*>(here.machine.arrays[numbers.post_first]);
    for (int32_t neuron : here.spikes(numbers.post, here.block))
        for (int64_t at = first[neuron]; at < first[neuron + 1]; ++at) act(place[at]);
}

// Calls act(k) for all synapses of this block, in the order of their arrays.
template <class Here, class Act>
void for_synapses(Here& here, PlasticNumbers numbers, Act act) {
    const auto* first = static_cast<const int64_t*>(here.machine.arrays[numbers.block_first]);
    for (int64_t k = first[here.block]; k < first[here.block + 1]; ++k) act(k);
}

}  // namespace neurosim
