"""Random numbers have the same bits in numpy and in C++, and their logarithm and cosine are right."""

import ctypes
from math import log1p

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events.build import load
from neurosim.plan.portable_math import portable_cos_turns, portable_log
from neurosim.plan.quantile import LARGE, large_poisson, portable_normal_quantile
from neurosim.plan.random import (
    Stream,
    TextRandom,
    base_key,
    threefry2x32,
    to_below,
    to_gap,
    to_normal,
    to_uniform,
    trial_keys,
)

MANY = 1_000_000
EDGES = np.array(
    [
        0,
        1,
        2,
        0x1FFFFFFF,
        0x20000000,
        0x3FFFFFFF,
        0x40000000,
        0x60000000,
        0x7FFFFFFF,
        0x80000000,
        0xC0000000,
        0xE0000000,
        0xFFFFFFFE,
        0xFFFFFFFF,
    ],
    np.uint32,
)
LARGE_RATES = [1.0001e6, 1e9, 1e12, 4.5e15, 1e300, np.inf, -np.inf, np.nan]
SOURCE = """
#include "core/numbers/math.hpp"
using namespace neurosim;
#define MANY extern "C" void
MANY words(Key key, uint32_t first, const uint32_t* second, uint32_t* high, uint32_t* low, int n) {
    for (int i = 0; i < n; ++i) {
        const Words w = threefry(key, first, second[i]);
        high[i] = w.high; low[i] = w.low;
    }
}
MANY trials(Key key, int64_t tick, const uint32_t* trial, uint32_t* high, uint32_t* low, int n) {
    for (int i = 0; i < n; ++i) {
        const Key k = trial_key(key, trial[i], tick);
        high[i] = k.k0; low[i] = k.k1;
    }
}
MANY uniforms(const uint32_t* high, const uint32_t* low, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = to_uniform({high[i], low[i]});
}
MANY normals(const uint32_t* high, const uint32_t* low, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = to_normal({high[i], low[i]});
}
MANY gaps(const uint32_t* high, const uint32_t* low, double miss, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = to_gap({high[i], low[i]}, miss);
}
MANY below(const uint32_t* high, const uint32_t* low, uint64_t most, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = to_below({high[i], low[i]}, most);
}
MANY logs(const double* x, double* out, int n) { for (int i = 0; i < n; ++i) out[i] = portable_log(x[i]); }
MANY quantiles(const double* u, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = portable_normal_quantile(u[i]);
}
MANY poissons(Key key, const double* rate, double* out, int n) {
    for (int i = 0; i < n; ++i) out[i] = poisson(key, 7, i, rate[i]);
}
"""


class Key(ctypes.Structure):
    _fields_ = (("k0", ctypes.c_uint32), ("k1", ctypes.c_uint32))


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    return load(SOURCE, "the random numbers of a test")


@pytest.fixture(scope="module")
def words() -> tuple[np.ndarray, np.ndarray]:
    """A million pairs of random words, with all pairs of extreme values among them."""
    first, second = np.meshgrid(EDGES, EDGES)
    high, low = threefry2x32((np.uint32(5), np.uint32(7)), (np.uint32(9), np.arange(MANY, dtype=np.uint32)))
    return np.concatenate([first.ravel(), high]), np.concatenate([second.ravel(), low])


