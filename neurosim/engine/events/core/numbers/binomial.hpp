// Binomial numbers by inversion: the smallest k whose cumulative probability exceeds a uniform number of 32 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/numbers/vectors.hpp"

namespace neurosim {

// The cumulative probabilities of Binomial(n, p), as the 32-bit numbers that a random number is compared with: k is the first that
// counts and how many of them the number reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 32;  // draws at a time, in a vector that stays in a register

    void update(int64_t sources, double chance) {
        if (sources == n && chance == p) return;
        n = sources, p = chance, first = p >= 1 ? n : 0;
        bounds.clear(), common = 0;
        if (p > 0 && p < 1) find_bounds();
    }

    // `TOGETHER` draws by the high halves of their numbers, two in a word that begins a cache line; number(lane) is a whole one.
    // The high halves and the common bounds suffice but for one draw in some thousands.
    template <class Real, class Number>
    [[gnu::always_inline]] void draw(const uint32_t* high, Real* drawn, Number number) const {
        if (common > MANY) return draw_one_by_one(~Lanes{}, drawn, number);
        const Lanes halves = *reinterpret_cast<const Lanes*>(high);
        Lanes reached = {}, apart = ~Lanes{};
        for (size_t level = 0; level < common; ++level) {
            const Lanes bound = Lanes{} + static_cast<uint16_t>(bounds[level] >> 16), differs = halves ^ bound;
            reached -= reinterpret_cast<Lanes>(halves >= bound);
            apart = differs < apart ? differs : apart;
        }
        alignas(64) uint16_t k[TOGETHER];
        *reinterpret_cast<Lanes*>(k) = reached;
        for (int lane = 0; lane < TOGETHER; ++lane) drawn[lane] = static_cast<Real>(first + k[lane]);
        const auto open = reinterpret_cast<Lanes>(apart == 0) | reinterpret_cast<Lanes>(reached == static_cast<uint16_t>(common));
        if (common && any_bit(reinterpret_cast<const Line&>(open))) draw_one_by_one(open, drawn, number);
    }

    int64_t one(uint32_t number) const { return first + (std::upper_bound(bounds.begin(), bounds.end(), number) - bounds.begin()); }

  private:
    static constexpr size_t MANY = 1024;  // bounds, from which on halving them is faster
    typedef uint16_t Lanes __attribute__((vector_size(2 * TOGETHER), may_alias));  // what GCC and Clang know on every machine

    template <class Real, class Number>
    [[gnu::noinline]] void draw_one_by_one(Lanes which, Real* drawn, Number number) const {
        for (int lane = 0; lane < TOGETHER; ++lane)
            if (which[lane]) drawn[lane] = static_cast<Real>(one(number(lane)));
    }

    void find_bounds() {
        const std::vector<double> total = cumulative();
        for (double sum : total) {
            const double share = sum / total.back(), bound = std::ceil(share * 0x1p32);
            if (bound >= 0x1p32) break;  // never reached
            bounds.push_back(static_cast<uint32_t>(bound));
            if (share < 1 - 1e-4) common = bounds.size() + 1;
        }
        common = std::min(common, bounds.size());
    }

    // The sums of the chances of first, first + 1, ..., in multiples of that of the most likely k, from which they are multiplied
    // outwards. `cumulative_binomial` of plan/random.py takes the same steps.
    std::vector<double> cumulative() {
        const double odds = p / (1 - p);
        const int64_t mode = std::min(static_cast<int64_t>(static_cast<double>(n + 1) * p), n);
        const int64_t reach = static_cast<int64_t>(std::ceil(12.0 * std::sqrt(static_cast<double>(n) * p * (1 - p)))) + 40;
        const int64_t last = std::min(mode + reach, n);
        first = std::max<int64_t>(mode - reach, 0);
        std::vector<double> sums(last - first + 1);
        const auto chance = [&](int64_t k) -> double& { return sums[k - first]; };
        chance(mode) = 1;
        for (int64_t k = mode; k < last; ++k) chance(k + 1) = chance(k) * (odds * static_cast<double>(n - k) / static_cast<double>(k + 1));
        for (int64_t k = mode; k > first; --k) chance(k - 1) = chance(k) * (static_cast<double>(k) / static_cast<double>(n - k + 1) / odds);
        for (size_t at = 1; at < sums.size(); ++at) sums[at] += sums[at - 1];
        return sums;
    }

    int64_t n = -1, first = 0;  // how many sources; the smallest k that counts
    double p = -1;
    std::vector<uint32_t> bounds;
    size_t common = 0;  // bounds that most numbers stay below
};

}  // namespace neurosim
