"""Two sets of recording buffers: the network fills one while the other is written."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from neurosim.engine.events.batch import Batch
from neurosim.engine.events.pending import seen_spikes
from neurosim.engine.events.source import derived_probes
from neurosim.network.probes import Probe
from neurosim.plan.plan import Sparse
from neurosim.recording.spikes import Spikes

BUFFER_BYTES = 32 * 2**20
CACHE_BYTES = 2**24  # what is larger has left the caches before anybody reads it
MOST_TICKS = 100_000  # of one block


class ProbeStruct(ctypes.Structure):
    """`Probe` of core/records/sampling.hpp."""

    _fields_ = (
        ("values", ctypes.c_void_p), ("itemsize", ctypes.c_int64), ("stride", ctypes.c_int64),
        ("newest", ctypes.c_void_p), ("message", ctypes.c_int64), ("index", ctypes.c_void_p),
        ("block_first", ctypes.c_void_p), ("column", ctypes.c_void_p),
        ("columns", ctypes.c_int64), ("every", ctypes.c_int64), ("late", ctypes.c_int64),
        ("buffer", ctypes.c_void_p * 2), ("capacity", ctypes.c_int64), ("direct", ctypes.c_int64), ("past_caches", ctypes.c_int64),
    )  # fmt: skip


class RecordingBuffers:
    """The buffers of a batch of trials, for at most `ticks` ticks at a time; what the writer has room for needs none."""

    def __init__(self, batch: Batch, writer: Any):
        self.batch, self.writer, self.plan = batch, writer, batch.plan
        self.traces = [p for p in self.plan.probes if not p.events]
        self.events = [p for p in self.plan.probes if p.events]
        rooms = {p.name: writer.buffer(p) for p in self.traces}
        self.rooms = {
            name: room[batch.state.trials[0] :][: batch.state.count]
            for name, room in rooms.items()
            if room is not None
        }
        self.ticks = self._most_ticks(writer.block)
        self.keep_alive: list[np.ndarray] = []
        self.buffers = [[self._buffer(p) for p in self.traces] for _ in range(2)]
        self.structs = (ProbeStruct * len(self.traces))(
            *(self._struct(number, probe) for number, probe in enumerate(self.traces))
        )

    def _most_ticks(self, block: int) -> int:
        """How many ticks fit into the buffers."""
        buffered = [p for p in self.traces if p.name not in self.rooms]
        sample = (
            sum(int(np.prod(p.shape)) / p.every for p in buffered)
            * self.plan.dtype.itemsize
            * self.batch.state.count
        )
        return int(
            max(1, min(block if buffered else MOST_TICKS, BUFFER_BYTES // max(sample, 1), self.plan.ticks))
        )

    def _buffer(self, probe: Probe) -> np.ndarray:
        """Memory for the samples of a probe: (trial, sample, column)."""
        if probe.name in self.rooms:
            return self.rooms[probe.name]
        return np.empty(
            (self.batch.state.count, -(-self.ticks // probe.every), int(np.prod(probe.shape))),
            self.plan.dtype,
        )

    def _address(self, array: np.ndarray) -> int:
        self.keep_alive.append(np.ascontiguousarray(array))
        return self.keep_alive[-1].ctypes.data

    def _struct(self, number: int, probe: Probe) -> ProbeStruct:
        batch = self.batch
        values, late, newest = self._source(probe)
        columns = int(np.prod(probe.shape))
        index = probe.index
        if probe.owner in self.plan.pathways:
            layout = batch.network.textual[probe.owner]
            index, bounds = layout.place if index is None else layout.place[index], layout.block_first
        else:
            bounds = batch.network.bounds[batch.network.names.index(probe.owner)].astype(np.int64)
        block_first, column = bounds, None
        if index is not None:
            block = np.searchsorted(bounds[1:-1], index, side="right")
            column = np.argsort(block, kind="stable").astype(np.int64)
            block_first = np.r_[0, np.cumsum(np.bincount(block, minlength=batch.network.blocks))]
            if probe.owner in self.plan.pathways:
                index = index * (values.strides[1] // values.itemsize)  # variables of a synapse lie together
        size = values.shape[-1] if newest is not None else values.size // batch.state.count
        return ProbeStruct(
            values=values.ctypes.data,
            itemsize=values.itemsize,
            stride=values.strides[0],
            newest=newest.ctypes.data if newest is not None else None,
            message=size * values.itemsize,
            index=self._address(np.asarray(index, np.int64)) if index is not None else None,
            block_first=self._address(np.asarray(block_first, np.int64)),
            column=self._address(column) if column is not None else None,
            columns=columns,
            every=probe.every,
            late=late,
            buffer=(ctypes.c_void_p * 2)(*(buffers[number].ctypes.data for buffers in self.buffers)),
            capacity=self.buffers[0][number].shape[1],
            direct=probe.name in self.rooms,
            past_caches=probe.name in self.rooms and self.rooms[probe.name].nbytes > CACHE_BYTES,
        )

    def _source(self, probe: Probe) -> tuple[np.ndarray, bool, np.ndarray | None]:
        """The array that a probe samples, whether that is known only at the end of a tick, and for histories the newest place."""
        held, owner = self.batch.held, probe.owner
        if owner in self.plan.pathways:
            return self._held("own", owner)[str(probe.variable)], False, None
        group = self.plan.groups[owner]
        if group.driven and probe.variable is None:
            return held["history", owner, "messages"], True, held["history", owner, "newest"]
        variable = probe.variable if probe.variable is not None else str(group.sends)
        if variable in group.ports:
            return held["read", owner, variable], True, None
        if variable in derived_probes(self.plan, group):
            return held["derived", owner, variable], False, None
        return self._held("state", owner, variable), False, None

    def _held(self, *key: str) -> np.ndarray:
        """The array of a key; one that no text changes is not known to the generated code."""
        if key not in self.batch.held:
            values = self.batch.state.values
            self.batch.held[key] = (
                self.batch.records(key[1])
                if key[0] == "own"
                else np.ascontiguousarray(values[key[1]][key[2]])
            )
        return self.batch.held[key]

    def keep(self) -> np.ndarray:
        """Per population: 1 if its spikes are recorded, 2 if they travel."""
        recorded = {p.owner for p in self.events}
        travel = {p.pre for p in self.plan.of_kind(Sparse)}
        return np.array([(name in recorded) + 2 * (name in travel) for name in self.plan.groups], np.uint8)

    def write(self, library: ctypes.CDLL, runner: int, buffers: int, first: int, ticks: int) -> None:
        """Hand what one set of buffers holds, the ticks first .. first + ticks, to the writer."""
        traces = {}
        for probe, buffer in zip(self.traces, self.buffers[buffers], strict=True):
            if probe.name in self.rooms:
                continue
            count = -(-(first + ticks) // probe.every) + -first // probe.every
            traces[probe.name] = buffer[:, :count].reshape(len(buffer), count, *probe.shape)
        events = {probe.name: self._spikes(library, runner, buffers, probe) for probe in self.events}
        trials = self.batch.state.trials
        self.writer.write(int(trials[0]), first, traces, events, trials=len(trials), ticks=ticks)

    def _spikes(self, library: ctypes.CDLL, runner: int, buffers: int, probe: Probe) -> Spikes:
        population = list(self.plan.groups).index(probe.owner)
        found = []
        for row, number in enumerate(self.batch.state.trials):
            tick, neuron = seen_spikes(
                lambda *at, row=row: library.neurosim_spikes(runner, buffers, row, population, *at)
            )
            if probe.index is not None:
                chosen = np.isin(neuron, probe.index)
                tick, neuron = tick[chosen], neuron[chosen]
            found.append((np.broadcast_to(number, tick.shape), tick, neuron.astype(np.int64)))
        one = len(found) == 1  # of which there is no need for a copy
        trial, tick, neuron = (
            found[0] if one else (np.concatenate(parts) for parts in zip(*found, strict=True))
        )
        return Spikes(trial, tick, neuron, self.plan.dt)
