"""Numbers of synapses, one for each: weights, delays, constants and start values, given in whichever form.

An expression may use `i` and `j`, which count senders and targets within the parts that the synapses join,
`N_pre` and `N_post`, constants and start values of the neurons (`x_pre`, `x_post`, and `x` for that of the
target), the weight `w`, and other constants of the synapses. Its random numbers are counted by sender and
position, as those of distributions are. It is computed in pieces, so that it takes little more memory than
its result.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.called import CalledConstant
from neurosim.network.draws import Pairs, positions, table_of
from neurosim.network.expression import Expression
from neurosim.network.network import Network
from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses
from neurosim.network.text import quoted
from neurosim.network.values import Value
from neurosim.network.weights import Distribution
from neurosim.network.wiring import pairs
from neurosim.plan.called import Called, lower_called
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.dimensions import unit_value
from neurosim.plan.expressions import StartNumbers, circle, computed
from neurosim.plan.random import DrawRandom, Stream

PIECE = 2**16  # synapses that are computed at once, so that what is between takes little memory


def per_synapse(net: Network, name: str, key: str, found: Pairs, seed: int) -> np.ndarray:
    """One number for each synapse, in double precision and SI units.

    name: of the synapses
    key: 'weight', 'delay' or a constant of them
    found: the synapses, by their local ends, sorted by sender
    """
    item = net.synapses[name]
    given = item.given(key)
    if isinstance(given, Expression):
        return SynapseNumbers(net, name, found, seed).array(key)
    return listed(given, item, found, Stream(seed, f"{name}.{key}"))


def private_weights(net: Network, name: str, seed: int) -> np.ndarray:
    """The weights of private sources: one number, or one for each target."""
    item = net.synapses[name]
    if item.owner is not None:
        return private_weights(net, net.name_of(item.owner), seed)
    if isinstance(item.weight, Value) and item.weight.scalar:
        return item.weight.number.astype(np.float64)
    targets = np.arange(item.post.size)
    return per_synapse(net, name, "weight", Pairs(np.zeros_like(targets), targets), seed)


def listed(given: object, item: Synapses, found: Pairs, stream: Stream) -> np.ndarray:
    """One number for each synapse, from a number, an array or a distribution."""
    if isinstance(given, Distribution):
        table = table_of(found, item.pre.size, item.post.size, stream)
        return np.asarray(given.draw(table), dtype=np.float64)
    assert isinstance(given, Value)
    number = given.number.astype(np.float64)
    if number.ndim == 0:
        return np.full(found.pre.size, float(number))
    if number.ndim == 1:
        return number[item.wiring.order] if isinstance(item.wiring, pairs) else number[found.post]
    return number[found.post, found.pre]


class EndNumbers:
    """The numbers of the neurons that synapses join, by the names that expressions of synapses use.

    Those of a neuron have one number for each neuron of the part, (local index,); others are plain numbers.
    """

    def __init__(self, net: Network, item: Synapses, seed: int):
        self.item = item
        self._ends = {
            "_pre": (item.pre, StartNumbers(net, item.pre.population, seed)),
            "_post": (item.post, StartNumbers(net, item.post.population, seed)),
        }
        self._found: dict[str, tuple[str, Numeric]] = {}

    def __call__(self, name: str) -> tuple[str, Numeric]:
        """The end that a name belongs to, '_pre' or '_post', and its number."""
        if name not in self._found:
            self._found[name] = self._number(name)
        return self._found[name]

    def _number(self, name: str) -> tuple[str, Numeric]:
        suffix = "_pre" if name.endswith("_pre") else "_post"
        part, start = self._ends[suffix]
        variable = name.removesuffix(suffix)
        if name in ("i", "j"):
            suffix, part = ("_pre", self.item.pre) if name == "i" else ("_post", self.item.post)
            return suffix, np.arange(part.size, dtype=np.float64)
        if name in ("N_pre", "N_post"):
            return suffix, float(part.size)
        known = unit_value(name)
        if known is not None and not _is_of(variable, part):
            return suffix, float(known.number)
        value = start(variable)
        return suffix, np.reshape(value, -1)[part.indices] if np.ndim(value) else value


def _is_of(name: str, end: Population) -> bool:
    """Whether a name belongs to a population, which then hides a unit of the same name."""
    population = end.population
    own = {*population.constants, *population.states, *population.subexpressions, *population.port_names}
    return name in own


class SynapseNumbers:
    """The numbers of synapses that are expressions, and all that these use.

    found: the synapses, by their local ends, sorted by sender
    """

    def __init__(self, net: Network, name: str, found: Pairs, seed: int):
        self.net, self.name, self.found, self.seed = net, name, found, seed
        self.item = net.synapses[name]
        self.ends = EndNumbers(net, self.item, seed)
        self._arrays: dict[str, np.ndarray] = {}

    def array(self, key: str, path: tuple[str, ...] = ()) -> np.ndarray:
        """One number for each synapse. `path`: the keys whose expressions need it."""
        if key in path:
            raise PlanError(circle(f"{self.item.label}: {path[0]}", (*path, key)))
        if key not in self._arrays:
            given = self._given(key)
            self._arrays[key] = (
                self._compute(key, given, path)
                if isinstance(given, Expression)
                else listed(given, self.item, self.found, Stream(self.seed, f"{self.name}.{key}"))
            )
        return self._arrays[key]

    def _given(self, key: str) -> object:
        return self.item.given(key)

    def _compute(self, key: str, given: Expression, path: tuple[str, ...]) -> np.ndarray:
        own = {name: self._own(name, (*path, key)) for name in given.names}
        place = positions(self.found.pre) if given.random else self.found.pre
        result = np.empty(self.found.pre.size)
        for piece in pieces(result.size):
            pre, post = self.found.pre[piece], self.found.post[piece]
            names = {name: self._taken(name, value, piece, pre, post) for name, value in own.items()}
            ends = pre.astype(np.uint32), place[piece].astype(np.uint32)
            random = DrawRandom(self.seed, f"{self.name}.{key}", *ends)
            label = f"{self.item.label}: {key}"
            result[piece] = computed(given.text, names, None, random, label)
            wrong = np.flatnonzero(~np.isfinite(result[piece]))
            if wrong.size:
                raise PlanError(
                    f"{label}={quoted(given.text)} is {result[piece][wrong[0]]} for the synapse from neuron"
                    f" {pre[wrong[0]]} to neuron {post[wrong[0]]}. Give an expression that is finite, or a"
                    " wiring without this synapse."
                )
        return result

    def _own(self, name: str, path: tuple[str, ...]) -> np.ndarray | float | Called | None:
        """The numbers of a constant of the synapses, or of the weight; None for a name of the neurons."""
        if name == "w" and name not in self.item.constants:
            return self._weight(path)
        if name == "dt" and self.net.dt:
            return self.net.dt
        given = self.item.constants.get(name)
        if isinstance(given, CalledConstant):
            time, tick = self.net.schedule.time_dim, self.net.dt or 1.0
            return lower_called(given, f"{self.item.label}: {name}", time, tick)
        if isinstance(given, Value) and given.scalar:
            return float(given.number)
        return None if given is None else self.array(name, path)

    def _weight(self, path: tuple[str, ...]) -> np.ndarray:
        if not isinstance(self.item.weight, Value | Distribution | Expression):
            raise PlanError(
                f"{self.item.label}: {path[-1]} uses w, but the weights are not these synapses' own."
                " Use an expression without w."
            )
        return self.array("weight", path)

    def _taken(
        self,
        name: str,
        own: np.ndarray | float | Called | None,
        piece: slice,
        pre: np.ndarray,
        post: np.ndarray,
    ) -> Numeric:
        """The numbers of a name for the synapses of a piece."""
        if own is not None:
            return own[piece] if isinstance(own, np.ndarray) else own
        suffix, value = self.ends(name)
        return value[pre if suffix == "_pre" else post] if np.ndim(value) else value


def pieces(size: int) -> Iterator[slice]:
    """Slices that divide `size` synapses into pieces."""
    return (slice(first, min(first + PIECE, size)) for first in range(0, size, PIECE))
