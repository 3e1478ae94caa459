"""The layers of a diagram: which node stands in which, and in which order.

1. Edges that close a cycle run back; the others run forward.
2. A node stands in the layer after the last of those that lead to it (longest path).
3. An edge that passes layers has a dummy node in each of them, which keeps room for it.
4. The order within a layer is that of the mean places of each node's neighbours (barycentres), as long as
   this leaves fewer crossings.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from neurosim.figures.graph.edges import is_product

MOST_SWEEPS = 12  # over all layers, in turn to the right and to the left
Neighbours = dict[str, list[str]]


class Arc(Protocol):
    """A line from node to node.

    source, target: the keys of the nodes.
    instant: whether it carries messages without delay.
    number: its place among all lines.
    """

    source: str
    target: str
    instant: bool
    number: int


A = TypeVar("A", bound=Arc)


@dataclass
class Layering(Generic[A]):
    """Nodes in layers, from left to right, and within each from top to bottom.

    layers: the keys of nodes and dummies.
    layer_of: the number of the layer of each.
    paths: by forward edge, its source, the dummies through which it passes, and its target.
    dummies: by dummy, the edge for which it keeps room.
    """

    layers: list[list[str]]
    layer_of: dict[str, int]
    paths: dict[A, list[str]]
    dummies: dict[str, A]

    def depth(self, key: str, within: float = 0.5) -> float:
        """How far down its layer a node stands, or a place `within` it; both from 0 to 1."""
        layer = self.layers[self.layer_of[key]]
        return (layer.index(key) + within) / len(layer)


def assign_layers(
    nodes: Sequence[str],
    edges: Sequence[A],
    inputs: Sequence[str],
    first: Collection[str] = (),
    last: Collection[str] = (),
) -> Layering[A]:
    """Put nodes into layers and order these.

    Products, and nodes that receive nothing, stand directly before the first of those that they lead to.

    nodes: the keys of populations and products.
    inputs: the keys of the populations that are driven from outside.
    first, last: nodes that stand in the first layer and in the last; no edge leads to the ones or from the
        others.
    """
    back = _feedback(nodes, edges, inputs)
    forward = [edge for edge in edges if edge not in back and edge.source != edge.target]
    layer_of = _longest_paths(nodes, forward)
    _pin(layer_of, first, last)
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for key in nodes:
        layers[layer_of[key]].append(key)
    paths, dummies = {}, {}
    for edge in forward:
        passed = range(layer_of[edge.source] + 1, layer_of[edge.target])
        between = [f"{edge.number}@{layer}" for layer in passed]
        for layer, key in zip(passed, between, strict=True):
            layers[layer].append(key)
            layer_of[key], dummies[key] = layer, edge
        paths[edge] = [edge.source, *between, edge.target]
    return Layering(_ordered(layers, paths), layer_of, paths, dummies)


def _pin(layer_of: dict[str, int], first: Collection[str], last: Collection[str]) -> None:
    """Put nodes into the first and the last layer, where nothing else stands in the way."""
    others = [layer for key, layer in layer_of.items() if key not in first and key not in last]
    shift = 1 - min(others, default=0) if first else 0
    end = max(others, default=0) + shift + 1
    for key in layer_of:
        layer_of[key] = 0 if key in first else end if key in last else layer_of[key] + shift


def _feedback(nodes: Sequence[str], edges: Sequence[A], inputs: Sequence[str]) -> set[A]:
    """The edges that close a cycle if edges are added one by one.

    Those from products come first, since these have one output, then those without delay, then those near
    the inputs.
    """
    distance = _distances(nodes, edges, inputs)
    order = sorted(
        edges,
        key=lambda edge: (
            not is_product(edge.source),
            not edge.instant,
            distance[edge.source],
            nodes.index(edge.source),
        ),
    )
    after: dict[str, set[str]] = {key: set() for key in nodes}
    back = set()
    for edge in order:
        if edge.source == edge.target:
            continue
        if _reaches(after, edge.target, edge.source):
            back.add(edge)
        else:
            after[edge.source].add(edge.target)
    return back


def _distances(nodes: Sequence[str], edges: Sequence[Arc], inputs: Sequence[str]) -> dict[str, int]:
    """The number of edges to each node from the nearest input.

    Without inputs they are counted from the nodes that receive nothing, or else from the first node.
    """
    targets = {edge.target for edge in edges if edge.source != edge.target}
    starts = list(inputs) or [key for key in nodes if key not in targets] or list(nodes[:1])
    distance = dict.fromkeys(nodes, len(nodes))
    distance.update(dict.fromkeys(starts, 0))
    reached = starts
    while reached:
        before, reached = reached, []
        for edge in edges:
            if edge.source in before and distance[edge.target] > distance[edge.source] + 1:
                distance[edge.target] = distance[edge.source] + 1
                reached.append(edge.target)
    return distance


def _reaches(after: dict[str, set[str]], start: str, goal: str) -> bool:
    seen, stack = set(), [start]
    while stack:
        key = stack.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            stack.extend(after[key])
    return False


def _longest_paths(nodes: Sequence[str], edges: Sequence[Arc]) -> dict[str, int]:
    """The layer of each node."""
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for edge in edges:
            layer[edge.target] = max(layer[edge.target], layer[edge.source] + 1)
    targets = {edge.target for edge in edges}
    for key in sorted(nodes, key=lambda key: -layer[key]):
        ahead = [layer[edge.target] for edge in edges if edge.source == key]
        if ahead and (is_product(key) or key not in targets):
            layer[key] = min(ahead) - 1
    return layer


def _ordered(layers: list[list[str]], paths: Mapping[A, list[str]]) -> list[list[str]]:
    """The layers, reordered by the mean place of neighbours until no sweep leaves fewer crossings."""
    before, after = _neighbours(paths)
    current = [list(layer) for layer in layers]
    best, fewest = layers, _crossings(layers, after)
    for sweep in range(MOST_SWEEPS):
        if fewest == 0:
            break
        if sweep % 2 == 0:
            for n in range(1, len(current)):
                current[n] = _by_mean_place(current[n], before, current[n - 1])
        else:
            for n in reversed(range(len(current) - 1)):
                current[n] = _by_mean_place(current[n], after, current[n + 1])
        crossings = _crossings(current, after)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in current], crossings
    return best


def _by_mean_place(layer: list[str], near: Neighbours, fixed: list[str]) -> list[str]:
    """A layer in the order of the mean place of each node's neighbours in the layer beside it."""
    place = {key: n for n, key in enumerate(fixed)}
    means = {}
    for n, key in enumerate(layer):
        places = [place[other] for other in near.get(key, []) if other in place]
        means[key] = sum(places) / len(places) if places else float(n)
    return sorted(layer, key=lambda key: means[key])


def _neighbours(paths: Mapping[A, list[str]]) -> tuple[Neighbours, Neighbours]:
    """The nodes directly before and after each node on forward edges."""
    before: Neighbours = {}
    after: Neighbours = {}
    for path in paths.values():
        for first, second in itertools.pairwise(path):
            after.setdefault(first, []).append(second)
            before.setdefault(second, []).append(first)
    return before, after


def _crossings(layers: list[list[str]], after: Neighbours) -> int:
    """How many pairs of edges cross between neighbouring layers."""
    crossings = 0
    for left, right in itertools.pairwise(layers):
        place = {key: n for n, key in enumerate(right)}
        ends = [(n, place[key]) for n, source in enumerate(left) for key in after.get(source, [])]
        crossings += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(ends) for b in ends[i + 1 :])
    return crossings
