"""The arrays of a batch of trials before the first tick as one block of bytes, from which later runs begin.

Most of the time of a short run would be spent in making these arrays one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.engine.events.keys import ArrayKey, DriveEvents, DriveValues, is_per_trial
from neurosim.engine.events.layouts import Array
from neurosim.recording.allocation import address, aligned_empty

BYTE = np.dtype(np.uint8)
LINE = 64  # bytes of a cache line, at which each array begins
MOST_BYTES = 2**20  # of the arrays that change; for more, copying them takes most of the time anyway

Place = tuple[int, tuple[int, ...], np.dtype[Any]]
"""An array: its first byte in the block, its shape and type."""


class BatchImage:
    """The arrays that change during a run, one after the other, and where the C++ finds each array.

    arrays: those of a batch that has not run yet, in the order of their handles.
    struct: what passes them to the C++; its arrays are in `keep_alive`.
    """

    def __init__(self, arrays: dict[ArrayKey, Array], struct: bytes, keep_alive: list[Array]):
        self.struct, self._keep_alive = struct, keep_alive
        self._fixed = {key: array for key, array in arrays.items() if not _changes(key)}
        self.places: dict[ArrayKey, Place] = {}  # of the arrays that change
        self._bytes = 0
        self._addresses = np.zeros(len(arrays), np.uint64)  # in the block, of the arrays that change
        self._changing = np.zeros(len(arrays), np.uint64)
        for handle, (key, array) in enumerate(arrays.items()):
            if is_per_trial(key):
                self.places[key] = self._bytes, array.shape, array.dtype
                self._addresses[handle], self._changing[handle] = self._bytes, 1
                self._bytes += -(-array.nbytes // LINE) * LINE
            elif key in self._fixed:
                self._addresses[handle] = address(array)
        self._block = aligned_empty((self._bytes,), BYTE)
        for key in self.places:
            self.array(self._block, key)[...] = arrays[key]

    def begin(self) -> tuple[Array, Array]:
        """The block of a run from the start, and the addresses of its arrays by handle, without inputs."""
        block = aligned_empty((self._bytes,), BYTE)
        block[...] = self._block
        return block, self._addresses + self._changing * np.uint64(address(block))

    def arrays(self, block: Array) -> dict[ArrayKey, Array]:
        """The arrays in a block, and those that all runs share."""
        return self._fixed | {key: self.array(block, key) for key in self.places}

    def array(self, block: Array, key: ArrayKey) -> Array:
        """One of the arrays in a block."""
        first, shape, dtype = self.places[key]
        return np.ndarray(shape, dtype, block, first)


def fits(arrays: dict[ArrayKey, Array]) -> bool:
    """Whether the arrays that change are so small that it pays to keep an image of them."""
    return sum(array.nbytes for key, array in arrays.items() if is_per_trial(key)) <= MOST_BYTES


def _changes(key: ArrayKey) -> bool:
    """Whether an array is of one run alone: state, or an input."""
    return is_per_trial(key) or isinstance(key, DriveValues | DriveEvents)
