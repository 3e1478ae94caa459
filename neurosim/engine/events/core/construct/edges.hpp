// A recipe drawn into the arrays `Edges` of plan/recipe.py: synapses by sending neuron, then in the order
// in which they are drawn.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/construct/pathway.hpp"
#include "core/construct/pathway_reader.hpp"
#include "core/construct/synapse_buffer.hpp"
#include "core/threads/parallel_for.hpp"

namespace neurosim {

// Made in two calls: the constructor counts the synapses of each sender (`start`: where they begin), the
// caller allocates the arrays, and `fill` draws into them.
struct Edges {
    Pathway pathway;
    Wiring wiring;
    std::vector<int64_t> start;
    int threads;

    Edges(const Pathway& given, int threads)
        : pathway(given), wiring(pathway, threads), start(given.pre.size + 1), threads(threads) {
        std::vector<std::vector<uint32_t>> scratch(threads);
        parallel_for(threads, pathway.pre.size, SENDERS_EACH, [&](int thread, int64_t first, int64_t last) {
            for (int64_t place = first; place < last; place++) {
                const int64_t sender = pathway.order ? pathway.order[place] : place;
                auto& target = scratch[thread];
                if (static_cast<int64_t>(target.size()) < wiring.room(sender) + STRETCH)
                    target.resize(wiring.room(sender) + STRETCH);
                start[place + 1] = wiring.draw(sender, pathway.pre.at(place), target.data());
            }
        });
        for (int64_t place = 0; place < pathway.pre.size; place++) start[place + 1] += start[place];
    }

    void fill(int64_t* sender, int64_t* receiver, double* weight, int64_t* delay) const {
        const PathwayReader reader(pathway, wiring);
        std::vector<SynapseBuffer> buffers(threads);
        parallel_for(threads, pathway.pre.size, SENDERS_EACH, [&](int thread, int64_t first, int64_t last) {
            auto& buffer = buffers[thread];
            for (int64_t place = first; place < last; place++) {
                buffer.size = 0;
                reader.draw(place, buffer);
                const int64_t begin = start[place];
                std::fill_n(sender + begin, buffer.size, pathway.pre.at(place));
                std::copy_n(buffer.slot.begin(), buffer.size, receiver + begin);
                std::copy_n(buffer.weight.begin(), buffer.size, weight + begin);
                std::copy_n(buffer.delay.begin(), buffer.size, delay + begin);
            }
        });
    }
};

}  // namespace neurosim
