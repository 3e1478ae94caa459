"""HDF5 datasets of plain numbers from files that cannot be trusted.

HDF5 believes what a file says about the length of a compressed chunk and asks for that much memory. So chunks
are decompressed here, with a limit on what each may become.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.recording.file_errors import DAMAGED

if TYPE_CHECKING:
    import h5py

GZIP, SHUFFLE = 1, 2  # the numbers of HDF5's filters
MOST_CHUNK = 2**24  # bytes; neurosim writes none of more than 2**21
MOST_RATIO = 1100  # gzip cannot compress by more than a factor of 1032


class CheckedDataset:
    """A dataset within its own file, which is `file_size` bytes long. `data[2:5, 1:3]` reads a block of it.

    `compressed` allows gzip, which is refused otherwise. Raises RecordingError for datasets that lie in other
    files, that need other filters, or whose chunks are too large; and, by `check_size`, for those that claim
    to be larger than the file can hold.
    """

    def __init__(self, data: h5py.Dataset, file_size: int, compressed: bool):
        self.data, self.file_size = data, file_size
        self.name = str(data.name)
        self.shape: tuple[int, ...] = data.shape
        self.dtype: np.dtype = data.dtype
        self.chunks: tuple[int, ...] = tuple(data.chunks or ())
        properties = data.id.get_create_plist()
        self.filters = [properties.get_filter(n)[0] for n in range(properties.get_nfilters())]
        allowed = {GZIP, SHUFFLE} if compressed else set()
        if data.is_virtual or data.external or not set(self.filters) <= allowed:
            raise RecordingError(f"{self.name} lies in another file or needs a plugin. {DAMAGED}")
        if self.chunks and self._chunk_bytes > MOST_CHUNK:
            raise RecordingError(f"{self.name} lies in chunks of {self._chunk_bytes} bytes. {DAMAGED}")

    @property
    def _chunk_bytes(self) -> int:
        return prod(self.chunks) * self.dtype.itemsize

    def check_size(self, rows: int | None = None) -> CheckedDataset:
        """This dataset, refused if the file is too short to hold so many rows of it (default: all)."""
        shape = self.shape if rows is None else (rows, *self.shape[1:])
        size = prod(shape) * self.dtype.itemsize
        if size > self.file_size * (MOST_RATIO if self.filters else 1):
            raise RecordingError(
                f"{self.name} claims {size} bytes in the shape {shape},"
                f" the whole file has {self.file_size}. {DAMAGED}"
            )
        return self

    def read_all(self) -> np.ndarray:
        """All numbers of the dataset."""
        return self[(slice(None),) * len(self.shape)]

    def __getitem__(self, key: slice | tuple[slice, ...]) -> np.ndarray:
        if not self.filters:
            return np.asarray(self.data[key])
        parts = key if isinstance(key, tuple) else (key,)
        parts = (*parts, *(slice(None),) * (len(self.shape) - len(parts)))
        wanted = [range(*part.indices(n)) for part, n in zip(parts, self.shape, strict=True)]
        out = np.empty([len(axis) for axis in wanted], self.dtype)
        for origin, chunk in self._chunks(wanted):
            target, source = [], []  # where the chunk and the wanted block overlap, within each of them
            for axis, start, length in zip(wanted, origin, self.chunks, strict=True):
                low, high = max(axis.start, start), min(axis.stop, start + length)
                target.append(slice(low - axis.start, high - axis.start))
                source.append(slice(low - start, high - start))
            out[tuple(target)] = chunk[tuple(source)]
        return out

    def _chunks(self, wanted: list[range]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """The chunks that overlap a block, each with the index of its first number."""
        if not all(wanted):
            return
        # Data that cannot be compressed grow a little, so the buffer is longer than a chunk.
        buffer = bytearray(self._chunk_bytes + self._chunk_bytes // 64 + 1024)
        starts = (
            range(axis.start // n * n, axis.stop, n) for axis, n in zip(wanted, self.chunks, strict=True)
        )
        for origin in product(*starts):
            skipped, content = self.data.id.read_direct_chunk(origin, out=buffer)
            yield origin, self._decoded(skipped, content)

    def _decoded(self, skipped: int, content: bytes | memoryview) -> np.ndarray:
        """A chunk with its filters undone, last one first; bits of `skipped` mark unused filters."""
        for position, kind in reversed(list(enumerate(self.filters))):
            if skipped >> position & 1:
                continue
            if kind == GZIP:  # one byte more than there may be shows that the chunk is too long
                content = zlib.decompressobj().decompress(content, self._chunk_bytes + 1)
            else:
                content = np.frombuffer(content, np.uint8).reshape(self.dtype.itemsize, -1).T.tobytes()
        if len(content) != self._chunk_bytes:
            raise RecordingError(
                f"a chunk of {self.name} has {len(content)} bytes instead of {self._chunk_bytes}. {DAMAGED}"
            )
        plain = np.frombuffer(content, np.uint8 if self.dtype.kind == "b" else self.dtype)
        return plain.astype(self.dtype, copy=False).reshape(self.chunks)
