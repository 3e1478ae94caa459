"""Brian2's monitors: what a run records for them, and how its blocks are appended to their arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.brian.actions import Action
from neurosim.brian.events import event_of, holder_of
from neurosim.brian.names import FREE, Names, root_of
from neurosim.brian.private_names import (
    BrianObject,
    EventMonitor,
    PopulationRateMonitor,
    SpikeMonitor,
    Subexpression,
    Synapses,
    Variable,
    dimensions_of,
    index_of,
    link_index,
    value_of,
)
from neurosim.brian.recorded import Recorded, unit_text
from neurosim.brian.synapses import LoweredSynapses
from neurosim.network.probes import Probe
from neurosim.recording.spikes import Spikes


class Monitor(ABC):
    """One monitor of Brian2.

    thing: the monitor
    dt: of the network, in seconds
    every: it records in every n-th tick
    """

    def __init__(self, thing: BrianObject, dt: float, every: int = 1):
        self.thing, self.dt, self.every = thing, dt, every

    @property
    @abstractmethod
    def probes(self) -> tuple[Probe, ...]:
        """What the run records for it."""

    @abstractmethod
    def append(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> None:
        """Append what the ticks first, ..., first + ticks - 1 gave.

        samples: of each probe of values, (1, tick, *shape)
        events: of each probe of spikes, with ticks that count from the start of time
        """

    only_in_memory: Sequence[str] = ()  # variables that files cannot hold

    @property
    @abstractmethod
    def records(self) -> Sequence[Recorded]:
        """What a file holds of it."""

    @abstractmethod
    def kept(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> Sequence[np.ndarray | Spikes]:
        """For each of `records`, what some ticks gave: values (sample, index) or spikes; see `append`."""

    def _record(self, owner: str, size: int, variable: str | None, index: np.ndarray) -> Recorded:
        unit = "1" if variable is None else unit_text(dimensions_of(self.thing.variables[variable]))
        every = 1 if variable is None else self.every
        return Recorded(self.thing.name, owner, size, variable, unit, index, every)

    def only_count(self, events: Mapping[str, Spikes]) -> None:  # noqa: B027
        """Count the spikes of a block, if it counts, without keeping them."""

    def times(self, first: int, ticks: int) -> np.ndarray:
        """The times at which it records in some ticks, in seconds."""
        tick = np.arange(-(-first // self.every), -(-(first + ticks) // self.every))
        return tick * (self.dt * self.every)

    def _set(self, name: str, start: int, values: np.ndarray) -> None:
        """Set the end of one of the monitor's arrays, which has the new size already."""
        self.thing.variables[name].get_value()[start:] = values


@dataclass(frozen=True, eq=False)
class Column:
    """How one variable of a StateMonitor is recorded: by a probe, or as numbers that never change.

    probe: records it; None for numbers that never change
    chosen: which of the probe's values are those of the monitor; None for all
    constant: the numbers
    """

    probe: Probe | None
    chosen: np.ndarray | None = None
    constant: np.ndarray | None = None

    def values(self, samples: Mapping[str, np.ndarray]) -> np.ndarray:
        """The values in some ticks, (tick, neuron); (neuron,) for numbers that never change."""
        if self.probe is None:
            assert self.constant is not None
            return self.constant
        values = samples[self.probe.name][0]
        return values if self.chosen is None else values[:, self.chosen]


