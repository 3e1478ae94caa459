// Invariants, which are checked only if the address sanitizer is on (tests/test_sanitizers.py).
#pragma once
#include <cassert>

#if defined(__SANITIZE_ADDRESS__)
#define NEUROSIM_HOLDS(condition) assert(condition)
#else
#define NEUROSIM_HOLDS(condition) static_cast<void>(0)
#endif
