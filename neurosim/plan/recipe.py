"""The synapses of a pathway: flat arrays, or the recipe by which every engine draws the same arrays.

A recipe is plain data. An engine may draw it itself, straight into its own layout, or ask for the arrays (`draw`). The
numbers of a synapse are counted by (sender, position): local sender, and its place in that sender's row. Indices count
within the parts `pre_index` and `post_index`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from neurosim.network.windows import Slide

NOTHING = np.zeros(0, dtype=np.int64)
FARTHEST = 6.77  # no normal number lies farther out: sqrt(-2 log(2**-33)) = 6.764


@dataclass(frozen=True, eq=False)
class Edges:
    """Synapses by sender: flat indices of neurons in their populations, weight, delay in ticks."""

    sender: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True, eq=False)
class Numbers:
    """How weights or delays come about, one number per synapse; z is a standard normal, u a uniform number in [0, 1).

    kind      number
    'number'  first
    'normal'  first + second z, clipped to [low, high]
    'uniform' first + second u
    'dale'    values[sender] |1 + z/2|
    'target'  values[target]
    'pair'    values[target, sender]
    """

    kind: str
    first: float = 0.0
    second: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    values: np.ndarray = field(default_factory=lambda: NOTHING)
    key: tuple[int, int] = (0, 0)

    @property
    def bounds(self) -> tuple[float, float]:
        """What no number lies below or above, whatever is drawn."""
        if self.kind == "normal":
            reach = FARTHEST * self.second
            low, high = np.clip([self.first - reach, self.first + reach], self.low, self.high)
            return float(low), float(high)
        if self.kind in ("number", "uniform"):
            return self.first, self.first + self.second
        low, high = (self.values.min(), self.values.max()) if self.values.size else (0.0, 0.0)
        if self.kind == "dale":
            most = 1.0 + 0.5 * FARTHEST
            return min(0.0, float(low) * most), max(0.0, float(high) * most)
        return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Wires:
    """Who connects to whom.

    kind           synapses
    'one_to_one'   local sender and target n
    'all_to_all'   every target in turn
    'probability'  targets at geometric gaps: place n of a sender takes gap n
    'outdegree'    `number` targets of each sender, drawn by (sender, position)
    'indegree'     `number` senders of each target, drawn by (target, place); a sender's targets in that order
    'total'        `number` in all: the sender of each is drawn by (its number, 0) with the key `counts`, then the targets of
                   each sender by (sender, position)

    `avoid_self` leaves out synapses of a neuron onto itself: 'all_to_all' and 'probability' drop them, 'outdegree' and
    'indegree' draw among the others.
    """

    kind: str
    number: int = 0
    p: float = 0.0
    avoid_self: bool = False
    key: tuple[int, int] = (0, 0)
    counts: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Recipe:
    """How synapses are drawn: wires, weights, and delays of rint(number / dt) ticks. `draw` gives the arrays."""

    wires: Wires
    pre_index: np.ndarray
    post_index: np.ndarray
    weight: Numbers
    delay: Numbers
    dt: float
    draw: Callable[[], Edges]

    @property
    def ticks(self) -> tuple[float, float]:
        """The shortest and the longest delay that can be drawn."""
        low, high = (float(np.rint(number / self.dt)) for number in self.delay.bounds)
        return low, high


@dataclass(frozen=True, eq=False)
class Windows:
    """Synapses that share weights in windows over the sender's leading axes. `draw` lists them one by one, `number` says of each which of
    the flat weights `own` it has.

    'conv': out[r, .., o] = sum own[o, i, a, ..] in[r stride + a dilation - before, .., i], within `groups` of channels;
    'pool': out[r, .., c] takes own in[r stride + a - before, .., c], `own` being one number. `turned` exchanges the two ends: it
    goes from the windows back to the space.
    """

    kind: str
    slide: Slide
    channels: int
    out_channels: int
    groups: int
    turned: bool
    own: np.ndarray
    delay: int
    draw: Callable[[], Edges]
    number: Callable[[], np.ndarray]


class Later(Mapping[str, np.ndarray]):
    """Arrays whose names are known, and which are drawn together when the first of them is asked for."""

    def __init__(self, names: Iterable[str], draw: Callable[[], Mapping[str, np.ndarray]]):
        self._names, self._draw = tuple(names), draw

    @cached_property
    def _arrays(self) -> Mapping[str, np.ndarray]:
        return self._draw()

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
