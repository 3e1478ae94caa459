// Asynchronous sweeps: every neuron once, in a fair order, each seeing the newest value of all others. What arrives at a
// neuron is kept and brought up to date by changes only: a neuron that does not change costs nothing downstream.
#pragma once
#include <algorithm>
#include <limits>

#include "core/dense.hpp"

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

// The product anew, four senders at a time. `weight` is (sender, target), so that a change of one sender is one row.
template <class Real>
void multiply_rows(const Real* __restrict weight, int64_t senders, int64_t targets, const Real* message, Real* __restrict product) {
    std::fill(product, product + targets, Real(0));
    int64_t sender = 0;
    for (; sender + 4 <= senders; sender += 4) {
        const Real* __restrict row = weight + sender * targets;
        const Real a = message[sender], b = message[sender + 1], c = message[sender + 2], d = message[sender + 3];
        for (int64_t target = 0; target < targets; ++target)
            product[target] += (row[target] * a + row[targets + target] * b) + (row[2 * targets + target] * c + row[3 * targets + target] * d);
    }
    for (; sender < senders; ++sender)
        for (int64_t target = 0; target < targets; ++target) product[target] += weight[sender * targets + target] * message[sender];
}

// At the start of a sweep: products of all trials are brought up to date. Trials that hear the same take the product of the one before.
template <class Team, class HistoryOf>
void begin_dense(Team& team, DenseFieldNumbers numbers, HistoryOf history_of) {
    using Real = typename std::decay_t<decltype(*team.begin())>::Real;
    const DenseNumbers& n = numbers.dense;
    auto& front = *team.begin();
    const int64_t senders = front.machine.integers[n.senders], targets = front.machine.integers[n.targets];
    const Real* weight = front.template array<Real>(n.weight);
    const Real *before = nullptr, *before_product = nullptr;
    team.renewals.resize(1);
    auto& by = team.renewals[0];
    for (auto& here : team) {
        Real* seen = here.template array<Real>(n.seen);
        Real* __restrict product = here.template array<Real>(n.product);
        const Real* message = dense_messages(here, n, team.messages, history_of);
        look_for_changes(message, seen, senders, here.tick % RENEWED == 0, by);
        for (size_t k = 0; k < by.changed.size(); ++k)
            for (int64_t target = 0; target < targets; ++target) product[target] += weight[by.changed[k] * targets + target] * by.factor[k];
        if (!by.anew) continue;
        if (before && std::memcmp(before, seen, senders * sizeof(Real)) == 0) std::copy(before_product, before_product + targets, product);
        else multiply_rows(weight, senders, targets, seen, product);
        before = seen, before_product = product;
    }
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
        seen[place] = value;
        multiply_rows(here.template array<Real>(n.weight), senders, targets, seen, product);
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
    for (const int32_t number : shuffled(here.trial.order, key, here.counter(), neurons)) turn(number);
}

}  // namespace neurosim
