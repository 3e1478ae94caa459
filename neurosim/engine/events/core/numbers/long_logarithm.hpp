// Natural logarithms to more bits than a double has, and from them the logarithm to the base 10, without
// branches or calls. log10 is right to 0.51 units in the last place, so that powers of ten give whole numbers.
#pragma once

#include <cmath>
#include <limits>

#include "core/numbers/bits.hpp"

namespace neurosim {

// A number as the sum of two, the second of which is far below the last bit of the first.
struct Pair {
    double high, low;
};

[[gnu::always_inline]] inline Pair pair_of(double large, double small) {
    const double high = large + small;
    return {high, small - (high - large)};
}

// The logarithm of a positive finite number to some 66 bits; see logarithm.hpp.
[[gnu::always_inline]] inline Pair long_log(double x) {
    constexpr uint64_t one = 0x3FF0000000000000u, root_half = 0x3FE6A09E00000000u;
    const bool small = x < std::numeric_limits<double>::min();
    const uint64_t bits = bits_of(small ? x * 0x1p54 : x) + (one - root_half);
    const double k = from_bits((bits >> 52) | 0x4330000000000000u) -
                     (small ? 0x1p52 + 1077.0 : 0x1p52 + 1023.0);
    const double f = from_bits((bits & 0x000FFFFFFFFFFFFFu) + root_half) - 1.0;
    // s = f/(2 + f), its square z, and the series of the logarithm, 2 s + s z (2/3 + z (2/5 + ...)), as
    // pairs; only the rest of the series is a single number.
    const Pair below = pair_of(2.0, f);
    const double inverse = 1.0 / below.high;
    const double s = f * inverse;
    const double s_low = (fused(-s, below.high, f) - s * below.low) * inverse;
    const double z = s * s;
    const double z_low = fused(s, s, -z) + 2.0 * s * s_low;
    double rest = 0x1.0e49d276ff702p-3;
    rest = fused(rest, z, 0x1.0f7f2d576d75ep-3);
    rest = fused(rest, z, 0x1.3b1ef3b318952p-3);
    rest = fused(rest, z, 0x1.745ce9bb7c154p-3);
    rest = fused(rest, z, 0x1.c71c722dd237dp-3);
    rest = fused(rest, z, 0x1.24924924578f6p-2);
    rest = fused(rest, z, 0x1.9999999999b32p-2);
    const Pair series = pair_of(0x1.5555555555555p-1, z * rest);
    const double t = z * series.high;
    const double t_low = fused(z, series.high, -t) +
                         (z * (series.low + 0x1.5555555555555p-55) + z_low * series.high);
    const double u = s * t;
    const double u_low = fused(s, t, -u) + (s * t_low + s_low * t);
    const Pair mantissa = pair_of(2.0 * s, u);
    // The first term is 0 or the larger one, and exact: k times 42 bits.
    const Pair sum = pair_of(k * 0x1.62e42fefa3800p-1, mantissa.high);
    return pair_of(sum.high,
                   sum.low + (mantissa.low + (fused(k, 0x1.ef35793c76730p-45, 2.0 * s_low) + u_low)));
}

// log(x) times 1/log(10), which is given to 106 bits.
[[gnu::always_inline]] inline double log10_(double x) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double inverse = 0x1.bcb7b1526e50ep-2, inverse_low = 0x1.95355baaafad3p-57;
    const Pair log = long_log(x);
    const double product = log.high * inverse;
    const double lost = fused(log.high, inverse, -product);
    double value = product + (lost + fused(log.high, inverse_low, log.low * inverse));
    value = x < infinity ? value : x;  // infinity and NaN
    value = x == 0.0 ? -infinity : value;
    return x < 0.0 ? std::numeric_limits<double>::quiet_NaN() : value;
}

[[gnu::always_inline]] inline float log10_(float x) {
    return static_cast<float>(log10_(static_cast<double>(x)));
}

}  // namespace neurosim
