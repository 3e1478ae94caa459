// exp and functions made of it, for double and float. They have neither branches nor calls, and are always
// inlined, so that loops over them run in vectors; the bits are the same either way. Multiply-adds are
// fused only where the code says so. Errors in units of the last place: exp below 1, expm1 below 1.5, cosh below
// 2, tanh, sinh, sigmoid and exprel below 2.5. Results of exp below about twice the smallest normal number are 0.
#pragma once

#include <cmath>
#include <limits>

#include "core/numbers/bits.hpp"

namespace neurosim {

// Constants of exp for each type: x = k log 2 + r with |r| at most log(2)/2. Adding `shift` rounds to k,
// and leaves k + bias - 1 in the low bits.
template <class Real>
struct Exponential;

template <>
struct Exponential<double> {
    static constexpr double log2_e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42fefa39efp-1,
                            ln2_low = 0x1.abc9e3b39803fp-56;
    // e^highest is the largest number.
    static constexpr double lowest = -708.0, highest = 0x1.62e42fefa39efp+9, above = 709.9, tiny = 0x1p-54;
    static constexpr double shift = 0x1.8p52 + 1022.0;
    static constexpr int mantissa = 52, bias = 1023;

    // (exp(r) - 1 - r)/r^2, a minimax (Remez) fit.
    [[gnu::always_inline]] static double rest(double r) {
        double sum = 0x1.1f9949e78f3b8p-29;
        sum = fused(sum, r, 0x1.af5f43c88125cp-26);
        sum = fused(sum, r, 0x1.27e4c34ccbd8cp-22);
        sum = fused(sum, r, 0x1.71ddf80dcabfap-19);
        sum = fused(sum, r, 0x1.a01a01b1b58b2p-16);
        sum = fused(sum, r, 0x1.a01a01affe20bp-13);
        sum = fused(sum, r, 0x1.6c16c16c1416cp-10);
        sum = fused(sum, r, 0x1.111111110f677p-7);
        sum = fused(sum, r, 0x1.555555555555bp-5);
        sum = fused(sum, r, 0x1.5555555555559p-3);
        return fused(sum, r, 0.5);
    }
};

template <>
struct Exponential<float> {
    static constexpr float log2_e = 0x1.715476p+0f, ln2_high = 0x1.62e430p-1f, ln2_low = -0x1.05c610p-29f;
    static constexpr float lowest = -86.9f, highest = 0x1.62e42ep+6f, above = 89.0f, tiny = 0x1p-25f;
    static constexpr float shift = 0x1.8p23f + 126.0f;
    static constexpr int mantissa = 23, bias = 127;

