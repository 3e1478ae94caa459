// Matrix products of messages. Weights lie in tiles of up to 64 targets, each (sender, target), so that the sums of a tile stay in
// registers while its weights are read in one stream. A product is kept and brought up to date by what has changed where that is little.
#pragma once
#include "core/deliver.hpp"

namespace neurosim {

struct DenseNumbers {
    int weight, pre, post, seen, product;  // arrays
    int senders, targets, delay;           // whole numbers
    int pre_run, post_run;                 // the first one where neurons are neighbours, else -1
    int population;                        // of the sender
};

constexpr int64_t RENEWED = 256;     // ticks after which a product is computed anew, lest rounding errors add up
constexpr int64_t WORTH_SHARING = 1 << 15;  // weights: fewer are multiplied before a helper has begun
constexpr int MOST_WIDE = 64;

// The width of the tile that begins at this target; `targets` in whole vectors.
inline int64_t tile_width(int64_t first, int64_t targets) {
    int64_t width = MOST_WIDE;
    while (width > targets - first) width /= 2;
    return width;
}

inline int64_t whole_vectors(int64_t targets) { return (targets + LANES - 1) / LANES * LANES; }

// product = (old product, or 0) + the sum over `count` senders of weight times factor; `chosen` are these senders, null: all.
// Few targets have several sums each, over every second, third ... sender, so that no addition waits for the one before.
template <int WIDE, class Real>
void add_tile(const Real* weight, const int64_t* chosen, const Real* factor, int64_t count, bool anew, Real* product) {
    constexpr int VECTORS = WIDE / LANES, SUMS = VECTORS >= 4 ? 1 : 4;
    Eight<Real> sum[SUMS][VECTORS] = {};
    auto add = [&](int64_t k, int which) {
        const Real* row = weight + (chosen ? chosen[k] : k) * WIDE;
        for (int v = 0; v < VECTORS; ++v) sum[which][v] += load_eight(row + v * LANES) * factor[k];
    };
    int64_t k = 0;
    for (; k + SUMS <= count; k += SUMS)
        for (int which = 0; which < SUMS; ++which) add(k + which, which);
    for (; k < count; ++k) add(k, 0);
    for (int v = 0; v < VECTORS; ++v) {
        for (int which = 1; which < SUMS; ++which) sum[0][v] += sum[which][v];
        Real* to = product + v * LANES;
        store_eight<Real>(to, anew ? sum[0][v] : load_eight(to) + sum[0][v]);
    }
}

template <class Real>
void look_for_changes(const Real* message, Real* seen, int64_t senders, bool renew, Renewal<Real>& found) {
    int64_t changed = 0, broken = 0;  // a difference that is not finite tells nothing
    for (int64_t sender = 0; sender < senders; ++sender) {
        const Real change = message[sender] - seen[sender];
        changed += change != 0, broken += !(change - change == 0);
    }
    found.anew = changed * 3 > senders || broken || renew;
    found.changed.clear(), found.factor.clear();
    if (found.anew) found.factor.assign(message, message + senders);
    for (int64_t sender = 0; !found.anew && changed && sender < senders; ++sender)
        if (message[sender] != seen[sender]) found.changed.push_back(sender), found.factor.push_back(message[sender] - seen[sender]);
    std::copy(message, message + senders, seen);
}

template <class Real>
void renew_tile(const Real* weight, int64_t width, const Renewal<Real>& by, Real* product) {
    if (!by.count()) return;
    const int64_t* chosen = by.anew ? nullptr : by.changed.data();
    switch (width) {
        case 64: return add_tile<64>(weight, chosen, by.factor.data(), by.count(), by.anew, product);
        case 32: return add_tile<32>(weight, chosen, by.factor.data(), by.count(), by.anew, product);
        case 16: return add_tile<16>(weight, chosen, by.factor.data(), by.count(), by.anew, product);
        default: return add_tile<8>(weight, chosen, by.factor.data(), by.count(), by.anew, product);
    }
}

// Brings the products of all trials up to date, tile by tile. Every second tick goes backwards: what was read last is still in the cache.
template <class Team>
void renew_products(Team& team, DenseNumbers numbers) {
    auto& front = *team.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const int64_t senders = front.machine.integers[numbers.senders], targets = whole_vectors(front.machine.integers[numbers.targets]);
    const Real* weight = front.template array<Real>(numbers.weight);
    const int64_t tiles = (targets + MOST_WIDE - 1) / MOST_WIDE;
    const bool backwards = front.tick & 1;
    auto renew = [&](int64_t part) {
        const int64_t begin = (backwards ? tiles - 1 - part : part) * MOST_WIDE, end = std::min(begin + MOST_WIDE, targets);
        for (int64_t first = begin; first < end; first += tile_width(first, targets))
            for (int trial = 0; trial < team.size(); ++trial)
                renew_tile(weight + first * senders, tile_width(first, targets), team.renewals[trial],
                           team.members[trial].template array<Real>(numbers.product) + first);
    };
    if (team.helpers && senders * targets >= WORTH_SHARING) return team.helpers->share(tiles, renew);
    for (int64_t part = 0; part < tiles; ++part) renew(part);
}

// The messages of a trial that a matrix multiplies.
template <class Here, class Room, class HistoryOf>
const typename Here::Real* dense_messages(Here& here, DenseNumbers numbers, Room& room, HistoryOf history_of) {
    const int64_t senders = here.machine.integers[numbers.senders], run = here.machine.integers[numbers.pre_run];
    const int64_t* pre = here.template array<int64_t>(numbers.pre);
    const auto* sent = history_of(here, numbers.population).sent_at(here.tick - here.machine.integers[numbers.delay]);
    if (run >= 0) return sent + run;
    room.resize(senders);
    for (int64_t sender = 0; sender < senders; ++sender) room[sender] = sent[pre[sender]];
    return room.data();
}

template <class Here>
void reduce_dense(Here& here, DenseNumbers numbers, const typename Here::Real* message, typename Here::Real* sum, int64_t* count) {
    const int64_t senders = here.machine.integers[numbers.senders], targets = here.machine.integers[numbers.targets];
    const auto* weight = here.template array<typename Here::Real>(numbers.weight);
    const int64_t* post = here.template array<int64_t>(numbers.post);
    for (int64_t first = 0, width; first < targets; first += width) {
        width = tile_width(first, whole_vectors(targets));
        for (int64_t sender = 0; sender < senders; ++sender)
            for (int64_t target = first; target < std::min(first + width, targets); ++target)
                Max::add(sum[post[target]], count + post[target], weight[first * senders + sender * width + target - first] * message[sender]);
    }
}

// Adds a matrix product to an inbox, for all trials of the team.
template <class Reduce, class Team, class HistoryOf>
void deliver_dense(Team& team, int stage, Slot slot, DenseNumbers numbers, HistoryOf history_of) {
    auto& front = *team.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const int64_t senders = front.machine.integers[numbers.senders], targets = front.machine.integers[numbers.targets];
    const int64_t* post = front.template array<int64_t>(numbers.post);
    const int64_t run = front.machine.integers[numbers.post_run];
    team.renewals.resize(team.size());
    for (int trial = 0; trial < team.size(); ++trial) {
        auto& here = team.members[trial];
        [[maybe_unused]] auto& block = here.trial.stages[stage];
        const Real* message = dense_messages(here, numbers, team.messages, history_of);
        [[maybe_unused]] const int64_t first = slot_of(here, slot);
        if constexpr (std::is_same_v<Reduce, Max>) reduce_dense(here, numbers, message, block.sum.data() + first, block.count.data() + first);
        else look_for_changes(message, here.template array<Real>(numbers.seen), senders, here.tick % RENEWED == 0, team.renewals[trial]);
    }
    if constexpr (!std::is_same_v<Reduce, Max>) {
        renew_products(team, numbers);
        for (auto& here : team) {
            auto& block = here.trial.stages[stage];
            Real* __restrict sum = block.sum.data() + slot_of(here, slot);
            const Real* __restrict product = here.template array<Real>(numbers.product);
            for (int64_t target = 0; run >= 0 && target < targets; ++target) sum[run + target] += product[target];
            for (int64_t target = 0; run < 0 && target < targets; ++target) sum[post[target]] += product[target];
            for (int64_t target = 0; Reduce::counts && target < targets; ++target) block.count[slot_of(here, slot) + post[target]] += senders;
        }
    }
}

}  // namespace neurosim
