"""HDF5 datasets of plain numbers from files that cannot be trusted.

HDF5 believes what a file says about the length of a compressed chunk and asks for that much memory. So chunks
are decompressed here, with a limit on what each may become.
"""

from __future__ import annotations

import zlib
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.recording.chunk_pieces import Indices, as_array, pieces
from neurosim.recording.compression import BLOSC, GZIP, SHUFFLE, blosc_length, load_blosc
from neurosim.recording.file_errors import DAMAGED

if TYPE_CHECKING:
    import h5py

MOST_CHUNK = 2**24  # bytes; neurosim writes none of more than 2**21
MOST_RATIO = 1100  # gzip cannot compress by more than a factor of 1032
FEW = 16  # as a part of a chunk's rows


class CheckedDataset:
    """A dataset within its own file, which is `file_size` bytes long. `data[2:5, 1:3]` reads a block of it.

    `compressed` allows gzip and Blosc, which are refused otherwise. Raises RecordingError for datasets that
    lie in other files, that need other filters, or whose chunks are too large; and, by `check_size`, for
    those that claim to be larger than the file can hold.
    """

    def __init__(self, data: h5py.Dataset, file_size: int, compressed: bool):
        self.data, self.file_size = data, file_size
        self.name = str(data.name)
        self.shape: tuple[int, ...] = data.shape
        self.dtype: np.dtype = data.dtype
        self.chunks: tuple[int, ...] = tuple(data.chunks or ())
        properties = data.id.get_create_plist()
        self.filters = [properties.get_filter(n)[0] for n in range(properties.get_nfilters())]
        used = set(self.filters)
        allowed = not used or (compressed and (used <= {GZIP, SHUFFLE} or self.filters == [BLOSC]))
        if data.is_virtual or data.external or not allowed:
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
        wanted: list[Indices] = [range(*part.indices(n)) for part, n in zip(parts, self.shape, strict=True)]
        out = np.empty([len(axis) for axis in wanted], self.dtype)
        self._read_chunks(out, wanted)
        return out

    def read_into(self, out: np.ndarray, rows: Indices, columns: Indices) -> None:
        """Read the numbers where these rows and columns of a table cross into `out` (row, column).

        Beside `out`, no more memory is taken than that of a chunk, or of a few rows.
        """
        if not out.size:
            return
        if self.filters:
            return self._read_chunks(out, [rows, columns])
        if not self.chunks:
            return self._read_rows(out, rows, columns)
        if _in_sequence(rows) and self._spans(columns):  # such chunks lie in the file as they do in memory
            return self._read_rows(out, rows, columns)
        for row in pieces(rows, self.chunks[0]):
            # Of few rows HDF5 reads only what is wanted, of many it is faster to read chunks as they are.
            if (row.high - row.low) * FEW <= self.chunks[0]:
                self._read_rows(out[row.target], rows[row.target], columns)
            else:
                self._read_chunks(out[row.target], [rows[row.target], columns])

    def _spans(self, columns: Indices) -> bool:
        """Whether chunks are whole rows, of which most is wanted."""
        enough = _in_sequence(columns) and 2 * len(columns) >= self.shape[1]
        return enough and self.chunks[1] >= self.shape[1]

    def _read_rows(self, out: np.ndarray, rows: Indices, columns: Indices) -> None:
        """Let HDF5 read rows, from the first wanted column to the last."""
        left, right = int(columns[0]), int(columns[-1]) + 1
        first, last = int(rows[0]), int(rows[-1]) + 1
        if (last - first, right - left) == out.shape:
            self.data.read_direct(out, np.s_[first:last, left:right])
            return
        block = np.asarray(self.data[first:last, left:right])
        out[...] = block[as_array(rows)[:, None] - first, as_array(columns) - left]

    def _read_chunks(self, out: np.ndarray, wanted: list[Indices]) -> None:
        """Read the numbers where these indices, one rising list per axis, cross, chunk by chunk."""
        # Data that cannot be compressed grow a little, so the buffer is longer than a chunk.
        buffer = bytearray(self._chunk_bytes + (self._chunk_bytes // 64 + 1024 if self.filters else 0))
        parts = [list(pieces(axis, length)) for axis, length in zip(wanted, self.chunks, strict=True)]
        for part in product(*parts):
            origin, within = tuple(p.start for p in part), [p.within for p in part]
            skipped, content = self.data.id.read_direct_chunk(origin, out=buffer)
            if self.filters == [BLOSC] and not skipped:
                chunk = self._decoded_by_blosc(origin, content)
            else:
                chunk = self._decoded(skipped, content)
            if not all(isinstance(places, slice) for places in within):
                arrays = (np.arange(n)[places] for n, places in zip(self.chunks, within, strict=True))
                within = np.ix_(*arrays)
            out[tuple(p.target for p in part)] = chunk[tuple(within)]

    def _decoded_by_blosc(self, origin: tuple[int, ...], content: bytes | memoryview) -> np.ndarray:
        """A chunk as HDF5 reads it, if it says that it has the right length."""
        load_blosc(self.name)
        if (length := blosc_length(content)) != self._chunk_bytes:
            raise RecordingError(
                f"a chunk of {self.name} has {length} bytes instead of {self._chunk_bytes}. {DAMAGED}"
            )
        return self.data[tuple(slice(start, start + n) for start, n in zip(origin, self.chunks, strict=True))]

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


def _in_sequence(indices: Indices) -> bool:
    return isinstance(indices, range) and indices.step == 1
