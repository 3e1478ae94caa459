// The delivery of graded messages through stored synapses, and how ports and variables take the sums of a
// step.
#pragma once
#include <algorithm>

#include "core/arrivals/graded.hpp"
#include "core/run/worker.hpp"

namespace neurosim {

// Where the sums of one port or variable begin in its stage: the array (port or variable, block) that says
// so, and the place of the port or variable in the stage.
struct Slot {
    int first, place;
};

template <class Context>
int64_t slot_of(const Context& context, Slot slot) {
    const auto* first = context.template shared<int64_t>(slot.first);
    return first[slot.place * context.network.blocks + context.block];
}

// The handles of stored synapses by target; see `GradedPart` in keys.py.
struct GradedHandles {
    int first, target, count, sender, weight, segments;
    int n_segments, octets;  // integers
};

template <class Context>
Interleaved<typename Context::Real> interleaved(const Context& context, GradedHandles n) {
    return {context.template array<int64_t>(n.first),
            context.template array<int32_t>(n.target),
            context.template array<int32_t>(n.count),
            context.template array<int32_t>(n.sender),
            context.template array<typename Context::Real>(n.weight),
            context.network.integers[n.octets]};
}

// The delay and sending population of each segment of the messages to one port or variable, oldest first.
struct Segments {
    const int64_t* row;
    int64_t count;

    int64_t delay(int64_t segment) const { return row[2 * segment]; }
    int population(int64_t segment) const { return static_cast<int>(row[2 * segment + 1]); }
    int64_t senders(const NetworkData& network) const {
        int64_t sum = 0;
        for (int64_t segment = 0; segment < count; ++segment) sum += network.sizes[population(segment)];
        return sum;
    }
};

// The messages of all segments, one after the other, and a 0 for padding.
template <class Context, class Room, class HistoryOf>
const typename Context::Real* messages_of(Context& context, Segments segments, Room& room,
                                          HistoryOf history_of) {
    room.resize(segments.senders(context.network) + 1);
    auto* next = room.data();
    for (int64_t segment = 0; segment < segments.count; ++segment) {
        const auto past = history_of(context, segments.population(segment));
        const auto* message = past.sent_at(context.tick - segments.delay(segment));
        next = std::copy(message, message + past.size, next);
    }
    *next = 0;
    return room.data();
}

// The same for all trials of a worker: (sender, trial), and a 0 for each trial.
template <class Worker, class HistoryOf>
const auto* messages_of_trials(Worker& worker, Segments segments, HistoryOf history_of) {
    auto& front = *worker.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    worker.messages.resize((segments.senders(front.network) + 1) * LANES);
    Real* to = worker.messages.data();
    for (int64_t segment = 0; segment < segments.count; ++segment) {
        const Real* from[LANES];
        for (int lane = 0; lane < LANES; ++lane) {
            auto& context = worker.contexts[std::min(lane, worker.size() - 1)];
            from[lane] = history_of(context, segments.population(segment))
                             .sent_at(context.tick - segments.delay(segment));
        }
        const int64_t size = front.network.sizes[segments.population(segment)];
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
    return worker.messages.data();
}

// Adds the products of stored synapses to means or maxima, in the order of the tick contract.
template <class Reduce, class Real>
void reduce_products(const Interleaved<Real>& rows, const Real* message, Real* sum, int64_t* count) {
    for (int64_t place = 0; place < rows.octets * LANES; ++place) {
        const int64_t first = rows.first[place / LANES] + place % LANES;
        const int32_t target = rows.target[place];
        for (int64_t at = first; at < first + rows.count[place] * LANES; at += LANES)
            Reduce::add(sum[target], count + target, rows.weight[at] * message[rows.sender[at]]);
    }
}

// Adds what arrives from graded senders through stored synapses to the sums of one port or variable, for all
// trials of a worker.
template <class Reduce, class Worker, class HistoryOf>
void deliver_graded(Worker& worker, int stage, Slot slot, GradedHandles handles, HistoryOf history_of) {
    auto& front = *worker.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const Segments segments{front.template array<int64_t>(handles.segments),
                            front.network.integers[handles.n_segments]};
    const auto rows = interleaved(front, handles);
    if (!Reduce::counts && worker.size() > 2) {
        const Real* message = messages_of_trials(worker, segments, history_of);
        worker.sums.resize(rows.octets * LANES * LANES);
        products_of_trials(rows, message, worker.sums.data());
        for (int64_t octet = 0; octet < rows.octets; ++octet) {
            Eight<Real> sums[LANES];
            for (int lane = 0; lane < LANES; ++lane)
                sums[lane] = load_eight(worker.sums.data() + (octet * LANES + lane) * LANES);
            transpose<Real>(sums);
            for (int trial = 0; trial < worker.size(); ++trial) {
                Real* sum = worker.contexts[trial].trial.stages[stage].sum.data() + slot_of(front, slot) +
                            octet * LANES;
                store_eight<Real>(sum, load_eight(sum) + sums[trial]);
            }
        }
        return;
    }
    for (auto& context : worker) {
        auto& block = context.trial.stages[stage];
        const Real* message = messages_of(context, segments, worker.messages, history_of);
        Real* sum = block.sum.data() + slot_of(context, slot);
        if constexpr (Reduce::counts)
            reduce_products<Reduce>(rows, message, sum, block.count.data() + slot_of(context, slot));
        else add_products(rows, message, sum);
    }
}

// Adds the sums of a step to a port or variable, and clears them.
template <class Reduce, class Context>
void settle_port(Context& context, int stage, Slot slot, int population,
                 typename Context::Real* __restrict total, int64_t* counted) {
    using Real = typename Context::Real;
    auto& block = context.trial.stages[stage * context.network.blocks + context.block];
    const Span span = context.span(population);
    Real* __restrict sum = block.sum.data() + slot_of(context, slot);
    NEUROSIM_INDEPENDENT
    for (int32_t i = 0; i < span.last - span.first; ++i) {
        if constexpr (std::is_same_v<Reduce, Max>)
            Max::add(total[span.first + i], counted + span.first + i, sum[i]);
        else total[span.first + i] += sum[i];
        sum[i] = Reduce::template empty<Real>();
    }
    if constexpr (Reduce::counts) {
        int64_t* count = block.count.data() + slot_of(context, slot);
        for (int32_t i = 0; i < span.last - span.first; ++i) {
            counted[span.first + i] += count[i] - std::is_same_v<Reduce, Max>;
            count[i] = 0;
        }
    }
}

// The same for a variable that does not change while its neuron is refractory.
template <class Context, class Active>
void settle_unless_refractory(Context& context, int stage, Slot slot, int population,
                              typename Context::Real* __restrict value, Active active) {
    auto& block = context.trial.stages[stage * context.network.blocks + context.block];
    const Span span = context.span(population);
    auto* __restrict sum = block.sum.data() + slot_of(context, slot);
    NEUROSIM_INDEPENDENT
    for (int32_t i = 0; i < span.last - span.first; ++i) {
        const auto moved = value[span.first + i] + sum[i];
        value[span.first + i] = active(span.first + i) ? moved : value[span.first + i];
        sum[i] = 0;
    }
}

}  // namespace neurosim
