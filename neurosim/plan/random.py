"""Counter-based random numbers: the same on every engine, for any number of threads, in any order.

A number is a pure function of a key and a counter. The key comes from the seed, the name of the object, the block of
text and the number of the call in it (and the trial); the counter is (tick, element) while running, and (sender,
position) where synapses are drawn. Nothing here remembers anything.

Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3, SC11, doi:10.1145/2063384.2063405.
Threefry-2x32 with 13 rounds, the fewest that they found to pass BigCrush. `engine/events/core/numbers/random.hpp` gives the same bits.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from math import log1p

import numpy as np

from neurosim.plan.portable_math import portable_cos_turns, portable_log
from neurosim.plan.quantile import LARGE, large_poisson

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = np.uint32(0x1BD11BDA)
ROUNDS = 13
Words = tuple[np.ndarray, np.ndarray]
AnyWords = tuple[np.ndarray | np.uint32, np.ndarray | np.uint32]


def threefry2x32(key: AnyWords, counter: AnyWords, rounds: int = ROUNDS) -> Words:
    """Two 32-bit random words for each counter under each key (arrays of uint32 that broadcast)."""
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


def trial_keys(base: tuple[int, int], trials: np.ndarray, tick: int = 0) -> Words:
    """One key per trial, so that trials are independent; another one every 2^32 ticks, whose counters begin anew."""
    return threefry2x32(
        (np.uint32(base[0]), np.uint32(base[1])),
        (trials.astype(np.uint32), np.uint32(0x54524C ^ (tick >> 32))),
    )


def to_uniform(words: Words) -> np.ndarray:
    """53 random bits as a double in [0, 1)."""
    high, low = words[0].astype(np.uint64), words[1].astype(np.uint64)
    return ((high << np.uint64(21)) | (low >> np.uint64(11))) * 2.0**-53


def to_normal(words: Words) -> np.ndarray:
    """A standard normal number by Box & Muller's transform: sqrt(-2 log a) cos(2 pi b), a in (0, 1), b in [0, 1)."""
    a = (words[0].astype(np.float64) + 0.5) * 2.0**-32
    return np.sqrt(-2.0 * portable_log(a)) * portable_cos_turns(words[1])


def to_gap(words: Words, log_miss: float) -> np.ndarray:
    """How many misses stand before the next hit (geometric), as a whole double: floor(log(u)/log_miss), u in (0, 1].

    `log_miss` is the logarithm of the probability of a miss.
    """
    with np.errstate(over="ignore"):  # infinitely many where hits are hardly ever
        return np.floor(portable_log(1.0 - to_uniform(words)) / log_miss)


