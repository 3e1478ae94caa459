"""The places of all nodes of a diagram: the x of every layer, and the y of every node."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neurosim.figures.graph.coordinates import Alignment, Heights
from neurosim.figures.graph.edges import Edge, is_product
from neurosim.figures.graph.layers import Layering, assign_layers
from neurosim.figures.graph.model import Box
from neurosim.figures.graph.nodes import Frame, Node, make_nodes
from neurosim.figures.graph.sizes import BRANCH, LANE, Measure

ROW = 13.7  # the width of the widest row; a longer diagram is cut into several
NODE_GAP = 0.30  # between boxes of one layer
LAYER_GAP = 0.55  # between layers, at least
DUMMY = 0.14  # the room above and below an edge that passes a layer


@dataclass
class Layout:
    """A diagram whose nodes have their places; routes are added to its edges later.

    nodes: by key.
    edges: in the order of the synapses.
    layering: which node stands in which layer.
    measure: the width of a text.
    left, right: the x of the two sides of each layer.
    lanes: by dummy, the y at which an edge passes a layer.
    cuts: the x at which a long diagram is cut into rows.
    frames: the outlines of parts that are open, the innermost first.
    """

    nodes: dict[str, Node]
    edges: list[Edge]
    layering: Layering[Edge]
    measure: Measure
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    lanes: dict[str, float] = field(default_factory=dict)
    cuts: list[float] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def layer(self, key: str) -> int:
        """The number of the layer of a node."""
        return self.layering.layer_of[key]


def place_nodes(
    boxes: Sequence[Box],
    products: Sequence[str],
    edges: list[Edge],
    frames: Mapping[str, Node],
    measure: Measure,
    *,
    cut: bool,
) -> Layout:
    """Put nodes into layers and give them their places.

    boxes, products, frames: what stands here; frames are nodes that have their size and anchors.
    edges: those between them, and from and to the sides of the frame around them.
    cut: whether a long diagram is cut into rows.
    """
    keys = [*(box.key for box in boxes), *products, *frames]
    entries = [edge.source for edge in edges if edge.source.startswith("<")]
    exits = [edge.target for edge in edges if edge.target.startswith(">")]
    inputs = [*entries, *(box.key for box in boxes if box.kind == "driven")]
    layering = assign_layers([*entries, *keys, *exits], edges, inputs, entries, exits)
    sliced = {box.key for box in boxes if box.parts} | {*products, *frames}
    for edge in edges:
        _set_course(edge, layering, sliced)
    nodes = make_nodes(boxes, edges, layering, measure) | dict(frames)
    layout = Layout(nodes, edges, layering, measure)
    _set_y(layout)
    _set_x(layout, cut=cut)
    return layout


def _set_course(edge: Edge, layering: Layering[Edge], sliced: set[str]) -> None:
    """Say which way an edge runs, and at which sides of its nodes it begins and ends.

    sliced: products, frames, and boxes whose lowest part is a slice: no edge begins or ends at their bottom.
    """
    source, target = layering.layer_of[edge.source], layering.layer_of[edge.target]
    if edge in layering.paths:
        return
    if edge.source == edge.target:
        edge.course = "loop"
        edge.leaves = "right" if edge.source_part else "top"
        edge.enters = "left" if edge.target_part else "top"
    elif (
        edge.connection.instant
        and not edge.delay
        and source == target + 1
        and "[" not in edge.source[0] + edge.target[0]
    ):
        edge.course, edge.leaves, edge.enters = "facing", "left", "right"
    else:
        edge.course, edge.span = "back", source - target
        lowest = {layering.layers[source][-1], layering.layers[target][-1]} - sliced
        edge.leaves = "bottom" if edge.source in lowest else "right"
        edge.enters = "bottom" if edge.target in lowest else "left"


def _set_y(layout: Layout) -> None:
    nodes, layering = layout.nodes, layout.layering
    above = {key: nodes[key].above + NODE_GAP / 2 if key in nodes else DUMMY for key in layering.layer_of}
    below = {key: nodes[key].below + NODE_GAP / 2 if key in nodes else DUMMY for key in layering.layer_of}
    for key, edge in layering.dummies.items():
        below[key] += edge.notes_size(layout.measure)[1]
    heights = Heights(layering, above, below)
    ends = {edge: _ends(layout, edge) for edge in layering.paths}
    wishes = [wish for edge, path in layering.paths.items() for wish in _alignments(edge, path, *ends[edge])]
    wishes += [
        Alignment(edge.source, edge.target, 0.0, 1.0) for edge in layout.edges if edge.course == "facing"
    ]
    heights.align(wishes)
    into_products = {edge for edge in layering.paths if is_product(edge.target) and edge.kind != "message"}
    heights.straighten(ends, into_products)
    for key, node in nodes.items():
        node.y = heights.y[key]
    layout.lanes = {key: heights.y[key] for key in layering.dummies}


def _ends(layout: Layout, edge: Edge) -> tuple[float, float]:
    """The y at which an edge leaves its source and (the mean of its ports) enters its target."""
    enters = [layout.nodes[edge.target].anchors[edge, port].y for port in edge.ports]
    return layout.nodes[edge.source].anchors[edge, None].y, sum(enters) / len(enters)


def _alignments(edge: Edge, path: list[str], leaves: float, enters: float) -> list[Alignment]:
    """That an edge is level from each node of its path to the next; between dummies this counts most."""
    wishes, last = [], len(path) - 2
    for n, (a, b) in enumerate(itertools.pairwise(path)):
        offset = (leaves if n == 0 else 0.0) - (enters if n == last else 0.0)
        strength = (1.0, 2.0, 8.0)[(n > 0) + (n < last)]
        drops = n == last and edge.kind == "message" and is_product(b)  # it enters from above or below
        wishes.append(Alignment(a, b, offset, (0.05 if drops else 1.0) * strength))
    return wishes


def _set_x(layout: Layout, *, cut: bool) -> None:
    """Place the layers side by side, with gaps as wide as the labels between them."""
    layers = [[layout.nodes[key] for key in layer if key in layout.nodes] for layer in layout.layering.layers]
    halves = [max([0.1, *(max(node.aside, node.width / 2) for node in nodes)]) for nodes in layers]
    gaps = [_gap(layout, n) if n else 0.0 for n in range(len(layers))]
    starts = (
        set() if not cut else _row_starts([gap + 2 * half for gap, half in zip(gaps, halves, strict=True)])
    )
    x = 0.0
    for n, (nodes, gap, half) in enumerate(zip(layers, gaps, halves, strict=True)):
        if n in starts:
            leaving = sum(_leaves_upright(layout, edge, n) for edge in layout.edges)
            layout.cuts.append(x + LANE * leaving + 0.25)
            x += 0.5
        x += gap
        layout.left.append(x)
        layout.right.append(x + 2 * half)
        for node in nodes:
            node.x = x + half
        x += 2 * half


def _row_starts(widths: list[float]) -> set[int]:
    """The layers with which a new row begins: as few rows as possible, of similar widths."""
    widest = max(ROW, *widths)
    rows = len(_filled(widths, widest))
    low, high = widest / 8, widest
    while high - low > 0.1:
        limit = (low + high) / 2
        fits = max(widths) <= limit and len(_filled(widths, limit)) <= rows
        low, high = (low, limit) if fits else (limit, high)
    return {row[0] for row in _filled(widths, high)[1:]}


def _filled(widths: list[float], limit: float) -> list[list[int]]:
    """Layers in rows, each filled up to a limit."""
    rows: list[list[int]] = []
    room = 0.0
    for n, width in enumerate(widths):
        if not rows or width > room:
            rows.append([])
            room = limit
        rows[-1].append(n)
        room -= width
    return rows


def _gap(layout: Layout, n: int) -> float:
    """The width of the gap before layer n."""
    width, labelled = LAYER_GAP, Counter()
    for edge in layout.edges:
        path = layout.layering.paths.get(edge, [edge.target, edge.source] if edge.course == "facing" else [])
        if len(path) == 2 and layout.layer(path[1]) == n:
            label = max(edge.icon_size(layout.measure)[0], edge.notes_size(layout.measure)[0])
            width = max(width, label + 0.5 + BRANCH * (len(edge.ports) > 1))
            labelled.update(path if edge.notes else ())
    upright = sum(
        _leaves_upright(layout, edge, n) + _enters_upright(layout, edge, n) for edge in layout.edges
    )
    crowd = max(labelled.values(), default=1)  # edges with notes that meet in one node
    crowd = max(crowd - 1, _crossed(layout, n))
    return width + LANE * upright + 0.3 * min(crowd, 4)


def _crossed(layout: Layout, n: int) -> int:
    """How many labelled edges that lead straight from layer n - 1 to layer n cross other edges there."""
    heights: dict[Edge, tuple[float, float]] = {}
    straight: list[Edge] = []
    for edge, path in layout.layering.paths.items():
        leaves, enters = _ends(layout, edge)
        ends = {path[0]: leaves, path[-1]: enters}
        for a, b in itertools.pairwise(path):
            if layout.layer(b) == n:
                first, second = (
                    layout.lanes[key] if key in layout.lanes else layout.nodes[key].y + ends[key]
                    for key in (a, b)
                )
                heights[edge] = first, second
                if len(path) == 2 and edge.labelled:
                    straight.append(edge)
    return sum(
        any((a - c) * (b - d) < 0 for c, d in heights.values())
        for a, b in (heights[edge] for edge in straight)
    )


def _leaves_upright(layout: Layout, edge: Edge, n: int) -> bool:
    """Whether an edge that runs back stands upright before layer n, after it has left its source."""
    return edge.course == "back" and edge.leaves == "right" and layout.layer(edge.source) == n - 1


def _enters_upright(layout: Layout, edge: Edge, n: int) -> bool:
    """Whether an edge that runs back stands upright before layer n, before it enters its target."""
    return edge.course == "back" and edge.enters == "left" and layout.layer(edge.target) == n
