"""Arrays and mappings that read from a file only what is asked of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from neurosim.errors import shown
from neurosim.network.readonly import ReadOnly
from neurosim.network.values import TIME, as_value
from neurosim.recording.chunk_pieces import Indices

READING_ATTRIBUTES = ("T", "real", "imag", "flat")  # of numpy arrays, not methods; they read all numbers
Index = Any  # whatever numpy takes between brackets; checked when it is used
Item = TypeVar("Item")


@dataclass(frozen=True)
class TimeAxis:
    """The axis of an array that counts samples.

    axis: its number.
    every: number of ticks between samples.
    dt: length of a tick in seconds; None without `Clock`.
    """

    axis: int
    every: int
    dt: float | None

    def index(self, key: Index) -> Index:
        """The index with samples in place of times; a slice ends before its last time."""
        parts = key if isinstance(key, tuple) else (key,)
        if not any(hasattr(end, "dim") for part in parts for end in _ends(part)):
            return key
        sampled = [self._in_samples(part, axis) for axis, part in enumerate(parts)]
        return tuple(sampled) if isinstance(key, tuple) else sampled[0]

    def _in_samples(self, part: Index, axis: int) -> Index:
        if not any(hasattr(end, "dim") for end in _ends(part)):
            return part
        if axis != self.axis or (isinstance(part, slice) and hasattr(part.step, "dim")):
            raise IndexError(
                f"{shown(part)}: times are the ends of a slice of axis {self.axis}, that of the ticks."
                " Give whole numbers elsewhere."
            )
        if isinstance(part, slice):
            return slice(self._sample(part.start), self._sample(part.stop), part.step)
        return self._sample(part)

    def _sample(self, end: Any) -> Any:
        if not hasattr(end, "dim"):
            return end
        value = as_value(end, "index of a recording")
        if self.dt is None or value.dim != TIME or not value.scalar:
            counts_ticks = self.dt is None and value.dim == TIME
            reason = "is a time, but this recording counts ticks" if counts_ticks else "is not a time"
            raise IndexError(
                f"index of a recording: {value} {reason}."
                " Give whole numbers, or times under Clock such as 10*ms."
            )
        # A time that is a whole number of ticks up to rounding errors means that tick.
        tick = np.floor(np.clip(float(value.number) / self.dt + 0.001, 0, 2.0**53))
        return int(-(-tick // self.every))


def _ends(part: Any) -> tuple:
    return (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)


class TimedArray(np.ndarray):
    """An array in memory whose samples may be chosen by times, `x[1*second:2*second]`; results are plain."""

    time: TimeAxis | None = None

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key if self.time is None else self.time.index(key)]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, TimedArray) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def with_time_axis(array: np.ndarray, time: TimeAxis) -> TimedArray:
    """The array as a `TimedArray`."""
    timed = array.view(TimedArray)
    timed.time = time
    return timed


class LazyArray(NDArrayOperatorsMixin, ABC):
    """An array that is read when it is indexed: `x[:100]`, `x[..., 3]`, `x[[0, 5], 1]`,
    `x[1*second:2*second]`.

    `np.asarray(x)`, arithmetic, and all methods and attributes of numpy arrays (`x.mean(0)`, `x.T`) read
    everything.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike, time: TimeAxis | None = None):
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.time = time

    @abstractmethod
    def _take(self, chosen: tuple[Indices, ...]) -> np.ndarray:
        """The numbers where these indices, one rising list per axis, cross, as numpy.ix_ takes them."""

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
        return self.size * self.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: Index) -> Any:
        chosen, inner = split_index(key if self.time is None else self.time.index(key), self.shape)
        return self._take(chosen)[inner]

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "This array is read when it is used and cannot be had without a copy. Use np.asarray(x)."
            )
        array = self[...]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        read = [np.asarray(x) if isinstance(x, LazyArray) else x for x in inputs]
        return getattr(ufunc, method)(*read, **options)

    def __getattr__(self, name: str) -> Any:
        # A method reads the numbers when it is called, so that hasattr() reads nothing.
        if not name.startswith("_") and callable(getattr(np.ndarray, name, None)):
            return lambda *args, **options: getattr(np.asarray(self), name)(*args, **options)
        if name not in READING_ATTRIBUTES:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        return getattr(np.asarray(self), name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} {self.dtype}, read when indexed>"