def at(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array alive


def bits(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float64).view(np.uint64)


def test_words_are_the_same_in_cpp(library):
    second, high, low = (
        np.concatenate([EDGES, np.arange(MANY, dtype=np.uint32)]),
        *(np.empty(MANY + EDGES.size, np.uint32) for _ in range(2)),
    )
    for key in ((5, 7), (0xFFFFFFFF, 0), (0xDEADBEEF, 0xFFFFFFFF)):
        wanted = threefry2x32(tuple(map(np.uint32, key)), (np.uint32(0xFFFFFFF0), second))
        library.words(Key(*key), ctypes.c_uint32(0xFFFFFFF0), at(second), at(high), at(low), second.size)
        np.testing.assert_array_equal((high, low), wanted)
        for tick in (0, 2**32 - 1, 2**32, 2**52 + 5):
            library.trials(Key(*key), ctypes.c_int64(tick), at(second), at(high), at(low), second.size)
            np.testing.assert_array_equal((high, low), trial_keys(key, second, tick))


@pytest.mark.parametrize("call", ["rand", "randn", "rand32"])
def test_random_numbers_do_not_repeat_after_as_many_ticks_as_a_counter_holds(call):
    jnp = pytest.importorskip("jax.numpy")
    from neurosim.engine.arrays.library import wide
    from neurosim.engine.arrays.random import Random

    def drawn(tick):
        elements, trials = np.arange(50, dtype=np.uint32), np.zeros(1, np.int64)
        found = getattr(TextRandom(1, "cells", "update", tick, trials, elements), call)(0)
        with wide():
            keys = jnp.asarray([base_key(1, "cells", "update", 0)], jnp.uint32)
            again = getattr(
                Random(keys, jnp.asarray(tick), jnp.asarray(trials), jnp.asarray(elements), jnp.float64), call
            )(0)
        np.testing.assert_allclose(again, found, rtol=1e-12)
        return found

    assert not np.isclose(drawn(7), drawn(2**32 + 7)).any()


@pytest.mark.parametrize(("name", "by_numpy"), [("uniforms", to_uniform), ("normals", to_normal)])
def test_uniform_and_normal_numbers_have_the_same_bits_in_cpp(library, words, name, by_numpy):
    found = np.empty(words[0].size)
    library[name](at(words[0]), at(words[1]), at(found), found.size)
    np.testing.assert_array_equal(bits(found), bits(by_numpy(words)))


@pytest.mark.parametrize("p", [1e-12, 0.1, 0.5, 0.97, 1 - 1e-12])
def test_gaps_have_the_same_bits_in_cpp(library, words, p):
    found = np.empty(words[0].size)
    library.gaps(at(words[0]), at(words[1]), ctypes.c_double(log1p(-p)), at(found), found.size)
    np.testing.assert_array_equal(bits(found), bits(to_gap(words, log1p(-p))))


@pytest.mark.parametrize("n", [1, 2, 77_169, 2**31 + 5, 2**32])
def test_whole_numbers_are_the_same_in_cpp(library, words, n):
    found = np.empty(words[0].size)
    library.below(at(words[0]), at(words[1]), ctypes.c_uint64(n), at(found), found.size)
    np.testing.assert_array_equal(found, to_below(words, n))


@pytest.mark.parametrize("rate", [-1.0, 0.0, 1e-9, 0.3, 1.0, 15.99, 16.0, 40.0, 1234.5, 1e6, *LARGE_RATES])
def test_poisson_numbers_are_the_same_in_cpp(library, rate):
    n = 500 if 1e4 <= rate <= LARGE else 20_000
    random = TextRandom(1, "cells", "update", 7, np.zeros(1, np.int64), np.arange(n, dtype=np.uint32))
    wanted, found = random.poisson(0, np.array(rate)), np.empty(n)
    key = trial_keys(base_key(1, "cells", "update", 0), np.zeros(1, np.int64))
    library.poissons(Key(int(key[0][0]), int(key[1][0])), at(np.full(n, rate)), at(found), n)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("rate", "count"), [(1.0001e6, 20_000), (3e7, 10_000), (1e9, 2000)])
def test_large_poisson_numbers_are_those_of_inversion_but_for_hardly_any(rate, count):
    from scipy.stats import poisson

    u = to_uniform(
        threefry2x32((np.uint32(1), np.uint32(2)), (np.uint32(3), np.arange(count, dtype=np.uint32)))
    )
    off = large_poisson(u, np.full(u.size, rate)) - poisson.ppf(u, rate)
    assert np.abs(off).max() <= 1
    assert np.count_nonzero(off) < 20


@pytest.mark.parametrize("rate", [1e12, 1e15, 1e24])
def test_large_poisson_numbers_have_the_moments_of_the_law(rate):
    n = 100_000
    random = TextRandom(1, "cells", "update", 7, np.zeros(1, np.int64), np.arange(n, dtype=np.uint32))
    z = (random.poisson(0, np.array(rate)) - rate) / np.sqrt(rate)
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)


@pytest.mark.parametrize(
    ("rate", "drawn"), [(np.inf, np.inf), (-np.inf, 0.0), (np.nan, np.nan), (-3.0, 0.0), (0.0, 0.0)]
)
def test_a_poisson_rate_that_is_no_rate_gives_what_its_limit_is(rate, drawn):
    random = TextRandom(1, "cells", "update", 7, np.zeros(1, np.int64), np.arange(5, dtype=np.uint32))
    np.testing.assert_array_equal(random.poisson(0, np.array(rate)), np.full(5, drawn))


