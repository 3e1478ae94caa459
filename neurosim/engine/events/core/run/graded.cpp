// The delivery of messages other than spikes, compiled once for each precision (see compiled_once.hpp).
#define NEUROSIM_IN_GRADED template
#include "core/threads/thread_pool.hpp"

#include "core/run/compiled_once.hpp"
