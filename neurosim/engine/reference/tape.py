"""Samples of a batch of trials, collected tick by tick and handed to the writer in blocks."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

from neurosim.engine.state import State, message_now, names_of
from neurosim.network.probes import Probe
from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate
from neurosim.plan.plan import Plan
from neurosim.recording.spikes import Spikes

BLOCK_BYTES = 32 * 2**20
BLOCK_TICKS = 1000
BLOCK_SECONDS = 2.0  # a killed run loses no more than this, however slow its ticks are


class Tape:
    """Takes one sample of every probe per tick, and writes a block of complete ticks when it is full."""

    def __init__(self, plan: Plan, writer: Any, trials: np.ndarray):
        self.plan, self.writer, self.trials = plan, writer, trials
        self.early = [p for p in plan.probes if not p.events and not self._late(p)]
        self.late = [p for p in plan.probes if not p.events and self._late(p)]
        self.events = [p for p in plan.probes if p.events]
        sample = (
            sum(int(np.prod(p.shape)) / p.every for p in (*self.early, *self.late))
            * plan.dtype.itemsize
            * len(trials)
        )
        self.length = int(max(1, min(BLOCK_TICKS, BLOCK_BYTES // max(sample, 1))))
        self.first = 0  # tick of this block's first sample
        self.ticks = 0  # complete ticks in the block
        self.since = monotonic()
        self._clear()

    def _late(self, probe: Probe) -> bool:
        """Ports, and what driven populations send, are known only after the record step of a clocked tick."""
        group = self.plan.groups.get(probe.owner)
        return group is not None and (group.driven or probe.variable in group.ports)

    def _clear(self) -> None:
        self.samples: dict[str, list[np.ndarray]] = {p.name: [] for p in (*self.early, *self.late)}
        self.spikes: dict[str, list[tuple[np.ndarray, np.ndarray, int]]] = {p.name: [] for p in self.events}

    def record(self, state: State) -> None:
        """The record step: states, and what populations with text send."""
        for probe in self.early:
            if (state.tick - self.plan.first_tick) % probe.every == 0:
                self.samples[probe.name].append(self._sample(state, probe))

    def close_tick(self, state: State) -> None:
        """The end of the tick: ports, driven populations and spikes; a full block is written."""
        for probe in self.late:
            if (state.tick - self.plan.first_tick) % probe.every == 0:
                self.samples[probe.name].append(self._sample(state, probe))
        for probe in self.events:
            trial, neuron = state.spikes.get(probe.owner, (np.zeros(0, np.int64), np.zeros(0, np.int64)))
            if probe.index is not None:
                keep = np.isin(neuron, probe.index)
                trial, neuron = trial[keep], neuron[keep]
            if neuron.size:
                self.spikes[probe.name].append((trial, neuron, self.first + self.ticks))
        self.ticks += 1
        if self.ticks == self.length or monotonic() - self.since > BLOCK_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the complete ticks of the block."""
        if not self.ticks:
            return
        traces = {}
        for probe in (*self.early, *self.late):
            start = -self.first % probe.every
            count = max(0, -(-(self.ticks - start) // probe.every))
            rows = self.samples[probe.name][:count]
            empty = np.zeros((len(self.trials), 0, *probe.shape), self.plan.dtype)
            traces[probe.name] = np.stack(rows, axis=1) if rows else empty
        events = {name: self._events(found) for name, found in self.spikes.items()}
        self.writer.write(
            int(self.trials[0]), self.first, traces, events, trials=len(self.trials), ticks=self.ticks
        )
        self.first, self.ticks, self.since = self.first + self.ticks, 0, monotonic()
        self._clear()

    def _events(self, found: list[tuple[np.ndarray, np.ndarray, int]]) -> Spikes:
        """The block's spikes; ticks count from the start of the run."""
        if not found:
            nothing = np.zeros(0, np.int64)
            return Spikes(nothing, nothing, nothing, self.plan.dt)
        trial = np.concatenate([local for local, _, _ in found]) + int(self.trials[0])
        tick = np.concatenate([np.full(local.size, tick) for local, _, tick in found])
        return Spikes(trial, tick, np.concatenate([neuron for _, neuron, _ in found]), self.plan.dt)

    def _sample(self, state: State, probe: Probe) -> np.ndarray:
        if probe.owner in self.plan.pathways:
            return state.synapses[probe.owner][str(probe.variable)].copy()
        group = self.plan.groups[probe.owner]
        if probe.variable is None:
            value = (
                message_now(state, group)
                if group.sends is not None
                else state.history[group.name].messages[-1]
            )
        elif probe.variable in group.ports:
            value = state.read.get(
                (group.name, probe.variable), np.zeros((state.count, group.size), self.plan.dtype)
            )
        elif probe.variable in group.derived:
            value = np.broadcast_to(
                evaluate(group.derived[probe.variable], names_of(state, group), AxisFunctions(group.shape)),
                (state.count, *group.shape),
            )
        else:
            value = state.values[group.name][probe.variable]
        flat = value.reshape(state.count, -1)
        chosen = flat if probe.index is None else flat[:, probe.index]
        return chosen.reshape(state.count, *probe.shape).astype(self.plan.dtype, copy=True)
