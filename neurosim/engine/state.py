"""What a running network remembers between ticks, for a batch of trials. Arrays begin with the trial axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from neurosim.engine.inputs import Feed
from neurosim.plan.codegen.numpy_code import AxisFunctions, Numeric, evaluate
from neurosim.plan.plan import Group, Plan
from neurosim.plan.queues import queues_of
from neurosim.plan.random import TextRandom

NEVER = -(2**40)  # the tick of the last spike of a neuron that has not spiked

Names = dict[str, Numeric]
"""The values of the names that a text uses: arrays, or plain numbers."""


def identity(reduce: str) -> float:
    """What a port that takes the sum, mean or max of its arrivals holds before anything arrives."""
    return -np.inf if reduce == "max" else 0.0


def combine(reduce: str) -> np.ufunc:
    """How an arrival joins those before it: `np.add` for sum and mean, `np.maximum` for max."""
    return np.maximum if reduce == "max" else np.add


@dataclass
class Port:
    """What has arrived at a port since it was last read.

    reduce: 'sum', 'mean' or 'max'.
    total: the sum or maximum so far, (trial, neuron).
    count: how many arrivals that is, (trial, neuron); a port that takes the sum needs none, and keeps a
        column of zeros (trial, 1).
    """

    reduce: str
    total: np.ndarray
    count: np.ndarray

    @staticmethod
    def empty(reduce: str, trials: int, size: int, dtype: np.dtype) -> Port:
        """A port at which nothing has arrived, of a population of `size` neurons."""
        return Port(
            reduce,
            np.full((trials, size), identity(reduce), dtype),
            np.zeros((trials, 1 if reduce == "sum" else size), np.int64),
        )

    def add(self, value: np.ndarray, count: np.ndarray | int) -> None:
        """Add arrivals: their sum or maximum (trial, neuron), and how many they are."""
        self.total = combine(self.reduce)(self.total, value)
        if self.reduce != "sum":
            self.count = self.count + count

    def read(self) -> np.ndarray:
        """The sum, maximum or mean of the arrivals (trial, neuron), 0 if there are none. Clears the port."""
        arrived = reduced(self.reduce, self.total, self.count)
        trials, size = self.total.shape
        fresh = Port.empty(self.reduce, trials, size, self.total.dtype)
        self.total, self.count = fresh.total, fresh.count
        return arrived


def reduced(reduce: str, total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """What text reads at a port: the sum, maximum or mean of `count` arrivals; 0 where nothing arrived."""
    if reduce == "sum":
        return total
    if reduce == "mean":
        return total / np.maximum(count, 1).astype(total.dtype)
    return np.where(count > 0, total, 0).astype(total.dtype)


@dataclass
class History:
    """The recent messages of a population that does not spike, each (trial, neuron).

    `messages` has the newest last, which was sent at tick `last`.
    """

    messages: list[np.ndarray]
    last: int

    def send(self, message: np.ndarray, tick: int) -> None:
        """Append the message of a tick, and forget the oldest one."""
        self.messages = [*self.messages[1:], message]
        self.last = tick

    def sent_at(self, tick: int) -> np.ndarray:
        """The message of a tick; the newest one where that tick's has not been sent yet."""
        ago = max(self.last - tick, 0)
        return self.messages[-1 - min(ago, len(self.messages) - 1)]


class PendingSpikes(NamedTuple):
    """Spikes on their way to one port or variable through synapses without text.

    All were sent at one tick by one population, and are due at one tick.

    sent: the tick of sending.
    population: the number of the sending population in the network.
    trial, receiver, weight: of each arrival, (arrival,); trials are counted within the batch.
    """

    sent: int
    population: int
    trial: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray


class PendingTextualSpikes(NamedTuple):
    """Spikes on their way through one object of synapses with text, sent at one tick and due at one tick.

    sent: the tick of sending.
    trial, synapse: of each arrival, (arrival,); trials are counted within the batch.
    """

    sent: int
    trial: np.ndarray
    synapse: np.ndarray


Pending = TypeVar("Pending", PendingSpikes, PendingTextualSpikes)
Queue = dict[int, list[Pending]]
"""Pending spikes by the tick at which they are due."""


@dataclass
class State:
    """The state of a batch of trials.

    trials: the numbers of the trials.
    tick: the tick that is running.
    feed: the inputs of this tick and of those after it.
    values: population -> variable -> (trial, *shape).
    ports: population -> port -> Port.
    history: messages of populations that do not spike.
    last_spike, not_refractory: (trial, *shape) of those that do.
    synapses: synapses with text -> variable -> (trial, synapse).
    delivered: synapses with text and graded senders -> the message that each synapse delivered last,
        (trial, synapse).
    queue: the name of a queue (`plan/queues.py`) -> spikes on their way through synapses without text.
    arrivals: synapses with text -> spikes on their way through them.
    products: dense synapses -> the matrix product that the event engine keeps up to date, see
        `checkpoint.PRODUCT`.
    spikes: population -> trial and neuron of each spike of this tick.
    read: (population, port) -> what this tick's update read there, (trial, neuron).
    replaced: (population, variable) -> whose last message a change of it replaces, once that is known.
    """

    plan: Plan
    trials: np.ndarray
    tick: int
    feed: Feed
    values: dict[str, dict[str, np.ndarray]]
    ports: dict[str, dict[str, Port]]
    history: dict[str, History]
    last_spike: dict[str, np.ndarray]
    not_refractory: dict[str, np.ndarray]
    synapses: dict[str, dict[str, np.ndarray]]
    queue: dict[tuple[str, str], Queue[PendingSpikes]]
    arrivals: dict[str, Queue[PendingTextualSpikes]]
    delivered: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    products: dict[str, dict[str, np.ndarray]] = field(default_factory=dict[str, dict[str, np.ndarray]])
    spikes: dict[str, tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict[str, tuple[np.ndarray, np.ndarray]]
    )
    read: dict[tuple[str, str], np.ndarray] = field(default_factory=dict[tuple[str, str], np.ndarray])
    replaced: dict[tuple[str, str], list[str]] = field(default_factory=dict[tuple[str, str], list[str]])

    @property
    def count(self) -> int:
        """Number of trials in the batch."""
        return len(self.trials)

    @property
    def time(self) -> np.float64:
        """The value of `t` at this tick, in seconds (in ticks without Clock).

        It is in double precision whatever the plan's precision is: floats of 32 bits are too coarse after
        minutes.
        """
        return np.float64(self.tick * (self.plan.dt or 1.0))

    def random(
        self, name: str, block: str, elements: np.ndarray, trials: np.ndarray | None = None
    ) -> TextRandom:
        """The random functions of a block of text at this tick.

        name: the population or synapses that the block belongs to.
        block: its name.
        elements: the index of each neuron or synapse, uint32.
        trials: the number of each trial, shaped to broadcast against `elements`; None: those of the batch.
        """
        return TextRandom(
            self.plan.seed, name, block, self.tick, self.trials if trials is None else trials, elements
        )


