// The time of a synapse's last update: in seconds with 64-bit numbers; in ticks of this run with 32-bit
// ones, in which seconds would be too coarse after some minutes.
#pragma once
#include <cstdint>
#include <type_traits>

namespace neurosim {

template <class Real>
using Moment = std::conditional_t<sizeof(Real) == 8, double, int32_t>;

template <class Context>
Moment<typename Context::Real> moment_of(const Context& context) {
    if constexpr (sizeof(typename Context::Real) == 8) return context.tick * context.network.dt;
    else return static_cast<int32_t>(context.run_tick());
}

// The time of a moment in seconds.
template <class Context>
double seconds(const Context& context, Moment<typename Context::Real> moment) {
    if constexpr (sizeof(typename Context::Real) == 8) return moment;
    else return static_cast<double>(context.network.first_tick + moment) * context.network.dt;
}

// The seconds between two moments.
template <class Context>
typename Context::Real between(const Context& context, Moment<typename Context::Real> now,
                               Moment<typename Context::Real> before) {
    using Real = typename Context::Real;
    if constexpr (sizeof(Real) == 8) return now - before;
    else return static_cast<Real>(static_cast<double>(now - before) * context.network.dt);
}

}  // namespace neurosim
