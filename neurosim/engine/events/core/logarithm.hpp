// Natural logarithms: + - * / and bits only, so the same bits on every machine, in loops of one number or of many.
// portable_log is line by line that of plan/portable.py.
#pragma once

#include <cmath>

#include "bits.hpp"

namespace neurosim {

// The logarithm of a finite number from 2^-1022 on; below one unit in the last place off.
// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = 2 artanh(s), s = f/(2 + f).
inline double portable_log(double x) {
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

}  // namespace neurosim
