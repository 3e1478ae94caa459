// Products of messages and matrices of weights. Weights lie in tiles of up to 64 targets, each (sender,
// target), so that the sums of a tile stay in registers while its weights are read in one stream. A product
// is kept from tick to tick; if few messages have changed, only their changes are added.
#pragma once
#include "core/arrivals/deliver.hpp"

namespace neurosim {

// The handles of a matrix; see `DensePart` and `DenseCount` in keys.py.
struct DenseHandles {
    int weight, pre, post, seen, product;  // arrays
    int senders, targets, delay;           // integers
    int pre_run, post_run;                 // integers: the first neuron if they are consecutive, else -1
    int population;                        // of the sender
};

constexpr int64_t RECOMPUTE_INTERVAL = 256;  // in ticks: changes that are added accumulate rounding errors
constexpr int64_t WORTH_SHARING = 1 << 15;   // weights: with fewer, waking other threads takes longer
constexpr int MOST_WIDE = 64;                // targets of a tile

// The width of the tile that begins at target `first`; `targets` is a multiple of the vector length.
inline int64_t tile_width(int64_t first, int64_t targets) {
    int64_t width = MOST_WIDE;
    while (width > targets - first) width /= 2;
    return width;
}

inline int64_t whole_vectors(int64_t targets) { return (targets + LANES - 1) / LANES * LANES; }

// product = (the old product, or 0 if `recompute`) + the sum over `count` senders of weight times factor.
// `chosen` are these senders; null: all. Narrow tiles have four sums for each target, over every fourth
// sender, so that an addition need not wait for the one before.
template <int WIDE, class Real>
void add_tile(const Real* weight, const int64_t* chosen, const Real* factor, int64_t count, bool recompute,
              Real* product) {
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
        store_eight<Real>(to, recompute ? sum[0][v] : load_eight(to) + sum[0][v]);
    }
}

// Finds how the product is to be brought up to date, and copies the messages to `seen`.
template <class Real>
void find_changes(const Real* message, Real* seen, int64_t senders, bool recompute,
                  ProductUpdate<Real>& update) {
    int64_t changed = 0, broken = 0;  // broken: differences that are not finite, which cannot be added
    for (int64_t sender = 0; sender < senders; ++sender) {
        const Real change = message[sender] - seen[sender];
        changed += change != 0, broken += !(change - change == 0);
    }
    update.recompute = changed * 3 > senders || broken || recompute;
    update.changed.clear(), update.factor.clear();
    if (update.recompute) update.factor.assign(message, message + senders);
    for (int64_t sender = 0; !update.recompute && changed && sender < senders; ++sender)
        if (message[sender] != seen[sender])
            update.changed.push_back(sender), update.factor.push_back(message[sender] - seen[sender]);
    std::copy(message, message + senders, seen);
}

template <class Real>
void update_tile(const Real* weight, int64_t width, const ProductUpdate<Real>& by, Real* product) {
    if (!by.count()) return;
    const int64_t* chosen = by.recompute ? nullptr : by.changed.data();
    switch (width) {
        case 64: return add_tile<64>(weight, chosen, by.factor.data(), by.count(), by.recompute, product);
        case 32: return add_tile<32>(weight, chosen, by.factor.data(), by.count(), by.recompute, product);
        case 16: return add_tile<16>(weight, chosen, by.factor.data(), by.count(), by.recompute, product);
        default: return add_tile<8>(weight, chosen, by.factor.data(), by.count(), by.recompute, product);
    }
}

// Brings the products of all trials up to date, tile by tile. Every second tick goes through the tiles
// backwards, because those that were read last are still in the cache.
template <class Worker>
void update_products(Worker& worker, DenseHandles handles) {
    auto& front = *worker.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const int64_t senders = front.network.integers[handles.senders],
                  targets = whole_vectors(front.network.integers[handles.targets]);
    const Real* weight = front.template array<Real>(handles.weight);
    const int64_t tiles = (targets + MOST_WIDE - 1) / MOST_WIDE;
    const bool backwards = front.tick & 1;
    auto update = [&](int64_t part) {
        const int64_t begin = (backwards ? tiles - 1 - part : part) * MOST_WIDE,
                      end = std::min(begin + MOST_WIDE, targets);
        for (int64_t first = begin; first < end; first += tile_width(first, targets))
            for (int trial = 0; trial < worker.size(); ++trial)
                update_tile(weight + first * senders, tile_width(first, targets),
                            worker.product_updates[trial],
                            worker.contexts[trial].template array<Real>(handles.product) + first);
    };
    if (worker.pool && senders * targets >= WORTH_SHARING) return worker.pool->parallel_for(tiles, update);
    for (int64_t part = 0; part < tiles; ++part) update(part);
}

