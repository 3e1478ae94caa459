"""Wirings: who connects to whom, and which synapses share a weight.

A wiring is a small frozen dataclass with two methods: `check(pre, post)` refuses populations that it does not fit, and
`pairs(pre, post, random)` lists its synapses. A new wiring is one more such class. Indices count within the given
populations (or parts of them); synapses are listed by sender, and a sender's synapses in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.kinds import Kind
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import DENSE, ONE_TO_ONE, PRIVATE, SPARSE, Picture, percent_text
from neurosim.network.readonly import read_only
from neurosim.network.recipe import KeyOf, WireLaw, Wires
from neurosim.network.values import as_value, flag, plain_number, whole
from neurosim.network.weights import Stream

MOST_DRAWN = 2**31 - 1  # what a count of synapses may ask for


class Pairs(NamedTuple):
    """Synapses by sender: indices of sender and target, and of the weight they share (None: one weight each)."""

    pre: np.ndarray
    post: np.ndarray
    shared: np.ndarray | None = None


class Wiring(Kind):
    """Who connects to whom."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "pairs" in vars(cls) and "recipe" not in vars(cls):
            cls.recipe = Wiring.recipe  # what a parent class draws is something else

    def check(self, pre: Population, post: Population) -> None:
        """Refuse populations that do not fit; the message says why and what to do."""

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        """The synapses; DescriptionError for a wiring that keeps none."""
        raise DescriptionError(
            f"{type(self).__name__}: keeps no list of synapses. Use a wiring that does, such as pairs(pre, post)."
        )

    def weight_shape(self, pre: Population, post: Population) -> tuple[int, ...] | None:
        """The shape of shared weights; None where each synapse has its own."""
        return None

    def expected(self, pre: Population, post: Population) -> float:
        """About how many synapses there will be, known before they are drawn."""
        return float(pre.size) * post.size

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires | None:
        """What engines draw these synapses from, the same as `pairs` lists; None where they take the list."""
        return None

    def picture(self, pre: Population, post: Population) -> Picture:
        """What a diagram draws on the line from `pre` to `post`."""
        return SPARSE

    def note(self, reduction: str) -> str:
        """What a diagram writes beside the picture, in one line or several; nothing by default.

        reduction: how the target's port combines what arrives: 'sum', 'mean' or 'max'.
        """
        return ""


def by_sender(pre: np.ndarray, post: np.ndarray, shared: np.ndarray | None = None) -> Pairs:
    """Sort synapses by sender, keeping the order within one sender."""
    order = np.argsort(pre, kind="stable")
    return Pairs(pre[order], post[order], None if shared is None else shared[order])


def positions(pre: np.ndarray) -> np.ndarray:
    """The place of each synapse in its sender's row; `pre` is sorted."""
    if pre.size == 0:
        return pre
    first = np.r_[True, pre[1:] != pre[:-1]]
    starts = np.flatnonzero(first)
    return np.arange(pre.size) - starts[np.cumsum(first) - 1]


def is_within(pre: Population, post: Population) -> bool:
    """Whether synapses stay within one population."""
    return pre.population.name == post.population.name


def _avoids(wiring: Any, pre: Population, post: Population) -> bool:
    return not wiring.to_self and is_within(pre, post)


def without_self(found: Pairs, pre: Population, post: Population) -> Pairs:
    """The synapses but for those of a neuron onto itself."""
    if not is_within(pre, post):
        return found
    keep = pre.indices[found.pre] != post.indices[found.post]
    return Pairs(found.pre[keep], found.post[keep])


def keep(wiring: Any, **read: Any) -> None:
    """Keep arguments as they were read: plain numbers and truth values."""
    for name, value in read.items():
        object.__setattr__(wiring, name, value)


def as_probability(p: Any, where: str) -> float:
    """A number from 0 to 1; `where` opens the error for anything else."""
    return plain_number(p, where, "Give a probability, a number from 0 to 1.", low=0, high=1)


def past_own(drawn: np.ndarray, own: np.ndarray, avoid: bool) -> np.ndarray:
    """Numbers drawn among n - 1 choices, moved past the own index, so that no neuron meets itself."""
    return drawn + (drawn >= own) if avoid else drawn


@named_arguments
@dataclass(frozen=True)
class all_to_all(Wiring):
    """Every sender to every target; `to_self=False` leaves out a neuron's synapse onto itself."""

    to_self: bool = True

    def __post_init__(self):
        keep(self, to_self=flag(self.to_self, "all_to_all: to_self"))

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        found = Pairs(np.repeat(np.arange(pre.size), post.size), np.tile(np.arange(post.size), pre.size))
        return found if self.to_self else without_self(found, pre, post)

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        return Wires(WireLaw.ALL_TO_ALL, avoid_self=_avoids(self, pre, post))


