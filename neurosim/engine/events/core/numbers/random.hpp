// Counter-based random numbers, line by line those of plan/random.py, with the same bits. A number is a
// function of a key (seed, object, block of text, call, trial) and a counter (tick and element, or sender
// and position) alone. Source: Salmon, Moraes, Dror & Shaw 2011, SC11, doi:10.1145/2063384.2063405.
// Threefry-2x32, 13 rounds.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/numbers/bits.hpp"
#include "core/numbers/logarithm.hpp"
#include "core/numbers/trigonometric.hpp"

namespace neurosim {

struct Key {
    uint32_t k0, k1;
};

struct Words {
    uint32_t high, low;
};

[[gnu::always_inline]] inline void threefry_round(uint32_t& x0, uint32_t& x1, int turn) {
    x0 += x1;
    x1 = ((x1 << turn) | (x1 >> (32 - turn))) ^ x0;
}

// Two 32-bit random words for the counter (c0, c1) under the key.
[[gnu::always_inline]] inline Words threefry(Key key, uint32_t c0, uint32_t c1) {
    const uint32_t k2 = key.k0 ^ key.k1 ^ 0x1BD11BDAu;
    uint32_t x0 = c0 + key.k0, x1 = c1 + key.k1;
    threefry_round(x0, x1, 13);
    threefry_round(x0, x1, 15);
    threefry_round(x0, x1, 26);
    threefry_round(x0, x1, 6);
    x0 += key.k1;
    x1 += k2 + 1;
    threefry_round(x0, x1, 17);
    threefry_round(x0, x1, 29);
    threefry_round(x0, x1, 16);
    threefry_round(x0, x1, 24);
    x0 += k2;
    x1 += key.k0 + 2;
    threefry_round(x0, x1, 13);
    threefry_round(x0, x1, 15);
    threefry_round(x0, x1, 26);
    threefry_round(x0, x1, 6);
    x0 += key.k0;
    x1 += key.k1 + 3;
    threefry_round(x0, x1, 17);
    return {x0, x1};
}

// The key of one trial, so that trials are independent. It changes every 2^32 ticks, when the counter
// starts again at 0.
[[gnu::always_inline]] inline Key trial_key(Key base, uint32_t trial, int64_t tick = 0) {
    const Words words = threefry(base, trial, 0x54524C ^ static_cast<uint32_t>(tick >> 32));
    return {words.high, words.low};
}

// 53 random bits as a double in [0, 1): the 32 high bits above 2^73, the 21 low ones above 2^52.
[[gnu::always_inline]] inline double to_uniform(Words words) {
    const double high = from_bits(static_cast<uint64_t>(words.high) | 0x4480000000000000u);
    const double low = from_bits(static_cast<uint64_t>(words.low >> 11) | 0x4330000000000000u);
    return ((high - (0x1p73 + 0x1p52)) + low) * 0x1p-53;
}

// A standard normal number by Box & Muller's transform: sqrt(-2 log a) cos(2 pi b), a in (0, 1), b in [0, 1).
[[gnu::always_inline]] inline double to_normal(Words words) {
    const double a = (to_double(words.high) + 0.5) * 0x1p-32;
    return std::sqrt(-2.0 * portable_log(a)) * portable_cos_turns(words.low);
}

// An integer below n (n at most 2^32).
inline uint32_t to_below(Words words, uint64_t n) { return static_cast<uint32_t>((words.high * n) >> 32); }

// A geometric random number, how many misses come before the next hit: floor(log(u)/log_miss), u in (0, 1],
// where log_miss is the logarithm of the probability of a miss.
[[gnu::always_inline]] inline double to_gap(Words words, double log_miss) {
    return std::floor(portable_log(1.0 - to_uniform(words)) / log_miss);
}

[[gnu::always_inline]] inline double uniform(Key key, uint32_t c0, uint32_t c1) {
    return to_uniform(threefry(key, c0, c1));
}

[[gnu::always_inline]] inline double normal(Key key, uint32_t c0, uint32_t c1) {
    return to_normal(threefry(key, c0, c1));
}

[[gnu::always_inline]] inline double bernoulli(Key key, uint32_t c0, uint32_t c1, double p) {
    return uniform(key, c0, c1) < p ? 1.0 : 0.0;
}

}  // namespace neurosim
