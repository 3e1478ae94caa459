"""Wirings: who connects to whom, and which synapses share a weight.

A wiring is a small frozen dataclass. A new one derives from `Wiring` and says `pairs`, the list of its synapses; everything
else has a default. The wirings here say a `recipe` instead, from which `pairs` and the engines draw the same synapses.

In a wiring, `pre` and `post` are the populations, or parts of populations, that the synapses join. Indices are local: they
count within these. Synapses are listed by sender, and those of one sender in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Pairs, Stream, by_sender
from neurosim.network.kinds import Kind, keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import DENSE, ONE_TO_ONE, PRIVATE, SPARSE, Picture, percent_text
from neurosim.network.readonly import read_only
from neurosim.network.recipe import WireLaw, Wires
from neurosim.network.values import as_value, flag, plain_number, whole

MOST_DRAWN = 2**31 - 1  # what a count of synapses may ask for


class Wiring(Kind):
    """The base of all wirings."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # A class that lists other pairs than its parent does not have the recipe of its parent.
        if "pairs" in vars(cls) and "recipe" not in vars(cls):
            cls.recipe = Wiring.recipe

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
                f"{type(self).__name__}: keeps no list of synapses. Use a wiring that does, such as pairs(pre, post)."
            )
        return recipe.pairs(pre.indices, post.indices, random)

    def weight_shape(self, pre: Population, post: Population) -> tuple[int, ...] | None:
        """The shape of the array of weights that synapses share; None where each synapse has its own weight."""
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


class _ToSelf(Protocol):
    @property
    def to_self(self) -> bool: ...


def is_within(pre: Population, post: Population) -> bool:
    """Whether synapses stay within one population."""
    return pre.population.name == post.population.name


def _avoids_self(wiring: _ToSelf, pre: Population, post: Population) -> bool:
    return not wiring.to_self and is_within(pre, post)


def as_probability(p: float, where: str) -> float:
    """Read a number from 0 to 1; `where` opens the error for anything else."""
    return plain_number(p, where, "Give a probability, a number from 0 to 1.", low=0, high=1)


@named_arguments
@dataclass(frozen=True)
class all_to_all(Wiring):
    """Every sender to every target: pre.size * post.size synapses.

    to_self: False leaves out the synapse of a neuron onto itself, within one population.

    A weight array has the shape (post, pre).
    """

    to_self: bool = True

    def __post_init__(self):
        keep(self, to_self=flag(self.to_self, "all_to_all: to_self"))

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WireLaw.ALL_TO_ALL, avoid_self=_avoids_self(self, pre, post))

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

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WireLaw.ONE_TO_ONE)

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size)

    def picture(self, pre: Population, post: Population) -> Picture:
        return ONE_TO_ONE


@named_arguments
@dataclass(frozen=True)
class probability(Wiring):
    """Each pair of sender and target is connected with probability p, independently of the others.

    p: the probability, from 0 to 1.
    to_self: False leaves out synapses of a neuron onto itself, within one population.

    The gaps between the targets of a sender are geometric, gap = floor(log(u)/log(1 - p)) with u uniform in (0, 1], so that
    the time to draw grows with the synapses and not with the pairs. This is the random graph G(n, p).

    Raises DescriptionError for a p that is not a number from 0 to 1.

    Source: Gilbert 1959, Ann. Math. Statist. 30, 1141, doi:10.1214/aoms/1177706098. The gaps: Batagelj & Brandes 2005,
    Phys. Rev. E 71, 036113, doi:10.1103/PhysRevE.71.036113.

    >>> import neurosim as ns
    >>> a, b = ns.Neurons("a", 200), ns.Neurons("b", 50, update="v = I")
    >>> ns.probability(0.1).expected(a, b)
    1000.0
    """

    p: float
    to_self: bool = True

    def __post_init__(self):
        p = as_probability(self.p, "probability: p")
        keep(self, p=p, to_self=flag(self.to_self, "probability: to_self"))

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        avoid = _avoids_self(self, pre, post)
        if self.p == 0:
            return Wires(WireLaw.OUTDEGREE, number=0)
        if self.p == 1:
            return Wires(WireLaw.ALL_TO_ALL, avoid_self=avoid)
        return Wires(WireLaw.PROBABILITY, p=self.p, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size) * post.size * self.p

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE if self.p == 1 else SPARSE

    def note(self, reduction: str) -> str:
        return "" if self.p == 1 else f"{percent_text(self.p)} of pairs"


@named_arguments
@dataclass(frozen=True)
class indegree(Wiring):
    """Every target has k senders, drawn with replacement: a pair may be joined by several synapses.

    k: number of senders of each target, all equally likely.
    to_self: False draws among the other neurons, within one population.

    Raises DescriptionError for a k that is not a whole number of at least 0. With to_self=False, synapses raise it for two
    different parts of one population.

    Source: Brunel 2000, J. Comput. Neurosci. 8, 183, doi:10.1023/A:1008925309027, whose neurons have fixed in-degrees.

    >>> import neurosim as ns
    >>> cells = ns.Neurons("cells", 1000, update="v = I")
    >>> ns.indegree(100, to_self=False).expected(cells, cells)
    100000.0
    """

    k: int
    to_self: bool = True

    def __post_init__(self):
        k = whole(self.k, "indegree: k", most=MOST_DRAWN)
        keep(self, k=k, to_self=flag(self.to_self, "indegree: to_self"))

    def check(self, pre: Population, post: Population) -> None:
        _check_others(self, pre, post)

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        avoid = _avoids_self(self, pre, post)
        return Wires(WireLaw.INDEGREE, number=self.k, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * post.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} into each"


