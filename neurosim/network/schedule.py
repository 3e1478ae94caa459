"""Schedules: who moves when. Each lowers to a step program (see `neurosim.plan.plan`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.neurons import Neurons
from neurosim.network.values import TIME, Value, as_value


class Schedule:
    """The order in which the populations of a network move within one tick."""


@named_arguments
@dataclass(frozen=True)
class Clock(Schedule):
    """All neurons move together in steps of `dt`, a time: for equations and spikes, with Brian2's order of events."""

    dt: Any

    def __post_init__(self):
        dt = as_value(self.dt, "Clock: dt")
        if dt.dim != TIME:
            raise DescriptionError(f"Clock: dt {dt} is not a time. Give it with a unit, such as Clock(0.1*ms).")
        if not dt.scalar or not 0 < dt.number < float("inf"):
            raise DescriptionError(f"Clock: dt {dt} is not a single time above 0. Give one such as 0.1*ms.")
        object.__setattr__(self, "dt", Value(dt.number.astype(float), TIME))

    def __str__(self) -> str:
        return f"Clock(dt = {self.dt})"


@named_arguments
@dataclass(frozen=True)
class Synchronous(Schedule):
    """All populations update at once from what was sent a tick or more ago: echo state networks, Markov chains, automata."""

    def __str__(self) -> str:
        return "Synchronous()"


@named_arguments
@dataclass(frozen=True)
class Layered(Schedule):
    """Populations update one after the other along their zero-delay synapses: feed-forward nets, LSTM, attention."""

    def __str__(self) -> str:
        return "Layered()"


@named_arguments
@dataclass(frozen=True)
class Asynchronous(Schedule):
    """One neuron at a time, each once a tick (a sweep), in a fair random order: Hopfield nets, Boltzmann machines."""

    order: str = "random"

    def __post_init__(self):
        if not isinstance(self.order, str) or self.order not in ("random", "index"):
            raise DescriptionError(f"Asynchronous: order {shown(self.order)} is not known. Use 'random' (drawn anew each sweep) or 'index'.")

    def __str__(self) -> str:
        return f"Asynchronous(order={self.order!r})"


@named_arguments
@dataclass(frozen=True, init=False)
class Alternating(Schedule):
    """Groups of populations update in turn within one tick: block Gibbs sampling, restricted Boltzmann machines.

    `Alternating([hidden], [visible])` updates hidden from visible, then visible from the new hidden.
    """

    groups: tuple[tuple[str, ...], ...]

    def __init__(self, *groups: Any):
        read = []
        for group in groups:
            members = group if isinstance(group, (list, tuple)) else [group]
            names = tuple(member.name if isinstance(member, Neurons) else member for member in members)
            if not names or not all(isinstance(name, str) for name in names):
                raise DescriptionError(f"Alternating: {shown(group)} is not a group. Give lists of populations, such as Alternating([a], [b]).")
            read.append(names)
        if not read:
            raise DescriptionError("Alternating: has no groups. Give lists of populations, such as Alternating([a], [b]).")
        object.__setattr__(self, "groups", tuple(read))

    def __str__(self) -> str:
        return f"Alternating({', '.join('[' + ', '.join(group) + ']' for group in self.groups)})"
