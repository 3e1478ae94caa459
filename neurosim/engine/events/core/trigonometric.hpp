// Sines and cosines. portable_cos_turns, sine and cosine are line by line those of plan/portable.py: + - * / and bits only.
#pragma once

#include <cmath>

#include "bits.hpp"

namespace neurosim {

// sin(high + low) within pi/4, for a low part far below the high one.
inline double sine(double high, double low) {
    const double y = high + low;
    const double z = y * y;
    double rest = 0x1.5d932fce45363p-33;
    rest = rest * z + -0x1.ae5e66f1e95b1p-26;
    rest = rest * z + 0x1.71de3578c2d81p-19;
    rest = rest * z + -0x1.a01a019c12fd0p-13;
    rest = rest * z + 0x1.111111110f887p-7;
    rest = rest * z + -0x1.5555555555549p-3;
    return high + (low + z * y * rest);
}

// cos(high + low) within pi/4, for a low part far below the high one.
inline double cosine(double high, double low) {
    const double y = high + low;
    const double z = y * y;
    const double lost = low - (y - high);
    double rest = -0x1.8faebb9651c52p-37;
    rest = rest * z + 0x1.1ee9ec2551557p-29;
    rest = rest * z + -0x1.27e4f80a49a34p-22;
    rest = rest * z + 0x1.a01a019cb23a9p-16;
    rest = rest * z + -0x1.6c16c16c15183p-10;
    rest = rest * z + 0x1.555555555554cp-5;
    return 1.0 - (0.5 * z - (z * z * rest - y * lost));
}

// cos(2 pi b 2^-32): the nearest quarter turn comes off in whole numbers, exactly.
inline double portable_cos_turns(uint32_t b) {
    const uint32_t quarter = (b + 0x20000000u) >> 30;
    const double rest = static_cast<double>(static_cast<int32_t>(b - (quarter << 30)));
    const double high = rest * 0x1.921fb40000000p-30, low = rest * 0x1.4442d18469899p-54;
    const double of_sine = sine(high, low), of_cosine = cosine(high, low);
    const uint64_t sign = static_cast<uint64_t>((quarter + 1) & 2) << 62;
    return from_bits(bits_of(quarter & 1 ? of_sine : of_cosine) ^ sign);
}

}  // namespace neurosim
