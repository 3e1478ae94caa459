"""The arguments of `Network`, sorted: populations, synapses, and networks with all that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.copies import Copy
from neurosim.network.neurons import Neurons
from neurosim.network.remake import remade
from neurosim.network.synapses import Synapses
from neurosim.network.values import spelt

if TYPE_CHECKING:
    from neurosim.network.network import Network

DEPTH = 10  # of lists within lists
Item = Any  # Neurons, Synapses, a Network or a copy of one, or lists of these


@dataclass
class Gathered:
    """Populations and synapses in the order of the arguments, and parts and ties of networks among them."""

    neurons: list[Neurons] = field(default_factory=list)
    synapses: list[tuple[str, Synapses]] = field(
        default_factory=list
    )  # with the name in the network they come from
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)

    def add(self, items: Iterable[Any], network: type[Network], depth: int = 0) -> None:
        """Sort these items in; raises DescriptionError for those that no network consists of."""
        for item in items:
            if isinstance(item, Neurons):
                self.neurons.append(item)
            elif isinstance(item, Synapses):
                ends = (item.pre, item.post, item.weight_population)
                self.neurons += [end.population for end in ends if end is not None]
                self.synapses.append((item.name, item))
            elif isinstance(item, network | Copy):
                self.neurons += item.populations.values()
                self.synapses += [
                    (name if isinstance(item, network) else part.name, part)
                    for name, part in item.synapses.items()
                ]
                self._add_parts(item.parts)
                self.tied |= item.tied
            elif isinstance(item, list | tuple) and depth < DEPTH:
                self.add(item, network, depth + 1)
            else:
                raise DescriptionError(
                    f"Network: {shown(item)} is neither Neurons nor Synapses nor a Network."
                    " Give those, or lists of them."
                )

    def _add_parts(self, parts: Mapping[str, tuple[str, ...]]) -> None:
        for name, members in parts.items():
            if self.parts.setdefault(name, members) != members:
                raise DescriptionError(
                    f"Network: two parts are called {name!r}. Give each a name of its own."
                )


def named_populations(neurons: list[Neurons]) -> dict[str, Neurons]:
    """The populations by name, each once; raises DescriptionError for a name of two."""
    named: dict[str, Neurons] = {}
    for population in neurons:
        if named.setdefault(population.name, population) is not population:
            raise DescriptionError(
                f"Network: two populations are called {population.name!r}."
                " Give each a name of its own, or join"
                " copies under other names: net.named('second')."
            )
    return named


def named_synapses(
    synapses: list[tuple[str, Synapses]], populations: Mapping[str, Neurons]
) -> dict[str, Synapses]:
    """The synapses by name; those without are called 'pre_to_post', with a number where that is taken."""
    if len({id(item) for _, item in synapses}) != len(synapses):
        raise DescriptionError("Network: the same Synapses object is given twice. Give it once.")
    given = [name for name, _ in synapses if name]
    for name in given:
        if given.count(name) > 1:
            raise DescriptionError(f"Network: two Synapses are called {name!r}. Give each a name of its own.")
        if name in populations:
            raise DescriptionError(
                f"Network: {name!r} is the name of a population and of synapses. Rename one of them."
            )
    taken = {*given, *populations}
    ordered: dict[str, Synapses] = {}
    for given_name, item in synapses:
        base = name = given_name or f"{item.pre.name}_to_{item.post.name}"
        number = 2
        while not given_name and name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        ordered[name] = item
    return ordered


def relayed(
    populations: dict[str, Neurons], synapses: dict[str, Synapses]
) -> tuple[dict[str, Neurons], dict[str, Synapses]]:
    """The same, where populations without text that receive synapses pass arrivals on: they become y = I."""
    fed = {item.post.name for item in synapses.values() if item.post.population.driven}
    if not fed:
        return populations, synapses

    def relay(old: Neurons) -> Neurons:
        if old.name not in fed:
            return old
        return Neurons(old.name, old.shape, update=f"y = {' + '.join(old.port_names)}", ports=old.ports)

    return remade(populations, synapses, relay)


def tied_constants(
    populations: dict[str, Neurons], synapses: dict[str, Synapses], tied: Mapping[str, str]
) -> tuple[dict[str, Neurons], dict[str, Synapses]]:
    """The same, where each tied constant has the value of the one that it is tied to."""
    changes: dict[str, dict[str, Any]] = {}
    for constant, source in tied.items():
        owner, key = _constant(populations, source)
        population, own = _constant(populations, constant)
        if source in tied:
            raise DescriptionError(
                f"Network: tied: {source!r} is tied itself, to {tied[source]!r}. Name that."
            )
        value = owner.constants[key]
        if owner.shape != population.shape and not getattr(value, "scalar", False):
            raise DescriptionError(
                f"Network: tied: {constant!r} belongs to neurons of shape {population.shape}, {source!r} to"
                " those of shape"
                f" {owner.shape}. Tie constants of populations of one shape."
            )
        if population.constants[own] is not value:
            changes.setdefault(population.name, {})[own] = value
    if not changes:
        return populations, synapses
    return remade(
        populations,
        synapses,
        lambda old: Neurons(**(old.arguments | changes[old.name])) if old.name in changes else old,
    )


def _constant(populations: Mapping[str, Neurons], name: str) -> tuple[Neurons, str]:
    population, _, constant = name.partition(".")
    if population not in populations:
        raise DescriptionError(
            f"Network: tied: there is no population {shown(population)} for {shown(name)}."
            f" {nearest(population, populations)}"
        )
    owner = populations[population]
    if constant not in owner.constants:
        raise DescriptionError(
            f"Network: tied: {shown(constant)} is no constant of {population!r}."
            f" {nearest(constant, owner.constants)}"
        )
    return owner, constant


def read_ties(tied: Mapping[str, str] | None) -> dict[str, str]:
    """The argument `tied` of `Network`: 'population.constant' -> 'population.constant'."""
    if tied is None:
        return {}
    if not isinstance(tied, Mapping) or not all(isinstance(n, str) for pair in tied.items() for n in pair):
        raise DescriptionError(
            f"Network: tied {shown(tied)} is not a dict of names."
            f" Give one, such as {{'second.bias': 'first.bias'}}."
        )
    return {spelt(constant): spelt(source) for constant, source in tied.items()}
