"""Samples of a batch of trials, collected tick by tick and handed to the writer in blocks."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, assert_never

import numpy as np

from neurosim.engine.reference.steps import PreparedPlan
from neurosim.engine.sampling import Quantity, bytes_per_tick, quantity, recorded_spikes, sampled_in
from neurosim.engine.state import State, derived_value, message_now
from neurosim.network.probes import Probe
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.recording.writer import Writer

BLOCK_BYTES = 32 * 2**20
BLOCK_TICKS = 1000
# A run that is killed loses at most so many seconds of recording, however slow its ticks are.
BLOCK_SECONDS = 2.0

NONE = np.zeros(0, np.int64)  # the trials, ticks or neurons of no spikes
Events = list[tuple[np.ndarray, np.ndarray, int]]
"""Trials (within the batch) and neurons of the spikes of each tick, and the tick (within the run)."""


class Sampler:
    """Takes the samples of every probe tick by tick, and writes a block of complete ticks when it is full.

    prepared: the plan that runs.
    writer: what takes the blocks.
    trials: the numbers of the trials of the batch.
    """

    def __init__(self, prepared: PreparedPlan, writer: Writer, trials: np.ndarray):
        self.prepared, self.plan, self.writer, self.trials = prepared, prepared.plan, writer, trials
        plan = self.plan
        sampled = [probe for probe in plan.probes if not probe.events]
        self.sampled: dict[int, list[Probe]] = {}  # by the number of the step that samples them
        for probe in sampled:
            self.sampled.setdefault(sampled_in(plan, probe), []).append(probe)
        self.events = [probe for probe in plan.probes if probe.events]
        size = bytes_per_tick(plan, sampled, len(trials))
        self.length = int(max(1, min(BLOCK_TICKS, BLOCK_BYTES // max(size, 1))))
        self.first = 0  # first tick of the block, counted from the start of the run
        self.ticks = 0  # complete ticks in the block
        self.since = monotonic()
        self._clear()

    def _clear(self) -> None:
        self.samples: dict[str, list[np.ndarray]] = {p.name: [] for p in self.probes}
        self.spikes: dict[str, Events] = {p.name: [] for p in self.events}

    @property
    def probes(self) -> list[Probe]:
        """The probes that record samples."""
        return [probe for probes in self.sampled.values() for probe in probes]

    def record(self, state: State, number: int) -> None:
        """The record step of this number in the program: sample variables, and what populations send."""
        self._sample(state, self.sampled.get(number, []))

    def close_tick(self, state: State) -> None:
        """The end of the tick: sample ports, driven populations and spikes; write the block if it is full."""
        self.record(state, len(self.plan.program))
        for probe in self.events:
            trial, neuron = state.spikes.get(probe.owner, (NONE, NONE))
            if neuron.size:
                chosen = recorded_spikes(probe, neuron)
                self.spikes[probe.name].append((trial[chosen], neuron[chosen], self.first + self.ticks))
        self.ticks += 1
        if self.ticks == self.length or monotonic() - self.since > BLOCK_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the complete ticks of the block."""
        if not self.ticks:
            return
        samples: dict[str, np.ndarray] = {}
        for probe in self.probes:
            empty = np.zeros((len(self.trials), 0, *probe.shape), self.plan.dtype)
            taken = self.samples[probe.name]
            samples[probe.name] = np.stack(taken, axis=1) if taken else empty
        events = {name: self._joined(pieces) for name, pieces in self.spikes.items()}
        self.writer.write(
            int(self.trials[0]), self.first, samples, events, trials=len(self.trials), ticks=self.ticks
        )
        self.first, self.ticks, self.since = self.first + self.ticks, 0, monotonic()
        self._clear()

    def _joined(self, pieces: Events) -> Spikes:
        """The spikes of the block, whose trials and ticks count from the start of the run."""
        trial = np.concatenate([NONE, *(trial for trial, _, _ in pieces)]) + int(self.trials[0])
        tick = np.concatenate([NONE, *(np.full(trial.size, tick) for trial, _, tick in pieces)])
        return Spikes(trial, tick, np.concatenate([NONE, *(n for _, n, _ in pieces)]), self.plan.dt)

    def _sample(self, state: State, probes: list[Probe]) -> None:
        for probe in probes:
            if (state.tick - self.plan.first_tick) % probe.every == 0:
                values = self._values(state, probe).reshape(state.count, -1)
                chosen = values if probe.index is None else values[:, probe.index]
                shaped = chosen.reshape(state.count, *probe.shape)
                self.samples[probe.name].append(shaped.astype(self.plan.dtype, copy=True))

    def _values(self, state: State, probe: Probe) -> np.ndarray:
        """What a probe records, of all neurons or synapses: (trial, ...)."""
        owner, variable = probe.owner, str(probe.variable)
        match quantity(self.plan, probe):
            case Quantity.SYNAPSES:
                return state.synapses[owner][variable]
            case Quantity.SYNAPSE_SUBEXPRESSION:
                return self.prepared.synapses[owner].derived_value(state, variable)
            case Quantity.MESSAGE:
                group = self.plan.groups[owner]
                return state.history[owner].messages[-1] if group.sends is None else message_now(state, group)
            case Quantity.PORT:
                nothing = np.zeros((state.count, self.plan.groups[owner].size), self.plan.dtype)
                return state.read.get((owner, variable), nothing)
            case Quantity.SUBEXPRESSION:
                return derived_value(state, self.plan.groups[owner], variable)
            case Quantity.STATE:
                return state.values[owner][variable]
            case _ as unknown:
                assert_never(unknown)
