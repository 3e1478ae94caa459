// Values over time that text calls: `Table` of plan/called.py, which takes the same steps.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace neurosim {

// One sample of a table with columns; all of it is NaN if its time is.
template <class Real>
struct TableRow {
    const Real* __restrict values;
    int64_t columns;
    bool known;

    Real operator()(double place) const {
        const double column = std::trunc(place);
        const bool exists = column >= 0 && column < static_cast<double>(columns);
        const Real value = values[exists ? static_cast<int64_t>(column) : 0];
        return exists && known ? value : std::numeric_limits<Real>::quiet_NaN();
    }
};

// `values` are (sample, column). Times are rounded to multiples of `grid`, of which `finer` make one sample.
template <class Real>
struct Table {
    const Real* __restrict values;
    double grid, finer;
    int64_t samples, columns;

    // The number of the sample of a time; 0 for NaN.
    int64_t sample(double time) const {
        const double position = std::trunc(std::nearbyint(time / grid) / finer);
        const double last = static_cast<double>(samples - 1), first = position > 0 ? position : 0.0;
        return static_cast<int64_t>(first < last ? first : last);
    }

    Real operator()(double time) const {
        return time == time ? values[sample(time)] : std::numeric_limits<Real>::quiet_NaN();
    }

    TableRow<Real> row(double time) const { return {values + sample(time) * columns, columns, time == time}; }

    Real operator()(double time, double place) const { return row(time)(place); }
};

}  // namespace neurosim
