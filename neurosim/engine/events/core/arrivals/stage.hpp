// The delivery of spikes through synapses without text. A stage is the part of a deliver step whose targets
// all take the sum, or all the mean, or all the maximum. Each block of targets has its own sums, rows and
// calendar, so that threads share nothing.
#pragma once
#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>

#include "core/arrivals/calendar.hpp"
#include "core/arrivals/rows.hpp"
#include "core/memory/prefetch.hpp"
#include "core/run/check.hpp"
#include "core/run/network.hpp"

namespace neurosim {

// A pending spike at a bundle of a row: synapses that share sender, block and delay.
template <class Weight>
struct PendingBundle {
    // The constructor lets calendars make it in place: copying it right after its parts were written would
    // wait for them.
    PendingBundle(const char* synapses, uint32_t count, Weight weight)
        : synapses(synapses), count(count), weight(weight) {}
    const char* synapses;
    uint32_t count;
    Weight weight;  // the common one, if there is one
};

// How a stage joins arrivals: by one of the structs below.
enum class Reduction { SUM, MEAN, MAX };

// How arrivals are joined. `counts`: whether their number matters; `empty`: the value before the first one.
struct Sum {
    template <class Real>
    static void add(Real& sum, int64_t*, Real value) {
        sum += value;
    }
    static constexpr bool counts = false;
    template <class Real>
    static constexpr Real empty() {
        return 0;
    }
};

struct Mean {
    template <class Real>
    static void add(Real& sum, int64_t* count, Real value) {
        sum += value, ++*count;
    }
    static constexpr bool counts = true;
    template <class Real>
    static constexpr Real empty() {
        return 0;
    }
};

struct Max {
    template <class Real>
    static void add(Real& sum, int64_t* count, Real value) {
        sum = value > sum || value != value ? value : sum, ++*count;
    }
    static constexpr bool counts = true;
    template <class Real>
    static constexpr Real empty() {
        return -std::numeric_limits<Real>::infinity();
    }
};

template <class Real, class Weight>
struct alignas(64) StageBlock {
    std::vector<Real, Aligned<Real>> sum;  // of what has arrived in this step, by slot
    std::vector<int64_t> count;            // of arrivals, by slot, if that matters
    Calendar<PendingBundle<Weight>> calendar;
    std::vector<char> restored;               // synapses for the spikes that an earlier run left pending
    std::vector<const Row<Weight>*> sending;  // scratch memory: the rows of this tick's spikes
    const Row<Weight>* rows = nullptr;
    RowFormat format{};
    bool waiting = true;  // whether postponed sums wait until their neurons move

    void resize(Reduction by, int64_t slots, int64_t longest) {
        sum.assign(slots, by == Reduction::MAX ? Max::empty<Real>() : Real(0));
        count.assign(by == Reduction::SUM ? 0 : slots, 0);
        calendar.resize(longest);
    }

