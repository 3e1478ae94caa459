"""`Recording`: what happened in a run, with the same methods whether the data lie in memory or in a file.

While a network runs, a `Writer` (`writer.py`) takes the data block by block. It ends in a `Store`
(`store.py`), which holds the data of a recording. There is one of each for memory (`memory.py`) and for files
(`file_writer.py`, `file_store.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.part import Part
from neurosim.network.probes import Probe
from neurosim.network.readonly import read_only
from neurosim.network.values import PLAIN, TIME, Numeric, Value, as_value, spelt
from neurosim.recording import synapse_values
from neurosim.recording.allocation import zeros
from neurosim.recording.compression import Compression
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.header import Change as Change
from neurosim.recording.header import Header as Header
from neurosim.recording.header import sample_count, sample_size
from neurosim.recording.lazy import LazyArray, TimeAxis, TimedArray, with_time_axis
from neurosim.recording.partial_probe import PartialProbe, find_probe, positions, recorded_probe, select_part
from neurosim.recording.printout import printout
from neurosim.recording.raster import Raster
from neurosim.recording.spikes import Spikes as Spikes
from neurosim.recording.spikes import join_spikes
from neurosim.recording.store import Store
from neurosim.recording.writer import copy_blocks

Time = Numeric  # a number of ticks, or a time such as 10*ms


class Recording:
    """What happened in a run, and the description of the network that was run.

    `rec["pool.v"]` are the samples of a variable, shape (sample, *shape), or (trial, sample, *shape) if the
    inputs had a trial axis (`rec.batched`). For a spiking population, `rec["liquid"]` is its raster: True
    where a neuron spiked at a tick. In a file, both are read when they are indexed. In memory they are
    read-only; `rec["pool.v"].copy()` can be changed.

    `rec.spikes`, `rec.rates` and `rec.trace` give spikes as events, as rates and as filtered trains. A
    variable of synapses has one value per synapse: `rec.edges` gives the two neurons of each, and
    `rec.matrix` arranges the values as (post, pre).

    Every trial holds `rec.ticks` ticks. After an interruption only the trials that ran so many ticks are
    left; `rec.progress` is the number of ticks that each planned trial ran. `print(rec)` shows what the
    recording holds. Use a recording in a file in a `with` block, which closes the file.

    header: what the run was asked to do
    store: holds the data

    >>> import neurosim as ns
    >>> counter = ns.Neurons("counter", 2, update="n = n + 1")
    >>> rec = ns.run(ns.Network(counter, schedule=ns.Synchronous()), ticks=3, record=["counter.n"])
    >>> rec["counter.n"].shape, rec["counter.n"][-1].tolist()
    ((3, 2), [3.0, 3.0])
    """

    def __init__(self, header: Header, store: Store):
        self.header = header
        self._store = store
        self._probes = {probe.name: probe for probe in header.probes}

    @staticmethod
    def of(store: Store) -> Recording:
        """The recording whose data a store holds."""
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
        """Number of ticks that every trial holds."""
        return self._store.ticks

    @property
    def trials(self) -> int:
        """Number of trials; 1 without a trial axis."""
        return self._store.trials

    @property
    def progress(self) -> np.ndarray:
        """Number of ticks that were run of each planned trial, shape (trial,); equal unless interrupted."""
        return read_only(self._store.progress)

    @property
    def batched(self) -> bool:
        """Whether the results have a trial axis."""
        return self.header.batched

    @property
    def dt(self) -> float | None:
        """Length of a tick in seconds; None without `Clock`."""
        return self.header.dt

    @property
    def engine(self) -> str:
        """Name of the engine that ran."""
        return self.header.engine

    @property
    def precision(self) -> str:
        """The floating-point precision of the run: 'double', 'mixed', 'single' or 'half'."""
        return self.header.precision

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the software that ran, by package."""
        return self.header.versions

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what was recorded."""
        return tuple(self._probes)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What was recorded: name, variable, part and sampling interval of each probe."""
        return self.header.probes

    @property
    def stopped(self) -> str:
        """Why the run ended: 'end', 'stable' or 'interrupted'."""
        return self._store.stopped

    @property
    def path(self) -> Path | None:
        """Path of the file; None in memory."""
        return self._store.path

    @property
    def inputs(self) -> Mapping[str, np.ndarray | Spikes]:
        """What drove the run, by population: arrays (trial, tick, *shape) or Spikes."""
        return self.header.inputs

    @property
    def changes(self) -> Sequence[Change]:
        """What a session changed between ticks: tick, name and new values of each change."""
        return self.header.changes

    @property
    def final(self) -> Mapping[str, np.ndarray]:
        """The state after the last tick, from which `ns.run(..., start=recording)` continues."""
        return self._store.final()

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._probes

    def __iter__(self) -> Iterator[str]:
        return iter(self._probes)

    def __getitem__(self, name: str | Neurons | Part) -> TimedArray | LazyArray:
        probe = self.probe(name)
        if probe.events:
            return Raster(self._store, probe, self.batched, self.dt)
        values = self._store.values(recorded_probe(probe))
        values = select_part(values, probe) if isinstance(probe, PartialProbe) else values
        if isinstance(values, LazyArray):
            return values
        return with_time_axis(values, TimeAxis(int(self.batched), probe.every, self.dt))

    def spikes(
        self,
        name: str | Neurons | Part,
        *,
        trial: int | None = None,
        start: Time | None = None,
        stop: Time | None = None,
    ) -> Spikes:
        """The spikes of a population, sorted by trial, tick and neuron.

        name: a population or a part of one, such as 'liquid' or 'liquid[:100]'
        trial: the only trial to take; default: all
        start, stop: the first tick to take, and the first one after it that is not taken; times under `Clock`
            are allowed

        Raises RecordingError for a name under which no spikes were recorded, and for a trial that does not
        exist.
        """
        probe = self._spiking(name)
        if trial is not None and not (isinstance(trial, (int, np.integer)) and 0 <= trial < self.trials):
            raise RecordingError(
                f"spikes of {probe.name!r}: there is no trial {trial!r}."
                f" The recording has {self.trials}, counted from 0."
            )
        trials = range(self.trials) if trial is None else range(trial, trial + 1)
        first = 0 if start is None else self.tick(start, f"spikes of {probe.name!r}: start")
        last = self.ticks if stop is None else self.tick(stop, f"spikes of {probe.name!r}: stop")
        ticks = range(max(first, 0), min(last, self.ticks))
        if isinstance(probe, PartialProbe):
            return join_spikes([piece for piece, _ in self._pieces(probe, trials, ticks)], self.dt)
        return join_spikes(list(self._store.events(probe, trials, ticks)), self.dt)

    def rates(self, name: str | Neurons | Part) -> np.ndarray:
        """The mean rate of each neuron: spikes per second, or per tick without `Clock`.

        name: a population or a part of one, such as 'liquid' or 'liquid[:100]'

        Returns an array of shape (neuron,) or (trial, neuron). Raises RecordingError for a name under which
        no spikes were recorded.
        """
        probe = self._spiking(name)
        neurons = sample_size(probe)
        counts = zeros((self.trials * neurons,), np.int64, f"rates of {probe.name!r}")
        for piece, column in self.pieces(probe):
            counts += np.bincount(piece.trial * neurons + column, minlength=counts.size)
        rates = counts.reshape(self.trials, neurons) / (max(self.ticks, 1) * (self.dt or 1.0))
        return rates if self.batched else rates[0]

    def trace(self, name: str | Neurons | Part, tau: Time, every: int = 1) -> np.ndarray:
        """Spike trains through an exponential filter: y[k] = y[k-1]*exp(-1/tau) + s[k], with tau in ticks.

        name: a population or a part of one, such as 'liquid' or 'liquid[:100]'
        tau: the time constant: a time under `Clock`, else a number of ticks
        every: number of ticks between samples; the first sample is that of tick 0

        Returns an array of shape (sample, neuron) or (trial, sample, neuron). Raises RecordingError for a
        name under which no spikes were recorded, and for a time constant or an interval that is not positive.
        """
        probe = self._spiking(name)
        tau_ticks = self.time_constant(tau, f"trace of {probe.name!r}: tau")
        if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
            raise RecordingError(
                f"trace of {probe.name!r}: every={every!r} is not a number of ticks."
                " Give a whole number of at least 1."
            )
        shape = self.trials, sample_count(self.ticks, every), sample_size(probe)
        out = zeros(shape, np.float64, f"trace of {probe.name!r}")
        for piece, column in self.pieces(probe):
            sample = -(-piece.tick // every)  # the first sample that the spike contributes to
            sampled = sample < out.shape[1]
            age = (sample * every - piece.tick)[sampled]
            np.add.at(out, (piece.trial[sampled], sample[sampled], column[sampled]), np.exp(-age / tau_ticks))
        decay = np.exp(-every / tau_ticks)
        for k in range(1, out.shape[1]):
            out[:, k] += decay * out[:, k - 1]
        return out if self.batched else out[0]

    def edges(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The sender and the target of each synapse, in the order in which their variables are recorded.

        name: name of the synapses, such as 'ears_to_liquid'

        Returns two arrays (synapse,) of flat indices in the whole populations, sorted by sender. After
        `pre, post = rec.edges("ears_to_liquid")`, `rec["ears_to_liquid.w"][k, s]` is the weight from neuron
        `pre[s]` to neuron `post[s]` at sample k.

        Raises RecordingError for an unknown name, and for wirings that have no list of synapses (private,
        einsum).
        """
        return synapse_values.edges(self, name)

    def matrix(self, name: str, *, tick: Time | None = None) -> np.ndarray:
        """The weights of synapses, or another variable, as a matrix (post, pre) or (trial, post, pre).

        name: name of the synapses, for their weights, or of a variable, such as 'ears_to_liquid.w'
        tick: a tick, or time under `Clock`, at which the variable was recorded; default: the values after the
            last tick

        The matrix is 0 where there is no synapse, and the sum where several synapses join one pair of
        neurons.

        Raises RecordingError for an unknown name, for ticks that were not recorded, and for wirings that have
        no list of synapses (private, einsum).
        """
        return synapse_values.matrix(self, name, tick)

    def to_file(self, path: str | os.PathLike[str], compression: Compression = 0) -> Recording:
        """Copy this recording to a file and open the copy; that of a killed run is complete again.

        path: path of the file; an older recording at the path is replaced
        compression: gzip's level, 0 (none) to 9, or 'blosc', as in ns.run

        Raises RecordingError if the path holds anything but a recording, or cannot be written.
        """
        writer = FileWriter(self.header, path, compression)
        try:
            if self.header.session:
                writer.keep_inputs(0, self.inputs)
                for cut in self.header.cuts[1:]:
                    writer.keep_inputs(cut, {})
                for change in self.changes:
                    writer.keep_change(change)
            copy_blocks(self, writer)
            return Recording.of(writer.finish(self.ticks, self.stopped, dict(self.final)))
        finally:
            writer.close()

    def close(self) -> None:
        """Close the file. Does nothing to a recording in memory."""
        self._store.close()

    def __reduce__(self) -> tuple:
        """How to copy or pickle it: a recording in a file is opened again; one in memory is copied."""
        return (Recording.of, (self._store,)) if self.path else (Recording, (self.header, self._store))

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __str__(self) -> str:
        return printout(self)

    def __repr__(self) -> str:
        return f"<Recording: {self.trials} x {self.ticks} ticks of {', '.join(self.names) or 'nothing'}>"

    def probe(self, name: str | Neurons | Part) -> Probe:
        """The probe that recorded this, or contains it; RecordingError if nothing does."""
        return find_probe(spelt(name) if isinstance(name, str) else name, self._probes, self.network)

    def _spiking(self, name: str | Neurons | Part) -> Probe:
        probe = self.probe(name)
        if not probe.events:
            raise RecordingError(
                f"Recording: {probe.name!r} holds values, not spikes. Use rec[{probe.name!r}]."
            )
        return probe

    def pieces(self, probe: Probe) -> Iterator[tuple[Spikes, np.ndarray]]:
        """All spikes of a probe in pieces, and for each spike the position of its neuron in the probe."""
        return self._pieces(probe, range(self.trials), range(self.ticks))

    def _pieces(self, probe: Probe, trials: range, ticks: range) -> Iterator[tuple[Spikes, np.ndarray]]:
        position = positions(probe, self.network.populations[probe.owner].size)
        for piece in self._store.events(recorded_probe(probe), trials, ticks):
            column = position[piece.neuron]
            inside = column >= 0
            yield (piece, column) if inside.all() else (piece.select(inside), column[inside])

    def tick(self, time: Time, what: str) -> int:
        """The tick that a time or number of ticks means. `what` begins the error for anything else."""
        value = as_value(time, what)
        self._check_time(value, what, "a time or a number of ticks")
        # A time that is a whole number of ticks up to rounding errors means that tick.
        ticks = float(value.number) if value.dim == PLAIN else float(value.number) / (self.dt or 1.0) + 0.001
        return int(np.floor(ticks)) if np.isfinite(ticks) else self.ticks

    def time_constant(self, tau: Time, what: str) -> float:
        """A time constant in ticks. `what` begins the RecordingError for anything else."""
        value = as_value(tau, what)
        if self.dt is not None and value.dim == PLAIN:
            raise RecordingError(f"{what} {value} has no unit. Give a time, such as 20*ms.")
        self._check_time(value, what, "a time" if self.dt is not None else "a number of ticks")
        ticks = float(value.number) / (self.dt or 1.0)
        if not ticks > 0:
            raise RecordingError(f"{what} {value} is not above 0. Give a time constant such as 20 ticks.")
        return ticks

    def _check_time(self, value: Value, what: str, wanted: str) -> None:
        if not value.scalar or value.dim not in (PLAIN, TIME):
            raise RecordingError(f"{what} {value} is not {wanted}. Give one number.")
        if value.dim == TIME and self.dt is None:
            raise RecordingError(
                f"{what} {value} is a time, but {self.network.schedule} counts ticks. Give a number of ticks."
            )
