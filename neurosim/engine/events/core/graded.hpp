// Messages of populations that do not spike: their recent past, and their way through stored and through dense synapses.
#pragma once
#include <cmath>

#include "core/trial.hpp"

namespace neurosim {

// The messages of one population in one trial, as a ring; `newest` is the place of the one sent at tick `last`.
template <class Real>
struct History {
    Real* messages;
    int64_t* newest;
    int64_t* last;
    int64_t depth, size;

    Real* now() const { return messages + *newest * size; }
    // The message of a tick; the newest one where that tick's has not been sent yet.
    const Real* sent_at(int64_t tick) const {
        const int64_t ago = std::min(std::max<int64_t>(*last - tick, 0), depth - 1);
        return messages + (*newest - ago + depth) % depth * size;
    }
    // The place for the message of this tick.
    Real* next(int64_t tick) const {
        *newest = (*newest + 1) % depth;
        *last = tick;
        return now();
    }
};

template <class Real, class Here>
History<Real> history(Here& here, int messages, int newest, int last, int depth, int population) {
    return {here.template array<Real>(messages), here.template array<int64_t>(newest), here.template array<int64_t>(last),
            here.machine.integers[depth], here.machine.sizes[population]};
}

constexpr int LANES = 8;  // targets, or trials, that are summed side by side

// Stored synapses by target. Eight targets with about as many synapses stand side by side, so that their sums, each in the
// contract's order, are computed together; what the longer ones have more follows one by one.
template <class Real>
struct Interleaved {
    const int64_t* first;      // (groups + 1): where each group begins
    const int32_t* common;     // synapses that all eight have
    const int32_t* target;     // (groups, 8): -1 for none
    const int32_t* extra;      // (groups, 8): further synapses of each, after the common ones
    const int32_t* sender;
    const Real* weight;
    int64_t groups;
};

template <class Real>
void add_products(const Interleaved<Real>& rows, const Real* __restrict message, Real* __restrict sum) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        const int32_t* __restrict sender = rows.sender + rows.first[group];
        const Real* __restrict weight = rows.weight + rows.first[group];
        Real total[LANES] = {};
        for (int32_t step = 0; step < rows.common[group]; ++step, sender += LANES, weight += LANES)
            for (int lane = 0; lane < LANES; ++lane) total[lane] += weight[lane] * message[sender[lane]];
        for (int lane = 0; lane < LANES; ++lane) {
            for (int32_t step = 0; step < rows.extra[group * LANES + lane]; ++step) total[lane] += *weight++ * message[*sender++];
            const int32_t target = rows.target[group * LANES + lane];
            if (target >= 0) sum[target] += total[lane];
        }
    }
}

// The same for eight trials side by side: message (sender, trial), sum (target, trial).
template <class Real>
void add_products_of_trials(const Interleaved<Real>& rows, const Real* __restrict message, Real* __restrict sum) {
    for (int64_t group = 0; group < rows.groups; ++group) {
        const int32_t* sender = rows.sender + rows.first[group];
        const Real* weight = rows.weight + rows.first[group];
        const int32_t common = rows.common[group];
        const int32_t *sender_extra = sender + common * LANES;
        const Real* weight_extra = weight + common * LANES;
        for (int lane = 0; lane < LANES; ++lane) {
            const int32_t target = rows.target[group * LANES + lane];
            const int32_t extra = rows.extra[group * LANES + lane];
            if (target < 0) continue;
            Real total[LANES] = {};
            auto add = [&](Real factor, const Real* __restrict from) {
                for (int trial = 0; trial < LANES; ++trial) total[trial] += factor * from[trial];
            };
            for (int32_t step = 0; step < common; ++step) add(weight[step * LANES + lane], message + sender[step * LANES + lane] * LANES);
            for (int32_t step = 0; step < extra; ++step) add(weight_extra[step], message + sender_extra[step] * LANES);
            sender_extra += extra, weight_extra += extra;
            for (int trial = 0; trial < LANES; ++trial) sum[target * LANES + trial] = total[trial];
        }
    }
}

// Dense synapses, whose product with the messages is kept and brought up to date: by what has changed where that is little.
// `weight` is (sender, target); `seen` are the messages that `product` was made of.
template <class Real>
void renew_product(const Real* __restrict weight, int64_t senders, int64_t targets, const Real* message, Real* seen, Real* __restrict product) {
    int64_t changed = 0, broken = 0;  // a difference that is not finite tells nothing
    for (int64_t sender = 0; sender < senders; ++sender) {
        const Real change = message[sender] - seen[sender];
        changed += change != 0, broken += !(change - change == 0);
    }
    if (changed * 3 > senders || broken) {
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
    } else if (changed) {
        for (int64_t sender = 0; sender < senders; ++sender) {
            const Real change = message[sender] - seen[sender];
            if (!(change != 0)) continue;
            const Real* __restrict row = weight + sender * targets;
            for (int64_t target = 0; target < targets; ++target) product[target] += row[target] * change;
        }
    }
    std::copy(message, message + senders, seen);
}

}  // namespace neurosim
