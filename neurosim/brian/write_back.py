"""What a run leaves behind, in Brian2's arrays: states, spikes on their way, and the records of monitors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.brian.groups import spikes_sent_until
from neurosim.brian.lowering import Lowered
from neurosim.brian.pending import put_back_pending
from neurosim.brian.private_names import (
    SpikeGeneratorGroup,
    Variable,
    clock_of,
    pathways_of,
    put_spikes_sent,
)
from neurosim.brian.renaming import Renaming
from neurosim.brian.streaming import Stream
from neurosim.brian.synapses import UNUSED
from neurosim.engine.state import NEVER
from neurosim.errors import EngineError
from neurosim.network.probes import Probe
from neurosim.plan.plan import Textual
from neurosim.recording.header import ticks_of_block
from neurosim.recording.spikes import Spikes, join_spikes
from neurosim.recording.store import Store
from neurosim.recording.writer import Writer


class MonitorWriter(Writer):
    """Appends the blocks of a run to Brian2's monitors, and keeps the last spikes of senders.

    lowered: the run
    names: those under which the plan runs
    stream: what writes the blocks to a file, too; None: nothing
    in_memory: whether the monitors keep the blocks
    """

    def __init__(self, lowered: Lowered, names: Renaming, stream: Stream | None, in_memory: bool):
        self.lowered, self.plan, self.names = lowered, lowered.plan, names
        self.stream, self.in_memory = stream, in_memory
        self.block, self.buffers = ticks_of_block(self.plan.probes, self.plan.dtype), {}
        self.progress = np.zeros(1, np.int64)
        self._recent: dict[str, list[Spikes]] = {name: [] for name in lowered.senders}

    def write(
        self, trial: int, tick: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes], *,
        trials: int, ticks: int,
    ) -> None:  # fmt: skip
        first = self.plan.first_tick
        samples, events = self.names.back(samples), self.names.back(events)
        wanted = [*self.plan.probes, *(p for monitor in self.lowered.monitors for p in monitor.probes)]
        whole = {probe.name: self._spikes(probe, events) for probe in wanted if probe.events}
        for monitor in self.lowered.monitors:
            if self.in_memory:
                monitor.append(first + tick, ticks, samples, whole)
            else:
                monitor.only_count(whole)
        if self.stream is not None:
            self.stream.write(first + tick, ticks, samples, whole)
        for name, longest in self.lowered.senders.items():
            if longest:
                kept = [*self._recent[name], whole[name]]
                reach = first + tick + ticks - longest
                self._recent[name] = [
                    spikes for spikes in kept if spikes.tick.size and spikes.tick[-1] >= reach
                ]
        self.progress[:] = tick + ticks

    def _spikes(self, probe: Probe, events: Mapping[str, Spikes]) -> Spikes:
        """The spikes of a block, in the order of their ticks, which count from the start of time."""
        spikes = events.get(probe.name)
        if spikes is None:
            return join_spikes([], self.plan.dt)
        ordered = spikes.sorted()
        return Spikes(
            ordered.trial.copy(), ordered.tick + self.plan.first_tick, ordered.neuron.copy(), self.plan.dt
        )

    def sent(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Tick and neuron of the last spikes of each sender, as far as delays reach."""
        joined = {name: join_spikes(pieces, self.plan.dt) for name, pieces in self._recent.items()}
        return {name: (spikes.tick, spikes.neuron) for name, spikes in joined.items()}

    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> Store:
        raise EngineError("The records of this run are in Brian2's monitors. Read them there.")

    def close(self) -> None:
        self._recent = {}


def write_back(lowered: Lowered, writer: MonitorWriter, ticks: int, final: Mapping[str, np.ndarray]) -> None:
    """Bring Brian2's arrays and queues to the end of a run of so many ticks.

    final: the checkpoint of the end
    """
    plan, dt = lowered.plan, lowered.plan.dt or 1.0
    first, last = plan.first_tick, plan.first_tick + ticks
    for name, variables in lowered.states.items():
        for key, variable in variables.items():
            _set(variable, final[f"state/{name}/{key}"][0])
        if plan.groups[name].refractory is not None:
            group = lowered.groups[name]
            last_spike = final[f"last_spike/{name}"][0]
            known = last_spike != NEVER
            seconds = group.variables["lastspike"].get_value()
            seconds[known] = last_spike[known] * dt
            _set(group.variables["not_refractory"], final[f"not_refractory/{name}"][0])
    for synapses in lowered.synapses.values():
        for pathway in synapses.pathways:
            if isinstance(pathway, Textual) and not pathway.of:
                for key in pathway.text.states.keys() - {UNUSED}:
                    values = np.empty(synapses.wires.order.size)
                    values[synapses.wires.order] = final[f"synapse/{pathway.name}/{key}"][0]
                    _set(synapses.synapses.variables[key], values)
        for thing in pathways_of(synapses.synapses):
            if thing.name in synapses.delays:
                put_back_pending(synapses, thing, writer.sent(), first, last, dt)
    for group in lowered.groups.values():
        if group.__class__ is SpikeGeneratorGroup:
            put_spikes_sent(
                group, spikes_sent_until(group, -(-last // round(float(clock_of(group).dt_) / dt)))
            )


def _set(variable: Variable, values: np.ndarray) -> None:
    """Set an array of Brian2, in its own type."""
    array = variable.get_value()
    array[:] = values[: array.size].astype(array.dtype)
