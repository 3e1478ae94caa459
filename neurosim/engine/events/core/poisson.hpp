// Poisson numbers by inversion, as in plan/random.py: the smallest k whose cumulative probability exceeds a uniform number.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exponential.hpp"
#include "core/logarithm.hpp"
#include "core/random.hpp"

namespace neurosim {

// The probability of m = floor(rate), from 16 on. Stirling's series stands for the factorial, so that no large numbers cancel.
// Source: Loader 2000, Fast and accurate computation of binomial probabilities.
inline double poisson_peak(double m, double rate) {
    const double inverse = 1.0 / m, square = inverse * inverse, over = rate - m;
    const double series = 1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square * (1.0 / 1188))));
    return exp_(m * log1p_(over / m) - over - series * inverse) / std::sqrt(6.283185307179586 * m);
}

// The smallest k with P(K <= k) > u, u in [0, 1), by adding up probabilities: some ten steps for small rates, 16 sqrt(rate) for large ones.
inline double inverted_poisson(double u, double rate) {
    if (!(rate > 0.0)) return 0.0;
    if (rate > 0x1p52) return std::nearbyint(rate);
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
    while (total <= u && (k < rate || chance > 1e-18)) {  // rounded sums may end just below 1
        k += 1.0;
        chance *= rate / k;
        total += chance;
    }
    return k;
}

inline double poisson(Key key, uint32_t c0, uint32_t c1, double rate) { return inverted_poisson(uniform(key, c0, c1), rate); }

}  // namespace neurosim
