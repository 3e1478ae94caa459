// Deliver steps of messages that are not spikes, and how ports and variables take the sums of a step.
#pragma once
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
    int first, common, target, extra, sender, weight, segments;
    int n_segments, groups;  // whole numbers
};

template <class Here>
Interleaved<typename Here::Real> interleaved(const Here& here, GradedNumbers n) {
    return {here.template array<int64_t>(n.first),   here.template array<int32_t>(n.common), here.template array<int32_t>(n.target),
            here.template array<int32_t>(n.extra),   here.template array<int32_t>(n.sender),
            here.template array<typename Here::Real>(n.weight), here.machine.integers[n.groups]};
}

// The messages of all (delay, population) that an inbox hears, one after the other. Segments are rows (delay, population).
template <class Here, class HistoryOf>
const typename Here::Real* messages_of(Here& here, const int64_t* segments, int64_t count, std::vector<typename Here::Real>& room, HistoryOf history_of) {
    if (count == 1) return history_of(here, static_cast<int>(segments[1])).sent_at(here.tick - segments[0]);
    room.clear();
    for (int64_t segment = 0; segment < count; ++segment) {
        const auto past = history_of(here, static_cast<int>(segments[2 * segment + 1]));
        const auto* message = past.sent_at(here.tick - segments[2 * segment]);
        room.insert(room.end(), message, message + past.size);
    }
    return room.data();
}

// Means and maxima of stored synapses: every product in the contract's order.
template <class Reduce, class Real>
void reduce_products(const Interleaved<Real>& rows, const Real* message, Real* sum, int64_t* count) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        int64_t extra = rows.first[group] + rows.common[group] * LANES;
        for (int lane = 0; lane < LANES; ++lane) {
            const int32_t target = rows.target[group * LANES + lane];
            if (target < 0) continue;
            for (int32_t step = 0; step < rows.common[group]; ++step) {
                const int64_t at = rows.first[group] + step * LANES + lane;
                Reduce::add(sum[target], count + target, rows.weight[at] * message[rows.sender[at]]);
            }
            for (int32_t step = 0; step < rows.extra[group * LANES + lane]; ++step, ++extra)
                Reduce::add(sum[target], count + target, rows.weight[extra] * message[rows.sender[extra]]);
        }
    }
}

// Adds the stored synapses of senders that do not spike to an inbox, for all trials of the team.
template <class Reduce, class Team, class HistoryOf>
void deliver_graded(Team& team, int stage, Slot slot, GradedNumbers numbers, HistoryOf history_of) {
    using Real = typename std::decay_t<decltype(*team.begin())>::Real;
    auto& front = *team.begin();
    const int64_t* segments = front.template array<int64_t>(numbers.segments);
    const int64_t count = front.machine.integers[numbers.n_segments];
    const auto rows = interleaved(front, numbers);
    if (!Reduce::counts && team.size() > 2) {
        int64_t senders = 0;
        for (int64_t segment = 0; segment < count; ++segment) senders += front.machine.sizes[segments[2 * segment + 1]];
        const int64_t targets = front.trial.stages[stage].sum.size() - slot_of(front, slot);
        std::vector<Real> room;
        team.messages.resize(senders * LANES);
        team.sums.assign(targets * LANES, Real(0));
        for (int lane = 0; lane < team.size(); ++lane) {
            const Real* message = messages_of(team.members[lane], segments, count, room, history_of);
            for (int64_t sender = 0; sender < senders; ++sender) team.messages[sender * LANES + lane] = message[sender];
        }
        add_products_of_trials(rows, team.messages.data(), team.sums.data());
        for (int lane = 0; lane < team.size(); ++lane) {
            Real* sum = team.members[lane].trial.stages[stage].sum.data() + slot_of(front, slot);
            for (int64_t target = 0; target < targets; ++target) sum[target] += team.sums[target * LANES + lane];
        }
        return;
    }
    for (auto& here : team) {
        auto& block = here.trial.stages[stage];
        const Real* message = messages_of(here, segments, count, team.messages, history_of);
        Real* sum = block.sum.data() + slot_of(here, slot);
        if constexpr (Reduce::counts) reduce_products<Reduce>(rows, message, sum, block.count.data() + slot_of(here, slot));
        else add_products(rows, message, sum);
    }
}

struct DenseNumbers {
    int weight, pre, post, seen, product;  // arrays
    int senders, targets, delay;           // whole numbers
    int population;                        // of the sender
};

// Adds a matrix product to an inbox.
template <class Reduce, class Here, class HistoryOf>
void deliver_dense(Here& here, int stage, Slot slot, DenseNumbers numbers, HistoryOf history_of) {
    using Real = typename Here::Real;
    const int64_t senders = here.machine.integers[numbers.senders], targets = here.machine.integers[numbers.targets];
    const int64_t* pre = here.template array<int64_t>(numbers.pre);
    const int64_t* post = here.template array<int64_t>(numbers.post);
    const Real* weight = here.template array<Real>(numbers.weight);
    const Real* sent = history_of(here, numbers.population).sent_at(here.tick - here.machine.integers[numbers.delay]);
    std::vector<Real> message(senders);
    for (int64_t sender = 0; sender < senders; ++sender) message[sender] = sent[pre[sender]];
    auto& block = here.trial.stages[stage];
    Real* sum = block.sum.data() + slot_of(here, slot);
    int64_t* count = block.count.data() + (Reduce::counts ? slot_of(here, slot) : 0);
    if constexpr (std::is_same_v<Reduce, Max>) {
        for (int64_t sender = 0; sender < senders; ++sender)
            for (int64_t target = 0; target < targets; ++target)
                Reduce::add(sum[post[target]], count + post[target], weight[sender * targets + target] * message[sender]);
    } else {
        Real* product = here.template array<Real>(numbers.product);
        renew_product(weight, senders, targets, message.data(), here.template array<Real>(numbers.seen), product);
        for (int64_t target = 0; target < targets; ++target) {
            sum[post[target]] += product[target];
            if (Reduce::counts) count[post[target]] += senders;
        }
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
