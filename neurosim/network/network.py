"""A network: populations and synapses under a schedule. Immutable, checked when described; what text says, before the first tick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.neurons import ARGUMENTS, Neurons, Population, label
from neurosim.network.program import Step, step_program, zero_delay_order
from neurosim.network.readonly import ReadOnly, own_fields
from neurosim.network.schedule import Alternating, Asynchronous, Clock, Schedule, Synchronous
from neurosim.network.synapses import Delayed, Synapses, Transposed
from neurosim.network.values import PLAIN, TIME, Value, spelt
from neurosim.network.wiring import private


@named_arguments
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Network:
    """Neurons and Synapses, moved forward in integer ticks by a schedule.

    Give synapses, neurons or lists of them in any order; populations that synapses name are included. `print(net)` shows
    populations, ports, synapses, delays and who runs when; `net["liquid"]` is a population, `net["ears_to_liquid"]` its
    synapses.

    Raises DescriptionError for names used twice, delays that the schedule cannot keep, and cycles without delay. The units and
    names within text, and whether a method can integrate it, are checked by `run` (PlanError), before the first tick.

    >>> import neurosim as ns
    >>> x = ns.Neurons("x", 2)
    >>> y = ns.Neurons("y", 1, update="v = I")
    >>> net = ns.Network(ns.Synapses(x, y, weight=2.0), schedule=ns.Layered())
    >>> list(net.populations), list(net.synapses)
    (['x', 'y'], ['x_to_y'])
    """

    schedule: Schedule
    populations: Mapping[str, Neurons]
    synapses: Mapping[str, Synapses]
    program: tuple[Step, ...]

    def __init__(self, *items: Neurons | Synapses | Iterable, schedule: Schedule):
        if type(schedule) is Schedule or not isinstance(schedule, Schedule):
            raise DescriptionError(f"Network: schedule {shown(schedule)} is not a schedule. Use one, such as Clock(0.1*ms) or Synchronous().")
        put = object.__setattr__
        put(self, "schedule", schedule)
        neurons, synapses = _sort_out(items)
        put(self, "populations", ReadOnly(_name_populations(neurons)))
        put(self, "synapses", ReadOnly(_name_synapses(synapses, self.populations)))
        if not self.populations:
            raise DescriptionError("Network: is empty. Give it Synapses or Neurons.")
        _check_ties(self)
        _check_private_senders(self)
        _check_groups(self)
        for population in self.populations.values():
            _check_population(population, schedule)
            _check_constants(population, self.synapses.values())
        for name, item in self.synapses.items():
            _check_timing(name, item, schedule)
        put(self, "program", step_program(self))

    def __getitem__(self, name: str) -> Any:
        name = spelt(name) if isinstance(name, str) else name
        if name not in self:
            raise DescriptionError(f"Network: has nothing called {shown(name)}. {nearest(name, (*self.populations, *self.synapses))}")
        return self.populations[name] if name in self.populations else self.synapses[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self.populations or name in self.synapses)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Network) and self.to_dict() == other.to_dict())

    __hash__ = None  # type: ignore[assignment]
    __getstate__ = own_fields

    @property
    def dt(self) -> float | None:
        """Length of a tick in seconds under `Clock`; None otherwise."""
        return float(self.schedule.dt.number) if isinstance(self.schedule, Clock) else None

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The populations along their zero-delay synapses."""
        return zero_delay_order(self)

    def to_dict(self) -> dict:
        """The description as plain data that JSON keeps without loss; arrays as text."""
        from neurosim.network.codec import encode_network

        return encode_network(self)

    @staticmethod
    def from_dict(data: dict) -> Network:
        """The network that `to_dict` described; RecordingError for data that is none."""
        from neurosim.network.codec import decode_network

        return decode_network(data)

    def __str__(self) -> str:
        from neurosim.network.printout import printout

        return printout(self)

    def __repr__(self) -> str:
        return f"<Network: {len(self.populations)} populations, {len(self.synapses)} synapses, {self.schedule}>"


