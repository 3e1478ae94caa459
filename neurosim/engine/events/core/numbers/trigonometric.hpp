// Sines and cosines of numbers of any size, without branches or calls, so that loops over them run in
// vectors; the bits are the same either way. portable_cos_turns, sine and cosine are line by line those of
// plan/portable_math.py, with + - * / and bits only. Errors below one unit in the last place; those of tan
// below 2.5.
#pragma once

#include <cmath>

#include "core/numbers/bits.hpp"

namespace neurosim {

// sin(high + low) for |high| at most pi/4, and a low part far below the high one.
[[gnu::always_inline]] inline double sine(double high, double low) {
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

// cos(high + low) for |high| at most pi/4, and a low part far below the high one.
[[gnu::always_inline]] inline double cosine(double high, double low) {
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

// cos(2 pi b 2^-32). The nearest quarter turn is subtracted exactly, in integers.
[[gnu::always_inline]] inline double portable_cos_turns(uint32_t b) {
    const uint32_t quarter = (b + 0x20000000u) >> 30;
    const double rest = static_cast<double>(static_cast<int32_t>(b - (quarter << 30)));
    const double high = rest * 0x1.921fb40000000p-30, low = rest * 0x1.4442d18469899p-54;
    const double of_sine = sine(high, low), of_cosine = cosine(high, low);
    const uint64_t sign = static_cast<uint64_t>((quarter + 1) & 2) << 62;
    return from_bits(bits_of(quarter & 1 ? of_sine : of_cosine) ^ sign);
}

// An angle as quarter turns (modulo 4, in the low bits) and a rest high + low of at most pi/4.
struct Angle {
    uint64_t quarter;
    double high, low;
};

// The angle of `quarter` + `part` + `lost` quarter turns, where `lost` is far below `part`.
[[gnu::always_inline]] inline Angle angle(uint64_t quarter, double part, double lost) {
    const double high = part * 0x1.921fb54442d18p+0;
    return {quarter, high,
            fused(part, 0x1.921fb54442d18p+0, -high) +
                (part * 0x1.1a62633145c07p-54 + lost * 0x1.921fb54442d18p+0)};
}

// The angle x below 2^51: x times 2/pi, which is given to 160 bits, minus the nearest integer.
[[gnu::always_inline]] inline Angle moderate_angle(double x) {
    constexpr double first = 0x1.45f306dc9c883p-1, second = -0x1.6b01ec5417056p-55,
                     third = -0x1.6447e493ad4cep-109;
    const double product = x * first, next = x * second;
    const double shifted = product + 0x1.8p52;
    const double part = product - (shifted - 0x1.8p52);
    const double error = fused(x, first, -product);
    const double sum = part + error;
    const double of_sum = (part - (sum - (sum - part))) + (error - (sum - part));
    const double total = sum + next;
    const double of_total = (sum - (total - (total - sum))) + (next - (total - sum));
    return angle(bits_of(shifted), total, of_sum + (of_total + fused(x, third, fused(x, second, -next))));
}

// The bits of 1/(4 pi) after the binary point.
constexpr uint64_t inverse_pi[18] = {
    0x145F306DC9C882A5u, 0x3F84EAFA3EA69BB8u, 0x1B6C52B327887208u, 0x3FCA2C757BD778ACu, 0x36E48DC74849BA5Cu,
    0x00C925DD413A3243u, 0x9FC3BD63962534E7u, 0xDD1046BEA5D76890u, 0x9D338E04D68BEFC8u, 0x27323AC7306A673Eu,
    0x93908BF177BF2507u, 0x63FF12FFFBC0B301u, 0xFDE5E2316B414DA3u, 0xEDA6CFD9E4F96136u, 0xE9E8C7ECD3CBFD45u,
    0xAEA4F758FD7CBE2Fu, 0x67A0E73EF14A525Du, 0x4D7F6BF623F1ABA1u,
};

// The angle x from 2^51 on, by Payne & Hanek's method: x = m 2^(e - 1) is multiplied by those bits of 2/pi
// that contribute less than four quarter turns. The rest is right to 2^-61.
[[gnu::always_inline]] inline Angle huge_angle(double x) {
    const uint64_t bits = bits_of(x), exponent = (bits >> 52) & 0x7FF;
    const uint64_t e = exponent > 1074 ? exponent - 1074 : 0, word = e >> 6, turn = e & 63;
    const uint64_t first = (inverse_pi[word] << turn) | ((inverse_pi[word + 1] >> 1) >> (63 - turn));
    const uint64_t second = (inverse_pi[word + 1] << turn) | ((inverse_pi[word + 2] >> 1) >> (63 - turn));
    const uint64_t m = (bits & 0x000FFFFFFFFFFFFFu) | 0x0010000000000000u;
    const double carried = to_double(m & 0x000FFFFFFFFFFFFFu) + 0x1p52;
    const uint64_t carry = bits_of(carried * to_double(second >> 12) * 0x1p-53 + 0x1p52) << 12 >> 11;
    const uint64_t positive = m * first + carry;
    const uint64_t turns = bits >> 63 ? 0 - positive : positive;  // quarter turns times 2^62
    const uint64_t shifted = turns + 0x2000000000000000u, rest = shifted & 0x3FFFFFFFFFFFFFFFu;
    return angle(shifted >> 62, (to_double(rest >> 32) * 0x1p-30 - 0.5) + (x - x),
                 to_double(rest & 0xFFFFFFFFu) * 0x1p-62);
}

[[gnu::always_inline]] inline Angle reduced(double x) {
    const Angle moderate = moderate_angle(x), huge = huge_angle(x);
    const bool small = std::fabs(x) < 0x1p51;
    return {small ? moderate.quarter : huge.quarter, small ? moderate.high : huge.high,
            small ? moderate.low : huge.low};
}

[[gnu::always_inline]] inline double sin_(double x) {
    const Angle at = reduced(x);
    const double value = at.quarter & 1 ? cosine(at.high, at.low) : sine(at.high, at.low);
    return std::fabs(x) < 0x1p-27 ? x : from_bits(bits_of(value) ^ ((at.quarter & 2) << 62));
}

[[gnu::always_inline]] inline double cos_(double x) {
    const Angle at = reduced(x);
    const double value = at.quarter & 1 ? sine(at.high, at.low) : cosine(at.high, at.low);
    return from_bits(bits_of(value) ^ (((at.quarter + 1) & 2) << 62));
}

[[gnu::always_inline]] inline float sin_(float x) { return static_cast<float>(sin_(static_cast<double>(x))); }
[[gnu::always_inline]] inline float cos_(float x) { return static_cast<float>(cos_(static_cast<double>(x))); }

// sin/cos, and -cos/sin an odd number of quarter turns on; cos is never 0 in double.
[[gnu::always_inline]] inline double tan_(double x) {
    const Angle at = reduced(x);
    const bool odd = at.quarter & 1;
    const double of_sine = sine(at.high, at.low), of_cosine = cosine(at.high, at.low);
    const double value = (odd ? -of_cosine : of_sine) / (odd ? of_sine : of_cosine);
    return std::fabs(x) < 0x1p-27 ? x : value;
}

[[gnu::always_inline]] inline float tan_(float x) { return static_cast<float>(tan_(static_cast<double>(x))); }

}  // namespace neurosim
