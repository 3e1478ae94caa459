"""Wirings: who connects to whom, and which synapses share a weight.

A wiring is a small frozen dataclass. A new one derives from `Wiring` and says `pairs`, the list of its
synapses; everything else has a default. The wirings here say a `recipe` instead, from which `pairs` and the
engines draw the same synapses.

In a wiring, `pre` and `post` are the populations, or parts of populations, that the synapses join. Indices
are local: they count within these. Synapses are listed by sender, and those of one sender in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Pairs, Stream, by_sender
from neurosim.network.kinds import Kind, keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import DENSE, ONE_TO_ONE, PRIVATE, SPARSE, Picture
from neurosim.network.readonly import read_only
from neurosim.network.recipe import Wires, WiringLaw
from neurosim.network.values import as_value, flag, whole

Shape = tuple[int, ...]
MOST_DRAWN = 2**31 - 1  # what a count of synapses may ask for


class Wiring(Kind):
    """The base of all wirings.

    listed: whether `pairs` lists the synapses, so that each of them can have text, variables and a delay of
        its own.
    one_weight: whether all synapses have one weight, a number.
    weight_by_target: whether each target has one weight, though no synapses are listed.
    shares_weights: whether several synapses share a weight, so that the weights are no matrix (post, pre).
    names: the names of neurons and constants that its expressions use.
    """

    listed = True
    one_weight = False
    weight_by_target = False
    shares_weights = False
    names: frozenset[str] = frozenset()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # What a parent class says of its own pairs does not hold for a class that lists other ones.
        if "pairs" in vars(cls):
            for name in {"recipe", "message_shapes"} - vars(cls).keys():
                setattr(cls, name, getattr(Wiring, name))

    def check(self, pre: Population, post: Population) -> None:
        """Refuse populations that the wiring does not fit.

        Raises DescriptionError, which says what does not fit and what to do about it.
        """

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        """The synapses between `pre` and `post`.

        random: random numbers that belong to these synapses; see `Stream`.

        Raises DescriptionError for a wiring that keeps no list of synapses, such as `einsum`.
        """
        recipe = self.recipe(pre, post, random)
        if recipe is None:
            raise DescriptionError(
                f"{type(self).__name__}: keeps no list of synapses."
                " Use a wiring that does, such as pairs(pre, post)."
            )
        return recipe.pairs(pre.indices, post.indices, random)

    def weight_shape(self, pre: Population, post: Population) -> Shape | None:
        """The shape of the array of weights that synapses share; None where each synapse has its own."""
        return None

    def weight_shapes(self, pre: Population, post: Population, given: Shape) -> list[Shape]:
        """The shapes that an array of weights may have; `given` is the shape of the one that was given."""
        return self.number_shapes(pre, post)

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        """The shapes of arrays with a number for each synapse, such as a delay; none for one for all."""
        return [(post.size, pre.size)]

    def message_shapes(
        self, pre: Population, post: Population, weight: Population
    ) -> tuple[Shape, Shape] | None:
        """The shape that messages need in order to be the weights, and the shape of those of `weight`.

        None where no population can be the weight.
        """
        return None

    def expected(self, pre: Population, post: Population) -> float:
        """About how many synapses there will be, before they are drawn; by default one for each pair."""
        return float(pre.size) * post.size

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires | None:
        """The synapses as a recipe, which engines may draw by themselves; None where only `pairs` lists them.

        random: random numbers that belong to these synapses, of which a recipe takes the keys.
        """
        return None

    def picture(self, pre: Population, post: Population) -> Picture:
        """What a diagram draws on the line from `pre` to `post`."""
        return SPARSE

    def note(self, reduction: str) -> str:
        """What a diagram writes beside the picture, in one line or several; nothing by default.

        reduction: how the target's port combines what arrives: 'sum', 'mean' or 'max'.
        """
        return ""

    def __str__(self) -> str:
        """The wiring as it would be written, defaults left out: 'probability(0.1)'."""
        written = []
        for position, field in enumerate(fields(self) if is_dataclass(self) else ()):
            value = getattr(self, field.name)
            if position == 0 and field.name != "to_self":
                written.append(repr(value))
            elif value not in (field.default, (field.default,), (field.default,) * 2):
                written.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(written)})"


class _ToSelf(Protocol):
    @property
    def to_self(self) -> bool: ...


def is_within(pre: Population, post: Population) -> bool:
    """Whether synapses stay within one population."""
    return pre.population.name == post.population.name


def check_to_self(wiring: _ToSelf, pre: Population, post: Population) -> None:
    """Refuse to leave out synapses of neurons onto themselves where there are none."""
    if wiring.to_self or is_within(pre, post):
        return
    name = type(wiring).__name__
    raise DescriptionError(
        f"{name}: to_self=False leaves out the synapse of a neuron onto itself, but {label(pre)} and"
        f" {label(post)} are not of one population. Leave it out; to leave out pairs of equal index, list the"
        " others: pre, post = np.nonzero(~np.eye(n, dtype=bool)), wiring=pairs(pre, post)."
    )


def avoids_self(wiring: _ToSelf, pre: Population, post: Population) -> bool:
    return not wiring.to_self and is_within(pre, post)


@named_arguments
@dataclass(frozen=True)
class all_to_all(Wiring):
    """Every sender to every target: pre.size * post.size synapses.

    to_self: False leaves out the synapse of a neuron onto itself, within one population.

    A weight array has the shape (post, pre).

    Synapses raise DescriptionError for to_self=False between two populations.
    """

    to_self: bool = True

    def __post_init__(self):
        keep(self, to_self=flag(self.to_self, "all_to_all: to_self"))

    def check(self, pre: Population, post: Population) -> None:
        check_to_self(self, pre, post)

    def message_shapes(self, pre: Population, post: Population, weight: Population) -> tuple[Shape, Shape]:
        return (post.size, pre.size), weight.shape

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WiringLaw.ALL_TO_ALL, avoid_self=avoids_self(self, pre, post))

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE


@named_arguments
@dataclass(frozen=True)
class one_to_one(Wiring):
    """Sender n to target n, counted in C order: as many synapses as each population has neurons.

    A weight array has the shape (post,).

    Synapses raise DescriptionError for populations of different sizes.
    """

    def check(self, pre: Population, post: Population) -> None:
        if pre.size != post.size:
            larger, smaller = (pre, post) if pre.size > post.size else (post, pre)
            raise DescriptionError(
                f"one_to_one: {label(pre)} has {pre.size} neurons, {label(post)} has {post.size}."
                f" Make them equal, or take a part: {larger.name}[:{smaller.size}]."
            )

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        return [(post.size,), (post.size, pre.size)]

    def message_shapes(self, pre: Population, post: Population, weight: Population) -> tuple[Shape, Shape]:
        return (post.size,), (weight.size,)

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WiringLaw.ONE_TO_ONE)

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size)

    def picture(self, pre: Population, post: Population) -> Picture:
        return ONE_TO_ONE


@named_arguments
@dataclass(frozen=True, eq=False, init=False)
class pairs(Wiring):
    """The synapses themselves, one by one.

    pre, post: the local index of the sender and of the target of each synapse, whole numbers, both of shape
        (synapse,).

    A weight or delay array has the shape (synapse,), in the same order, or (post, pre).

    Raises DescriptionError for arrays of different lengths or of other things than whole numbers; synapses
    raise it for indices outside their populations.

    >>> import neurosim as ns
    >>> a, b = ns.Neurons("a", 3), ns.Neurons("b", 2, update="v = I")
    >>> ns.Synapses(a, b, wiring=ns.pairs([0, 2], [1, 1]), weight=[0.5, -0.5])
    Synapses a -> b, pairs(2 synapses)
    """

    pre: np.ndarray
    post: np.ndarray

    def __init__(self, pre: ArrayLike, post: ArrayLike):
        keep(self, pre=_indices(pre, "pre"), post=_indices(post, "post"))
        if self.pre.size != self.post.size:
            raise DescriptionError(
                f"pairs: {self.pre.size} senders and {self.post.size} targets."
                " Give as many of one as of the other."
            )

    def __reduce__(self) -> tuple:
        return pairs, (self.pre, self.post)

    def check(self, pre: Population, post: Population) -> None:
        for side, index, population in (("pre", self.pre, pre), ("post", self.post, post)):
            outside = index[(index < 0) | (index >= population.size)]
            if outside.size:
                raise DescriptionError(
                    f"pairs: {side} index {outside[0]} is outside {label(population)}."
                    f" Give indices from 0 to {population.size - 1}."
                )

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        return [(self.pre.size,), (post.size, pre.size)]

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        return by_sender(self.pre, self.post)

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.pre.size)

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE if self.pre.size >= pre.size * post.size else SPARSE

    def note(self, reduction: str) -> str:
        return f"{self.pre.size:,} synapses"

    @property
    def order(self) -> np.ndarray:
        """The numbers of the synapses as they were given, in the order in which they are listed by sender."""
        return np.argsort(self.pre, kind="stable")

    def __repr__(self) -> str:
        return f"pairs({self.pre.size} synapses)"

    __str__ = __repr__


def _indices(given: ArrayLike, side: str) -> np.ndarray:
    read = as_value(given, f"pairs: {side}").number
    if read.ndim != 1 or (read.size and read.dtype.kind not in "iu"):
        raise DescriptionError(
            f"pairs: {side} {shown(given)} is not a row of whole numbers. Give one index per synapse."
        )
    return read_only(read.astype(np.int64))


@named_arguments
@dataclass(frozen=True)
class private(Wiring):
    """Every target has n sources of its own, each a copy of the single sender, such as a Poisson background.

    n: number of sources of each target, at least 1.

    The sources are never stored. The sender is one neuron whose spikes do not depend on earlier spikes, such
    as one with `threshold="rand() < rate*dt"`. A target receives weight times Binomial(n, p) at each tick,
    where p is the probability of the threshold. It may change in time, and is the same for all copies. The
    weight is one number, or one for each target: an array of shape (post,), a distribution, or an expression
    of `j` and the targets. There is no delay.

    Raises DescriptionError for an n that is not a whole number of at least 1. Synapses raise it for a sender
    that has a reset or a refractory period, networks for one that its own spikes reach; `run` raises
    PlanError for a sender that has an input.

    >>> import neurosim as ns
    >>> from neurosim.units import Hz, ms, mV
    >>> noise = ns.Neurons("noise", 1, threshold="rand() < rate*dt", rate=8 * Hz)
    >>> cells = ns.Neurons("cells", 10, equations="dv/dt = -v/tau : volt", tau=10 * ms)
    >>> ns.Synapses(noise, cells, to="v", wiring=ns.private(1000), weight=0.1 * mV)
    Synapses noise -> cells, private(1000)
    """

    n: int
    listed = False
    weight_by_target = True

    def __post_init__(self):
        keep(self, n=whole(self.n, "private: n", least=1, most=MOST_DRAWN))

    def check(self, pre: Population, post: Population) -> None:
        sender = pre.population
        if pre.size != 1 or not sender.spiking:
            raise DescriptionError(
                f"private: {label(pre)} must be one neuron that spikes at random, such as"
                f" Neurons({pre.name!r}, 1, threshold='rand() < rate*dt', rate=8*Hz)."
            )
        if sender.reset or sender.has_refractory:
            refractory = f"is refractory after its spikes ({sender.refractory})"
            past = "is reset by its spikes" if sender.reset else refractory
            raise DescriptionError(
                f"private: {label(pre)} {past}, so its copies would differ from one another."
                " Leave that out, or make the"
                " sources neurons: a population of its own for each target, or one that all share with"
                f" indegree({self.n})."
            )

    def weight_shapes(self, pre: Population, post: Population, given: Shape) -> list[Shape]:
        return [(post.size,), (post.size, 1)]

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        return []

    def picture(self, pre: Population, post: Population) -> Picture:
        return PRIVATE

    def note(self, reduction: str) -> str:
        return f"{self.n:,} of its own each"
