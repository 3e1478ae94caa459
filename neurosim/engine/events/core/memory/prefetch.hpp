// Prefetching: bringing memory into the cache before it is needed.
#pragma once
#include <algorithm>
#include <cstdint>

namespace neurosim {

// GCC drops calls of a function that only prefetches, as it has no effect; the empty instruction prevents
// that.
inline void prefetch_line(const void* at) {
    __builtin_prefetch(at);
    asm volatile("");
}

inline void prefetch_line_to_write(const void* at) {
    __builtin_prefetch(at, 1);
    asm volatile("");
}

// Prefetches at most 1024 bytes of a range: more would push other data out of the cache.
inline void prefetch(const void* first, int64_t bytes) {
    for (int64_t byte = 0; byte < std::min<int64_t>(bytes, 1024); byte += 64)
        prefetch_line(static_cast<const char*>(first) + byte);
}

}  // namespace neurosim
