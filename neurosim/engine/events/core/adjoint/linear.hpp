// Neurons whose variables follow dx/dt = A x + b between spikes, advanced in closed form by any number of
// ticks, and the adjoint system, which goes back in time.
#pragma once

#include <cstdint>

namespace neurosim::adjoint {

constexpr int MOST_STATES = 8;  // variables of a neuron, as in adjoint.py

// x(k ticks later) = P[k] x + Q[k] b, from two tables: of 0, 1, ... STRIDE - 1 ticks, and of their multiples
// by STRIDE.
constexpr int64_t STRIDE = 256;

struct Propagators {
    const double *fine_p, *fine_q, *coarse_p, *coarse_q;  // (entry, row, column)
};

// A population of equal neurons. Matrices are of its `states` variables, row by row.
struct Population {
    int64_t first, size;  // its neurons among all
    int64_t states;
    int64_t spiking;
    int64_t held_ticks;         // ticks after a spike for which the refractory system holds
    Propagators free, held;     // not refractory, and refractory
    const double *a, *held_a;   // A of both
    const double *threshold;    // c: the neuron spikes where c x exceeds a number
    const double *reset, *set;  // a spike makes x into R x + r
    const double *b, *start;    // (neuron, variable); b of frozen variables does not act while held
    const double *thaws;        // 0 for variables that are held while refractory, 1 for the others
};

// y = M x
inline void times(const double* m, const double* x, double* y, int n) {
    for (int i = 0; i < n; ++i) {
        double sum = 0;
        for (int j = 0; j < n; ++j) sum += m[i * n + j] * x[j];
        y[i] = sum;
    }
}

// y = M^T x
inline void transposed_times(const double* m, const double* x, double* y, int n) {
    for (int j = 0; j < n; ++j) {
        double sum = 0;
        for (int i = 0; i < n; ++i) sum += m[i * n + j] * x[i];
        y[j] = sum;
    }
}

// One table's step: x becomes P x + Q b.
inline void step(const double* p, const double* q, const double* b, double* x, int n) {
    double moved[MOST_STATES], driven[MOST_STATES];
    times(p, x, moved, n);
    times(q, b, driven, n);
    for (int i = 0; i < n; ++i) x[i] = moved[i] + driven[i];
}

inline void advance(const Propagators& by, const double* b, double* x, int64_t ticks, int n) {
    const int64_t fine = ticks % STRIDE * n * n, coarse = ticks / STRIDE * n * n;
    if (fine) step(by.fine_p + fine, by.fine_q + fine, b, x, n);
    if (coarse) step(by.coarse_p + coarse, by.coarse_q + coarse, b, x, n);
}

inline void advance_back(const Propagators& by, double* adjoint, int64_t ticks, int n) {
    double earlier[MOST_STATES];
    for (const double* p : {ticks % STRIDE ? by.fine_p + ticks % STRIDE * n * n : nullptr,
                            ticks / STRIDE ? by.coarse_p + ticks / STRIDE * n * n : nullptr}) {
        if (!p) continue;
        transposed_times(p, adjoint, earlier, n);
        for (int i = 0; i < n; ++i) adjoint[i] = earlier[i];
    }
}

}  // namespace neurosim::adjoint