class LazyMapping(Mapping[str, Item], Generic[Item]):
    """A read-only mapping whose items are read when they are asked for.

    names: its keys
    read: reads the item of a key
    """

    def __init__(self, names: Mapping[str, object], read: Callable[[str], Item]):
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> Item:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple:
        return ReadOnly, (dict(self),)  # a copy holds the items themselves

    def __repr__(self) -> str:
        return f"<{', '.join(self._names) or 'nothing'}; read when asked for>"


class Later(Mapping[str, Item], Generic[Item]):
    """A read-only mapping that is made as a whole when it is first asked for anything.

    make: makes it
    """

    def __init__(self, make: Callable[[], Mapping[str, Item]]):
        self._make: Callable[[], Mapping[str, Item]] | None = make

    @cached_property
    def _made(self) -> Mapping[str, Item]:
        make, self._make = self._make, None  # so that the memory of what it holds can be freed
        assert make is not None
        return ReadOnly(make())

    def __getitem__(self, name: str) -> Item:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __reduce__(self) -> tuple:
        return ReadOnly, (dict(self._made),)


def split_index(key: Index, shape: tuple[int, ...]) -> tuple[tuple[Indices, ...], tuple[Index, ...]]:
    """Split a numpy index into what must be read and what to take from it.

    Returns the indices needed of each axis, in rising order, and the index that picks the result out of the
    array that these indices give where they cross.
    """
    needed: list[Indices] = []
    inner: list[Index] = []
    for part in _expand(key if isinstance(key, tuple) else (key,), len(shape)):
        if part is None:  # np.newaxis, which uses up no axis
            inner.append(None)
            continue
        axis = len(needed)
        indices, within = _split_one_axis(part, shape[axis], axis)
        needed.append(indices)
        inner.append(within)
    return tuple(needed), tuple(inner)


def _expand(parts: tuple[Index, ...], ndim: int) -> list[Index]:
    """The index with one part per axis: `...` and missing parts become slices, masks become indices."""
    expanded: list[Index] = []
    for part in parts:
        is_integer = isinstance(part, (int, np.integer)) and not isinstance(part, bool)
        if part is None or part is Ellipsis or isinstance(part, slice) or is_integer:
            expanded.append(part)
            continue
        array = np.asarray(part)
        array = array.astype(np.intp) if array.size == 0 and isinstance(part, (list, tuple)) else array
        if array.dtype.kind not in "biu" or (array.dtype.kind == "b" and array.ndim == 0):
            raise IndexError(
                f"{part!r} is not an index. Use whole numbers, slices, lists of whole numbers or masks."
            )
        expanded.extend(array.nonzero() if array.dtype.kind == "b" else [array])
    used = sum(part is not None and part is not Ellipsis for part in expanded)
    gaps = [position for position, part in enumerate(expanded) if part is Ellipsis]
    if used > ndim:
        raise IndexError(f"too many indices: the array has {ndim} axes, {used} were indexed.")
    if len(gaps) > 1:
        raise IndexError("an index can only have one '...'.")
    gap = gaps[0] if gaps else len(expanded)
    return [*expanded[:gap], *[slice(None)] * (ndim - used), *expanded[gap + 1 :]]


def _split_one_axis(part: Index, length: int, axis: int) -> tuple[Indices, Index]:
    if isinstance(part, slice):
        chosen = range(length)[part]
        return (chosen[::-1], slice(None, None, -1)) if chosen.step < 0 else (chosen, slice(None))
    indices = np.asarray(part)
    if indices.size and (indices.min() < -length or indices.max() >= length):
        raise IndexError(f"index {part} is out of bounds for axis {axis} with size {length}.")
    needed, within = np.unique(indices % max(length, 1), return_inverse=True)
    inner = int(within.ravel()[0]) if indices.ndim == 0 else within.reshape(indices.shape)
    return needed.astype(np.intp), inner
