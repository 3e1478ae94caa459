// Asking for memory ahead of its use.
#pragma once
#include <algorithm>
#include <cstdint>

namespace neurosim {

// GCC takes a function that only prefetches for one without effect and drops its calls; the empty instruction keeps them.
inline void prefetch_line(const void* at) {
    __builtin_prefetch(at);
    asm volatile("");
}

inline void prefetch_line_to_write(const void* at) {
    __builtin_prefetch(at, 1);
    asm volatile("");
}

// Brings memory into the cache before it is needed, if it is not much.
inline void prefetch(const void* first, int64_t bytes) {
    for (int64_t byte = 0; byte < std::min<int64_t>(bytes, 1024); byte += 64) prefetch_line(static_cast<const char*>(first) + byte);
}

}  // namespace neurosim
