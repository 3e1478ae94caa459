"""Parts of populations: taken from an array by slices where the part is a box, by index otherwise; and laid back."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np


class Part:
    """The neurons `index` (flat) of a population of this shape, in that order; arrays begin with the trial axis."""

    def __init__(self, index: np.ndarray, shape: tuple[int, ...]):
        self.index, self.shape = index, shape
        self.whole = index.size == int(np.prod(shape)) and np.array_equal(index, np.arange(index.size))
        self.box = None if self.whole else _box(index, shape)

    def take(self, value: Any, shape: tuple[int, ...]) -> Any:
        """The part of (trial, *population) as (trial, *shape)."""
        count = value.shape[0]
        if self.whole:
            return value.reshape(count, *shape)
        if self.box is not None:
            return value.reshape(count, *self.shape)[(slice(None), *self.box)].reshape(count, *shape)
        return value.reshape(count, -1)[:, self.index].reshape(count, *shape)

    def put(self, value: Any, fill: float) -> Any:
        """(trial, *part) laid out over the population, `fill` elsewhere."""
        count = value.shape[0]
        if self.whole:
            return value.reshape(count, *self.shape)
        if self.box is not None:
            lengths = tuple(len(range(s.start, s.stop, s.step)) for s in self.box)
            lead = [
                (s.start, n - (s.start + (k - 1) * s.step) - 1)
                for s, n, k in zip(self.box, self.shape, lengths, strict=True)
            ]
            if all(s.step == 1 for s in self.box):
                return jnp.pad(value.reshape(count, *lengths), [(0, 0), *lead], constant_values=fill)
        empty = jnp.full((count, int(np.prod(self.shape))), fill, value.dtype)
        return empty.at[:, self.index].set(value.reshape(count, -1)).reshape(count, *self.shape)

    def count(self, terms: Any) -> np.ndarray:
        """How many terms (a number, or one for each neuron of the part) each neuron of the population gets, shaped as it."""
        found = np.zeros(int(np.prod(self.shape)), np.int64)
        found[self.index] = terms
        return found.reshape(self.shape)


def _box(index: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """The slices that name these neurons in this order, if there are such."""
    slices = []
    for place, length in zip(np.unravel_index(index, shape), shape, strict=True):
        chosen = np.unique(place)
        step = int(chosen[1] - chosen[0]) if chosen.size > 1 else 1
        if chosen.size > 1 and np.any(np.diff(chosen) != step):
            return None
        slices.append(slice(int(chosen[0]), int(chosen[-1]) + 1, step))
        assert slices[-1].stop <= length
    found = np.arange(int(np.prod(shape))).reshape(shape)[tuple(slices)].ravel()
    return tuple(slices) if np.array_equal(found, index) else None
