// Binomial numbers by inversion: the smallest k whose cumulative probability exceeds a uniform number of 32 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace neurosim {

// The cumulative probabilities of Binomial(n, p), as the 32-bit numbers that a random word is compared with: k is how many of
// them it reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 64;  // draws at a time, in vectors that stay in registers

    void renew(int64_t sources, double chance) {
        if (sources == n && chance == p) return;
        n = sources, p = chance;
        bounds.clear(), common = 0;
        if (p <= 0) return;
        if (p >= 1) {
            bounds.assign(n, 0);
            return;
        }
        const std::vector<double> chances = probabilities();
        double total = 0;
        for (int64_t k = 0; k < n; ++k) {
            const double bound = std::ceil((total += chances[k]) * 0x1p32);
            if (bound >= 0x1p32) break;  // never reached
            bounds.push_back(static_cast<uint32_t>(bound));
            if (total < 1 - 1e-4) common = bounds.size() + 1;
        }
        common = std::min(common, bounds.size());
    }

    // Draws for `TOGETHER` words. The common bounds suffice but for one word in some ten thousands.
    void draw(const uint32_t* word, int32_t* k) const {
        Lanes words[GROUPS], reached[GROUPS] = {}, beyond = {};
        __builtin_memcpy(words, word, sizeof words);
        for (size_t level = 0; level < common; ++level) {
            const Lanes bound = Lanes{} + bounds[level];
            for (int group = 0; group < GROUPS; ++group) reached[group] = words[group] >= bound ? reached[group] + 1 : reached[group];
        }
        for (const Lanes& some : reached) beyond |= reinterpret_cast<Lanes>(some == static_cast<uint32_t>(common));
        __builtin_memcpy(k, reached, sizeof reached);
        uint64_t pairs[LANES / 2], any = 0;
        __builtin_memcpy(pairs, &beyond, sizeof pairs);
        for (uint64_t pair : pairs) any |= pair;
        if (!any) return;
        for (int lane = 0; lane < TOGETHER; ++lane) k[lane] = one(word[lane]);
    }
    int32_t one(uint32_t word) const { return static_cast<int32_t>(std::upper_bound(bounds.begin(), bounds.end(), word) - bounds.begin()); }

  private:
    static constexpr int LANES = 16, GROUPS = TOGETHER / LANES;
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

    int64_t n = -1;
    double p = -1;
    std::vector<uint32_t> bounds;
    size_t common = 0;  // bounds that most words stay below
};

}  // namespace neurosim
