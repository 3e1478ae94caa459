"""Samples on their way to a file: whole chunks are written as they will lie there, without HDF5's copies.

A chunk holds the samples of some neurons in some ticks, so that one neuron over all ticks is read without the
others, and all neurons in one tick are read without other ticks.
"""

from __future__ import annotations

from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.header import Header, block_ticks, sample_count, sample_size
from neurosim.recording.safe_hdf5 import h5

if TYPE_CHECKING:
    import h5py

CHUNK = 2**19  # bytes
BATCH = 2**25  # bytes that engines write at once, of all trials of a batch
MOST_CACHE = 2**25  # bytes
MOST_COMPRESSED_ROWS = 128


def chunk_shape(header: Header, probe: Probe, compressed: bool = False) -> tuple[int, int]:
    """Rows and columns of a chunk of samples: as many rows as a block has, and CHUNK bytes or less."""
    columns, per_trial = sample_size(probe), sample_count(header.ticks, probe.every)
    row = columns * header.dtype.itemsize
    rows = min(max(block_ticks(header) // probe.every, 1), header.trials * per_trial)
    if header.trials > 1:  # blocks of trials begin anywhere in a chunk, and parts of chunks are written twice
        rows = min(rows // 4, BATCH // (header.trials * row))
    if compressed:  # a chunk that is flushed before it is complete is written anew, to another place
        rows = min(rows, MOST_COMPRESSED_ROWS)
    rows = max(1, rows)
    return rows, ceil(columns / ceil(rows * row / CHUNK))


class ValueWriter:
    """Writes the samples of a probe into the rows of its dataset.

    data: the dataset in a file that is open for writing

    `written` is the number of bytes so far, and `unfinished` how many of them lie in chunks that are not
    full.
    """

    def __init__(self, data: h5py.Dataset):
        properties = data.id.get_create_plist()
        self._compressed = properties.get_nfilters() > 0
        self._chunks: tuple[int, ...] = data.chunks or ()
        self.data = self._with_cache(data) if self._chunks else data
        self._buffer = np.full(self._chunks, np.nan, data.dtype)
        self.written = self.unfinished = 0

    def _with_cache(self, data: h5py.Dataset) -> h5py.Dataset:
        """The dataset with room for a row of chunks if they are compressed, else with none.

        Then parts of chunks go to the file as they are, and those that are compressed wait to be complete.
        """
        row_of_chunks = ceil(data.shape[1] / self._chunks[1]) * prod(self._chunks) * data.dtype.itemsize
        access = h5().h5p.create(h5().h5p.DATASET_ACCESS)
        access.set_chunk_cache(10007, min(row_of_chunks, MOST_CACHE) if self._compressed else 0, 1.0)
        return h5().Dataset(h5().h5d.open(data.file.id, str(data.name).encode(), access))

    def write(self, start: int, values: np.ndarray) -> None:
        """Write values (row, column) into the rows from `start` on."""
        stop, length = start + len(values), self._chunks[0]
        self.grow(stop)
        first, last = -(-start // length) * length, stop // length * length
        if self._compressed or first >= last:
            self.data[start:stop] = values
            return
        if start < first:
            self.data[start:first] = values[: first - start]
        for row in range(first, last, length):
            self._write_chunks(row, values[row - start : row - start + length])
        if last < stop:
            self.data[last:stop] = values[last - start :]

    def write_trials(self, start: int, values: np.ndarray, per_trial: int) -> None:
        """Write values (trial, row, column); those of the n-th trial begin in row start + n*per_trial."""
        trials, count, columns = values.shape
        self.written += values.nbytes
        self.unfinished = (start + count) % self._chunks[0] * trials * columns * values.itemsize
        if trials == 1 or count == per_trial:  # the rows follow each other without a gap
            self.write(start, values.reshape(-1, columns))
            return
        self.grow(start + (trials - 1) * per_trial + count)
        rows = h5().MultiBlockSlice(start=start, stride=per_trial, count=trials, block=count)
        self.data[rows] = values.reshape(-1, columns)

    def grow(self, rows: int) -> None:
        """Give the dataset at least so many rows."""
        if self.data.shape[0] < rows:
            self.data.resize(rows, axis=0)

    def _write_chunks(self, row: int, values: np.ndarray) -> None:
        """Write the rows of one row of chunks."""
        width, columns = self._chunks[1], values.shape[1]
        for column in range(0, columns, width):
            part = values[:, column : column + width]
            self._buffer[:, : part.shape[1]] = part
            self.data.id.write_direct_chunk((row, column), self._buffer)
