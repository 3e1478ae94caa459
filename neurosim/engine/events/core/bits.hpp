// The bits of numbers, and choices without a branch.
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

// A whole number below 2^52 as a double, by its place in the mantissa of 2^52: few machines convert 64-bit integers in vectors.
inline double to_double(uint64_t whole) { return from_bits(whole | 0x4330000000000000u) - 0x1p52; }

}  // namespace neurosim
