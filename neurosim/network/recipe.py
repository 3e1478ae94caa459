"""How synapses are drawn, as plain data: what an engine needs in order to draw them by itself, straight into its own layout.

A wiring and a law of weights that say their recipe are drawn in C++ where that pays; the others are drawn as arrays, with the
same engines behind them. The numbers of a synapse are counted by (sender, position): local sender, and its place in that
sender's row. `core/construct/pathway.hpp` has the same laws in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

NOTHING = np.zeros(0, dtype=np.int64)
FARTHEST = 6.77  # no normal number lies farther out: sqrt(-2 log(2**-33)) = 6.764
Key = tuple[int, int]
KeyOf = Callable[[str], Key]  # the key of the random numbers of a block, such as 'wiring' or 'normal'


class WireLaw(IntEnum):
    """Who connects to whom."""

    GIVEN = 0  # as arrays
    ONE_TO_ONE = 1  # local sender and target n
    ALL_TO_ALL = 2  # every target in turn
    PROBABILITY = 3  # targets at geometric gaps: place n of a sender takes gap n
    OUTDEGREE = 4  # `number` targets of each sender, drawn by (sender, position)
    INDEGREE = (
        5  # `number` senders of each target, drawn by (target, place); a sender's targets in that order
    )
    TOTAL = 6  # `number` in all: the sender of each is drawn by (its number, 0) with the key `counts`, then its targets by (sender, position)


@dataclass(frozen=True, eq=False)
class Wires:
    """A wiring as a recipe.

    `avoid_self` leaves out synapses of a neuron onto itself: all-to-all and probability drop them, outdegree and indegree draw
    among the others.
    """

    law: WireLaw
    number: int = 0
    p: float = 0.0
    avoid_self: bool = False
    key: Key = (0, 0)
    counts: Key = (0, 0)


class NumberLaw(IntEnum):
    """One number per synapse; z is a standard normal, u a uniform number in [0, 1)."""

    NUMBER = 0  # first
    NORMAL = 1  # first + second z, clipped to [low, high]
    UNIFORM = 2  # first + second u
    DALE = 3  # values[sender] |1 + z/2|
    TARGET = 4  # values[target]
    PAIR = 5  # values[target, sender]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Weights or delays as a recipe."""

    law: NumberLaw
    first: float = 0.0
    second: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    values: np.ndarray = field(default_factory=lambda: NOTHING)
    key: Key = (0, 0)

    @property
    def bounds(self) -> tuple[float, float]:
        """What no number lies below or above, whatever is drawn."""
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