// The messages of a trial that a matrix multiplies; `room` is scratch memory for them.
template <class Context, class Room, class HistoryOf>
const typename Context::Real* dense_messages(Context& context, DenseHandles handles, Room& room,
                                             HistoryOf history_of) {
    const int64_t senders = context.network.integers[handles.senders],
                  run = context.network.integers[handles.pre_run];
    const int64_t* pre = context.template array<int64_t>(handles.pre);
    const auto* sent = history_of(context, handles.population)
                           .sent_at(context.tick - context.network.integers[handles.delay]);
    if (run >= 0) return sent + run;
    room.resize(senders);
    for (int64_t sender = 0; sender < senders; ++sender) room[sender] = sent[pre[sender]];
    return room.data();
}

template <class Context>
void reduce_dense(Context& context, DenseHandles handles, const typename Context::Real* message,
                  typename Context::Real* sum, int64_t* count) {
    const int64_t senders = context.network.integers[handles.senders],
                  targets = context.network.integers[handles.targets];
    const auto* weight = context.template array<typename Context::Real>(handles.weight);
    const int64_t* post = context.template array<int64_t>(handles.post);
    for (int64_t first = 0, width; first < targets; first += width) {
        width = tile_width(first, whole_vectors(targets));
        for (int64_t sender = 0; sender < senders; ++sender)
            for (int64_t target = first; target < std::min(first + width, targets); ++target)
                Max::add(sum[post[target]], count + post[target],
                         weight[first * senders + sender * width + target - first] * message[sender]);
    }
}

// Adds a matrix product to the sums of one port or variable, for all trials of a worker.
template <class Reduce, class Worker, class HistoryOf>
void deliver_dense(Worker& worker, int stage, Slot slot, DenseHandles handles, HistoryOf history_of) {
    auto& front = *worker.begin();
    using Real = typename std::decay_t<decltype(front)>::Real;
    const int64_t senders = front.network.integers[handles.senders],
                  targets = front.network.integers[handles.targets];
    const int64_t* post = front.template array<int64_t>(handles.post);
    const int64_t run = front.network.integers[handles.post_run];
    worker.product_updates.resize(worker.size());
    for (int trial = 0; trial < worker.size(); ++trial) {
        auto& context = worker.contexts[trial];
        [[maybe_unused]] auto& block = context.trial.stages[stage];
        const Real* message = dense_messages(context, handles, worker.messages, history_of);
        [[maybe_unused]] const int64_t first = slot_of(context, slot);
        if constexpr (std::is_same_v<Reduce, Max>)
            reduce_dense(context, handles, message, block.sum.data() + first, block.count.data() + first);
        else
            find_changes(message, context.template array<Real>(handles.seen), senders,
                         context.tick % RECOMPUTE_INTERVAL == 0, worker.product_updates[trial]);
    }
    if constexpr (!std::is_same_v<Reduce, Max>) {
        update_products(worker, handles);
        for (auto& context : worker) {
            auto& block = context.trial.stages[stage];
            Real* __restrict sum = block.sum.data() + slot_of(context, slot);
            const Real* __restrict product = context.template array<Real>(handles.product);
            for (int64_t target = 0; run >= 0 && target < targets; ++target)
                sum[run + target] += product[target];
            for (int64_t target = 0; run < 0 && target < targets; ++target)
                sum[post[target]] += product[target];
            for (int64_t target = 0; Reduce::counts && target < targets; ++target)
                block.count[slot_of(context, slot) + post[target]] += senders;
        }
    }
}

}  // namespace neurosim
