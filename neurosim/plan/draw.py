"""Wiring, weights and delays of synapses: drawn as flat arrays, or as recipes that are drawn later.

What is drawn by a recipe is drawn by `plan/recipe.py`, or in C++ by `engine/events/core/construct/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, PlanError
from neurosim.network.contraction import einsum
from neurosim.network.draws import Pairs, by_sender, neuron_table
from neurosim.network.matrix_weights import hebbian
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.pathway_texts import LONGEST_DELAY
from neurosim.network.recipe import NumberLaw, NumberRecipe
from neurosim.network.synapses import Synapses, Transposed
from neurosim.network.values import Value
from neurosim.network.weights import Distribution
from neurosim.network.windows import conv, pool
from neurosim.network.wiring import all_to_all, pairs
from neurosim.plan.expressions import StartNumbers
from neurosim.plan.memory import refuse_size
from neurosim.plan.random import Stream
from neurosim.plan.recipe import USE_FEWER, Convolution, Edges, Pooling, Recipe, Windows
from neurosim.plan.synapse_numbers import listed, per_synapse
from neurosim.plan.wiring_conditions import pairs_of

ROW_BYTES = 16.0  # about the most memory that a synapse takes in an engine which draws recipes itself


@dataclass(frozen=True, eq=False)
class Drawn:
    """Drawn synapses, sorted by local sender.

    pre, post: the local indices of sender and target, (synapse,)
    shared: the flat index of each weight in an array of shared weights, (synapse,); None if none are shared
    weight: the weight of each synapse, (synapse,)
    own: the array of weights that synapses share, each number once; the same as `weight` if none are shared
    """

    pre: np.ndarray
    post: np.ndarray
    shared: np.ndarray | None
    weight: np.ndarray
    own: np.ndarray


def draw_edges(net: Network, name: str, seed: int, dtype: Any) -> Edges:
    """The synapses called `name` as the arrays of a pathway; weights in `dtype`."""
    return as_edges(net, name, draw_synapses(net, name, seed), seed, dtype)[0]


def as_edges(net: Network, name: str, drawn: Drawn, seed: int, dtype: Any) -> tuple[Edges, np.ndarray]:
    """Drawn synapses as the arrays of a pathway, with their delays; and the order that sorted them."""
    item = net.synapses[name]
    # A part of a population may list its neurons in any order, but a pathway is sorted by their flat indices.
    sender = item.pre.indices[drawn.pre]
    order = np.argsort(sender, kind="stable")
    receiver = item.post.indices[drawn.post[order]]
    return Edges(
        sender[order], receiver, drawn.weight[order].astype(dtype), delay_ticks(net, name, drawn, seed)[order]
    ), order


def draw_synapses(net: Network, name: str, seed: int) -> Drawn:
    """The synapses called `name`, drawn with `seed`; the same for every engine."""
    item = net.synapses[name]
    try:
        return _draw(net, name, item, seed)
    except (DescriptionError, PlanError) as error:
        known = str(error).startswith(
            "Synapses "
        )  # what it says it is about, which may be the owner of weights
        raise type(error)(str(error) if known else f"{item.label}: {error}") from None


def draw_ends(net: Network, name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The flat indices of senders and targets of synapses, in the order of a pathway's arrays."""
    item = net.synapses[name]
    if isinstance(item.weight, (Synapses, Transposed)):
        found = draw_synapses(net, name, seed)
    else:
        found = pairs_of(net, name, seed)
    sender = item.pre.indices[found.pre]
    order = np.argsort(sender, kind="stable")
    return sender[order], item.post.indices[found.post[order]]


def weight_numbers(net: Network, name: str, seed: int) -> np.ndarray:
    """For each synapse, in a pathway's order, the flat index of its weight in the array that was given.

    It is what would be drawn if the weights were 0, 1, 2, ...; only for networks in which all random numbers
    are drawn (`plan/materialize.py`).
    """
    item = net.synapses[name]
    drawn = _draw(net, name, item, seed, numbered=True)
    order = np.argsort(item.pre.indices[drawn.pre], kind="stable")
    return drawn.weight[order].astype(np.int64)


def _draw(net: Network, name: str, item: Synapses, seed: int, *, numbered: bool = False) -> Drawn:
    if isinstance(item.weight, (Synapses, Transposed)):
        return _tied(net, item.weight, seed, numbered)
    found = pairs_of(net, name, seed)
    stream = Stream(seed, f"{name}.weight")
    shape = item.wiring.weight_shape(item.pre, item.post)
    if shape is None:
        if numbered:
            assert isinstance(item.weight, Value)
            weight = listed(_counted(item.weight), item, found, stream)
        else:
            weight = per_synapse(net, name, "weight", found, seed)
        if found.factor is not None and not numbered:
            weight = weight * found.factor
        return Drawn(found.pre, found.post, None, weight, weight)
    own = np.arange(prod(shape)).reshape(shape) if numbered else shared_weights(item, shape, stream)
    assert found.shared is not None
    return Drawn(found.pre, found.post, found.shared, own.reshape(-1)[found.shared], own)


