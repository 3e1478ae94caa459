// Powers, without branches or calls, so that loops over them run in vectors; the bits are the same either
// way. Errors below one unit in the last place.
#pragma once

#include <cmath>
#include <limits>

#include "core/numbers/bits.hpp"
#include "core/numbers/exponential.hpp"

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

// exp(x + more), where `more` is below the last bit of x.
[[gnu::always_inline]] inline double exp_of_sum(double x, double more) {
    using E = Exponential<double>;
    x = std::fabs(x) > 800.0 ? std::copysign(800.0, x) : x;
    const double shifted = fused(x, E::log2_e, E::shift);
    const double k = shifted - E::shift;
    const double exact = fused(-k, E::ln2_high, x);
    const double tail = fused(-k, E::ln2_low, more);
    const double r = exact + tail;
    const double lost = (exact - r) + tail;
    const double value = 1.0 + (r + fused(r * r, E::rest(r), lost));
    // 2^k as two factors, so that subnormal results are rounded once, and those that are too large become
    // infinite.
    const uint64_t bits = bits_of(shifted) + E::bias + 1, half = bits >> 1;
    return value * from_bits(half << E::mantissa) * from_bits((bits - half) << E::mantissa);
}

// x to the power n: exp(n log |x|), with the sign and the special cases of C's pow. No choice depends on n
// alone: GCC would take it out of loops in which n is constant, and then not run them in vectors.
[[gnu::always_inline]] inline double power(double x, double n) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double size = std::fabs(x);
    const Pair log = long_log(size);
    double high = size < infinity ? log.high : size;
    high = size == 0.0 ? -infinity : high;
    const double product = n * high;
    const double error = fused(n, high, -product) + n * log.low;
    double value = exp_of_sum(product, std::fabs(product) < 1e4 ? error : 0.0);
    value = (size == 1.0) & (n == n) ? 1.0 : value;
    // Negative x: odd powers are negative, and powers that are not integers are NaN.
    const bool whole = std::nearbyint(n) == n, odd = whole & (std::nearbyint(0.5 * n) != 0.5 * n);
    value = odd & (x == x) ? std::copysign(value, x) : value;
    value = (x < 0.0) & (size < infinity) & !whole ? std::numeric_limits<double>::quiet_NaN() : value;
    return (n == 0.0) | (x == 1.0) ? 1.0 : value;
}

// Squares are x x, as in numpy, also if the exponent is computed.
[[gnu::always_inline]] inline double pow_(double x, double n) {
    const double value = power(x, n);
    return (n == 2.0) & (x == x) ? x * x : value;
}

[[gnu::always_inline]] inline float pow_(float x, float n) {
    const float value = static_cast<float>(power(static_cast<double>(x), static_cast<double>(n)));
    return (n == 2.0f) & (x == x) ? x * x : value;
}

template <class Real>
inline Real power2_(Real x) {
    return x * x;
}

template <class Real>
inline Real power3_(Real x) {
    return x * x * x;
}

template <class Real>
inline Real power4_(Real x) {
    const Real square = x * x;
    return square * square;
}

}  // namespace neurosim