def test_normal_quantiles_are_right_and_have_the_same_bits_in_cpp(library):
    from scipy.special import ndtri

    u = np.concatenate(
        [
            2.0 ** -np.arange(1, 55),
            1 - 2.0 ** -np.arange(2, 54),
            [0.075, 0.925, 0.0750001],
            np.random.default_rng(0).random(MANY),
        ]
    )
    found, exact = np.empty_like(u), ndtri(u)
    np.testing.assert_allclose(portable_normal_quantile(u), exact, rtol=2e-15, atol=1e-16)
    library.quantiles(at(u), at(found), u.size)
    np.testing.assert_array_equal(bits(found), bits(portable_normal_quantile(u)))


def test_poisson_numbers_are_the_same_on_the_array_engine_for_every_rate():
    pytest.importorskip("jax")
    rates = [
        0.3,
        1e6,
        1e9,
        1e12,
        1e300,
        -1.0,
        1.0,
        1.0,
    ]  # of the last two, neurons make no number and an endless one
    text = "n = poisson(where(i == 6, exp(1000*I) - exp(1000*I), where(i == 7, exp(1000*I), I)))"
    cells, ears = ns.Neurons("cells", (50, 8), update=text, sends="n"), ns.Neurons("ears", (50, 8))
    net = ns.Network(ns.Synapses(ears, cells, wiring=ns.one_to_one()), schedule=ns.Layered())
    given = {"ears": np.broadcast_to(rates, (1, 50, 8))}
    by_reference, by_arrays = (
        ns.run(net, given, record="cells", engine=engine)["cells"] for engine in ("reference", "arrays")
    )
    assert np.isnan(by_reference[..., 6]).all() and np.isinf(by_reference[..., 7]).all()
    np.testing.assert_allclose(by_arrays, by_reference, rtol=1e-15, atol=0)


def ulps(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error in units in the last place, where the exact value is not 0."""
    found, exact = found[exact != 0], exact[exact != 0]
    return float(np.max(np.abs((found - exact) / np.spacing(np.abs(exact.astype(np.float64))))))


def test_the_logarithm_is_right_to_a_unit_in_the_last_place(library):
    draw = np.random.default_rng(0)
    edges = [
        1.0,
        2.0,
        0.5,
        np.sqrt(0.5),
        np.nextafter(1, 0),
        np.nextafter(1, 2),
        np.finfo(float).tiny,
        np.finfo(float).max,
        2.0**-53,
        1 - 2.0**-33,
    ]
    x = np.concatenate(
        [edges, 1 - draw.random(MANY), np.exp(draw.uniform(-708, 709, MANY)), draw.uniform(0.7, 1.5, MANY)]
    )
    assert ulps(portable_log(x), np.log(x.astype(np.longdouble))) < 1
    assert portable_log(np.array(1.0)) == 0
    found = np.empty_like(x)
    library.logs(at(x), at(found), x.size)
    np.testing.assert_array_equal(bits(found), bits(portable_log(x)))


def test_the_cosine_of_turns_is_right_to_a_unit_in_the_last_place():
    b = np.concatenate([EDGES, np.random.default_rng(0).integers(0, 2**32, MANY, dtype=np.uint32)])
    wide = b.astype(np.int64)
    quarter = (wide + 2**29) >> 30
    rest = (wide - (quarter << 30)) * (np.arctan(np.longdouble(1)) * 8 / 2**32)
    exact = np.choose(quarter % 4, [np.cos(rest), -np.sin(rest), -np.cos(rest), np.sin(rest)])
    assert ulps(portable_cos_turns(b), exact) < 1
    np.testing.assert_array_equal(portable_cos_turns(np.arange(4, dtype=np.uint32) << 30), [1, 0, -1, 0])


def test_normal_numbers_are_normal(words):
    from scipy.stats import kstest

    z = to_normal((words[0][EDGES.size**2 :][:200_000], words[1][EDGES.size**2 :][:200_000]))
    assert kstest(z, "norm").pvalue > 0.001
    assert np.abs(z).max() < np.sqrt(66 * np.log(2))


def test_gaps_are_geometric():
    gaps, p = Stream(1, "a").gaps("wiring", 0.2, np.arange(200_000), np.zeros(200_000, int)), 0.2
    counts = np.bincount(np.minimum(gaps, 20).astype(int), minlength=21)
    chances = np.append(p * (1 - p) ** np.arange(20), (1 - p) ** 20)
    assert (
        (counts - gaps.size * chances) ** 2 / (gaps.size * chances)
    ).sum() < 45.3  # chi-square, 20 degrees of freedom, p = 0.001
