"""How far down every node of a diagram stands, once the layers and their order are fixed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import numpy as np

from neurosim.figures.graph.edges import Edge
from neurosim.figures.graph.layers import Layering

SWEEPS = 60  # over all layers, in turn to the right and to the left
NEAR = 0.3  # how far a straight piece may be moved to meet an end of its edge


class Alignment(NamedTuple):
    """A wish: y of `second` is y of `first` plus `offset`. Wishes are weighted by `strength`."""

    first: str
    second: str
    offset: float
    strength: float


@dataclass
class Heights:
    """The y of every node and dummy of a layering; none overlaps the next one of its layer.

    above, below: the room that each needs above and below its centre.
    """

    layering: Layering
    above: dict[str, float]
    below: dict[str, float]
    y: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Stack the nodes of each layer about y = 0."""
        for layer in self.layering.layers:
            top = 0.0
            for key in layer:
                self.y[key] = top + self.above[key]
                top = self.y[key] + self.below[key]
            for key in layer:
                self.y[key] -= top / 2

    def align(self, alignments: Iterable[Alignment]) -> None:
        """Move the nodes, layer by layer, to the weighted mean of the places that neighbours ask for."""
        wishes: dict[str, list[Alignment]] = {}
        for a in alignments:
            wishes.setdefault(a.second, []).append(a)
            wishes.setdefault(a.first, []).append(Alignment(a.second, a.first, -a.offset, a.strength))
        layers = self.layering.layers
        for sweep in range(SWEEPS):
            for layer in layers if sweep % 2 == 0 else layers[::-1]:
                places, strengths = zip(*(self._wish(key, wishes.get(key, [])) for key in layer), strict=True)
                gaps = [self.below[a] + self.above[b] for a, b in itertools.pairwise(layer)]
                self.y.update(zip(layer, _separated(places, strengths, gaps), strict=True))

    def _wish(self, key: str, wishes: list[Alignment]) -> tuple[float, float]:
        """Where a node is wanted, and how strongly."""
        total = sum(wish.strength for wish in wishes)
        if not total:
            return self.y[key], 0.01
        return sum((self.y[wish.first] + wish.offset) * wish.strength for wish in wishes) / total, total

    def straighten(self, ends: dict[Edge, tuple[float, float]], into_products: set[Edge]) -> None:
        """Let every edge pass the layers between its ends in as few level pieces as there is room for.

        ends: where each edge leaves its source and enters its target, seen from their centres.
        into_products: edges that take their target along, since a product may stand anywhere.
        """
        for _ in range(2):
            for edge, path in self.layering.paths.items():
                movable = edge in into_products
                wanted = [self.y[path[0]] + ends[edge][0]]
                wanted += [] if movable else [self.y[path[-1]] + ends[edge][1]]
                piece: list[str] = []
                for key in path[1:] if movable else path[1:-1]:
                    low, high = self._free([*piece, key])
                    if low > high:
                        self._level(piece, wanted)
                        piece = []
                    piece.append(key)
                self._level(piece, wanted)

    def _level(self, piece: list[str], wanted: list[float]) -> None:
        """Put nodes at one height: that of an end of their edge if it is near and free."""
        low, high = self._free(piece)
        if piece and low <= high:
            mean = sum(self.y[key] for key in piece) / len(piece)
            near = [y for y in wanted if low <= y <= high and abs(y - mean) < NEAR]
            self.y.update(dict.fromkeys(piece, near[0] if near else min(max(mean, low), high)))

    def _free(self, piece: list[str]) -> tuple[float, float]:
        """The lowest and the highest y that is free for all of these nodes."""
        low, high = -inf, inf
        for key in piece:
            layer = self.layering.layers[self.layering.layer_of[key]]
            n = layer.index(key)
            if n > 0:
                low = max(low, self.y[layer[n - 1]] + self.below[layer[n - 1]] + self.above[key])
            if n + 1 < len(layer):
                high = min(high, self.y[layer[n + 1]] - self.above[layer[n + 1]] - self.below[key])
        return low, high


def _separated(wanted: Iterable[float], weights: Iterable[float], gaps: list[float]) -> list[float]:
    """The places nearest to the wanted ones (weighted least squares) that keep the gaps: isotonic regression.

    Pool adjacent violators: Ayer et al. 1955, Ann. Math. Stat. 26, 641, doi:10.1214/aoms/1177728423.
    """
    shifts = np.concatenate([[0.0], np.cumsum(gaps)])
    blocks: list[list[float]] = []  # each: mean, weight, number of nodes
    for place, weight, shift in zip(wanted, weights, shifts, strict=True):
        blocks.append([place - shift, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, added, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * added) / (last[1] + added)
            last[1], last[2] = last[1] + added, last[2] + count
    means = [block[0] for block in blocks for _ in range(int(block[2]))]
    return [float(mean + shift) for mean, shift in zip(means, shifts, strict=True)]
