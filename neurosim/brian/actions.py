"""What a network of Brian2 does in one tick: its objects in order, what each reads and changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from neurosim.brian.events import SPIKE, array_of, event_of, holder_of
from neurosim.brian.inputs import weight_of
from neurosim.brian.names import Names, Text, label, root_of
from neurosim.brian.private_names import (
    BrianObject,
    CodeRunner,
    EventMonitor,
    NetworkOperation,
    NeuronGroup,
    NeuronStateUpdater,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    Resetter,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    SubexpressionUpdater,
    Subgroup,
    SummedVariableUpdater,
    Synapses,
    SynapseStateUpdater,
    SynapticPathway,
    Thresholder,
    Variable,
    clock_of,
    poisson_input_of,
)
from neurosim.brian.refusal import Refused, named_in_errors
from neurosim.brian.texts import checked_text, derivatives, events_between, shared_first


class Does(IntEnum):
    """What an object does; in the order in which the engines do it in a tick under `Clock`."""

    RECORD = 0
    DRIVE = 1
    SUM = 2
    INTEGRATE_SYNAPSES = 3
    INTEGRATE = 4
    THRESHOLD = 5
    DELIVER = 6
    BACKGROUND = 7
    DELIVER_TEXT = 8
    SENT = 9
    RESET = 10
    RECORD_SPIKES = 11
    RUN = 12  # `Clock` has no place for it
    CALL = 13  # nor for this


@dataclass(frozen=True, eq=False)
class Action:
    """One object of Brian2 that runs in every tick.

    thing: the object
    does: what it does
    text: its statements; None for those without text
    reads, writes: the arrays of Brian2 that it reads and changes
    adds: those of `writes` that it only adds to
    every: it runs in every n-th tick
    """

    thing: BrianObject
    does: Does
    text: Text | None
    reads: frozenset[Variable]
    writes: frozenset[Variable]
    adds: frozenset[Variable] = frozenset()
    every: int = 1

    @property
    def group(self) -> str:
        """The name of the group that it belongs to."""
        return str(root_of(getattr(self.thing, "group", self.thing)).name)

    @property
    def holder(self) -> str:
        """The name of the group of the plan whose events it finds, resets or carries."""
        return holder_of(getattr(self.thing, "source", getattr(self.thing, "group", self.thing)), self.event)

    @property
    def event(self) -> str:
        """The event that it finds, or at which it acts."""
        return event_of(self.thing)

    def commutes(self, other: Action, but_for: frozenset[Variable] = frozenset()) -> bool:
        """Whether it makes no difference which of two actions runs first, `but_for` some arrays."""
        both = self.adds & other.adds | but_for
        mine, theirs = self.writes - both, other.writes - both
        return not (mine & (other.reads | other.writes) or theirs & (self.reads | self.writes))


def actions_of(things: Iterable[BrianObject], namespace: Mapping[str, Any], dt: float) -> list[Action]:
    """The actions of active objects, given in Brian2's order. Raises Refused for unknown objects."""
    found: list[Action] = []
    for thing in things:
        with named_in_errors(thing):
            found += [replace(a, every=every_of(thing, dt)) for a in _action(thing, namespace)]
    return found


def every_of(thing: BrianObject, dt: float) -> int:
    """How many ticks of the network one of an object takes."""
    own = float(clock_of(thing).dt_)
    ticks = round(own / dt)
    if abs(ticks * dt - own) > 1e-4 * dt:
        raise Refused(label(thing), f"its dt of {own} s is not a multiple of the shortest one, {dt} s")
    return ticks


def acts(thing: BrianObject) -> bool:
    """Whether an object does something in a tick; groups and synapses leave that to their parts."""
    return type(thing) not in (NeuronGroup, PoissonGroup, Synapses, Subgroup)