def _counted(given: Value) -> Value:
    """An array of the same shape that counts its entries."""
    return Value(np.arange(given.number.size).reshape(given.shape))


def _tied(net: Network, weight: Synapses | Transposed, seed: int, numbered: bool) -> Drawn:
    """Synapses that take the weights of others, as they are or transposed."""
    source = weight.synapses if isinstance(weight, Transposed) else weight
    owner = net.name_of(source)
    # Drawn under the name of the owner, so that both have the same random numbers.
    drawn = _draw(net, owner, source, seed, numbered=numbered)
    if not isinstance(weight, Transposed):
        return drawn
    # Senders and targets change places, so the synapses are sorted by their new senders.
    order = np.argsort(drawn.post, kind="stable")
    shared = None if drawn.shared is None else drawn.shared[order]
    return Drawn(
        drawn.post[order],
        drawn.pre[order],
        shared,
        drawn.weight[order],
        drawn.own if shared is not None else drawn.weight[order],
    )


def shared_weights(item: Synapses, shape: tuple[int, ...], stream: Stream) -> np.ndarray:
    """The array of shared weights of conv or einsum."""
    if isinstance(item.weight, Distribution):
        table = neuron_table(stream, prod(shape), *_shared_fans(item, shape))
        return np.asarray(item.weight.draw(table), dtype=np.float64).reshape(shape)
    assert isinstance(item.weight, Value)
    return np.broadcast_to(item.weight.number.astype(np.float64), shape).copy()


def _shared_fans(item: Synapses, shape: tuple[int, ...]) -> tuple[float, float]:
    """Fan-in and fan-out: of a kernel (out, in, *window), or the sizes of einsum's summed and new axes."""
    if isinstance(item.wiring, einsum):
        sender, weight, target = item.wiring.operands
        size = dict(zip(weight, shape, strict=True))
        return float(prod(size[a] for a in weight if a not in target)), float(
            prod(size[a] for a in weight if a not in sender)
        )
    return float(shape[1] * prod(shape[2:])), float(shape[0] * prod(shape[2:]))


def dense_matrix(net: Network, name: str, seed: int) -> np.ndarray:
    """The weights (post, pre) of synapses that join every pair."""
    item = net.synapses[name]
    weight = item.weight
    assert isinstance(item.wiring, all_to_all)
    refuse_size(
        16.0 * item.pre.size * item.post.size,
        f"{item.label}: these weights",
        "Use fewer neurons, or a wiring with fewer synapses.",
    )
    if isinstance(weight, Transposed):
        owner = net.name_of(weight.synapses)
        return dense_matrix(net, owner, seed).T
    if isinstance(weight, Synapses):
        return dense_matrix(net, net.name_of(weight), seed)
    if isinstance(weight, Value) and (weight.scalar or weight.number.ndim == 2):
        matrix = np.broadcast_to(weight.number.astype(np.float64), (item.post.size, item.pre.size)).copy()
    elif isinstance(weight, hebbian) and weight.patterns.shape[1] == item.pre.size == item.post.size:
        matrix = weight.matrix()
    else:
        drawn = draw_synapses(net, name, seed)
        matrix = np.zeros((item.post.size, item.pre.size))
        matrix[drawn.post, drawn.pre] = drawn.weight
    # Neurons of two overlapping parts are the same if their flat indices are.
    if not item.wiring.to_self and item.pre.population is item.post.population:
        matrix[item.post.indices[:, None] == item.pre.indices[None, :]] = 0.0
    return matrix


def delay_ticks(net: Network, name: str, drawn: Pairs | Drawn, seed: int, key: str = "delay") -> np.ndarray:
    """The delay of each synapse in ticks, rounded half to even; `key` is that of `Synapses.delays`."""
    item = net.synapses[name]
    found = drawn if isinstance(drawn, Pairs) else Pairs(drawn.pre, drawn.post)
    if isinstance(item.weight, Transposed) and isinstance(item.wiring, pairs):
        # Delays are given in the order of `pairs`, not in that of the transposed owner.
        found = by_sender(found.pre, found.post)
    number = per_synapse(net, name, key, found, seed)
    ticks = np.rint(number / net.dt if net.dt else number)
    if np.any(ticks < 0):
        raise DescriptionError(
            f"{item.label}: a delay of {ticks.min():g} ticks was drawn, below 0."
            " Bound the distribution, such as normal(..., low=...), or the expression, with clip."
        )
    if np.any(ticks > LONGEST_DELAY):
        raise DescriptionError(
            f"{item.label}: a delay of {ticks.max():g} ticks is more than {LONGEST_DELAY:,}."
            " Give a shorter one."
        )
    return ticks.astype(np.int64)


