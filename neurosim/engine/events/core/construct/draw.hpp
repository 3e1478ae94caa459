// The weights, delays and start values of synapses, with the bits of `NumberRecipe.draw` of
// network/recipe.py. They are drawn in loops of one fixed length (a stretch), which compilers turn into
// vectors.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/construct/pathway.hpp"
#include "core/numbers/random.hpp"

namespace neurosim {

// How many numbers are drawn at a time. Arrays that are drawn into have room for as many behind their last
// number.
constexpr int STRETCH = 32;

// The random words of the counters (first, second) to (first, second + STRETCH - 1).
struct RandomWords {
    uint32_t high[STRETCH], low[STRETCH];

    RandomWords(Key key, uint32_t first, uint32_t second) {
        for (int i = 0; i < STRETCH; i++) {
            const Words words = threefry(key, first, second + static_cast<uint32_t>(i));
            high[i] = words.high;
            low[i] = words.low;
        }
    }
    Words at(int i) const { return {high[i], low[i]}; }
};

// Integers below n, drawn with the counters (sender, 0) to (sender, count - 1).
inline void draw_below(Key key, int64_t n, uint32_t sender, int64_t count, uint32_t* __restrict out) {
    for (int64_t first = 0; first < count; first += STRETCH) {
        const RandomWords words(key, sender, static_cast<uint32_t>(first));
        for (int i = 0; i < STRETCH; i++) out[first + i] = to_below(words.at(i), static_cast<uint64_t>(n));
    }
}

// `count` numbers, each computed by number(words) from the random words of its position.
template <class Number>
void draw_each(const NumberRecipe& given, int64_t sender, int64_t count, double* __restrict out,
               Number number) {
    for (int64_t first = 0; first < count; first += STRETCH) {
        const RandomWords words(given.key, static_cast<uint32_t>(sender), static_cast<uint32_t>(first));
        for (int i = 0; i < STRETCH; i++) out[first + i] = number(words.at(i));
    }
}

// One number for each of the `count` synapses of a local sender, whose local targets are `target`.
inline void draw_numbers(const NumberRecipe& given, const Pathway& pathway, int64_t sender,
                         const uint32_t* target, int64_t count, double* __restrict out) {
    const double a = given.first, b = given.second, low = given.low, high = given.high;
    switch (given.law) {
        case NumberLaw::number: std::fill_n(out, count, a); return;
        case NumberLaw::normal:
            return draw_each(given, sender, count, out, [=](Words words) {
                double x = a + b * to_normal(words);
                x = x < low ? low : x;
                return x > high ? high : x;
            });
        case NumberLaw::uniform:
            return draw_each(given, sender, count, out,
                             [=](Words words) { return a + b * to_uniform(words); });
        case NumberLaw::dale: {
            const double sign = given.values[sender];
            return draw_each(given, sender, count, out,
                             [=](Words words) { return sign * std::fabs(1.0 + 0.5 * to_normal(words)); });
        }
        case NumberLaw::target:
            for (int64_t i = 0; i < count; i++) out[i] = given.values[target[i]];
            return;
        case NumberLaw::pair:
            for (int64_t i = 0; i < count; i++) out[i] = given.values[target[i] * pathway.pre.size + sender];
    }
}

}  // namespace neurosim
