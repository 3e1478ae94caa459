"""The numbers of a network that training may change, and the network with learned ones in their place."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.learn.training.targets import matching
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Synapses, Transposed
from neurosim.network.text import names_in
from neurosim.network.values import Value
from neurosim.network.windows import conv, einsum, pool
from neurosim.plan.draw import weight_numbers
from neurosim.plan.materialize import materialized


@dataclass(frozen=True, eq=False)
class Parameters:
    """What learns in a network whose draws are made: weights by the name of synapses, constants as 'population.constant'."""

    net: Network
    seed: int
    values: Mapping[str, np.ndarray]

    @property
    def weights(self) -> list[str]:
        """The names of those that are weights of synapses."""
        return [name for name in self.values if name in self.net.synapses]

    def learned(self, values: Mapping[str, Any]) -> Network:
        """The network with these numbers."""
        changes: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            array = np.asarray(value, np.float64)
            if name in self.net.synapses:
                weight = self.net.synapses[name].weight
                assert isinstance(weight, Value)  # its draws are made
                changes[name] = {"weight": Value(array, weight.dim)}
            else:
                population, _, constant = name.partition(".")
                old = self.net.populations[population].constants[constant]
                changes.setdefault(population, {})[constant] = Value(array.reshape(old.shape), old.dim)  # type: ignore[union-attr]
        return rebuilt(self.net, changes)


def read_parameters(net: Network, seed: int) -> Parameters:
    """Everything marked `learns`, with the numbers that a run with this seed draws.

    Raises DescriptionError where nothing is marked, or where a weight that is a message is.
    """
    net = materialized(net, seed)
    values: dict[str, np.ndarray] = {}
    for name, item in net.synapses.items():
        if not item.learns:
            continue
        if item.weight_population is not None:
            raise DescriptionError(
                f"{item.label}: learns=True, but its weight is what {item.weight_population.name!r} sends. Let that learn instead."
            )
        owner = net.owner(item) or name
        weight = net.synapses[owner].weight
        assert isinstance(weight, Value)
        values[owner] = np.asarray(weight.number, np.float64)
    for population in net.populations.values():
        for constant in population.learns:
            _check_constant(population, constant)
            if f"{population.name}.{constant}" in net.tied:
                continue
            number = population.constants[constant].number  # type: ignore[union-attr]
            values[f"{population.name}.{constant}"] = np.asarray(number, np.float64)
    if not values:
        raise DescriptionError(
            "train: nothing in the network learns. Mark synapses with learns=True, or constants with learns=('bias',)."
        )
    return Parameters(net, seed, values)


def _check_constant(population: Neurons, constant: str) -> None:
    """Refuse a constant that is folded into coefficients when the network is lowered: no gradient reaches it."""
    if (
        population.lines
        and constant not in population.states
        and any(constant in names_in(line.expression) for line in population.lines)
    ):
        raise DescriptionError(
            f"Neurons {population.name!r}: {constant} learns, but it stands in equations, which are integrated with fixed coefficients."
            " Use it in update text, such as 'v = v + dt/tau*(I - v)', or take the mark away."
        )


def placing(
    parameters: Parameters, dense: Container[str], broadcast: Callable[[Any, tuple[int, ...]], Any]
) -> Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """A function (numbers, values) -> the numbers of a program with these values in their place.

    `dense` are the synapses whose weights the program keeps as a matrix (not those that spikes arrive over); `broadcast` is that of the arrays.
    """
    net, seed = parameters.net, parameters.seed
    places = [
        (name, owner, _place(net, name, seed, name in dense))
        for name, item in net.synapses.items()
        if (owner := net.owner(item) or name) in parameters.values
    ]
    owners = {name: name for name in parameters.values if name not in net.synapses}
    owners |= {name: source for name, source in net.tied.items() if source in owners}
    constants = [(*name.split("."), source) for name, source in owners.items()]

    def put(numbers: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        weights = dict(numbers["weights"])
        for name, owner, place in places:
            if owner in values:
                weights[name] = place(values[owner])
        groups = {
            part: {name: dict(of) for name, of in numbers[part].items()} for part in ("constants", "start")
        }
        for population, constant, source in constants:
            value = values.get(source)
            if value is not None:
                part = "start" if constant in groups["start"][population] else "constants"
                groups[part][population][constant] = broadcast(
                    value, np.shape(groups[part][population][constant])
                )
        return {**numbers, **groups, "weights": weights}

    return put


def _place(net: Network, name: str, seed: int, dense: bool) -> Callable[[Any], Any]:
    """From the weights that synapses own to the weights that their pathway takes."""
    item = net.synapses[name]
    if isinstance(item.wiring, conv | pool | einsum) and not item.text:
        return lambda value: value
    if dense:
        return _matrix(item)
    numbers = weight_numbers(net, name, seed)
    return lambda value: value.reshape(-1)[numbers]


def _matrix(item: Synapses) -> Callable[[Any], Any]:
    turned = isinstance(item.weight, Transposed)
    kept = None
    if not item.wiring.to_self and item.pre.population is item.post.population:  # type: ignore[attr-defined]
        kept = item.post.indices[:, None] != item.pre.indices[None, :]

    def place(value: Any) -> Any:
        value = value.T if turned else value
        return value if kept is None else value * kept.astype(value.dtype)

    return place


def check_reached(net: Network, parameters: Parameters, populations: set[str], learns: list[str]) -> None:
    """Refuse a parameter that no loss depends on, whatever its value."""
    reached, new = set(populations), set(populations)
    while new:
        items = [item for item in net.synapses.values() if item.post.name in new]
        sources = {item.pre.name for item in items} | {
            item.weight_population.name for item in items if item.weight_population is not None
        }
        new, reached = sources - reached, reached | sources
    for name in learns:
        owners = (
            [item for key, item in net.synapses.items() if name in (key, net.owner(item))]
            if name in net.synapses
            else []
        )
        tied = {constant for constant, source in net.tied.items() if source == name}
        ends = {item.post.name for item in owners} or {n.partition(".")[0] for n in (name, *tied)}
        if not ends & reached:
            what = (
                parameters.net.synapses[name].label
                if name in net.synapses
                else f"Neurons {name.partition('.')[0]!r}: {name.partition('.')[2]}"
            )
            rule = f"nothing leads from it to a population with a loss ({', '.join(sorted(populations))})"
            raise DescriptionError(
                f"{what}: learns, but {rule}. Connect it, take the mark away, or leave it out of learns=."
            )


def choose(parameters: Parameters, wanted: Any, where: str = "train: learns") -> list[str]:
    """The parameters that these names or patterns name; all where nothing is said."""
    names = list(parameters.values)
    for name in [wanted] if isinstance(wanted, str) else wanted or ():
        if (
            isinstance(name, str)
            and name in parameters.net
            and name not in names
            and not any(n.startswith(f"{name}.") for n in names)
        ):
            raise DescriptionError(
                f"{where}: {name!r} is not marked to learn. Mark it with learns=True. {nearest(name, names)}"
            )
    return names if wanted is None else matching(names, wanted, where)