def one_delay(net: Network, name: str, seed: int) -> int | None:
    """The delay in ticks that is given for all synapses called `name`; None if they have arrays or draws."""
    delay = net.synapses[name].delay
    if not (isinstance(delay, Value) and delay.scalar):
        return None
    return int(delay_ticks(net, name, Pairs(np.zeros(1, int), np.zeros(1, int)), seed)[0])


def recipe_of(net: Network, name: str, seed: int, dtype: Any) -> Recipe | None:
    """The recipe of the synapses called `name`, whose weights are stored in `dtype`.

    None if engines need arrays: for wirings and weights without a recipe, and if only the drawn numbers show
    whether weights are finite and delays allowed. Raises PlanError if the synapses do not fit into memory in
    any layout.
    """
    item = net.synapses[name]
    wires = item.wiring.recipe(item.pre, item.post, Stream(seed, f"{name}.wiring"))
    weight = _numbers(item, item.weight, Stream(seed, f"{name}.weight"))
    delay = _numbers(item, item.delay, Stream(seed, f"{name}.delay"))
    if wires is None or weight is None or delay is None:
        return None
    recipe = Recipe(
        name=name,
        seed=seed,
        label=item.label,
        pre_index=item.pre.indices,
        post_index=item.post.indices,
        wires=wires,
        weight=weight,
        delay=delay,
        dt=net.dt or 1.0,
        expected=item.wiring.expected(item.pre, item.post),
        dtype=np.dtype(dtype),
    )
    # A recipe draws without further checks: whatever the law may draw must be a finite weight and an allowed
    # delay.
    shortest, longest = recipe.ticks
    least = 0 if net.schedule.seconds is not None else 1
    if not (_is_finite(weight.bounds, np.dtype(dtype)) and shortest >= least and longest <= LONGEST_DELAY):
        return None
    refuse_size(ROW_BYTES * recipe.expected, f"{item.label}: these synapses", USE_FEWER)
    return recipe


@lru_cache(maxsize=256)
def _is_finite(bounds: tuple[float, float], dtype: np.dtype) -> bool:
    """Whether numbers between these bounds are finite in a type."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(np.array(bounds).astype(dtype)).all())


def windows_of(net: Network, name: str, seed: int, dtype: Any) -> Windows | None:
    """The windows of synapses that are a convolution or pooling with one delay, else None."""
    item = net.synapses[name]
    delay = one_delay(net, name, seed) if isinstance(item.wiring, conv | pool) else None
    if delay is None:
        return None
    owner = item.owner or item
    wiring = owner.wiring
    assert isinstance(wiring, conv | pool)
    slide, channels, out_channels = wiring.slide(owner.pre, owner.post)
    ends = item.label, item.pre.indices, item.post.indices, slide, channels, out_channels
    turned = isinstance(item.weight, Transposed) != wiring.turned
    if isinstance(wiring, conv):
        stream = Stream(seed, f"{net.name_of(owner)}.weight")
        own = shared_weights(owner, wiring.weight_shape(owner.pre, owner.post), stream).astype(dtype)
        return Convolution(*ends, turned, own, delay, wiring.groups)
    assert isinstance(owner.weight, Value)
    return Pooling(*ends, turned, np.asarray(owner.weight.number, np.float64).astype(dtype), delay)


def start_numbers(
    net: Network, name: str, states: Iterable[str], recipe: Recipe, seed: int
) -> dict[str, NumberRecipe] | None:
    """The laws of the start values of the variables of synapses; None if engines need arrays."""
    item = net.synapses[name]
    found = {"w": recipe.weight}
    for key in states:
        given = item.constants.get(key)
        if key != "w":
            numbers = (
                NumberRecipe(NumberLaw.NUMBER)
                if given is None
                else _numbers(item, given, Stream(seed, f"{name}.{key}"))
            )
            if numbers is None or numbers.law in (NumberLaw.TARGET, NumberLaw.PAIR):
                return None
            found[key] = numbers
    return found


def _numbers(item: Synapses, given: Any, stream: Stream) -> NumberRecipe | None:
    """The law of weights, delays or start values; None if they have none."""
    if isinstance(given, Value):
        number = given.number.astype(np.float64)
        if given.scalar:
            return NumberRecipe(NumberLaw.NUMBER, float(number))
        return NumberRecipe(NumberLaw.TARGET if number.ndim == 1 else NumberLaw.PAIR, values=number)
    return given.recipe(item.pre.size, stream) if isinstance(given, Distribution) else None


def start_value(net: Network, population: Neurons, key: str, seed: int) -> np.ndarray | float | int | bool:
    """A constant or start value of a population: a plain number, or an array of its shape.

    A constant that is tied to another one is drawn as that one is.
    """
    return StartNumbers(net, population, seed)(key)
