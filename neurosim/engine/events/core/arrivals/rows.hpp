// Stored synapses without text: one row per sender and block of targets, with the synapses of all pathways
// of one deliver step. A row is a table of delays and, bundle after bundle, the synapses that share one.
#pragma once
#include <cstdint>

namespace neurosim {

// How synapses are stored. `narrow`: slots have 16 bits, if no block has more sums, else 32. `common`: all
// synapses of a pathway have the same weight, which is stored once for each bundle. A synapse takes 6 bytes
// with weights of 32 bits, 10 with 64 bits, and 2 without; wide slots take 2 more.
struct RowFormat {
    bool narrow, common;

    int64_t bytes(int64_t weight) const { return (narrow ? 2 : 4) + (common ? 0 : weight); }
};

template <class Slot, class Weight>
struct __attribute__((packed)) Synapse {
    Slot slot;  // the place of the target's sum among those of its block
    Weight weight;
};

struct DelayBundle {
    uint32_t delay, count;  // in ticks; of synapses
};

// Bundles are sorted by delay; the synapses of a bundle by pathway, in network order, and then as in the
// plan. With common weights, each pathway has bundles of its own, and their weights lie behind the table of
// bundles.
template <class Weight>
struct Row {
    const DelayBundle* bundles;
    const char* synapses;
    uint32_t n_bundles, n_synapses;

    Weight weight(RowFormat format, uint32_t bundle) const {
        return format.common ? reinterpret_cast<const Weight*>(bundles + n_bundles)[bundle] : Weight(0);
    }
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

// Calls visit(slot, weight) for each synapse of a bundle; `weight` is its common weight, if it has one.
template <class Weight, class Visit>
inline void for_synapses(RowFormat format, const char* synapses, uint32_t count, Weight weight, Visit visit) {
    if (format.common)
        format.narrow ? visit_common<uint16_t>(synapses, count, weight, visit)
                      : visit_common<uint32_t>(synapses, count, weight, visit);
    else
        format.narrow ? visit_weighted<uint16_t, Weight>(synapses, count, visit)
                      : visit_weighted<uint32_t, Weight>(synapses, count, visit);
}

}  // namespace neurosim