@named_arguments
@dataclass(frozen=True)
class outdegree(Wiring):
    """Every sender has k targets, drawn with replacement: a pair may be joined by several synapses.

    k: number of targets of each sender, all equally likely.
    to_self: False draws among the other neurons, within one population.

    Raises DescriptionError for a k that is not a whole number of at least 0. With to_self=False, synapses raise it for two
    different parts of one population.

    Source: van Vreeswijk & Sompolinsky 1996, Science 274, 1724, doi:10.1126/science.274.5293.1724, for networks of fixed
    mean degrees.
    """

    k: int
    to_self: bool = True

    def __post_init__(self):
        k = whole(self.k, "outdegree: k", most=MOST_DRAWN)
        keep(self, k=k, to_self=flag(self.to_self, "outdegree: to_self"))

    def check(self, pre: Population, post: Population) -> None:
        _check_others(self, pre, post)

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        avoid = _avoids_self(self, pre, post)
        return Wires(WireLaw.OUTDEGREE, number=self.k, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * pre.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} from each"


def _check_others(wiring: indegree | outdegree, pre: Population, post: Population) -> None:
    """Refuse to draw among the other neurons where the two sides differ, or where there are no others."""
    if wiring.to_self or not is_within(pre, post):
        return
    name = type(wiring).__name__
    if not np.array_equal(pre.indices, post.indices):
        raise DescriptionError(
            f"{name}: to_self=False needs the same neurons on both sides, not {label(pre)} and {label(post)}."
            " Give both sides the same part, or use probability(p, to_self=False)."
        )
    if pre.size < 2:
        raise DescriptionError(
            f"{name}: to_self=False leaves the single neuron of {label(pre)} no partner. Use more neurons."
        )


@named_arguments
@dataclass(frozen=True)
class total(Wiring):
    """n synapses in all, each between a random sender and a random target, both drawn with replacement.

    n: number of synapses; a pair may be joined by several, and a neuron within one population to itself.

    Raises DescriptionError for an n that is not a whole number of at least 0.

    Source: Potjans & Diesmann 2014, Cereb. Cortex 24, 785, doi:10.1093/cercor/bhs358, whose model fixes the number of
    synapses between two populations.
    """

    n: int

    def __post_init__(self):
        keep(self, n=whole(self.n, "total: n", most=MOST_DRAWN))

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WireLaw.TOTAL, number=self.n, key=random.key("wiring"), counts=random.key("counts"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.n)

    def note(self, reduction: str) -> str:
        return f"{self.n:,} synapses"


@named_arguments
@dataclass(frozen=True, eq=False, init=False)
class pairs(Wiring):
    """The synapses themselves, one by one.

    pre, post: the local index of the sender and of the target of each synapse, whole numbers, both of shape (synapse,).

    A weight or delay array has the shape (synapse,), in the same order, or (post, pre).

    Raises DescriptionError for arrays of different lengths or of other things than whole numbers; synapses raise it for
    indices outside their populations.

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
                f"pairs: {self.pre.size} senders and {self.post.size} targets. Give as many of one as of the other."
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
    """Every target has n sources of its own, each a copy of the single sender: a Poisson background that is never stored.

    n: number of sources of each target, at least 1.

    The sender is one neuron whose spikes do not depend on earlier spikes, such as `threshold="rand() < rate*dt"`. A target
    receives weight times Binomial(n, p) at each tick, where p is the probability of the threshold. It may change in time, and
    is the same for all copies. The weight is one number, and there is no delay.

    Raises DescriptionError for an n that is not a whole number of at least 1. Synapses raise it for a sender that has a reset or
    a refractory period, networks for one that its own spikes reach; `run` raises PlanError for a sender that has an input.

    >>> import neurosim as ns
    >>> from neurosim.units import Hz, ms, mV
    >>> noise = ns.Neurons("noise", 1, threshold="rand() < rate*dt", rate=8 * Hz)
    >>> cells = ns.Neurons("cells", 10, equations="dv/dt = -v/tau : volt", tau=10 * ms)
    >>> ns.Synapses(noise, cells, to="v", wiring=ns.private(1000), weight=0.1 * mV)
    Synapses noise -> cells, private(1000)
    """

    n: int

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
                f"private: {label(pre)} {past}, so its copies would differ from one another. Leave that out, or make the"
                " sources neurons: a population of its own for each target, or one that all share with"
                f" indegree({self.n})."
            )

    def picture(self, pre: Population, post: Population) -> Picture:
        return PRIVATE

    def note(self, reduction: str) -> str:
        return f"{self.n:,} of its own each"
