// The order in which the neurons of a sweep take turns: by a random number of 53 bits each, then by index.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "core/numbers/random.hpp"

namespace neurosim {

struct Order {
    std::vector<uint64_t> drawn;  // the random number of each neuron
    std::vector<uint32_t> start;  // where the neurons of each bucket begin
    std::vector<int32_t> neurons;
};

// Draws the order of the next sweep. A bucket sort: the numbers spread evenly over about as many buckets as
// there are neurons, so that few neurons of a bucket are left to be sorted.
inline const std::vector<int32_t>& shuffled(Order& order, Key key, uint32_t counter, int64_t neurons) {
    int bits = 1;
    while (bits < 20 && int64_t(1) << bits < neurons) ++bits;
    const int below = 53 - bits;
    order.drawn.resize(neurons), order.neurons.resize(neurons);
    order.start.assign((size_t(1) << bits) + 1, 0);
    uint64_t* __restrict drawn = order.drawn.data();
    for (int64_t number = 0; number < neurons; ++number) {
        const Words words = threefry(key, counter, static_cast<uint32_t>(number));
        drawn[number] = static_cast<uint64_t>(words.high) << 21 | words.low >> 11;
    }
    for (int64_t number = 0; number < neurons; ++number) ++order.start[(drawn[number] >> below) + 1];
    for (size_t bucket = 1; bucket < order.start.size(); ++bucket)
        order.start[bucket] += order.start[bucket - 1];
    for (int64_t number = 0; number < neurons; ++number)
        order.neurons[order.start[drawn[number] >> below]++] = static_cast<int32_t>(number);
    for (int64_t place = 1; place < neurons; ++place) {
        const int32_t number = order.neurons[place];
        int64_t to = place;
        for (; to > 0 && drawn[order.neurons[to - 1]] > drawn[number]; --to)
            order.neurons[to] = order.neurons[to - 1];
        order.neurons[to] = number;
    }
    return order.neurons;
}

}  // namespace neurosim
