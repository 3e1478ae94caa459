"""Recorders: what runs recorded, for PyNN to make Neo objects of."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import recording

import neurosim as ns
from neurosim.pynn import simulator
from neurosim.pynn.parameters import in_pynn, plain


class Recorder(recording.Recorder):
    """The recorder of a population.

    A sample of a variable is its value at the beginning of a tick; PyNN's signals also hold the value at the
    end of the last run, which is in the state of the simulation.
    """

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None):
        super().__init__(population, file)
        self._clear_simulator()

    def _record(self, variable: Any, new_ids: set[Any], sampling_interval: float | None = None) -> None:
        if sampling_interval is not None:
            simulator.state.multiple(sampling_interval, "record: sampling_interval")
            self.sampling_interval = sampling_interval

    @property
    def _every(self) -> int:
        return round(self.sampling_interval / simulator.state.dt)

    def _indices(self, variable: Any) -> np.ndarray:
        return np.sort(np.array([self.population.id_to_index(id) for id in self.recorded[variable]], int))

    def probes(self, net: ns.Network, ticks: int) -> dict[Any, int]:
        """What a run of some ticks has to record: names, and the interval between samples in ticks."""
        first = (simulator.state.ticks - self._first) % self._every
        every = self._every if first == 0 else 1  # if the run begins between two samples, record all ticks
        self._next = {v: self._indices(v) for v in self.recorded if self.recorded[v]}
        cells = net.populations[self.population.name]
        found: dict[Any, int] = {}
        for variable, indices in self._next.items():
            if variable.name == "spikes":
                found[cells.name] = 1
            else:
                found[cells[indices.tolist()].sending(plain(variable.name))] = every
        return found

    def keep(self, recorded: ns.Recording) -> None:
        """Take what a run recorded."""
        state = simulator.state
        cells = recorded.network.populations[self.population.name]
        offset = (self._first - state.ticks) % self._every
        for variable, indices in self._next.items():
            if variable.name == "spikes":
                spikes = recorded.spikes(cells.name)
                self._spikes.append((spikes.neuron, state.time(spikes.tick + state.ticks + 1)))
            else:
                samples = recorded[cells[indices.tolist()].sending(plain(variable.name))]
                samples = in_pynn(samples, self.population.celltype.units[variable.name])
                skipped = samples[offset :: self._every] if offset else samples
                self._samples.setdefault(variable, []).append((indices, skipped))

    def _get_spiketimes(self, requested_ids: Any, clear: bool = False) -> tuple[np.ndarray, np.ndarray]:
        neurons, times = (np.concatenate(part) for part in zip(*self._spikes, strict=True))
        ids = neurons + int(self.population.first_id)
        chosen = np.isin(ids, np.array(requested_ids, int))
        return ids[chosen], times[chosen]

    def _get_all_signals(self, variable: Any, ids: Any, clear: bool = False) -> tuple[np.ndarray, None]:
        columns = self.population.id_to_index(np.array(ids, int))
        pieces: list[np.ndarray] = []
        for indices, samples in self._samples.get(variable, []):
            pieces.append(np.full((len(samples), columns.size), np.nan))  # for cells not recorded yet
            pieces[-1][:, np.isin(columns, indices)] = samples[:, np.isin(indices, columns)]
        if (simulator.state.ticks - self._first) % self._every == 0:
            pieces.append(self.population.present(variable.name)[None, columns])
        return np.concatenate(pieces), None

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        ids = sorted(int(id) for id in self.filter_recorded(variable, filter_ids))
        found, _ = self._get_spiketimes(ids)
        counts = np.bincount(found, minlength=max(ids, default=0) + 1)
        return {id: int(counts[id]) for id in ids}

    def _clear_simulator(self) -> None:
        """Forget the data, but not what is to be recorded."""
        self._samples: dict[Any, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._spikes = [(np.zeros(0, int), np.zeros(0))]
        self._next: dict[Any, np.ndarray] = {}
        self._first = simulator.state.ticks

    def _reset(self) -> None:
        self._clear_simulator()
