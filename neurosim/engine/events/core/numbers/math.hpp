// The functions that text may call, each for double and float, defined as in numpy
// (`network/function_table.py`). Loops over them run in vectors, except those of floor_mod_ and floor_div_, with
// the same bits either way.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/numbers/binomial.hpp"
#include "core/numbers/exponential.hpp"
#include "core/numbers/inverse_trigonometric.hpp"
#include "core/numbers/logarithm.hpp"
#include "core/numbers/long_logarithm.hpp"
#include "core/numbers/poisson.hpp"
#include "core/numbers/power.hpp"
#include "core/numbers/table.hpp"
#include "core/numbers/trigonometric.hpp"

namespace neurosim {

template <class Real>
inline Real sqrt_(Real x) {
    return std::sqrt(x);
}

inline double floor_(double x) { return std::floor(x); }
inline float floor_(float x) { return std::floor(x); }

inline double ceil_(double x) { return std::ceil(x); }
inline float ceil_(float x) { return std::ceil(x); }

// Rounds to the nearest integer, half to even.
inline double round_(double x) { return std::nearbyint(x); }
inline float round_(float x) { return std::nearbyint(x); }

inline double abs_(double x) { return std::fabs(x); }
inline float abs_(float x) { return std::fabs(x); }

template <class Number>
inline Number sign_(Number x) {
    return x > Number(0) ? Number(1) : x < Number(0) ? Number(-1) : x == Number(0) ? Number(0) : x;
}

// Rounds towards zero.
inline double whole_(double x) { return std::trunc(x); }

// The larger or the smaller of two numbers; NaN if one of them is.
template <class Number>
inline Number maximum_(Number a, Number b) {
    return (a >= b) | (a != a) ? a : b;
}

template <class Number>
inline Number minimum_(Number a, Number b) {
    return (a <= b) | (a != a) ? a : b;
}

// The minimum of `high` and the maximum of x and `low`. That maximum is NaN only if x or `low` is, which is
// written so that loops run in vectors.
template <class Number>
inline Number clip_(Number x, Number low, Number high) {
    const Number above = maximum_(x, low), top = low != low ? low : high;
    return (above <= top) | (x != x) ? above : top;
}

template <class Number>
inline Number where_(bool condition, Number yes, Number no) {
    return condition ? yes : no;
}

// x modulo y, with the sign of y.
template <class Real>
inline Real floor_mod_(Real x, Real y) {
    const Real rest = std::fmod(x, y);
    if (rest == Real(0)) return std::copysign(Real(0), y);
    return (rest < Real(0)) != (y < Real(0)) ? rest + y : rest;
}

// The quotient x/y rounded down.
template <class Real>
inline Real floor_div_(Real x, Real y) {
    if (y == Real(0)) return x / y;
    const Real rest = std::fmod(x, y);
    Real quotient = (x - rest) / y;
    if (rest != Real(0) && (rest < Real(0)) != (y < Real(0))) quotient -= Real(1);
    if (quotient == Real(0)) return std::copysign(Real(0), x / y);
    const Real below = std::floor(quotient);
    return quotient - below > Real(0.5) ? below + Real(1) : below;
}

}  // namespace neurosim
