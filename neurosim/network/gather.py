"""Reads the arguments of `Network`: collects populations, synapses and whole networks, and names them.

The functions below are the steps of making a network, in their order: collect (`Gathered.add`), name the
populations and the synapses, let driven populations that receive synapses pass on what arrives, and tie
constants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments
from neurosim.network.copies import Copy
from neurosim.network.neurons import Neurons
from neurosim.network.remake import remade
from neurosim.network.synapses import Synapses
from neurosim.network.values import spelt

if TYPE_CHECKING:
    from neurosim.network.network import Network

DEPTH = 10  # how deep lists may lie within lists
Item = Any  # Neurons, Synapses, a Network or a copy of one, or lists of these


@dataclass
class Gathered:
    """What the arguments of `Network` hold, in their order.

    neurons: populations; those that synapses connect are among them, so that one may appear several times.
    synapses: each with its name; in a network that is an argument they may have got their name there.
    parts: the names of the populations of each part, from networks among the arguments.
    tied: 'population.constant' -> the constant whose value it has, from networks among the arguments.
    """

    neurons: list[Neurons] = field(default_factory=list)
    synapses: list[tuple[str, Synapses]] = field(default_factory=list)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)

    def add(self, items: Iterable[Any], network: type[Network], depth: int = 0) -> None:
        """Collect from arguments of `Network`, and from lists of such.

        network: the class `Network`, which this module cannot import
        depth: how many lists the items lie in

        Raises DescriptionError for anything else, and for two different parts of one name.
        """
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
    """The populations by name. Raises DescriptionError if two have the same name."""
    named: dict[str, Neurons] = {}
    for population in neurons:
        if named.setdefault(population.name, population) is not population:
            raise DescriptionError(
                f"Network: two populations are called {population.name!r}."
                " Give each a name of its own, or join copies under other names: net.named('second')."
            )
    return named


def named_synapses(
    synapses: list[tuple[str, Synapses]], populations: Mapping[str, Neurons]
) -> dict[str, Synapses]:
    """The synapses by name. Synapses without a name are called 'pre_to_post', 'pre_to_post_2' and so on.

    Raises DescriptionError if two have the same name, or one has that of a population.
    """
    if len({id(item) for _, item in synapses}) != len(synapses):
        raise DescriptionError("Network: the same Synapses object is given twice. Give it once.")
    chosen = Counter(name for name, _ in synapses if name)
    for name, count in chosen.items():
        if count > 1:
            raise DescriptionError(f"Network: two Synapses are called {name!r}. Give each a name of its own.")
        if name in populations:
            raise DescriptionError(
                f"Network: {name!r} is the name of a population and of synapses. Rename one of them."
            )
    taken = {*chosen, *populations}
    named: dict[str, Synapses] = {}
    for own_name, item in synapses:
        base = name = own_name or f"{item.pre.name}_to_{item.post.name}"
        number = 2
        while not own_name and name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        named[name] = item
    return named


def relayed(
    populations: dict[str, Neurons], synapses: dict[str, Synapses]
) -> tuple[dict[str, Neurons], dict[str, Synapses]]:
    """Populations and synapses in which driven populations that receive synapses send what arrives.

    A driven population has no text. Where a network becomes part of a larger one, what drove it from outside
    may come through synapses instead; the population then gets the text y = I, the sum of its ports, and
    keeps its constants, such as positions. The arguments are returned as they are if there is no such
    population.
    """
    receiving = {item.post.name for item in synapses.values() if item.post.population.driven}
    if not receiving:
        return populations, synapses

    def relay(old: Neurons) -> Neurons:
        if old.name not in receiving:
            return old
        sent = "y"
        while sent in old.constants:
            sent += "_"
        text = f"{sent} = {' + '.join(old.port_names)}"
        changed: Arguments = old.arguments | {"update": text}
        return Neurons(**changed)

    return remade(populations, synapses, relay)


def tied_constants(
    populations: dict[str, Neurons], synapses: dict[str, Synapses], tied: Mapping[str, str]
) -> tuple[dict[str, Neurons], dict[str, Synapses]]:
    """Populations and synapses in which each tied constant has the value of the one it is tied to.

    tied: 'population.constant' -> 'population.constant'

    Raises DescriptionError for constants that do not exist, that are tied to constants which are tied
    themselves, or whose populations have different shapes.
    """
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
                f" those of shape {owner.shape}. Tie constants of populations of one shape."
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
    """The population and the constant that 'population.constant' names; DescriptionError for others."""
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
    """The argument `tied` of `Network`, 'population.constant' -> 'population.constant'; {} for None.

    Raises DescriptionError for anything but a dict of names.
    """
    if tied is None:
        return {}
    if not isinstance(tied, Mapping) or not all(isinstance(n, str) for pair in tied.items() for n in pair):
        raise DescriptionError(
            f"Network: tied {shown(tied)} is not a dict of names."
            f" Give one, such as {{'second.bias': 'first.bias'}}."
        )
    return {spelt(constant): spelt(source) for constant, source in tied.items()}