    [[gnu::always_inline]] static float rest(float r) {
        float sum = 0x1.a1a62ap-13f;
        sum = fused(sum, r, 0x1.6d754ap-10f);
        sum = fused(sum, r, 0x1.11108cp-7f);
        sum = fused(sum, r, 0x1.5554aep-5f);
        sum = fused(sum, r, 0x1.555556p-3f);
        return fused(sum, r, 0.5f);
    }
};

// x = k log 2 + r: `bits` holds k + bias - 1 in its low bits, `lost` is what rounding took from r, and
// exp(r) = 1 + r + lost + r^2 rest.
template <class Real>
struct Split {
    decltype(bits_of(Real())) bits;
    Real r, lost, rest;
};

template <class Real>
[[gnu::always_inline]] inline Split<Real> split(Real x) {
    using E = Exponential<Real>;
    const Real shifted = fused(x, E::log2_e, E::shift);
    const Real k = shifted - E::shift;
    const Real exact = fused(-k, E::ln2_high, x);
    const Real r = fused(-k, E::ln2_low, exact);
    return {bits_of(shifted), r, fused(-k, E::ln2_low, exact - r), E::rest(r)};
}

// exp(x) as 2 exp(r) times 2^(k-1), so that both factors are normal numbers if the result is one; from
// `highest` to `above` the product overflows by itself. What r lost is less than a tenth of the last place,
// and left out.
template <class Real>
[[gnu::always_inline]] inline Real exp_(Real x) {
    using E = Exponential<Real>;
    const Split<Real> part = split(E::above < x ? E::above : x);
    const Real twice = fused(fused(part.r * part.r, part.rest, part.r), Real(2), Real(2));
    const Real value = twice * from_bits(part.bits << E::mantissa);
    return x < E::lowest ? Real(0) : value;
}

// exp(x) - 1 = 2 (2^(k-1) - 1/2 + 2^(k-1) (exp(r) - 1)), which overflows only where the result does.
template <class Real>
[[gnu::always_inline]] inline Real expm1_(Real x) {
    using E = Exponential<Real>;
    const Split<Real> part = split(x > E::above ? E::above : x < E::lowest ? E::lowest : x);
    const Real half_power = from_bits(part.bits << E::mantissa);
    const Real curve = part.r + fused(part.r * part.r, part.rest, part.lost);
    const Real value = Real(2) * fused(half_power, curve, half_power - Real(0.5));
    return std::fabs(x) < E::tiny ? x : value;
}

// With h = (exp(2|x|) - 1)/2, tanh |x| = h/(h + 1), which is 1 from `most` on.
template <class Real>
[[gnu::always_inline]] inline Real tanh_(Real x) {
    constexpr Real most = sizeof(Real) == 8 ? Real(20) : Real(10);
    const Real size = std::fabs(x);
    const Split<Real> part = split(Real(2) * (size > most ? most : size));
    const Real half_power = from_bits(part.bits << Exponential<Real>::mantissa);
    const Real curve = part.r + fused(part.r * part.r, part.rest, part.lost);
    const Real half = fused(half_power, curve, half_power - Real(0.5));
    return std::copysign(half / (half + Real(1)), x);
}

template <class Real>
[[gnu::always_inline]] inline Real sigmoid_(Real x) {
    return Real(1) / (Real(1) + exp_(-x));
}

// (exp(x) - 1)/x, and 1 at 0.
[[gnu::always_inline]] inline double exprel_(double x) {
    const double value = expm1_(x) / x;
    return x == 0.0                           ? 1.0
           : x > Exponential<double>::highest ? std::numeric_limits<double>::infinity()
                                              : value;
}

[[gnu::always_inline]] inline float exprel_(float x) {
    return static_cast<float>(exprel_(static_cast<double>(x)));
}

// cosh and sinh become infinite where exp(|x|)/2 does; here x is bounded just above, so that k - 2 still is
// the exponent of a number.
template <class Real>
[[gnu::always_inline]] inline Real bounded_size(Real x) {
    constexpr Real bound = sizeof(Real) == 8 ? Real(710.7) : Real(89.6);
    const Real size = std::fabs(x);
    return size > bound ? bound : size;
}

// (exp |x| + exp -|x|)/2 with half = exp(|x|)/2, so that the other term is 1/(4 half).
template <class Real>
[[gnu::always_inline]] inline Real cosh_(Real x) {
    const Split<Real> part = split(bounded_size(x));
    const Real twice = fused(fused(part.r * part.r, part.rest, part.r), Real(2), Real(2));
    const Real half = twice * from_bits((part.bits - 1) << Exponential<Real>::mantissa);
    return half + Real(0.25) / half;
}

// With m = exp |x| - 1, sinh |x| = (m + m/(m + 1))/2. `quarter` is m/4, which is finite where sinh is; the
// quotient is less than half a unit in the last place from 40 on.
template <class Real>
[[gnu::always_inline]] inline Real sinh_(Real x) {
    using E = Exponential<Real>;
    const Real size = bounded_size(x);
    const Split<Real> part = split(size);
    const Real quarter_power = from_bits((part.bits - 1) << E::mantissa);
    const Real curve = part.r + fused(part.r * part.r, part.rest, part.lost);
    const Real quarter = fused(quarter_power, curve, quarter_power - Real(0.25));
    const Real other = Real(2) * quarter / fused(Real(4), quarter, Real(1));
    const Real value = fused(Real(2), quarter, size > Real(40) ? Real(0) : other);
    return std::fabs(x) < E::tiny ? x : std::copysign(value, x);
}

}  // namespace neurosim
