"""The counter-based random numbers of `plan/random.py` in JAX: the same bits of Threefry, logarithm and cosine to rounding."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.plan.quantile import LARGE
from neurosim.plan.random import PARITY, ROTATIONS, ROUNDS

STEPS = 34  # halvings that find a whole number below 2^34


def threefry2x32(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two 32-bit random words for each counter under each key."""
    k0, k1 = (jnp.asarray(k, jnp.uint32) for k in key)
    schedule = (k0, k1, k0 ^ k1 ^ jnp.uint32(PARITY))
    x0, x1 = jnp.asarray(counter[0], jnp.uint32) + k0, jnp.asarray(counter[1], jnp.uint32) + k1
    for number in range(ROUNDS):
        turn = ROTATIONS[number % 8]
        x0 = x0 + x1
        x1 = ((x1 << turn) | (x1 >> (32 - turn))) ^ x0
        if number % 4 == 3:
            step = number // 4 + 1
            x0, x1 = x0 + schedule[step % 3], x1 + (schedule[(step + 1) % 3] + jnp.uint32(step))
    return x0, x1


def to_uniform(words: tuple[Any, Any]) -> Any:
    """53 random bits as a double in [0, 1)."""
    high, low = words[0].astype(jnp.uint64), words[1].astype(jnp.uint64)
    return ((high << 21) | (low >> 11)).astype(jnp.float64) * 2.0**-53


def to_normal(words: tuple[Any, Any]) -> Any:
    """A standard normal number by Box & Muller's transform."""
    a = (words[0].astype(jnp.float64) + 0.5) * 2.0**-32
    turn = words[1].astype(jnp.float64) * (2.0 * np.pi * 2.0**-32)
    return jnp.sqrt(-2.0 * jnp.log(a)) * jnp.cos(turn)


class Random:
    """The random functions of one block of text; see `TextRandom`. `keys` holds the key of each call, (call, 2)."""

    def __init__(self, keys: Any, tick: Any, trials: Any, elements: Any, dtype: Any):
        self.keys, self.tick, self.trials, self.elements, self.dtype = keys, tick, trials, elements, dtype

    def _words(self, call: int, elements: Any = None) -> tuple[Any, Any]:
        base = self.keys[call, 0], self.keys[call, 1]
        key = threefry2x32(
            base,
            (self.trials.astype(jnp.uint32), jnp.uint32(0x54524C) ^ (self.tick >> 32).astype(jnp.uint32)),
        )
        return threefry2x32(
            key, (self.tick.astype(jnp.uint32), self.elements if elements is None else elements)
        )

    def _uniform(self, call: int) -> Any:
        return to_uniform(self._words(call))

    def rand(self, call: int) -> Any:
        return self._uniform(call).astype(self.dtype)

    def rand_in_fours(self, call: int) -> Any:
        """See `TextRandom.rand_in_fours`."""
        return ((self._quarters(call, 0) << 16) | self._quarters(call, 2**31)).astype(jnp.float64) * 2.0**-32

    def _quarters(self, call: int, first: int) -> Any:
        """16 random bits for each element."""
        words = self._words(call, (self.elements >> 2) + jnp.uint32(first))
        return (
            jnp.where((self.elements & 2) == 2, words[1], words[0]) >> ((self.elements & 1) * 16)
        ) & 0xFFFF

    def randn(self, call: int) -> Any:
        return to_normal(self._words(call)).astype(self.dtype)

    def bernoulli(self, call: int, p: Any) -> Any:
        """1 with probability p, else 0."""
        return (self._uniform(call) < p).astype(self.dtype)

    def poisson(self, call: int, rate: Any) -> Any:
        """See `TextRandom.poisson`."""
        rate = jax.lax.stop_gradient(jnp.asarray(rate, jnp.float64))
        u, small = self._uniform(call), jnp.where((rate > 0) & (rate <= LARGE), rate, 1.0)
        drawn = _invert(u, lambda k: jax.scipy.special.gammaincc(k + 1.0, small))
        drawn = jnp.where(rate > LARGE, _large_poisson(u, rate), jnp.where(rate > 0, drawn, 0.0))
        return jnp.where(jnp.isnan(rate), rate, drawn).astype(self.dtype)

    def choice(self, call: int, p: Any) -> Any:
        """A one-hot draw along the last axis, with probabilities proportional to p."""
        u = self._uniform(call)
        total = jnp.cumsum(jnp.broadcast_to(jnp.asarray(p, jnp.float64), u.shape), axis=-1)
        level = u[..., :1] * total[..., -1:]
        chosen = jnp.minimum((total <= level).sum(axis=-1, keepdims=True), total.shape[-1] - 1)
        return (jnp.arange(total.shape[-1]) == chosen).astype(self.dtype)


def binomial(u: Any, n: int, p: Any) -> Any:
    """The smallest k whose cumulative Binomial(n, p) probability exceeds u (trial, target); p is (trial, 1).

    See `cumulative_binomial` of `plan/random.py`; as p is not known before the run, the reach is that of p = 1/2.
    """
    reach = min(int(np.ceil(6.0 * np.sqrt(n))) + 40, n)

    def one_trial(u: Any, p: Any) -> Any:
        inside = jnp.clip(p, 1e-300, 1.0 - 1e-16)
        odds, mode = inside / (1.0 - inside), jnp.minimum(jnp.floor((n + 1) * inside), n)
        above, below = mode + jnp.arange(reach), mode - jnp.arange(reach)
        up = jnp.cumprod(jnp.maximum(odds * (n - above) / (above + 1.0), 0.0))
        down = jnp.cumprod(jnp.maximum(below, 0.0) / (n - below + 1.0) / odds)
        total = jnp.cumsum(jnp.concatenate([down[::-1], jnp.ones(1), up]))
        drawn = mode - reach + jnp.searchsorted(total / total[-1], u, side="right")
        return jnp.where(p >= 1.0, float(n), jnp.where(p <= 0.0, 0.0, drawn))

    return jax.vmap(one_trial)(u, jax.lax.stop_gradient(jnp.asarray(p, jnp.float64))[:, 0])


def _large_poisson(u: Any, rate: Any) -> Any:
    """See `large_poisson`."""
    z, finite = jax.scipy.special.ndtri(jnp.maximum(u, 2.0**-54)), jnp.minimum(rate, np.finfo(np.float64).max)
    return jnp.where(
        jnp.isinf(rate),
        rate,
        jnp.floor(finite + (jnp.sqrt(jnp.maximum(finite, 0.0)) * z + ((z * z - 1.0) / 6.0 + 0.5))),
    )


def _invert(u: Any, cumulative: Any) -> Any:
    """The smallest whole k >= 0 with cumulative(k) > u, by halving."""

    def halve(_: int, bounds: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = bounds  # cumulative(low) <= u < cumulative(high)
        middle = jnp.floor((low + high) / 2)
        over = (cumulative(jnp.maximum(middle, 0.0)) > u) & (middle > low)
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    shape = jnp.broadcast_shapes(u.shape, jax.eval_shape(cumulative, jnp.zeros((), jnp.float64)).shape)
    low, high = jnp.full(shape, -1.0), jnp.full(shape, 2.0**STEPS)
    return jax.lax.fori_loop(0, STEPS + 1, halve, (low, high))[1]