    // Makes a synapse for each spike that an earlier run left pending, and calls arrival(number, bundle).
    template <class Arrival>
    void restore(int64_t n, const uint32_t* slot, const double* value, Arrival arrival) {
        const int64_t bytes = format.bytes(sizeof(Weight)), slot_bytes = format.narrow ? 2 : 4;
        restored.resize(n * bytes);
        for (int64_t k = 0; k < n; ++k) {
            NEUROSIM_HOLDS(slot[k] < sum.size());
            char* synapse = restored.data() + k * bytes;
            const auto weight = static_cast<Weight>(value[k]);
            std::memcpy(synapse, slot + k, slot_bytes);  // little-endian: the low bytes come first
            if (format.half) std::memset(synapse + slot_bytes, 0, sizeof(Half));  // the bundle has the weight
            else if (!format.common) std::memcpy(synapse + slot_bytes, &weight, sizeof weight);
            arrival(k, PendingBundle<Weight>{synapse, 1, weight});
        }
    }
};

// How many synapses make a bundle long.
constexpr uint32_t LONG = 256;

// Adds the common weight of a long bundle to the sums of its targets, whose slots are narrow: one load for
// four of them saves time. In short bundles it would not.
template <class Real, class Weight>
[[gnu::noinline]] void add_long_bundle(StageBlock<Real, Weight>& block, const PendingBundle<Weight>& due) {
    Real* const sum = block.sum.data();
    const auto weight = static_cast<Real>(due.weight);
    const char *at = due.synapses, *end = at + due.count * sizeof(uint16_t);
    for (; end - at >= 8; at += 8) {
        uint64_t four;
        std::memcpy(&four, at, sizeof four);
        for (int bit = 0; bit < 64; bit += 16) {
            NEUROSIM_HOLDS((four >> bit & 0xffff) < block.sum.size());
            sum[four >> bit & 0xffff] += weight;
        }
    }
    for (; at != end; at += 2) {
        uint16_t slot;
        std::memcpy(&slot, at, sizeof slot);
        NEUROSIM_HOLDS(slot < block.sum.size());
        sum[slot] += weight;
    }
}

// Adds the synapses of one bundle to the sums of their targets.
template <class Reduce, class Real, class Weight>
inline void add_bundle(StageBlock<Real, Weight>& block, const PendingBundle<Weight>& due) {
    Real* sum = block.sum.data();
    int64_t* count = block.count.data();
    if constexpr (std::is_same_v<Reduce, Sum>)
        if (due.count >= LONG && block.format.narrow && block.format.common)
            return add_long_bundle(block, due);
    for_synapses(block.format, due.synapses, due.count, due.weight, [&](uint32_t slot, Weight weight) {
        NEUROSIM_HOLDS(slot < block.sum.size());
        Reduce::add(sum[slot], Reduce::counts ? count + slot : nullptr, static_cast<Real>(weight));
    });
}

template <class Real, class Weight>
inline void prefetch_synapses(const StageBlock<Real, Weight>& block, const PendingBundle<Weight>& due) {
    prefetch(due.synapses, due.count * block.format.bytes(sizeof(Weight)),
             block.format.common ? 4096 : 1024);
}

// Calls visit(bundle) for what is due in this tick, in the order of sending; what is due next is prefetched.
template <class Context, class Block, class Visit>
void for_due(Context& context, Block& block, Visit visit) {
    const auto& due = block.calendar.at(context.tick);
    constexpr size_t ahead = 8;
    for (size_t entry = 0; entry < due.size(); ++entry) {
        if (entry + ahead < due.size()) prefetch_synapses(block, due[entry + ahead]);
        visit(due[entry]);
    }
    const auto& next = block.calendar.at(context.tick + 1);
    for (size_t entry = 0; entry < std::min(ahead, next.size()); ++entry)
        prefetch_synapses(block, next[entry]);
}

// Calls work(row) for the rows of this tick's spikes of some populations, in their order. Rows lie far
// apart in memory, so what they point to is prefetched some rows ahead: first their bundles, and then what
// `prefetch_more` prefetches.
template <class Context, class Block, class PrefetchMore, class Work>
void for_rows(Context& context, Block& block, std::initializer_list<int> populations,
              PrefetchMore prefetch_more, Work work) {
    auto& rows = block.sending;
    rows.clear();
    for (int population : populations) {
        const auto* first = block.rows + context.network.first_sender[population];
        context.for_spikes(population, [&](int32_t neuron) {
            prefetch_line(first + neuron);
            rows.push_back(first + neuron);
        });
    }
    constexpr size_t ahead = 6;
    for (size_t turn = 0; turn < rows.size() + 2 * ahead; ++turn) {
        if (turn < rows.size()) prefetch(rows[turn]->bundles, rows[turn]->n_bundles * sizeof(DelayBundle));
        if (turn >= ahead && turn - ahead < rows.size()) prefetch_more(*rows[turn - ahead]);
        if (turn >= 2 * ahead) work(*rows[turn - 2 * ahead]);
    }
}

// Calls visit(bundle) for what this tick's spikes of some populations send without delay.
template <class Context, class Block, class Visit>
void for_zero_delay(Context& context, Block& block, std::initializer_list<int> populations, Visit visit) {
    using Weight = typename Context::Weight;
    const int64_t bytes = block.format.bytes(sizeof(Weight));
    const auto prefetch_first = [&](const Row<Weight>& row) {
        if (row.n_bundles && row.bundles[0].delay == 0) prefetch(row.synapses, row.bundles[0].count * bytes);
    };
    for_rows(context, block, populations, prefetch_first, [&](const Row<Weight>& row) {
        const char* synapses = row.synapses;
        for (uint32_t bundle = 0; bundle < row.n_bundles && row.bundles[bundle].delay == 0; ++bundle) {
            visit(PendingBundle<Weight>{synapses, row.bundles[bundle].count,
                                        row.weight(block.format, bundle)});
            synapses += row.bundles[bundle].count * bytes;
        }
    });
}

struct LeaveSums {};  // in place of a function `take`: sums are not taken one by one

// Adds the spikes that arrive in this tick to the sums: first those that are due, then those that some
// populations send without delay. If sums would wait until their neurons move, and few spikes arrive,
// take(slot, sum) adds each sum to its neuron at once, and the move need not look at the sums. (A sum of -0
// becomes 0, as it does when all sums are added.)
template <class Reduce, class Context, class Take>
void deliver_spikes(Context& context, int stage, std::initializer_list<int> populations, Take take) {
    using Weight = typename Context::Weight;
    auto& block = context.trial.stages[stage * context.network.blocks + context.block];
    const auto each = [&](auto visit) {
        for_due(context, block, visit);
        if (context.network.zero_delay[stage]) for_zero_delay(context, block, populations, visit);
    };
    int64_t arrivals = 0;
    each([&](const PendingBundle<Weight>& due) { add_bundle<Reduce>(block, due), arrivals += due.count; });
    if constexpr (!std::is_same_v<Take, LeaveSums>) {
        constexpr int64_t few = 16;  // sums for each arrival; with more, taking them one by one is faster
        block.waiting = arrivals * few > static_cast<int64_t>(block.sum.size());
        if (!block.waiting)
            each([&](const PendingBundle<Weight>& due) {
                for_synapses(block.format, due.synapses, due.count, due.weight, [&](uint32_t slot, Weight) {
                    take(slot, block.sum[slot]);
                    block.sum[slot] = 0;
                });
            });
    }
    block.calendar.at(context.tick).clear();
}

// Puts this tick's spikes of some populations into the calendar, bundle by bundle.
template <class Context>
void send_spikes(Context& context, int stage, std::initializer_list<int> populations) {
    using Weight = typename Context::Weight;
    auto& block = context.trial.stages[stage * context.network.blocks + context.block];
    const int64_t longest = block.calendar.length() - 1, bytes = block.format.bytes(sizeof(Weight));
    if (longest == 0) return;  // all that was sent has arrived
    const auto nothing = [](const Row<Weight>&) {};
    for_rows(context, block, populations, nothing, [&](const Row<Weight>& row) {
        const char* synapses = row.synapses;
        for (uint32_t bundle = 0; bundle < row.n_bundles; ++bundle) {
            const auto [delay, count] = row.bundles[bundle];
            if (delay > longest) break;  // due after the end of the run
            if (delay > 0)
                block.calendar.at(context.tick + delay)
                    .emplace_back(synapses, count, row.weight(block.format, bundle));
            synapses += count * bytes;
        }
    });
}

}  // namespace neurosim
