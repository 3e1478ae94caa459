"""Start values that are given as a dict, by 'population.variable'."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments
from neurosim.network.expression import read_expression
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import Dim, Numeric, Value, as_value, spelt, unit
from neurosim.plan.expressions import StartNumbers
from neurosim.plan.groups import neuron_scope


def read_values(net: Network, start: Mapping[str, Numeric | str], seed: int) -> dict[str, np.ndarray]:
    """Start values in SI units, each of the shape of its population.

    seed: of the random numbers in those that are expressions

    Raises DescriptionError for what is no variable, or cannot have such a value.
    """
    names = {spelt(str(key)): value for key, value in start.items()}
    computed = _computed_start(net, {k: v for k, v in names.items() if isinstance(v, str)}, names, seed)
    return {name: _start_value(net, name, computed.get(name, value)) for name, value in names.items()}


def start_with_units(net: Network, values: Mapping[str, np.ndarray]) -> dict[str, Numeric]:
    """Start values in SI units, as recordings hold them, with the dimensions of their variables.

    Keys that the network does not know, as in a damaged file, are left for `read_start` to refuse.
    """
    known = {f"{p.name}.{variable}" for p in net.populations.values() for variable in p.states}
    return {
        key: Value(array, _dimensions(net, key)) if key in known else array for key, array in values.items()
    }


def _dimensions(net: Network, key: str) -> Dim:
    """The dimensions of a state variable such as 'cells.v'."""
    name, _, variable = key.partition(".")
    return neuron_scope(net, net.populations[name], set()).dims[variable]


def _computed_start(
    net: Network, texts: Mapping[str, str], start: Mapping[str, Numeric | str], seed: int
) -> dict[str, Value]:
    """The start values that are expressions, which may use the other ones."""
    found: dict[str, Value] = {}
    for key, text in texts.items():
        population, variable = _variable(net, key)
        read_expression(text, f"run: start {key!r}")
        given = {
            other.partition(".")[2]: value
            for other, value in start.items()
            if other.partition(".")[0] == population.name
        }
        arguments: Arguments = population.arguments | given
        changed = Neurons(**arguments)
        dims = neuron_scope(net, changed, set()).dims
        numbers = StartNumbers(net, changed, seed, tied={})
        found[key] = Value(np.asarray(numbers(variable)), dims[variable])
    return found


def _variable(net: Network, key: str) -> tuple[Neurons, str]:
    """The population and the variable that a key such as 'cells.v' names."""
    name, _, variable = key.partition(".")
    population = net.populations.get(name)
    if population is None or variable not in population.states:
        known = [f"{p.name}.{v}" for p in net.populations.values() for v in p.states]
        raise DescriptionError(
            f"run: start {shown(key)} is no state variable of this network. {nearest(key, known)}"
        )
    return population, variable


def _start_value(net: Network, key: str, given: Numeric) -> np.ndarray:
    """The start value of a variable in SI units, shape of its population."""
    population, variable = _variable(net, key)
    value = as_value(given, f"run: start {key!r}")
    wanted = _dimensions(net, key)
    if value.dim != wanted and np.any(value.number):
        raise DescriptionError(
            f"run: start {key!r} is in {unit(value.dim)}, but {variable} is in {unit(wanted)}."
            f" Give it in {unit(wanted)}."
        )
    if variable in population.held:
        raise DescriptionError(
            f"run: start {key!r} is (constant over dt), so that every tick sets it. Leave it out."
        )
    if variable in population.shared and np.any(value.number != value.number.flat[0]):
        raise DescriptionError(f"run: start {key!r} is (shared), so it takes one value. Give one number.")
    try:
        return np.broadcast_to(value.number.astype(float), population.shape)
    except ValueError:
        raise DescriptionError(
            f"run: start {key!r} has shape {value.shape}, the population {population.shape}."
            " Give one value per neuron."
        ) from None
