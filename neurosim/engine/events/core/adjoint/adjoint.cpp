// The library that computes gradients by EventProp, called by adjoint.py. No network changes it; it is
// compiled once.
#include <cstdint>
#include <exception>

#include "core/adjoint/trial.hpp"

using namespace neurosim::adjoint;

extern "C" {

// Adds the derivatives of the trials from `begin` to before `end`; false if there is not enough memory.
bool neurosim_adjoint(const Network* network, const Trials* trials, int64_t begin, int64_t end,
                      double* weight, double* delay) {
    try {
        Trial one(*network);
        Gradient to{weight, delay};
        for (int64_t trial = begin; trial < end; ++trial) one.add_gradient(*trials, trial, to);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // extern "C"
