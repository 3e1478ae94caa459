// When a synapse was touched last: in seconds where numbers have 64 bits; in ticks of this run where they have 32, in which seconds would be
// too coarse after some minutes.
#pragma once
#include <cstdint>
#include <type_traits>

namespace neurosim {

template <class Real>
using Moment = std::conditional_t<sizeof(Real) == 8, double, int32_t>;

template <class Here>
Moment<typename Here::Real> moment_of(const Here& here) {
    if constexpr (sizeof(typename Here::Real) == 8) return here.tick * here.machine.dt;
    else return static_cast<int32_t>(here.run_tick());
}

// The time of a moment in seconds.
template <class Here>
double seconds(const Here& here, Moment<typename Here::Real> moment) {
    if constexpr (sizeof(typename Here::Real) == 8) return moment;
    else return static_cast<double>(here.machine.first_tick + moment) * here.machine.dt;
}

// The seconds between two moments.
template <class Here>
typename Here::Real between(const Here& here, Moment<typename Here::Real> now, Moment<typename Here::Real> before) {
    using Real = typename Here::Real;
    if constexpr (sizeof(Real) == 8) return now - before;
    else return static_cast<Real>(static_cast<double>(now - before) * here.machine.dt);
}

}  // namespace neurosim
