"""Which parts of the chunks of a dataset hold what is wanted of it, one axis at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

Indices = range | np.ndarray
"""Rising indices of one axis: a range, or an array of integers without repetition."""


class Piece(NamedTuple):
    """What one chunk holds of the wanted indices of an axis.

    start: the index at which the chunk begins.
    target: the positions of these indices among those that are wanted.
    within: their places in the chunk: a slice if they are evenly spaced, else an array.
    low, high: the first of these places, and the one after the last.
    """

    start: int
    target: slice
    within: slice | np.ndarray
    low: int
    high: int


def pieces(wanted: Indices, length: int) -> Iterator[Piece]:
    """The pieces of the chunks, each so many indices long, that hold some of the wanted indices."""
    if isinstance(wanted, range):
        yield from _pieces_of_range(wanted, length)
        return
    chunk = wanted // length
    breaks = np.flatnonzero(np.diff(chunk)) + 1
    for first, last in zip(np.r_[0, breaks], np.r_[breaks, wanted.size], strict=True):
        if first == last:
            continue
        start = int(chunk[first]) * length
        within = wanted[first:last] - start
        low, high = int(within[0]), int(within[-1]) + 1
        even = high - low == within.size
        yield Piece(start, slice(first, last), slice(low, high) if even else within, low, high)


def _pieces_of_range(wanted: range, length: int) -> Iterator[Piece]:
    first = 0
    while first < len(wanted):
        start = wanted[first] // length * length
        low = wanted[first] - start
        last = min(len(wanted), first + -(-(length - low) // wanted.step))
        high = wanted[last - 1] - start + 1
        yield Piece(start, slice(first, last), slice(low, high, wanted.step), low, high)
        first = last


def as_range(indices: Indices) -> Indices:
    """The same indices, as a range if they follow each other without a gap."""
    if isinstance(indices, range) or not indices.size:
        return indices
    first, last = int(indices[0]), int(indices[-1]) + 1
    return range(first, last) if last - first == indices.size else indices


def as_array(indices: Indices) -> np.ndarray:
    """The same indices as an array."""
    if isinstance(indices, range):
        return np.arange(indices.start, indices.stop, indices.step, dtype=np.intp)
    return indices
