// The trials that one thread moves side by side (or the one block of one trial that it owns).
#pragma once
#include "core/run/trial.hpp"
#include "core/threads/barrier.hpp"
#include "core/threads/thread_pool.hpp"

namespace neurosim {

// What has changed in the messages since the product of a trial was made.
template <class Real>
struct ProductUpdate {
    bool recompute = false;             // all senders, their factors being the messages; else
    std::vector<int64_t> changed;  // these senders
    std::vector<Real, Aligned<Real>> factor;

    int64_t count() const { return static_cast<int64_t>(factor.size()); }
};

template <class Real, class Weight>
struct Worker {
    std::vector<Context<Real, Weight>> contexts;
    Barrier* barrier;
    int number;                  // which of those that wait for each other this team is
    int buffer_set;                     // which of the two sets of recording buffers is filled
    int64_t first;               // tick of the run at which the buffers begin
    ThreadPool* pool;            // threads that have no trials of their own; none: null
    std::vector<Real, Aligned<Real>> messages{};  // room for messages, by sender
    std::vector<Real, Aligned<Real>> sums{};      // room for sums, by target
    std::vector<ProductUpdate<Real>> product_updates{};        // one per trial

    auto begin() { return contexts.begin(); }
    auto end() { return contexts.end(); }
    int size() const { return static_cast<int>(contexts.size()); }
    void wait() {
        barrier->wait(number);
        for (auto& context : contexts) context.prefetch_spikes();
    }
    bool first_block() const { return contexts[0].block == 0; }
};

}  // namespace neurosim
