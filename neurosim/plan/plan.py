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

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.network.probes import Probe
from neurosim.network.program import Step
from neurosim.network.text import Statement
from neurosim.plan.recipe import Edges, Numbers, Recipe, Windows


@dataclass(frozen=True, eq=False)
class Block:
    """Statements that run together. `writes` are the state variables that they change; writes to `guarded` names take
    effect only where the neuron is not refractory. `name` keys the block's random numbers; `text` is what the user wrote."""

    name: str
    statements: tuple[Statement, ...]
    writes: tuple[str, ...]
    guarded: frozenset[str] = frozenset()
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
    message: str | None
    integrate: Block | None
    update: Block | None
    threshold: Block | None  # computes `spikes`
    reset: Block | None
    refractory: Refractory | None
    frozen: frozenset[str]  # variables marked (unless refractory)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class SynapseText:
    """Dynamics of synapses. `on_pre` and `on_post` name their neurons' variables `x_pre` and `x_post`."""

    states: Mapping[str, np.ndarray]  # start values, one per synapse; drawn when first asked for where the synapses are a recipe
    drawn: Mapping[str, Numbers]  # how start values come about where the synapses are a recipe
    constants: Mapping[str, Any]
    integrate: Block | None  # clock-driven equations
    summed: Mapping[str, str]  # variable of the target -> expression summed over its synapses
    on_pre: Block | None
    on_post: Block | None


@dataclass(frozen=True, eq=False)
class Pathway:
    """Synapses from `pre` to `post` into the port or variable `to`.

    `kind` says which fields hold: 'sparse' (sender, receiver: flat indices in their populations, by sender; weight and
    delay in ticks, one each), 'dense' (weight (post, pre) between pre_index and post_index, one delay), 'einsum'
    (letters, weight an array or that of weight_from), 'private' (n sources for each of post_index, which spike with
    the sender's probability `chance`).

    `stored` holds these arrays, or the recipe or windows of sparse synapses, whose arrays are drawn when they are first asked for.
    """

    name: str
    pre: str
    post: str
    to: str | None
    kind: str
    pre_index: np.ndarray
    post_index: np.ndarray
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]
    stored: Edges | Recipe | Windows
    letters: tuple[tuple[str, ...], ...] = ()
    weight_from: tuple[str, np.ndarray, tuple[int, ...], int] | None = None  # population, flat index, shape, ticks ago
    sources: int = 0
    chance: str = ""  # private: the expression p of the sender's threshold `rand() < p`
    text: SynapseText | None = None

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
        """The shortest delay in ticks."""
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.min()) if self.delay.size else 0

    @property
    def longest(self) -> int:
        """The longest delay in ticks."""
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.max()) if self.delay.size else 0


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


@dataclass(frozen=True, eq=False)
class Plan:
    """A network, its inputs and what to record, ready to run. `order` is 'random' or 'index' for Asynchronous."""

    schedule: str
    order: str
    dt: float | None
    program: tuple[Step, ...]
    groups: Mapping[str, Group]
    pathways: Mapping[str, Pathway]
    drives: Mapping[str, Drive]
    probes: tuple[Probe, ...]
    ticks: int
    trials: int
    seed: int
    precision: str
    until: str | None
    resume: Mapping[str, np.ndarray]  # the checkpoint to continue from, or nothing

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
