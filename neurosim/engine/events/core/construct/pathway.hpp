// The synapses of one object, as the caller hands them over: given as arrays, or as a recipe to draw them by.
// `construct.py` mirrors these structures, plan/recipe.py says what they mean.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/numbers/random.hpp"

namespace neurosim {

enum class WiringLaw : int32_t { given, one_to_one, all_to_all, probability, outdegree, indegree, total };
enum class NumberLaw : int32_t { number, normal, uniform, dale, target, pair };

// A population or a part of it: its neurons, or without a list the `size` neurons from `first` on.
struct Subpopulation {
    int64_t size, first;
    const int64_t* neuron;

    int64_t at(int64_t place) const { return neuron ? neuron[place] : first + place; }
    // The first place of a neuron that is not below this one, where neurons rise.
    int64_t find(int64_t least) const {
        if (neuron) return std::lower_bound(neuron, neuron + size, least) - neuron;
        return std::clamp<int64_t>(least - first, 0, size);
    }
};

// How the weights or the delays of synapses come about.
struct NumberRecipe {
    NumberLaw law;
    Key key;
    double first, second, low, high;
    const double* values;
};

struct Pathway {
    WiringLaw wiring_law;
    int32_t avoid_self;
    int64_t first_sender;         // the global number of the first neuron of the sending population
    Subpopulation pre, post;               // senders by rising neuron, targets in local order
    const int64_t* order;         // the local numbers of the senders; none where they stand in local order
    const int64_t *bound, *slot;  // of the target's population: the blocks' first neurons and their slots (block)

    // Given: neurons by sender, weights, delays in ticks.
    const int64_t *sender, *receiver, *delays;
    const double* weights;
    int64_t count;

    Key key, counts;
    int64_t number;
    double log_miss;  // log(1 - p)
    NumberRecipe weight, delay;
    double dt;
};

// What was built of a feed; delays in ticks, the shortest above the longest where there is no synapse.
struct BuildReport {
    int64_t synapses = 0, shortest = INT64_MAX, longest = -1;

    void add(const BuildReport& more) {
        synapses += more.synapses;
        shortest = std::min(shortest, more.shortest);
        longest = std::max(longest, more.longest);
    }
};

}  // namespace neurosim
