// Text that runs in all synapses of an object at one tick, side by side: `all_synapses.py`.
#pragma once
#include "core/run/worker.hpp"

namespace neurosim {

// The handles of the arrays of a pathway whose synapses all act; see `TextualLayout` in textual_layout.py.
struct AllSynapsesHandles {
    int sender, receiver, run, block_run, block_first;
};

// At most how many synapses act side by side. What they add to neurons waits in an array of this size, which
// stays in the cache.
constexpr int32_t SIDE_BY_SIDE = 512;

// Synapses from `first` on, of one sender, onto consecutive targets.
struct TargetRun {
    int64_t first;
    int32_t from, to;

    int32_t sender(int32_t) const { return from; }
    int32_t receiver(int32_t i) const { return to + i; }
    template <class Real>
    void add_to_targets(Real* total, const Real* value, int32_t n) const {
        Real* const sum = total + to;
        NEUROSIM_INDEPENDENT for (int32_t i = 0; i < n; ++i) sum[i] += value[i];
    }
    template <class Real>
    void add_to_senders(Real* total, const Real* value, int32_t n) const {
        for (int32_t i = 0; i < n; ++i) total[from] += value[i];
    }
};

// Any synapses from a first one on, with lists of their ends.
struct Stretch {
    int64_t first;
    const int32_t *senders, *receivers;

    int32_t sender(int32_t i) const { return senders[i]; }
    int32_t receiver(int32_t i) const { return receivers[i]; }
    template <class Real>
    void add_to_targets(Real* total, const Real* value, int32_t n) const {
        for (int32_t i = 0; i < n; ++i) total[receivers[i]] += value[i];
    }
    template <class Real>
    void add_to_senders(Real* total, const Real* value, int32_t n) const {
        for (int32_t i = 0; i < n; ++i) total[senders[i]] += value[i];
    }
};

// Calls act(at, n) for all synapses of this block in the order of their places, n of them at a time: by runs
// if there are any, as there are if all neurons are joined.
template <class Context, class Act>
void for_all_synapses(Context& context, AllSynapsesHandles handles, Act act) {
    const auto* sender = context.template shared<int32_t>(handles.sender);
    const auto* receiver = context.template shared<int32_t>(handles.receiver);
    const auto* run = context.template shared<int64_t>(handles.run);
    const auto* block_run = context.template shared<int64_t>(handles.block_run) + context.block;
    const auto* block_first = context.template shared<int64_t>(handles.block_first) + context.block;
    for (int64_t number = block_run[0]; number < block_run[1]; ++number)
        for (int64_t k = run[number]; k < run[number + 1]; k += SIDE_BY_SIDE)
            act(TargetRun{k, sender[k], receiver[k]},
                static_cast<int32_t>(std::min<int64_t>(SIDE_BY_SIDE, run[number + 1] - k)));
    if (block_run[0] < block_run[1]) return;
    for (int64_t k = block_first[0]; k < block_first[1]; k += SIDE_BY_SIDE)
        act(Stretch{k, sender + k, receiver + k},
            static_cast<int32_t>(std::min<int64_t>(SIDE_BY_SIDE, block_first[1] - k)));
}

}  // namespace neurosim
