"""A network with some of its parts described anew: learned weights put in, other constants, more text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.errors import DescriptionError, nearest
from neurosim.network.codec import NEURONS, SYNAPSES
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, Part, Population
from neurosim.network.synapses import Delayed, Synapses, Transposed

Changes = Mapping[str, Mapping[str, Any]]


def rebuilt(net: Network, changes: Changes) -> Network:
    """The same network, but for `changes`: what to give to `Neurons` or `Synapses` instead, or besides, by the name of each.

    Arrays of weights have the shape that the synapses' wiring takes. Names stay, and so do all random draws that are not
    replaced.

    Raises DescriptionError for names that the network does not have, and for a weight given to synapses that share that of others.

    >>> import neurosim as ns
    >>> x, y = ns.Neurons("x", 2), ns.cells.unit("y", 1)
    >>> net = ns.Network(ns.Synapses(x, y), schedule=ns.Layered())
    >>> rebuilt(net, {"y": {"bias": 0.5}, "x_to_y": {"weight": [[1.0, 2.0]]}})["x_to_y"].weight.number
    array([[1., 2.]])
    """
    for name in changes:
        if name not in net:
            raise DescriptionError(
                f"rebuilt: the network has nothing called {name!r}. {nearest(name, (*net.populations, *net.synapses))}"
            )
    populations = {name: _neurons(item, changes.get(name, {})) for name, item in net.populations.items()}
    done: dict[str, Synapses] = {}
    owners = sorted(
        net.synapses, key=lambda name: isinstance(net.synapses[name].weight, Synapses | Transposed)
    )  # shared weights after their owners
    for name in owners:
        done[name] = _synapses(net, name, populations, done, changes.get(name, {}))
    return Network(*populations.values(), *(done[name] for name in net.synapses), schedule=net.schedule)


def _neurons(item: Neurons, change: Mapping[str, Any]) -> Neurons:
    if not change:
        return item
    given: dict[str, Any] = (
        {field: getattr(item, field) for field in NEURONS} | dict(item.constants) | dict(change)
    )
    return Neurons(given.pop("name"), given.pop("shape"), **given)


def _synapses(
    net: Network,
    name: str,
    populations: Mapping[str, Neurons],
    done: Mapping[str, Synapses],
    change: Mapping[str, Any],
) -> Synapses:
    item = net.synapses[name]
    given: dict[str, Any] = (
        {field: getattr(item, field) for field in SYNAPSES} | {"name": name} | dict(item.constants)
    )
    given |= {"pre": _moved(item.pre, populations), "post": _moved(item.post, populations)}
    source, tied = item.weight_population, item.owner
    if tied is not None:
        if "weight" in change:
            raise DescriptionError(
                f"rebuilt: {item.label} share the weights of {tied.label}. Give the weight to those."
            )
        owner = done[net.name_of(tied)]
        given["weight"] = owner.T if isinstance(item.weight, Transposed) else owner
    elif source is not None:
        moved = _moved(source, populations)
        given["weight"] = Delayed(moved, item.weight.ticks) if isinstance(item.weight, Delayed) else moved
    return Synapses(**(given | dict(change)))


def _moved(population: Population, populations: Mapping[str, Neurons]) -> Population:
    whole = populations[population.name]
    return Part(whole, population.key) if isinstance(population, Part) else whole
