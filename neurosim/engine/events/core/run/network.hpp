// What a running network consists of. NetworkData never changes during a run. A Trial (trial.hpp) holds
// what one trial remembers beside the arrays of state, which the caller owns. A Context is one trial, and
// one block of it, at one tick.
#pragma once
#include <cstdint>
#include <new>
#include <type_traits>
#include <vector>

#include "core/arrivals/rows.hpp"
#include "core/memory/prefetch.hpp"
#include "core/numbers/random.hpp"

// Stands before a loop whose iterations are independent. Compilers cannot see that through pointers, and
// would not run the loop in vectors.
#ifdef __clang__
#define NEUROSIM_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NEUROSIM_INDEPENDENT _Pragma("GCC ivdep")
#endif

// Stands before a function that many populations or synapses share (sharing.py), so that no compiler makes a
// copy of it for each of them.
#ifdef __clang__
#define NEUROSIM_SHARED __attribute__((noinline))
#else
#define NEUROSIM_SHARED __attribute__((noinline, noclone))
#endif

namespace neurosim {

// Integers as wide as a float type, so that loops over both run in vectors of one length.
template <class Real>
using IntegerOf = std::conditional_t<sizeof(Real) == 8, int64_t, int32_t>;

// The neurons first .. last - 1.
struct Span {
    int32_t first, last;
    int32_t size() const { return last - first; }
};

// The sizes, constants and addresses of a network, filled by the caller (`NetworkStruct` of network_struct.py).
// Generated code knows arrays and constants by their index (numbering.py). Arrays of the state begin with
// the trial axis.
struct NetworkData {
    void* const* arrays;
    const int64_t* stride;        // elements per trial of each array; 0 for arrays that all trials share
    const double* numbers;        // constants that are floats
    const int64_t* integers;      // constants that are integers, and sizes
    const Key* keys;              // of each random call
    const int32_t* bounds;        // (population, blocks + 1): the neurons of each block
    const int32_t* sizes;         // neurons per population
    const void* const* rows;      // (stage, block): tables of Row
    const RowFormat* formats;     // per stage
    const int64_t* first_sender;  // per population: the global number of its first neuron
    const int64_t* slots;         // (stage, block): how many sums
    const int64_t* longest;     // per stage, then per pathway with text: the longest delay due within the run
    const uint8_t* zero_delay;  // per stage: whether some delay is 0
    int64_t first_tick;         // of the run
    int64_t longest_delay;      // for how many ticks a spike may have pending arrivals
    int32_t blocks, threads, populations, trials;
    int32_t uses_pool;  // whether some matrix is so large that idle threads should share its products
    double dt;

    Span span(int population, int block) const {
        const int32_t* bound = bounds + population * (blocks + 1) + block;
        return {bound[0], bound[1]};
    }
};

// Allocates memory that begins at a cache line, so that no vector of numbers lies across two.
template <class T>
struct Aligned {
    using value_type = T;
    Aligned() = default;
    template <class Other>
    Aligned(const Aligned<Other>&) {}
    T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
    void deallocate(T* memory, size_t) { ::operator delete(memory, std::align_val_t(64)); }
    template <class Other>
    bool operator==(const Aligned<Other>&) const {
        return true;
    }
    template <class Other>
    bool operator!=(const Aligned<Other>&) const {
        return false;
    }
};

// The neurons of one block of a population that spike in one tick. Lists never move in memory, so that
// other threads can prefetch them.
struct Spikes {
    int32_t* first;
    int32_t* count;

    int32_t* begin() const { return first; }
    int32_t* end() const { return first + *count; }
    int32_t size() const { return *count; }
    int32_t operator[](int32_t place) const { return first[place]; }
    void clear() const { *count = 0; }
    void push_back(int32_t neuron) const { first[(*count)++] = neuron; }
};

// See trial.hpp.
template <class Real, class Weight>
struct Trial;

// One trial, and one block of it, at one tick: what every step works on.
template <class Real_, class Weight_>
struct Context {
    using Real = Real_;
    using Weight = Weight_;
    const NetworkData& network;
    Trial<Real, Weight>& trial;
    int block;
    int64_t tick;

    uint32_t counter() const { return static_cast<uint32_t>(tick); }
    int64_t run_tick() const { return tick - network.first_tick; }
    Span span(int population) const { return network.span(population, block); }
    Key key(int number) const {
        return trial_key(network.keys[number], static_cast<uint32_t>(trial.number), tick);
    }
    // The array of this handle, from this trial's elements on.
    template <class T>
    T* array(int number) const {
        return static_cast<T*>(network.arrays[number]) + network.stride[number] * trial.row;
    }
    // The same for an array that all trials share.
    template <class T>
    const T* shared(int number) const {
        return static_cast<const T*>(network.arrays[number]);
    }
    // This tick's spikes of one block of a population. Those of the tick before are kept as well: a thread
    // may begin the next tick while others still read this one's, so that one barrier per tick is enough.
    const Spikes& spikes(int population, int of_block) const { return spikes_at(tick, population, of_block); }
    const Spikes& spikes_at(int64_t at, int population, int of_block) const {
        return trial.spikes[at & 1][of_block * network.populations + population];
    }
    // Prefetches the spikes that other threads have listed in this tick, all at once, and the lists that
    // this thread writes in the next one.
    void prefetch_spikes() const {
        for (int of_block = 0; of_block < network.blocks; ++of_block)
            for (int population = 0; population < network.populations; ++population) {
                const Spikes& there = spikes_at(of_block == block ? tick + 1 : tick, population, of_block);
                of_block == block ? prefetch_line_to_write(there.count) : prefetch_line(there.count);
                of_block == block ? prefetch_line_to_write(there.first) : prefetch_line(there.first);
            }
    }
    template <class Function>
    void for_spikes(int population, Function function) const {
        for (int of_block = 0; of_block < network.blocks; ++of_block)
            for (int32_t neuron : spikes(population, of_block)) function(neuron);
    }
};

}  // namespace neurosim
