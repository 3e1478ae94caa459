"""From the pathways of a plan to products: which form each kind of synapses takes."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import assert_never

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.parts import Part
from neurosim.engine.arrays.products import (
    Matrix,
    Product,
    Target,
    Weights,
    are_ones,
    counted_spikes,
    everybody,
    flat,
    matrix_product,
    single,
    split_sparse,
)
from neurosim.engine.arrays.windows import window_product
from neurosim.engine.contraction import contraction
from neurosim.network.text import Statement, names_in
from neurosim.plan.codegen.jax_code import jax_block
from neurosim.plan.plan import Dense, Einsum, Plan, Private, Sparse, Textual


def products_into(
    plan: Plan, post: str, spiking: Callable[[str], bool], learning: Collection[str] = ()
) -> list[Product]:
    """The products that arrive at a population.

    Matrices with the same senders and delay are multiplied together.

    spiking: whether a population sends spikes. Private synapses are no products; they are drawn anew at
        each tick.
    learning: names of the pathways whose weights may be replaced by others.
    """
    products: list[Product] = []
    matrices: dict[tuple[str, bytes, int], list[Matrix]] = {}
    for pathway in plan.pathways.values():
        if pathway.post != post:
            continue
        reduce = plan.groups[post].ports.get(str(pathway.to), "sum")
        parts: list[Product | Matrix] = []
        match pathway:
            case Textual():
                parts += [_textual(plan, pathway)] if pathway.text.on_pre is not None else []
            case Einsum():
                parts.append(_einsum(plan, pathway, reduce))
            case Dense():
                parts.append(_dense(plan, pathway, reduce))
            case Sparse() if reduce != "sum" and spiking(pathway.pre):
                parts += counted_spikes(plan, pathway, reduce)
            case Sparse():
                ones = are_ones(pathway, learning)
                windows = window_product(plan, pathway, reduce, ones)
                parts += [windows] if windows is not None else split_sparse(plan, pathway, reduce, ones)
            case Private():
                pass
            case _ as unknown:
                assert_never(unknown)
        for part in parts:
            if isinstance(part, Matrix):
                matrices.setdefault((pathway.pre, part.senders.tobytes(), part.delay), []).append(part)
            else:
                products.append(part)
    return products + [matrix_product(plan, pre, post, same) for (pre, _, _), same in matrices.items()]


def _dense(plan: Plan, pathway: Dense, reduce: str) -> Product | Matrix:
    """A matrix; for a port that takes the maximum, a product of its own, since a matrix product adds."""

    def weights(weights: Weights) -> jax.Array:
        return weights[pathway.name]

    if reduce != "max":
        return Matrix(pathway.name, pathway.pre_index, pathway.post_index, pathway.delay, weights)
    senders = Part(pathway.pre_index, plan.groups[pathway.pre].shape)

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        return (weight * senders.take(message, (1, senders.index.size))).max(axis=2)

    targets = Part(pathway.post_index, plan.groups[pathway.post].shape)
    target = Target(str(pathway.to), targets, senders.index.size)
    return Product(pathway.pre, pathway.post, pathway.delay, (target,), weights, single(apply))


def _einsum(plan: Plan, pathway: Einsum, reduce: str) -> Product:
    """A tensor contraction of messages with weights, or with what a population sent in their place."""
    how, sent = contraction(pathway, reduce), pathway.weight_from
    senders = Part(pathway.pre_index, plan.groups[pathway.pre].shape)
    weight_senders = None if sent is None else Part(sent[1], plan.groups[sent[0]].shape)

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        if sent is not None and weight_senders is not None:
            weight = weight_senders.take(weight, sent[2])
        value = jnp.einsum(how.formula, senders.take(message, pathway.pre_shape), weight)
        if how.largest:
            value = value.max(axis=how.largest)
        count = message.shape[0]
        return jnp.broadcast_to(value.reshape(count, *how.shape), (count, *pathway.post_shape))

    def prepare(weights: Weights) -> jax.Array | None:
        return weights[pathway.name] if sent is None else None

    targets = Part(pathway.post_index, plan.groups[pathway.post].shape)
    return Product(
        pathway.pre,
        pathway.post,
        pathway.delay,
        (Target(str(pathway.to), targets, how.terms),),
        prepare,
        single(apply),
        None if sent is None else (sent[0], sent[3]),
    )


def _textual(plan: Plan, pathway: Textual) -> Product:
    """Synapses whose text only adds to one port, such as `I_post += (v_pre - w)**2`.

    `support.py` refuses other text.
    """
    assert pathway.text.on_pre is not None
    (statement,) = pathway.text.on_pre.statements
    term = jax_block((Statement("value", "=", statement.expression),), ("value",))
    messages = [name for name in names_in(statement.expression) if name.endswith("_pre")]
    senders, size = plan.groups[pathway.pre].size, plan.groups[pathway.post].size
    sender, receiver = pathway.sender, pathway.receiver
    # Where every pair of neurons is joined, targets in order, a sum along an axis is faster than scattering.
    every_pair = sender.size == senders * size and np.array_equal(receiver, np.tile(np.arange(size), senders))

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        sent = flat(message)[:, sender]
        names = {**pathway.text.constants, "w": weight, **dict.fromkeys(messages, sent)}
        value = jnp.broadcast_to(term(names, None, None)["value"], sent.shape)
        if every_pair:
            return value.reshape(message.shape[0], -1, size).sum(axis=1)
        return jnp.zeros((message.shape[0], size), value.dtype).at[:, receiver].add(value)

    def prepare(weights: Weights) -> jax.Array:
        return weights[pathway.name]

    port = statement.name.removesuffix("_post")
    target = Target(port, everybody(plan, pathway.post), np.bincount(receiver, minlength=size))
    return Product(pathway.pre, pathway.post, pathway.shortest, (target,), prepare, single(apply))
