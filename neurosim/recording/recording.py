"""What happened in a run, with the same methods whether it lies in memory or in a file.

A `Writer` (`writer.py`) takes what a run produces, block by block, and ends in a `Recording`; a `Store` is where a
recording's numbers lie. Memory and file have one of each: `memory.py`, and `hdf5.py` with `filestore.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, Part
from neurosim.network.probes import Probe
from neurosim.network.readonly import read_only
from neurosim.network.values import PLAIN, TIME, Value, as_value, spelt
from neurosim.recording.allocation import zeros
from neurosim.recording.header import Header as Header
from neurosim.recording.header import recorded_indices, sample_count, sample_size
from neurosim.recording.lazy import LazyArray, TimeAxis, with_time_axis
from neurosim.recording.partial_probe import PartialProbe, find_probe, positions, recorded_probe, select_part
from neurosim.recording.spikes import Spikes as Spikes
from neurosim.recording.spikes import join_spikes
from neurosim.recording.store import Store


class Recording:
    """What happened in a run, and the description that made it happen.

    `rec["pool.v"]` is a trace, (tick, *shape), or (trial, tick, *shape) where the inputs had a trial axis
    (`rec.batched`); of a spiking population, `rec["liquid"]` is the raster of True and False. From a file both are read
    when they are indexed; from memory they are what was recorded itself, and cannot be written to (`rec["pool.v"].copy()`
    can). `rec.spikes`, `rec.rates` and `rec.trace` give spikes as events, rates and filtered trains.
    Variables of synapses have one value per synapse, by sender: `rec.edges` names the two ends of each, `rec.matrix` lays
    them out as (post, pre).

    Every trial holds `rec.ticks` ticks. An interrupted run keeps the trials that got that far; `rec.progress` says how
    many ticks of each trial were run. `with` closes the file; `print(rec)` shows what the recording holds.
    """

    def __init__(self, header: Header, store: Store):
        self.header = header
        self._store = store
        self._probes = {probe.name: probe for probe in header.probes}

    @staticmethod
    def of(store: Store) -> Recording:
        """The recording whose numbers lie in a store."""
        return Recording(store.header, store)

    @property
    def network(self) -> Network:
        """The description that was run."""
        return self.header.network

    @property
    def seed(self) -> int:
        """The seed of all random numbers."""
        return self.header.seed

    @property
    def ticks(self) -> int:
        """How many ticks every trial holds."""
        return self._store.ticks

    @property
    def trials(self) -> int:
        """How many trials there are; 1 without a trial axis."""
        return self._store.trials

    @property
    def progress(self) -> np.ndarray:
        """How many ticks of each planned trial were run, shape (trial,); all equal but after an interruption."""
        return read_only(self._store.progress)

    @property
    def batched(self) -> bool:
        """True where results have a trial axis."""
        return self.header.batched

    @property
    def dt(self) -> float | None:
        """Length of a tick in seconds; None without Clock."""
        return self.header.dt

    @property
    def engine(self) -> str:
        """The engine that ran."""
        return self.header.engine

    @property
    def precision(self) -> str:
        """'double', 'mixed' or 'single'."""
        return self.header.precision

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the software that ran."""
        return self.header.versions

    @property
    def names(self) -> tuple[str, ...]:
        """What the recording holds."""
        return tuple(self._probes)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What was recorded: name, variable, part and sampling interval of each."""
        return self.header.probes

    @property
    def stopped(self) -> str:
        """Why the run ended: 'end', 'stable' or 'interrupted'."""
        return self._store.stopped

    @property
    def path(self) -> Path | None:
        """The file; None in memory."""
        return self._store.path

    @property
    def inputs(self) -> Mapping[str, np.ndarray | Spikes]:
        """What drove the run, by population: arrays (trial, tick, *shape) or Spikes."""
        return self.header.inputs

    @property
    def final(self) -> Mapping[str, np.ndarray]:
        """The state after the last tick, from which a run can go on."""
        return self._store.final()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._probes

    def __iter__(self) -> Iterator[str]:
        return iter(self._probes)

    def __getitem__(self, name: str | Neurons | Part) -> Any:
        probe = self.probe(name)
        if probe.events:
            return Raster(self._store, probe, self.batched, self.dt)
        values = self._store.values(recorded_probe(probe))
        values = select_part(values, probe) if isinstance(probe, PartialProbe) else values
        return (
            values
            if isinstance(values, LazyArray)
            else with_time_axis(values, TimeAxis(int(self.batched), probe.every, self.dt))
        )

    def spikes(
        self, name: str | Neurons | Part, *, trial: int | None = None, start: Any = None, stop: Any = None
    ) -> Spikes:
        """The spikes of a population, sorted by trial, tick and neuron.

        `trial` chooses one; `start` and `stop` (exclusive) are ticks, or times under `Clock`.

        Raises RecordingError for a name that holds no spikes and a trial that there is not.
        """
        probe = self._spiking(name)
        if trial is not None and not (isinstance(trial, (int, np.integer)) and 0 <= trial < self.trials):
            raise RecordingError(
                f"spikes of {probe.name!r}: there is no trial {trial!r}. The recording has {self.trials}, counted from 0."
            )
        trials = range(self.trials) if trial is None else range(trial, trial + 1)
        first = 0 if start is None else self.tick(start, f"spikes of {probe.name!r}: start")
        last = self.ticks if stop is None else self.tick(stop, f"spikes of {probe.name!r}: stop")
        pieces = self._pieces(probe, trials, range(max(first, 0), min(last, self.ticks)))
        return join_spikes([piece for piece, _ in pieces], self.dt)

    def rates(self, name: str | Neurons | Part) -> np.ndarray:
        """Spikes per second of each neuron (per tick without Clock), shape (neuron,) or (trial, neuron)."""
        probe = self._spiking(name)
        neurons, counts = (
            sample_size(probe),
            zeros((self.trials * sample_size(probe),), np.int64, f"rates of {probe.name!r}"),
        )
        for piece, column in self.pieces(probe):
            counts += np.bincount(piece.trial * neurons + column, minlength=counts.size)
        rates = counts.reshape(self.trials, neurons) / (max(self.ticks, 1) * (self.dt or 1.0))
        return rates if self.batched else rates[0]

    def trace(self, name: str | Neurons | Part, tau: Any, every: int = 1) -> np.ndarray:
        """Spike trains through an exponential filter: y[k] = y[k-1]*exp(-1/tau) + s[k], tau in ticks.

        `tau` is a time under `Clock`, else a number of ticks; `every` how many ticks lie between samples, the first one
        at tick 0. Shape (sample, neuron) or (trial, sample, neuron).
        """
        probe = self._spiking(name)
        tau_ticks = self.time_constant(tau, f"trace of {probe.name!r}: tau")
        if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
            raise RecordingError(
                f"trace of {probe.name!r}: every={every!r} is not a number of ticks. Give a whole number of at least 1."
            )
        out = zeros(
            (self.trials, sample_count(self.ticks, every), sample_size(probe)),
            np.float64,
            f"trace of {probe.name!r}",
        )
        for piece, column in self.pieces(probe):
            sample = -(-piece.tick // every)
            seen = sample < out.shape[1]
            age = (sample * every - piece.tick)[seen]
            np.add.at(out, (piece.trial[seen], sample[seen], column[seen]), np.exp(-age / tau_ticks))
        decay = np.exp(-every / tau_ticks)
        for k in range(1, out.shape[1]):
            out[:, k] += decay * out[:, k - 1]
        return out if self.batched else out[0]

    def edges(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The sender and the target of each synapse, in the order in which variables of synapses are recorded (by sender).

        Flat indices in the whole populations, as in `spikes(...).neuron`: after `pre, post = rec.edges("ears_to_liquid")`,
        `rec["ears_to_liquid.w"][k, s]` is the weight from neuron `pre[s]` to neuron `post[s]` at sample k.

        Raises RecordingError for names of no synapses, and for wirings that keep no list of them (private, einsum).
        """
        from neurosim.recording import synapse_values

        return synapse_values.edges(self, name)

    def matrix(self, name: str, *, tick: Any = None) -> np.ndarray:
        """The weights of synapses, or another variable of theirs ('ears_to_liquid.w'), laid out as (post, pre), or (trial, post, pre).

        As the run left them, or at a `tick` (or time under `Clock`) at which they were recorded. 0 where there is no
        synapse, the sum where one pair is joined by several.

        Raises RecordingError for names of no synapses, ticks that were not recorded, and wirings that keep no list of synapses.
        """
        from neurosim.recording import synapse_values

        return synapse_values.matrix(self, name, tick)

    def to_file(self, path: str | Path, compression: int = 0) -> Recording:
        """A copy of this recording in a file, which also makes the file of a killed run whole again."""
        from neurosim.recording.file_writer import FileWriter
        from neurosim.recording.writer import copy_blocks

        writer = FileWriter(self.header, path, compression)
        try:
            copy_blocks(self, writer)
            return Recording.of(writer.finish(self.ticks, self.stopped, dict(self.final)))
        finally:
            writer.close()

    def close(self) -> None:
        """Close the file. A recording in memory stays as it is."""
        self._store.close()

    def __reduce__(self) -> tuple:
        """A copy of a recording in a file is its path, and opens it again; one in memory holds all numbers."""
        return (Recording.of, (self._store,)) if self.path else (Recording, (self.header, self._store))

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __str__(self) -> str:
        from neurosim.recording.printout import printout

        return printout(self)

    def __repr__(self) -> str:
        return f"<Recording: {self.trials} x {self.ticks} ticks of {', '.join(self.names) or 'nothing'}>"

    def probe(self, name: str | Neurons | Part) -> Probe:
        """What was recorded under a name, or holds what it means; RecordingError where nothing does."""
        return find_probe(spelt(name) if isinstance(name, str) else name, self._probes, self.network)

    def _spiking(self, name: str | Neurons | Part) -> Probe:
        probe = self.probe(name)
        if not probe.events:
            raise RecordingError(
                f"Recording: {probe.name!r} holds values, not spikes. Use rec[{probe.name!r}]."
            )
        return probe

    def pieces(self, probe: Probe) -> Iterator[tuple[Spikes, np.ndarray]]:
        """All spikes of a probe, in pieces, with the place of each one's neuron in the probe."""
        return self._pieces(probe, range(self.trials), range(self.ticks))

    def _pieces(self, probe: Probe, trials: range, ticks: range) -> Iterator[tuple[Spikes, np.ndarray]]:
        place = positions(probe, self.network.populations[probe.owner].size)
        for piece in self._store.events(recorded_probe(probe), trials, ticks):
            column = place[piece.neuron]
            kept = column >= 0
            yield (piece, column) if kept.all() else (piece.select(kept), column[kept])

    def tick(self, given: Any, where: str) -> int:
        """The tick that a time or number of ticks means; `where` opens the error for one that is none."""
        value = as_value(given, where)
        self._check_time(value, where, "a time or a number of ticks")
        ticks = float(value.number) if value.dim == PLAIN else float(value.number) / (self.dt or 1.0) + 0.001
        return int(np.floor(ticks)) if np.isfinite(ticks) else self.ticks

    def time_constant(self, given: Any, where: str) -> float:
        """A time constant in ticks; `where` opens the error for one that is none."""
        value = as_value(given, where)
        if self.dt is not None and value.dim == PLAIN:
            raise RecordingError(f"{where} {value} has no unit. Give a time, such as 20*ms.")
        self._check_time(value, where, "a time" if self.dt is not None else "a number of ticks")
        ticks = float(value.number) / (self.dt or 1.0)
        if not ticks > 0:
            raise RecordingError(f"{where} {value} is not above 0. Give a time constant such as 20 ticks.")
        return ticks

    def _check_time(self, value: Value, where: str, wanted: str) -> None:
        if not value.scalar or value.dim not in (PLAIN, TIME):
            raise RecordingError(f"{where} {value} is not {wanted}. Give one number.")
        if value.dim == TIME and self.dt is None:
            raise RecordingError(
                f"{where} {value} is a time, but {self.network.schedule} counts ticks. Give a number of ticks."
            )