def _action(thing: BrianObject, namespace: Mapping[str, Any]) -> Iterator[Action]:
    """The action of an object; groups and synapses themselves do nothing."""
    kind = type(thing)
    if not acts(thing):
        return
    if kind is SpikeGeneratorGroup:
        yield Action(thing, Does.DRIVE, None, frozenset(), frozenset({array_of(thing, SPIKE)}))
    elif isinstance(thing, NetworkOperation):
        yield Action(thing, Does.CALL, None, frozenset(), frozenset())
    elif kind in _RUNNERS:
        yield _RUNNERS[kind](thing, namespace)
    elif kind in (CodeRunner, SubexpressionUpdater) and thing.template == "stateupdate":
        text = checked_text(thing, thing.abstract_code, namespace)
        for part in shared_first(text, label(thing)):
            yield _with_text(thing, Does.RUN, part)
    else:
        raise Refused(label(thing), "it is an object of a class that is not supported")


def _with_text(thing: BrianObject, does: Does, text: Text, more: Iterable[Variable] = ()) -> Action:
    return Action(thing, does, text, text.reads | frozenset(more), text.writes, text.only_adds)


def _integrate(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    text = derivatives(thing.group.equations, Names(thing.group, namespace))
    does = Does.INTEGRATE if type(thing) is NeuronStateUpdater else Does.INTEGRATE_SYNAPSES
    action = _with_text(thing, does, text)
    refractory = {
        thing.group.variables[name]
        for name in ("not_refractory", "lastspike")
        if does is Does.INTEGRATE and name in thing.group.variables
    }
    return Action(thing, does, text, action.reads | refractory, action.writes | refractory, action.adds)


def _threshold(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    group, event = thing.group, thing.event
    thing.update_abstract_code(namespace)
    text = checked_text(thing, f"_condition = {group.events[event]}", namespace)
    names = ("not_refractory", "lastspike") if event == SPIKE else ()
    own = {group.variables[name] for name in names if name in group.variables}
    return Action(thing, Does.THRESHOLD, text, text.reads | own, frozenset({array_of(group, event), *own}))


def _reset(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    thing.update_abstract_code(namespace)
    text = checked_text(thing, thing.abstract_code, namespace)
    return _with_text(thing, Does.RESET, text, [array_of(thing.group, thing.event)])


def _sum(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    text = checked_text(thing, f"_sum = {thing.expression.code}", namespace, {"_sum": thing.target_var})
    return Action(thing, Does.SUM, text, text.reads, frozenset({thing.target_var}))


def _deliver(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    does = Does.DELIVER_TEXT if thing.prepost == "pre" else Does.SENT
    text = checked_text(thing, thing.code, namespace)
    between = events_between(thing.synapses, text.names)
    reads = text.reads | between.reads | {array_of(thing.source, thing.event)}
    return Action(thing, does, text, reads, text.writes | between.writes, text.only_adds - between.writes)


def _background(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    if weight_of(thing, Names(thing.group, namespace)) is None:
        return _with_text(thing, Does.RUN, checked_text(thing, thing.abstract_code, namespace))
    *_, target = poisson_input_of(thing)
    changed = frozenset({thing.group.variables[target]})
    return Action(thing, Does.BACKGROUND, None, frozenset(), changed, changed)


def _record(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    names = Names(thing.source, namespace)
    read = {variable for name in thing.record_variables for variable in names.read_by(name)}
    return Action(thing, Does.RECORD, None, frozenset(read), frozenset())


def _record_spikes(thing: BrianObject, namespace: Mapping[str, Any]) -> Action:
    names = Names(thing.source, namespace)
    recorded = set(getattr(thing, "record_variables", ())) - {"i", "t"}
    read = {variable for name in recorded for variable in names.read_by(name)}
    read.add(array_of(thing.source, event_of(thing)))
    return Action(thing, Does.RECORD_SPIKES, None, frozenset(read), frozenset())


_RUNNERS = {
    NeuronStateUpdater: _integrate,
    SynapseStateUpdater: _integrate,
    Thresholder: _threshold,
    Resetter: _reset,
    SummedVariableUpdater: _sum,
    SynapticPathway: _deliver,
    PoissonInput: _background,
    StateMonitor: _record,
    SpikeMonitor: _record_spikes,
    EventMonitor: _record_spikes,
    PopulationRateMonitor: _record_spikes,
}
