"""The edges of a diagram, and which way each of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from neurosim.figures.graph.geometry import Curve, Point, Side, Size
from neurosim.figures.graph.model import Connection, WeightKind
from neurosim.figures.graph.sizes import ICON, ICON_GAP, Measure, notes_size
from neurosim.network.pictures import Picture

LONG_NOTES = 3  # lines; of several edges with the same long notes only one shows them
Course = Literal["forward", "facing", "back", "loop"]


@dataclass(eq=False)
class Edge:
    """A line from node to node.

    A connection is one edge. If its weight is a message, it is three: from the sender and from the weight
    to a product, and from the product to the target.

    source, target: the keys of the nodes.
    kind: the kind of its weights, as in Connection.
    source_part, target_part: the slices that it joins, '' for whole populations.
    ports: where it arrives, one arrowhead for each.
    variable: what is sent, '' for what the population sends by itself.
    picture, delay, notes: its label.
    instant: whether it carries messages without delay.
    number: its place among all edges.
    course: 'forward' to a later layer; 'facing' to the neighbour in the layer before, without delay; 'back'
        beneath the layers; 'loop' from a node to itself.
    leaves, enters: the sides of the nodes at which it begins and ends.
    span: how many layers an edge runs back.
    level: how many loops of the node lie inside a loop.
    curves: its route, a curve for each port.
    arrowheads: by port, the tip and the side of the node that it points at.
    label_points: where its label may stand, the best first.
    """

    connection: Connection
    source: str
    target: str
    kind: WeightKind
    source_part: str = ""
    target_part: str = ""
    ports: tuple[str, ...] = ("",)
    variable: str = ""
    picture: Picture | None = None
    delay: str = ""
    notes: tuple[str, ...] = ()
    instant: bool = True
    number: int = 0
    course: Course = "forward"
    leaves: Side = "right"
    enters: Side = "left"
    span: int = 0
    level: int = 0
    curves: list[Curve] = field(default_factory=list)
    arrowheads: dict[str, tuple[Point, Side]] = field(default_factory=dict)
    label_points: list[Point] = field(default_factory=list)

    @property
    def labelled(self) -> bool:
        """Whether it has an icon, a delay or notes."""
        return bool(self.picture or self.delay or self.notes)

    def icon_size(self, measure: Measure) -> Size:
        """The width and height of the picture of the wiring and the delay, side by side."""
        picture = ICON[0] if self.picture else 0.0
        delay = measure(self.delay, "delay") + 0.12 if self.delay else 0.0
        gap = ICON_GAP if picture and delay else 0.0
        return picture + gap + delay, ICON[1] if picture or delay else 0.0

    def notes_size(self, measure: Measure) -> Size:
        """The width and height of the notes."""
        return notes_size(self.notes, measure)


def product_of(connection: Connection) -> str:
    """The key of the node in which messages are multiplied by weights. No population can be called so."""
    return f"({connection.names[0]})"


def is_product(key: str) -> bool:
    """Whether the key of a node is that of a product."""
    return key.startswith("(")


def is_population(key: str) -> bool:
    """Whether the key of a node is that of a box: no product, frame, or end of an edge at a frame."""
    return key[0] not in "([<>"


def make_edges(connections: Sequence[Connection]) -> list[Edge]:
    """The edges of all connections; those of a product are sender, weight, target."""
    edges: list[Edge] = []
    for connection in connections:
        for edge in _edges_of(connection):
            edge.number = len(edges)
            edges.append(edge)
    _write_once(edges)
    return edges


def _write_once(edges: Sequence[Edge]) -> None:
    """Leave long notes to the first of several edges from one node that all have them."""
    groups: dict[tuple[object, ...], list[Edge]] = {}
    for edge in edges:
        if len(edge.notes) >= LONG_NOTES:
            same = (edge.source, edge.source_part, edge.kind, edge.picture, edge.delay, edge.notes)
            groups.setdefault(same, []).append(edge)
    for first, *others in groups.values():
        if len(others) >= 2:
            first.notes = (*first.notes, f"for each of {1 + len(others)}")
            for edge in others:
                edge.notes = ()


def _edges_of(c: Connection) -> list[Edge]:
    if c.weight is None:
        edge = Edge(c, c.pre, c.post, c.kind, c.pre_part, c.post_part, c.ports, c.variable, instant=c.instant)
        edge.picture, edge.delay, edge.notes = c.picture, c.delay, c.notes
        return [edge]
    weight, product = c.weight, product_of(c)
    sender = Edge(
        c, c.pre, product, "fixed", c.pre_part, variable=c.variable, delay=c.delay, instant=c.instant
    )
    factor = Edge(c, weight.population, product, "message", weight.part, variable=weight.variable)
    factor.delay, factor.instant = weight.delay, not weight.delay
    return [sender, factor, Edge(c, product, c.post, "fixed", "", c.post_part, c.ports, instant=c.instant)]