def _sort_out(items: Iterable[Any], depth: int = 0) -> tuple[list[Neurons], list[Synapses]]:
    neurons, synapses = [], []
    for item in items:
        if isinstance(item, Neurons):
            neurons.append(item)
        elif isinstance(item, Synapses):
            neurons += [p.population for p in (item.pre, item.post, item.weight_population) if p is not None]
            synapses.append(item)
        elif isinstance(item, (list, tuple)) and depth < 10:
            more_neurons, more_synapses = _sort_out(item, depth + 1)
            neurons, synapses = neurons + more_neurons, synapses + more_synapses
        else:
            raise DescriptionError(f"Network: {shown(item)} is neither Neurons nor Synapses. Give those, or lists of them.")
    return neurons, synapses


def _name_populations(neurons: list[Neurons]) -> dict[str, Neurons]:
    named: dict[str, Neurons] = {}
    for population in neurons:
        if named.setdefault(population.name, population) is not population:
            raise DescriptionError(f"Network: two populations are called {population.name!r}. Give each a name of its own.")
    return named


def _name_synapses(synapses: list[Synapses], populations: Mapping[str, Neurons]) -> dict[str, Synapses]:
    if len({id(item) for item in synapses}) != len(synapses):
        raise DescriptionError("Network: the same Synapses object is given twice. Give it once.")
    named = {item.name: item for item in synapses if item.name}
    given = [item.name for item in synapses if item.name]
    for name in given:
        if given.count(name) > 1:
            raise DescriptionError(f"Network: two Synapses are called {name!r}. Give each a name of its own.")
    taken = {*named, *populations}
    for name in set(named) & set(populations):
        raise DescriptionError(f"Network: {name!r} is the name of a population and of synapses. Rename one of them.")
    ordered: dict[str, Synapses] = {}
    for item in synapses:
        base = name = item.name or f"{item.pre.name}_to_{item.post.name}"
        number = 2
        while not item.name and name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        ordered[name] = item
    return ordered


def _check_ties(net: Network) -> None:
    for item in net.synapses.values():
        tied = item.weight.synapses if isinstance(item.weight, Transposed) else item.weight
        if isinstance(tied, Synapses) and not any(tied is other for other in net.synapses.values()):
            raise DescriptionError(f"{item.label}: shares the weights of {tied.label}, which is not in this network. Add it.")


def _check_private_senders(net: Network) -> None:
    """Refuse senders of private synapses whose own spikes come back to them."""
    for item in net.synapses.values():
        sender = item.pre.population
        back = next((s for s in net.synapses.values() if s.pre.population is sender and s.post.population is sender), None)
        if isinstance(item.wiring, private) and back is not None:
            raise DescriptionError(
                f"{item.label}: private: the spikes of {sender.name!r} come back to it through {back.label}, so its copies would differ from"
                " one another. Leave those synapses out, or make the sources neurons."
            )


def _check_groups(net: Network) -> None:
    """Refuse groups of an alternating schedule that name no population of the network."""
    for name in (name for group in getattr(net.schedule, "groups", ()) for name in group):
        if name not in net.populations:
            raise DescriptionError(f"Network: {net.schedule} names {name!r}, which is no population here. {nearest(name, net.populations)}")


def _check_population(population: Neurons, schedule: Schedule) -> None:
    where = f"Neurons {population.name!r}"
    clocked = isinstance(schedule, Clock)
    if population.lines and not clocked and any(line.kind == "differential" for line in population.lines):
        raise DescriptionError(f"{where}: differential equations need a time step. Use schedule=Clock(dt), or write update text.")
    if isinstance(population.refractory, Value):
        _check_ticks(population.refractory, f"{where}: refractory", schedule)
    if isinstance(schedule, Asynchronous) and population.spiking:
        raise DescriptionError(f"{where}: has a threshold, but Asynchronous() carries graded messages only. Use update='s = where(I > 0, 1, 0)'.")
    if isinstance(schedule, Asynchronous) and population.message in population.subexpressions:
        raise DescriptionError(
            f"{where}: sends the subexpression {population.message!r}, but Asynchronous() carries variables only."
            f" Assign it in update text: update='{population.message} = ...'."
        )
    groups = schedule.groups if isinstance(schedule, Alternating) else ()
    times = sum(group.count(population.name) for group in groups)
    if groups and times != (0 if population.driven else 1):
        rule = "is driven and belongs to no group" if population.driven else f"stands in {times} groups instead of one"
        raise DescriptionError(f"{where}: {rule} of {schedule}. Name every population that has text once.")