@named_arguments
@dataclass(frozen=True)
class one_to_one(Wiring):
    """The n-th sender to the n-th target, in C order; both have equally many neurons."""

    def check(self, pre: Population, post: Population) -> None:
        if pre.size != post.size:
            raise DescriptionError(
                f"one_to_one: {label(pre)} has {pre.size} neurons, {label(post)} has {post.size}."
                f" Make them equal, or take a part: {(pre if pre.size > post.size else post).name}[:{min(pre.size, post.size)}]."
            )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        return Pairs(np.arange(pre.size), np.arange(post.size))

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size)

    def picture(self, pre: Population, post: Population) -> Picture:
        return ONE_TO_ONE

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        return Wires(WireLaw.ONE_TO_ONE)


@named_arguments
@dataclass(frozen=True)
class probability(Wiring):
    """Each pair is connected with probability p, independently; `to_self=False` leaves out synapses onto oneself.

    The gaps between a sender's targets are geometric: gap = floor(log(u)/log(1 - p)), u uniform.
    """

    p: float
    to_self: bool = True

    def __post_init__(self):
        keep(
            self,
            p=as_probability(self.p, "probability: p"),
            to_self=flag(self.to_self, "probability: to_self"),
        )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        if self.p == 0:
            found = Pairs(np.zeros(0, int), np.zeros(0, int))
        elif self.p == 1:
            found = all_to_all().pairs(pre, post, random)
        else:
            found = self._by_gaps(pre.size, post.size, random)
        return found if self.to_self else without_self(found, pre, post)

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size) * post.size * self.p

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE if self.p == 1 else SPARSE

    def note(self, reduction: str) -> str:
        return "" if self.p == 1 else f"{percent_text(self.p)} of pairs"

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        avoid = _avoids(self, pre, post)
        if self.p in (0, 1):
            return (
                Wires(WireLaw.ALL_TO_ALL, avoid_self=avoid) if self.p else Wires(WireLaw.OUTDEGREE, number=0)
            )
        return Wires(WireLaw.PROBABILITY, p=self.p, avoid_self=avoid, key=key("wiring"))

    def _by_gaps(self, n_pre: int, n_post: int, random: Stream) -> Pairs:
        block = int(n_post * self.p + 6 * np.sqrt(n_post * self.p * (1 - self.p))) + 8
        open_rows, last, start, found = np.arange(n_pre), np.full(n_pre, -1), 0, []
        while open_rows.size:
            sender, place = np.broadcast_arrays(open_rows[:, None], start + np.arange(block))
            gaps = np.minimum(random.gaps("wiring", self.p, sender, place), n_post).astype(np.int64)
            target = last[open_rows, None] + np.cumsum(gaps + 1, axis=1)
            inside = target < n_post
            found.append((sender[inside], target[inside]))
            last[open_rows] = target[:, -1]
            open_rows, start = open_rows[inside[:, -1]], start + block
        return by_sender(*(np.concatenate(part) for part in zip(*found, strict=True)))


@named_arguments
@dataclass(frozen=True)
class indegree(Wiring):
    """Every target has k senders, drawn with replacement (a pair may be joined by several synapses)."""

    k: int
    to_self: bool = True

    def __post_init__(self):
        keep(
            self,
            k=whole(self.k, "indegree: k", most=MOST_DRAWN),
            to_self=flag(self.to_self, "indegree: to_self"),
        )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        avoid = _avoids(self, pre, post)
        target, place = (a.ravel() for a in np.indices((post.size, self.k)))
        sender = random.below("wiring", pre.size - avoid, target, place)
        return by_sender(past_own(sender, target, avoid), target)

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * post.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} into each"

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        return Wires(WireLaw.INDEGREE, number=self.k, avoid_self=_avoids(self, pre, post), key=key("wiring"))

    def check(self, pre: Population, post: Population) -> None:
        _check_avoidance(self, pre, post)


@named_arguments
@dataclass(frozen=True)
class outdegree(Wiring):
    """Every sender has k targets, drawn with replacement (a pair may be joined by several synapses)."""

    k: int
    to_self: bool = True

    def __post_init__(self):
        keep(
            self,
            k=whole(self.k, "outdegree: k", most=MOST_DRAWN),
            to_self=flag(self.to_self, "outdegree: to_self"),
        )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        avoid = _avoids(self, pre, post)
        sender, place = (a.ravel() for a in np.indices((pre.size, self.k)))
        target = random.below("wiring", post.size - avoid, sender, place)
        return Pairs(sender, past_own(target, sender, avoid))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * pre.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} from each"

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        return Wires(WireLaw.OUTDEGREE, number=self.k, avoid_self=_avoids(self, pre, post), key=key("wiring"))

    def check(self, pre: Population, post: Population) -> None:
        _check_avoidance(self, pre, post)


