// Spikes on their way through synapses without text. A stage is a deliver step and a way to reduce (sum, mean or max); each
// block of targets has its own sums, its own rows and its own calendar, so that nothing is shared between threads.
#pragma once
#include <algorithm>
#include <limits>

#include "core/calendar.hpp"
#include "core/machine.hpp"
#include "core/rows.hpp"

namespace neurosim {

template <class Weight>
struct Due {  // a group of a row: synapses that share sender and delay
    const Synapse<Weight>* synapses;
    uint32_t count;
};

struct Sum {
    template <class Real>
    static void add(Real& sum, int64_t*, Real value) { sum += value; }
    static constexpr bool counts = false;
    template <class Real>
    static constexpr Real empty() { return 0; }
};

struct Mean {
    template <class Real>
    static void add(Real& sum, int64_t* count, Real value) { sum += value, ++*count; }
    static constexpr bool counts = true;
    template <class Real>
    static constexpr Real empty() { return 0; }
};

struct Max {
    template <class Real>
    static void add(Real& sum, int64_t* count, Real value) { sum = value > sum || value != value ? value : sum, ++*count; }
    static constexpr bool counts = true;
    template <class Real>
    static constexpr Real empty() { return -std::numeric_limits<Real>::infinity(); }
};

template <class Real, class Weight>
struct StageBlock {
    std::vector<Real, Aligned<Real>> sum;       // what has arrived in this step, by slot
    std::vector<int64_t> count;  // how much has arrived, where that matters
    Calendar<Due<Weight>> calendar;
    std::vector<Synapse<Weight>> restored;  // arrivals of an earlier run that were on their way
    const Row<Weight>* rows = nullptr;

    template <class Reduce>
    void resize(int64_t slots, int64_t longest) {
        sum.assign(slots, Reduce::template empty<Real>());
        count.assign(Reduce::counts ? slots : 0, 0);
        calendar.resize(longest);
    }
};

// Adds the synapses of one group to the sums of their targets.
template <class Reduce, class Real, class Weight>
inline void add_group(StageBlock<Real, Weight>& block, const Synapse<Weight>* synapse, uint32_t n) {
    Real* sum = block.sum.data();
    int64_t* count = block.count.data();
    for (const Synapse<Weight>* end = synapse + n; synapse != end; ++synapse) {
        const uint32_t slot = synapse->slot;
        Reduce::add(sum[slot], Reduce::counts ? count + slot : nullptr, static_cast<Real>(synapse->weight));
    }
}

template <class Weight>
inline void prefetch(const Due<Weight>& due) {
    const char* first = reinterpret_cast<const char*>(due.synapses);
    const int64_t bytes = std::min<int64_t>(due.count * sizeof(Synapse<Weight>), 1024);
    for (int64_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(first + byte);
}

// Delivers what is due at this tick, in the order of sending; what is due soon is fetched ahead of its use.
template <class Reduce, class Here>
void deliver_due(Here& here, int stage) {
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    auto& due = block.calendar.at(here.tick);
    constexpr size_t ahead = 4;
    for (size_t entry = 0; entry < due.size(); ++entry) {
        if (entry + ahead < due.size()) prefetch(due[entry + ahead]);
        add_group<Reduce>(block, due[entry].synapses, due[entry].count);
    }
    due.clear();
    const auto& next = block.calendar.at(here.tick + 1);
    for (size_t entry = 0; entry < std::min(ahead, next.size()); ++entry) prefetch(next[entry]);
}

// Delivers what this tick's spikes send without delay.
template <class Reduce, class Here>
void deliver_at_once(Here& here, int stage, int population) {
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    const auto* rows = block.rows + here.machine.first_sender[population];
    here.for_spikes(population, [&](int32_t neuron) {
        const auto& row = rows[neuron];
        if (row.n_groups && row.groups[0].delay == 0) add_group<Reduce>(block, row.synapses, row.groups[0].count);
    });
}

// Puts this tick's spikes of a population on their way, group by group. Rows lie far apart, so the next ones are fetched ahead.
template <class Here>
void send_spikes(Here& here, int stage, int population) {
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    const auto* rows = block.rows + here.machine.first_sender[population];
    const int64_t longest = block.calendar.length() - 1;
    for (int of_block = 0; of_block < here.machine.blocks; ++of_block) {
        const Spikes& spikes = here.spikes(population, of_block);
        for (size_t spike = 0; spike < spikes.size(); ++spike) {
            if (spike + 4 < spikes.size()) __builtin_prefetch(rows + spikes[spike + 4]);
            if (spike + 2 < spikes.size()) {
                const auto& next = rows[spikes[spike + 2]];
                for (uint32_t group = 0; group < next.n_groups; group += 8) __builtin_prefetch(next.groups + group);
            }
            const auto& row = rows[spikes[spike]];
            const auto* synapses = row.synapses;
            for (uint32_t group = 0; group < row.n_groups; ++group) {
                const auto [delay, count] = row.groups[group];
                if (delay > longest) break;  // due after the end of the run
                if (delay > 0) block.calendar.at(here.tick + delay).push_back({synapses, count});
                synapses += count;
            }
        }
    }
}

}  // namespace neurosim
