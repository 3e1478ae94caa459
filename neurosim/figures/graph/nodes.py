"""The nodes of a diagram: their sizes, and the anchors at which edges begin and end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from neurosim.figures.graph.edges import Edge, is_product
from neurosim.figures.graph.geometry import Area, Point, Side, centred
from neurosim.figures.graph.layers import Layering
from neurosim.figures.graph.model import Box
from neurosim.figures.graph.sizes import (
    ARROWHEAD,
    FONT_SIZES,
    GLYPH,
    ICON,
    LANE,
    LINE,
    RADIUS,
    Measure,
    notes_size,
)

PADDING = 0.10  # between the outline of a box and its words
SPACING = 0.15  # between two anchors of one side
NARROWEST = 1.1  # width of a box
LOOP_REACH = 0.22  # how far the innermost loop of slices stands off its box
BENEATH = 2.0  # the depth of the other end of an edge that runs beneath all layers


@dataclass
class Node:
    """A population's box, the circle of a product, a frame, or the end of an edge at the side of a frame.

    box: the population or closed part; None for anything else.
    notes: the notes of a product.
    x, y: its centre.
    above, below, aside: the room that it needs above and below its centre and at either side, with its loops
        and notes.
    anchors: by edge and port (None where the edge leaves), the offset from the centre.
    paddings: the room for the names of ports at each side.
    rows: the slices, each with its top and bottom seen from the centre.
    port_labels: the names of ports, each with its offset from the centre and its side.
    notes_above, notes_offset: whether the notes of a product stand above it, and how far to the right.
    """

    key: str
    box: Box | None
    notes: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    width: float = 2 * RADIUS
    height: float = 2 * RADIUS
    above: float = RADIUS
    below: float = RADIUS
    aside: float = RADIUS
    anchors: dict[tuple[Edge, str | None], Point] = field(default_factory=dict)
    paddings: dict[Side, float] = field(default_factory=dict)
    rows: list[tuple[str, float, float]] = field(default_factory=list)
    port_labels: list[tuple[str, Point, Side]] = field(default_factory=list)
    notes_above: bool = False
    notes_offset: float = 0.0

    @property
    def outline(self) -> Area:
        return centred(Point(self.x, self.y), (self.width, self.height))

    @property
    def notes_at(self) -> Point:
        """The middle of the notes of a product."""
        distance = RADIUS + (self.below - RADIUS) / 2
        return Point(self.x + self.notes_offset, self.y + (-distance if self.notes_above else distance))

    @property
    def notes_area(self) -> Area:
        """What the notes of a product cover."""
        width = max(self.aside, RADIUS + 0.1)
        return centred(self.notes_at, (2 * width, self.below - RADIUS - 0.04))

    def anchor(self, edge: Edge, port: str | None) -> Point:
        """Where an edge leaves (port None) or enters a port."""
        offset = self.anchors[edge, port]
        return Point(self.x + offset.x, self.y + offset.y)


class Frame(NamedTuple):
    """The outline of a part that is open; `depth` is the number of frames around it."""

    name: str
    area: Area
    depth: int


class Anchor(NamedTuple):
    """An end of an edge at a box, before its place is known.

    side: the side of the box.
    part: the slice, '' for the whole population.
    port: None where the edge leaves.
    depth: how far down its layer the other end stands.
    edge: the edge.
    facing: whether the edge runs to or from the neighbour without delay.
    straight_to: the key of the other end if the edge has a label and one arrowhead and passes no layer.
    """

    side: Side
    part: str
    port: str | None
    depth: float
    edge: Edge
    facing: bool
    straight_to: str | None

    @property
    def label(self) -> str:
        """What is written beside it: the port, or the variable that is sent."""
        return self.edge.variable if self.port is None else self.port


def make_nodes(
    boxes: Sequence[Box], edges: Sequence[Edge], layering: Layering[Edge], measure: Measure
) -> dict[str, Node]:
    """All nodes by key but frames, with their sizes and anchors."""
    nodes, parts = {}, {box.key: ("", *box.parts) for box in boxes}
    for box in boxes:
        node = nodes[box.key] = Node(box.key, box)
        _Fitting(node, box, _anchors(box.key, edges, layering, parts), measure).fit()
    for edge in edges:
        if is_product(edge.source):
            nodes[edge.source] = _product(edge, edges, measure)
        for end, mark, port in ((edge.source, "<", None), (edge.target, ">", "")):
            if end.startswith(mark):
                nodes[end] = Node(end, None, width=0.0, height=0.0, above=0.02, below=0.02, aside=0.0)
                nodes[end].anchors[edge, port] = Point(0.0, 0.0)
    return nodes


def fitted(box: Box, measure: Measure) -> Node:
    """A box without edges."""
    node = Node(box.key, box)
    _Fitting(node, box, [], measure).fit()
    return node


def _product(result: Edge, edges: Sequence[Edge], measure: Measure) -> Node:
    """The circle in which messages are multiplied by weights; `result` is the edge that leaves it."""
    key, notes = result.source, result.connection.notes
    width, height = notes_size(notes, measure)
    room = RADIUS + height + 0.06
    node = Node(key, None, notes, above=room, below=room, aside=max(RADIUS + 0.1, width / 2))
    node.anchors[result, None] = Point(RADIUS, 0.0)
    for edge in edges:
        if edge.target == key:
            drop = 0.0 if edge.course != "back" else 0.06 if edge.kind == "message" else -0.06
            node.anchors[edge, ""] = Point(-RADIUS + abs(drop) / 4, drop)
    return node


def _anchors(
    key: str, edges: Sequence[Edge], layering: Layering[Edge], parts: Mapping[str, Sequence[str]]
) -> list[Anchor]:
    """The ends of edges at a box, edge by edge.

    parts: by box, '' and its slices from top to bottom.
    """
    anchors = []
    for edge in edges:
        path, facing = layering.paths.get(edge), edge.course == "facing"
        straight = (
            edge.labelled and (facing or (path is not None and len(path) == 2)) and len(edge.ports) == 1
        )
        if edge.source == key:
            other = path[1] if path else edge.target if facing else None
            part = edge.target_part if other == edge.target else ""
            depth = _depth(layering, parts, other, part)
            straight_to = edge.target if straight else None
            anchors.append(Anchor(edge.leaves, edge.source_part, None, depth, edge, facing, straight_to))
        if edge.target == key:
            other = path[-2] if path else edge.source if facing else None
            part = edge.source_part if other == edge.source else ""
            depth = _depth(layering, parts, other, part)
            straight_to = edge.source if straight else None
            anchors += [
                Anchor(edge.enters, edge.target_part, port, depth, edge, facing, straight_to)
                for port in edge.ports
            ]
    return anchors


def _depth(layering: Layering[Edge], parts: Mapping[str, Sequence[str]], key: str | None, part: str) -> float:
    """How far down its layer a part of a node stands, from 0 to 1; BENEATH for None."""
    if key is None:
        return BENEATH
    rows = parts.get(key, ("",))
    return layering.depth(key, (rows.index(part) + 0.5) / len(rows))


@dataclass
class _Fitting:
    """Makes a box large enough for its words, its edges and its loops, and places its anchors."""

    node: Node
    box: Box
    anchors: list[Anchor]
    measure: Measure

    def fit(self) -> None:
        node, box = self.node, self.box
        node.paddings = {side: self._padding(side) for side in ("left", "right", "top", "bottom")}
        node.width = max(
            self._words() + node.paddings["left"] + node.paddings["right"] + 2 * PADDING, NARROWEST
        )
        lines = (
            FONT_SIZES["name"] + FONT_SIZES["shape"] + FONT_SIZES["text"] * (len(box.text) + bool(box.learns))
        )
        header = max(
            lines * LINE + 2 * PADDING + node.paddings["top"] + node.paddings["bottom"],
            *(_length(self._column(side, "")) + 0.2 for side in ("left", "right")),
        )
        heights = [self._row_height(part) for part in box.parts]
        node.height = header + sum(heights)
        edges = list(itertools.accumulate(heights, initial=-node.height / 2 + header))
        node.rows = [(part, *ends) for part, ends in zip(box.parts, itertools.pairwise(edges), strict=True)]
        self._place_at_bottom()
        self._place_loops()
        sides: dict[Side, float] = {"left": -node.width / 2, "right": node.width / 2}
        for side, x in sides.items():
            for part, top, bottom in (("", -node.height / 2, -node.height / 2 + header), *node.rows):
                self._place_at_side(side, part, Point(x, (top + bottom) / 2))

    def _padding(self, side: Side) -> float:
        """The room for the names of ports at one side."""
        ports = [a.label for a in self.anchors if a.side == side and a.label]
        if side in ("top", "bottom"):
            return FONT_SIZES["port"] * LINE if ports else 0.0
        return max((self.measure(port, "port") for port in ports), default=-0.06) + 0.06

    def _words(self) -> float:
        """The width of the longest line of words in the box."""
        box, measure = self.box, self.measure
        return max(
            GLYPH[0] + 0.08 + measure(box.title or box.name, "name"),
            measure(box.shape, "shape"),
            *(measure(line, "text") for line in box.text),
            measure(f"learns {box.learns}", "text") if box.learns else 0.0,
            *(measure(part, "part") for part in box.parts),
        )

    def _row_height(self, part: str) -> float:
        """Room for the edges of a slice, and for the labels of those that lead to and from other boxes."""
        lines = max(_length(self._column(side, part)) + 0.18 for side in ("left", "right"))
        forward = {a.edge: None for a in self.anchors if a.part == part and a.edge.course == "forward"}
        labels = sum(
            edge.icon_size(self.measure)[1] + edge.notes_size(self.measure)[1] + 0.05 for edge in forward
        )
        return max(0.22, lines, min(labels, 0.8))

    def _column(self, side: Side, part: str) -> list[Anchor]:
        """The anchors of one side from top to bottom, port by port, each near the other end of its edge."""
        column = [a for a in self.anchors if a.side == side and a.part == part]

        def order(anchor: Anchor) -> tuple[float, int, int, float]:
            same = [a for a in column if a.port == anchor.port] if anchor.port is not None else [anchor]
            first = min(column.index(a) for a in same)
            return _mean([a.depth for a in same]), min(a.edge.number for a in same), first, anchor.depth

        return sorted(column, key=order)

    def _place_at_side(self, side: Side, part: str, middle: Point) -> None:
        column = self._column(side, part)
        offsets = _offsets(column)
        for anchor, offset in zip(column, offsets, strict=False):
            y = middle.y + offset - offsets[-1] / 2
            self.node.anchors[anchor.edge, anchor.port] = Point(middle.x, y)
        inwards = 0.05 if side == "left" else -0.05
        for port in dict.fromkeys(a.label for a in column if a.label):
            ys = [self.node.anchors[a.edge, a.port].y for a in column if a.label == port]
            self.node.port_labels.append((port, Point(middle.x + inwards, _mean(ys)), side))

    def _place_heads(self, edge: Edge, side: Side, first: float) -> float:
        """Place the arrowheads of an edge towards the left of `first`; returns where the last one is."""
        node, sign = self.node, -1.0 if side == "top" else 1.0
        fan = self._fan(edge)
        for port, offset in zip(reversed(edge.ports), fan, strict=True):
            x = -first - offset
            node.anchors[edge, port] = Point(x, sign * node.height / 2)
            if port:
                label = Point(x, sign * (node.height / 2 - (0.03 if side == "top" else 0.05)))
                node.port_labels.append((port, label, side))
        return first + fan[-1]

    def _place_start(self, edge: Edge, at: Point, side: Side) -> None:
        """Place the beginning of an edge at the top or bottom, and the name of what it sends."""
        self.node.anchors[edge, None] = at
        if edge.variable:
            inwards = 0.03 if side == "top" else -0.05
            self.node.port_labels.append((edge.variable, Point(at.x, at.y + inwards), side))

    def _fan(self, edge: Edge) -> list[float]:
        """The distances of the arrowheads of an edge from the first, if it enters from above or below."""
        widths = [max(self.measure(port, "port"), 0.1) for port in edge.ports]
        steps = ((a + b) / 2 + 0.08 for a, b in itertools.pairwise(widths))
        return list(itertools.accumulate(steps, initial=0.0))

    def _half_head(self, edge: Edge) -> float:
        """Half of the width of an arrowhead or of the widest name of a port beside it."""
        return max(ARROWHEAD + 0.04, *(self.measure(port, "port") for port in edge.ports)) / 2

    def _place_at_bottom(self) -> None:
        """Place edges that run back: heads at the left, beginnings at the right, the longest outermost."""
        node, here = self.node, [a for a in self.anchors if a.side == "bottom"]
        heads = sorted(dict.fromkeys(a.edge for a in here if a.port is not None), key=lambda edge: edge.span)
        starts = sorted((a.edge for a in here if a.port is None), key=lambda edge: edge.span)
        reach = 0.1
        for edge in heads:
            half = self._half_head(edge)
            reach = self._place_heads(edge, "bottom", max(0.15, reach + half)) + half + 0.08
        for n, edge in enumerate(starts):
            self._place_start(edge, Point(0.15 + 0.14 * n, node.height / 2), "bottom")
        node.width = max(node.width, 2 * (reach + 0.1), 0.6 + 0.28 * len(starts))

    def _place_loops(self) -> None:
        """Place loops, one around the other: heads at the left, beginnings at the right.

        Loops of slices begin at the right side. They pass above the box, or beneath it if they begin in its
        lower half.
        """
        node = self.node
        loops = list(dict.fromkeys(a.edge for a in self.anchors if a.edge.course == "loop"))
        rows = ["", *self.box.parts]

        def low(edge: Edge) -> bool:
            return bool(edge.target_part) and rows.index(edge.source_part) > len(node.rows) / 2

        def row(edge: Edge) -> int:
            return rows.index(edge.source_part) + rows.index(edge.target_part)

        upper = sorted((edge for edge in loops if not low(edge)), key=row)
        lower = sorted((edge for edge in loops if low(edge)), key=lambda edge: -row(edge))
        node.above = self._nest(upper, -1.0)
        node.below = self._nest(lower, 1.0)
        reach = start = 0.0
        for edge in upper:
            half = self._half_head(edge)
            first = max(edge.icon_size(self.measure)[0] / 2 + 0.17, reach + half + 0.08)
            start = max(first, start + 0.14)
            if edge.enters == "top":
                self._place_heads(edge, "top", first)
            if edge.leaves == "top":
                self._place_start(edge, Point(start, -node.height / 2), "top")
            reach = first + self._fan(edge)[-1] + half
        node.width = max(node.width, 2 * (max(reach + max(node.paddings["left"], 0.0) + 0.1, start) + 0.1))
        beside = any(edge.leaves == "right" or edge.enters == "left" for edge in loops)
        outside = LOOP_REACH + LANE * max(len(upper), len(lower)) if beside else 0.0
        node.aside = max(node.aside, node.width / 2 + outside)

    def _nest(self, loops: list[Edge], sign: float) -> float:
        """Set the heights of loops above (sign -1) or below (1) the box; returns the room needed."""
        room = self.node.height / 2 + (0.08 if loops else 0.0)
        for level, edge in enumerate(loops):
            icon, notes = edge.icon_size(self.measure), edge.notes_size(self.measure)
            edge.level = level
            room += max(icon[1], 0.16) / 2 + 0.08
            edge.label_points = [Point(0.0, sign * room)]
            room += icon[1] / 2 + notes[1] + 0.03
            self.node.aside = max(self.node.aside, notes[0] / 2)
        return room


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _offsets(column: list[Anchor]) -> list[float]:
    """The distances of anchors of one side from the first, with more room where the port changes."""
    offsets = [0.0]
    for first, second in itertools.pairwise(column):
        side_by_side = first.straight_to is not None and first.straight_to == second.straight_to
        if first.facing != second.facing or side_by_side:
            # These two run side by side between neighbours, so there must be room for the labels of both.
            step = ICON[1] + 0.07
        elif first.port is None and second.port is None:
            step = 0.11
        else:
            step = SPACING + 0.04 * (first.port != second.port)
        offsets.append(offsets[-1] + step)
    return offsets


def _length(column: list[Anchor]) -> float:
    return _offsets(column)[-1]
