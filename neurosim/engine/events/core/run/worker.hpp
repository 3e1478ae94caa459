// A worker thread: the trials that it moves side by side, or the blocks of one trial that it moves.
#pragma once
#include "core/run/trial.hpp"

namespace neurosim {

// Generated code needs no more of them: the headers of the standard library on threads take long to compile.
class Barrier;
class ThreadPool;

// How a matrix product is brought up to date: it is computed again from all messages, or the changes of
// some messages are added to it.
template <class Real>
struct ProductUpdate {
    bool recompute = false;
    std::vector<int64_t> changed;             // the senders whose messages changed, unless `recompute`
    std::vector<Real, Aligned<Real>> factor;  // their changes; the messages of all senders if `recompute`

    int64_t count() const { return static_cast<int64_t>(factor.size()); }
};

template <class Real, class Weight>
struct Worker {
    std::vector<Context<Real, Weight>> contexts;
    Barrier* barrier;
    int number;                                   // among the workers that share the barrier
    int buffer_set;                               // which of the two sets of recording buffers is filled
    int64_t first;                                // tick of the run at which these buffers begin
    ThreadPool* pool;                             // idle threads that share matrix products, or null
    std::vector<Real, Aligned<Real>> messages{};  // scratch memory: messages by sender
    std::vector<Real, Aligned<Real>> sums{};      // scratch memory: sums by target
    std::vector<ProductUpdate<Real>> product_updates{};  // one per trial

    auto begin() { return contexts.begin(); }
    auto end() { return contexts.end(); }
    int size() const { return static_cast<int>(contexts.size()); }
    // Waits until the workers of all blocks have come here.
    void wait();  // in engine.hpp
};

}  // namespace neurosim
