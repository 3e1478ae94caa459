"""The places of the labels of edges, so that nothing covers anything.

A label is the icon of the wiring, the delay beside it, and the notes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.figures.graph.edges import Edge
from neurosim.figures.graph.geometry import Area, Point, Size, centred, outside, points_of
from neurosim.figures.graph.layout import Layout
from neurosim.figures.graph.nodes import Node
from neurosim.figures.graph.sizes import ARROWHEAD, Measure

CROWDED = 1.5  # the cost of a label from which other places for its notes are tried
Points = NDArray[np.float64]  # (point, coordinate)


@dataclass(frozen=True)
class Label:
    """The icon and delay of an edge, centred at `at`, and its notes, centred at `notes_at`."""

    edge: Edge
    at: Point
    notes_at: Point
    size: Size
    notes_size: Size

    @property
    def areas(self) -> list[Area]:
        """What is covered."""
        areas = (centred(self.at, self.size), centred(self.notes_at, self.notes_size))
        return [area for area in areas if not area.empty]


class Obstacles(NamedTuple):
    """What is near a label: areas that it must not cover, points of other edges, and points of its own."""

    areas: list[Area]
    others: Points
    own: Points


def place_labels(layout: Layout) -> list[Label]:
    """Place every label where it covers least; twice, as the first time some are not yet placed."""
    edges = [edge for edge in layout.edges if edge.labelled]
    lines = [(edge, point) for edge in layout.edges for curve in edge.curves for point in points_of(curve)]
    points = np.array([point for _, point in lines]).reshape(-1, 2)
    owner = np.array([edge.number for edge, _ in lines])
    _place_notes_of_products(layout, points)
    fixed = _fixed_obstacles(layout)
    upper = {edge for edge in edges if any(_is_above(edge, other) for other in edges)}
    placed: dict[Edge, Label] = {}
    for _ in range(2):
        for edge in edges:
            taken = [area for other, label in placed.items() if other is not edge for area in label.areas]
            reach = _reach(edge, layout.measure)
            near, own = _within(reach, points), owner == edge.number
            obstacles = Obstacles(
                [area for area in fixed + taken if area.overlap(reach)],
                points[near & ~own],
                points[near & own],
            )
            placed[edge] = _best(edge, edge in upper, obstacles, layout.measure)
    return list(placed.values())


def _place_notes_of_products(layout: Layout, points: Points) -> None:
    """Put the notes of each product above or beneath it, where they cover fewest lines."""
    boxes = [node.outline for node in layout.nodes.values()]
    for node in layout.nodes.values():
        if node.notes:
            node.notes_offset, node.notes_above = min(
                (
                    (share * node.aside, above)
                    for share in (0.0, -0.25, 0.25, -0.5, 0.5, -0.75, 0.75, -1.0, 1.0, -1.2, 1.2)
                    for above in (node.notes_above, not node.notes_above)
                ),
                key=lambda place: _cost_of_notes(node, place, boxes, points),
            )


def _cost_of_notes(node: Node, place: tuple[float, bool], boxes: list[Area], points: Points) -> float:
    """What it costs to cover lines and boxes by the notes of a product."""
    before = node.notes_offset, node.notes_above
    node.notes_offset, node.notes_above = place
    area = node.notes_area
    node.notes_offset, node.notes_above = before
    moved = 0.1 * abs(place[0]) + 0.05 * (place[1] != before[1])
    return moved + _cost(area, Obstacles(boxes, points, points[:0]), 1.0)


def _fixed_obstacles(layout: Layout) -> list[Area]:
    """Boxes, products with their notes, arrowheads, and the ends of rows."""
    areas = [_grown(node.outline) for node in layout.nodes.values()]
    for node in layout.nodes.values():
        if node.notes:
            areas.append(node.notes_area)
    for frame in layout.frames:
        left, top, right, bottom = frame.area
        areas += [Area(left, y - 0.02, right, y + 0.02) for y in (top, bottom)]
        areas += [Area(x - 0.02, top, x + 0.02, bottom) for x in (left, right)]
        areas.append(Area(left, top, left + layout.measure(frame.name, "frame") + 0.2, top + 0.2))
    areas += [Area(cut - 0.06, -1e6, cut + 0.06, 1e6) for cut in layout.cuts]
    for edge in layout.edges:
        for tip, side in edge.arrowheads.values():
            middle = outside(tip, side, ARROWHEAD / 2)
            areas.append(centred(middle, (1.5 * ARROWHEAD, 1.5 * ARROWHEAD)))
    return areas


def covered_areas(layout: Layout, labels: Sequence[Label]) -> list[Area]:
    """What nodes, frames, edges and labels cover; of curves, points."""
    areas = [area for label in labels for area in label.areas] + [frame.area for frame in layout.frames]
    for node in layout.nodes.values():
        areas.append(node.outline)
        if node.notes:
            areas.append(node.notes_area)
    points = (point for edge in layout.edges for curve in edge.curves for point in points_of(curve))
    return areas + [Area(*point, *point) for point in points]


def _grown(area: Area, margin: float = 0.03) -> Area:
    return Area(area.left - margin, area.top - margin, area.right + margin, area.bottom + margin)


def _reach(edge: Edge, measure: Measure) -> Area:
    """The area in which the label of an edge may lie."""
    icon, notes = edge.icon_size(measure), edge.notes_size(measure)
    width, height = icon[0] + notes[0] + 0.1, icon[1] + notes[1] + 0.1
    xs, ys = zip(*edge.label_points, strict=True)
    return Area(min(xs) - width, min(ys) - height, max(xs) + width, max(ys) + height)


def _is_above(edge: Edge, other: Edge) -> bool:
    """Whether this is the upper one of two edges between neighbours, one there and one back."""
    pair = "facing" in (edge.course, other.course)
    joined = {edge.source, edge.target} == {other.source, other.target}
    return pair and joined and edge.label_points[0].y < other.label_points[0].y


def _best(edge: Edge, upper: bool, obstacles: Obstacles, measure: Measure) -> Label:
    """The place of a label that costs least; earlier points and earlier sides are preferred."""
    size, notes = edge.icon_size(measure), edge.notes_size(measure)
    best, least = None, inf
    for rank, at in enumerate(edge.label_points):
        icon_cost = 0.02 * rank + _cost(centred(at, size), obstacles, 1.0)
        if icon_cost >= least:
            continue
        for place, (dx, dy) in enumerate(_sides(edge, upper, size, notes)):
            middle = Point(at.x + dx, at.y + dy)
            cost = icon_cost + 0.05 * place
            if edge.notes:
                area = centred(middle, notes)
                cost += _cost(area, obstacles, 2.0) + 2.0 * int(_within(area, obstacles.own).sum())
            if cost < least:
                best, least = Label(edge, at, middle, size, notes), cost
    assert best is not None
    return _with_notes_elsewhere(best, least, obstacles) if edge.notes and least > CROWDED else best


def _with_notes_elsewhere(label: Label, least: float, obstacles: Obstacles) -> Label:
    """The label, with its notes along the line but not beside the icon if they cover less there."""
    width, height = label.notes_size
    icon = centred(label.at, label.size)
    best = label
    for at in label.edge.label_points:
        for dx, dy in itertools.product((0.0, 0.5, -0.5, 1.0, -1.0), (0.6, -0.6, 0.0)):
            middle = Point(at.x + dx * (width + 0.12), at.y + dy * (height + 0.06))
            area = centred(middle, label.notes_size)
            away = hypot(middle.x - label.at.x, middle.y - label.at.y)
            cost = (
                1.0 + 2.0 * away + _cost(area, obstacles, 2.0) + 2.0 * int(_within(area, obstacles.own).sum())
            )
            cost += 4000.0 * area.overlap(icon) + _cost(icon, obstacles, 1.0)
            if cost < least:
                best, least = replace(label, notes_at=middle), cost
    return best


def _sides(edge: Edge, upper: bool, size: Size, notes: Size) -> list[tuple[float, float]]:
    """Where notes may stand, seen from the icon: beneath it, above it, beside it, or obliquely."""
    down = size[1] / 2 + notes[1] / 2 + 0.02
    aside = size[0] / 2 + notes[0] / 2 + 0.04
    beneath, above = (0.0, down), (0.0, -down)
    if edge.course == "loop":
        return [above if edge.curves[0][0].y > edge.label_points[0].y else beneath]
    if upper:
        return [above, beneath]
    if edge.course == "facing":
        return [beneath, above]
    if edge.course == "back":
        return [beneath]
    oblique = [
        (dx, dy) for dy in (down, -down) for dx in (aside / 2, -aside / 2, 0.75 * aside, -0.75 * aside)
    ]
    far = [(dx, dy) for dy in (down / 2, -down / 2) for dx in (aside, -aside)]
    return [beneath, above, (aside, 0.0), (-aside, 0.0), *oblique, *far]


def _cost(area: Area, obstacles: Obstacles, line: float) -> float:
    """What it costs to cover an area: much for obstacles, `line` for each point of another edge."""
    if area.empty:
        return 0.0
    covered = sum(area.overlap(other) for other in obstacles.areas)
    return 4000.0 * covered + line * min(int(_within(area, obstacles.others).sum()), 12)


def _within(area: Area, points: Points) -> NDArray[np.bool_]:
    return np.all((points >= area[:2]) & (points <= area[2:]), axis=1)