def start_state(plan: Plan, trials: np.ndarray, *, draw: bool = True) -> State:
    """The state before the first tick, from the start values of the plan.

    trials: the numbers of the trials of this batch.
    draw: False leaves out the variables of synapses that the plan holds as a recipe; the engine draws them
        itself.
    """
    count, dtype = len(trials), plan.dtype
    groups = plan.groups.values()
    state = State(
        plan=plan,
        trials=trials,
        tick=plan.first_tick,
        feed=Feed(plan.drives, plan.first_tick),
        values={
            g.name: {k: np.repeat(v[None], count, axis=0).astype(dtype) for k, v in g.states.items()}
            for g in groups
        },
        ports={
            g.name: {p: Port.empty(r, count, g.size, dtype) for p, r in g.ports.items()}
            for g in groups
            if not g.driven
        },
        history={},
        last_spike={g.name: np.full((count, *g.shape), NEVER, np.int64) for g in groups if g.spiking},
        not_refractory={g.name: np.ones((count, *g.shape), bool) for g in groups if g.spiking},
        synapses={
            p.name: {k: np.repeat(v[None], count, axis=0) for k, v in p.text.states.items()}
            if draw or p.recipe is None
            else {}
            for p in plan.textual
            if not p.of
        },
        queue={name: {} for name in queues_of(plan)},
        arrivals={p.name: {} for p in plan.textual},
    )
    for group in groups:
        if not spikes_sent(plan, group.name):
            depth = history_depth(plan, group.name)
            state.history[group.name] = History([first_message(state, group)] * depth, plan.first_tick - 1)
    return state


def spikes_sent(plan: Plan, name: str) -> bool:
    """Whether a population sends spikes rather than values."""
    return plan.sends_spikes(name)


def first_message(state: State, group: Group) -> np.ndarray:
    """What a population that does not spike has been sending before tick 0: (trial, neuron)."""
    if group.sends is None:
        return np.zeros((state.count, group.size), state.plan.dtype)
    return message_now(state, group).copy()


def message_now(state: State, group: Group) -> np.ndarray:
    """The value that a population sends, as it is now: (trial, neuron)."""
    assert group.sends is not None
    owner = state.plan.variable_owner(group)
    if group.sends in owner.subexpressions:
        return derived_value(state, owner, group.sends)
    return state.values[owner.name][group.sends].reshape(state.count, -1)


def derived_value(state: State, group: Group, name: str) -> np.ndarray:
    """The present value of a subexpression of a population's text: (trial, neuron)."""
    value = evaluate(group.subexpressions[name], names_of(state, group), AxisFunctions(group.shape))
    return np.broadcast_to(value, (state.count, *group.shape)).reshape(state.count, -1)


def history_depth(plan: Plan, name: str) -> int:
    """How many past messages of a population a delay may still ask for."""
    delays = [p.longest for p in plan.pathways.values() if p.pre == name]
    return max([0, *delays, *plan.weight_ages(name)]) + 2


def names_of(state: State, group: Group, ports: Mapping[str, np.ndarray] | None = None) -> Names:
    """The names that a population's text may use, with their present values.

    ports: what this update has read at the ports, (trial, neuron); None: what the update of this tick read.
    """
    plan = state.plan
    names: Names = {**group.constants, **state.values[group.name]}
    for name, link in group.links.items():
        values = state.values[link.owner][link.variable].reshape(state.count, -1)
        names[name] = values[:, link.index]
    if "t" not in names:
        names["t"] = state.time
    if group.spiking:
        names["not_refractory"] = state.not_refractory[group.name]
    for port in group.ports:
        read = (ports or {}).get(port)
        if read is None:
            read = state.read.get((group.name, port))
        names[port] = plan.dtype.type(0) if read is None else read.reshape(state.count, *group.shape)
    return names


def by_trial(state: State, group: Group) -> np.ndarray:
    """The batch's trial numbers, shaped to broadcast against the population."""
    return state.trials.reshape(-1, *(1,) * len(group.shape))


def elements_of(shape: tuple[int, ...]) -> np.ndarray:
    """The flat index of every neuron, shaped as the population with a leading axis for trials."""
    return np.arange(int(np.prod(shape)), dtype=np.uint32).reshape(1, *shape)
