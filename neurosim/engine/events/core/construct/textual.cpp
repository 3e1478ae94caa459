// The library that lays out synapses with text; independent of any network, compiled once per machine. `layout.py` calls it.
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512")  // which it does not prefer by itself: a tenth faster
#endif

#include <cstdint>
#include <exception>

#include "core/construct/pathway.hpp"
#include "core/construct/textual_layout.hpp"

using namespace neurosim;

extern "C" {

// The synapses of a pathway with text, counted: they, their groups, the longest delay, whether their order
// is the plan's; or nothing where memory does not suffice.
void* neurosim_textual_count(const Pathway* pathway, int64_t senders, int64_t targets, int blocks, int threads, bool as_drawn, int64_t* counted) {
    try {
        auto* layout = new TextualLayout(*pathway, senders, targets, blocks, threads, as_drawn);
        counted[0] = layout->n_synapses(), counted[1] = layout->n_groups(), counted[2] = layout->longest(), counted[3] = layout->in_order();
        return layout;
    } catch (const std::exception&) {
        return nullptr;
    }
}

// Writes them into arrays of that length; false where memory does not suffice.
bool neurosim_textual_fill(void* layout, const SynapseArrays* arrays) {
    try {
        static_cast<TextualLayout*>(layout)->fill(*arrays);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void neurosim_textual_free(void* layout) { delete static_cast<TextualLayout*>(layout); }
}
