"""The synapses of a pathway: flat arrays, or the recipe by which every engine draws the same arrays.

A recipe is plain data. An engine may draw it itself, straight into its own layout, or ask for the arrays (`draw`). The
numbers of a synapse are counted by (sender, position): local sender, and its place in that sender's row. Indices count
within the parts `pre_index` and `post_index`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurosim.network.recipe import Numbers, Wires
from neurosim.network.windows import Slide


@dataclass(frozen=True, eq=False)
class Edges:
    """Synapses by sender: flat indices of neurons in their populations, weight, delay in ticks."""

    sender: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True, eq=False)
class Recipe:
    """How synapses are drawn: wires, weights, and delays of rint(number / dt) ticks; about how many are `expected`. `draw` gives the arrays."""

    wires: Wires
    pre_index: np.ndarray
    post_index: np.ndarray
    weight: Numbers
    delay: Numbers
    dt: float
    expected: float
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
