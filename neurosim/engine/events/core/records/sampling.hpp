// Samples of variables while the network runs, written to buffers that the caller owns, and empties between
// calls.
#pragma once
#include <algorithm>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/run/network.hpp"

namespace neurosim {

// What to sample (`ProbeStruct` of buffers.py): `columns` values per sample, in every `every`-th tick.
struct Probe {
    const char* values;          // of the first trial
    int64_t itemsize, stride;    // bytes per value and per trial
    const int64_t* newest;       // past messages: the place of the newest one, per trial; else null
    int64_t message;             // past messages: bytes per message
    const int64_t* index;        // which value each column holds; null: column k holds value k
    const int64_t* block_first;  // (block + 1): where the columns of each block begin in `column`
    const int64_t* column;       // the columns by block; null: they lie so
    int64_t columns, every, step;
    char* buffer[2];      // (trial, sample, column)
    int64_t capacity;     // in samples
    int64_t direct;       // whether both buffers are the memory of all samples of the run
    int64_t past_caches;  // whether samples are read so late that they need not pass through the caches
};

#ifdef __SSE2__
// Copies without passing through the caches: it neither displaces other data nor reads what it overwrites,
// which halves the traffic. Only full cache lines are copied so.
inline void copy_past_caches(char* to, const char* from, int64_t bytes) {
    const int64_t head = std::min<int64_t>(bytes, -reinterpret_cast<uintptr_t>(to) % 64);
    std::memcpy(to, from, head);
    int64_t at = head;
    for (; at + 64 <= bytes; at += 64)
        for (int part = 0; part < 64; part += 16)
            _mm_stream_si128(reinterpret_cast<__m128i*>(to + at + part),
                             _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at + part)));
    std::memcpy(to + at, from + at, bytes - at);
}
// Makes what this thread has copied visible to other threads.
inline void publish_copies() { _mm_sfence(); }
#else
inline void copy_past_caches(char* to, const char* from, int64_t bytes) { std::memcpy(to, from, bytes); }
inline void publish_copies() {}
#endif

// Takes this tick's sample of a probe, those columns that belong to this block. `first` is the tick of the
// run at which the buffer begins.
template <class Context>
void sample(Context& context, const Probe& probe, int buffer_set, int64_t first) {
    if (context.run_tick() % probe.every) return;
    const int64_t row = context.run_tick() / probe.every -
                        (probe.direct ? 0 : (first + probe.every - 1) / probe.every);
    const char* from = probe.values + probe.stride * context.trial.row;
    if (probe.newest) from += probe.newest[context.trial.row] * probe.message;
    char* to = probe.buffer[buffer_set] +
               (context.trial.row * probe.capacity + row) * probe.columns * probe.itemsize;
    const int64_t begin = probe.block_first[context.block], end = probe.block_first[context.block + 1];
    if (!probe.index && !probe.column) {
        const int64_t skipped = begin * probe.itemsize, bytes = (end - begin) * probe.itemsize;
        if (probe.past_caches) copy_past_caches(to + skipped, from + skipped, bytes);
        else std::memcpy(to + skipped, from + skipped, bytes);
        return;
    }
    for (int64_t place = begin; place < end; ++place) {
        const int64_t column = probe.column ? probe.column[place] : place;
        const int64_t value = probe.index ? probe.index[column] : column;
        std::memcpy(to + column * probe.itemsize, from + value * probe.itemsize, probe.itemsize == 8 ? 8 : 4);
    }
}

// Takes the samples of a record step, given by its number in the program; those of ports and of inputs, which
// are known only at the end of a tick, have the number behind the last step.
template <class Context>
void sample_all(Context& context, const std::vector<Probe>& probes, int buffer_set, int64_t first,
                int64_t step) {
    for (const Probe& probe : probes)
        if (probe.step == step) sample(context, probe, buffer_set, first);
}

}  // namespace neurosim
