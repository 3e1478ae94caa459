"""The random numbers of `plan/random.py` in JAX, with the same bits; logarithms and cosines to rounding."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from neurosim.plan.quantile import LARGE
from neurosim.plan.random import MOST_DRAWS, PARITY, ROTATIONS, ROUNDS

Words = tuple[jax.Array, jax.Array]
"""Two 32-bit random words for each element."""

Bounds = tuple[jax.Array, jax.Array]
"""A number below or at each wanted one, and one above."""

STEPS = 34  # halvings that find a whole number below 2^34


def threefry2x32(key: tuple[ArrayLike, ArrayLike], counter: tuple[ArrayLike, ArrayLike]) -> Words:
    """Two 32-bit random words for each counter under each key; see `plan/random.py` for the source."""
    k0, k1 = (jnp.asarray(k, jnp.uint32) for k in key)
    schedule = (k0, k1, k0 ^ k1 ^ jnp.uint32(PARITY))
    x0, x1 = jnp.asarray(counter[0], jnp.uint32) + k0, jnp.asarray(counter[1], jnp.uint32) + k1
    for number in range(ROUNDS):
        bits = ROTATIONS[number % 8]
        x0 = x0 + x1
        x1 = ((x1 << bits) | (x1 >> (32 - bits))) ^ x0
        if number % 4 == 3:  # after every fourth round the key is added
            step = number // 4 + 1
            x0, x1 = x0 + schedule[step % 3], x1 + (schedule[(step + 1) % 3] + jnp.uint32(step))
    return x0, x1


def to_uniform(words: Words) -> jax.Array:
    """53 random bits as a double in [0, 1)."""
    high, low = words[0].astype(jnp.uint64), words[1].astype(jnp.uint64)
    return ((high << 21) | (low >> 11)).astype(jnp.float64) * 2.0**-53


def to_normal(words: Words) -> jax.Array:
    """A standard normal number by the transform of Box & Muller."""
    a = (words[0].astype(jnp.float64) + 0.5) * 2.0**-32
    angle = words[1].astype(jnp.float64) * (2.0 * np.pi * 2.0**-32)
    return jnp.sqrt(-2.0 * jnp.log(a)) * jnp.cos(angle)


class Random:
    """The random functions of one block of text, with the methods of `TextRandom` in `plan/random.py`.

    keys: that of each call, (call, 2).
    tick: one for all, or shaped to broadcast against `elements` as `trials` are.
    trials: the number of each trial.
    elements: the index of each neuron or synapse, uint32.
    dtype: of what is returned.
    """

    def __init__(
        self, keys: jax.Array, tick: jax.Array, trials: jax.Array, elements: jax.Array, dtype: np.dtype
    ):
        self.keys, self.tick, self.trials, self.elements, self.dtype = keys, tick, trials, elements, dtype

    def _words(self, call: int, elements: jax.Array | None = None) -> Words:
        base = self.keys[call, 0], self.keys[call, 1]
        high = jnp.uint32(0x54524C) ^ (self.tick >> 32).astype(jnp.uint32)
        key = threefry2x32(base, (self.trials.astype(jnp.uint32), high))
        counter = self.tick.astype(jnp.uint32), self.elements if elements is None else elements
        return threefry2x32(key, counter)

    def _uniform(self, call: int) -> jax.Array:
        return to_uniform(self._words(call))

    def rand(self, call: int) -> jax.Array:
        """A uniform number in [0, 1) for each element."""
        return self._uniform(call).astype(self.dtype)

    def rand32(self, call: int) -> jax.Array:
        """Uniform numbers of 32 bits; four elements share two draws."""
        high, low = self._quarters(call, 0), self._quarters(call, 2**31)
        return ((high << 16) | low).astype(jnp.float64) * 2.0**-32

    def _quarters(self, call: int, first: int) -> jax.Array:
        """16 random bits for each element, a quarter of the draw number `first + element // 4`."""
        words = self._words(call, (self.elements >> 2) + jnp.uint32(first))
        word = jnp.where((self.elements & 2) == 2, words[1], words[0])
        return (word >> ((self.elements & 1) * 16)) & 0xFFFF

    def randn(self, call: int) -> jax.Array:
        """A standard normal number for each element."""
        return to_normal(self._words(call)).astype(self.dtype)

    def bernoulli(self, call: int, p: ArrayLike) -> jax.Array:
        """1 with probability p, else 0."""
        return (self._uniform(call) < p).astype(self.dtype)

    def poisson(self, call: int, rate: ArrayLike) -> jax.Array:
        """A Poisson number with the given mean; no gradient passes."""
        rate = jax.lax.stop_gradient(jnp.asarray(rate, jnp.float64))
        u, small = self._uniform(call), jnp.where((rate > 0) & (rate <= LARGE), rate, 1.0)
        drawn = _invert(u, lambda k: jax.scipy.special.gammaincc(k + 1.0, small))
        drawn = jnp.where(rate > LARGE, _large_poisson(u, rate), jnp.where(rate > 0, drawn, 0.0))
        return jnp.where(jnp.isnan(rate), rate, drawn).astype(self.dtype)

    def binomial(self, call: int, n: ArrayLike, p: ArrayLike) -> jax.Array:
        """A Binomial number of n draws with probability p; no gradient passes."""
        n = jax.lax.stop_gradient(jnp.floor(jnp.asarray(n, jnp.float64)))
        p = jax.lax.stop_gradient(jnp.asarray(p, jnp.float64))
        some, inside = jnp.clip(n, 1.0, MOST_DRAWS), jnp.clip(p, 1e-300, 1.0 - 1e-16)

        def cumulative(k: jax.Array) -> jax.Array:
            left = jax.scipy.special.betainc(jnp.maximum(some - k, 0.5), k + 1.0, 1.0 - inside)
            return jnp.where(k >= some, 1.0, left)

        drawn = jnp.where(p >= 1, n, jnp.where(p > 0, _invert(self._uniform(call), cumulative), 0.0))
        drawn = jnp.where(n >= 1, drawn, 0.0)
        return jnp.where((n <= MOST_DRAWS) & ~jnp.isnan(p), drawn, jnp.nan).astype(self.dtype)

    def choice(self, call: int, p: ArrayLike) -> jax.Array:
        """A one-hot draw along the last axis, with probabilities proportional to p."""
        u = self._uniform(call)
        total = jnp.cumsum(jnp.broadcast_to(jnp.asarray(p, jnp.float64), u.shape), axis=-1)
        level = u[..., :1] * total[..., -1:]
        chosen = jnp.minimum((total <= level).sum(axis=-1, keepdims=True), total.shape[-1] - 1)
        return (jnp.arange(total.shape[-1]) == chosen).astype(self.dtype)


def binomial(u: jax.Array, n: int, p: jax.Array) -> jax.Array:
    """The smallest k whose cumulative Binomial(n, p) probability exceeds u.

    u: (trial, target).
    p: (trial, 1).

    See `cumulative_binomial` of `plan/random.py`. As p is not known before the run, as many terms on either
    side of the mode are added as p = 1/2 needs, whose distribution is the widest.
    """
    reach = min(int(np.ceil(6.0 * np.sqrt(n))) + 40, n)

    def one_trial(u: jax.Array, p: jax.Array) -> jax.Array:
        inside = jnp.clip(p, 1e-300, 1.0 - 1e-16)
        odds, mode = inside / (1.0 - inside), jnp.minimum(jnp.floor((n + 1) * inside), n)
        above, below = mode + jnp.arange(reach), mode - jnp.arange(reach)
        up = jnp.cumprod(jnp.maximum(odds * (n - above) / (above + 1.0), 0.0))
        down = jnp.cumprod(jnp.maximum(below, 0.0) / (n - below + 1.0) / odds)
        total = jnp.cumsum(jnp.concatenate([down[::-1], jnp.ones(1), up]))
        drawn = mode - reach + jnp.searchsorted(total / total[-1], u, side="right")
        return jnp.where(p >= 1.0, float(n), jnp.where(p <= 0.0, 0.0, drawn))

    return jax.vmap(one_trial)(u, jax.lax.stop_gradient(jnp.asarray(p, jnp.float64))[:, 0])


def _large_poisson(u: jax.Array, rate: jax.Array) -> jax.Array:
    """See `large_poisson` of `plan/quantile.py`."""
    z, finite = jax.scipy.special.ndtri(jnp.maximum(u, 2.0**-54)), jnp.minimum(rate, np.finfo(np.float64).max)
    correction = (z * z - 1.0) / 6.0 + 0.5
    drawn = jnp.floor(finite + (jnp.sqrt(jnp.maximum(finite, 0.0)) * z + correction))
    return jnp.where(jnp.isinf(rate), rate, drawn)


def _invert(u: jax.Array, cumulative: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """The smallest whole k >= 0 with cumulative(k) > u, by halving."""

    def halve(_: int, bounds: Bounds) -> Bounds:
        low, high = bounds  # cumulative(low) <= u < cumulative(high)
        middle = jnp.floor((low + high) / 2)
        over = (cumulative(jnp.maximum(middle, 0.0)) > u) & (middle > low)
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    one = jax.eval_shape(cumulative, jnp.zeros((), jnp.float64))  # for the shape of the parameters
    shape = np.broadcast_shapes(u.shape, one.shape)
    low, high = jnp.full(shape, -1.0), jnp.full(shape, 2.0**STEPS)
    return cast(Bounds, jax.lax.fori_loop(0, STEPS + 1, halve, (low, high)))[1]
