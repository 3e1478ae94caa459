// Binomial random numbers by inversion: the smallest k whose cumulative probability exceeds a uniform
// number of 32 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/numbers/random.hpp"
#include "core/numbers/vectors.hpp"

namespace neurosim {

// The cumulative probabilities of first, first + 1, ... under Binomial(n, p), relative to the probability of
// the most likely k. The ratio of neighbouring probabilities gives them from there outwards.
// `cumulative_binomial` of plan/random.py takes the same steps.
inline std::vector<double> cumulative_binomial(int64_t n, double p, int64_t& first) {
    const double odds = p / (1 - p);
    const int64_t mode = std::min(static_cast<int64_t>(static_cast<double>(n + 1) * p), n);
    const int64_t reach =
        static_cast<int64_t>(std::ceil(12.0 * std::sqrt(static_cast<double>(n) * p * (1 - p)))) + 40;
    const int64_t last = std::min(mode + reach, n);
    first = std::max<int64_t>(mode - reach, 0);
    std::vector<double> sums(last - first + 1);
    const auto chance = [&](int64_t k) -> double& { return sums[k - first]; };
    chance(mode) = 1;
    for (int64_t k = mode; k < last; ++k)
        chance(k + 1) = chance(k) * (odds * static_cast<double>(n - k) / static_cast<double>(k + 1));
    for (int64_t k = mode; k > first; --k)
        chance(k - 1) = chance(k) * (static_cast<double>(k) / static_cast<double>(n - k + 1) / odds);
    for (size_t at = 1; at < sums.size(); ++at) sums[at] += sums[at - 1];
    return sums;
}

// The smallest k whose cumulative Binomial(n, p) probability exceeds u, for text; see `TextRandom.binomial` of
// plan/random.py. The probabilities of the last n and p are kept.
[[gnu::noinline]] inline double inverted_binomial(double u, double draws, double p) {
    thread_local std::vector<double> shares;
    thread_local double kept_n = -1, kept_p = -1;
    thread_local int64_t first = 0;
    const double n = std::floor(draws);
    if (!(n <= 0x1p31) || std::isnan(p)) return std::numeric_limits<double>::quiet_NaN();
    if (n < 1 || p <= 0) return 0;
    if (p >= 1) return n;
    if (n != kept_n || p != kept_p) {
        shares = cumulative_binomial(static_cast<int64_t>(n), p, first);
        const double total = shares.back();
        for (double& share : shares) share /= total;
        kept_n = n, kept_p = p;
    }
    return static_cast<double>(first + (std::upper_bound(shares.begin(), shares.end(), u) - shares.begin()));
}

inline double binomial(Key key, uint32_t c0, uint32_t c1, double n, double p) {
    return inverted_binomial(uniform(key, c0, c1), n, p);
}

// Draws from Binomial(n, p). `bounds` holds the cumulative probabilities as 32-bit numbers: a random number
// gives k = first + the number of bounds that it reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 32;  // draws at a time, so that a vector of them fits into a register

    void update(int64_t sources, double chance) {
        if (sources == n && chance == p) return;
        n = sources, p = chance, first = p >= 1 ? n : 0;
        bounds.clear(), common = 0;
        if (p > 0 && p < 1) find_bounds();
    }

    // Makes `TOGETHER` draws from the high halves (16 bits) of their random numbers, two of which share a
    // word of `high`; number(lane) gives all 32 bits. The high halves and the common bounds decide all but
    // one draw in some thousands.
    template <class Real, class Number>
    [[gnu::always_inline]] void draw(const uint32_t* high, Real* drawn, Number number) const {
        if (common > MANY || first > LARGE) return draw_one_by_one(~Lanes{}, drawn, number);
        const Lanes halves = *reinterpret_cast<const Lanes*>(high);
        Lanes reached = {}, highest = {};  // of the bounds that are reached
        for (size_t level = 0; level < common; ++level) {
            const Lanes bound = Lanes{} + static_cast<uint16_t>(bounds[level] >> 16);
            const auto reaches = halves >= bound;
            reached -= reinterpret_cast<Lanes>(reaches);
            highest = reaches ? bound : highest;
        }
        alignas(64) uint16_t k[TOGETHER];
        *reinterpret_cast<Lanes*>(k) = reached;
        const auto least = static_cast<int32_t>(first);
        for (int lane = 0; lane < TOGETHER; ++lane) drawn[lane] = static_cast<Real>(least + k[lane]);
        const auto open = reinterpret_cast<Lanes>(halves == highest) |
                          reinterpret_cast<Lanes>(reached == static_cast<uint16_t>(common));
        if (common && any_bit(reinterpret_cast<const Line&>(open))) draw_one_by_one(open, drawn, number);
    }

    int64_t one(uint32_t number) const {
        return first + (std::upper_bound(bounds.begin(), bounds.end(), number) - bounds.begin());
    }

  private:
    static constexpr size_t MANY = 1024;  // bounds; with more, a binary search is faster
    static constexpr int64_t LARGE = int64_t{1} << 30;  // numbers of 32 bits hold what is below
    typedef uint16_t Lanes __attribute__((vector_size(2 * TOGETHER), may_alias));  // a type of GCC and Clang

    template <class Real, class Number>
    [[gnu::noinline]] void draw_one_by_one(Lanes which, Real* drawn, Number number) const {
        for (int lane = 0; lane < TOGETHER; ++lane)
            if (which[lane]) drawn[lane] = static_cast<Real>(one(number(lane)));
    }

    void find_bounds() {
        const std::vector<double> total = cumulative_binomial(n, p, first);
        for (double sum : total) {
            const double share = sum / total.back(), bound = std::ceil(share * 0x1p32);
            if (bound >= 0x1p32) break;  // never reached
            bounds.push_back(static_cast<uint32_t>(bound));
            if (share < 1 - 1e-4) common = bounds.size() + 1;
        }
        common = std::min(common, bounds.size());
    }

    int64_t n = -1, first = 0;  // number of sources; the smallest k with a probability that matters
    double p = -1;
    std::vector<uint32_t> bounds;
    size_t common = 0;  // how many bounds nearly all numbers stay below
};

}  // namespace neurosim
