// The numbers of synapses, in short loops of one fixed length that compilers turn into vectors: the bits of plan/draw.py.
#pragma once
#include <cmath>
#include <cstdint>

#include "core/feed.hpp"
#include "core/random.hpp"

namespace neurosim {

// Columns that are drawn into have room for a whole stretch behind their last number, which may be overwritten.
constexpr int STRETCH = 32;

// The random words (first, second) to (first, second + STRETCH - 1).
struct Stretch {
    uint32_t high[STRETCH], low[STRETCH];

    Stretch(Key key, uint32_t first, uint32_t second) {
        for (int i = 0; i < STRETCH; i++) {
            const Words words = threefry(key, first, second + static_cast<uint32_t>(i));
            high[i] = words.high;
            low[i] = words.low;
        }
    }
    Words at(int i) const { return {high[i], low[i]}; }
};

// Whole numbers below n, counted by (sender, 0) to (sender, count - 1).
inline void draw_below(Key key, int64_t n, uint32_t sender, int64_t count, uint32_t* __restrict out) {
    for (int64_t first = 0; first < count; first += STRETCH) {
        const Stretch words(key, sender, static_cast<uint32_t>(first));
        for (int i = 0; i < STRETCH; i++) out[first + i] = to_below(words.at(i), static_cast<uint64_t>(n));
    }
}

// Applies `number` to every stretch of random words, and `keep` to what comes of it.
template <class Out, class Number, class Keep>
void draw_each(const Numbers& given, uint32_t sender, int64_t count, Out* __restrict out, Number number, Keep keep) {
    for (int64_t first = 0; first < count; first += STRETCH) {
        const Stretch words(given.key, sender, static_cast<uint32_t>(first));
        for (int i = 0; i < STRETCH; i++) out[first + i] = keep(number(words.at(i)));
    }
}

// One number per synapse of a local sender, as `keep` stores it; `target` holds the local targets.
template <class Out, class Keep>
void draw_numbers(const Numbers& given, const Feed& feed, int64_t sender, const uint32_t* target, int64_t count, Out* __restrict out, Keep keep) {
    const double a = given.first, b = given.second, low = given.low, high = given.high;
    const auto row = static_cast<uint32_t>(sender);
    switch (given.kind) {
        case Kind::number: {
            const Out one = keep(a);
            for (int64_t i = 0; i < count; i++) out[i] = one;
            return;
        }
        case Kind::normal:
            return draw_each(given, row, count, out, [=](Words words) {
                double x = a + b * to_normal(words);
                x = x < low ? low : x;
                return x > high ? high : x;
            }, keep);
        case Kind::uniform:
            return draw_each(given, row, count, out, [=](Words words) { return a + b * to_uniform(words); }, keep);
        case Kind::dale: {
            const double sign = given.values[sender];
            return draw_each(given, row, count, out, [=](Words words) { return sign * std::fabs(1.0 + 0.5 * to_normal(words)); }, keep);
        }
        case Kind::target:
            for (int64_t i = 0; i < count; i++) out[i] = keep(given.values[target[i]]);
            return;
        case Kind::pair:
            for (int64_t i = 0; i < count; i++) out[i] = keep(given.values[target[i] * feed.pre.size + sender]);
    }
}

template <class Weight>
void draw_weights(const Feed& feed, int64_t sender, const uint32_t* target, int64_t count, Weight* out) {
    draw_numbers(feed.weight, feed, sender, target, count, out, [](double number) { return static_cast<Weight>(number); });
}

// Delays in ticks, rounded half to even.
inline void draw_delays(const Feed& feed, int64_t sender, const uint32_t* target, int64_t count, uint32_t* out) {
    const double dt = feed.dt;
    draw_numbers(feed.delay, feed, sender, target, count, out, [dt](double number) {
        return static_cast<uint32_t>(static_cast<int32_t>(std::rint(number / dt)));
    });
}

}  // namespace neurosim
