// Powers, without branches or calls, so that loops over them run in vectors; the bits are the same either
// way. Errors below one unit in the last place.
#pragma once

#include <cmath>
#include <limits>

#include "core/numbers/bits.hpp"
#include "core/numbers/exponential.hpp"
#include "core/numbers/long_logarithm.hpp"

namespace neurosim {

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
