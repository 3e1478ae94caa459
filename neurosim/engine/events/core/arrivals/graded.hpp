// Messages of populations that do not spike: their recent past, and their way through stored synapses.
#pragma once
#include "core/numbers/vectors.hpp"
#include "core/run/trial.hpp"

namespace neurosim {

// The messages of one population in one trial, as a ring; `newest` is the place of the one sent at tick `last`. Every tick has
// its place, so that blocks find it without waiting for each other.
template <class Real>
struct History {
    Real* messages;
    int64_t* newest;
    int64_t* last;
    int64_t depth, size;

    // The message of a tick; the newest one where that tick's has not been sent yet.
    const Real* sent_at(int64_t tick) const {
        const int64_t ago = std::min(std::max<int64_t>(*last - tick, 0), depth - 1);
        return messages + (*newest - ago + depth) % depth * size;
    }
    // The place for the message of this tick; one block of a population takes note that it is sent.
    Real* next(int64_t tick, bool note = true) const {
        if (note) *newest = tick % depth, *last = tick;
        return messages + tick % depth * size;
    }
};

template <class Real, class Context>
History<Real> history(Context& context, int messages, int newest, int last, int depth, int population) {
    return {context.template array<Real>(messages), context.template array<int64_t>(newest), context.template array<int64_t>(last),
            context.network.integers[depth], context.network.sizes[population]};
}

// Stored synapses by target. Eight targets with about as many synapses stand side by side, so that their sums, each in the
// contract's order, are computed together. Shorter rows are filled up with synapses of weight 0 whose message is always 0: no
// sum of theirs can become -0, so that adding 0 changes no bit.
template <class Real>
struct Interleaved {
    const int64_t* first;   // (groups + 1): where each group begins
    const int32_t* target;  // (groups, 8): all neurons, then the slots behind them
    const int32_t* count;   // (groups, 8): the synapses of each, without the filling
    const int32_t* sender;  // the filling has the place behind all messages
    const Real* weight;
    int64_t groups;
};

// `message` ends with a 0.
template <class Real>
void add_products(const Interleaved<Real>& rows, const Real* message, Real* sum) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        Eight<Real> total = {};
        for (int64_t at = rows.first[group]; at < rows.first[group + 1]; at += LANES)
            total += load_eight(rows.weight + at) * gather_eight(message, rows.sender + at);
        for (int lane = 0; lane < LANES; ++lane) sum[rows.target[group * LANES + lane]] += total[lane];
    }
}

// The same for eight trials side by side: message (sender, trial), the last ones 0, and sum (target, trial), which is overwritten.
template <class Real>
void products_of_trials(const Interleaved<Real>& rows, const Real* message, Real* sum) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        Eight<Real> total[LANES] = {};
        for (int64_t at = rows.first[group]; at < rows.first[group + 1]; at += LANES)
            for (int lane = 0; lane < LANES; ++lane)
                total[lane] += rows.weight[at + lane] * load_eight(message + static_cast<int64_t>(rows.sender[at + lane]) * LANES);
        for (int lane = 0; lane < LANES; ++lane) store_eight(sum + static_cast<int64_t>(rows.target[group * LANES + lane]) * LANES, total[lane]);
    }
}

}  // namespace neurosim