class StateMonitorAppender(Monitor):
    """A StateMonitor."""

    def __init__(self, thing: BrianObject, dt: float, every: int, columns: Mapping[str, Column]):
        super().__init__(thing, dt, every)
        self.columns = columns

    @property
    def probes(self) -> tuple[Probe, ...]:
        return tuple(column.probe for column in self.columns.values() if column.probe is not None)

    def append(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> None:
        start = int(self.thing.variables["N"].get_value().item())
        times = self.times(first, ticks)
        self.thing.resize(start + times.size)
        self._set("t", start, times)
        for name, column in self.columns.items():
            self._set(name, start, column.values(samples))

    @property
    def records(self) -> Sequence[Recorded]:
        source = self.thing.source
        owner = source if source.__class__ is Synapses else root_of(source)
        index = np.asarray(self.thing.record, np.int64) + int(getattr(source, "start", 0))
        return [self._record(owner.name, len(owner), name, index) for name in self.columns]

    def kept(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> Sequence[np.ndarray | Spikes]:
        shape = self.times(first, ticks).size, len(self.thing.record)
        return [np.broadcast_to(column.values(samples), shape) for column in self.columns.values()]


class SpikeMonitorAppender(Monitor):
    """A SpikeMonitor or EventMonitor.

    columns: the variables that it records at spikes; of all neurons in all ticks, from which it takes its own
    """

    def __init__(self, thing: BrianObject, dt: float, every: int, columns: Mapping[str, Column]):
        super().__init__(thing, dt, every)
        self.columns, self.only_in_memory = columns, tuple(columns)
        self.group, self.event = root_of(thing.source), event_of(thing)
        self.start = int(getattr(thing.source, "start", 0))
        self.stop = int(getattr(thing.source, "stop", len(self.group)))

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            event_probe(self.group, self.event),
            *(c.probe for c in self.columns.values() if c.probe is not None),
        )

    @property
    def records(self) -> Sequence[Recorded]:
        if "i" not in self.thing.record_variables:
            return ()  # it only counts
        owner = holder_of(self.group, self.event).replace(".", "_")
        return (self._record(owner, len(self.group), None, np.arange(self.start, self.stop)),)

    def kept(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> Sequence[np.ndarray | Spikes]:
        tick, neuron = self._mine(events)
        spikes = Spikes(np.zeros(tick.size, np.int64), tick, neuron + self.start, self.dt)
        return [spikes] * len(self.records)

    def only_count(self, events: Mapping[str, Spikes]) -> None:
        self._count(self._mine(events)[1])

    def _count(self, neuron: np.ndarray) -> None:
        """Count spikes of these neurons."""
        count = self.thing.variables["count"].get_value()
        count += np.bincount(neuron, minlength=count.size).astype(count.dtype)

    def append(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> None:
        tick, neuron = self._mine(events)
        self._count(neuron)
        total = self.thing.variables["N"].get_value()
        start = int(total.item())
        self.thing.resize(start + neuron.size)
        total[:] = start + neuron.size
        if "i" in self.thing.record_variables:
            self._set("i", start, neuron)
            self._set("t", start, tick * self.dt)
        for name, column in self.columns.items():
            if column.probe is not None:
                self._set(name, start, samples[column.probe.name][0][tick - first, neuron])
            elif column.constant is not None:
                self._set(name, start, column.constant[neuron])

    def _mine(self, events: Mapping[str, Spikes]) -> tuple[np.ndarray, np.ndarray]:
        """Tick and neuron of the spikes of the part of the group that the monitor looks at."""
        spikes = events[event_probe(self.group, self.event).name]
        chosen = (spikes.neuron >= self.start) & (spikes.neuron < self.stop)
        return spikes.tick[chosen], spikes.neuron[chosen] - self.start


class RateMonitorAppender(SpikeMonitorAppender):
    """A PopulationRateMonitor."""

    def only_count(self, events: Mapping[str, Spikes]) -> None:
        pass

    def append(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> None:
        tick, _ = self._mine(events)
        total = self.thing.variables["N"].get_value()
        start, times = int(total.item()), self.times(first, ticks)
        self.thing.resize(start + times.size)
        total[:] = start + times.size
        self._set("t", start, times)
        self._set("rate", start, self._rates(first, times.size, tick))

    @property
    def records(self) -> Sequence[Recorded]:
        return (self._record(self.thing.name, 1, "rate", np.arange(1)),)

    def kept(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> Sequence[np.ndarray | Spikes]:
        tick, _ = self._mine(events)
        return (self._rates(first, self.times(first, ticks).size, tick)[:, None],)

    def _rates(self, first: int, count: int, tick: np.ndarray) -> np.ndarray:
        """The rates that it records in the ticks from `first` on, given the ticks of all spikes."""
        place = tick // self.every + -first // self.every
        spikes = np.bincount(place, minlength=count)
        return 1.0 * spikes / (self.dt * self.every) / (self.stop - self.start)


def event_probe(group: BrianObject, event: str) -> Probe:
    """What records all spikes, or other events, of a group."""
    name = holder_of(group, event)
    return Probe(name, name, None, None, (len(group),), 1, True)


def monitor_of(
    action: Action,
    names: Names,
    changing: Collection[Variable],
    synapses: Mapping[str, LoweredSynapses],
    dt: float,
) -> Monitor:
    """What records for a monitor, given its action.

    names: of its source
    changing: the arrays that some text of the network changes
    synapses: the lowered synapses, by name
    """
    thing, every = action.thing, action.every
    if type(thing) is PopulationRateMonitor:
        return RateMonitorAppender(thing, dt, every, {})
    at_spikes = type(thing) in (SpikeMonitor, EventMonitor)
    recorded = set(thing.record_variables) - ({"i", "t"} if at_spikes else set())
    index = np.asarray(np.arange(len(thing.source)) if at_spikes else thing.record, np.int64)
    columns = {
        name: _column(thing, name, names[name], changing, synapses, index, 1 if at_spikes else every)
        for name in sorted(recorded)
    }
    kind = SpikeMonitorAppender if at_spikes else StateMonitorAppender
    return kind(thing, dt, every, columns)


def _column(
    thing: BrianObject,
    name: str,
    variable: Variable,
    changing: Collection[Variable],
    synapses: Mapping[str, LoweredSynapses],
    index: np.ndarray,
    every: int,
) -> Column:
    """How one variable of a monitor is recorded, at the neurons or synapses with these numbers."""
    group, probe = root_of(thing.source), f"{thing.name}.{name}"
    index = index + int(getattr(thing.source, "start", 0))
    if not isinstance(variable, Subexpression):
        own = variable.owner.name == group.name
        place = index if own or variable.scalar else link_index(group, index_of(group, name))[index]
        if variable not in changing:
            return Column(None, constant=_constant(variable, place))
        if not own:
            return _of_others(variable, probe, place, every)
    if group.__class__ is Synapses:
        lowered = synapses[group.name]
        if not lowered.wires.order.size:
            return Column(None, constant=np.zeros(0))
        if name in lowered.held:
            return Column(Probe(probe, group.name, name, index, index.shape, every, False))
        place = np.argsort(lowered.wires.order)[index]
        return Column(Probe(probe, lowered.held_by[name], name, place, place.shape, every, False))
    named = FREE if name == "not_refractory" else name
    return Column(Probe(probe, group.name, named, index, index.shape, every, False))


def _constant(variable: Variable, place: np.ndarray) -> np.ndarray:
    """The values of an array that never changes."""
    values = value_of(variable)
    return np.broadcast_to(values, place.shape) if variable.scalar else values[place]


def _of_others(variable: Variable, probe: str, place: np.ndarray, every: int) -> Column:
    """How a variable of senders, targets or linked neurons is recorded: once for each of these neurons."""
    neurons, chosen = np.unique(place, return_inverse=True)
    owner = str(variable.owner.name)
    return Column(Probe(probe, owner, variable.name, neurons, neurons.shape, every, False), chosen)
