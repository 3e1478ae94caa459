// The synapses of one pathway as the caller hands them over: as arrays, or as the recipe by which they are
// drawn. The structs of construct.py have the same fields; network/recipe.py says what they mean.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/numbers/random.hpp"

namespace neurosim {

enum class WiringLaw : int32_t { given, one_to_one, all_to_all, probability, outdegree, indegree, total };
enum class NumberLaw : int32_t { number, normal, uniform, dale, target, pair };

// A population or a part of it: the neurons listed in `neuron`, or `size` neurons from `first` on if that
// is null.
struct Subpopulation {
    int64_t size, first;
    const int64_t* neuron;

    int64_t at(int64_t place) const { return neuron ? neuron[place] : first + place; }
    // The first place whose neuron is not below `least`; neurons must rise.
    int64_t find(int64_t least) const {
        if (neuron) return std::lower_bound(neuron, neuron + size, least) - neuron;
        return std::clamp<int64_t>(least - first, 0, size);
    }
};

// How the weights, delays or start values of synapses are drawn (`NumberRecipe` of network/recipe.py).
struct NumberRecipe {
    NumberLaw law;
    Key key;
    double first, second, low, high;
    const double* values;
};

struct Pathway {
    WiringLaw wiring_law;
    int32_t avoid_self;
    int64_t first_sender;     // the number of the sending population's first neuron among all neurons
    Subpopulation pre, post;  // senders by rising neuron, targets in local order
    const int64_t* order;     // the local numbers of the senders; null if these are their places
    const int64_t* bound;     // (block + 1): the first neuron of each block of targets
    const int64_t* slot;      // (block): the slot of that neuron

    // As arrays: sorted by sender; delays in ticks.
    const int64_t *sender, *receiver, *delays;
    const double* weights;
    int64_t count;

    Key key, counts;
    int64_t number;
    double log_miss;  // log(1 - p)
    NumberRecipe weight, delay;
    double dt;
    int32_t half;  // whether drawn weights are rounded to 16 bits
};

// How many synapses of a pathway were built, and their delays in ticks. Without synapses the shortest is
// above the longest.
struct BuildReport {
    int64_t synapses = 0, shortest = INT64_MAX, longest = -1;

    void add(const BuildReport& more) {
        synapses += more.synapses;
        shortest = std::min(shortest, more.shortest);
        longest = std::max(longest, more.longest);
    }
};

}  // namespace neurosim
