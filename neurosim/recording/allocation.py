"""Memory is asked for only after a look at how much is wanted: a file may claim what no machine has."""

from __future__ import annotations

import os
from math import prod
from typing import Any

import numpy as np

from neurosim.errors import RecordingError


def memory() -> float:
    """The memory of this machine in bytes; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def zeros(shape: tuple[int, ...], dtype: Any, what: str) -> np.ndarray:
    """An array of zeros. Raises RecordingError, which `what` opens, where it does not fit into memory."""
    size = prod(shape) * np.dtype(dtype).itemsize
    try:
        if size <= memory():
            return np.zeros(shape, dtype)
    except (MemoryError, ValueError):
        pass
    raise too_large(what, shape, size)


def index_array(numbers: range, what: str) -> np.ndarray:
    """Whole numbers at equal distances. Raises RecordingError, which `what` opens, where they do not fit into memory."""
    try:
        if len(numbers) * 8 <= memory():
            return np.arange(numbers.start, numbers.stop, numbers.step, dtype=np.intp)
    except (MemoryError, OverflowError):
        pass
    raise too_large(what, (numbers.stop - numbers.start,), 8 * (numbers.stop - numbers.start))


def too_large(what: str, shape: tuple[int, ...], size: float) -> RecordingError:
    """The refusal, which names the size."""
    return RecordingError(
        f"{what}: {' x '.join(map(str, shape))} numbers take {size / 2**30:,.1f} GiB of memory. Ask for a part of them."
    )
