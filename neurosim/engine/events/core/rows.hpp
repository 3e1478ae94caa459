// Stored synapses without text, as they are delivered: one row per sender and block of targets, over all synapse objects of
// one deliver step. A row is a table of delays and, group after group, the synapses that share one.
#pragma once
#include <cstdint>

namespace neurosim {

// Packed: 8 bytes with a weight of 32 bits, 12 with one of 64.
template <class Weight>
struct __attribute__((packed)) Synapse {
    uint32_t slot;  // of the sum, in the accumulator of the target's block
    Weight weight;
};

struct DelayGroup {
    uint32_t delay, count;  // in ticks; synapses
};

// Groups stand by rising delay; within a group synapses stand by object (in network order), then synapse.
template <class Weight>
struct Row {
    const DelayGroup* groups;
    const Synapse<Weight>* synapses;
    uint32_t n_groups, n_synapses;
};

}  // namespace neurosim
