// The inverses of sin, cos and tan, without branches or calls, so that loops over them run in vectors; the bits
// are the same either way. The polynomials are minimax (Remez) fits. Errors in units of the last place: arctan
// below 1, arcsin and arccos below 1.5.
#pragma once

#include <cmath>

#include "core/numbers/bits.hpp"

namespace neurosim {

// arctan |x| = arctan(c) + arctan(t) with t = (|x| - c)/(1 + c |x|), where c is 0, 1 or infinite, so that |t|
// is at most tan(pi/8). `low` is what rounding has taken from t.
[[gnu::always_inline]] inline double arctan_(double x) {
    const double size = std::fabs(x);
    const bool some = size > 0x1.a827999fcef32p-2, much = size > 0x1.3504f333f9de6p+1;  // tan of 1 and 3 pi/8
    const double above = much ? -1.0 : some ? size - 1.0 : size;
    const double below = much ? size : some ? size + 1.0 : 1.0;
    const double below_low = some & !much ? (size < 1.0 ? size - (below - 1.0) : 1.0 - (below - size)) : 0.0;
    const double inverse = 1.0 / below;
    const double t = above / below;
    const double rest_of_t = (fused(-t, below, above) - t * below_low) * inverse;
    const double low = much & (size > 0x1p60) ? 0.0 : rest_of_t;
    const double z = t * t;
    double rest = -0x1.259d55829703ep-6;
    rest = fused(rest, z, 0x1.37ed4744cba5ep-5);
    rest = fused(rest, z, -0x1.9cdc2a2f72ee0p-5);
    rest = fused(rest, z, 0x1.df11685d5b548p-5);
    rest = fused(rest, z, -0x1.10ebddb00518bp-4);
    rest = fused(rest, z, 0x1.3b111c66526c5p-4);
    rest = fused(rest, z, -0x1.745cf90b382aap-4);
    rest = fused(rest, z, 0x1.c71c70e7a37c3p-4);
    rest = fused(rest, z, -0x1.24924922b1244p-3);
    rest = fused(rest, z, 0x1.99999999958ecp-3);
    rest = fused(rest, z, -0x1.555555555553dp-2);
    const double high_of_c = much ? 0x1.921fb54442d18p+0 : some ? 0x1.921fb54442d18p-1 : 0.0;  // pi/2, pi/4
    const double low_of_c = much ? 0x1.1a62633145c07p-54 : some ? 0x1.1a62633145c07p-55 : 0.0;
    const double curve = fused(t * z, rest, low + low_of_c);
    const double sum = high_of_c + t;
    const double value = some ? sum + ((t - (sum - high_of_c)) + curve) : t + curve;
    return std::copysign(value, x);
}

// (arcsin(s) - s)/s^3 in z = s s, for s at most 1/2.
[[gnu::always_inline]] inline double arcsine_rest(double z) {
    double rest = 0x1.05ce8b7743cc7p-5;
    rest = fused(rest, z, -0x1.0af57d6f01787p-6);
    rest = fused(rest, z, 0x1.40b2603cf51f5p-6);
    rest = fused(rest, z, 0x1.aab2cdb3ba6b9p-8);
    rest = fused(rest, z, 0x1.8ee4c5da067dfp-7);
    rest = fused(rest, z, 0x1.c6f877dbf4df8p-7);
    rest = fused(rest, z, 0x1.1c6c281d898dfp-6);
    rest = fused(rest, z, 0x1.6e89ef71d7fe0p-6);
    rest = fused(rest, z, 0x1.f1c72c6dbda33p-6);
    rest = fused(rest, z, 0x1.6db6db41d20e0p-5);
    rest = fused(rest, z, 0x1.333333336f8c7p-4);
    return fused(rest, z, 0x1.5555555555387p-3);
}

// Up to 1/2, s = |x|; above, arcsin |x| = pi/2 - 2 arcsin(s) with s s = (1 - |x|)/2.
struct Arcsine {
    bool small;
    double s, curve;  // arcsin(s) = s + curve
};

[[gnu::always_inline]] inline Arcsine arcsine(double size) {
    const bool small = size <= 0.5;
    const double z = small ? size * size : 0.5 * (1.0 - size);
    const double s = small ? size : std::sqrt(z);
    return {small, s, s * z * arcsine_rest(z)};
}

[[gnu::always_inline]] inline double arcsin_(double x) {
    const Arcsine at = arcsine(std::fabs(x));
    const double large = 0x1.921fb54442d18p+0 - 2.0 * at.s;  // pi/2 - 2 s
    const double lost = (0x1.921fb54442d18p+0 - large) - 2.0 * at.s;
    const double rest = (lost + 0x1.1a62633145c07p-54) - 2.0 * at.curve;
    return std::copysign(at.small ? at.s + at.curve : large + rest, x);
}

// Up to 1/2 in size, pi/2 - arcsin(x); above, 2 arcsin(s), or for negative x pi minus that.
[[gnu::always_inline]] inline double arccos_(double x) {
    const Arcsine at = arcsine(std::fabs(x));
    const double near = 0x1.921fb54442d18p+0 - (x - (0x1.1a62633145c07p-54 - std::copysign(at.curve, x)));
    const double twice = 2.0 * (at.s + at.curve);
    const double far = 0x1.921fb54442d18p+1 - (2.0 * at.s + (2.0 * at.curve - 0x1.1a62633145c07p-53));
    return at.small ? near : x > 0.0 ? twice : far;
}

[[gnu::always_inline]] inline float arctan_(float x) {
    return static_cast<float>(arctan_(static_cast<double>(x)));
}

[[gnu::always_inline]] inline float arcsin_(float x) {
    return static_cast<float>(arcsin_(static_cast<double>(x)));
}

[[gnu::always_inline]] inline float arccos_(float x) {
    return static_cast<float>(arccos_(static_cast<double>(x)));
}

}  // namespace neurosim
