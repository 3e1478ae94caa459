// Binomial numbers by inversion: the smallest k whose cumulative probability exceeds a uniform number of 32 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/lanes.hpp"

namespace neurosim {

// The cumulative probabilities of Binomial(n, p), as the 32-bit numbers that a random word is compared with: k is how many of
// them it reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 64;  // draws at a time, in vectors that stay in registers

    // `weight` is what one source that spikes adds.
    void renew(int64_t sources, double chance, double one) {
        if (sources == n && chance == p && one == weight) return;
        n = sources, p = chance, weight = one;
        bounds.clear(), products.clear(), common = 0;
        if (p >= 1) bounds.assign(n, 0), common = n > 0;
        else if (p > 0) find_bounds();
        for (size_t k = 0; k <= common; ++k) products.push_back(static_cast<float>(product(k)));
    }

    // What the sources of `TOGETHER` targets add. The common bounds suffice but for one word in some ten thousands.
    template <class Real>
    void draw(const uint32_t* word, Real* drawn) const {
        Lanes words[GROUPS];
        __builtin_memcpy(words, word, sizeof words);
        if constexpr (sizeof(Real) == sizeof(uint32_t)) choose(words, drawn);
        else count(words, drawn);
        if (!common) return;
        Line beyond = {};
        for (const Lanes& some : words) beyond |= reinterpret_cast<Line>(some >= Lanes{} + bounds[common - 1]);
        if (!any_bit(beyond)) return;
        for (int lane = 0; lane < TOGETHER; ++lane)
            if (word[lane] >= bounds[common - 1]) drawn[lane] = static_cast<Real>(one(word[lane]));
    }

    // What the sources of one target add.
    double one(uint32_t word) const { return product(std::upper_bound(bounds.begin(), bounds.end(), word) - bounds.begin()); }

  private:
    static constexpr int LANES = 16, GROUPS = TOGETHER / LANES;
    using Lanes = uint32_t __attribute__((vector_size(4 * LANES)));  // what GCC and Clang know on every machine

    // As wide as the words: every bound that is reached puts the next product into place.
    void choose(const Lanes* words, float* drawn) const {
        using Products = float __attribute__((vector_size(4 * LANES)));
        Products chosen[GROUPS];
        for (Products& some : chosen) some = products[0] - Products{};
        for (size_t level = 0; level < common; ++level) {
            const Lanes bound = Lanes{} + bounds[level];
            const Products product = products[level + 1] - Products{};
            for (int group = 0; group < GROUPS; ++group) chosen[group] = words[group] >= bound ? product : chosen[group];
        }
        __builtin_memcpy(drawn, chosen, sizeof chosen);
    }

    void count(const Lanes* words, double* drawn) const {
        Lanes reached[GROUPS] = {};
        for (size_t level = 0; level < common; ++level) {
            const Lanes bound = Lanes{} + bounds[level];
            for (int group = 0; group < GROUPS; ++group) reached[group] = words[group] >= bound ? reached[group] + 1 : reached[group];
        }
        int32_t k[TOGETHER];
        __builtin_memcpy(k, reached, sizeof reached);
        for (int lane = 0; lane < TOGETHER; ++lane) drawn[lane] = product(k[lane]);
    }

    double product(int64_t k) const { return weight * static_cast<double>(k); }

    void find_bounds() {
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
    double p = -1, weight = 0;
    std::vector<uint32_t> bounds;
    std::vector<float> products;  // weight times k, up to the common bounds
    size_t common = 0;  // bounds that most words stay below
};

}  // namespace neurosim
