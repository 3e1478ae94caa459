"""How synapses are drawn, as plain data: who connects to whom, and one number (weight, delay, start value)
for each synapse.

Wirings and distributions that have a recipe are drawn in C++ where that pays, straight into the layout of
the engine; the methods `Wires.pairs` and `NumberRecipe.draw` draw the same with numpy. Others are drawn by
methods of their own, as arrays. The random numbers of a synapse are counted by (sender, position); see
`draws.py`.
`engine/events/core/construct/pathway.hpp` has the same laws in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from neurosim.network.draws import Key, Pairs, Stream, Table, by_sender, positions

NO_VALUES = np.zeros(0, dtype=np.int64)
FARTHEST = 6.77  # no normal number lies farther out: sqrt(-2 log(2**-33)) = 6.764


class WiringLaw(IntEnum):
    """Who connects to whom."""

    GIVEN = 0  # as arrays
    ONE_TO_ONE = 1  # local sender and target n
    ALL_TO_ALL = 2  # every target in turn
    PROBABILITY = 3  # targets at geometric gaps: gap n of a sender is drawn by (sender, n)
    OUTDEGREE = 4  # `number` targets of each sender, drawn by (sender, position)
    INDEGREE = 5  # `number` senders of each target, of which sender n is drawn by (target, n)
    # `number` in all: sender n is drawn by (n, 0) with the key `counts`, then targets by (sender, position)
    TOTAL = 6


@dataclass(frozen=True, eq=False)
class Wires:
    """A wiring as a recipe.

    law: who connects to whom.
    number: of synapses of each neuron or in all, as `law` says.
    p: the probability of a pair.
    avoid_self: whether synapses of a neuron onto itself are left out: ALL_TO_ALL and PROBABILITY drop them,
        OUTDEGREE and INDEGREE draw among the other neurons.
    key, counts: the keys of the random numbers of the blocks 'wiring' and 'counts'.
    """

    law: WiringLaw
    number: int = 0
    p: float = 0.0
    avoid_self: bool = False
    key: Key = (0, 0)
    counts: Key = (0, 0)

    def pairs(self, pre_index: np.ndarray, post_index: np.ndarray, random: Stream) -> Pairs:
        """The synapses between the neurons of these flat indices; `random` has the keys of the recipe."""
        n_pre, n_post, avoid = pre_index.size, post_index.size, self.avoid_self
        match self.law:
            case WiringLaw.ONE_TO_ONE:
                return Pairs(np.arange(n_pre), np.arange(n_pre))
            case WiringLaw.OUTDEGREE:
                sender, number = (a.ravel() for a in np.indices((n_pre, self.number)))
                target = random.below("wiring", n_post - avoid, sender, number)
                return Pairs(sender, skip_own(target, sender) if avoid else target)
            case WiringLaw.INDEGREE:
                target, number = (a.ravel() for a in np.indices((n_post, self.number)))
                sender = random.below("wiring", n_pre - avoid, target, number)
                return by_sender(skip_own(sender, target) if avoid else sender, target)
            case WiringLaw.TOTAL:
                number = np.arange(self.number)
                drawn = random.below("counts", n_pre, number, np.zeros_like(number))
                sender = np.repeat(np.arange(n_pre), np.bincount(drawn, minlength=n_pre))
                return Pairs(sender, random.below("wiring", n_post, sender, positions(sender)))
            case WiringLaw.PROBABILITY:
                listed = by_gaps(self.p, 0, n_pre, n_post, random)
            case _:
                listed = Pairs(np.repeat(np.arange(n_pre), n_post), np.tile(np.arange(n_post), n_pre))
        return without_self(listed, pre_index, post_index) if avoid else listed


def by_gaps(p: float, first: int, stop: int, n_post: int, random: Stream) -> Pairs:
    """Every pair of the senders from `first` to before `stop` with probability p, 0 < p < 1.

    The gaps between the targets of a sender are geometric.

    The gaps of all senders are drawn in blocks of a size that suffices for nearly all of them; senders whose
    last target lies inside the population take another block.
    """
    block = int(n_post * p + 6 * np.sqrt(n_post * p * (1 - p))) + 8
    unfinished, last, start, blocks = np.arange(first, stop), np.full(stop - first, -1), 0, []
    while unfinished.size:
        sender, number = np.broadcast_arrays(unfinished[:, None], start + np.arange(block))
        gaps = np.minimum(random.gaps("wiring", p, sender, number), n_post).astype(np.int64)
        target = last[unfinished - first, None] + np.cumsum(gaps + 1, axis=1)
        inside = target < n_post
        blocks.append((sender[inside], target[inside]))
        last[unfinished - first] = target[:, -1]
        unfinished, start = unfinished[inside[:, -1]], start + block
    return by_sender(*(np.concatenate(part) for part in zip(*blocks, strict=True)))


def skip_own(drawn: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Indices drawn among n - 1 neurons as indices among n, none of which is the `own` one."""
    return drawn + (drawn >= own)


