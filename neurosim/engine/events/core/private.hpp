// Sources of its own for every target, never stored: each target receives weight times Binomial(n, p) at every tick.
#pragma once
#include "core/deliver.hpp"

namespace neurosim {

struct PrivateNumbers {
    int post, first;      // arrays: the targets; and, per block, which of them are the block's
    int sources, number;  // whole numbers: sources per target; which of the plan's private pathways this is
    int population;       // of the targets
};

template <class Reduce, class Here>
void deliver_private(Here& here, int stage, Slot slot, PrivateNumbers numbers, Key key, double chance, double weight) {
    using Real = typename Here::Real;
    Binomial& table = here.trial.binomials[here.machine.integers[numbers.number] * here.machine.blocks + here.block];
    table.renew(here.machine.integers[numbers.sources], std::min(std::max(chance, 0.0), 1.0));
    const int64_t* post = here.template array<int64_t>(numbers.post);
    const int64_t* bounds = static_cast<const int64_t*>(here.machine.arrays[numbers.first]) + here.block;
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    Real* sum = block.sum.data() + slot_of(here, slot) - here.span(numbers.population).first;
    const uint32_t tick = here.counter();
    constexpr int lanes = Binomial::TOGETHER;
    for (int64_t first = bounds[0]; first < bounds[1]; first += lanes) {
        const int some = static_cast<int>(std::min<int64_t>(lanes, bounds[1] - first));
        uint32_t upper[lanes], lower[lanes], element[lanes], k[lanes];
        const bool in_row = some == lanes && post[first + lanes - 1] - post[first] == lanes - 1;
        for (int lane = 0; lane < lanes; ++lane)
            element[lane] = static_cast<uint32_t>(in_row ? post[first] + lane : post[first + std::min(lane, some - 1)]);
        for (int lane = 0; lane < lanes; ++lane) {
            const Words words = threefry(key, tick, element[lane]);
            upper[lane] = words.high, lower[lane] = words.low;
        }
        table.draw(upper, lower, k);
        if (in_row)
            for (int lane = 0; lane < lanes; ++lane) sum[post[first] + lane] += static_cast<Real>(weight * k[lane]);
        else
            for (int lane = 0; lane < some; ++lane) sum[post[first + lane]] += static_cast<Real>(weight * k[lane]);
    }
}

}  // namespace neurosim
