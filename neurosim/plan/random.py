"""Counter-based random numbers: the same on every engine, for any number of threads, in any order.

A number is a pure function of a key and a counter, and there is no state. The key is made of the seed, the
name of the object, the block of text, the number of the call in this block and the trial. The counter is
(tick, neuron or synapse) during a run, and (sender, position among its synapses) where synapses are drawn.

The generator is Threefry-2x32 with 13 rounds, the fewest that passed the test suite BigCrush.
`engine/events/core/numbers/random.hpp` gives the same bits.

Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3, SC11,
doi:10.1145/2063384.2063405.
"""

# pyright: reportMissingTypeStubs=false
# The packages have no types of their own; what is used of them is typed here.

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.plan.portable_math import portable_cos_turns, portable_log
from neurosim.plan.quantile import LARGE, large_poisson

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = np.uint32(0x1BD11BDA)
ROUNDS = 13
MOST_DRAWS = 2**31  # whose number of successes `binomial` of text draws
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = tuple[NDArray[np.uint32], NDArray[np.uint32]]  # two 32-bit random words for each number
AnyWords = tuple[NDArray[np.uint32] | np.uint32, NDArray[np.uint32] | np.uint32]


def threefry2x32(key: AnyWords, counter: AnyWords, rounds: int = ROUNDS) -> Words:
    """Two 32-bit random words for each counter under each key; key and counter are broadcast."""
    k0, k1 = (np.asarray(k, dtype=np.uint32) for k in key)
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    with np.errstate(over="ignore"):  # arithmetic is modulo 2^32
        x0 = np.asarray(counter[0], dtype=np.uint32) + k0
        x1 = np.asarray(counter[1], dtype=np.uint32) + k1
        for number in range(rounds):
            turn = ROTATIONS[number % 8]
            x0 = x0 + x1
            x1 = (x1 << np.uint32(turn)) | (x1 >> np.uint32(32 - turn))
            x1 = x1 ^ x0
            if number % 4 == 3:
                step = number // 4 + 1
                x0 = x0 + schedule[step % 3]
                x1 = x1 + (schedule[(step + 1) % 3] + np.uint32(step))
    return x0, x1


