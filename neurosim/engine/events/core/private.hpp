// Sources of its own for every target, never stored: each target receives weight times Binomial(n, p) at every tick.
#pragma once
#include "core/deliver.hpp"

namespace neurosim {

struct PrivateNumbers {
    int post, first;      // arrays: the targets; and, per block, which of them are the block's
    int sources, number;  // whole numbers: sources per target; which of the plan's private pathways this is
    int population;       // of the targets
};

// The random words of the targets first, first + 1, ...; `first` is even, and pairs of targets share a draw, whose words are theirs.
inline void private_words(Key key, uint32_t tick, uint32_t first, uint32_t* word) {
    constexpr int pairs = Binomial::TOGETHER / 2;
    uint32_t even[pairs], odd[pairs];
    for (int pair = 0; pair < pairs; ++pair) {
        const Words words = threefry(key, tick, first / 2 + pair);
        even[pair] = words.high, odd[pair] = words.low;
    }
    for (int pair = 0; pair < pairs; ++pair) word[2 * pair] = even[pair], word[2 * pair + 1] = odd[pair];
}

template <class Reduce, class Here>
void deliver_private(Here& here, int stage, Slot slot, PrivateNumbers numbers, Key key, double chance, double weight) {
    using Real = typename Here::Real;
    Binomial& table = here.trial.binomials[here.machine.integers[numbers.number] * here.machine.blocks + here.block];
    table.renew(here.machine.integers[numbers.sources], std::min(std::max(chance, 0.0), 1.0), weight);
    const int64_t* post = here.template array<int64_t>(numbers.post);
    const int64_t* bounds = static_cast<const int64_t*>(here.machine.arrays[numbers.first]) + here.block;
    auto& block = here.trial.stages[stage * here.machine.blocks + here.block];
    Real* sum = block.sum.data() + slot_of(here, slot) - here.span(numbers.population).first;
    const uint32_t tick = here.counter();
    constexpr int lanes = Binomial::TOGETHER;
    uint32_t word[lanes];
    Real drawn[lanes];
    for (int64_t at = bounds[0]; at < bounds[1];) {
        const bool in_row = at + lanes <= bounds[1] && post[at + lanes - 1] - post[at] == lanes - 1 && post[at] % 2 == 0;
        const auto first = static_cast<uint32_t>(post[at]);
        if (in_row) {
            private_words(key, tick, first, word);
            table.draw(word, drawn);
            Real* const target = sum + first;
            NEUROSIM_INDEPENDENT for (int lane = 0; lane < lanes; ++lane) target[lane] += drawn[lane];
            at += lanes;
        } else {
            const Words words = threefry(key, tick, first / 2);
            sum[first] += static_cast<Real>(table.one(first % 2 ? words.low : words.high));
            ++at;
        }
    }
}

}  // namespace neurosim
