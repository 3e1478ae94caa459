// Asynchronous sweeps: every neuron takes one turn, in a random order, and sees the newest messages of all
// others. What arrives at each neuron (its local field) is kept and brought up to date when a message
// changes, so that a neuron that does not change costs its targets nothing.
#pragma once
#include <algorithm>
#include <limits>

#include "core/arrivals/dense.hpp"

namespace neurosim {

// The handles of stored synapses into one port; see `LocalFieldPart` in keys.py.
struct LocalFieldHandles {
    int start, column, weight, out_start, out_target, segments, message, sum, stale;  // arrays
    int n_segments;                                                                   // integer
};

template <class Real>
struct LocalField {
    const int64_t *start, *out_start, *segments;
    const int32_t *column, *out_target;
    const Real* weight;
    Real *message, *sum;
    uint8_t* stale;
    int64_t n_segments;

    // Sets the message of a column, and marks the sums of its targets, which are computed again when they
    // are needed.
    void update(int64_t place, Real value) const {
        message[place] = value;
        for (int64_t at = out_start[place]; at < out_start[place + 1]; ++at) stale[out_target[at]] = 1;
    }
    // The sum, or maximum, over the synapses of a target, in the order of the tick contract.
    template <class Reduce>
    Real at(int32_t target) const {
        if (stale[target]) {
            Real total = Reduce::template empty<Real>();
            int64_t count = 0;
            for (int64_t k = start[target]; k < start[target + 1]; ++k)
                Reduce::add(total, &count, weight[k] * message[column[k]]);
            sum[target] = total, stale[target] = 0;
        }
        return sum[target];
    }
};

template <class Context>
LocalField<typename Context::Real> local_field(const Context& context, LocalFieldHandles n) {
    using Real = typename Context::Real;
    return {context.template array<int64_t>(n.start),      context.template array<int64_t>(n.out_start),
            context.template array<int64_t>(n.segments),   context.template array<int32_t>(n.column),
            context.template array<int32_t>(n.out_target), context.template array<Real>(n.weight),
            context.template array<Real>(n.message),       context.template array<Real>(n.sum),
            context.template array<uint8_t>(n.stale),      context.network.integers[n.n_segments]};
}

// Takes the messages of the new tick, before a sweep: delayed ones have moved on, and driven populations
// have sent.
template <class Context, class HistoryOf>
void begin_local_field(Context& context, LocalFieldHandles handles, HistoryOf history_of) {
    const auto of = local_field(context, handles);
    for (int64_t segment = 0; segment < of.n_segments; ++segment) {
        const int64_t* row = of.segments + 3 * segment;
        const auto past = history_of(context, static_cast<int>(row[1]));
        const auto* message = past.sent_at(context.tick - row[0]);
        for (int64_t sender = 0; sender < past.size; ++sender)
            if (!(message[sender] == of.message[row[2] + sender]))
                of.update(row[2] + sender, message[sender]);
    }
}

// Passes a changed message on to the targets that receive it without delay.
template <class Context>
void update_local_field(Context& context, LocalFieldHandles handles, int population, int32_t neuron,
                        typename Context::Real value) {
    const auto of = local_field(context, handles);
    for (int64_t segment = 0; segment < of.n_segments; ++segment) {
        const int64_t* row = of.segments + 3 * segment;
        if (row[0] == 0 && row[1] == population) of.update(row[2] + neuron, value);
    }
}

// The handles of a matrix in a sweep, whose weights lie as (sender, target).
struct SweptDenseHandles {
    DenseHandles dense;
    int pre_place, post_place;  // arrays: the row or column of every neuron in the weights, -1 for none
};

// Computes a product, four senders at a time. `weight` is (sender, target), so that the change of a message
// takes one row.
template <class Real>
void multiply_rows(const Real* __restrict weight, int64_t senders, int64_t targets, const Real* message,
                   Real* __restrict product) {
    std::fill(product, product + targets, Real(0));
    int64_t sender = 0;
    for (; sender + 4 <= senders; sender += 4) {
        const Real* __restrict row = weight + sender * targets;
        const Real a = message[sender], b = message[sender + 1], c = message[sender + 2],
                   d = message[sender + 3];
        for (int64_t target = 0; target < targets; ++target)
            product[target] += (row[target] * a + row[targets + target] * b) +
                               (row[2 * targets + target] * c + row[3 * targets + target] * d);
    }
    for (; sender < senders; ++sender)
        for (int64_t target = 0; target < targets; ++target)
            product[target] += weight[sender * targets + target] * message[sender];
}

// Brings the products of all trials up to date, before a sweep. Trials with the same messages copy the
// product of the one before.
template <class Worker, class HistoryOf>
void begin_dense(Worker& worker, SweptDenseHandles handles, HistoryOf history_of) {
    using Real = typename std::decay_t<decltype(*worker.begin())>::Real;
    const DenseHandles& n = handles.dense;
    auto& front = *worker.begin();
    const int64_t senders = front.network.integers[n.senders], targets = front.network.integers[n.targets];
    const Real* weight = front.template array<Real>(n.weight);
    const Real *before = nullptr, *before_product = nullptr;
    worker.product_updates.resize(1);
    auto& by = worker.product_updates[0];
    for (auto& context : worker) {
        Real* seen = context.template array<Real>(n.seen);
        Real* __restrict product = context.template array<Real>(n.product);
        const Real* message = dense_messages(context, n, worker.messages, history_of);
        find_changes(message, seen, senders, context.tick % RECOMPUTE_INTERVAL == 0, by);
        for (size_t k = 0; k < by.changed.size(); ++k)
            for (int64_t target = 0; target < targets; ++target)
                product[target] += weight[by.changed[k] * targets + target] * by.factor[k];
        if (!by.recompute) continue;
        if (before && std::memcmp(before, seen, senders * sizeof(Real)) == 0)
            std::copy(before_product, before_product + targets, product);
        else multiply_rows(weight, senders, targets, seen, product);
        before = seen, before_product = product;
    }
}

// Passes a changed message on to the product of a matrix, if it has no delay.
template <class Context>
void update_dense(Context& context, SweptDenseHandles handles, int32_t neuron, typename Context::Real value) {
    using Real = typename Context::Real;
    const DenseHandles& n = handles.dense;
    const int64_t place = context.template array<int64_t>(handles.pre_place)[neuron];
    if (place < 0 || context.network.integers[n.delay] != 0) return;
    const int64_t senders = context.network.integers[n.senders],
                  targets = context.network.integers[n.targets];
    Real* seen = context.template array<Real>(n.seen);
    Real* __restrict product = context.template array<Real>(n.product);
    const Real change = value - seen[place];
    if (!(change - change == 0)) {  // a difference that is not finite cannot be added
        seen[place] = value;
        multiply_rows(context.template array<Real>(n.weight), senders, targets, seen, product);
        return;
    }
    const Real* __restrict row = context.template array<Real>(n.weight) + place * targets;
    for (int64_t target = 0; target < targets; ++target) product[target] += row[target] * change;
    seen[place] = value;
}

// Adds what arrives at a neuron through a matrix to what has arrived there, and counts the arrivals.
template <class Reduce, class Context>
void add_dense(Context& context, SweptDenseHandles handles, int32_t neuron, typename Context::Real& total,
               int64_t& count) {
    using Real = typename Context::Real;
    const DenseHandles& n = handles.dense;
    const int64_t place = context.template array<int64_t>(handles.post_place)[neuron];
    if (place < 0) return;
    const int64_t senders = context.network.integers[n.senders],
                  targets = context.network.integers[n.targets];
    if constexpr (std::is_same_v<Reduce, Max>) {
        const Real* weight = context.template array<Real>(n.weight);
        const Real* seen = context.template array<Real>(n.seen);
        for (int64_t sender = 0; sender < senders; ++sender)
            Max::add(total, &count, weight[sender * targets + place] * seen[sender]);
    } else {
        total += context.template array<Real>(n.product)[place];
        count += senders;
    }
}

// Calls turn(number) once for every neuron of the sweep, in a new random order, or by index.
template <class Context, class Turn>
void for_turns(Context& context, int64_t neurons, bool random, Key key, Turn turn) {
    if (!random) {
        for (int64_t number = 0; number < neurons; ++number) turn(static_cast<int32_t>(number));
        return;
    }
    for (const int32_t number : shuffled(context.trial.order, key, context.counter(), neurons)) turn(number);
}

}  // namespace neurosim
