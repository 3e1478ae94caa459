// Memory that is handed out piece by piece and given back all at once; one arena per thread, so that nothing is locked.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "core/memory/prefetch.hpp"

namespace neurosim {

class Arena {
  public:
    // `bytes` of memory, aligned to 8. A piece lies within one slab.
    char* take(size_t bytes) {
        bytes = (bytes + 7) / 8 * 8;
        if (bytes > left) add_slab(bytes);
        char* piece = next;
        next += bytes;
        left -= bytes;
        used += bytes;
        return piece;
    }
    // Brings what is handed out next into the cache: writing there would wait for it.
    void prefetch(size_t bytes) const {
        for (size_t at = 0; at < std::min(bytes, left); at += LINE) prefetch_line_to_write(next + at);
    }
    size_t bytes() const { return used; }

  private:
    static constexpr size_t LINE = 64, PAGE = size_t{2} << 20, LEAST = size_t{1} << 18, MOST = size_t{64} << 20;

    struct Free {
        void operator()(char* slab) const { ::operator delete(slab, std::align_val_t{PAGE}); }
    };

    // Slabs double, so that small networks take little; what is never touched takes no memory.
    void add_slab(size_t bytes) {
        size = std::max(bytes, std::min(2 * size, MOST));
        slabs.emplace_back(static_cast<char*>(::operator new(size, std::align_val_t{PAGE})));
        next = slabs.back().get();
        left = size;
#ifdef __linux__
        if (size >= PAGE) madvise(next, size / PAGE * PAGE, MADV_HUGEPAGE);  // a wish: rows are read at random
#endif
    }

    std::vector<std::unique_ptr<char, Free>> slabs;
    char* next = nullptr;
    size_t left = 0, used = 0, size = LEAST / 2;
};

}  // namespace neurosim