class Raster(LazyArray):
    """Who spiked when: True and False, ([trial,] tick, *shape), built from the spikes when it is indexed."""

    def __init__(self, store: Store, probe: Probe, batched: bool, dt: float | None):
        trials = (store.trials,) if batched else ()
        super().__init__((*trials, store.ticks, *probe.shape), bool, TimeAxis(len(trials), 1, dt))
        self._store, self._name, self._batched = store, probe, batched

    def _take(self, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
        trials, ticks, *axes = chosen if self._batched else (np.zeros(1, np.intp), *chosen)
        out = zeros((len(trials), len(ticks), *map(len, axes)), bool, f"spikes of {self._name.name!r}")
        if out.size:
            flat = out.reshape(len(trials), len(ticks), -1)
            column = np.full(sample_size(self._name), -1)
            column[np.ravel_multi_index(np.ix_(*axes), self._name.shape).ravel()] = np.arange(flat.shape[2])
            place = positions(self._name, int(recorded_indices(recorded_probe(self._name)).max()) + 1)
            for piece in self._store.events(
                recorded_probe(self._name), range(trials[0], trials[-1] + 1), range(ticks[0], ticks[-1] + 1)
            ):
                t, k, at = (
                    np.searchsorted(trials, piece.trial),
                    np.searchsorted(ticks, piece.tick),
                    place[piece.neuron],
                )
                n = np.where(at >= 0, column[at], -1)
                seen = (trials[t] == piece.trial) & (ticks[k] == piece.tick) & (n >= 0)
                flat[t[seen], k[seen], n[seen]] = True
        return out if self._batched else out[0]