def _check_constants(population: Neurons, synapses: Iterable[Synapses]) -> None:
    """Refuse a constant that no text uses: most often it is an argument's misspelt name."""
    used = population.names_used | set(population.states)
    for item in synapses:
        for end, suffix in ((item.pre, "_pre"), (item.post, "_post")):
            if end.population is population:
                used |= {name.removesuffix(suffix) for name in item.names_used}
    for name in population.constants:
        if name not in used:
            raise DescriptionError(
                f"Neurons {population.name!r}: {name!r} is neither an argument of Neurons nor used in its text. {nearest(name, (*ARGUMENTS, *used))}"
            )


def _check_ticks(value: Value, where: str, schedule: Schedule) -> None:
    """Refuse a time that is not a whole number of ticks; arrays are rounded when they are lowered."""
    if np.all(value.number == 0):
        return
    if not isinstance(schedule, Clock):
        if value.dim != PLAIN:
            raise DescriptionError(f"{where} {value} is a time, but {schedule} counts ticks. Give a whole number of ticks.")
        if value.scalar and value.number != np.rint(value.number):
            raise DescriptionError(f"{where} {value} is not a whole number of ticks. Give an integer.")
        return
    if value.dim != TIME:
        raise DescriptionError(f"{where} {value} has no unit. Give a time, such as 1*ms, under {schedule}.")
    if not value.scalar:
        return
    ticks, dt = float(value.number / schedule.dt.number), schedule.dt
    if abs(ticks - round(ticks)) > 1e-6 * max(1.0, abs(ticks)):
        up = Value(np.array(max(1, np.ceil(ticks)) * dt.number), TIME)
        raise DescriptionError(f"{where} {value} is not a multiple of dt = {dt}. Use {up}, or a smaller dt.")


def _check_timing(name: str, item: Synapses, schedule: Schedule) -> None:
    delay = item.delay
    if not isinstance(delay, Value):
        wanted = TIME if isinstance(schedule, Clock) else PLAIN
        if delay.dim != wanted:
            raise DescriptionError(f"{item.label}: delay {delay!r} is not {'a time' if wanted == TIME else 'in ticks'}. Give one under {schedule}.")
        return
    _check_ticks(delay, f"{item.label}: delay", schedule)
    if isinstance(item.wiring, private) and np.any(delay.number != 0):
        raise DescriptionError(f"{item.label}: private sources are memoryless, so a delay of {delay} changes nothing. Leave it out.")
    least = delay.number.min() if delay.number.size else 1
    if isinstance(schedule, Synchronous) and least < 1 and not item.pre.population.driven:
        raise DescriptionError(f"{item.label}: delay {delay} arrives before it is sent under {schedule}. Use delay=1, or Layered().")
    if isinstance(schedule, Asynchronous) and (item.text or isinstance(item.wiring, private)):
        raise DescriptionError(f"{item.label}: Asynchronous() carries graded messages without text only. Leave out model, on_pre and on_post.")
    if least < 1 and arrives_too_late(item, schedule):
        raise DescriptionError(f"{item.label}: a spike with delay 0 arrives after {item.post.name!r} has moved. Use delay=1.")


def arrives_too_late(item: Synapses, schedule: Schedule) -> bool:
    """Whether a spike with delay 0 would come after its target has moved: from a later group to an earlier one, or within a group."""
    if not isinstance(schedule, Alternating) or not item.pre.population.spiking:
        return False
    group = {name: number for number, names in enumerate(schedule.groups) for name in names}
    return group[item.pre.name] >= group[item.post.name]


def weight_source(item: Synapses) -> tuple[str, int] | None:
    """The population whose messages are the weight, and how many ticks ago they were sent."""
    if isinstance(item.weight, Delayed):
        return item.weight.name, item.weight.ticks
    population = item.weight_population
    return None if population is None else (population.name, 0)


def describe_end(population: Population, port: str | None) -> str:
    """'liquid.I': the target of synapses as it is printed."""
    return label(population) + (f".{port}" if port else "")
