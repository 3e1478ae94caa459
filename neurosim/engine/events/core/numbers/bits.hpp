// Floating-point numbers as bits, and back.
#pragma once

#include <cstdint>
#include <cstring>

namespace neurosim {

inline uint64_t bits_of(double x) {
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline uint32_t bits_of(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline double from_bits(uint64_t bits) {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

inline float from_bits(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// An integer below 2^52 as a double. It is put into the mantissa of 2^52, because few machines can convert
// vectors of 64-bit integers.
inline double to_double(uint64_t whole) { return from_bits(whole | 0x4330000000000000u) - 0x1p52; }

// A number rounded to 16 bits, halves to even (plan/half.py): to the high half of a float.
inline float to_half(float x) {
    const uint32_t bits = bits_of(x);
    return from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

// a b + c, rounded once.
inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

}  // namespace neurosim
