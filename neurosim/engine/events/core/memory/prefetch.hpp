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

// Prefetches at most so many bytes of a range: more would push other data out of the cache.
inline void prefetch(const void* first, int64_t bytes, int64_t most = 1024) {
    for (int64_t byte = 0; byte < std::min<int64_t>(bytes, most); byte += 64)
        prefetch_line(static_cast<const char*>(first) + byte);
}

}  // namespace neurosim
