// Binomial numbers by inversion: the smallest k whose cumulative probability exceeds a uniform number of 32 bits.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/lanes.hpp"

namespace neurosim {

// The cumulative probabilities of Binomial(n, p), as the 32-bit numbers that a random number is compared with: k is how many of
// them it reaches.
class Binomial {
  public:
    static constexpr int TOGETHER = 32;  // draws at a time, in a vector that stays in a register

    void renew(int64_t sources, double chance) {
        if (sources == n && chance == p) return;
        n = sources, p = chance;
        bounds.clear(), common = 0;
        if (p >= 1) bounds.assign(n, 0), common = n > 0;
        else if (p > 0) find_bounds();
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
        for (int lane = 0; lane < TOGETHER; ++lane) drawn[lane] = static_cast<Real>(k[lane]);
        const auto open = reinterpret_cast<Lanes>(apart == 0) | reinterpret_cast<Lanes>(reached == static_cast<uint16_t>(common));
        if (common && any_bit(reinterpret_cast<const Line&>(open))) draw_one_by_one(open, drawn, number);
    }

    // How many bounds a number reaches.
    int64_t one(uint32_t number) const { return std::upper_bound(bounds.begin(), bounds.end(), number) - bounds.begin(); }

  private:
    static constexpr size_t MANY = 1024;  // bounds, from which on halving them is faster
    typedef uint16_t Lanes __attribute__((vector_size(2 * TOGETHER), may_alias));  // what GCC and Clang know on every machine

    template <class Real, class Number>
    [[gnu::noinline]] void draw_one_by_one(Lanes which, Real* drawn, Number number) const {
        for (int lane = 0; lane < TOGETHER; ++lane)
            if (which[lane]) drawn[lane] = static_cast<Real>(one(number(lane)));
    }

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
    double p = -1;
    std::vector<uint32_t> bounds;
    size_t common = 0;  // bounds that most numbers stay below
};

}  // namespace neurosim