@lru_cache(maxsize=4096)
def base_key(seed: int, name: str, block: str, call: int) -> tuple[int, int]:
    """The key of one call in one block of text of one object."""
    digest = blake2b(f"{seed}|{name}|{block}|{call}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def trial_keys(base: tuple[int, int], trials: Integers, tick: int = 0) -> Words:
    """One key per trial, so that trials are independent.

    The counter holds 32 bits of the tick, so the key changes every 2^32 ticks.
    """
    return threefry2x32(
        (np.uint32(base[0]), np.uint32(base[1])),
        (trials.astype(np.uint32), np.uint32(0x54524C ^ (tick >> 32))),
    )


def to_uniform(words: Words) -> Floats:
    """53 random bits as a double in [0, 1)."""
    high, low = words
    return np.asarray(high * 2.0**21 + (low >> np.uint32(11)), np.float64) * 2.0**-53  # every step is exact


def to_normal(words: Words) -> Floats:
    """Standard normal numbers by Box & Muller's transform, sqrt(-2 log a) cos(2 pi b)."""
    a = (words[0].astype(np.float64) + 0.5) * 2.0**-32
    return np.sqrt(-2.0 * portable_log(a)) * portable_cos_turns(words[1])


def to_gap(words: Words, log_miss: float) -> Floats:
    """The number of failures before a success (geometric): floor(log(u)/log_miss), u in (0, 1].

    log_miss: the logarithm of the probability of a failure
    """
    with np.errstate(over="ignore"):  # infinity where success is all but impossible
        return np.floor(portable_log(1.0 - to_uniform(words)) / log_miss)


def to_below(words: Words, n: int) -> Integers:
    """An integer below n (n at most 2^32), by multiplication of integers, which is exact on every engine."""
    return ((words[0].astype(np.uint64) * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


class Stream:
    """The random numbers with which the wiring, weights and start values of one object are drawn.

    Every method takes the name of a `block`, which is part of the key, and the two indices `first` and
    `second` of the counter, arrays that are broadcast. It returns one number for each pair of indices.

    seed: the seed of the run
    name: the name of the object and of what is drawn, such as 'liquid_to_out.weight'
    """

    def __init__(self, seed: int, name: str):
        self.seed, self.name = seed, name

    def key(self, block: str) -> tuple[int, int]:
        """The key of the numbers of a block."""
        return base_key(self.seed, self.name, block, 0)

    def words(self, block: str, first: ArrayLike, second: ArrayLike) -> Words:
        """Two random words for each pair of indices."""
        k0, k1 = self.key(block)
        counter = np.asarray(first).astype(np.uint32), np.asarray(second).astype(np.uint32)
        return threefry2x32((np.uint32(k0), np.uint32(k1)), counter)

    def uniform(self, block: str, first: ArrayLike, second: ArrayLike) -> Floats:
        """Doubles in [0, 1)."""
        return to_uniform(self.words(block, first, second))

    def normal(self, block: str, first: ArrayLike, second: ArrayLike) -> Floats:
        """Standard normal doubles."""
        return to_normal(self.words(block, first, second))

    def below(self, block: str, n: int, first: ArrayLike, second: ArrayLike) -> Integers:
        """Integers from 0 to n - 1."""
        return to_below(self.words(block, first, second), n)

    def gaps(self, block: str, p: float, first: ArrayLike, second: ArrayLike) -> Floats:
        """The numbers of failures before the next success of probability p, 0 < p < 1, as doubles."""
        return to_gap(self.words(block, first, second), log1p(-p))


class TextRandom:
    """The random functions that one block of text calls at one tick.

    Every method takes the number of its call in the block, from 0. Its values have the shape to which
    `trials` and `elements` broadcast.

    tick: the present tick
    trials: the numbers of the trials, (trial, 1, ...) for a population, (arrival,) for arrivals at synapses
    elements: the flat indices of the neurons, (1, *shape), or of the synapses, (arrival,)
    """

    def __init__(
        self, seed: int, name: str, block: str, tick: int, trials: Integers, elements: NDArray[np.uint32]
    ):
        self.key = (seed, name, block)
        self.tick, self.trials, self.elements = tick, trials, elements

    def _words(self, call: int, elements: NDArray[np.uint32]) -> Words:
        key = trial_keys(base_key(*self.key, call), self.trials, self.tick)
        return threefry2x32(key, (np.uint32(self.tick & 0xFFFFFFFF), elements))

    def rand(self, call: int) -> Floats:
        """Doubles in [0, 1)."""
        return to_uniform(self._words(call, self.elements))

    def rand32(self, call: int) -> Floats:
        """Multiples of 2^-32 in [0, 1), cheaper than `rand` for an engine that rarely needs the low 16 bits.

        Elements 4m to 4m + 3 share two draws: m holds the high 16 bits of each, and m + 2^31 the low ones.
        """
        bits = (self._quarters(call, 0) << np.uint32(16)) | self._quarters(call, 2**31)
        return bits.astype(np.float64) * 2.0**-32

    def _quarters(self, call: int, first: int) -> NDArray[np.uint32]:
        """16 random bits for each element, of the draws from `first` on."""
        words = self._words(call, (self.elements >> np.uint32(2)) + np.uint32(first))
        word = np.where(self.elements & np.uint32(2), words[1], words[0])
        return (word >> ((self.elements & np.uint32(1)) * np.uint32(16))) & np.uint32(0xFFFF)

    def randn(self, call: int) -> Floats:
        """Standard normal doubles."""
        return to_normal(self._words(call, self.elements))

    def bernoulli(self, call: int, p: ArrayLike) -> Floats:
        """1 with probability p, else 0."""
        return (self.rand(call) < np.asarray(p)).astype(np.float64)

    def poisson(self, call: int, rate: ArrayLike) -> Floats:
        """The smallest k whose cumulative Poisson probability exceeds a uniform number.

        rate: the expected numbers; 0 is drawn for a negative one, and NaN for NaN
        """
        u, rate = np.broadcast_arrays(self.rand(call), np.asarray(rate, dtype=np.float64))
        drawn = _small_poisson(u, np.where(rate <= LARGE, rate, 0.0))
        large = rate > LARGE
        if np.any(large):
            drawn[large] = large_poisson(u[large], rate[large])
        return np.where(np.isnan(rate), rate, drawn)

    def binomial(self, call: int, n: ArrayLike, p: ArrayLike) -> Floats:
        """The smallest k whose cumulative Binomial(n, p) probability exceeds a uniform number.

        n: the number of draws, rounded down; 0 is drawn for one below 1, and NaN for one above 2**31
        p: the probability of success; 0 is drawn for one below 0, n for one above 1, and NaN for NaN
        """
        u = self.rand(call)
        u, n, p = np.broadcast_arrays(u, np.floor(np.asarray(n, np.float64)), np.asarray(p, np.float64))
        drawn = np.where((n <= MOST_DRAWS) & ~np.isnan(p), 0.0, np.nan)
        possible = (n >= 1) & ~np.isnan(drawn)
        for count in np.unique(n[possible]):
            same = possible & (n == count)
            drawn[same] = binomial(u[same], int(count), p[same])
        return drawn

    def choice(self, call: int, p: ArrayLike) -> Floats:
        """A one-hot draw along the last axis, with probabilities proportional to p."""
        u = self.rand(call)
        total = np.cumsum(np.broadcast_to(p, u.shape), axis=-1)
        level = u[..., :1] * total[..., -1:]
        chosen = np.minimum((total <= level).sum(axis=-1, keepdims=True), total.shape[-1] - 1)
        return np.asarray(np.arange(total.shape[-1]) == chosen, dtype=np.float64)


class DrawRandom(TextRandom):
    """The random functions of an expression that is computed once, when a network is drawn.

    name: the name of the object and of what is drawn, such as 'cells.v'
    first, second: the counters of each number, as of `Stream`: arrays of one shape, or that are broadcast
    """

    def __init__(self, seed: int, name: str, first: NDArray[np.uint32], second: NDArray[np.uint32]):
        super().__init__(seed, name, "expression", 0, np.zeros(1, np.int64), second)
        self.first = first

    def _words(self, call: int, elements: NDArray[np.uint32]) -> Words:
        k0, k1 = base_key(*self.key, call)
        return threefry2x32((np.uint32(k0), np.uint32(k1)), (self.first, elements))


def _small_poisson(u: Floats, rate: Floats) -> Floats:
    """The smallest k whose cumulative Poisson probability exceeds u; 0 for rates of 0 or less."""
    from scipy import special  # takes long to import

    functions: Any = special
    cumulative: Callable[[Floats, Floats], Floats] = functions.pdtr
    positive = rate > 0
    # SciPy's inverse is continuous and rounded: begin there, and walk to the k that the cumulative
    # probability defines.
    start = functions.pdtrik(np.clip(u, 1e-300, None), np.where(positive, rate, 1.0))
    k = np.maximum(np.floor(np.nan_to_num(start)), 0.0)
    while np.any(lower := (k > 0) & (cumulative(np.maximum(k - 1, 0), rate) > u)):
        k = k - lower
    while np.any(higher := positive & (cumulative(k, rate) <= u)):
        k = k + higher
    return np.where(positive, k, 0.0)


def binomial(u: Floats, n: int, p: Floats) -> Floats:
    """The smallest k whose cumulative Binomial(n, p) probability exceeds u.

    u: uniform numbers in [0, 1)
    n: the number of draws
    p: the probabilities of success, which broadcast with u; efficient for few different ones
    """
    u, p = np.broadcast_arrays(u, p)
    drawn = np.empty(u.shape)
    for value in np.unique(p):
        first, cumulative = cumulative_binomial(n, float(value))
        same = p == value
        drawn[same] = first + np.searchsorted(cumulative, u[same], side="right")
    return drawn


@lru_cache(maxsize=64)
def cumulative_binomial(n: int, p: float) -> tuple[int, Floats]:
    """The first k that matters, and the probabilities that Binomial(n, p) is at most k, k + 1, ...

    Starting at the most likely k, the probabilities follow by multiplication in both directions. They are
    then added and divided by their sum, so that neither a large n nor the rounding of a logarithm spoils
    them. Values farther from the mean than 12 standard deviations and 40 are left out: they have a
    probability below 10^-30. `engine/events/core/numbers/binomial.hpp` takes the same steps and has the same
    bits.
    """
    if not 0.0 < p < 1.0:
        return (n if p >= 1.0 else 0), np.ones(1)
    odds, mode = p / (1.0 - p), min(int((n + 1) * p), n)
    reach = int(np.ceil(12.0 * np.sqrt(n * p * (1.0 - p)))) + 40
    above, below = np.arange(mode, min(mode + reach, n)), np.arange(mode, max(mode - reach, 0), -1)
    up = np.cumprod(odds * (n - above) / (above + 1))
    down = np.cumprod(below / (n - below + 1) / odds)
    total = np.cumsum(np.r_[down[::-1], 1.0, up])
    return mode - down.size, total / total[-1]
