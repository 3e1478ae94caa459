"""The Plan: all that an engine needs to run a network: flat arrays, statements and the step program.

THE TICK CONTRACT. Every engine keeps it. What an engine skips, fuses, queues or vectorises is its own
business, but must not change what is recorded.

Time is counted in integer ticks; tick k covers the time [k dt, (k+1) dt). A schedule defines the step program
(`network/program.py`): the ordered list of the steps of one tick, each of which concerns some populations.

* Steps. A step concerns its populations, and the synapses that it names, or if it names none those that end
  at its populations. Everything is done once in a tick: each population moves, is compared with its
  threshold, sends and is reset in one step, and what arrives through an object of synapses is delivered in
  one step. A step may run in every n-th tick only; what it moves then has a dt of n ticks.
* Delays. A message sent at tick k over a delay of d ticks is delivered in the deliver step of tick k + d.
  A delay of 0 is refused for spikes whose deliver step stands before they are sent. Before tick 0, every
  population that does not spike has been sending what it sends in its start state (a driven one: 0), and no
  spike was sent.
* Clock. The steps are: record; drive; send graded messages, which are the values at the start of the tick;
  deliver graded messages; integrate (first the equations of synapses, object by object, then the neurons'
  equations and update text); threshold; send spikes; deliver spikes (those of delay 0 arrive now); on_post of
  targets that have sent; reset. An arrival therefore acts before a reset of the same tick, and what spikes
  bring to a port is integrated in the next tick. An arrival at a variable marked (unless refractory) is
  dropped while its neuron is refractory, including the tick of the neuron's own spike.
* Order of one's own. A deliver step that names synapses delivers through these only, and leaves their
  (summed) variables alone; a sum step sets these. An integrate step integrates the equations of the synapses
  that it names and then its populations. Text and records see all values as they are when their step runs: a
  neuron stays as refractory as it was until its population moves or spikes. Reset and on_post text stand
  behind the threshold, and see the spikes of this tick. Other events of neurons (views that spike) have steps
  of their own.
* Constant over dt. Subexpressions that are (constant over dt), of neurons and then of synapses, are evaluated
  before all other steps of a tick: first those that are also (shared), for which all neurons, or all synapses
  of an object, draw the same random numbers. They then keep their values until the next tick begins.
* Calls. A call step calls a function outside of the network, which sees all values as they are then, and may
  change them (`engine/running.py`). A run of a single trial may have such steps.
* Layered. The steps are: drive; then for one population after the other, in the order of the synapses without
  delay: deliver, update, threshold, send, on_post, reset; record.
* Synchronous. The steps are: drive; for all populations together: deliver, update, threshold, send, on_post,
  reset; record.
* Asynchronous. The steps are: drive; sweep; record. One sweep updates every neuron with text once, in a
  random order in which all orders are equally likely, and which is drawn anew for each sweep and trial (or,
  if the schedule says so, in the order of the indices). Each update sees the newest values of all other
  neurons; over a delay of n it sees their values at the end of the n-th sweep before.
* Alternating. The steps are: drive; for one group of populations after the other: deliver, update, threshold,
  send, on_post, reset, where each group sees the newest values of all others; record.
* Ports. A port holds what has arrived since its population last integrated or updated, and is then cleared;
  if nothing arrived it is 0. Other text of the population (threshold, reset, a subexpression) sees at a port
  what the update of this tick read, and 0 before that update.
* Records. The record step samples variables, subexpressions, and what populations with text send. Three
  records are taken at the end of the tick, whatever the schedule: that of a port, which is what the update of
  this tick read; that of a driven population, which is what it sent in this tick; and spikes. Under Clock,
  the records of tick k therefore hold v before it is integrated, and the port from which it is then computed.
  A probe that a record step names is sampled there, and nowhere else.
* Clamping. An input given to a population with text clamps it: after its update, what it sends is replaced by
  the input. Where the input is NaN, the neuron is left free. Spike events given to it replace all its spikes.
* Order of arrivals. What one deliver step brings to one port or variable through synapses without text is one
  sum. It is made in this order: graded messages through stored synapses (`Sparse`); then spikes; then matrix
  products (`Dense`, then `Einsum`, each in network order); then private sources. Within the graded messages,
  and within the spikes, the order is: tick of sending, sender (populations in network order, then neurons by
  index), synapse object, synapse. Engines agree on matrix products up to rounding. Under Clock, graded
  messages with their products, and spikes with private sources, arrive in two deliver steps, so in two sums.
* Synapses with text act in a deliver step after those sums, object by object in network order. If the step
  delivers graded messages and names no synapses, an object first sets its (summed) variables: in every neuron
  of the part that it leads to, to the sum over the neuron's synapses in their order; other neurons keep what
  they have. Under Clock that is before the equations are integrated. Then its on_pre runs for what arrives,
  in the order: tick of sending, sender, synapse. Under the schedules above all on_pre come before all on_post
  of the same tick and populations; and always all statements of one arrival come before those of the next.
* Pathways. An object of synapses may have several pathways, each with an on_pre and delays of its own, and an
  on_post with a delay is one whose spikes are those of the target. They share the variables of the synapses.
  Each is delivered as an object of its own, in the deliver step of spikes; the order is: tick of sending,
  neuron that has spiked, synapse. Their names mean variables as they are when the text runs.
* Variables of others. A name in the text of neurons or synapses may mean a variable of a population (`Link`);
  it is read as it is when that text runs. Synapses may also change one: each that of a neuron of its own. So
  can synapses be senders or targets of other synapses: what these read or change of them is held by a
  population without text, which has one neuron for each synapse.
* Delays that change. If a variable of the synapses is their delay, its value in the tick and step in which a
  spike is sent counts, rounded to ticks, halves to even. A delay that is too short to arrive is 0, or 1 where
  the deliver step stands before the spikes are sent; the longest is `LONGEST_DELAY`.
* Times in ticks. A single delay or period that is not a whole number of ticks was refused in the description.
  Arrays and distributions of delays are rounded, halves to even. A spike event at time t belongs to tick
  floor(t/dt + 0.001).
* Trials are independent. Each starts from the same state, the same plastic weights and empty queues; they
  differ only in their inputs and random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from neurosim.network.probes import Probe
from neurosim.network.program import Do, Step
from neurosim.network.schedule import Schedule
from neurosim.plan.codegen.numpy_code import Numeric

# The parts of a plan are imported from here.
from neurosim.plan.pathway import AnyPathway as AnyPathway
from neurosim.plan.pathway import Block as Block
from neurosim.plan.pathway import Dense as Dense
from neurosim.plan.pathway import Einsum as Einsum
from neurosim.plan.pathway import Link as Link
from neurosim.plan.pathway import Pathway as Pathway
from neurosim.plan.pathway import PathwayClass as PathwayClass
from neurosim.plan.pathway import Private as Private
from neurosim.plan.pathway import Sparse as Sparse
from neurosim.plan.pathway import SynapseText as SynapseText
from neurosim.plan.pathway import Textual as Textual
from neurosim.plan.precision import state_dtype, weight_dtype


@dataclass(frozen=True, eq=False)
class Refractory:
    """How long a neuron is refractory after a spike. One of the three is given.

    ticks: a fixed number of ticks
    time: an expression for a time, in seconds
    condition: an expression; the neuron is refractory while it holds
    """

    ticks: int = 0
    time: str = ""
    condition: str = ""


@dataclass(frozen=True, eq=False)
class Group:
    """A population. Arrays have its shape or are single numbers; names are those of the text.

    name, shape: of the population
    driven: whether it has no text, and inputs give what it sends
    spiking: whether it has a threshold
    states: the start value of each variable
    constants: the value of each constant, including units such as mV
    ports: for each port, how it combines arrivals: 'sum', 'max' or 'mean'
    subexpressions: for each by name, its expression in variables and constants
    sends: the name whose value it sends, or None if it sends spikes or inputs
    integrate: integrates the equations over one tick
    update: the update text
    threshold: computes `spikes`
    reset: the reset text
    refractory: how long it is refractory, if at all
    frozen: the variables marked (unless refractory)
    of: '' for a population. A group without neurons of its own (a view) comes from `cells.sending('g')`: its
        name is 'cells.g', it sends the variable `sends` of the population `of`, here g of 'cells'. A view
        that spikes is another event of these neurons: its threshold and reset are text of `of`
    folded: variables that nothing writes, whose start values are in the coefficients of `integrate`
    periodic: the blocks that steps of the kind RUN run, by name
    links: the names that mean variables of other populations, as they are when the text runs
    spike_time: the variable that the threshold sets to the present time where a neuron spikes, if any
    """

    name: str
    shape: tuple[int, ...]
    driven: bool
    spiking: bool
    states: Mapping[str, np.ndarray]
    constants: Mapping[str, Numeric]
    ports: Mapping[str, str]
    subexpressions: Mapping[str, str]
    sends: str | None
    integrate: Block | None
    update: Block | None
    threshold: Block | None
    reset: Block | None
    refractory: Refractory | None
    frozen: frozenset[str]
    of: str = ""
    folded: frozenset[str] = frozenset()
    periodic: Mapping[str, Block] = field(default_factory=dict[str, Block])
    links: Mapping[str, Link] = field(default_factory=dict[str, Link])
    spike_time: str = ""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All its text."""
        parts = (self.integrate, self.update, self.threshold, self.reset)
        return (*self.periodic.values(), *(part for part in parts if part is not None))

    @property
    def size(self) -> int:
        """The number of neurons."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Drive:
    """What drives or clamps a population: either values or spike events.

    values: of shape (trial, tick, *shape)
    trial, tick, neuron: of each spike event, (event,), sorted in this order; `neuron` is a flat index
    """

    values: np.ndarray | None = None
    trial: np.ndarray | None = None
    tick: np.ndarray | None = None
    neuron: np.ndarray | None = None

    @property
    def spikes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Trial, tick and neuron of each spike event."""
        assert self.trial is not None and self.tick is not None and self.neuron is not None
        return self.trial, self.tick, self.neuron

    @property
    def events(self) -> bool:
        """Whether it consists of spike events."""
        return self.values is None


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, its inputs and what to record, ready to run.

    schedule: the order in which populations are updated within a tick
    dt: the duration of a tick in seconds, or None if ticks have none
    program: the steps of one tick, in order
    groups: the populations, in network order
    pathways: the synapses, in network order
    drives: what drives or clamps populations
    probes: what to record
    ticks: how many to run
    trials: how many there are
    seed: of all random numbers
    precision: 'double', 'mixed' (weights in single precision), 'single' or 'half' (`precision.py`)
    until: 'stable' to stop once nothing changes, else None
    resume: the checkpoint that the run continues; empty for a run from the start
    calls: the functions that steps of the kind CALL call, by name; each takes the tick
    kept: whether the plan stays with its network, for later runs (`plan/kept.py`)
    made: what engines have prepared for the plan, so that the next run need not; plans that differ only in
        inputs, ticks, trials and `resume` share it
    """

    schedule: Schedule
    dt: float | None
    program: tuple[Step, ...]
    groups: Mapping[str, Group]
    pathways: Mapping[str, AnyPathway]
    drives: Mapping[str, Drive]
    probes: tuple[Probe, ...]
    ticks: int
    trials: int
    seed: int
    precision: str
    until: str | None
    resume: Mapping[str, np.ndarray]
    calls: Mapping[str, Callable[[int], None]] = field(default_factory=dict[str, Callable[[int], None]])
    kept: bool = False
    made: dict[str, Any] = field(default_factory=dict[str, Any])

    def with_run(
        self,
        *,
        drives: Mapping[str, Drive],
        ticks: int,
        trials: int,
        resume: Mapping[str, np.ndarray],
        calls: Mapping[str, Callable[[int], None]],
    ) -> Plan:
        """This plan for another run, with all that has been computed of it so far: it depends on none of
        these fields.
        """
        _ = self.derived  # so that both have the same
        plan = object.__new__(Plan)
        vars(plan).update(vars(self), drives=drives, ticks=ticks, trials=trials, resume=resume, calls=calls)
        return plan

    def of_class(self, pathway_class: type[PathwayClass]) -> list[PathwayClass]:
        """The pathways of a class, in network order."""
        if pathway_class not in self._of_class:
            found = [pathway for pathway in self.pathways.values() if isinstance(pathway, pathway_class)]
            self._of_class[pathway_class] = found
        return list(self._of_class[pathway_class])

    @cached_property
    def _of_class(self) -> dict[type, list[Any]]:
        """What `of_class` has found."""
        return {}

    def pathway(self, name: str, pathway_class: type[PathwayClass]) -> PathwayClass:
        """The pathway of this name, which must be of this class."""
        pathway = self.pathways[name]
        assert isinstance(pathway, pathway_class)
        return pathway

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What has been computed of the plan, by the function that did it (`plan/derived.py`)."""
        return {}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each population."""
        return {name: number for number, name in enumerate(self.groups)}

    @cached_property
    def linked(self) -> list[Link]:
        """What names in the text of populations and of synapses mean of other populations."""
        texts = (*self.groups.values(), *(pathway.text for pathway in self.textual))
        return [link for text in texts for link in text.links.values()]

    @cached_property
    def textual(self) -> list[Textual]:
        """The synapses with text, in network order."""
        return self.of_class(Textual)

    @cached_property
    def summing(self) -> list[AnyPathway]:
        """The synapses without text, whose arrivals are summed, in network order."""
        return [pathway for pathway in self.pathways.values() if not isinstance(pathway, Textual)]

    def variable_owner(self, group: Group) -> Group:
        """The group that has the variable which a group sends: itself, or the one that it sends for."""
        return self.groups[group.of] if group.of else group

    def views_of(self, group: Group) -> list[Group]:
        """The groups that send for a population, or hold events of it."""
        return self._views.get(group.name, [])

    @cached_property
    def _views(self) -> dict[str, list[Group]]:
        found: dict[str, list[Group]] = {}
        for view in self.groups.values():
            if view.of:
                found.setdefault(view.of, []).append(view)
        return found

    def ends(self, pathway: AnyPathway) -> tuple[Group, Group]:
        """The populations whose variables text of synapses means by names in _pre and _post."""
        if isinstance(pathway, Textual):
            pathway = self.holder(pathway)
        pre, post = (self.variable_owner(self.groups[name]) for name in (pathway.pre, pathway.post))
        return pre, post

    def holder(self, pathway: Textual) -> Textual:
        """The synapses that hold the variables of a pathway: itself, or those that it is a pathway of."""
        return self.pathway(pathway.holder, Textual)

    def senders(self, names: Iterable[str]) -> tuple[str, ...]:
        """These groups, and those that send other variables of them."""
        chosen = tuple(names)
        return (*chosen, *(group.name for group in self.groups.values() if group.of in chosen))

    def sends_spikes(self, name: str) -> bool:
        """Whether a population sends spikes rather than values."""
        return self.groups[name].spiking or (name in self.drives and self.drives[name].events)

    def message_name(self, pathway: AnyPathway) -> str | None:
        """The name by which text of synapses reads the message that they deliver: 'v_pre' if v is sent.

        None if the sender spikes, or sends nothing: then all names are those of variables as they are now.
        """
        group = self.groups[pathway.pre]
        if self.sends_spikes(pathway.pre) or (group.sends is None and not group.driven):
            return None
        return f"{group.sends or 'v'}_pre"

    def weight_ages(self, name: str) -> list[int]:
        """How many ticks ago the messages of `name` were sent that each pathway takes as its weights."""
        sent = [pathway.weight_from for pathway in self.of_class(Einsum) if pathway.weight_from is not None]
        return [ticks for population, _, _, ticks in sent if population == name]

    @cached_property
    def sweeps(self) -> bool:
        """Whether neurons are updated one after the other."""
        return any(step.kind is Do.SWEEP for step in self.program)

    @property
    def dtype(self) -> np.dtype:
        """The type of state and sums."""
        return np.dtype(state_dtype(self.precision))

    @property
    def weight_dtype(self) -> np.dtype:
        """The type that weights are stored in."""
        return np.dtype(weight_dtype(self.precision))

    @property
    def first_tick(self) -> int:
        """The tick at which the run starts: 0, or the end of the run that it continues."""
        return int(self.resume["tick"]) if "tick" in self.resume else 0


def without_inputs(plan: Plan) -> Plan:
    """A plan that has inputs of the same kinds, but holds none of their data, nor an earlier run's end."""
    nothing = np.zeros(0, np.int64)
    drives = {
        name: Drive(trial=nothing, tick=nothing, neuron=nothing) if drive.events else Drive(np.zeros((1, 0)))
        for name, drive in plan.drives.items()
    }
    return replace(plan, drives=drives, resume={}, made={})
