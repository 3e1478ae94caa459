"""Indices of parts of populations: how they are read, kept as plain data, and shown."""

from __future__ import annotations

from types import EllipsisType
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, shown
from neurosim.network.values import read_array

Index = int | slice | EllipsisType | ArrayLike | tuple[int | slice | EllipsisType | ArrayLike, ...]
Key = tuple[Any, ...]  # for each axis: a number, a tuple of numbers, ('slice', start, stop, step), or '...'


def read_key(key: Index, shape: tuple[int, ...], subject: str) -> Key:
    """Read an index of an array of a shape, as plain data that a file can hold; slices as ('slice', a, b, c).

    Raises DescriptionError for what numpy would not take as an index; `subject` opens it.
    """
    parts = key if isinstance(key, tuple) else (key,)
    read = []
    for axis, part in enumerate(parts):
        if isinstance(part, slice):
            ends = (part.start, part.stop, part.step)
            read.append(("slice", *(None if e is None else _whole(e, subject) for e in ends)))
        elif part is Ellipsis:
            read.append("...")
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            read.append(_whole(part, subject))
        else:
            read.append(
                _read_list(part, shape[axis] if axis < len(shape) and "..." not in read else None, subject)
            )
    return tuple(read)


def _read_list(part: Any, size: int | None, subject: str) -> tuple[int, ...]:
    try:
        array = read_array(part, subject)
    except DescriptionError:
        array = np.zeros(())
    if array.dtype == bool and array.ndim == 1:
        if size is not None and array.size != size:
            raise DescriptionError(
                f"{subject}: a mask of {array.size} entries does not fit an axis of {size} neurons."
                " Give one entry per neuron."
            )
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DescriptionError(
            f"{subject}: {shown(part)} is not an index. Use a slice, a number, or a list of whole numbers."
        )
    return tuple(int(i) for i in array)


def _whole(given: Any, subject: str) -> int:
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        raise DescriptionError(
            f"{subject}: {shown(given)} is not a whole number. Slice with whole numbers, such as cells[:100]."
        )
    if abs(int(given)) > 2**53:
        raise DescriptionError(f"{subject}: {shown(given)} is far outside. Choose neurons within it.")
    return int(given)


def as_index(key: Any) -> Any:
    """The numpy index of one axis that `read_key` returned."""
    if key == "...":
        return Ellipsis
    if isinstance(key, tuple) and key and key[0] == "slice":
        return slice(*key[1:])
    return list(key) if isinstance(key, tuple) else key


def show_key(key: Any) -> str:
    """The index of one axis as it would be written: ':3200'."""
    if isinstance(key, tuple) and key and key[0] == "slice":
        start, stop, step = ("" if k is None else str(k) for k in key[1:])
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(key, tuple):
        listed = ", ".join(str(i) for i in key)
        if len(key) <= 8:
            return f"[{listed}]"
        # A long list is cut; the checksum keeps the names of different parts different.
        return f"[{', '.join(str(i) for i in key[:3])}, ... {len(key)} neurons {crc32(listed.encode()):08x}]"
    return str(key)
