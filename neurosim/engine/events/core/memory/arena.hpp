// Memory that is allocated piece by piece and freed all at once. Each thread has its own arena, which needs
// no locks.
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
    // Allocates memory, aligned to 8 bytes, within one slab.
    char* take(size_t bytes) {
        bytes = (bytes + 7) / 8 * 8;
        if (bytes > left) add_slab(bytes);
        char* piece = next;
        next += bytes;
        left -= bytes;
        used += bytes;
        return piece;
    }
    // Prefetches the memory that is allocated next, because writing there would otherwise wait for it.
    void prefetch(size_t bytes) const {
        for (size_t at = 0; at < std::min(bytes, left); at += LINE) prefetch_line_to_write(next + at);
    }
    size_t bytes() const { return used; }

  private:
    static constexpr size_t LINE = 64, PAGE = size_t{2} << 20, LEAST = size_t{1} << 18,
                            MOST = size_t{64} << 20;

    struct Free {
        void operator()(char* slab) const { ::operator delete(slab, std::align_val_t{PAGE}); }
    };

    // Slabs double in size, so that small networks take little. Pages that are never touched take no memory.
    void add_slab(size_t bytes) {
        size = std::max(bytes, std::min(2 * size, MOST));
        slabs.emplace_back(static_cast<char*>(::operator new(size, std::align_val_t{PAGE})));
        next = slabs.back().get();
        left = size;
#ifdef __linux__
        if (size >= PAGE) madvise(next, size / PAGE * PAGE, MADV_HUGEPAGE);  // rows are read at random
#endif
    }

    std::vector<std::unique_ptr<char, Free>> slabs;
    char* next = nullptr;
    size_t left = 0, used = 0, size = LEAST / 2;
};

}  // namespace neurosim
