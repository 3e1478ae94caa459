// Stored synapses without text: one row per sender and block of targets, with the synapses of all pathways
// of one deliver step. A row is a table of delays and, bundle after bundle, the synapses that share one.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/numbers/bits.hpp"

namespace neurosim {

// How synapses are stored. `narrow`: slots have 16 bits, if no block has more sums, else 32. `common`: all
// synapses of a pathway have the same weight, which is stored once for each bundle. `half`: 16 bits hold
// every weight. A synapse takes 6 bytes with weights of 32 bits, 10 with 64 bits, 4 with 16 bits, and 2
// without; wide slots take 2 more.
struct RowFormat {
    bool narrow, common, half;

    int64_t bytes(int64_t weight) const { return (narrow ? 2 : 4) + (common ? 0 : half ? 2 : weight); }
};

// A weight of 16 bits: the high half of a float whose other bits are 0.
struct __attribute__((packed)) Half {
    uint16_t bits = 0;

    explicit Half(double weight) : bits(bits_of(static_cast<float>(weight)) >> 16) {}
    explicit operator float() const { return from_bits(static_cast<uint32_t>(bits) << 16); }
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

// With narrow slots, a synapse is one word, whose high half is the weight.
template <class Weight, class Visit>
inline void visit_half(const char* synapses, uint32_t count, Visit visit) {
    uint32_t word;
    for (const char* end = synapses + count * sizeof word; synapses != end; synapses += sizeof word) {
        std::memcpy(&word, synapses, sizeof word);  // little-endian: the slot comes first
        visit(word & 0xffff, static_cast<Weight>(from_bits(word & 0xffff0000u)));
    }
}

template <class Weight, class Visit>
inline void visit_wide_half(const char* synapses, uint32_t count, Visit visit) {
    const auto* synapse = reinterpret_cast<const Synapse<uint32_t, Half>*>(synapses);
    for (const auto* end = synapse + count; synapse != end; ++synapse)
        visit(synapse->slot, static_cast<Weight>(static_cast<float>(synapse->weight)));
}

// The same for any bundle of such a format. What an earlier run left pending has a weight of its own, as 16
// bits may not hold it. (It is not inlined, so that other formats are as fast as without this one.)
template <class Weight, class Visit>
[[gnu::noinline]] void for_half_synapses(bool narrow, const char* synapses, uint32_t count, Weight weight,
                                         Visit visit) {
    if (weight != 0)
        narrow ? visit_common<uint16_t>(synapses, count, weight, visit)
               : visit_common<uint32_t>(synapses, count, weight, visit);
    else
        narrow ? visit_half<Weight>(synapses, count, visit)
               : visit_wide_half<Weight>(synapses, count, visit);
}

// Calls visit(slot, weight) for each synapse of a bundle; `weight` is its common weight, if it has one.
template <class Weight, class Visit>
inline void for_synapses(RowFormat format, const char* synapses, uint32_t count, Weight weight, Visit visit) {
    if (format.common)
        format.narrow ? visit_common<uint16_t>(synapses, count, weight, visit)
                      : visit_common<uint32_t>(synapses, count, weight, visit);
    else if (format.half) for_half_synapses(format.narrow, synapses, count, weight, visit);
    else
        format.narrow ? visit_weighted<uint16_t, Weight>(synapses, count, visit)
                      : visit_weighted<uint32_t, Weight>(synapses, count, visit);
}

}  // namespace neurosim
