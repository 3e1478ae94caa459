// Messages of populations that do not spike: the recent ones, and their products with stored synapses.
#pragma once
#include "core/numbers/vectors.hpp"
#include "core/run/trial.hpp"

namespace neurosim {

// The messages of one population in one trial, as a ring buffer of `depth` messages of `size` numbers.
// `newest` is the place of the one sent at tick `last`. A tick's place follows from its number, so that
// blocks need not wait for each other.
template <class Real>
struct History {
    Real* messages;
    int64_t* newest;
    int64_t* last;
    int64_t depth, size;

    // The message of a tick; the newest one if that of the tick has not been sent yet.
    const Real* sent_at(int64_t tick) const {
        const int64_t ago = std::min(std::max<int64_t>(*last - tick, 0), depth - 1);
        return messages + (*newest - ago + depth) % depth * size;
    }
    // Where the message of this tick is to be written. One block of a population notes that it has been sent.
    Real* next(int64_t tick, bool note = true) const {
        if (note) *newest = tick % depth, *last = tick;
        return messages + tick % depth * size;
    }
};

template <class Real, class Context>
History<Real> history(Context& context, int messages, int newest, int last, int depth, int population) {
    return {context.template array<Real>(messages), context.template array<int64_t>(newest),
            context.template array<int64_t>(last), context.network.integers[depth],
            context.network.sizes[population]};
}

// Stored synapses by target. Eight targets (an octet) with about as many synapses lie side by side, so that
// their sums, each in the order of the tick contract, are computed in one vector. Shorter rows are padded
// with synapses of weight 0 whose message is always 0. That changes no bit, because sums begin at 0 and
// never become -0.
template <class Real>
struct Interleaved {
    const int64_t* first;   // (octet + 1): where each octet begins
    const int32_t* target;  // (octet, 8): every target, then the padding behind them
    const int32_t* count;   // (octet, 8): the synapses of each, without padding
    const int32_t* sender;  // padding has the place behind all messages
    const Real* weight;
    int64_t octets;
};

// Adds the sum of each target's products to `sum` (target). `message` ends with a 0 for padding.
template <class Real>
void add_products(const Interleaved<Real>& rows, const Real* message, Real* sum) {
    for (int64_t octet = 0; octet < rows.octets; ++octet) {
        Eight<Real> total = {};
        for (int64_t at = rows.first[octet]; at < rows.first[octet + 1]; at += LANES)
            total += load_eight(rows.weight + at) * gather_eight(message, rows.sender + at);
        for (int lane = 0; lane < LANES; ++lane) sum[rows.target[octet * LANES + lane]] += total[lane];
    }
}

// The same for eight trials: message (sender, trial), the last ones 0 for padding, and sum (target, trial),
// which is overwritten.
template <class Real>
void products_of_trials(const Interleaved<Real>& rows, const Real* message, Real* sum) {
    for (int64_t octet = 0; octet < rows.octets; ++octet) {
        Eight<Real> total[LANES] = {};
        for (int64_t at = rows.first[octet]; at < rows.first[octet + 1]; at += LANES)
            for (int lane = 0; lane < LANES; ++lane)
                total[lane] += rows.weight[at + lane] *
                               load_eight(message + static_cast<int64_t>(rows.sender[at + lane]) * LANES);
        for (int lane = 0; lane < LANES; ++lane)
            store_eight(sum + static_cast<int64_t>(rows.target[octet * LANES + lane]) * LANES, total[lane]);
    }
}

}  // namespace neurosim
