// What a generated source includes, and what it gives to the engine (source.py).
#pragma once
#include "core/run/headers.hpp"

#include "core/run/compiled_once.hpp"

namespace neurosim {

// An array of state: its handle, and the population whose neurons have a value each.
struct StateHandle {
    int population, array;
};

// What depends on the text and on the structure of a network.
template <class Real, class Weight>
struct NetworkCode {
    int stages, states, texts, privates;  // how many there are
    const Reduction* reductions;          // of each stage
    const StateHandle* state;
    // Takes sums that wait for the next tick, so that the arrays of state are complete.
    void (*settle)(Worker<Real, Weight>& worker);
    void (*tick)(Worker<Real, Weight>& worker, const std::vector<Probe>& probes);
};

}  // namespace neurosim