def to_below(words: Words, n: int) -> np.ndarray:
    """A whole number below n (n at most 2^32), by multiplication: exact integers on every engine."""
    return ((words[0].astype(np.uint64) * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


class Stream:
    """The random numbers of one object, for wiring, weights and start values: keyed by block, counted by two indices."""

    def __init__(self, seed: int, name: str):
        self.seed, self.name = seed, name

    def key(self, block: str) -> tuple[int, int]:
        """The key of the numbers of a block."""
        return base_key(self.seed, self.name, block, 0)

    def words(self, block: str, first: np.ndarray, second: np.ndarray) -> Words:
        k0, k1 = self.key(block)
        return threefry2x32(
            (np.uint32(k0), np.uint32(k1)),
            (np.asarray(first).astype(np.uint32), np.asarray(second).astype(np.uint32)),
        )

    def uniform(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Doubles in [0, 1)."""
        return to_uniform(self.words(block, first, second))

    def normal(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Standard normal doubles."""
        return to_normal(self.words(block, first, second))

    def below(self, block: str, n: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whole numbers below n."""
        return to_below(self.words(block, first, second), n)

    def gaps(self, block: str, p: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """How many misses stand before the next hit of probability p, 0 < p < 1, as whole doubles."""
        return to_gap(self.words(block, first, second), log1p(-p))


class TextRandom:
    """The random functions of one block of text while it runs.

    `trials` and `elements` broadcast against each other: (trial, 1, ...) and (*shape) for a population, (arrival,) both
    for arrivals at synapses. Every method takes the number of its call in the block.
    """

    def __init__(self, seed: int, name: str, block: str, tick: int, trials: np.ndarray, elements: np.ndarray):
        self.key = (seed, name, block)
        self.tick, self.trials, self.elements = tick, trials, elements

    def _words(self, call: int) -> Words:
        key = trial_keys(base_key(*self.key, call), self.trials, self.tick)
        return threefry2x32(key, (np.uint32(self.tick & 0xFFFFFFFF), self.elements))

    def rand(self, call: int) -> np.ndarray:
        return to_uniform(self._words(call))

    def rand_in_fours(self, call: int) -> np.ndarray:
        """Multiples of 2^-32 in [0, 1), at little more than a quarter of the price of rand for who needs the low halves hardly ever.

        Elements 4m to 4m + 3 share the draw m, which holds the 16 high bits of each, and the draw m + 2^31, which holds the low ones.
        """
        return ((self._quarters(call, 0) << np.uint32(16)) | self._quarters(call, 2**31)) * 2.0**-32

    def _quarters(self, call: int, first: int) -> np.ndarray:
        """16 random bits for each element."""
        key = trial_keys(base_key(*self.key, call), self.trials, self.tick)
        words = threefry2x32(
            key, (np.uint32(self.tick & 0xFFFFFFFF), (self.elements >> np.uint32(2)) + np.uint32(first))
        )
        word = np.where(self.elements & np.uint32(2), words[1], words[0])
        return (word >> ((self.elements & np.uint32(1)) * np.uint32(16))) & np.uint32(0xFFFF)

    def randn(self, call: int) -> np.ndarray:
        return to_normal(self._words(call))

    def bernoulli(self, call: int, p: np.ndarray) -> np.ndarray:
        """1 with probability p, else 0."""
        return (self.rand(call) < p).astype(np.float64)

    def poisson(self, call: int, rate: np.ndarray) -> np.ndarray:
        """The smallest k whose cumulative Poisson probability exceeds a uniform number; 0 for rates below 0, NaN for NaN."""
        from scipy.special import pdtr, pdtrik

        u, rate = np.broadcast_arrays(self.rand(call), np.asarray(rate, dtype=np.float64))
        small = np.where(rate <= LARGE, rate, 0.0)
        drawn = invert(u, lambda k, m: pdtr(k, m), lambda v, m: pdtrik(v, m), small)
        if np.any(large := rate > LARGE):
            drawn[large] = large_poisson(u[large], rate[large])
        return np.where(np.isnan(rate), rate, drawn)

    def choice(self, call: int, p: np.ndarray) -> np.ndarray:
        """A one-hot draw along the last axis, with probabilities proportional to p."""
        u = self.rand(call)
        weights = np.broadcast_to(p, u.shape)
        total = np.cumsum(weights, axis=-1)
        u = u[..., :1] * total[..., -1:]
        chosen = np.minimum((total <= u).sum(axis=-1, keepdims=True), total.shape[-1] - 1)
        return (np.arange(total.shape[-1]) == chosen).astype(np.float64)


def invert(u: np.ndarray, cumulative, guess, parameter: np.ndarray) -> np.ndarray:
    """The smallest whole k >= 0 with cumulative(k, parameter) > u; `guess` is a continuous inverse to start from."""
    u, parameter = np.broadcast_arrays(u, parameter)
    start = guess(np.clip(u, 1e-300, None), np.where(parameter > 0, parameter, 1.0))
    k = np.maximum(np.floor(np.nan_to_num(start)), 0.0)
    while np.any(lower := (k > 0) & (cumulative(np.maximum(k - 1, 0), parameter) > u)):
        k = k - lower
    while np.any(higher := (parameter > 0) & (cumulative(k, parameter) <= u)):
        k = k + higher
    return np.where(parameter > 0, k, 0.0)


def binomial(u: np.ndarray, n: int, p: np.ndarray) -> np.ndarray:
    """The smallest k whose cumulative Binomial(n, p) probability exceeds u; p holds few different numbers and broadcasts against u."""
    drawn, chance = (
        np.empty(np.broadcast_shapes(np.shape(u), np.shape(p))),
        np.broadcast_to(p, np.broadcast_shapes(np.shape(u), np.shape(p))),
    )
    for value in np.unique(p):
        first, cumulative = cumulative_binomial(n, float(value))
        here = chance == value
        drawn[here] = first + np.searchsorted(cumulative, np.broadcast_to(u, drawn.shape)[here], side="right")
    return drawn


@lru_cache(maxsize=64)
def cumulative_binomial(n: int, p: float) -> tuple[int, np.ndarray]:
    """The first k that counts, and the probabilities that Binomial(n, p) is at most k, k + 1, ... up to the last one that counts.

    Chances are multiplied outwards from the most likely k, then added and divided by their sum, so that neither very many
    sources nor the rounding of a logarithm spoil them. What is farther away than 12 standard deviations and 40 has less
    than one chance in 10^30. `engine/events/core/numbers/binomial.hpp` takes the same steps and has the same bits.
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
