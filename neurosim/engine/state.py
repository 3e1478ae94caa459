"""What a running network remembers between ticks, for a batch of trials. Every array begins with the trial axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate
from neurosim.plan.plan import AnyOf, Group, Plan
from neurosim.plan.random import TextRandom

NEVER = -(2**40)  # the tick of the last spike of a neuron that has not spiked


@dataclass
class Port:
    """What has arrived at a port since it was last read; `count` is the number of arrivals, for max and mean."""

    reduce: str
    total: np.ndarray  # (trial, neuron)
    count: np.ndarray

    @staticmethod
    def empty(reduce: str, trials: int, size: int, dtype: Any) -> Port:
        fill = -np.inf if reduce == "max" else 0.0
        return Port(
            reduce,
            np.full((trials, size), fill, dtype),
            np.zeros((trials, 1 if reduce == "sum" else size), np.int64),
        )

    def add(self, value: np.ndarray, count: np.ndarray | int) -> None:
        if self.reduce == "max":
            self.total = np.maximum(self.total, value)
        else:
            self.total = self.total + value
        if self.reduce != "sum":
            self.count = self.count + count

    def read(self) -> np.ndarray:
        """The sum, maximum or mean of the arrivals; 0 where nothing arrived. Clears the port."""
        total, count = self.total, self.count
        fresh = Port.empty(self.reduce, total.shape[0], total.shape[1], total.dtype)
        self.total, self.count = fresh.total, fresh.count
        if self.reduce == "sum":
            return total
        if self.reduce == "mean":
            return total / np.maximum(count, 1).astype(total.dtype)
        return np.where(count > 0, total, 0).astype(total.dtype)


@dataclass
class History:
    """The messages of a population that does not spike: the newest last, sent at tick `last`."""

    messages: list[np.ndarray]  # each (trial, neuron)
    last: int

    def send(self, message: np.ndarray, tick: int) -> None:
        self.messages = [*self.messages[1:], message]
        self.last = tick

    def sent_at(self, tick: int) -> np.ndarray:
        """The message of a tick; the newest one where that tick's has not been sent yet."""
        ago = max(self.last - tick, 0)
        return self.messages[-1 - min(ago, len(self.messages) - 1)]


@dataclass
class State:
    """The state of a batch of trials; `trials` holds their numbers, `tick` the tick that is running."""

    plan: Plan
    trials: np.ndarray
    tick: int
    values: dict[str, dict[str, np.ndarray]]  # population -> variable -> (trial, *shape)
    ports: dict[str, dict[str, Port]]
    history: dict[str, History]
    last_spike: dict[str, np.ndarray]
    not_refractory: dict[str, np.ndarray]
    synapses: dict[str, dict[str, np.ndarray]]  # pathway with text -> variable -> (trial, synapse)
    delivered: dict[
        str, np.ndarray
    ]  # graded pathway with text -> the message delivered last (trial, synapse)
    queue: dict[
        tuple[str, str], dict[int, list[tuple]]
    ]  # (post, to) -> tick -> (sent, sender population, trial, receiver, value)
    arrivals: dict[str, dict[int, list[tuple]]]  # pathway with text -> tick -> (sent, trial, synapse)
    products: dict[str, dict[str, np.ndarray]] = field(
        default_factory=dict
    )  # dense pathway -> what the event engine keeps of its product
    spikes: dict[str, tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict
    )  # this tick's (trial, neuron)
    read: dict[tuple[str, str], np.ndarray] = field(
        default_factory=dict
    )  # what this tick's update read at ports

    @property
    def count(self) -> int:
        """Number of trials in the batch."""
        return len(self.trials)

    @property
    def time(self) -> np.float64:
        """What `t` means at this tick, in double precision whatever the plan's is: floats of 32 bits are too coarse after minutes."""
        return np.float64(self.tick * (self.plan.dt or 1.0))

    def random(
        self, name: str, block: str, elements: np.ndarray, trials: np.ndarray | None = None
    ) -> TextRandom:
        """The random functions of a block at this tick."""
        plan = self.plan
        return TextRandom(
            plan.seed, name, block, self.tick, self.trials if trials is None else trials, elements
        )


def start_state(plan: Plan, trials: np.ndarray, *, draw: bool = True) -> State:
    """The state before the first tick, from the start values; without `draw` those of synapses that are a recipe are left out."""
    count, dtype = len(trials), plan.dtype
    groups = plan.groups.values()
    state = State(
        plan=plan,
        trials=trials,
        tick=plan.first_tick,
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
        },
        delivered={},
        queue={(p.post, p.to): {} for p in plan.summing if p.to},
        arrivals={p.name: {} for p in plan.textual},
    )
    for group in groups:
        if not spikes_sent(plan, group.name):
            depth = history_depth(plan, group.name)
            state.history[group.name] = History([first_message(state, group)] * depth, plan.first_tick - 1)
    return state


def spikes_sent(plan: Plan, name: str) -> bool:
    """Whether a population sends spikes rather than values."""
    return plan.groups[name].spiking or (name in plan.drives and plan.drives[name].events)


def first_message(state: State, group: Group) -> np.ndarray:
    """What a population that does not spike has been sending before tick 0."""
    if group.sends is None:
        return np.zeros((state.count, group.size), state.plan.dtype)
    return message_now(state, group).copy()


def message_now(state: State, group: Group) -> np.ndarray:
    """The value that a population sends, as it is now: (trial, neuron)."""
    assert group.sends is not None
    if group.sends in group.derived:
        value = evaluate(group.derived[group.sends], names_of(state, group), AxisFunctions(group.shape))
        return np.broadcast_to(value, (state.count, *group.shape)).reshape(state.count, -1)
    return state.values[group.name][group.sends].reshape(state.count, -1)


def history_depth(plan: Plan, name: str) -> int:
    """How many past messages of a population somebody may still ask for."""
    delays = [p.longest for p in plan.pathways.values() if p.pre == name]
    return max([0, *delays, *plan.weight_ages(name)]) + 2


def names_of(state: State, group: Group, ports: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
    """The names that a population's text may use, with their present values."""
    plan = state.plan
    names: dict[str, Any] = {**group.constants, **state.values[group.name]}
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


def pathways_into(plan: Plan, names: tuple[str, ...]) -> list[AnyOf]:
    """The pathways into these populations, in network order."""
    return [p for p in plan.pathways.values() if p.post in names]
