// Vectors of eight numbers (lanes), which the compiler keeps in the processor's vector registers.
#pragma once
#include <cstdint>
#include <cstring>

// The instructions that read from eight places are called by their builtins: <immintrin.h> takes 0.2 s to
// compile.
#ifdef __has_builtin
#if __has_builtin(__builtin_ia32_gathersiv8df) && __has_builtin(__builtin_ia32_gather3siv8sf) && \
    defined(__AVX512VL__)
#define NEUROSIM_GATHERS
#endif
#endif

namespace neurosim {

constexpr int LANES = 8;  // targets, or trials, that are summed side by side

typedef uint64_t Line __attribute__((vector_size(64), may_alias));  // a cache line

// Whether any bit of a line is 1.
[[gnu::always_inline]] inline bool any_bit(const Line& line) {
#if __has_builtin(__builtin_ia32_ptestmq512) && defined(__AVX512F__)
    typedef long long Signed __attribute__((vector_size(64)));
    return __builtin_ia32_ptestmq512(reinterpret_cast<Signed>(line), reinterpret_cast<Signed>(line), 0xff);
#else
    return line[0] | line[1] | line[2] | line[3] | line[4] | line[5] | line[6] | line[7];
#endif
}

template <class Real>
struct EightOf {
    typedef Real type __attribute__((vector_size(LANES * sizeof(Real))));
};
template <class Real>
using Eight = typename EightOf<Real>::type;

template <class Real>
[[gnu::always_inline]] inline Eight<Real> load_eight(const Real* from) {
    Eight<Real> value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class Real>
[[gnu::always_inline]] inline void store_eight(Real* to, const Eight<Real>& value) {
    std::memcpy(to, &value, sizeof value);
}

// The messages of eight senders. (Without the builtins compilers make eight loads, which take longer.)
template <class Real>
[[gnu::always_inline]] inline Eight<Real> gather_eight(const Real* message, const int32_t* sender) {
#ifdef NEUROSIM_GATHERS
    Eight<int32_t> place;
    std::memcpy(&place, sender, sizeof place);
    if constexpr (sizeof(Real) == 8)
        return __builtin_ia32_gathersiv8df(Eight<Real>{}, message, place, 0xff, sizeof(Real));
    else return __builtin_ia32_gather3siv8sf(Eight<Real>{}, message, place, 0xff, sizeof(Real));
#else
    Eight<Real> taken;
    for (int lane = 0; lane < LANES; ++lane) taken[lane] = message[sender[lane]];
    return taken;
#endif
}

// Transposes eight rows of eight numbers: three times, each row and the one four below are interleaved, as
// in a perfect shuffle.
template <class Real>
[[gnu::always_inline]] inline void transpose(Eight<Real> (&rows)[LANES]) {
#if defined(__clang__) || __GNUC__ >= 12
    for (int time = 0; time < 3; ++time) {
        Eight<Real> next[LANES];
        for (int row = 0; row < LANES / 2; ++row) {
            next[2 * row] = __builtin_shufflevector(rows[row], rows[row + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            next[2 * row + 1] = __builtin_shufflevector(rows[row], rows[row + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        for (int row = 0; row < LANES; ++row) rows[row] = next[row];
    }
#else
    for (int row = 0; row < LANES; ++row)
        for (int column = 0; column < row; ++column) {
            const Real upper = rows[column][row];
            rows[column][row] = rows[row][column];
            rows[row][column] = upper;
        }
#endif
}

}  // namespace neurosim
