"""Two sets of recording buffers: the C++ fills one set while Python writes the other."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from neurosim.engine.events.batch import Batch
from neurosim.engine.events.keys import (
    HistoryArray,
    HistoryPart,
    PortRead,
    StateArray,
    SubexpressionArray,
)
from neurosim.engine.events.layouts import Array
from neurosim.engine.events.runner import Runner
from neurosim.engine.sampling import Quantity, bytes_per_tick, quantity, sampled_in
from neurosim.network.probes import Probe
from neurosim.recording.allocation import address
from neurosim.recording.header import sample_count, sample_size
from neurosim.recording.spikes import Spikes, copied_spikes, join_spikes
from neurosim.recording.writer import Writer

BUFFER_BYTES = 32 * 2**20
CACHE_BYTES = 2**24  # larger recordings have left the caches before they are read
MOST_TICKS_OF_A_BLOCK = 100_000
NO_SPIKES = join_spikes([], None)


class ProbeStruct(ctypes.Structure):
    """`Probe` of core/records/sampling.hpp."""

    _fields_ = (
        ("values", ctypes.c_void_p), ("itemsize", ctypes.c_int64), ("stride", ctypes.c_int64),
        ("newest", ctypes.c_void_p), ("message", ctypes.c_int64), ("index", ctypes.c_void_p),
        ("block_first", ctypes.c_void_p), ("column", ctypes.c_void_p),
        ("columns", ctypes.c_int64), ("every", ctypes.c_int64), ("step", ctypes.c_int64),
        ("buffer", ctypes.c_void_p * 2), ("capacity", ctypes.c_int64), ("direct", ctypes.c_int64),
        ("past_caches", ctypes.c_int64),
    )  # fmt: skip


@dataclass
class Filled:
    """What the C++ has recorded into one set of buffers.

    set: 0 or 1.
    first: the first tick, counted from the start of the run.
    ticks: how many ticks there are.
    since: when the first of them began to run (`time.monotonic`).
    """

    set: int
    first: int = 0
    ticks: int = 0
    since: float = 0.0


class RecordingBuffers:
    """The recording buffers of a batch of trials, for at most `ticks` ticks at a time.

    Where the writer has memory for all samples of a probe (`Writer.buffer`), the C++ writes there directly,
    and the probe has no buffers.
    """

    def __init__(self, batch: Batch, writer: Writer):
        self.batch, self.writer, self.plan = batch, writer, batch.plan
        self.sampled = [p for p in self.plan.probes if not p.events]
        self.events = [p for p in self.plan.probes if p.events]
        first = batch.trials[0]
        self.direct: dict[str, Array] = {}
        for probe in self.sampled:
            samples = writer.buffer(probe)
            if samples is not None:
                self.direct[probe.name] = samples[first:][: batch.count]
        self.ticks = self._most_ticks()
        self.keep_alive: list[Array] = []
        self.buffers = [[self._buffer(p) for p in self.sampled] for _ in range(2)]
        self.structs = (ProbeStruct * len(self.sampled))(
            *(self._struct(number, probe) for number, probe in enumerate(self.sampled))
        )

    def _most_ticks(self) -> int:
        """How many ticks fit into the buffers."""
        buffered = [p for p in self.sampled if p.name not in self.direct]
        most = MOST_TICKS_OF_A_BLOCK
        if buffered:
            tick = bytes_per_tick(self.plan, buffered, self.batch.count)
            most = min(self.writer.block, BUFFER_BYTES // max(tick, 1))
        return int(max(1, min(most, self.plan.ticks)))

    def _buffer(self, probe: Probe) -> Array:
        """Memory for the samples of a probe: (trial, sample, column)."""
        if probe.name in self.direct:
            return self.direct[probe.name]
        samples = sample_count(self.ticks, probe.every)
        return np.empty((self.batch.count, samples, sample_size(probe)), self.plan.dtype)

    def _struct(self, number: int, probe: Probe) -> ProbeStruct:
        values, newest = self._sampled(probe)
        buffers, samples = [held[number] for held in self.buffers], self.direct.get(probe.name)
        struct = self._layout(probe, values, newest)
        struct.values = address(values)
        struct.newest = address(newest) if newest is not None else None
        struct.buffer[:] = [address(buffer) for buffer in buffers]
        struct.capacity = buffers[0].shape[1]
        struct.direct = samples is not None
        struct.past_caches = samples is not None and samples.nbytes > CACHE_BYTES
        return struct

    def _layout(self, probe: Probe, values: Array, newest: Array | None) -> ProbeStruct:
        """The struct of a probe without the arrays of this run; found once for a network that is kept."""
        kept = self.batch.network.probes.get((self.batch.count, probe.name))
        if kept is not None:
            return ProbeStruct.from_buffer_copy(kept[0])
        keep_alive: list[Array] = []
        struct = self._new_layout(probe, values, newest, keep_alive)
        self.keep_alive += keep_alive
        if self.batch.network.kept:
            self.batch.network.probes[self.batch.count, probe.name] = bytes(struct), keep_alive
        return struct

    def _new_layout(
        self, probe: Probe, values: Array, newest: Array | None, keep_alive: list[Array]
    ) -> ProbeStruct:
        trials, blocks = self.batch.count, self.batch.network.blocks
        index, block_first = self._index(probe)
        column = None
        if index is not None:  # which columns each block samples
            block = np.searchsorted(block_first[1:-1], index, side="right")
            column = np.argsort(block, kind="stable").astype(np.int64)
            block_first = np.r_[0, np.cumsum(np.bincount(block, minlength=blocks))]
            if probe.owner in self.plan.pathways:
                index = index * (values.strides[1] // values.itemsize)  # a synapse's variables lie together

        def held(array: Array) -> int:
            keep_alive.append(np.ascontiguousarray(array, np.int64))
            return address(keep_alive[-1])

        size = values.shape[-1] if newest is not None else values.size // trials
        return ProbeStruct(
            itemsize=values.itemsize,
            stride=values.strides[0],
            message=size * values.itemsize,
            index=held(index) if index is not None else None,
            block_first=held(block_first),
            column=held(column) if column is not None else None,
            columns=sample_size(probe),
            every=probe.every,
            step=sampled_in(self.plan, probe),
        )

    def _index(self, probe: Probe) -> tuple[Array | None, Array]:
        """The neurons, or places of synapses, of a probe (None: all), and the first one of each block."""
        if probe.owner not in self.plan.pathways:
            return probe.index, self.batch.network.bounds_of(probe.owner)
        layout = self.batch.network.textual[probe.owner]
        return layout.place if probe.index is None else layout.place[probe.index], layout.block_first

    def _sampled(self, probe: Probe) -> tuple[Array, Array | None]:
        """The array that a probe samples, and for past messages the place of the newest."""
        batch, owner = self.batch, probe.owner
        match quantity(self.plan, probe):
            case Quantity.SYNAPSES:
                return batch.held_values(owner, str(probe.variable)), None
            case Quantity.SYNAPSE_SUBEXPRESSION:
                return batch.array(SubexpressionArray(owner, str(probe.variable), of_synapses=True)), None
            case Quantity.PORT:
                return batch.array(PortRead(owner, str(probe.variable))), None
            case Quantity.SUBEXPRESSION:
                return batch.array(SubexpressionArray(owner, str(probe.variable))), None
            case Quantity.STATE:
                return batch.array(StateArray(owner, str(probe.variable))), None
            case Quantity.MESSAGE:
                group = self.plan.groups[owner]
                if group.driven:
                    newest = batch.array(HistoryArray(owner, HistoryPart.NEWEST))
                    return batch.array(HistoryArray(owner, HistoryPart.MESSAGES)), newest
                key = SubexpressionArray if group.sends in group.subexpressions else StateArray
                return batch.array(key(owner, str(group.sends))), None

    def write(self, runner: Runner, filled: Filled) -> dict[str, Spikes]:
        """Hand what one set of buffers holds to the writer.

        Returns the spikes of each population of which all are recorded, valid until the C++ records into
        this set again.
        """
        first, ticks = filled.first, filled.ticks
        samples: dict[str, Array] = {}
        for probe, buffer in zip(self.sampled, self.buffers[filled.set], strict=True):
            if probe.name not in self.direct:
                count = sample_count(first + ticks, probe.every) - sample_count(first, probe.every)
                samples[probe.name] = buffer[:, :count].reshape(len(buffer), count, *probe.shape)
        events = {probe.name: self._spikes(runner, filled.set, probe) for probe in self.events}
        trials = self.batch.trials
        self.writer.write(int(trials[0]), first, samples, events, trials=len(trials), ticks=ticks)
        return {probe.owner: events[probe.name] for probe in self.events if probe.index is None}

    def spikes_of(self, runner: Runner, filled: Filled, population: str, first: int) -> Spikes:
        """The spikes of a population in one set of buffers, from a tick on."""
        probe = next(p for p in self.events if p.owner == population and p.index is None)
        if not filled.ticks:
            return NO_SPIKES
        return copied_spikes(self._spikes(runner, filled.set, probe, first), self.plan.dt)

    def _spikes(self, runner: Runner, buffer_set: int, probe: Probe, first: int = 0) -> Spikes:
        """The spikes of a probe in one set of buffers, from a tick on."""
        population = self.plan.numbers[probe.owner]
        parts: list[tuple[Array, Array, Array]] = []
        for row, number in enumerate(self.batch.trials):
            tick, neuron = runner.recorded_spikes(buffer_set, row, population)
            if first:  # few are newer than this
                begin = tick.searchsorted(first)
                tick, neuron = tick[begin:], neuron[begin:]
            if not tick.size:
                continue
            if probe.index is not None:
                chosen = np.isin(neuron, probe.index)
                tick, neuron = tick[chosen], neuron[chosen]
            parts.append((np.full(tick.size, number), tick, neuron.astype(np.int64)))
        if len(parts) == 1:  # needs no copy
            return Spikes(*parts[0], self.plan.dt)
        if not parts:
            return NO_SPIKES
        trial, tick, neuron = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Spikes(trial, tick, neuron, self.plan.dt)
