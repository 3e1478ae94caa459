"""Products of messages and weights, in the forms that array libraries compute fastest.

A product has two functions. `prepare` turns the weights of the plan into what every tick uses; it runs
once, and gradients pass through it. `apply` takes the messages of one tick and gives what arrives at each
target. Synapses one by one are laid out as matrices where that is not too large, since a matrix product is
faster than gathering and scattering.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.arrays.parts import Part
from neurosim.plan.plan import Plan, Sparse

MOST_DENSE = 2**24  # entries up to which synapses one by one are multiplied as a matrix
MOST_DELAYS = 8  # different delays up to which each is a product of its own, which takes time to compile

Weights = Mapping[str, jax.Array]
"""The weights of a plan, by pathway."""

Arrived = tuple[jax.Array, jax.Array | None]
"""What arrives at a target, (trial, *part), and how many arrivals that is; None if always `Target.terms`."""

Apply = Callable[[jax.Array, jax.Array], list[Arrived]]
"""From weights and messages to what arrives at each target."""


@dataclass(frozen=True, eq=False)
class Target:
    """Where a product arrives: port or variable `to` of the neurons `part`, with `terms` arrivals each."""

    to: str
    part: Part
    terms: ArrayLike  # one number, or one for each neuron of the part


@dataclass(frozen=True, eq=False)
class Each:
    """Synapses with many different delays: from whom each takes a message, and how many ticks ago that was
    sent, at least 1; both (synapse,)."""

    sender: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True, eq=False)
class Product:
    """What the messages of a population bring to another one.

    pre, post: the populations.
    delay: how many ticks ago the messages were sent; the longest time if there are several.
    prepare: from the weights of the plan to the first argument of `apply`.
    apply: from weights and messages (trial, *pre) to what arrives at each of the `targets`.
    weights_from: the population whose messages are the weights instead, and how many ticks ago it sent
        them.
    each: of synapses with many delays; `apply` then takes the message of each, (trial, synapse).
    """

    pre: str
    post: str
    delay: int
    targets: tuple[Target, ...]
    prepare: Callable[[Weights], jax.Array | None]
    apply: Apply
    weights_from: tuple[str, int] | None = None
    each: Each | None = None


def single(apply: Callable[[jax.Array, jax.Array], jax.Array]) -> Apply:
    """The `apply` of a product with one target, whose number of arrivals never changes."""
    return lambda weight, message: [(apply(weight, message), None)]


def weights_of(pathway: Sparse, chosen: np.ndarray) -> Callable[[Weights], jax.Array]:
    """The weight of each of the chosen synapses, also where windows share weights."""
    number = chosen if pathway.windows is None else pathway.windows.number()[chosen]
    if pathway.windows is None and number.size == pathway.sender.size:  # all of them, in their order
        return lambda weights: weights[pathway.name].reshape(-1)
    return lambda weights: weights[pathway.name].reshape(-1)[number]


def are_ones(pathway: Sparse, learning: Collection[str] = ()) -> bool:
    """Whether all weights are 1, as those of poolings and of paths around layers, and stay so.

    learning: names of the pathways whose weights may be replaced by others.
    """
    windows = pathway.windows
    weight = pathway.weight if windows is None else windows.own
    return pathway.name not in learning and bool((np.asarray(weight) == 1).all())


def everybody(plan: Plan, name: str) -> Part:
    """All neurons of a population."""
    group = plan.groups[name]
    return Part(np.arange(group.size), group.shape)


@dataclass(frozen=True, eq=False)
class Matrix:
    """Synapses as a matrix (target, sender).

    name: of the pathway.
    senders, targets: the neurons of its columns and rows.
    delay: in ticks.
    weights: the matrix itself if `place` is None, else the weight of each synapse.
    place: the row and column of each synapse.
    """

    name: str
    senders: np.ndarray
    targets: np.ndarray
    delay: int
    weights: Callable[[Weights], jax.Array]
    place: tuple[np.ndarray, np.ndarray] | None = None

    def prepare(self, weights: Weights) -> jax.Array:
        """The matrix; several synapses between two neurons add up."""
        weight = self.weights(weights)
        if self.place is None:
            return weight
        return jnp.zeros((self.targets.size, self.senders.size), weight.dtype).at[self.place].add(weight)

    def terms(self) -> ArrayLike:
        """How many arrivals each target gets."""
        if self.place is None:
            return self.senders.size
        return np.bincount(self.place[0], minlength=self.targets.size)


def matrix_product(plan: Plan, pre: str, post: str, matrices: Sequence[Matrix]) -> Product:
    """Matrices with the same senders and delay, multiplied together."""
    senders, shape = Part(matrices[0].senders, plan.groups[pre].shape), plan.groups[post].shape
    targets = tuple(
        Target(str(plan.pathways[m.name].to), Part(m.targets, shape), m.terms()) for m in matrices
    )
    cuts: list[int] = np.cumsum([m.targets.size for m in matrices])[:-1].tolist()

    def prepare(weights: Weights) -> jax.Array:
        return jnp.concatenate([matrix.prepare(weights) for matrix in matrices]).T

    def apply(weight: jax.Array, message: jax.Array) -> list[Arrived]:
        product = senders.take(message, (senders.index.size,)) @ weight
        return [(part, None) for part in jnp.split(product, cuts, axis=-1)]

    return Product(pre, post, matrices[0].delay, targets, prepare, apply)


def by_delay(pathway: Sparse) -> tuple[list[np.ndarray], np.ndarray]:
    """Synapses that share a delay, for each delay, and all others, if there are too many delays for that."""
    delays = np.unique(pathway.delay)
    alone = delays if delays.size <= MOST_DELAYS else delays[delays == 0]
    return [np.flatnonzero(pathway.delay == delay) for delay in alone], np.flatnonzero(
        ~np.isin(pathway.delay, alone)
    )


def split_sparse(plan: Plan, pathway: Sparse, reduce: str, ones: bool) -> list[Product | Matrix]:
    """Synapses one by one, delay by delay: in pairs, as a matrix, or scattered.

    ones: whether all their weights are 1.
    """
    parts: list[Product | Matrix] = []
    together, others = by_delay(pathway)
    if others.size:
        parts.append(_scattered(plan, pathway, others, reduce, many=True))
    for chosen in together:
        delay = pathway.delay[chosen[0]]
        sender, receiver = pathway.sender[chosen], pathway.receiver[chosen]
        senders, targets = np.unique(sender), np.unique(receiver)
        if chosen.size == senders.size == targets.size and np.all(np.diff(receiver) > 0):
            parts.append(_pairs(plan, pathway, chosen, int(delay), ones))
        elif reduce != "max" and senders.size * targets.size <= MOST_DENSE:
            place = np.searchsorted(targets, receiver), np.searchsorted(senders, sender)
            weights = weights_of(pathway, chosen)
            parts.append(Matrix(pathway.name, senders, targets, int(delay), weights, place))
        else:
            parts.append(_scattered(plan, pathway, chosen, reduce))
    return parts


def _pairs(plan: Plan, pathway: Sparse, chosen: np.ndarray, delay: int, ones: bool) -> Product:
    """Synapses that join neurons in pairs, in the same order on both sides."""
    senders = Part(pathway.sender[chosen], plan.groups[pathway.pre].shape)
    targets = Part(pathway.receiver[chosen], plan.groups[pathway.post].shape)

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        sent = senders.take(message, (chosen.size,))
        return sent if ones else sent * weight

    target = Target(str(pathway.to), targets, 1)
    weights = weights_of(pathway, chosen)
    return Product(pathway.pre, pathway.post, delay, (target,), weights, single(apply))


def _sent(pathway: Sparse, chosen: np.ndarray, *, many: bool) -> Callable[[jax.Array], jax.Array]:
    """From messages (trial, *shape) to that of each of the chosen synapses, unless they come so (`Each`)."""
    sender = pathway.sender[chosen]
    return (lambda message: message) if many else (lambda message: flat(message)[:, sender])


def _one_by_one(
    plan: Plan, pathway: Sparse, chosen: np.ndarray, terms: ArrayLike, apply: Apply, *, many: bool
) -> Product:
    """The product of the chosen synapses, which end anywhere in the population."""
    target = Target(str(pathway.to), everybody(plan, pathway.post), terms)
    weights, delay = weights_of(pathway, chosen), pathway.delay[chosen]
    each = Each(pathway.sender[chosen], delay) if many else None
    return Product(pathway.pre, pathway.post, int(delay.max()), (target,), weights, apply, each=each)


def _scattered(
    plan: Plan, pathway: Sparse, chosen: np.ndarray, reduce: str, *, many: bool = False
) -> Product:
    """Synapses one by one: messages are gathered by sender, and products scattered to the receivers.

    many: whether they have many delays; otherwise all have the same.
    """
    receiver, size = pathway.receiver[chosen], plan.groups[pathway.post].size
    sent = _sent(pathway, chosen, many=many)

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        value = sent(message) * weight
        shape = (message.shape[0], size)
        if reduce == "max":
            return jnp.full(shape, -jnp.inf, value.dtype).at[:, receiver].max(value)
        return jnp.zeros(shape, value.dtype).at[:, receiver].add(value)

    terms = np.bincount(receiver, minlength=size)
    return _one_by_one(plan, pathway, chosen, terms, single(apply), many=many)


def counted_spikes(plan: Plan, pathway: Sparse, reduce: str) -> list[Product]:
    """Spikes into a port that takes the maximum or mean, so that their number at each tick counts."""
    together, others = by_delay(pathway)
    products = [_counted(plan, pathway, chosen, reduce) for chosen in together]
    return products + ([_counted(plan, pathway, others, reduce, many=True)] if others.size else [])


def _counted(plan: Plan, pathway: Sparse, chosen: np.ndarray, reduce: str, *, many: bool = False) -> Product:
    """The spikes of the chosen synapses."""
    receiver, size = pathway.receiver[chosen], plan.groups[pathway.post].size
    sent = _sent(pathway, chosen, many=many)

    def apply(weight: jax.Array, message: jax.Array) -> list[Arrived]:
        spikes = sent(message)
        nothing = jnp.zeros((message.shape[0], size), spikes.dtype)
        count = nothing.at[:, receiver].add(spikes)
        if reduce == "mean":
            return [(nothing.at[:, receiver].add(spikes * weight), count)]
        arriving = jnp.where(spikes > 0, spikes * weight, -jnp.inf)
        return [((nothing - jnp.inf).at[:, receiver].max(arriving), count)]

    return _one_by_one(plan, pathway, chosen, 0, apply, many=many)


def flat(message: jax.Array) -> jax.Array:
    """A message (trial, *shape) as (trial, neuron)."""
    return message.reshape(message.shape[0], -1)
