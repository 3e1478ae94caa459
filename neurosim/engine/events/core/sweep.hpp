// Asynchronous sweeps: every neuron once, in a fair order, each seeing the newest value of all others. What arrives at a
// neuron is kept and brought up to date by changes only: a neuron that does not change costs nothing downstream.
#pragma once
#include <limits>

#include "core/deliver.hpp"

namespace neurosim {

struct FieldNumbers {  // stored synapses into one port, by target and by sender
    int start, column, weight;         // arrays: (target + 1); and per synapse, in the contract's order
    int out_start, out_target;         // arrays: (column + 1); the targets of each column
    int segments;                      // array: rows (delay, population, first column)
    int message, sum, stale;           // arrays, per trial: messages by column; and by target
    int n_segments;                    // whole number
};

template <class Real>
struct Field {
    const int64_t *start, *out_start, *segments;
    const int32_t *column, *out_target;
    const Real* weight;
    Real *message, *sum;
    uint8_t* stale;
    int64_t n_segments;

    // A message has changed: its targets' sums are to be computed anew when they are asked for.
    void tell(int64_t place, Real value) const {
        message[place] = value;
        for (int64_t at = out_start[place]; at < out_start[place + 1]; ++at) stale[out_target[at]] = 1;
    }
    // The sum, or maximum, over a target's synapses in the contract's order.
    template <class Reduce>
    Real at(int32_t target) const {
        if (stale[target]) {
            Real total = Reduce::template empty<Real>();
            int64_t count = 0;
            for (int64_t k = start[target]; k < start[target + 1]; ++k) Reduce::add(total, &count, weight[k] * message[column[k]]);
            sum[target] = total, stale[target] = 0;
        }
        return sum[target];
    }
};

template <class Here>
Field<typename Here::Real> field(const Here& here, FieldNumbers n) {
    using Real = typename Here::Real;
    return {here.template array<int64_t>(n.start),      here.template array<int64_t>(n.out_start), here.template array<int64_t>(n.segments),
            here.template array<int32_t>(n.column),     here.template array<int32_t>(n.out_target), here.template array<Real>(n.weight),
            here.template array<Real>(n.message),       here.template array<Real>(n.sum),          here.template array<uint8_t>(n.stale),
            here.machine.integers[n.n_segments]};
}

// At the start of a sweep: the messages of the past move on by one tick, and driven populations have sent.
template <class Here, class HistoryOf>
void begin_field(Here& here, FieldNumbers numbers, HistoryOf history_of) {
    const auto of = field(here, numbers);
    for (int64_t segment = 0; segment < of.n_segments; ++segment) {
        const int64_t* row = of.segments + 3 * segment;
        const auto past = history_of(here, static_cast<int>(row[1]));
        const auto* message = past.sent_at(here.tick - row[0]);
        for (int64_t sender = 0; sender < past.size; ++sender)
            if (!(message[sender] == of.message[row[2] + sender])) of.tell(row[2] + sender, message[sender]);
    }
}

// A neuron has changed what it sends; who hears it without delay hears it from now on.
template <class Here>
void tell_field(Here& here, FieldNumbers numbers, int population, int32_t neuron, typename Here::Real value) {
    const auto of = field(here, numbers);
    for (int64_t segment = 0; segment < of.n_segments; ++segment) {
        const int64_t* row = of.segments + 3 * segment;
        if (row[0] == 0 && row[1] == population) of.tell(row[2] + neuron, value);
    }
}

struct DenseFieldNumbers {
    DenseNumbers dense;
    int pre_place, post_place;  // arrays: the place of every neuron in the weights, -1 for none
};

constexpr int64_t RENEWED = 256;  // sweeps after which a product is computed anew, lest rounding errors add up

template <class Here, class HistoryOf>
void begin_dense(Here& here, DenseFieldNumbers numbers, HistoryOf history_of) {
    using Real = typename Here::Real;
    const DenseNumbers& n = numbers.dense;
    const int64_t senders = here.machine.integers[n.senders], targets = here.machine.integers[n.targets];
    const int64_t* pre = here.template array<int64_t>(n.pre);
    const Real* sent = history_of(here, n.population).sent_at(here.tick - here.machine.integers[n.delay]);
    Real* seen = here.template array<Real>(n.seen);
    if (here.tick % RENEWED == 0) std::fill(seen, seen + senders, std::numeric_limits<Real>::quiet_NaN());
    std::vector<Real> message(senders);
    for (int64_t sender = 0; sender < senders; ++sender) message[sender] = sent[pre[sender]];
    renew_product(here.template array<Real>(n.weight), senders, targets, message.data(), seen, here.template array<Real>(n.product));
}

template <class Here>
void tell_dense(Here& here, DenseFieldNumbers numbers, int32_t neuron, typename Here::Real value) {
    using Real = typename Here::Real;
    const DenseNumbers& n = numbers.dense;
    const int64_t place = here.template array<int64_t>(numbers.pre_place)[neuron];
    if (place < 0 || here.machine.integers[n.delay] != 0) return;
    const int64_t senders = here.machine.integers[n.senders], targets = here.machine.integers[n.targets];
    Real* seen = here.template array<Real>(n.seen);
    Real* __restrict product = here.template array<Real>(n.product);
    const Real change = value - seen[place];
    if (!(change - change == 0)) {  // infinite or not a number: nothing can be learned from a difference
        std::vector<Real> message(seen, seen + senders);
        message[place] = value;
        renew_product(here.template array<Real>(n.weight), senders, targets, message.data(), seen, product);
        return;
    }
    const Real* __restrict row = here.template array<Real>(n.weight) + place * targets;
    for (int64_t target = 0; target < targets; ++target) product[target] += row[target] * change;
    seen[place] = value;
}

// Joins what arrives at a neuron through a matrix to what has arrived there, and counts it.
template <class Reduce, class Here>
void join_dense(Here& here, DenseFieldNumbers numbers, int32_t neuron, typename Here::Real& total, int64_t& count) {
    using Real = typename Here::Real;
    const DenseNumbers& n = numbers.dense;
    const int64_t place = here.template array<int64_t>(numbers.post_place)[neuron];
    if (place < 0) return;
    const int64_t senders = here.machine.integers[n.senders], targets = here.machine.integers[n.targets];
    if constexpr (std::is_same_v<Reduce, Max>) {
        const Real* weight = here.template array<Real>(n.weight);
        const Real* seen = here.template array<Real>(n.seen);
        for (int64_t sender = 0; sender < senders; ++sender) Max::add(total, &count, weight[sender * targets + place] * seen[sender]);
    } else {
        total += here.template array<Real>(n.product)[place];
        count += senders;
    }
}

// Calls turn(number) for every neuron of the sweep once: in a random order drawn anew, or by index.
template <class Here, class Turn>
void for_turns(Here& here, int64_t neurons, bool random, Key key, Turn turn) {
    if (!random) {
        for (int64_t number = 0; number < neurons; ++number) turn(static_cast<int32_t>(number));
        return;
    }
    auto& order = here.trial.order;
    order.resize(neurons);
    for (int64_t number = 0; number < neurons; ++number) {
        const Words words = threefry(key, here.counter(), static_cast<uint32_t>(number));
        order[number] = {static_cast<uint64_t>(words.high) << 21 | words.low >> 11, static_cast<int32_t>(number)};
    }
    std::sort(order.begin(), order.end());
    for (const auto& place : order) turn(place.second);
}

}  // namespace neurosim
