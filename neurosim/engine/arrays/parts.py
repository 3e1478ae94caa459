"""Parts of populations, taken from arrays and laid back: by slices where the part is a box, else by index."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike


class Part:
    """The neurons `index` (flat) of a population of this shape, in that order."""

    def __init__(self, index: np.ndarray, shape: tuple[int, ...]):
        self.index, self.shape = index, shape
        self.size = int(np.prod(shape))  # of the population
        self.is_all = np.array_equal(index, np.arange(self.size))
        self.box = (
            None if self.is_all else _box(index, shape)
        )  # slices are much faster than an index on a GPU

    def take(self, value: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """The part of a message (trial, *population) as (trial, *shape)."""
        count = value.shape[0]
        if self.is_all:
            return value.reshape(count, *shape)
        if self.box is not None:
            return value.reshape(count, *self.shape)[(slice(None), *self.box)].reshape(count, *shape)
        return value.reshape(count, -1)[:, self.index].reshape(count, *shape)

    def put(self, value: jax.Array, fill: float) -> jax.Array:
        """Numbers of the part, (trial, ...), laid out as (trial, *population), with `fill` elsewhere."""
        count = value.shape[0]
        if self.is_all:
            return value.reshape(count, *self.shape)
        if self.box is not None and all(s.step == 1 for s in self.box):
            lengths = tuple(s.stop - s.start for s in self.box)
            around = [(s.start, n - s.stop) for s, n in zip(self.box, self.shape, strict=True)]
            return jnp.pad(value.reshape(count, *lengths), [(0, 0), *around], constant_values=fill)
        empty = jnp.full((count, self.size), fill, value.dtype)
        return empty.at[:, self.index].set(value.reshape(count, -1)).reshape(count, *self.shape)

    def count(self, terms: ArrayLike) -> np.ndarray:
        """How many terms each neuron of the population receives, shaped as the population.

        terms: one number, or one for each neuron of the part.
        """
        counts = np.zeros(self.size, np.int64)
        counts[self.index] = terms
        return counts.reshape(self.shape)


def _box(index: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """The slices that name these neurons in this order, if there are any."""
    slices: list[slice] = []
    for coordinate in np.unravel_index(index, shape):
        chosen = np.unique(coordinate)
        step = int(chosen[1] - chosen[0]) if chosen.size > 1 else 1
        if np.any(np.diff(chosen) != step):
            return None
        slices.append(slice(int(chosen[0]), int(chosen[-1]) + 1, step))
    named = np.arange(int(np.prod(shape))).reshape(shape)[tuple(slices)].ravel()
    return tuple(slices) if np.array_equal(named, index) else None
