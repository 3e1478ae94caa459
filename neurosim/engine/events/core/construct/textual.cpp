// The library that lays out synapses with text, called by textual_layout.py. No network changes it; it is
// compiled once.
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512")  // not GCC's choice, but a tenth faster
#endif

#include <cstdint>
#include <exception>

#include "core/construct/by_target.hpp"
#include "core/construct/pathway.hpp"
#include "core/construct/textual_layout.hpp"

using namespace neurosim;

extern "C" {

// The layout of a pathway with text; null if there is not enough memory. `counted` is set to the number of
// synapses, the number of bundles, the longest delay, and whether their order is that of the plan.
void* neurosim_textual_count(const Pathway* pathway, int64_t senders, int64_t targets, int blocks,
                             int threads, bool as_drawn, int64_t* counted) {
    try {
        auto* layout = new TextualLayout(*pathway, senders, targets, blocks, threads, as_drawn);
        counted[0] = layout->n_synapses(), counted[1] = layout->n_bundles(), counted[2] = layout->longest(),
        counted[3] = layout->in_order();
        return layout;
    } catch (const std::exception&) {
        return nullptr;
    }
}

// Fills arrays of these lengths; false if there is not enough memory.
bool neurosim_textual_fill(void* layout, const SynapseArrays* arrays) {
    try {
        static_cast<TextualLayout*>(layout)->fill(*arrays);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

// Lays synapses out by target, those onto each block of targets by themselves; false as above.
bool neurosim_textual_by_target(const SynapsesOfTargets* given, const ByTargetArrays* arrays, int blocks,
                                const int32_t* bounds) {
    try {
        ByTargetLayout(*given, *arrays).fill(blocks, bounds);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void neurosim_textual_free(void* layout) { delete static_cast<TextualLayout*>(layout); }
}
