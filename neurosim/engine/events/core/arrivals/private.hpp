// Private sources of each target, which are not stored: in every tick each target receives weight times
// Binomial(n, p), where n is the number of its sources and p the chance with which each spikes.
#pragma once
#include "core/arrivals/deliver.hpp"

namespace neurosim {

struct PrivateHandles {
    int post, first;      // arrays: the neurons of the targets; (block + 1): the first target of each block
    int sources, number;  // integers: sources of each target; which of the plan's private pathways this is
    int population;       // of the targets
};

// The 32-bit random numbers of the targets in one tick. Four neighbours share a draw of 64 bits, which
// holds the high halves of their numbers. Their low halves are another draw, which is made only if the high
// ones do not decide.
struct PrivateRandom {
    static constexpr uint32_t LOW = 1u << 31;  // is added to the counters of low halves
    static constexpr int TOGETHER = 128;       // numbers at a time
    Key key;
    uint32_t tick;

    uint32_t number(uint32_t target) const { return half(target, 0) << 16 | half(target, LOW); }

    // The high halves of the targets first, first + 1, ...; each word holds two, the first in its lower
    // half. `first` is a multiple of 4.
    [[gnu::always_inline]] void high_halves(uint32_t first, uint32_t* word) const {
        constexpr int draws = TOGETHER / 4;
        uint32_t even[draws], odd[draws];
        for (int draw = 0; draw < draws; ++draw) {
            const Words words = threefry(key, tick, first / 4 + draw);
            even[draw] = words.high, odd[draw] = words.low;
        }
        for (int draw = 0; draw < draws; ++draw) word[2 * draw] = even[draw], word[2 * draw + 1] = odd[draw];
    }

  private:
    uint32_t half(uint32_t target, uint32_t part) const {
        const Words words = threefry(key, tick, target / 4 + part);
        return (target % 4 < 2 ? words.high : words.low) >> (16 * (target % 2)) & 0xffff;
    }
};

// The weight of each target, by its place among them.
template <class Real>
struct OneWeight {
    Real value;
    Real operator()(int64_t) const { return value; }
};

template <class Real>
struct EachWeight {
    const Real* __restrict values;
    Real operator()(int64_t at) const { return values[at]; }
};

template <class Reduce, class Context, class WeightOf>
void deliver_private(Context& context, int stage, Slot slot, PrivateHandles handles, Key key, double chance,
                     WeightOf weight) {
    using Real = typename Context::Real;
    Binomial& table =
        context.trial
            .binomials[context.network.integers[handles.number] * context.network.blocks + context.block];
    table.update(context.network.integers[handles.sources], std::min(std::max(chance, 0.0), 1.0));
    const int64_t* post = context.template array<int64_t>(handles.post);
    const int64_t* bounds = context.template shared<int64_t>(handles.first) + context.block;
    auto& block = context.trial.stages[stage * context.network.blocks + context.block];
    Real* const sum = block.sum.data() + slot_of(context, slot);
    const auto begin = static_cast<uint32_t>(context.span(handles.population).first);
    const PrivateRandom random{key, context.counter()};
    constexpr int lanes = PrivateRandom::TOGETHER;
    alignas(64) uint32_t high[lanes / 2];
    alignas(64) Real drawn[lanes];
    for (int64_t at = bounds[0]; at < bounds[1];) {
        const auto first = static_cast<uint32_t>(post[at]);
        const int64_t count = std::min<int64_t>(lanes, bounds[1] - at);
        if (first % 4 || post[at + count - 1] - post[at] != count - 1) {
            sum[first - begin] += weight(at) * static_cast<Real>(table.one(random.number(first)));
            ++at;
            continue;
        }
        random.high_halves(first, high);
        for (int part = 0; part < lanes; part += Binomial::TOGETHER)
            table.draw(high + part / 2, drawn + part,
                       [&](int lane) { return random.number(first + part + lane); });
        Real* const target = sum + (first - begin);
        if (count == lanes) {
            NEUROSIM_INDEPENDENT
            for (int lane = 0; lane < lanes; ++lane) target[lane] += weight(at + lane) * drawn[lane];
        } else {
            for (int64_t lane = 0; lane < count; ++lane) target[lane] += weight(at + lane) * drawn[lane];
        }
        at += count;
    }
}

}  // namespace neurosim
