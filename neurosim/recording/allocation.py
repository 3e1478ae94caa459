"""Arrays of a size that a file may claim, refused if they do not fit into memory; arrays at cache lines."""

from __future__ import annotations

import ctypes
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from neurosim.errors import RecordingError
from neurosim.plan.memory import memory
from neurosim.recording.chunk_pieces import Indices, as_array

CACHE_LINE = 64  # bytes


def zeros(shape: tuple[int, ...], dtype: DTypeLike, what: str) -> np.ndarray:
    """An array of zeros. `what` begins the RecordingError for one that does not fit into memory."""
    size = prod(shape) * np.dtype(dtype).itemsize
    try:
        if size <= memory():
            return np.zeros(shape, dtype)
    except (MemoryError, ValueError):
        pass
    raise too_large(what, shape, size)


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array without values that begins at a cache line, so that no vector of numbers lies across two."""
    length = prod(shape) * dtype.itemsize
    memory = np.empty(length + CACHE_LINE, np.uint8)
    return np.ndarray(shape, dtype, memory, -address(memory) % CACHE_LINE)


def address(array: np.ndarray) -> int:
    """Where the numbers of an array begin; `array.ctypes.data` takes several times as long."""
    if array.size and array.flags.carray:  # there is no such buffer of others
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    return array.ctypes.data


def index_array(indices: Indices, what: str) -> np.ndarray:
    """These indices as an array. `what` begins the RecordingError if they do not fit into memory."""
    if not isinstance(indices, range):
        return indices
    try:
        if len(indices) * 8 <= memory():
            return as_array(indices)
    except (MemoryError, OverflowError):
        pass
    length = indices.stop - indices.start
    raise too_large(what, (length,), 8 * length)


def too_large(what: str, shape: tuple[int, ...], size: float) -> RecordingError:
    """The error for an array of this shape, which takes `size` bytes."""
    return RecordingError(
        f"{what}: {' x '.join(map(str, shape))} numbers take {size / 2**30:,.1f} GiB of memory."
        " Ask for a part of them."
    )
