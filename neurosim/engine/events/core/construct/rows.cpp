// The library that builds rows of synapses, called by construct.py. No network changes it; it is compiled
// once.
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#pragma GCC target("prefer-vector-width=512")  // not GCC's choice, but a tenth faster
#endif

#include <cstdint>
#include <exception>

#include "core/construct/edges.hpp"
#include "core/construct/pathway.hpp"
#include "core/construct/row_table.hpp"

using namespace neurosim;

extern "C" {

// The rows of all pathways; null if there is not enough memory. `narrow`, `common` and `half` are their
// `RowFormat`.
void* neurosim_rows_build(const Pathway* pathways, int n_pathways, int64_t senders, bool narrow, bool common,
                          bool half, int blocks, int threads, int weight_bytes, BuildReport* reports) {
    const RowFormat format{narrow, common, half};
    try {
        if (weight_bytes == 4)
            return static_cast<AnyRowTable*>(
                new RowTable<float>(pathways, n_pathways, senders, format, blocks, threads, reports));
        return static_cast<AnyRowTable*>(
            new RowTable<double>(pathways, n_pathways, senders, format, blocks, threads, reports));
    } catch (const std::exception&) {
        return nullptr;
    }
}

// The rows of one block of targets, one per sender.
const void* neurosim_rows_table(const void* table, int block) {
    return static_cast<const AnyRowTable*>(table)->block(block);
}

int64_t neurosim_rows_bytes(const void* table) { return static_cast<const AnyRowTable*>(table)->bytes(); }

int64_t neurosim_rows_synapses(const void* table) {
    return static_cast<const AnyRowTable*>(table)->synapses();
}

void neurosim_rows_free(void* table) { delete static_cast<AnyRowTable*>(table); }

// The synapses that a recipe draws, counted; null if there is not enough memory.
void* neurosim_edges_draw(const Pathway* pathway, int threads) {
    try {
        return new Edges(*pathway, threads);
    } catch (const std::exception&) {
        return nullptr;
    }
}

int64_t neurosim_edges_count(const void* edges) { return static_cast<const Edges*>(edges)->start.back(); }

// Draws them into arrays of that length; false if there is not enough memory.
bool neurosim_edges_fill(const void* edges, int64_t* sender, int64_t* receiver, double* weight,
                         int64_t* delay) {
    try {
        static_cast<const Edges*>(edges)->fill(sender, receiver, weight, delay);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void neurosim_edges_free(void* edges) { delete static_cast<Edges*>(edges); }
}
