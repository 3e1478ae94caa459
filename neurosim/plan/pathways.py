"""Synapses as pathways of the plan: their wiring, weights, delays and text in the form that engines take."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, PlanError
from neurosim.network.contraction import einsum
from neurosim.network.network import Network, weight_source
from neurosim.network.neurons import Population
from neurosim.network.part import Part
from neurosim.network.recipe import NumberLaw
from neurosim.network.synapses import Synapses
from neurosim.network.text import parsed
from neurosim.network.values import PLAIN, Value, is_zero, unit
from neurosim.network.wiring import all_to_all, one_to_one, private
from neurosim.plan.dimensions import Dim, Scope
from neurosim.plan.draw import dense_matrix, draw_edges, one_delay, recipe_of, shared_weights, windows_of
from neurosim.plan.equations import inline
from neurosim.plan.inputs import Inputs
from neurosim.plan.plan import AnyPathway, Dense, Einsum, Private, Sparse
from neurosim.plan.precision import to_half, weight_dtype
from neurosim.plan.random import Stream
from neurosim.plan.recipe import Edges, Recipe, Windows
from neurosim.plan.synapse_numbers import private_weights
from neurosim.plan.synapse_text import text_pathway
from neurosim.plan.synapse_units import check_wiring, weight_unit


def lower_pathways(
    net: Network,
    name: str,
    scopes: Mapping[str, Scope],
    inputs: Inputs,
    seed: int,
    precision: str,
) -> tuple[AnyPathway, ...]:
    """The pathway of the synapses called `name`; for those with several texts, all of them."""
    item = net.synapses[name]
    if item.text:
        return _text_pathways(net, name, scopes, inputs, seed, precision)
    return (_lower_pathway(net, name, scopes, inputs, seed, precision),)


def _lower_pathway(
    net: Network,
    name: str,
    scopes: Mapping[str, Scope],
    inputs: Inputs,
    seed: int,
    precision: str,
) -> AnyPathway:
    """The pathway of synapses without text."""
    item = net.synapses[name]
    check_wiring(net, item, scopes)
    _check_target_unit(net, item, scopes, inputs)
    graded, common = _is_graded(item, inputs), _ends(name, item)
    dtype = weight_dtype(precision)
    if isinstance(item.wiring, private):
        if item.pre.name in inputs.drives:
            raise PlanError(
                f"{item.label}: private: an input to {item.pre.name!r} would not reach its copies."
                " Leave the input out."
            )
        chance = _chance(item, scopes[item.pre.name])
        weight = private_weights(net, name, seed).astype(dtype)
        weight = weight if weight.ndim else float(weight)
        return Private(**common, sources=item.wiring.n, chance=chance, weight=weight)
    if item.weight_population is not None or isinstance(item.wiring, einsum):
        weights = item.weight_population
        if not graded or (
            weights is not None
            and weights.source == weights.name
            and (weights.population.spiking or weights.name in inputs.spiking)
        ):
            raise PlanError(
                f"{item.label}: einsum wiring and weights that are messages need senders and weights without"
                " threshold. Give them update text, or numbers instead of spike events where they are driven."
            )
        return _einsum_pathway(net, name, item, common, seed, dtype)
    if graded and isinstance(item.wiring, all_to_all) and (delay := one_delay(net, name, seed)) is not None:
        matrix = dense_matrix(net, name, seed).astype(dtype)
        return Dense(**common, weight=matrix, delay=delay)
    stored = (
        recipe_of(net, name, seed, dtype)
        or windows_of(net, name, seed, dtype)
        or draw_edges(net, name, seed, dtype)
    )
    return Sparse(**common, stored=stored if precision != "half" or graded else _in_half(stored))


def _in_half(stored: Edges | Recipe | Windows) -> Edges | Recipe | Windows:
    """Synapses of spikes whose weights are rounded to 16 bits.

    A weight that all of them have is not rounded: it need not be stored with each, and would change all of
    them in the same direction.
    """
    match stored:
        case Recipe():
            return replace(stored, half=stored.weight.law is not NumberLaw.NUMBER)
        case Edges(weight=weight):
            return stored if np.all(weight == weight[:1]) else replace(stored, weight=to_half(weight))
        case Windows(own=own):
            return stored if np.all(own == own.flat[0]) else replace(stored, own=to_half(own))


def _text_pathways(
    net: Network,
    name: str,
    scopes: Mapping[str, Scope],
    inputs: Inputs,
    seed: int,
    precision: str,
) -> tuple[AnyPathway, ...]:
    """The pathways of synapses with text."""
    item = net.synapses[name]
    check_wiring(net, item, scopes)
    graded = _is_graded(item, inputs)
    if graded and item.changing_delay("delay"):
        raise PlanError(
            f"{item.label}: delay={item.changing_delay('delay')!r} changes during the run, but"
            f" {item.pre.name!r} sends no spikes. Give a delay that stays as it is."
        )
    for path in item.further:
        end = item.pre if path.argument == "on_pre" else item.post
        silent = graded if end is item.pre else not (end.population.spiking or end.name in inputs.spiking)
        if silent:
            raise PlanError(
                f"{item.label}: {path.words} waits for spikes, but {end.name!r} sends none. Give one text of"
                f" {path.argument}" + (", without a delay." if path.argument == "on_post" else ".")
            )
    return text_pathway(net, name, _ends(name, item), scopes, seed, precision, recipes=not graded)


def _is_graded(item: Synapses, inputs: Inputs) -> bool:
    """Whether values are sent, not spikes."""
    is_view = item.pre.source != item.pre.name  # then a variable is sent, also by a population that spikes
    return is_view or not (item.sends_spikes or item.pre.name in inputs.spiking)


def _ends(name: str, item: Synapses) -> dict[str, Any]:
    """What pathways of all classes have."""
    return dict(
        name=name, pre=item.pre.source, post=item.post.name, to=item.to,
        pre_index=item.pre.indices, post_index=item.post.indices,
        pre_shape=item.pre.shape, post_shape=item.post.shape,
    )  # fmt: skip


def _chance(item: Synapses, scope: Scope) -> str:
    """The probability p with which a sender whose threshold is `rand() < p` spikes at a tick."""
    tree = parsed(item.pre.population.threshold)
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        left, right = ast.unparse(tree.left), ast.unparse(tree.comparators[0])
        if isinstance(tree.ops[0], ast.Gt | ast.GtE):
            left, right = right, left
        if left == "rand()" and "rand" not in right and not isinstance(tree.ops[0], ast.Eq | ast.NotEq):
            return inline(right, scope)
    raise PlanError(
        f"{item.label}: private sources need a sender with threshold 'rand() < p', not"
        f" '{item.pre.population.threshold}'. Write it so."
    )


def _check_target_unit(net: Network, item: Synapses, scopes: Mapping[str, Scope], inputs: Inputs) -> None:
    """Weight times message must have the unit of what it is added to."""

    def message(end: Population) -> Dim:
        population = end.population
        if isinstance(end, Part) and end.variable is not None:
            return scopes[population.name].dims[end.variable]
        if population.driven:
            return inputs.dims.get(population.name, PLAIN)
        return PLAIN if population.spiking else scopes[population.name].dims[population.sends or ""]

    source = item.weight_population
    weight = message(source) if source is not None else weight_unit(net, item, scopes)
    sent = PLAIN if item.pre.source in inputs.spiking else message(item.pre)
    given = tuple(a + b for a, b in zip(weight, sent, strict=True))
    wanted = scopes[item.post.name].dims[item.to or ""]
    if given != wanted and not is_zero(item.weight):
        raise PlanError(
            f"{item.label}: weight of unit {unit(weight)} times message gives {unit(given)}, but"
            f" {item.post.name}.{item.to} is in {unit(wanted)}."
            f" Give the weight another unit, or declare the port in equations, such as '{item.to} : amp'."
        )


def _einsum_pathway(
    net: Network, name: str, item: Synapses, common: dict[str, Any], seed: int, dtype: Any
) -> Einsum:
    """The pathway of synapses with einsum wiring, or whose weights are messages."""
    delay = one_delay(net, name, seed)
    if delay is None:
        raise DescriptionError(
            f"{item.label}: {type(item.wiring).__name__} takes one delay for all synapses if weights are"
            " shared or are messages. Give a number."
        )
    if isinstance(item.wiring, einsum):
        letters = item.wiring.operands
    elif isinstance(item.wiring, one_to_one):
        letters = (("n",), ("n",), ("n",))
        common |= {"pre_shape": (item.pre.size,), "post_shape": (item.post.size,)}
    else:
        letters = (("i",), ("o", "i"), ("o",))
        common |= {"pre_shape": (item.pre.size,), "post_shape": (item.post.size,)}
    weights, source = item.weight_population, weight_source(item)
    if weights is not None and source is not None:
        shape = (weights.size,) if isinstance(item.wiring, one_to_one) else weights.shape
        sender, ticks_ago = source
        sent = sender, weights.indices, shape, ticks_ago
        return Einsum(**common, delay=delay, letters=letters, weight=np.zeros(0, dtype), weight_from=sent)
    return Einsum(
        **common, delay=delay, letters=letters, weight=_einsum_weight(net, name, item, seed).astype(dtype)
    )


def _einsum_weight(net: Network, name: str, item: Synapses, seed: int) -> np.ndarray:
    """The array of weights: as it was given, or drawn; or that of the synapses that share theirs."""
    weight = item.weight
    if isinstance(weight, Synapses):
        owner = net.name_of(weight)
        return _einsum_weight(net, owner, weight, seed)
    if isinstance(weight, Value) and not weight.scalar:
        return weight.number.astype(np.float64)
    shape = item.wiring.weight_shape(item.pre, item.post)
    assert shape is not None
    return shared_weights(item, shape, Stream(seed, f"{name}.weight"))
