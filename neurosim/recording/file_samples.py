"""Values in a recording file, read when they are indexed."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.chunk_pieces import Indices, as_array, as_range
from neurosim.recording.file_errors import explain_read_errors
from neurosim.recording.header import sample_count
from neurosim.recording.lazy import LazyArray, TimeAxis

if TYPE_CHECKING:
    from neurosim.recording.file_store import FileStore


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

    def _take(self, chosen: tuple[Indices, ...]) -> np.ndarray:
        trials, samples, *axes = chosen if self._batched else (range(1), *chosen)
        self._store.check_open()
        remedy = "If it is too large for memory, read a part of it."
        with explain_read_errors(self._store.path, f"read {self._probe.name!r}", remedy):
            rows, columns = self._rows(trials, as_range(samples)), self._columns(axes)
            values = np.empty((len(rows), len(columns)), self.dtype)
            self._data.read_into(values, rows, columns)
        return values.reshape([len(indices) for indices in chosen])

    def _rows(self, trials: Indices, samples: Indices) -> Indices:
        if len(trials) == 1 and isinstance(samples, range):
            before = int(trials[0]) * self._rows_per_trial
            return range(samples.start + before, samples.stop + before, samples.step)
        rows = as_array(trials)[:, None] * self._rows_per_trial + as_array(samples)
        return as_range(rows.ravel())

    def _columns(self, axes: list[Indices]) -> Indices:
        shape = self._probe.shape
        if all(len(indices) == n for indices, n in zip(axes, shape, strict=True)):
            return range(prod(shape))
        if len(axes) == 1:
            return as_range(axes[0])
        return as_range(np.ravel_multi_index(np.ix_(*map(as_array, axes)), shape).ravel())
