// Binomial numbers by inversion: the smallest k whose cumulative probability exceeds a uniform number of 53 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace neurosim {

// The cumulative probabilities of Binomial(n, p), as the 53-bit numbers that a uniform one is compared with: k is how many of
// them it reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 64;  // draws at a time: as many as make loops that compilers turn into vectors
    void renew(int64_t sources, double chance) {
        if (sources == n && chance == p) return;
        n = sources, p = chance;
        high.clear(), low.clear(), common = 0;
        if (p <= 0) return;
        if (p >= 1) {
            for (int64_t k = 0; k < n; ++k) push(0);
            return;
        }
        const std::vector<double> chances = probabilities();
        double total = 0;
        for (int64_t k = 0; k < n && total < 1 - 1e-16; ++k) {
            push(total += chances[k]);
            if (total < 1 - 1e-4) common = high.size() + 1;
        }
        common = std::min(common, high.size());
    }

    // Draws for `TOGETHER` words. The upper words decide, and the lower numbers k suffice, but for one draw in some ten thousands.
    void draw(const uint32_t* upper, const uint32_t* lower, uint32_t* k) const {
        Lanes undecided = {};
        for (int first = 0; first < TOGETHER; first += LANES) {
            Lanes words, reached = {}, open = {};
            __builtin_memcpy(&words, upper + first, sizeof words);
            for (size_t level = 0; level < common; ++level) {
                const Lanes bound = Lanes{} + high[level];
                reached -= reinterpret_cast<Lanes>(words > bound);
                open |= reinterpret_cast<Lanes>(words == bound);
            }
            undecided |= open | reinterpret_cast<Lanes>(reached == Lanes{} + static_cast<uint32_t>(common));
            __builtin_memcpy(k + first, &reached, sizeof reached);
        }
        uint64_t pairs[LANES / 2], some = 0;
        __builtin_memcpy(pairs, &undecided, sizeof pairs);
        for (uint64_t pair : pairs) some |= pair;
        if (!some) return;
        for (int lane = 0; lane < TOGETHER; ++lane) k[lane] = one(upper[lane], lower[lane]);
    }
    uint32_t one(uint32_t upper, uint32_t lower) const {
        uint32_t k = 0;
        while (k < high.size() && (upper > high[k] || (upper == high[k] && (lower >> 11) >= low[k]))) ++k;
        return k;
    }

  private:
    static constexpr int LANES = 16;
    using Lanes = uint32_t __attribute__((vector_size(4 * LANES)));  // what GCC and Clang know on every machine

    // The chance of every k, from k = 0 upwards; from the most likely k where the chance of 0 is too small a number.
    std::vector<double> probabilities() const {
        const double odds = p / (1 - p), none = n * std::log1p(-p);
        const int64_t start = none > -600 ? 0 : static_cast<int64_t>(n * p);
        const double chosen = std::lgamma(n + 1.0) - std::lgamma(start + 1.0) - std::lgamma(n - start + 1.0);
        std::vector<double> chances(n + 1, 0.0);
        chances[start] = std::exp(start == 0 ? none : chosen + start * std::log(p) + (n - start) * std::log1p(-p));
        for (int64_t k = start; k < n; ++k) chances[k + 1] = chances[k] * odds * static_cast<double>(n - k) / static_cast<double>(k + 1);
        for (int64_t k = start; k > 0; --k) chances[k - 1] = chances[k] / odds * static_cast<double>(k) / static_cast<double>(n - k + 1);
        return chances;
    }
    void push(double cumulative) {
        const double scaled = std::ceil(std::min(cumulative, 1.0) * 9007199254740992.0);  // 2^53: u >= cumulative
        const uint64_t bound = static_cast<uint64_t>(scaled);
        if (bound >> 53) return;  // never reached
        high.push_back(static_cast<uint32_t>(bound >> 21)), low.push_back(static_cast<uint32_t>(bound & 0x1FFFFF));
    }
    int64_t n = -1;
    double p = -1;
    std::vector<uint32_t> high, low;
    size_t common = 0;  // levels that most draws stay below
};

}  // namespace neurosim
