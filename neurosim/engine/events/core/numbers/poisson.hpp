// Poisson random numbers by inversion, as in plan/random.py and plan/quantile.py: the smallest k whose
// cumulative probability exceeds a uniform number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/numbers/exponential.hpp"
#include "core/numbers/logarithm.hpp"
#include "core/numbers/random.hpp"

namespace neurosim {

// The probability of m = floor(rate), for m from 16 on. Stirling's series replaces the factorial, so that
// no large numbers cancel. Source: Loader 2000, Fast and accurate computation of binomial probabilities.
inline double poisson_peak(double m, double rate) {
    const double inverse = 1.0 / m, square = inverse * inverse, over = rate - m;
    const double series = 1.0 / 12 -
                          square * (1.0 / 360 -
                                    square * (1.0 / 1260 - square * (1.0 / 1680 - square * (1.0 / 1188))));
    return exp_(m * log1p_(over / m) - over - series * inverse) / std::sqrt(6.283185307179586 * m);
}

// The rational approximations of Wichura 1988, Algorithm AS 241; see plan/quantile.py.
namespace normal_quantile_ {
inline constexpr double CENTRE[2][8] = {
    {3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
     67265.7709270087, 33430.57558358813, 2509.0809287301227},
    {1.0, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
     28729.085735721943, 5226.495278852854},
};
inline constexpr double MIDDLE[2][8] = {
    {1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
     0.2417807251774506, 0.022723844989269184, 0.0007745450142783414},
    {1.0, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
     0.0005475938084995345, 1.0507500716444169e-09},
};
inline constexpr double TAIL[2][8] = {
    {6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
     0.0012426609473880784, 2.7115555687434876e-05, 2.0103343992922881e-07},
    {1.0, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
     1.8463183175100548e-05, 1.421511758316446e-07, 2.0442631033899397e-15},
};

inline double ratio(const double (&coefficients)[2][8], double r) {
    double above = coefficients[0][7], below = coefficients[1][7];
    for (int k = 6; k >= 0; --k)
        above = above * r + coefficients[0][k], below = below * r + coefficients[1][k];
    return above / below;
}
}  // namespace normal_quantile_

// The number below which a standard normal number lies with probability u, 0 < u < 1.
inline double portable_normal_quantile(double u) {
    using namespace normal_quantile_;
    const double q = u - 0.5;
    if (std::fabs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
    const double r = std::sqrt(-portable_log(q < 0 ? u : 1.0 - u));
    const double tail = r <= 5.0 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5.0);
    return q < 0 ? -tail : tail;
}

inline constexpr double LARGE_RATE = 1e6;  // above it, probabilities are not added up

// A Poisson number of a large rate, by Cornish & Fisher's expansion of the quantile.
inline double large_poisson(double u, double rate) {
    if (std::isinf(rate)) return rate;
    const double z = portable_normal_quantile(std::max(u, 0x1p-54));
    return std::floor(rate + (std::sqrt(rate) * z + ((z * z - 1.0) / 6.0 + 0.5)));
}

// The smallest k with P(K <= k) > u, u in [0, 1), by adding up probabilities: about ten steps for small
// rates, 16 sqrt(rate) for large ones. 0 for rates below 0, NaN for NaN.
inline double inverted_poisson(double u, double rate) {
    if (std::isnan(rate)) return rate;
    if (!(rate > 0.0)) return 0.0;
    if (rate > LARGE_RATE) return large_poisson(u, rate);
    double k = 0.0, chance = exp_(-rate), total = chance;
    if (rate >= 16.0) {
        k = std::floor(rate);
        chance = poisson_peak(k, rate);
        total = 0.0;
        double term = chance;
        for (double below = k; term > 1e-20 * chance; below -= 1.0) {
            total += term;
            term *= below / rate;
        }
    }
    while (k > 0.0 && total - chance > u) {
        total -= chance;
        chance *= k / rate;
        k -= 1.0;
    }
    while (total <= u && (k < rate || chance > 1e-18)) {  // rounded sums may stay just below 1
        k += 1.0;
        chance *= rate / k;
        total += chance;
    }
    return k;
}

inline double poisson(Key key, uint32_t c0, uint32_t c1, double rate) {
    return inverted_poisson(uniform(key, c0, c1), rate);
}

}  // namespace neurosim
