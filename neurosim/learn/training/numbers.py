"""The numbers that a network has learned, apart from the network: taken
out, and put into this network or another one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.learn.training.parameters import learned_delay, read_parameters
from neurosim.network.arguments import Arguments, named_arguments
from neurosim.network.network import Network, require_network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import Value
from neurosim.plan.materialize import materialized


@named_arguments
def learned(net: Network, *, seed: int = 0) -> dict[str, np.ndarray]:
    """All numbers of a network that training may change.

    net: with weights or constants that learn.
    seed: that of a run which draws those that are not numbers yet.

    Returns arrays in SI units: weights by the name of their synapses, in the shape that their wiring takes,
    such as (post, pre); delays that learn by 'synapses.delay', in the same shape; constants by
    'population.constant'. `with_learned` puts them back. A file that other programs read is one line:
    `safetensors.numpy.save_file(learned(net), "net.safetensors")`.

    Raises DescriptionError where nothing in the network learns.

    >>> import neurosim as ns
    >>> net = ns.Network(
    ...     ns.Synapses(ns.Neurons("x", 2), ns.cells.unit("y", 1), weight=0.5, learns=True),
    ...     schedule=ns.Layered(),
    ... )
    >>> ns.learn.learned(net)
    {'x_to_y': array([[0.5, 0.5]])}
    """
    require_network(net, "learned")
    return {name: value.copy() for name, value in read_parameters(net, seed).values.items()}


@named_arguments
def with_learned(
    net: Network, numbers: Mapping[str, ArrayLike], *, partly: bool = False, seed: int = 0
) -> Network:
    """The network with these numbers in place of its own.

    net: the network. Weights and constants need not be marked to learn,
        so a layer can be taken over and kept as it is.
    numbers: as `learned` returns them, or `safetensors.numpy.load_file`: weights by the name of synapses,
        constants by 'population.constant', in SI units.
    partly: True puts in what fits by name and shape, and leaves the rest of the network as it is: a layer of
        another network, or a memory with more rows than the one that was trained.
    seed: that of a run which draws what is not put in.

    Returns a network whose draws are made.

    Raises DescriptionError for a number that is not finite; without `partly` for names that
    the network does not have, for shapes that do not fit, and for numbers of the network that
    learn and are missing; with it where nothing fits.

    >>> import neurosim as ns
    >>> net = ns.Network(
    ...     ns.Synapses(ns.Neurons("x", 2), ns.cells.unit("y", 1), learns=True), schedule=ns.Layered()
    ... )
    >>> ns.learn.with_learned(net, {"x_to_y": [[1.0, 2.0]]})["x_to_y"].weight.number
    array([[1., 2.]])
    """
    require_network(net, "with_learned")
    if not isinstance(numbers, Mapping):
        raise DescriptionError(
            f"with_learned: numbers {shown(numbers)} is not a dict."
            " Give what learned(net) returned, or safetensors' load_file."
        )
    net = materialized(net, seed)
    own = _own_numbers(net)
    changes: dict[str, Arguments] = {}
    for name, given in numbers.items():
        array = np.asarray(given, np.float64)
        fits = name in own and own[name].shape == array.shape
        if not fits and not partly:
            raise DescriptionError(_misfit(name, array, own))
        if not np.all(np.isfinite(array)):
            raise DescriptionError(
                f"with_learned: {name!r} holds numbers that are not finite. Give finite ones."
            )
        if fits:
            owner, _, constant = name.partition(".")
            changes.setdefault(owner, {})[constant or "weight"] = Value(array, own[name].dim)
    missing = [] if partly else sorted(set(_learning(net)) - set(numbers))
    if missing:
        raise DescriptionError(
            f"with_learned: numbers has no {missing[0]!r}, which learns. Add it, or give partly=True."
        )
    if not changes:
        raise DescriptionError(
            f"with_learned: nothing of numbers fits this network by name and shape. It has: {', '.join(own)}."
        )
    return rebuilt(net, changes)


def _own_numbers(net: Network) -> dict[str, Value]:
    """The weights and constants of a network that are its own: not
    shared, not tied, not what a population sends.
    """
    weights = {name: item.weight for name, item in net.synapses.items() if isinstance(item.weight, Value)}
    weights |= {
        f"{name}.delay": learned_delay(net, name)
        for name, item in net.synapses.items()
        if "delay" in item.learning
    }
    constants = {
        f"{population.name}.{key}": value
        for population in net.populations.values()
        for key, value in population.constants.items()
        if isinstance(value, Value) and f"{population.name}.{key}" not in net.tied
    }
    return weights | constants


def _learning(net: Network) -> list[str]:
    weights = [
        name
        for name, item in net.synapses.items()
        if "weight" in item.learning and isinstance(item.weight, Value)
    ]
    weights += [f"{name}.delay" for name, item in net.synapses.items() if "delay" in item.learning]
    constants = [f"{p.name}.{key}" for p in net.populations.values() for key in p.learns]
    return [*weights, *(name for name in constants if name not in net.tied)]


def _misfit(name: str, array: np.ndarray, own: Mapping[str, Value]) -> str:
    if name not in own:
        return (
            f"with_learned: the network has no numbers called {shown(name)}. {nearest(name, own)}"
            " Leave it out, or give partly=True."
        )
    return (
        f"with_learned: {name!r} has shape {array.shape}, the network needs {own[name].shape}."
        " Give that shape, or partly=True to leave out what does not fit."
    )
