"""The Plan: everything an engine needs, and nothing a user wrote. Flat arrays, statements, and the step program.

THE TICK CONTRACT. Every engine keeps it; what it skips, fuses, queues or vectorises is its own business and may not
change what is recorded.

Time is an integer tick; tick k covers [k dt, (k+1) dt). A schedule lowers to a step program (`network/program.py`): an
ordered list of steps, each over some populations.

* A message sent at tick k over delay d is delivered in the deliver step of tick k+d. Before tick 0 every population
  that does not spike has been sending what it sends in the start state (a driven one: 0); no spike was sent before.
* Clock: record; drive; send graded messages (the value at the start of the tick); deliver them; integrate (equations,
  then update text); threshold; send spikes; deliver spikes (delay 0 arrives now); on_post of targets that have sent;
  reset. An arrival so acts before a reset of the same tick. An arrival at a variable marked (unless refractory) is
  dropped while its neuron is refractory, the tick of its own spike included.
* Layered: drive; then population after population along the zero-delay synapses: deliver, update, threshold, send,
  on_post, reset; record.
* Synchronous: drive, deliver all, update all, threshold, send, on_post, reset, record.
* Asynchronous: drive; one sweep over all neurons with text, each once in a fair random order drawn anew for each sweep
  and trial, each seeing the newest value of all others (delay n: the value at the end of the n-th sweep before); record.
* Alternating: drive; group after group: deliver, update, threshold, send, on_post, reset, newest values seen; record.
* A port holds what arrived since its population last integrated or updated, and is then cleared. Nothing arrived means
  0. A port's record is what this tick's update read. A driven population's record is what it sent in that tick.
* An input given to a population with text clamps it: after its update what it sends is replaced, NaN leaving it free.
* Order of arrivals. Synapses without text into one port or variable form one sum, in the order: tick of sending, sender
  (populations in network order, then index), synapse object, synapse; matrix products (dense graded, einsum) are added
  after it and agree to rounding. Then synapses with text act, object by object in network order, all on_pre before all
  on_post; within one object by tick of sending, sender, synapse, all statements of one arrival before the next.
* Times to ticks. A single delay or period that is not a whole number of ticks was refused; arrays and distributions are
  rounded (half to even). Spike events: floor(t/dt + 0.001).
* Trials are independent: each starts from the same state, plastic weights and empty queues, and differs in inputs and
  random numbers only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from neurosim.network.probes import Probe
from neurosim.network.program import Do, Step
from neurosim.network.recipe import Numbers
from neurosim.network.schedule import Schedule
from neurosim.network.text import Statement
from neurosim.plan.recipe import DrawnStates, Edges, Recipe, Windows


@dataclass(frozen=True, eq=False)
class Block:
    """Statements that run together. `writes` are the state variables that they change; writes to `frozen` names take
    effect only where the neuron is not refractory. `name` keys the block's random numbers; `text` is what the user wrote."""

    name: str
    statements: tuple[Statement, ...]
    writes: tuple[str, ...]
    frozen: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, eq=False)
class Refractory:
    """How long a neuron is refractory after a spike: whole `ticks`, a `time` in seconds, or while a `condition` holds."""

    ticks: int = 0
    time: str = ""
    condition: str = ""


