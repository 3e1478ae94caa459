"""The parameters of a network that training may change, and the network with other values of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.contraction import einsum
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Transposed
from neurosim.network.text import names_in
from neurosim.network.values import Value
from neurosim.network.windows import conv, pool
from neurosim.plan.draw import weight_numbers
from neurosim.plan.materialize import materialized

Floats = NDArray[np.float64]
Names: TypeAlias = str | Sequence[str]  # of parameters; shell patterns are allowed
# Arrays of numpy or JAX, or tracers of JAX. Nothing here needs JAX, which is optional.
Array = TypeVar("Array", bound=Any)
ProgramNumbers: TypeAlias = dict[
    str, Any
]  # the numbers of an array program: weights, constants and start values


@dataclass(frozen=True, eq=False)
class Parameters:
    """What learns in a network.

    net: the network, in which all random numbers are drawn.
    seed: the seed of these draws.
    values: the value of each parameter before training, in SI units. Weights are called after their
        synapses, delays 'synapses.delay', constants 'population.constant'.
    """

    net: Network
    seed: int
    values: Mapping[str, Floats]

    @property
    def weights(self) -> list[str]:
        """The names of the parameters that are weights of synapses."""
        return [name for name in self.values if name in self.net.synapses]

    @property
    def delays(self) -> dict[str, str]:
        """The parameters that are delays of synapses, and the names of these."""
        split = {name: name.partition(".") for name in self.values}
        return {name: owner for name, (owner, dot, _) in split.items() if dot and owner in self.net.synapses}

    def network_with(self, values: Mapping[str, ArrayLike]) -> Network:
        """The network with other values of some parameters."""
        changes: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            array = np.asarray(value, np.float64)
            owner, _, constant = name.partition(".")
            if owner in self.net.synapses:
                weight = self.net.synapses[owner].weight
                assert isinstance(weight, Value)  # its draws are made
                dim = self.net.schedule.time_dim if constant else weight.dim
                changes.setdefault(owner, {})[constant or "weight"] = Value(array, dim)
            else:
                old = _constant(self.net.populations[owner], constant)
                changes.setdefault(owner, {})[constant] = Value(array.reshape(old.shape), old.dim)
        return rebuilt(self.net, changes)


def read_parameters(net: Network, seed: int) -> Parameters:
    """Everything marked `learns` in a network, with the values that a run with this seed begins with.

    Raises DescriptionError if nothing is marked, if a marked weight is the message of a population, and if a
    marked constant stands in equations.
    """
    net = materialized(net, seed)
    values: dict[str, Floats] = {}
    for name, synapses in net.synapses.items():
        if "delay" in synapses.learning:
            values[f"{name}.delay"] = learned_delay(net, name).number
        if "weight" not in synapses.learning:
            continue
        if synapses.weight_population is not None:
            raise DescriptionError(
                f"{synapses.label}: learns=True, but its weight is what {synapses.weight_population.name!r}"
                " sends. Let that learn instead."
            )
        owner = net.owner(synapses) or name
        weight = net.synapses[owner].weight
        assert isinstance(weight, Value)  # laws of weights were drawn by `materialized`
        values[owner] = np.asarray(weight.number, np.float64)
    for population in net.populations.values():
        for constant in population.learns:
            _check_constant(population, constant)
            if f"{population.name}.{constant}" in net.tied:
                continue
            number = _constant(population, constant).number
            values[f"{population.name}.{constant}"] = np.asarray(number, np.float64)
    if not values:
        raise DescriptionError(
            "train: nothing in the network learns."
            " Mark synapses with learns=True, or constants with learns=('bias',)."
        )
    return Parameters(net, seed, values)


def learned_delay(net: Network, name: str) -> Value:
    """The delays of synapses that learn: one for each, in the shape of the weights.

    net: with its draws made.
    name: that of the synapses.

    Raises DescriptionError for delays that text changes, and for several texts with delays of their own.
    """
    synapses = net.synapses[name]
    delay, weight = synapses.delay, synapses.weight
    if synapses.text or not isinstance(delay, Value) or not isinstance(weight, Value):
        raise DescriptionError(
            f"{synapses.label}: the delays learn, but the synapses have text, or weights of others."
            " Take 'delay' out of learns=."
        )
    delays = np.broadcast_to(np.asarray(delay.number, np.float64), weight.shape).copy()
    return Value(delays, net.schedule.time_dim)  # a delay of 0 may have no unit


def _constant(population: Neurons, name: str) -> Value:
    value = population.constants[name]
    assert isinstance(value, Value)  # text of a constant was drawn by `materialized`
    return value


def _check_constant(population: Neurons, constant: str) -> None:
    """Refuse a constant of equations: lowering folds it into coefficients, which no gradient reaches."""
    in_equations = constant not in population.states and any(
        constant in names_in(line.expression) for line in population.lines
    )
    if in_equations:
        raise DescriptionError(
            f"Neurons {population.name!r}: {constant} learns, but it stands in equations, which are"
            " integrated with fixed coefficients."
            " Use it in update text, such as 'v = v + dt/tau*(I - v)', or take the mark away."
        )


class Placing:
    """A function (numbers, values) -> the numbers of an array program with these parameters in them.

    dense: names of the synapses whose weights the program keeps as a matrix.
    broadcast: `broadcast_to` of the library whose arrays the values are.

    key: equal for two of these that do the same to networks of one structure.
    """

    def __init__(
        self,
        parameters: Parameters,
        dense: Collection[str],
        broadcast: Callable[[Array, tuple[int, ...]], Array],
    ):
        net, seed = parameters.net, parameters.seed
        self.broadcast = broadcast
        self.weights = [
            (name, owner, _weight_place(net, name, seed, name in dense))
            for name, synapses in net.synapses.items()
            if (owner := net.owner(synapses) or name) in parameters.values
        ]
        owners = {name: name for name in parameters.values if name.partition(".")[0] not in net.synapses}
        owners |= {name: source for name, source in net.tied.items() if source in owners}
        self.constants = [(*name.split("."), source) for name, source in owners.items()]

    @property
    def key(self) -> Hashable:
        places = tuple((name, owner, place.key) for name, owner, place in self.weights)
        return places, tuple(self.constants)

    def __call__(self, numbers: ProgramNumbers, values: Mapping[str, Array]) -> ProgramNumbers:
        changed = {name: place(values[owner]) for name, owner, place in self.weights if owner in values}
        groups = {
            part: {name: dict(of) for name, of in numbers[part].items()} for part in ("constants", "start")
        }
        for population, constant, source in self.constants:
            value = values.get(source)
            if value is not None:
                # A constant that the text changes is a state, and its value is where that begins.
                part = "start" if constant in groups["start"][population] else "constants"
                shape = np.shape(groups[part][population][constant])
                groups[part][population][constant] = self.broadcast(value, shape)
        return {**numbers, **groups, "weights": {**numbers["weights"], **changed}}


@dataclass(frozen=True, eq=False)
class _WeightPlace:
    """From the weights of a parameter to those of the pathway that synapses become.

    turned: they are transposed.
    joined: 1 where there is a synapse, shape (post, pre), unless there is one everywhere.
    numbers: for each synapse, the flat index of its weight, if the pathway has a weight for each.
    """

    turned: bool = False
    joined: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None

    @property
    def key(self) -> Hashable:
        """Equal for places that do the same."""
        arrays = (self.joined, self.numbers)
        return self.turned, *(
            None if array is None else blake2b(array.tobytes()).digest() for array in arrays
        )

    def __call__(self, value: Array) -> Array:
        if self.numbers is not None:
            return value.reshape(-1)[self.numbers]
        value = value.T if self.turned else value
        return value if self.joined is None else value * self.joined.astype(value.dtype)


def _weight_place(net: Network, name: str, seed: int, dense: bool) -> _WeightPlace:
    """Where the weights of a parameter go in the pathway that the synapses `name` become."""
    synapses = net.synapses[name]
    if isinstance(synapses.wiring, conv | pool | einsum) and not synapses.text:
        return _WeightPlace()
    if not dense:
        return _WeightPlace(numbers=weight_numbers(net, name, seed))
    joined = None
    same_population = synapses.pre.population is synapses.post.population
    if same_population and not getattr(synapses.wiring, "to_self", True):
        joined = synapses.post.indices[:, None] != synapses.pre.indices[None, :]
    return _WeightPlace(isinstance(synapses.weight, Transposed), joined)


def check_reached(
    net: Network, parameters: Parameters, populations: Collection[str], learns: Sequence[str]
) -> None:
    """Raise DescriptionError for a parameter from which nothing leads to a population with a loss."""
    reached = _leading_to(net, populations)
    for name in learns:
        owner = parameters.delays.get(name, name)
        if owner in net.synapses:
            ends = {s.post.name for key, s in net.synapses.items() if name in (key, net.owner(s))}
            ends = ends or {net.synapses[owner].post.name}  # of delays
            label = parameters.net.synapses[owner].label
        else:
            population, _, constant = name.partition(".")
            tied = {other for other, source in net.tied.items() if source == name}
            ends = {other.partition(".")[0] for other in (name, *tied)}
            label = f"Neurons {population!r}: {constant}"
        if not ends & reached:
            raise DescriptionError(
                f"{label}: learns, but nothing leads from it to a population with a loss"
                f" ({', '.join(sorted(populations))})."
                " Connect it, take the mark away, or leave it out of learns=."
            )


def _leading_to(net: Network, populations: Collection[str]) -> set[str]:
    """These populations and all from which a path of synapses leads to one of them."""
    reached = new = set(populations)
    while new:
        into = [synapses for synapses in net.synapses.values() if synapses.post.name in new]
        senders = {synapses.pre.name for synapses in into}
        senders |= {s.weight_population.name for s in into if s.weight_population is not None}
        new = senders - reached
        reached = reached | new
    return reached


def choose(parameters: Parameters, wanted: Names | None) -> list[str]:
    """The names of the parameters that `learns=` selects; all if it is None."""
    names = list(parameters.values)
    if wanted is None:
        return names
    patterns = [wanted] if isinstance(wanted, str) else list(wanted)
    for pattern in patterns:
        _check_marked(parameters, pattern)
        if not isinstance(pattern, str) or not any(fnmatchcase(name, pattern) for name in names):
            raise DescriptionError(
                f"train: learns: {shown(pattern)} names nothing that learns. {nearest(pattern, names)}"
            )
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _check_marked(parameters: Parameters, name: str) -> None:
    """Refuse a part of the network that is not marked to learn."""
    names = list(parameters.values)
    if not isinstance(name, str) or name not in parameters.net or name in names:
        return
    if not any(other.startswith(f"{name}.") for other in names):
        raise DescriptionError(
            f"train: learns: {name!r} is not marked to learn."
            f" Mark it with learns=True. {nearest(name, names)}"
        )
