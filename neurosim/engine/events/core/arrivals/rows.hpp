// Stored synapses without text, as they are delivered: one row per sender and block of targets, over all synapse objects of
// one deliver step. A row is a table of delays and, group after group, the synapses that share one.
#pragma once
#include <cstdint>

namespace neurosim {

// What the synapses of a table take: slots of 16 bits where no block has more sums, and weights of their own only where those
// of one object and sender differ. 6 bytes with weights of 32 bits, 10 with 64, 2 without; large blocks take 2 more.
struct RowFormat {
    bool narrow, common;

    int64_t bytes(int64_t weight) const { return (narrow ? 2 : 4) + (common ? 0 : weight); }
};

template <class Slot, class Weight>
struct __attribute__((packed)) Synapse {
    Slot slot;  // of the sum, in the accumulator of the target's block
    Weight weight;
};

struct DelayGroup {
    uint32_t delay, count;  // in ticks; synapses
};

// Groups stand by rising delay; within a delay synapses stand by object (in network order), then synapse. Where weights are
// common, each object has groups of its own, and their weights stand behind the table of groups.
template <class Weight>
struct Row {
    const DelayGroup* groups;
    const char* synapses;
    uint32_t n_groups, n_synapses;

    Weight weight(RowFormat format, uint32_t group) const { return format.common ? reinterpret_cast<const Weight*>(groups + n_groups)[group] : Weight(0); }
};

template <class Slot, class Weight, class Visit>
inline void visit_weighted(const char* synapses, uint32_t count, Visit visit) {
    const auto* synapse = reinterpret_cast<const Synapse<Slot, Weight>*>(synapses);
    for (const auto* end = synapse + count; synapse != end; ++synapse) visit(synapse->slot, synapse->weight);
}

template <class Slot, class Weight, class Visit>
inline void visit_common(const char* synapses, uint32_t count, Weight weight, Visit visit) {
    const Slot* slot = reinterpret_cast<const Slot*>(synapses);
    for (const Slot* end = slot + count; slot != end; ++slot) visit(*slot, weight);
}

// Calls visit(slot, weight) for each synapse of a group; `weight` is the common one.
template <class Weight, class Visit>
inline void for_synapses(RowFormat format, const char* synapses, uint32_t count, Weight weight, Visit visit) {
    if (format.common)
        format.narrow ? visit_common<uint16_t>(synapses, count, weight, visit) : visit_common<uint32_t>(synapses, count, weight, visit);
    else
        format.narrow ? visit_weighted<uint16_t, Weight>(synapses, count, visit) : visit_weighted<uint32_t, Weight>(synapses, count, visit);
}

}  // namespace neurosim
