"""Arrays that read only what is asked of them: indexed as numpy's are, made of numbers that lie elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from neurosim.errors import shown
from neurosim.network.values import TIME, as_value
from neurosim.recording.allocation import index_array

WHOLE = ("T", "real", "imag", "flat")  # what is no method, and reads all numbers


@dataclass(frozen=True)
class TimeAxis:
    """Which axis counts the samples, `every` how many ticks there is one, and how long a tick is (None without Clock)."""

    axis: int
    every: int
    dt: float | None

    def index(self, key: Any) -> Any:
        """An index with the samples that its times mean: of a slice, those from the first time on and before the last."""
        parts = key if isinstance(key, tuple) else (key,)
        if not any(hasattr(end, "dim") for part in parts for end in _ends(part)):
            return key
        read = [self._part(part, number) for number, part in enumerate(parts)]
        return tuple(read) if isinstance(key, tuple) else read[0]

    def _part(self, part: Any, number: int) -> Any:
        if not any(hasattr(end, "dim") for end in _ends(part)):
            return part
        if number != self.axis or (isinstance(part, slice) and hasattr(part.step, "dim")):
            raise IndexError(
                f"{shown(part)}: times are the ends of a slice of axis {self.axis}, that of the ticks. Give whole numbers elsewhere."
            )
        return (
            slice(self._sample(part.start), self._sample(part.stop), part.step)
            if isinstance(part, slice)
            else self._sample(part)
        )

    def _sample(self, end: Any) -> Any:
        if not hasattr(end, "dim"):
            return end
        value = as_value(end, "index of a recording")
        if self.dt is None or value.dim != TIME or not value.scalar:
            rule = (
                "is a time, but this recording counts ticks"
                if self.dt is None and value.dim == TIME
                else "is not a time"
            )
            raise IndexError(
                f"index of a recording: {value} {rule}. Give whole numbers, or times under Clock such as 10*ms."
            )
        tick = np.floor(np.clip(float(value.number) / self.dt + 0.001, 0, 2.0**53))
        return int(-(-tick // self.every))


def _ends(part: Any) -> tuple:
    return (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)


class Trace(np.ndarray):
    """An array whose samples may also be chosen by times: `x[1*second:2*second]`; what is taken out of it is plain numpy."""

    time: TimeAxis | None = None

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key if self.time is None else self.time.index(key)]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, Trace) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def with_time_axis(array: np.ndarray, time: TimeAxis) -> np.ndarray:
    """The array as a `Trace`."""
    found = array.view(Trace)
    found.time = time
    return found


class LazyArray(NDArrayOperatorsMixin, ABC):
    """An array that is read when it is indexed: `x[:100]`, `x[..., 3]`, `x[[0, 5], 1]`, `x[1*second:2*second]`, `np.asarray(x)`.

    Arithmetic, and what else numpy arrays can do (`x.mean(0)`, `x.T`), reads the whole; asking whether it can does not.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, time: TimeAxis | None = None):
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.time = time

    @abstractmethod
    def _take(self, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
        """The numbers at the crossing of these indices, one rising list per axis."""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        chosen, inner = split_index(key if self.time is None else self.time.index(key), self.shape)
        return self._take(chosen)[inner]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "This array is read when it is used and cannot be had without a copy. Use np.asarray(x)."
            )
        whole = self[...]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        read = [np.asarray(x) if isinstance(x, LazyArray) else x for x in inputs]
        return getattr(ufunc, method)(*read, **options)

    def __getattr__(self, name: str) -> Any:
        own = None if name.startswith("_") else getattr(np.ndarray, name, None)
        if callable(own):
            return lambda *args, **options: getattr(np.asarray(self), name)(*args, **options)
        if name not in WHOLE:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        return getattr(np.asarray(self), name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} {self.dtype}, read when indexed>"


def split_index(key: Any, shape: tuple[int, ...]) -> tuple[tuple[np.ndarray, ...], tuple]:
    """What a numpy index needs of each axis (rising indices), and the index that picks the answer out of that."""
    parts = _expand(key if isinstance(key, tuple) else (key,), len(shape))
    chosen: list[np.ndarray] = []
    inner: list[Any] = []
    for part in parts:
        if part is None:
            inner.append(None)
            continue
        axis = len(chosen)
        needed, within = _axis(part, shape[axis], axis)
        chosen.append(needed)
        inner.append(within)
    return tuple(chosen), tuple(inner)


def _expand(parts: tuple, ndim: int) -> list:
    """The index with one part per axis: `...` and missing parts written out, masks as the indices they mean."""
    read: list[Any] = []
    for part in parts:
        if (
            part is None
            or part is Ellipsis
            or (isinstance(part, (slice, int, np.integer)) and not isinstance(part, bool))
        ):
            read.append(part)
            continue
        array = np.asarray(part)
        array = array.astype(np.intp) if array.size == 0 and isinstance(part, (list, tuple)) else array
        if array.dtype.kind not in "biu" or (array.dtype.kind == "b" and array.ndim == 0):
            raise IndexError(
                f"{part!r} is not an index. Use whole numbers, slices, lists of whole numbers or masks."
            )
        read.extend(array.nonzero() if array.dtype.kind == "b" else [array])
    used = sum(part is not None and part is not Ellipsis for part in read)
    gaps = [n for n, part in enumerate(read) if part is Ellipsis]
    if used > ndim or len(gaps) > 1:
        raise IndexError(
            f"too many indices: the array has {ndim} axes, {used} were indexed."
            if used > ndim
            else "an index can only have one '...'."
        )
    at = gaps[0] if gaps else len(read)
    return [*read[:at], *[slice(None)] * (ndim - used), *read[at + 1 :]]


def _axis(part: Any, n: int, axis: int) -> tuple[np.ndarray, Any]:
    if isinstance(part, slice):
        chosen = range(n)[part]
        needed = index_array(chosen, f"axis {axis}")
        return (needed[::-1], slice(None, None, -1)) if chosen.step < 0 else (needed, slice(None))
    asked = np.asarray(part)
    if asked.size and (asked.min() < -n or asked.max() >= n):
        raise IndexError(f"index {part} is out of bounds for axis {axis} with size {n}.")
    needed, within = np.unique(asked % max(n, 1), return_inverse=True)
    return needed.astype(np.intp), int(within.ravel()[0]) if asked.ndim == 0 else within.reshape(asked.shape)
