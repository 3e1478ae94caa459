// The headers of generated sources that depend neither on the network nor on its precision, so that they can
// be read and compiled ahead (build.py).
#pragma once
#include "core/arrivals/dense.hpp"
#include "core/arrivals/private.hpp"
#include "core/numbers/math.hpp"
#include "core/records/sampling.hpp"
#include "core/sweeps/sweep.hpp"
#include "core/synapses/all_synapses.hpp"
#include "core/synapses/by_target.hpp"
#include "core/synapses/changing_delays.hpp"
#include "core/synapses/textual.hpp"
