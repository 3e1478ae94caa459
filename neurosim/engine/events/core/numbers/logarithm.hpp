// Natural logarithms for double and float. They use + - * / and bits only, so that they give the same bits
// on every machine, in vectors or one by one. portable_log is line by line that of plan/portable_math.py.
// Errors: log below one unit in the last place, log1p below two.
#pragma once

#include <cmath>
#include <limits>

#include "core/numbers/bits.hpp"

namespace neurosim {

// The logarithm of a finite number from 2^-1022 on, with an error below one unit in the last place.
// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = 2 artanh(s), s = f/(2 + f).
[[gnu::always_inline]] inline double portable_log(double x) {
    constexpr uint64_t one = 0x3FF0000000000000u, root_half = 0x3FE6A09E00000000u;
    const uint64_t bits = bits_of(x) + (one - root_half);
    const double k = from_bits((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
    const double f = from_bits((bits & 0x000FFFFFFFFFFFFFu) + root_half) - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double half = 0.5 * f * f;
    double rest = 0x1.2f0d91442e890p-3;
    rest = rest * z + 0x1.39a0f4bee614fp-3;
    rest = rest * z + 0x1.7466462f22e6bp-3;
    rest = rest * z + 0x1.c71c51e7eb6c7p-3;
    rest = rest * z + 0x1.2492494217accp-2;
    rest = rest * z + 0x1.999999997fb31p-2;
    rest = rest * z + 0x1.5555555555593p-1;
    rest = z * rest;
    return k * 0x1.62e42fefa3800p-1 - ((half - (s * (half + rest) + k * 0x1.ef35793c76730p-45)) - f);
}

// The same for float.
[[gnu::always_inline]] inline float portable_log(float x) {
    constexpr uint32_t one = 0x3F800000u, root_half = 0x3F3504F3u;
    const uint32_t bits = bits_of(x) + (one - root_half);
    const float k = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127);
    const float f = from_bits((bits & 0x007FFFFFu) + root_half) - 1.0f;
    const float s = f / (2.0f + f);
    const float z = s * s;
    const float half = 0.5f * f * f;
    float rest = 0x1.e2fdaep-3f;
    rest = rest * z + 0x1.2438aap-2f;
    rest = rest * z + 0x1.999a7cp-2f;
    rest = rest * z + 0x1.555554p-1f;
    rest = z * rest;
    return k * 0x1.62e400p-1f - ((half - (s * (half + rest) + k * 0x1.7f7d1cp-20f)) - f);
}

// The logarithm of any number; subnormal ones are scaled up first.
template <class Real>
[[gnu::always_inline]] inline Real log_(Real x) {
    using Limits = std::numeric_limits<Real>;
    constexpr Real scale = sizeof(Real) == 8 ? Real(0x1p54) : Real(0x1p25);
    constexpr Real of_scale = sizeof(Real) == 8 ? Real(0x1.2b708872320e2p+5) : Real(0x1.154246p+4);
    const bool small = x < Limits::min();
    Real value = portable_log(small ? x * scale : x);
    value = small ? value - of_scale : value;
    value = x <= Limits::max() ? value : x;  // infinity and NaN
    value = x == Real(0) ? -Limits::infinity() : value;
    return x < Real(0) ? Limits::quiet_NaN() : value;
}

// log(1 + x): the logarithm of the rounded sum, corrected for what rounding lost.
template <class Real>
[[gnu::always_inline]] inline Real log1p_(Real x) {
    const Real sum = Real(1) + x;
    const Real added = sum - Real(1);
    const Real lost = (Real(1) - (sum - added)) + (x - added);
    const Real value = log_(sum);
    const Real corrected = std::fabs(value) <= std::numeric_limits<Real>::max() ? value + lost / sum : value;
    return sum == Real(1) ? x : corrected;
}

}  // namespace neurosim
