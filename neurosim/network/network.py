"""A network: populations and synapses under a schedule.

It cannot be changed. What its parts say of each other is checked when it is made; units and names in text are
checked before the first tick of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.codec import Json, Unpack, decode_network, encode_network, readable, unpack_text
from neurosim.network.copies import Copy, copied
from neurosim.network.flags import check_written
from neurosim.network.gather import (
    Gathered,
    Item,
    named_populations,
    named_synapses,
    read_ties,
    relayed,
    tied_constants,
)
from neurosim.network.neurons import ARGUMENTS, Neurons
from neurosim.network.part import Part
from neurosim.network.printout import printout
from neurosim.network.program import Step, step_program, zero_delay_order
from neurosim.network.readonly import ReadOnly, SetOnce, own_fields
from neurosim.network.remake import NewPopulation, NewSynapses, remade
from neurosim.network.schedule import Schedule
from neurosim.network.sums import check_sums
from neurosim.network.synapses import Delayed, Synapses
from neurosim.network.values import spelt
from neurosim.network.whole_ticks import check_delays, check_times_of, check_zero_delays
from neurosim.network.wiring import private


@named_arguments
@dataclass(init=False, eq=False, repr=False)
class Network(SetOnce):
    """Neurons and Synapses, moved forward in integer ticks by a schedule.

    Give synapses, neurons or lists of them in any order; populations that synapses name are included.
    `print(net)` shows populations, ports, synapses, delays and who runs when; `net["liquid"]` is a
    population, `net["ears_to_liquid"]` its synapses.

    Raises DescriptionError for names used twice, delays that the schedule cannot keep, and cycles without
    delay. The units and names within text, and whether a method can integrate it, are checked by `run`
    (PlanError), before the first tick.

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
    tied: Mapping[str, str]
    parts: Mapping[str, tuple[str, ...]]

    def __init__(self, *items: Item, schedule: Schedule, tied: Mapping[str, str] | None = None):
        if type(schedule) is Schedule or not isinstance(schedule, Schedule):
            raise DescriptionError(
                f"Network: schedule {shown(schedule)} is not a schedule."
                " Use one, such as Clock(0.1*ms) or Synchronous()."
            )
        self.schedule = schedule
        gathered = Gathered()
        gathered.add(items, Network)
        ties = gathered.tied | read_ties(tied)
        populations = named_populations(gathered.neurons)
        if not populations:
            raise DescriptionError("Network: is empty. Give it Synapses or Neurons.")
        synapses = named_synapses(gathered.synapses, populations)
        populations, synapses = tied_constants(*relayed(populations, synapses), ties)
        self.populations = ReadOnly(populations)
        self.synapses = ReadOnly(synapses)
        self.tied = ReadOnly(ties)
        self.parts = ReadOnly(gathered.parts)
        _check_ties(self)
        _check_private_senders(self)
        check_sums(self.synapses.values())
        check_written(self.synapses.values())
        schedule.check(self)
        joining: dict[str, list[Synapses]] = {name: [] for name in self.populations}
        for item in self.synapses.values():
            for name in {item.pre.name, item.post.name}:
                joining[name].append(item)
        for name, population in self.populations.items():
            check_times_of(population, schedule)
            _check_constants(population, joining[name] if population.constants else ())
        for item in self.synapses.values():
            check_delays(item, schedule)
        self.program = step_program(self)
        for item in self.synapses.values():
            check_zero_delays(self, item)

    def __getitem__(self, name: str) -> Any:
        name = spelt(name) if isinstance(name, str) else name
        if name not in self:
            raise DescriptionError(
                f"Network: has nothing called {shown(name)}."
                f" {nearest(name, (*self.populations, *self.synapses))}"
            )
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
        return self.schedule.seconds

    @cached_property
    def _names(self) -> dict[int, str]:
        return {id(item): name for name, item in self.synapses.items()}

    def name_of(self, item: Synapses) -> str:
        """The name of these synapses in the network; synapses without a name get one from what they join."""
        return self._names[id(item)]

    def owner(self, item: Synapses) -> str | None:
        """The name of the synapses whose weights these share; None if these have their own."""
        return None if item.owner is None else self.name_of(item.owner)

    def map(
        self,
        population: NewPopulation = lambda old: old,
        synapses: NewSynapses = lambda name, arguments: arguments,
    ) -> Network:
        """The network with some of its parts replaced; names and schedule stay.

        population: takes each population and returns the one to take its place.
        synapses: takes the name of each synapses and the arguments that make them anew in the new network:
            between the new populations, and with shared weights of the new owner. Returns the arguments to
            make them from.

        >>> import neurosim as ns
        >>> net = ns.Network(ns.Synapses(ns.Neurons("x", 2), ns.cells.unit("y", 1)), schedule=ns.Layered())
        >>> net.map(synapses=lambda name, arguments: arguments | {"delay": 1})["x_to_y"].delay
        1
        """
        populations, made = remade(self.populations, self.synapses, population, synapses)
        replaced = {population.name: population for population in populations.values()}

        def exists(constant: str) -> bool:
            name, _, key = constant.partition(".")
            return name in replaced and key in replaced[name].constants

        tied = {constant: source for constant, source in self.tied.items() if exists(constant)}
        return Network(*populations.values(), *made.values(), schedule=self.schedule, tied=tied)._in(
            self.parts
        )

    def named(self, name: str, *, tied: Network | Copy | None = None) -> Copy:
        """A copy of this network that is called `name`, as a part of a larger network.

        name: of the copy; the populations and synapses of the copy are called 'name_x' where those of this
            network are called 'x'. What is drawn at random is drawn anew for each copy.
        tied: this network or another copy of it, whose numbers the copy has too: weights that learn, are
            drawn or are arrays, and constants that learn or are drawn. Training then moves them together.

        >>> import neurosim as ns
        >>> layer = ns.Network(ns.Synapses(ns.Neurons("x", 2), ns.cells.unit("y", 2)), schedule=ns.Layered())
        >>> first = layer.named("first")
        >>> second = layer.named("second", tied=first)
        >>> between = ns.Synapses(first["y"], second["x"], wiring=ns.one_to_one())
        >>> list(ns.Network(first, second, between, schedule=ns.Layered()).populations)
        ['first_x', 'first_y', 'second_x', 'second_y']
        """
        return copied(self, name, tied)

    def _in(self, parts: Mapping[str, tuple[str, ...]]) -> Network:
        """This network with its populations in these parts."""
        object.__setattr__(self, "parts", ReadOnly(parts))
        return self

    @cached_property
    def kept_plans(self) -> dict[Any, Any]:
        """Plans of earlier runs of this network, the oldest first (`plan/kept.py`)."""
        return {}

    @cached_property
    def kept_probes(self) -> dict[Any, Any]:
        """What earlier runs of this network recorded (`plan/kept.py`)."""
        return {}

    @cached_property
    def rasters(self) -> dict[str, bool]:
        """Which populations take Boolean arrays as spikes, as far as runs have asked (`spike_arrays.py`)."""
        return {}

    @cached_property
    def views(self) -> Mapping[str, tuple[Neurons, str]]:
        """What is sent besides what populations send themselves: 'population.variable' -> these two."""
        ends = [end for item in self.synapses.values() for end in (item.pre, item.weight_population)]
        return {
            end.source: (end.population, end.variable)
            for end in ends
            if isinstance(end, Part) and end.variable is not None and end.source != end.name
        }

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The populations along their zero-delay synapses."""
        return zero_delay_order(self)

    def to_dict(self) -> dict[str, Json]:
        """The description as plain data, which JSON keeps without loss; arrays become text."""
        return encode_network(self)

    @classmethod
    def from_dict(cls, data: dict[str, Json], unpack: Unpack = unpack_text) -> Network:
        """The network that `to_dict` described.

        data: what `to_dict` returned, perhaps read from JSON.
        unpack: makes an array of what `to_dict` made of it; default: of text.

        Raises RecordingError for data that describe no network.
        """
        with readable():
            items, schedule = decode_network(data, unpack)
            parts = {name: tuple(members) for name, members in data.get("parts", {}).items()}
            return cls(*items, schedule=schedule, tied=data.get("tied"))._in(parts)

    def __str__(self) -> str:
        return printout(self)

    def __repr__(self) -> str:
        return (
            f"<Network: {len(self.populations)} populations, {len(self.synapses)} synapses, {self.schedule}>"
        )


def _check_ties(net: Network) -> None:
    for item in net.synapses.values():
        tied = item.owner
        if tied is not None and not any(tied is other for other in net.synapses.values()):
            raise DescriptionError(
                f"{item.label}: shares the weights of {tied.label}, which is not in this network. Add it."
            )


def _check_private_senders(net: Network) -> None:
    """Refuse senders of private synapses whose own spikes come back to them."""
    for item in net.synapses.values():
        if not isinstance(item.wiring, private):
            continue
        sender = item.pre.population
        back = next(
            (s for s in net.synapses.values() if s.pre.population is sender and s.post.population is sender),
            None,
        )
        if back is not None:
            raise DescriptionError(
                f"{item.label}: private: the spikes of {sender.name!r} come back to it through {back.label},"
                " so its copies would differ from"
                " one another. Leave those synapses out, or make the sources neurons."
            )


def _check_constants(population: Neurons, synapses: Iterable[Synapses]) -> None:
    """Refuse a constant that no text uses, neither the population's nor that of synapses from or to it.

    Most often it is an argument's misspelt name.
    """
    used = names_wanted(population, synapses) | population.names_in_expressions
    for item in synapses:
        used |= _of(population, item, item.names_in_expressions)
    for name in population.constants:
        if name not in used:
            raise DescriptionError(
                f"Neurons {population.name!r}: {name!r} is neither an argument of Neurons nor used in its"
                f" text. {nearest(name, (*ARGUMENTS, *used))}"
                " A dict of constants for several populations is given as namespace=..."
            )


def names_wanted(population: Neurons, synapses: Iterable[Synapses]) -> set[str]:
    """The names of a population that its text, or that of synapses, uses while the network runs."""
    used = population.names_used | set(population.states)
    for item in synapses:
        used |= _of(population, item, item.names_used)
    return set(used)


def _of(population: Neurons, item: Synapses, names: Collection[str]) -> set[str]:
    """The names of a population that these names in the text of synapses may mean: x for x_pre."""
    found: set[str] = set()
    for end, suffix in ((item.pre, "_pre"), (item.post, "_post")):
        if names and end.population is population:
            found |= {name.removesuffix(suffix) for name in names}
    return found


def weight_source(item: Synapses) -> tuple[str, int] | None:
    """The population whose messages are the weight, and how many ticks ago they were sent."""
    if isinstance(item.weight, Delayed):
        return item.weight.population.source, item.weight.ticks
    population = item.weight_population
    return None if population is None else (population.source, 0)


def require_network(net: object, label: str) -> None:
    """Raise DescriptionError, whose message begins with `label`, for what is not a network."""
    if not isinstance(net, Network):
        remedy = "Give Network(..., schedule=...)."
        if isinstance(net, Copy):
            remedy = "A copy stands within one: Network(copy, schedule=...)."
        raise DescriptionError(f"{label}: net {shown(net)} is not a Network. {remedy}")
