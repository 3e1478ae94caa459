"""Rasters: who spiked when, as Boolean arrays that are built from the spikes when they are indexed."""

from __future__ import annotations

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.allocation import index_array, zeros
from neurosim.recording.chunk_pieces import Indices
from neurosim.recording.header import recorded_indices, sample_size
from neurosim.recording.lazy import LazyArray, TimeAxis
from neurosim.recording.partial_probe import positions, recorded_probe
from neurosim.recording.store import Store


class Raster(LazyArray):
    """The raster of a probe of spikes: True where a neuron spiked, shape ([trial,] tick, *shape)."""

    def __init__(self, store: Store, probe: Probe, batched: bool, dt: float | None):
        trials = (store.trials,) if batched else ()
        super().__init__((*trials, store.ticks, *probe.shape), bool, TimeAxis(len(trials), 1, dt))
        self._store, self._probe, self._batched = store, probe, batched

    def _take(self, chosen: tuple[Indices, ...]) -> np.ndarray:
        probe, source = self._probe, recorded_probe(self._probe)
        indices = [index_array(axis, f"spikes of {probe.name!r}") for axis in chosen]
        trials, ticks, *axes = indices if self._batched else [np.zeros(1, np.intp), *indices]
        out = zeros((len(trials), len(ticks), *map(len, axes)), bool, f"spikes of {probe.name!r}")
        if out.size:
            flat = out.reshape(len(trials), len(ticks), -1)
            # The column in `flat` of each neuron of the probe; -1: it is not chosen.
            column = np.full(sample_size(probe), -1)
            column[np.ravel_multi_index(np.ix_(*axes), probe.shape).ravel()] = np.arange(flat.shape[2])
            position = positions(probe, int(recorded_indices(source).max()) + 1)
            within = range(trials[0], trials[-1] + 1), range(ticks[0], ticks[-1] + 1)
            for spikes in self._store.events(source, *within):
                r, k = np.searchsorted(trials, spikes.trial), np.searchsorted(ticks, spikes.tick)
                at = position[spikes.neuron]
                n = np.where(at >= 0, column[at], -1)
                wanted = (trials[r] == spikes.trial) & (ticks[k] == spikes.tick) & (n >= 0)
                flat[r[wanted], k[wanted], n[wanted]] = True
        return out if self._batched else out[0]
