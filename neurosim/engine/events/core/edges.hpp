// A recipe drawn into the arrays of plan/recipe.py: synapses by sending neuron, then in the order in which they are drawn.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/batch.hpp"
#include "core/crew.hpp"
#include "core/feed.hpp"
#include "core/source.hpp"

namespace neurosim {

// Where the synapses of each sender begin, in two calls: the caller makes the arrays between them.
struct Edges {
    Feed feed;
    Wires wires;
    std::vector<int64_t> start;
    int threads;

    Edges(const Feed& given, int threads) : feed(given), wires(feed, threads), start(given.pre.size + 1), threads(threads) {
        std::vector<std::vector<uint32_t>> scratch(threads);
        share(threads, feed.pre.size, SENDERS, [&](int thread, int64_t first, int64_t last) {
            for (int64_t place = first; place < last; place++) {
                const int64_t sender = feed.order ? feed.order[place] : place;
                auto& target = scratch[thread];
                if (static_cast<int64_t>(target.size()) < wires.room(sender) + STRETCH) target.resize(wires.room(sender) + STRETCH);
                start[place + 1] = wires.draw(sender, feed.pre.at(place), target.data());
            }
        });
        for (int64_t place = 0; place < feed.pre.size; place++) start[place + 1] += start[place];
    }

    void fill(int64_t* sender, int64_t* receiver, double* weight, int64_t* delay) const {
        const Source source(feed, wires);
        std::vector<Batch> batches(threads);
        share(threads, feed.pre.size, SENDERS, [&](int thread, int64_t first, int64_t last) {
            auto& batch = batches[thread];
            for (int64_t place = first; place < last; place++) {
                batch.size = 0;
                source.draw(place, batch);
                const int64_t begin = start[place];
                std::fill_n(sender + begin, batch.size, feed.pre.at(place));
                std::copy_n(batch.slot.begin(), batch.size, receiver + begin);
                std::copy_n(batch.weight.begin(), batch.size, weight + begin);
                std::copy_n(batch.delay.begin(), batch.size, delay + begin);
            }
        });
    }

    static constexpr int64_t SENDERS = 16;  // that a thread takes at a time
};

}  // namespace neurosim
