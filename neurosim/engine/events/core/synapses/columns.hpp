// The variables of synapses that act together as columns, an array for each variable, so that loops over the
// synapses run in vectors. In memory each synapse has its variables side by side, as a record. All are
// numbers, or times as wide as numbers.
#pragma once
#include <cstring>

#include "core/numbers/vectors.hpp"
#include "core/synapses/together.hpp"

namespace neurosim {

// How many variables there are, in records and in columns.
template <class Real, class Record, class Columns>
constexpr int variables() {
    constexpr int count = sizeof(Record) / sizeof(Real);
    static_assert(sizeof(Columns) == count * TOGETHER * sizeof(Real));
    return count;
}

#if defined(__clang__) || __GNUC__ >= 12
#define NEUROSIM_SHUFFLES  // the compiler has __builtin_shufflevector

// Transposes four rows of two times four numbers, each half of the rows by itself.
template <class Real>
[[gnu::always_inline]] inline void transpose_halves(Eight<Real> (&row)[4]) {
    Eight<Real> pair[4];
    for (int half = 0; half < 2; ++half) {
        const Eight<Real>&a = row[2 * half], &b = row[2 * half + 1];
        pair[2 * half] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
        pair[2 * half + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int odd = 0; odd < 2; ++odd) {
        const Eight<Real>&a = pair[odd], &b = pair[2 + odd];
        row[odd] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
        row[2 + odd] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
}

// Copies four variables of eight records into columns, and back.
template <class Real>
struct FourOfEight {
    typedef Real Four __attribute__((vector_size(4 * sizeof(Real))));

    template <class Record>
    [[gnu::always_inline]] static void read(const Record* own, const int32_t* place, int first,
                                            Real* column) {
        const auto four = [&](int i) {
            Four part;
            std::memcpy(&part, reinterpret_cast<const Real*>(own + place[i]) + first, sizeof part);
            return part;
        };
        Eight<Real> row[4];
        for (int i = 0; i < 4; ++i)
            row[i] = __builtin_shufflevector(four(i), four(i + 4), 0, 1, 2, 3, 4, 5, 6, 7);
        transpose_halves<Real>(row);
        for (int i = 0; i < 4; ++i) store_eight<Real>(column + i * TOGETHER, row[i]);
    }

    template <class Record>
    [[gnu::always_inline]] static void write(Record* own, const int32_t* place, int first,
                                             const Real* column) {
        Eight<Real> row[4];
        for (int i = 0; i < 4; ++i) row[i] = load_eight(column + i * TOGETHER);
        transpose_halves<Real>(row);
        for (int i = 0; i < 4; ++i) {
            const Four low = __builtin_shufflevector(row[i], row[i], 0, 1, 2, 3);
            const Four high = __builtin_shufflevector(row[i], row[i], 4, 5, 6, 7);
            std::memcpy(reinterpret_cast<Real*>(own + place[i]) + first, &low, sizeof low);
            std::memcpy(reinterpret_cast<Real*>(own + place[i + 4]) + first, &high, sizeof high);
        }
    }

    // Calls work(eight, first) for each eight synapses and each four variables; the last four overlap others
    // if their number is no multiple of four.
    template <class Work>
    [[gnu::always_inline]] static void each(int count, Work work) {
        for (int eight = 0; eight < TOGETHER; eight += LANES)
            for (int first = 0; first < count; first += 4) work(eight, first + 4 > count ? count - 4 : first);
    }
};
#endif

// Fills the columns.
template <class Real, class Record, class Columns>
[[gnu::always_inline]] inline void read_columns(const Record* own, Places place, Columns& columns) {
    constexpr int count = variables<Real, Record, Columns>();
    auto* column = reinterpret_cast<Real*>(&columns);
#ifdef NEUROSIM_SHUFFLES
    if constexpr (count >= 4) {
        FourOfEight<Real>::each(count, [&](int eight, int first) __attribute__((always_inline)) {
            FourOfEight<Real>::read(own, place.place + eight, first, column + first * TOGETHER + eight);
        });
        return;
    }
#endif
    for (int i = 0; i < TOGETHER; ++i)
        for (int variable = 0; variable < count; ++variable)
            std::memcpy(column + variable * TOGETHER + i,
                        reinterpret_cast<const Real*>(own + place(i)) + variable, sizeof(Real));
}

// Copies the columns into the records of the first n synapses.
template <class Real, class Record, class Columns>
[[gnu::always_inline]] inline void write_columns(const Columns& columns, Record* own, Places place,
                                                 int32_t n) {
    constexpr int count = variables<Real, Record, Columns>();
    const auto* column = reinterpret_cast<const Real*>(&columns);
#ifdef NEUROSIM_SHUFFLES
    if constexpr (count >= 4)
        if (n == TOGETHER) {
            FourOfEight<Real>::each(count, [&](int eight, int first) __attribute__((always_inline)) {
                FourOfEight<Real>::write(own, place.place + eight, first, column + first * TOGETHER + eight);
            });
            return;
        }
#endif
    for (int32_t i = 0; i < n; ++i)
        for (int variable = 0; variable < count; ++variable)
            std::memcpy(reinterpret_cast<Real*>(own + place(i)) + variable,
                        column + variable * TOGETHER + i, sizeof(Real));
}

}  // namespace neurosim
