// The steps that no text changes. They are compiled once for each precision, in library.cpp and graded.cpp,
// and linked to every generated source (parts.py), which need not compile them again.
#pragma once
#include "core/arrivals/dense.hpp"
#include "core/arrivals/private.hpp"
#include "core/records/sampling.hpp"
#include "core/sweeps/sweep.hpp"
#include "core/synapses/textual.hpp"

// These two sources define them as `template`.
#ifndef NEUROSIM_IN_LIBRARY
#define NEUROSIM_IN_LIBRARY extern template
#endif
#ifndef NEUROSIM_IN_GRADED
#define NEUROSIM_IN_GRADED extern template
#endif

namespace neurosim {

using OneContext = Context<NEUROSIM_REAL, NEUROSIM_WEIGHT>;
using OneWorker = Worker<NEUROSIM_REAL, NEUROSIM_WEIGHT>;
using HistoryOf = History<NEUROSIM_REAL> (*)(const OneContext&, int population);

NEUROSIM_IN_LIBRARY void OneWorker::wait();
NEUROSIM_IN_LIBRARY void sample_all(OneContext&, const std::vector<Probe>&, int, int64_t, int64_t);
NEUROSIM_IN_LIBRARY void drive_events(OneContext&, int, int, int, int);
NEUROSIM_IN_LIBRARY void deliver_spikes<Sum>(OneContext&, int, std::initializer_list<int>, LeaveSums);
NEUROSIM_IN_LIBRARY void deliver_private<Sum>(OneContext&, int, Slot, PrivateHandles, Key, double,
                                              OneWeight<NEUROSIM_REAL>);
NEUROSIM_IN_LIBRARY void settle_port<Sum>(OneContext&, int, Slot, int, NEUROSIM_REAL* __restrict, int64_t*);
NEUROSIM_IN_LIBRARY void send_spikes(OneContext&, int, std::initializer_list<int>);
NEUROSIM_IN_LIBRARY void queue_arrivals(OneContext&, TextualHandles);

NEUROSIM_IN_GRADED void update_products(OneWorker&, DenseHandles);
NEUROSIM_IN_GRADED void deliver_dense<Sum>(OneWorker&, int, Slot, DenseHandles, HistoryOf);
NEUROSIM_IN_GRADED void deliver_graded<Sum>(OneWorker&, int, Slot, GradedHandles, HistoryOf);
NEUROSIM_IN_GRADED void begin_local_field(OneContext&, LocalFieldHandles, HistoryOf);
NEUROSIM_IN_GRADED void begin_dense(OneWorker&, SweptDenseHandles, HistoryOf);
NEUROSIM_IN_GRADED void update_dense(OneContext&, SweptDenseHandles, int32_t, NEUROSIM_REAL);

}  // namespace neurosim