def without_self(listed: Pairs, pre_index: np.ndarray, post_index: np.ndarray) -> Pairs:
    """The synapses but for those of a neuron onto itself; the flat indices are those of one population."""
    keep = pre_index[listed.pre] != post_index[listed.post]
    return Pairs(listed.pre[keep], listed.post[keep])


class NumberLaw(IntEnum):
    """One number per synapse; z is a standard normal number, u a uniform one in [0, 1)."""

    NUMBER = 0  # first
    NORMAL = 1  # first + second z, clipped to [low, high]
    UNIFORM = 2  # first + second u
    DALE = 3  # values[sender] |1 + z/2|
    TARGET = 4  # values[target]
    PAIR = 5  # values[target, sender]


@dataclass(frozen=True, eq=False)
class NumberRecipe:
    """Weights, delays or start values as a recipe, in SI units.

    law: how a number comes about; it says what `first`, `second` and `values` are.
    low, high: bounds of NORMAL, to which numbers are clipped.
    values: shape (sender,) for DALE, (target,) for TARGET, (target, sender) for PAIR.
    key: the key of the random numbers of the block 'normal' or 'uniform'.
    """

    law: NumberLaw
    first: float = 0.0
    second: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    values: np.ndarray = field(default_factory=lambda: NO_VALUES)
    key: Key = (0, 0)

    def draw(self, of: Table) -> np.ndarray:
        """One number for each synapse of the table."""
        match self.law:
            case NumberLaw.NUMBER:
                return np.full(of.sender.size, self.first)
            case NumberLaw.NORMAL:
                drawn = self.first + self.second * of.random.normal("normal", of.sender, of.position)
                return np.clip(drawn, self.low, self.high)
            case NumberLaw.UNIFORM:
                return self.first + self.second * of.random.uniform("uniform", of.sender, of.position)
            case NumberLaw.DALE:
                size = np.abs(1.0 + 0.5 * of.random.normal("normal", of.sender, of.position))
                return self.values[of.sender] * size
            case NumberLaw.TARGET:
                return self.values[of.post]
            case NumberLaw.PAIR:
                return self.values[of.post, of.sender]

    @property
    def bounds(self) -> tuple[float, float]:
        """Two numbers between which every number lies, whatever is drawn."""
        low, high = (float(self.values.min()), float(self.values.max())) if self.values.size else (0.0, 0.0)
        match self.law:
            case NumberLaw.NORMAL:
                reach = FARTHEST * self.second
                least, most = np.clip([self.first - reach, self.first + reach], self.low, self.high)
                return float(least), float(most)
            case NumberLaw.NUMBER | NumberLaw.UNIFORM:
                return self.first, self.first + self.second
            case NumberLaw.DALE:
                most = 1.0 + 0.5 * FARTHEST
                return min(0.0, low * most), max(0.0, high * most)
            case NumberLaw.TARGET | NumberLaw.PAIR:
                return low, high
