"""A network of Brian2, as it stands before a run, as a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does, actions_of
from neurosim.brian.ends import ends_of
from neurosim.brian.events import holder_of
from neurosim.brian.groups import lower_group, lower_spike_generator
from neurosim.brian.inputs import lower_background
from neurosim.brian.links import links_of
from neurosim.brian.monitors import Monitor, monitor_of
from neurosim.brian.names import Names, label, root_of
from neurosim.brian.order_of_arrivals import warn_of_disagreement
from neurosim.brian.pending import pending_arrays
from neurosim.brian.private_names import (
    BrianObject,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    Synapses,
    Variable,
    in_seconds,
    pathways_of,
    value_of,
)
from neurosim.brian.program import delayed, steps_of
from neurosim.brian.refusal import Refused, named_in_errors
from neurosim.brian.synapses import LoweredSynapses, SynapseLowering
from neurosim.brian.values import Values
from neurosim.engine.state import NEVER
from neurosim.network.probes import Probe
from neurosim.network.program import Step
from neurosim.network.schedule import Clock
from neurosim.plan.check import check_plan
from neurosim.plan.memo import persistent_memo
from neurosim.plan.plan import AnyPathway, Drive, Group, Plan, Sparse, Textual
from neurosim.plan.precision import state_dtype

GROUPS = (NeuronGroup, PoissonGroup, SpikeGeneratorGroup)
OWN_ARRAYS = ("not_refractory", "lastspike")  # which the engines keep for themselves, as all events


@dataclass(frozen=True, eq=False)
class Run:
    """What one run of a script asks for.

    things: the active objects of the network, in Brian2's order
    namespace: the names of the script that text may use
    dt: the length of a tick, in seconds
    first, last: the first tick, and the one after the last
    precision: 'double', 'mixed' or 'single'
    written: arrays that functions of the script change between ticks
    """

    things: Sequence[BrianObject]
    namespace: Mapping[str, Any]
    dt: float
    first: int
    last: int
    precision: str
    written: frozenset[Variable] = frozenset()


@dataclass(frozen=True, eq=False)
class Lowered:
    """The plan of a run, and what its parts are in Brian2.

    plan: the plan
    states: for each group of the plan, Brian2's arrays of its states, by name
    groups: the groups of Brian2, by name
    synapses: the lowered synapses, by name
    monitors: what records for each monitor
    read: the arrays that its text and its monitors read
    """

    plan: Plan
    states: Mapping[str, Mapping[str, Variable]]
    groups: Mapping[str, BrianObject]
    synapses: Mapping[str, LoweredSynapses]
    monitors: Sequence[Monitor]
    read: frozenset[Variable]

    @property
    def senders(self) -> dict[str, int]:
        """The groups whose spikes synapses carry, and for each the longest delay in ticks."""
        longest: dict[str, int] = {}
        for lowered in self.synapses.values():
            for pathway in pathways_of(lowered.synapses):
                if pathway.name in lowered.delays:
                    delay = int(lowered.delays[pathway.name].max(initial=0))
                    name = holder_of(pathway.source, pathway.event)
                    longest[name] = max(longest.get(name, 0), delay)
        return longest


def lower_run(run: Run) -> Lowered:
    """The plan of a run. Raises Refused for what the engines cannot do, and Brian2's own errors."""
    texts = [str(thing.equations) for thing in run.things if hasattr(thing, "equations")]
    with persistent_memo(texts):  # what sympy makes of equations takes long
        return _Lowering(run).lower()


def _not_yet(tick: int) -> None:
    """Stands for a function of the script in a plan that is not run yet."""


def _sends(group: Group | None) -> bool:
    """Whether a group sends spikes: not if it, or its threshold, is not active."""
    return group is not None and (group.spiking or group.driven)


