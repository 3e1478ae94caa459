// The synapses of one object, as the caller hands them over: given as arrays, or as a recipe to draw them by.
// `construct.py` mirrors these structures.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/random.hpp"

namespace neurosim {

enum class Wiring : int32_t { given, one_to_one, all_to_all, probability, outdegree, indegree, total };
enum class Kind : int32_t { number, normal, uniform, dale, target, pair };

// A population or a part of it: its neurons in local order, or without a list the `size` neurons from `first` on.
struct Part {
    int64_t size, first;
    const int64_t* neuron;
};

// How the weights or the delays of synapses come about.
struct Numbers {
    Kind kind;
    Key key;                // of the random numbers
    double first, second;   // number: itself; normal: mean, sd; uniform: low, high - low
    double low, high;       // what normal numbers are clipped to
    const double* values;   // dale: one per sender; target: one per target; pair: (post, pre)
};

struct Feed {
    Wiring wiring;
    int32_t avoid_self;
    int64_t first_sender;         // the global number of the first neuron of the sending population
    Part pre, post;
    const int64_t* order;         // the local senders by rising neuron; none where they stand so
    const int64_t *bound, *slot;  // of the target's population: first neurons (block + 1) and their slots (block)

    const int64_t *sender, *receiver, *delays;  // given: neurons by sender, and ticks
    const void* weights;
    int64_t count;

    Key key, counts;  // drawn
    int64_t number;   // k or n
    double log_rest;  // log(1 - p)
    Numbers weight, delay;
    double dt;  // a delay is rint(number / dt) ticks
};

// What was built of a feed; the delays in ticks, the shortest above the longest where there is no synapse.
struct Report {
    int64_t synapses = 0, shortest = INT64_MAX, longest = -1;

    void add(const Report& more) {
        synapses += more.synapses;
        shortest = std::min(shortest, more.shortest);
        longest = std::max(longest, more.longest);
    }
};

}  // namespace neurosim