@dataclass(frozen=True, eq=False)
class Group:
    """A population. Arrays have its shape or are single numbers; names are those of the text."""

    name: str
    shape: tuple[int, ...]
    driven: bool
    spiking: bool
    states: Mapping[str, np.ndarray]  # start values
    constants: Mapping[str, Any]
    ports: Mapping[str, str]  # name -> sum, max or mean
    derived: Mapping[str, str]  # subexpression -> expression of states
    sends: str | None
    integrate: Block | None
    update: Block | None
    threshold: Block | None  # computes `spikes`
    reset: Block | None
    refractory: Refractory | None
    frozen: frozenset[str]  # variables marked (unless refractory)
    of: str = ""  # the population whose variable `sends` this one sends for it, having no variables itself

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class SynapseText:
    """Dynamics of synapses. `on_pre` and `on_post` name their neurons' variables `x_pre` and `x_post`."""

    states: Mapping[
        str, np.ndarray
    ]  # start values, one per synapse; drawn when first asked for where the synapses are a recipe
    drawn: Mapping[str, Numbers]  # how start values come about where the synapses are a recipe
    constants: Mapping[str, Any]
    integrate: Block | None  # clock-driven equations
    summed: Mapping[str, str]  # variable of the target -> expression summed over its synapses
    on_pre: Block | None
    on_post: Block | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Pathway(ABC):
    """Synapses from `pre` to `post` into the port or variable `to`; the indices are those of the neurons they start and end at.

    There are five kinds: `Sparse`, `Textual`, `Dense`, `Einsum` and `Private`.
    """

    name: str
    pre: str
    post: str
    to: str | None
    pre_index: np.ndarray
    post_index: np.ndarray
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]

    @property
    @abstractmethod
    def shortest(self) -> int:
        """The shortest delay in ticks."""

    @property
    @abstractmethod
    def longest(self) -> int:
        """The longest delay in ticks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sparse(Pathway):
    """Synapses one by one, by sender: flat indices of sender and receiver in their populations, weight, and delay in ticks.

    `stored` holds these arrays, or the recipe or windows of which they are drawn when they are first asked for.
    """

    stored: Edges | Recipe | Windows

    @property
    def recipe(self) -> Recipe | None:
        """How the synapses are drawn, where they are not given as arrays."""
        return self.stored if isinstance(self.stored, Recipe) else None

    @property
    def windows(self) -> Windows | None:
        """The windows in which the synapses share their weights, if they do."""
        return self.stored if isinstance(self.stored, Windows) else None

    @cached_property
    def edges(self) -> Edges:
        """The arrays of all engines; a recipe is drawn once. Raises PlanError if they do not fit into memory."""
        return self.stored if isinstance(self.stored, Edges) else self.stored.draw()

    @property
    def sender(self) -> np.ndarray:
        return self.edges.sender

    @property
    def receiver(self) -> np.ndarray:
        return self.edges.receiver

    @property
    def weight(self) -> np.ndarray:
        return self.edges.weight

    @property
    def delay(self) -> np.ndarray:
        return self.edges.delay

    @property
    def shortest(self) -> int:
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.min()) if self.delay.size else 0

    @property
    def longest(self) -> int:
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.max()) if self.delay.size else 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Textual(Sparse):
    """Synapses with text of their own: variables, on_pre, on_post. What arrives through them does what the text says."""

    text: SynapseText

    @cached_property
    def edges(self) -> Edges:
        """The arrays; those of a recipe are drawn together with the start values of the variables."""
        states = self.text.states
        return states.edges if isinstance(states, DrawnStates) else super().edges


@dataclass(frozen=True, eq=False, kw_only=True)
class _OneDelay(Pathway):
    delay: int

    @property
    def shortest(self) -> int:
        return self.delay

    @property
    def longest(self) -> int:
        return self.delay


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(_OneDelay):
    """Graded messages times a matrix `weight` of shape (post, pre), between post_index and pre_index."""

    weight: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(_OneDelay):
    """Graded messages times weights, summed over letters: those of sender, weight and target.

    The weight is an array, or what a population sent: its name, flat indices, shape, and how many ticks ago.
    """

    letters: tuple[tuple[str, ...], ...]
    weight: np.ndarray
    weight_from: tuple[str, np.ndarray, tuple[int, ...], int] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Private(Pathway):
    """`sources` senders of its own for each target, each of which spikes with the sender's probability `chance` in a tick."""

    sources: int
    chance: str  # the expression p of the sender's threshold `rand() < p`
    weight: float

    @property
    def shortest(self) -> int:
        return 0

    @property
    def longest(self) -> int:
        return 0


@dataclass(frozen=True, eq=False)
class Drive:
    """What drives or clamps a population: `values` (trial, tick, *shape), or spike events by tick."""

    values: np.ndarray | None = None
    trial: np.ndarray | None = None
    tick: np.ndarray | None = None
    neuron: np.ndarray | None = None

    @property
    def events(self) -> bool:
        return self.values is None


AnyPathway = TypeVar("AnyPathway", bound=Pathway)
AnyOf = Sparse | Dense | Einsum | Private  # what a pathway can be; a Textual one is Sparse


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, its inputs and what to record, ready to run."""

    schedule: Schedule
    dt: float | None
    program: tuple[Step, ...]
    groups: Mapping[str, Group]
    pathways: Mapping[str, AnyOf]
    drives: Mapping[str, Drive]
    probes: tuple[Probe, ...]
    ticks: int
    trials: int
    seed: int
    precision: str
    until: str | None
    resume: Mapping[str, np.ndarray]  # the checkpoint to continue from, or nothing

    def of_kind(self, kind: type[AnyPathway]) -> list[AnyPathway]:
        """The pathways of a kind, in network order."""
        return [pathway for pathway in self.pathways.values() if isinstance(pathway, kind)]

    def pathway(self, name: str, kind: type[AnyPathway]) -> AnyPathway:
        """The pathway of this name, which is of this kind."""
        found = self.pathways[name]
        assert isinstance(found, kind)
        return found

    @property
    def textual(self) -> list[Textual]:
        """The synapses with text, in network order."""
        return self.of_kind(Textual)

    @property
    def summing(self) -> list[AnyOf]:
        """The synapses without text, whose arrivals are summed, in network order."""
        return [pathway for pathway in self.pathways.values() if not isinstance(pathway, Textual)]

    def speaker(self, group: Group) -> Group:
        """The group that has the variable which a group sends: itself, or the one that it sends for."""
        return self.groups[group.of] if group.of else group

    def senders(self, names: Iterable[str]) -> tuple[str, ...]:
        """These groups, and those that send other variables of them."""
        chosen = tuple(names)
        return (*chosen, *(group.name for group in self.groups.values() if group.of in chosen))

    def weight_ages(self, name: str) -> list[int]:
        """How many ticks ago a population sent what is a weight now, of each pathway that takes its messages as weights."""
        sent = [pathway.weight_from for pathway in self.of_kind(Einsum) if pathway.weight_from is not None]
        return [ticks for population, _, _, ticks in sent if population == name]

    @property
    def sweeps(self) -> bool:
        """Whether neurons move one after the other."""
        return any(step.kind is Do.SWEEP for step in self.program)

    @property
    def dtype(self) -> np.dtype:
        """The type of state and sums."""
        return np.dtype(np.float32 if self.precision == "single" else np.float64)

    @property
    def weight_dtype(self) -> np.dtype:
        """The type that weights are stored in."""
        return np.dtype(np.float64 if self.precision == "double" else np.float32)

    @property
    def first_tick(self) -> int:
        """The tick at which the run starts: 0, or the end of the run that it continues."""
        return int(self.resume["tick"]) if "tick" in self.resume else 0
