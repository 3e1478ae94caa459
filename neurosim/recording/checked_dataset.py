"""Datasets of plain numbers, read in blocks whose size is known before they are read.

HDF5 takes a file's word for how long a compressed chunk is when it is unpacked. So chunks are unpacked here, and none becomes
longer than it may be.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import RecordingError

if TYPE_CHECKING:
    import h5py

GZIP, SHUFFLE = 1, 2  # the numbers of HDF5's filters
MOST_CHUNK = 2**24  # bytes; neurosim writes none of more than 2**21
TIGHTEST = 1100  # gzip makes nothing smaller than a 1032nd
DAMAGED = "The file was damaged or changed by hand. Take another copy of it."


class CheckedDataset:
    """A dataset that lies in its own file, `held` bytes long. `data[2:5, 1:3]` reads a block of it.

    Raises RecordingError for one that needs plugins, or, unless `compressed` allows it, any filter; and, by `require`, for one of
    which the file cannot hold as much as it claims.
    """

    def __init__(self, data: h5py.Dataset, held: int, compressed: bool):
        self.data, self.held = data, held
        self.name = str(data.name)
        self.shape, self.dtype, self.chunks = data.shape, data.dtype, tuple(data.chunks or ())
        made: Any = data.id.get_create_plist()
        self.filters = [made.get_filter(n)[0] for n in range(made.get_nfilters())]
        if (
            data.is_virtual
            or data.external
            or not set(self.filters) <= ({GZIP, SHUFFLE} if compressed else set())
        ):
            raise RecordingError(f"{self.name} lies in another file or needs a plugin. {DAMAGED}")
        if self.chunks and prod(self.chunks) * self.dtype.itemsize > MOST_CHUNK:
            raise RecordingError(
                f"{self.name} lies in chunks of {prod(self.chunks) * self.dtype.itemsize} bytes. {DAMAGED}"
            )

    def check_size(self, rows: int | None = None) -> CheckedDataset:
        """Refuse to read so many rows (all) if the file is too short to hold them."""
        shape = self.shape if rows is None else (rows, *self.shape[1:])
        size = prod(shape) * self.dtype.itemsize
        if size > self.held * (TIGHTEST if self.filters else 1):
            raise RecordingError(
                f"{self.name} claims {size} bytes in the shape {shape}, the whole file has {self.held}. {DAMAGED}"
            )
        return self

    def read_all(self) -> np.ndarray:
        """All of it."""
        return self[(slice(None),) * len(self.shape)]

    def __getitem__(self, key: Any) -> np.ndarray:
        if not self.filters:
            return np.asarray(self.data[key])
        parts = key if isinstance(key, tuple) else (key,)
        asked = [
            range(*part.indices(n))
            for part, n in zip(
                (*parts, *(slice(None),) * (len(self.shape) - len(parts))), self.shape, strict=True
            )
        ]
        out = np.empty([len(axis) for axis in asked], self.dtype)
        for first, chunk in self._chunks(asked):
            into, taken = [], []
            for axis, start, length in zip(asked, first, self.chunks, strict=True):
                low, high = max(axis.start, start), min(axis.stop, start + length)
                into.append(slice(low - axis.start, high - axis.start))
                taken.append(slice(low - start, high - start))
            out[tuple(into)] = chunk[tuple(taken)]
        return out

    def _chunks(self, asked: list[range]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """The chunks that a block lies in, each with its first indices."""
        if not all(asked):
            return
        whole = prod(self.chunks) * self.dtype.itemsize
        room = bytearray(whole + whole // 64 + 1024)  # what cannot be made smaller grows a little
        for first in product(
            *(range(axis.start // n * n, axis.stop, n) for axis, n in zip(asked, self.chunks, strict=True))
        ):
            mask, packed = self.data.id.read_direct_chunk(first, out=room)
            yield first, self._unpacked(mask, packed, whole)

    def _unpacked(self, mask: int, packed: Any, whole: int) -> np.ndarray:
        for place, kind in reversed(list(enumerate(self.filters))):
            if mask >> place & 1:
                continue
            packed = (
                _inflated(packed, whole)
                if kind == GZIP
                else np.frombuffer(packed, np.uint8).reshape(self.dtype.itemsize, -1).T.tobytes()
            )
        if len(packed) != whole:
            raise RecordingError(
                f"a chunk of {self.name} has {len(packed)} bytes instead of {whole}. {DAMAGED}"
            )
        plain = np.frombuffer(packed, np.uint8 if self.dtype.kind == "b" else self.dtype)
        return plain.astype(self.dtype, copy=False).reshape(self.chunks)


def _inflated(packed: Any, most: int) -> bytes:
    """What gzip packed, up to one byte more than it may be."""
    return zlib.decompressobj().decompress(packed, most + 1)
