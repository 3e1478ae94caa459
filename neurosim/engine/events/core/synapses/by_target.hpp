// Sums over the synapses of each target, and what else happens in all of these synapses at the same tick:
// `sums_by_target.py`. Targets are the lanes of vectors, so that the sums of a group stay in registers.
#pragma once
#include "core/numbers/vectors.hpp"
#include "core/synapses/all_synapses.hpp"
#include "core/synapses/target_group.hpp"

// Stands before a loop over the synapses of a row, which otherwise would be unrolled before it could run in
// vectors.
#ifdef __clang__
#define NEUROSIM_ROW _Pragma("clang loop vectorize(assume_safety)")
#else
#define NEUROSIM_ROW _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#endif

namespace neurosim {

// The handles of the arrays of a pathway that lies by target; see `ByTarget` in by_target.py.
struct ByTargetHandles {
    int sender, receiver, group, block_group;
};

// The sums of a group. They are 0 at first, and again when they have been stored.
template <class Real>
struct GroupSums {
    Eight<Real> low{}, high{};

    void add(const Real* value) {
        low += load_eight(value);
        high += load_eight(value + LANES);
    }
    void store(Real* total, const TargetGroup& group) {
        alignas(64) Real sum[TARGETS];
        store_eight<Real>(sum, low), store_eight<Real>(sum + LANES, high);
        for (int i = 0; i < TARGETS; ++i) total[group.target[i]] = sum[i];
        low = high = Eight<Real>{};
    }
};

// How many synapses a full row has, known when a loop over them is compiled.
struct FullRow {
    constexpr operator int32_t() const { return TARGETS; }
};

// The following say where synapses lie that act side by side, at most ROOM of them.

// Synapses of a row that come from one sender, onto consecutive targets.
struct RowFromOne {
    static constexpr int32_t ROOM = TARGETS;
    int64_t first;
    int32_t from, to;

    int32_t sender(int32_t) const { return from; }
    int32_t receiver(int32_t i) const { return to + i; }
    template <class Real>
    void add(GroupSums<Real>& sums, Real*, const Real* value, FullRow) const {
        sums.add(value);
    }
    template <class Real>
    void add(GroupSums<Real>&, Real* total, const Real* value, int32_t n) const {
        NEUROSIM_INDEPENDENT for (int32_t i = 0; i < n; ++i) total[to + i] += value[i];
    }
};

// A full row onto consecutive targets.
struct RowOfConsecutive {
    static constexpr int32_t ROOM = TARGETS;
    int64_t first;
    const int32_t* senders;
    int32_t to;

    int32_t sender(int32_t i) const { return senders[i]; }
    int32_t receiver(int32_t i) const { return to + i; }
    template <class Real>
    void add(GroupSums<Real>& sums, Real*, const Real* value, FullRow) const {
        sums.add(value);
    }
};

// Any full row.
struct AnyRow {
    static constexpr int32_t ROOM = TARGETS;
    int64_t first;
    const int32_t *senders, *receivers;

    int32_t sender(int32_t i) const { return senders[i]; }
    int32_t receiver(int32_t i) const { return receivers[i]; }
    template <class Real>
    void add(GroupSums<Real>& sums, Real*, const Real* value, FullRow) const {
        sums.add(value);
    }
};

// Synapses of rows that are not full, one after the other.
struct ShortRows : Stretch {
    static constexpr int32_t ROOM = SIDE_BY_SIDE;
    template <class Real>
    void add(GroupSums<Real>&, Real* total, const Real* value, int32_t n) const {
        add_to_targets(total, value, n);
    }
};

// Calls act(at, n) for the rows of a group that has all its targets, from place k on, in which each of them
// has a synapse; returns the place behind them.
template <bool ends, class Act>
[[gnu::always_inline]] inline int64_t for_full_rows(const TargetGroup& group, int64_t k, const int32_t* sender,
                                                    Act act) {
    if constexpr (!ends) {
        for (int64_t last = k + int64_t{group.degree[TARGETS - 1]} * TARGETS; k < last; k += TARGETS)
            act(AnyRow{k, sender + k, group.target}, FullRow{});
        return k;
    }
    for (int segment = 0; segment < SEGMENTS; ++segment) {
        const int32_t from = group.from[segment], to = group.target[0];
        const int64_t begin = k, last = k + int64_t{group.rows[segment]} * TARGETS;
        if (from >= 0)
            for (; k < last; k += TARGETS)
                act(RowFromOne{k, from + static_cast<int32_t>((k - begin) / TARGETS), to}, FullRow{});
        else if (from == CONSECUTIVE)
            for (; k < last; k += TARGETS) act(RowOfConsecutive{k, sender + k, to}, FullRow{});
        else
            for (; k < last; k += TARGETS) act(AnyRow{k, sender + k, group.target}, FullRow{});
    }
    return k;
}

// Calls act(at, n) for all synapses of this block: for each full row of a group; then, when store(group) has
// stored its sums, for those of its other rows. `ends`: whether `act` looks at the ends of synapses.
template <bool ends, class Context, class Act, class Store>
[[gnu::always_inline]] inline void for_target_groups(Context& context, ByTargetHandles handles, Act act,
                                                     Store store) {
    const auto* sender = context.template shared<int32_t>(handles.sender);
    const auto* receiver = context.template shared<int32_t>(handles.receiver);
    const auto* groups = context.template shared<TargetGroup>(handles.group);
    const auto* bounds = context.template shared<int64_t>(handles.block_group) + context.block;
    // Synapses from place k to the last one, some at a time.
    const auto one_by_one = [&](int64_t k, int64_t last) __attribute__((always_inline)) {
        for (; k < last; k += SIDE_BY_SIDE)
            act(ShortRows{{k, sender + k, receiver + k}},
                static_cast<int32_t>(std::min<int64_t>(SIDE_BY_SIDE, last - k)));
    };
    for (int64_t number = bounds[0]; number < bounds[1]; ++number) {
        const TargetGroup& group = groups[number];
        int64_t k = group.first, last = k;
        for (int32_t degree : group.degree) last += degree;
        if (group.lanes == TARGETS) k = for_full_rows<ends>(group, k, sender, act);
        store(group);
        if constexpr (ends) {
            for (int segment = 0; segment < SEGMENTS && group.lanes < TARGETS; ++segment) {
                const int64_t behind = k + int64_t{group.rows[segment]} * group.lanes;
                for (int32_t from = group.from[segment]; from >= 0 && k < behind; ++from, k += group.lanes)
                    act(RowFromOne{k, from, group.target[0]}, group.lanes);
                one_by_one(k, behind);
                k = behind;
            }
        }
        one_by_one(k, last);
    }
}

}  // namespace neurosim
