"""Values in a recording file, read in pieces of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.file_errors import explain_read_errors
from neurosim.recording.header import sample_count
from neurosim.recording.lazy import LazyArray, TimeAxis

if TYPE_CHECKING:
    from neurosim.recording.file_store import FileStore

READ_BYTES = 2**24  # no single read takes more


class FileSamples(LazyArray):
    """The samples of a probe in a file, shape ([trial,] sample, *shape).

    The dataset has one row per sample, with all planned samples of a trial in one piece, and one column per
    neuron or synapse.
    """

    def __init__(self, data: CheckedDataset, probe: Probe, store: FileStore):
        header = store.header
        trials = (store.trials,) if header.batched else ()
        time = TimeAxis(len(trials), probe.every, header.dt)
        super().__init__((*trials, sample_count(store.ticks, probe.every), *probe.shape), data.dtype, time)
        self._data, self._probe, self._store = data, probe, store
        self._batched, self._rows_per_trial = header.batched, sample_count(header.ticks, probe.every)

    def __reduce__(self) -> tuple:
        return type(self._store).values, (self._store, self._probe)

    def _take(self, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
        trials, samples, *axes = chosen if self._batched else (np.zeros(1, np.intp), *chosen)
        rows = (trials[:, None] * self._rows_per_trial + samples).ravel()
        columns = np.ravel_multi_index(np.ix_(*axes), self._probe.shape).ravel()
        self._store.check_open()
        remedy = "If it is too large for memory, read a part of it."
        with explain_read_errors(self._store.path, f"read {self._probe.name!r}", remedy):
            values = read_rows_and_columns(self._data, rows, columns)
        return values.reshape(*(indices.size for indices in chosen))


def read_rows_and_columns(data: CheckedDataset, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The numbers where these rows and columns, both in rising order, cross; in reads of bounded size."""
    out = np.empty((rows.size, columns.size), data.dtype)
    if not out.size:
        return out
    left, right = int(columns[0]), int(columns[-1]) + 1
    most_rows = max(1, READ_BYTES // ((right - left) * data.dtype.itemsize))
    # Rows that are further apart than a chunk share none, so reading them together saves nothing.
    breaks = np.flatnonzero(np.diff(rows) > data.chunks[0]) + 1
    for first, last in zip(np.r_[0, breaks], np.r_[breaks, rows.size], strict=True):
        at = first
        while at < last:
            stop = min(last, int(np.searchsorted(rows, rows[at] + most_rows)))
            block = data[int(rows[at]) : int(rows[stop - 1]) + 1, left:right]
            wanted = block if len(block) == stop - at else block[rows[at:stop] - rows[at]]
            out[at:stop] = wanted if right - left == columns.size else wanted[:, columns - left]
            at = stop
    return out
