// Deliver steps of messages that are not spikes, and how ports and variables take the sums of a step.
#pragma once
#include <algorithm>

#include "core/graded.hpp"
#include "core/team.hpp"

namespace neurosim {

struct Slot {  // where an inbox's sums begin in its stage: an array (inbox, block), and the inbox
    int first, inbox;
};

template <class Here>
int64_t slot_of(const Here& here, Slot slot) {
    return static_cast<const int64_t*>(here.machine.arrays[slot.first])[slot.inbox * here.machine.blocks + here.block];
}

struct GradedNumbers {  // of the arrays that hold stored synapses by target
    int first, target, count, sender, weight, segments;
    int n_segments, groups;  // whole numbers
};

template <class Here>
Interleaved<typename Here::Real> interleaved(const Here& here, GradedNumbers n) {
    return {here.template array<int64_t>(n.first),  here.template array<int32_t>(n.target), here.template array<int32_t>(n.count),
            here.template array<int32_t>(n.sender), here.template array<typename Here::Real>(n.weight), here.machine.integers[n.groups]};
}

struct Segments {  // the (delay, population) that an inbox hears, oldest message first
    const int64_t* row;
    int64_t count;

    int64_t delay(int64_t segment) const { return row[2 * segment]; }
    int population(int64_t segment) const { return static_cast<int>(row[2 * segment + 1]); }
    int64_t senders(const Machine& machine) const {
        int64_t sum = 0;
        for (int64_t segment = 0; segment < count; ++segment) sum += machine.sizes[population(segment)];
        return sum;
    }
};

// The messages of all segments, one after the other, and a 0.
template <class Here, class Room, class HistoryOf>
const typename Here::Real* messages_of(Here& here, Segments segments, Room& room, HistoryOf history_of) {
    room.resize(segments.senders(here.machine) + 1);
    auto* next = room.data();
    for (int64_t segment = 0; segment < segments.count; ++segment) {
        const auto past = history_of(here, segments.population(segment));
        const auto* message = past.sent_at(here.tick - segments.delay(segment));
        next = std::copy(message, message + past.size, next);
    }
    *next = 0;
    return room.data();
}

// The messages of all trials of the team side by side, (sender, trial), and a 0 for each.
template <class Team, class HistoryOf>
const auto* messages_of_trials(Team& team, Segments segments, HistoryOf history_of) {
    auto& front = *team.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    team.messages.resize((segments.senders(front.machine) + 1) * LANES);
    Real* to = team.messages.data();
    for (int64_t segment = 0; segment < segments.count; ++segment) {
        const Real* from[LANES];
        for (int lane = 0; lane < LANES; ++lane) {
            auto& here = team.members[std::min(lane, team.size() - 1)];
            from[lane] = history_of(here, segments.population(segment)).sent_at(here.tick - segments.delay(segment));
        }
        const int64_t size = front.machine.sizes[segments.population(segment)];
        int64_t sender = 0;
        for (; sender + LANES <= size; sender += LANES, to += LANES * LANES) {
            Eight<Real> rows[LANES];
            for (int lane = 0; lane < LANES; ++lane) rows[lane] = load_eight(from[lane] + sender);
            transpose<Real>(rows);
            for (int row = 0; row < LANES; ++row) store_eight(to + row * LANES, rows[row]);
        }
        for (; sender < size; ++sender, to += LANES)
            for (int lane = 0; lane < LANES; ++lane) to[lane] = from[lane][sender];
    }
    store_eight<Real>(to, Eight<Real>{});
    return team.messages.data();
}

// Means and maxima of stored synapses: every product in the contract's order.
template <class Reduce, class Real>
void reduce_products(const Interleaved<Real>& rows, const Real* message, Real* sum, int64_t* count) {
    for (int64_t place = 0; place < rows.groups * LANES; ++place) {
        const int64_t first = rows.first[place / LANES] + place % LANES;
        const int32_t target = rows.target[place];
        for (int64_t at = first; at < first + rows.count[place] * LANES; at += LANES)
            Reduce::add(sum[target], count + target, rows.weight[at] * message[rows.sender[at]]);
    }
}

// Adds the stored synapses of senders that do not spike to an inbox, for all trials of the team.
template <class Reduce, class Team, class HistoryOf>
void deliver_graded(Team& team, int stage, Slot slot, GradedNumbers numbers, HistoryOf history_of) {
    auto& front = *team.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const Segments segments{front.template array<int64_t>(numbers.segments), front.machine.integers[numbers.n_segments]};
    const auto rows = interleaved(front, numbers);
    if (!Reduce::counts && team.size() > 2) {
        const Real* message = messages_of_trials(team, segments, history_of);
        team.sums.resize(rows.groups * LANES * LANES);
        products_of_trials(rows, message, team.sums.data());
        for (int64_t group = 0; group < rows.groups; ++group) {
            Eight<Real> sums[LANES];
            for (int lane = 0; lane < LANES; ++lane) sums[lane] = load_eight(team.sums.data() + (group * LANES + lane) * LANES);
            transpose<Real>(sums);
            for (int trial = 0; trial < team.size(); ++trial) {
                Real* sum = team.members[trial].trial.stages[stage].sum.data() + slot_of(front, slot) + group * LANES;
                store_eight<Real>(sum, load_eight(sum) + sums[trial]);
            }
        }
        return;
    }
    for (auto& here : team) {
        auto& block = here.trial.stages[stage];
        const Real* message = messages_of(here, segments, team.messages, history_of);
        Real* sum = block.sum.data() + slot_of(here, slot);
        if constexpr (Reduce::counts) reduce_products<Reduce>(rows, message, sum, block.count.data() + slot_of(here, slot));
        else add_products(rows, message, sum);
    }
}

// A port takes the sums of a step, and they are cleared for the next.
template <class Reduce, class Here>
void settle_port(Here& here, int stage, Slot slot, int population, typename Here::Real* __restrict total, int64_t* counted) {
    using Real = typename Here::Real;
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    const Span span = here.span(population);
    Real* __restrict sum = block.sum.data() + slot_of(here, slot);
    NEUROSIM_INDEPENDENT for (int32_t i = 0; i < span.last - span.first; ++i) {
        if constexpr (std::is_same_v<Reduce, Max>) Max::add(total[span.first + i], counted + span.first + i, sum[i]);
        else total[span.first + i] += sum[i];
        sum[i] = Reduce::template empty<Real>();
    }
    if constexpr (Reduce::counts) {
        int64_t* count = block.count.data() + slot_of(here, slot);
        for (int32_t i = 0; i < span.last - span.first; ++i) {
            counted[span.first + i] += count[i] - std::is_same_v<Reduce, Max>;
            count[i] = 0;
        }
    }
}

// The same for a variable that stands still while its neuron is refractory.
template <class Here, class Awake>
void settle_unless_refractory(Here& here, int stage, Slot slot, int population, typename Here::Real* __restrict value, Awake awake) {
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    const Span span = here.span(population);
    auto* __restrict sum = block.sum.data() + slot_of(here, slot);
    NEUROSIM_INDEPENDENT for (int32_t i = 0; i < span.last - span.first; ++i) {
        const auto moved = value[span.first + i] + sum[i];
        value[span.first + i] = awake(span.first + i) ? moved : value[span.first + i];
        sum[i] = 0;
    }
}

}  // namespace neurosim
