"""A network with some of its parts described anew: learned weights put in, other constants, more text."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.errors import DescriptionError, nearest
from neurosim.network.arguments import Arguments
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons

Changes = Mapping[str, Arguments]


def rebuilt(net: Network, changes: Changes) -> Network:
    """The same network, but for `changes`.

    changes: by the name of a population or of synapses, the arguments of `Neurons` or `Synapses` that replace
        those of the old one, or that are added to them. An array of weights has the shape that the wiring
        takes.

    Names stay, and so do all random draws that are not replaced.

    Raises DescriptionError for names that the network does not have, and for a weight given to synapses that
    share that of others.

    >>> import neurosim as ns
    >>> x, y = ns.Neurons("x", 2), ns.cells.unit("y", 1)
    >>> net = ns.Network(ns.Synapses(x, y), schedule=ns.Layered())
    >>> rebuilt(net, {"y": {"bias": 0.5}, "x_to_y": {"weight": [[1.0, 2.0]]}})["x_to_y"].weight.number
    array([[1., 2.]])
    """
    for name in changes:
        if name not in net:
            raise DescriptionError(
                f"rebuilt: the network has nothing called {name!r}."
                f" {nearest(name, (*net.populations, *net.synapses))}"
            )

    def population(old: Neurons) -> Neurons:
        for key in changes.get(old.name, {}):
            if f"{old.name}.{key}" in net.tied:
                raise DescriptionError(
                    f"rebuilt: {key!r} of {old.name!r} is tied to {net.tied[f'{old.name}.{key}']!r}."
                    " Give the value to that."
                )
        return Neurons(**(old.arguments | dict(changes[old.name]))) if changes.get(old.name) else old

    def synapses(name: str, arguments: Arguments) -> Arguments:
        change = changes.get(name, {})
        old = net.synapses[name]
        if old.owner is not None and "weight" in change:
            raise DescriptionError(
                f"rebuilt: {old.label} share the weights of {old.owner.label}. Give the weight to those."
            )
        return arguments | dict(change)

    return net.map(population, synapses)
