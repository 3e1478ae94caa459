"""The route of every edge of a diagram between nodes that have their places."""

from __future__ import annotations

from collections import Counter

from neurosim.figures.graph.edges import Edge, is_population, is_product
from neurosim.figures.graph.geometry import (
    Curve,
    Point,
    from_the_middle,
    outside,
    rounded,
    wave,
)
from neurosim.figures.graph.layout import Layout
from neurosim.figures.graph.nodes import LOOP_REACH
from neurosim.figures.graph.sizes import ARROWHEAD, BRANCH, LANE


def route(layout: Layout) -> None:
    """Give every edge of a layout its curves, its arrowheads, and the places where its label may stand."""
    for edge in layout.edges:
        match edge.course:
            case "forward":
                _route_forward(layout, edge)
            case "facing":
                _route_facing(layout, edge)
            case "loop":
                _route_loop(layout, edge)
            case "back":
                pass
    _route_back(layout)


def _end(layout: Layout, edge: Edge, port: str) -> Point:
    """Where the curve of an edge ends: before its arrowhead, which only edges into boxes have."""
    tip = layout.nodes[edge.target].anchor(edge, port)
    return outside(tip, edge.enters, ARROWHEAD) if is_population(edge.target) else tip


def _add(layout: Layout, edge: Edge, port: str, curve: Curve) -> None:
    """Give an edge its curve to a port, and an arrowhead there."""
    edge.curves.append(curve)
    if is_population(edge.target):
        edge.arrowheads[port] = (layout.nodes[edge.target].anchor(edge, port), edge.enters)


def _route_forward(layout: Layout, edge: Edge) -> None:
    """From layer to layer, level within each; to several ports, the edge branches at its end."""
    path = layout.layering.paths[edge]
    start = layout.nodes[edge.source].anchor(edge, None)
    points = [start, Point(layout.right[layout.layer(edge.source)], start.y)]
    for dummy in path[1:-1]:
        n, y = layout.layer(dummy), layout.lanes[dummy]
        points += [Point(layout.left[n], y), Point(layout.right[n], y)]
    if is_product(edge.target) and edge.kind == "message":
        _drop_into_product(layout, edge, points)
        return
    left = layout.left[layout.layer(edge.target)]
    ends = {port: layout.nodes[edge.target].anchor(edge, port) for port in edge.ports}
    if len(ends) == 1:
        port = edge.ports[0]
        curve = wave([*points, Point(left, ends[port].y), _end(layout, edge, port)])
        edge.label_points = from_the_middle(curve)
        _add(layout, edge, port, curve)
        return
    fork = Point(left - BRANCH, sum(end.y for end in ends.values()) / len(ends))
    trunk = wave([*points, fork])
    edge.label_points = from_the_middle(trunk)
    for port, end in ends.items():
        branch = wave([fork, Point(left, end.y), _end(layout, edge, port)])
        _add(layout, edge, port, trunk + branch[1:])


def _drop_into_product(layout: Layout, edge: Edge, points: list[Point]) -> None:
    """A weight enters its product from above or below; the notes of the product stand on the other side."""
    product, last = layout.nodes[edge.target], points[-1]
    sign = 1.0 if last.y > product.y - 0.15 else -1.0
    end = Point(product.x, product.y + sign * product.height / 2)
    approach = max(0.3, min(0.4, abs(last.y - end.y)))
    bend = Point(last.x + min(0.6 * (end.x - last.x), 0.5), last.y)
    curve = [*wave(points), bend, Point(end.x, end.y + sign * approach), end]
    edge.label_points = from_the_middle(curve)
    edge.curves = [curve]
    product.notes_above = sign > 0


def _route_facing(layout: Layout, edge: Edge) -> None:
    """Straight to the neighbour in the layer before."""
    start = layout.nodes[edge.source].anchor(edge, None)
    for port in edge.ports:
        _add(layout, edge, port, wave([start, _end(layout, edge, port)]))
    edge.label_points = from_the_middle(edge.curves[0])


def _route_loop(layout: Layout, edge: Edge) -> None:
    """Above or beneath the node, at the height of the loop's label."""
    node = layout.nodes[edge.source]
    start, height = node.anchor(edge, None), node.y + edge.label_points[0].y
    reach = LOOP_REACH + LANE * edge.level
    turn = start.x + reach if edge.leaves == "right" else start.x
    corners = [start, *([Point(turn, start.y)] if edge.leaves == "right" else []), Point(turn, height)]
    for port in edge.ports:
        end = node.anchor(edge, port)
        if edge.enters == "top":
            path = [*corners, Point(end.x, height)]
        else:
            x = node.outline.left - reach
            path = [*corners, Point(x, height), Point(x, end.y)]
        _add(layout, edge, port, rounded([*path, _end(layout, edge, port)]))
    last = max(curve[-1].x for curve in edge.curves)
    edge.label_points = [Point((last + turn) / 2, height)]


def _route_back(layout: Layout) -> None:
    """Beneath all layers between the ends; edges that pass few layers lie above those that pass many."""
    floors = _floors(layout)
    upright: Counter[int] = Counter()  # upright pieces before each layer
    for edge in sorted((e for e in layout.edges if e.course == "back"), key=lambda edge: edge.span):
        first, last = layout.layer(edge.target), layout.layer(edge.source)
        icon, notes = edge.icon_size(layout.measure), edge.notes_size(layout.measure)
        track = max(floors[first : last + 1]) + 0.1 + max(icon[1] / 2, 0.1)
        floors[first : last + 1] = [track + icon[1] / 2 + notes[1]] * (last + 1 - first)
        start = layout.nodes[edge.source].anchor(edge, None)
        turn = start.x
        corners = [start]
        if edge.leaves == "right":
            upright[last + 1] += 1
            turn = layout.right[last] + LANE * upright[last + 1]
            corners.append(Point(turn, start.y))
        corners.append(Point(turn, track))
        if edge.enters == "left":
            upright[first] += 1
        rise = layout.left[first] - 0.12 - LANE * upright[first] - (BRANCH if len(edge.ports) > 1 else 0.0)
        for port in edge.ports:
            end = layout.nodes[edge.target].anchor(edge, port)
            path = (
                [Point(end.x, track)] if edge.enters == "bottom" else [Point(rise, track), Point(rise, end.y)]
            )
            _add(layout, edge, port, rounded([*corners, *path, _end(layout, edge, port)]))
        if edge.enters == "bottom":
            rise = max(curve[-1].x for curve in edge.curves)
        edge.label_points = [
            Point(rise + (turn - rise) * share, track) for share in (0.5, 0.4, 0.6, 0.3, 0.7)
        ]


def _floors(layout: Layout) -> list[float]:
    """By layer, the y beneath which nothing stands: neither a node nor an edge that passes."""
    floors = []
    for layer in layout.layering.layers:
        nodes = [layout.nodes[key] for key in layer if key in layout.nodes]
        lanes = [(layout.lanes[key], layout.layering.dummies[key]) for key in layer if key in layout.lanes]
        lowest = [node.y + node.below for node in nodes]
        floors.append(max(lowest + [y + 0.1 + edge.notes_size(layout.measure)[1] for y, edge in lanes]))
    return floors