def _check_avoidance(wiring: Any, pre: Population, post: Population) -> None:
    if wiring.to_self or not is_within(pre, post):
        return
    if not np.array_equal(pre.indices, post.indices):
        raise DescriptionError(
            f"{type(wiring).__name__}: to_self=False needs the same neurons on both sides, not {label(pre)} and {label(post)}."
            " Give both sides the same part, or use probability(p, to_self=False)."
        )
    if pre.size < 2:
        raise DescriptionError(
            f"{type(wiring).__name__}: to_self=False leaves the single neuron of {label(pre)} no partner. Use more neurons."
        )


@named_arguments
@dataclass(frozen=True)
class total(Wiring):
    """n synapses in all, each between a random sender and a random target (both with replacement)."""

    n: int

    def __post_init__(self):
        keep(self, n=whole(self.n, "total: n", most=MOST_DRAWN))

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        number = np.arange(self.n)
        counts = np.bincount(
            random.below("counts", pre.size, number, np.zeros_like(number)), minlength=pre.size
        )
        sender = np.repeat(np.arange(pre.size), counts)
        return Pairs(sender, random.below("wiring", post.size, sender, positions(sender)))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.n)

    def note(self, reduction: str) -> str:
        return f"{self.n:,} synapses"

    def recipe(self, pre: Population, post: Population, key: KeyOf) -> Wires:
        return Wires(WireLaw.TOTAL, number=self.n, key=key("wiring"), counts=key("counts"))


@named_arguments
@dataclass(frozen=True, eq=False)
class pairs(Wiring):
    """The synapses themselves: `pairs(pre, post)`, two equally long arrays of indices into the populations given."""

    pre: Any
    post: Any

    def __post_init__(self):
        for side in ("pre", "post"):
            given = as_value(getattr(self, side), f"pairs: {side}").number
            if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
                raise DescriptionError(
                    f"pairs: {side} {shown(getattr(self, side))} is not a row of whole numbers. Give one index per synapse."
                )
            keep(self, **{side: read_only(given.astype(np.int64))})
        if self.pre.size != self.post.size:
            raise DescriptionError(
                f"pairs: {self.pre.size} senders and {self.post.size} targets. Give as many of one as of the other."
            )

    def __reduce__(self) -> tuple:
        return pairs, (self.pre, self.post)

    def check(self, pre: Population, post: Population) -> None:
        for side, given, population in (("pre", self.pre, pre), ("post", self.post, post)):
            if given.size and not (given.min() >= 0 and given.max() < population.size):
                wrong = given[(given < 0) | (given >= population.size)][0]
                last = population.size - 1
                raise DescriptionError(
                    f"pairs: {side} index {wrong} is outside {label(population)}. Give indices from 0 to {last}."
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
        """The order in which the given pairs are listed by sender."""
        return np.argsort(self.pre, kind="stable")

    def __repr__(self) -> str:
        return f"pairs({self.pre.size} synapses)"


@named_arguments
@dataclass(frozen=True)
class private(Wiring):
    """Every target has n sources of its own, each a copy of the single sender (a Poisson background); never stored.

    The sender is one neuron whose spikes do not depend on spikes before, such as `threshold="rand() < rate*dt"`; a target
    receives weight times Binomial(n, p) at each tick. p may change in time, and is the same for all copies. A sender with a
    reset or a refractory period, with synapses onto itself or with an input is refused.
    """

    n: int

    def __post_init__(self):
        keep(self, n=whole(self.n, "private: n", least=1, most=MOST_DRAWN))

    def picture(self, pre: Population, post: Population) -> Picture:
        return PRIVATE

    def note(self, reduction: str) -> str:
        return f"{self.n:,} of its own each"

    def check(self, pre: Population, post: Population) -> None:
        sender = pre.population
        if pre.size != 1 or not sender.spiking:
            raise DescriptionError(
                f"private: {label(pre)} must be one neuron that spikes at random, such as"
                f" Neurons({pre.name!r}, 1, threshold='rand() < rate*dt', rate=8*Hz)."
            )
        if sender.reset or sender.has_refractory:
            past = (
                "is reset by its spikes"
                if sender.reset
                else f"is refractory after its spikes ({sender.refractory})"
            )
            raise DescriptionError(
                f"private: {label(pre)} {past}, so its copies would differ from one another. Leave that out, or make the sources neurons:"
                f" a population of its own for each target, or one that all share with indegree({self.n})."
            )
