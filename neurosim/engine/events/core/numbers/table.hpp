// Values over time that text calls: `Table` of plan/called.py, which takes the same steps.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace neurosim {

// `values` are (sample, column). Times are rounded to multiples of `grid`, of which `finer` make one sample.
template <class Real>
struct Table {
    const Real* __restrict values;
    double grid, finer;
    int64_t samples, columns;

    // The sample of a time; the first one for NaN.
    int64_t row(double time) const {
        const double position = std::trunc(std::nearbyint(time / grid) / finer);
        const double last = static_cast<double>(samples - 1), first = position > 0 ? position : 0.0;
        return static_cast<int64_t>(first < last ? first : last);
    }

    Real operator()(double time) const {
        return time == time ? values[row(time)] : std::numeric_limits<Real>::quiet_NaN();
    }

    Real operator()(double time, double place) const {
        const double column = std::trunc(place);
        const bool exists = column >= 0 && column < static_cast<double>(columns);
        const Real value = values[row(time) * columns + (exists ? static_cast<int64_t>(column) : 0)];
        return exists && time == time ? value : std::numeric_limits<Real>::quiet_NaN();
    }
};

}  // namespace neurosim
