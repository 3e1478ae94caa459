// The library that lays out synapses with text; independent of any network, compiled once per machine. `records.py` calls it.
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512")  // which it does not prefer by itself: a tenth faster
#endif

#include <cstdint>
#include <exception>

#include "core/feed.hpp"
#include "core/records.hpp"

using namespace neurosim;

extern "C" {

// The synapses of a pathway with text, counted: they, their groups, the longest delay, whether their order
// is the plan's; or nothing where memory does not suffice.
void* neurosim_records_count(const Feed* feed, int64_t senders, int64_t targets, int blocks, int threads, bool as_drawn, int64_t* counted) {
    try {
        auto* records = new Records(*feed, senders, targets, blocks, threads, as_drawn);
        counted[0] = records->n_synapses(), counted[1] = records->n_groups(), counted[2] = records->longest(), counted[3] = records->in_order();
        return records;
    } catch (const std::exception&) {
        return nullptr;
    }
}

// Writes them into arrays of that length; false where memory does not suffice.
bool neurosim_records_fill(void* records, const Laid* laid) {
    try {
        static_cast<Records*>(records)->fill(*laid);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void neurosim_records_free(void* records) { delete static_cast<Records*>(records); }
}