class _Lowering:
    def __init__(self, run: Run):
        self.run = run
        self.dtype = np.dtype(state_dtype(run.precision))
        self.actions = actions_of(run.things, run.namespace, run.dt)
        self.changing: frozenset[Variable] = run.written.union(*(action.writes for action in self.actions))
        self.late = delayed(self.actions)
        warn_of_disagreement(self.actions)
        self.ends = ends_of(run.things, self.actions, self.changing)

    def lower(self) -> Lowered:
        """The plan and its parts."""
        synapses = {
            thing.name: self._synapses(thing) for thing in self.run.things if thing.__class__ is Synapses
        }
        found = self._groups()
        wanted = self._wanted(synapses)
        names = {name: Names(group, self.run.namespace) for name, group in found.items()}
        groups: dict[str, Group] = {}
        states: dict[str, dict[str, Variable]] = {}
        drives: dict[str, Drive] = {}
        for name, group in found.items():
            if group.__class__ is SpikeGeneratorGroup:
                every = next((a.every for a in self.actions if a.thing is group), 1)
                span = self.run.first, self.run.last
                groups[name], drives[name] = lower_spike_generator(group, *span, every)
                continue
            values = Values(names[name], self.changing, links_of(group, self.changing, {*found, *self.ends}))
            mine = [a for a in self.actions if a.text is not None and a.group == name]
            with named_in_errors(group):
                lowered = lower_group(group, mine, values, sorted(wanted[name]), self.dtype)
            groups |= {each.name: each for each in lowered}
            states[name] = values.states
        for name, ends in self.ends.items():
            namespace = Names(ends.synapses, self.run.namespace)
            groups[name], states[name] = ends.lower(namespace, self.changing, wanted[name], self.dtype)
        pathways = self._pathways(synapses)
        for action in self.actions:
            if action.does is Does.BACKGROUND:
                source, pathway = lower_background(
                    action.thing,
                    self.run.dt * action.every,
                    Names(action.thing.group, self.run.namespace),
                )
                groups[source.name], pathways[pathway.name] = source, pathway
        monitors = self._monitors(synapses)
        plan = self._plan(groups, pathways, drives, list(monitors.values()))
        calls = {str(a.thing.name): _not_yet for a in self.actions if a.does is Does.CALL}
        plan = replace(plan, program=self._program(plan, synapses, monitors), calls=calls)
        check_plan(plan)
        resume = self._resume(plan, states, found, synapses)
        read = frozenset[Variable]().union(*(action.reads for action in self.actions))
        return Lowered(replace(plan, resume=resume), states, found, synapses, list(monitors.values()), read)

    def _program(
        self,
        plan: Plan,
        synapses: Mapping[str, LoweredSynapses],
        monitors: Mapping[Action, Monitor],
    ) -> tuple[Step, ...]:
        """The steps of a tick."""
        carried: dict[Action, Sequence[str]] = {
            action: [p.name for p in monitor.probes if not p.events] for action, monitor in monitors.items()
        }
        carried |= {a: [str(a.thing.name)] for a in self.actions if a.does is Does.BACKGROUND}
        for lowered in synapses.values():
            carried |= lowered.carried_by
        queued = further_actions(carried, plan.pathways)
        plain = self._plain(synapses, plan.pathways)
        return steps_of(plan.groups, self.actions, plain, queued, carried)

    def _synapses(self, thing: BrianObject) -> LoweredSynapses:
        run, place = self.run, {action: number for number, action in enumerate(self.actions)}
        held = self.ends[thing.name].held if thing.name in self.ends else ()
        lowering = SynapseLowering(
            thing, place, run.namespace, self.changing, self.late, run.dt, self.dtype, held
        )
        records = [a.thing for a in self.actions if a.does is Does.RECORD]
        monitors = [monitor for monitor in records if root_of(monitor.source).name == thing.name]
        with named_in_errors(thing):
            return lowering.lower({name for monitor in monitors for name in monitor.record_variables})

    def _groups(self) -> dict[str, BrianObject]:
        """The groups of the network, by name."""
        found: dict[str, BrianObject] = {}
        for thing in self.run.things:
            ends = (thing.source, thing.target) if thing.__class__ is Synapses else (thing,)
            for group in map(root_of, ends):
                if group.__class__ in GROUPS:
                    found.setdefault(group.name, group)
                elif thing.__class__ is Synapses and len(thing) and group.name not in self.ends:
                    raise Refused(label(thing), f"it starts or ends at {label(group)}")
        return found

    def _wanted(self, synapses: Mapping[str, LoweredSynapses]) -> dict[str, set[str]]:
        """The names of variables of each group that are read or changed from outside its own text."""
        wanted: dict[str, set[str]] = {name: set() for name in self._groups()}
        held = {name: set(ends.names) for name, ends in self.ends.items()}
        for variable in self.changing:
            name = variable.owner.name
            if name in wanted and variable.name not in OWN_ARRAYS and not variable.name.startswith("_"):
                wanted[name].add(variable.name)
        for lowered in synapses.values():
            for end, names in lowered.of_neurons.items():
                group = lowered.synapses.source if end == "_pre" else lowered.synapses.target
                (held if root_of(group).name in held else wanted)[root_of(group).name] |= names
        for action in self.actions:
            if action.does in (Does.RECORD, Does.RECORD_SPIKES):
                group = root_of(action.thing.source)
                if group.name in wanted:
                    wanted[group.name] |= set(getattr(action.thing, "record_variables", ())) - {"t", "i"}
        return wanted | held

    def _pathways(self, synapses: Mapping[str, LoweredSynapses]) -> dict[str, AnyPathway]:
        """The pathways of all synapses, in Brian2's order."""
        found = {pathway.name: pathway for lowered in synapses.values() for pathway in lowered.pathways}
        carried = {
            action: names for lowered in synapses.values() for action, names in lowered.carried_by.items()
        }
        queued = further_actions(carried, found)
        order = sorted(self.actions, key=lambda a: a.does is not Does.DELIVER_TEXT and a not in queued)
        names = dict.fromkeys(name for action in order for name in carried.get(action, ()))
        return {name: found[name] for name in (*names, *(name for name in found if name not in names))}

    def _plain(
        self, synapses: Mapping[str, LoweredSynapses], pathways: Mapping[str, AnyPathway]
    ) -> list[Action]:
        """The actions of synapses without text."""
        return [
            action
            for lowered in synapses.values()
            for action, names in lowered.carried_by.items()
            if not isinstance(pathways[names[0]], Textual)
        ]

    def _monitors(self, synapses: Mapping[str, LoweredSynapses]) -> dict[Action, Monitor]:
        namespace, dt = self.run.namespace, self.run.dt
        recording = [a for a in self.actions if a.does in (Does.RECORD, Does.RECORD_SPIKES)]
        for action in recording:
            if action.does is Does.RECORD and self.run.first % action.every:
                raise Refused(label(action.thing), "the run starts between two of its ticks")
        return {
            action: monitor_of(action, Names(action.thing.source, namespace), self.changing, synapses, dt)
            for action in recording
        }

    def _plan(
        self,
        groups: Mapping[str, Group],
        pathways: Mapping[str, AnyPathway],
        drives: Mapping[str, Drive],
        monitors: Sequence[Monitor],
    ) -> Plan:
        run = self.run
        probes = {
            probe.name: probe
            for monitor in monitors
            for probe in monitor.probes
            if not probe.events or _sends(groups.get(probe.owner))
        }
        for pathway in pathways.values():
            if isinstance(pathway, Sparse) and pathway.delay.any():
                group = groups[pathway.pre]
                probes.setdefault(group.name, Probe(group.name, group.name, None, None, group.shape, 1, True))
        return Plan(
            schedule=Clock(in_seconds(run.dt)), dt=run.dt, program=(),
            groups=groups, pathways=pathways, drives=drives, probes=tuple(probes.values()),
            ticks=run.last - run.first, trials=1, seed=0, precision=run.precision, until=None, resume={},
        )  # fmt: skip

    def _resume(
        self,
        plan: Plan,
        states: Mapping[str, Mapping[str, Variable]],
        found: Mapping[str, BrianObject],
        synapses: Mapping[str, LoweredSynapses],
    ) -> dict[str, np.ndarray]:
        """The state of the network as Brian2 holds it, as the checkpoint from which the run goes on."""
        arrays = {"tick": np.asarray(self.run.first), "trials": np.zeros(1, np.int64)}
        for name, group in plan.groups.items():
            arrays |= {f"state/{name}/{key}": value[None] for key, value in group.states.items()}
            if group.spiking:
                arrays |= self._refractoriness(group, found.get(name))
        for pathway in (pathway for pathway in plan.textual if not pathway.of):
            arrays |= {
                f"synapse/{pathway.name}/{key}": value[None] for key, value in pathway.text.states.items()
            }
        columns: dict[str, list[np.ndarray]] = {}
        for lowered in synapses.values():
            for thing in pathways_of(lowered.synapses):
                if thing.name in lowered.delays:
                    for key, more in pending_arrays(plan, lowered, thing, self.run.first).items():
                        columns.setdefault(key, []).extend(more)
        return arrays | {key: np.concatenate(pieces) for key, pieces in columns.items()}

    def _refractoriness(self, group: Group, thing: BrianObject | None) -> dict[str, np.ndarray]:
        """When each neuron spiked last, in ticks, and whether it is refractory."""
        last = np.full(group.shape, NEVER, np.int64)
        free = np.ones(group.shape, bool)
        if thing is not None and group.refractory is not None:
            seconds = value_of(thing.variables["lastspike"])
            last = np.maximum(np.rint(seconds / self.run.dt), NEVER).astype(np.int64)
            free = value_of(thing.variables["not_refractory"]).astype(bool)
        return {f"last_spike/{group.name}": last[None], f"not_refractory/{group.name}": free[None]}


def further_actions(
    carried: Mapping[Action, Sequence[str]], pathways: Mapping[str, AnyPathway]
) -> frozenset[Action]:
    """The actions that are pathways of synapses beside the first: they bring spikes that arrive."""

    def is_further(name: str) -> bool:
        pathway = pathways.get(name)
        return isinstance(pathway, Textual) and bool(pathway.of)

    return frozenset(action for action, names in carried.items() if any(map(is_further, names)))
