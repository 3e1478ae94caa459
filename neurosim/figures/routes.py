"""The course of every line of a diagram between shapes that have their sizes. Lengths in inches, y downwards."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from math import hypot

from neurosim.figures.anatomy import Box, Wire
from neurosim.figures.layout import Grid, heights, straighten
from neurosim.figures.strands import (
    HEAD,
    Measure,
    Point,
    Shape,
    Strand,
    make_grid,
    make_shapes,
    make_strands,
    notes_size,
    token_size,
)

CORNER = 0.12
WIDEST, ROW = 18.0, 12.0  # a wider diagram is cut into rows of about this width
FAN = 0.26  # the length over which a line spreads to several ports
APART = 0.30  # between boxes of one column


@dataclass
class Scene:
    """A diagram with every place fixed: what is left is to draw it. A long one is cut at `cuts` into rows."""

    shapes: dict[str, Shape]
    strands: list[Strand]
    grid: Grid
    left: dict[int, float]
    right: dict[int, float]
    cuts: list[float] = field(default_factory=list)


def make_scene(boxes: list[Box], wires: list[Wire], measure: Measure) -> Scene:
    """Place all shapes and route all lines."""
    strands = make_strands(wires)
    grid = make_grid(boxes, strands)
    shapes = make_shapes(boxes, strands, grid, measure)
    scene = Scene(shapes, strands, grid, {}, {})
    lanes = _set_heights(scene, measure)
    _set_columns(scene, measure)
    for number, strand in enumerate(strands):
        if strand.course == "forward":
            _run_forward(scene, number, strand, lanes)
        elif strand.course == "facing":
            _run_facing(scene, number, strand)
        elif strand.course == "loop":
            _run_loop(scene, number, strand)
    _run_back(scene, lanes, measure)
    return scene


def _set_heights(scene: Scene, measure: Measure) -> dict[str, float]:
    """The y of every node; returns those of the places at which long lines pass a column."""
    up, down = {}, {}
    for column in scene.grid.columns:
        for key in column:
            shape = scene.shapes.get(key)
            up[key] = shape.up + APART / 2 if shape else 0.14
            down[key] = shape.down + APART / 2 if shape else 0.14
    for number, chain in scene.grid.chains.items():
        for key in chain[1:-1]:
            down[key] += notes_size(scene.strands[number].notes, measure)[1]
    pulls, ends_at = [], {}
    for number, chain in scene.grid.chains.items():
        first, last = scene.shapes[chain[0]], scene.shapes[chain[-1]]
        start = first.slots[number, None].y
        ends = [place.y for (n, port), place in last.slots.items() if n == number and port is not None]
        end = sum(ends) / len(ends)
        ends_at[number] = (start, end)
        for n, (a, b) in enumerate(itertools.pairwise(chain)):
            offset = (start if n == 0 else 0.0) - (end if n == len(chain) - 2 else 0.0)
            inner = (n > 0) + (n < len(chain) - 2)
            bend = (
                0.05
                if last.box is None and scene.strands[number].kind == "message" and n == len(chain) - 2
                else 1.0
            )
            pulls.append((a, b, offset, bend * (1.0, 2.0, 8.0)[inner]))
    pulls += [(s.source, s.target, 0.0, 1.0) for s in scene.strands if s.course == "facing"]
    y = heights(scene.grid, up, down, pulls)
    into_products = {
        n
        for n, chain in scene.grid.chains.items()
        if scene.shapes[chain[-1]].box is None and scene.strands[n].kind != "message"
    }
    straighten(scene.grid, y, up, down, ends_at, into_products)
    for key, shape in scene.shapes.items():
        shape.y = y[key]
    return {key: place for key, place in y.items() if key not in scene.shapes}


def _set_columns(scene: Scene, measure: Measure) -> None:
    """The left and right edge of every column, and the x of its shapes; gaps are as wide as the icons and notes in them."""
    halves = []
    for column in scene.grid.columns:
        shapes = [scene.shapes[key] for key in column if key in scene.shapes]
        halves.append(max([0.1, *(max(shape.side, shape.width / 2) for shape in shapes)]))
    gaps = [_gap(scene, c, measure) if c else 0.0 for c in range(len(halves))]
    firsts = _row_starts([gap + 2 * half for gap, half in zip(gaps, halves, strict=True)])
    x = 0.0
    for c, column in enumerate(scene.grid.columns):
        if c in firsts:
            leaving = sum(
                s.course == "back" and s.leave == "right" and scene.grid.column_of[s.source] == c - 1
                for s in scene.strands
            )
            scene.cuts.append(x + 0.12 * leaving + 0.25)
            x += 0.5
        x += gaps[c]
        scene.left[c], scene.right[c] = x, x + 2 * halves[c]
        for key in column:
            if key in scene.shapes:
                scene.shapes[key].x = x + halves[c]
        x += 2 * halves[c]


def _row_starts(widths: list[float]) -> set[int]:
    """The columns with which a new row begins."""
    rows = round(sum(widths) / ROW) if sum(widths) > WIDEST else 1
    ends = [sum(widths[:c]) for c in range(len(widths))]
    return {
        min(range(1, len(widths)), key=lambda c: abs(ends[c] - sum(widths) * row / rows))
        for row in range(1, rows)
    }


def _gap(scene: Scene, c: int, measure: Measure) -> float:
    """The room before column c."""
    need, crowd = 0.55, {}
    for number, strand in enumerate(scene.strands):
        chain = scene.grid.chains.get(
            number, [strand.target, strand.source] if strand.course == "facing" else []
        )
        if len(chain) == 2 and scene.grid.column_of[chain[1]] == c:
            words = max(token_size(strand, measure)[0], notes_size(strand.notes, measure)[0])
            need = max(need, words + 0.5 + FAN * (len(strand.ports) > 1))
            for end in chain if strand.notes else ():
                crowd[end] = crowd.get(end, 0) + 1
    upright = sum(_passes_gap(scene, strand, c) for strand in scene.strands)
    return need + 0.12 * upright + 0.15 * min(max(crowd.values(), default=1) - 1, 4)


def _passes_gap(scene: Scene, strand: Strand, c: int) -> int:
    """How often a line that runs back stands upright before column c."""
    if strand.course != "back":
        return 0
    leaves = strand.leave == "right" and scene.grid.column_of[strand.source] == c - 1
    return leaves + (strand.enter == "left" and scene.grid.column_of[strand.target] == c)


def _run_forward(scene: Scene, number: int, strand: Strand, lanes: dict[str, float]) -> None:
    chain = scene.grid.chains[number]
    source, target = scene.shapes[chain[0]], scene.shapes[chain[-1]]
    start = _slot(source, number, None)
    points = [start, Point(scene.right[scene.grid.column_of[chain[0]]], start.y)]
    for key in chain[1:-1]:
        c = scene.grid.column_of[key]
        points += [Point(scene.left[c], lanes[key]), Point(scene.right[c], lanes[key])]
    column_left = scene.left[scene.grid.column_of[chain[-1]]]
    ends = {port: _slot(target, number, port) for port in strand.ports}
    if target.box is None and strand.kind == "message":
        _drop_into(strand, target, points)
        return
    if len(ends) == 1:
        end = next(iter(ends.values()))
        _finish(
            strand,
            _wave([*points, Point(column_left, end.y), _before(end, "left", target)]),
            end,
            "left",
            strand.ports[0],
            target,
        )
        strand.rail = _samples(strand.chains[0])
        return
    middle = Point(column_left - FAN, sum(end.y for end in ends.values()) / len(ends))
    trunk = _wave([*points, middle])
    strand.rail = _samples(trunk)
    for port, end in ends.items():
        branch = _wave([middle, Point(column_left, end.y), _before(end, "left", target)])
        _finish(strand, trunk + branch[1:], end, "left", port, target)


def _drop_into(strand: Strand, target: Shape, points: list[Point]) -> None:
    """A weight enters its product from above or below."""
    sign = 1.0 if points[-1].y > target.y - 0.15 else -1.0
    end = Point(target.x, target.y + sign * target.height / 2)
    last = points[-1]
    reach = min(0.6 * (end.x - last.x), 0.5)
    chain = [
        *_wave(points),
        Point(last.x + reach, last.y),
        Point(end.x, end.y + sign * max(0.3, min(0.4, abs(last.y - end.y)))),
        end,
    ]
    strand.chains, strand.rail = [chain], _samples(chain)
    target.slots[-1, None] = Point(0.0, -sign)  # its notes stand on the other side


def _run_facing(scene: Scene, number: int, strand: Strand) -> None:
    start, end = (
        _slot(scene.shapes[strand.source], number, None),
        _slot(scene.shapes[strand.target], number, strand.ports[0]),
    )
    chain = _wave([start, _before(end, "right", scene.shapes[strand.target])])
    _finish(strand, chain, end, "right", strand.ports[0], scene.shapes[strand.target])
    strand.rail = _samples(chain)
    for port in strand.ports[1:]:
        end = _slot(scene.shapes[strand.target], number, port)
        _finish(
            strand,
            _wave([start, _before(end, "right", scene.shapes[strand.target])]),
            end,
            "right",
            port,
            scene.shapes[strand.target],
        )


def _run_loop(scene: Scene, number: int, strand: Strand) -> None:
    shape = scene.shapes[strand.source]
    start, height = _slot(shape, number, None), shape.y + strand.rail[0].y
    outside = 0.22 + 0.12 * strand.span
    corners = [start]
    if strand.leave == "right":
        corners.append(Point(start.x + outside, start.y))
    corners.append(Point(corners[-1].x, height))
    for port in strand.ports:
        end = _slot(shape, number, port)
        if strand.enter == "top":
            path = [*corners, Point(end.x, height), _before(end, "top", shape)]
        else:
            x = shape.edges[0] - outside
            path = [*corners, Point(x, height), Point(x, end.y), _before(end, "left", shape)]
        _finish(strand, _rounded(path), end, strand.enter, port, shape)
    ends = [chain[-1].x for chain in strand.chains]
    strand.rail = [Point((max(ends) + corners[-1].x) / 2, height)]


def _run_back(scene: Scene, lanes: dict[str, float], measure: Measure) -> None:
    """Lines that run back pass beneath all columns between their ends, the shortest next to them."""
    bottoms = {}
    for c, column in enumerate(scene.grid.columns):
        low = [scene.shapes[key].y + scene.shapes[key].down for key in column if key in scene.shapes]
        bottoms[c] = max(low + [lanes[key] + _below(scene, key, measure) for key in column if key in lanes])
    taken: list[tuple[int, int, float]] = []
    upright: dict[int, int] = {}
    order = sorted(
        (n for n, s in enumerate(scene.strands) if s.course == "back"), key=lambda n: scene.strands[n].span
    )
    for number in order:
        strand = scene.strands[number]
        first, last = scene.grid.column_of[strand.target], scene.grid.column_of[strand.source]
        token, notes = token_size(strand, measure), notes_size(strand.notes, measure)
        floor = max(
            [bottoms[c] for c in range(first, last + 1)]
            + [low for a, b, low in taken if a <= last and b >= first]
        )
        track = floor + 0.1 + max(token[1] / 2, 0.1)
        taken.append((first, last, track + token[1] / 2 + notes[1]))
        start, target = _slot(scene.shapes[strand.source], number, None), scene.shapes[strand.target]
        corners = [start]
        if strand.leave == "right":
            upright[last + 1] = upright.get(last + 1, 0) + 1
            corners.append(Point(scene.right[last] + 0.12 * upright[last + 1], start.y))
        corners.append(Point(corners[-1].x, track))
        if strand.enter == "left":
            upright[first] = upright.get(first, 0) + 1
        for port in strand.ports:
            end = _slot(target, number, port)
            path = [*corners, Point(end.x, track), _before(end, "bottom", target)]
            if strand.enter == "left":
                x = scene.left[first] - 0.12 - 0.12 * upright[first] - (FAN if len(strand.ports) > 1 else 0.0)
                path = [*corners, Point(x, track), Point(x, end.y), _before(end, "left", target)]
            _finish(strand, _rounded(path), end, strand.enter, port, target)
        turn = max(chain[-1].x for chain in strand.chains) if strand.enter == "bottom" else x
        strand.rail = [
            Point(turn + (corners[-1].x - turn) * share, track) for share in (0.5, 0.4, 0.6, 0.3, 0.7)
        ]


def _below(scene: Scene, lane: str, measure: Measure) -> float:
    """The room that the notes of a long line need beneath it."""
    strand = scene.strands[int(lane.split("@")[0])]
    return 0.1 + notes_size(strand.notes, measure)[1]


def _slot(shape: Shape, number: int, port: str | None) -> Point:
    offset = shape.slots[number, port]
    return Point(shape.x + offset.x, shape.y + offset.y)


def _before(end: Point, side: str, target: Shape) -> Point:
    """Where a line ends so that its arrowhead fits between it and the box; lines into products have none."""
    step = 0.0 if target.box is None else HEAD
    return {
        "left": Point(end.x - step, end.y),
        "right": Point(end.x + step, end.y),
        "top": Point(end.x, end.y - step),
        "bottom": Point(end.x, end.y + step),
    }[side]


def _finish(strand: Strand, chain: list[Point], end: Point, side: str, port: str, target: Shape) -> None:
    strand.chains.append(chain)
    if target.box is not None:
        strand.tips[port] = (end, side)


def _wave(points: list[Point]) -> list[Point]:
    """A smooth line through the points, level at each of them."""
    chain = points[:1]
    for a, b in itertools.pairwise(points):
        half = (b.x - a.x) / 2
        chain += [Point(a.x + half, a.y), Point(b.x - half, b.y), b]
    return chain


def _rounded(corners: list[Point]) -> list[Point]:
    """Straight lines with rounded corners."""
    chain = corners[:1]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        chain += [*_straight(chain[-1], enter), _mix(enter, corner), _mix(leave, corner), leave]
    return chain + _straight(chain[-1], corners[-1])


def _towards(corner: Point, other: Point) -> Point:
    length = hypot(other.x - corner.x, other.y - corner.y)
    share = min(CORNER, length / 2) / length if length else 0.0
    return Point(corner.x + (other.x - corner.x) * share, corner.y + (other.y - corner.y) * share)


def _mix(a: Point, b: Point, share: float = 0.55) -> Point:
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def _straight(a: Point, b: Point) -> list[Point]:
    return [_mix(a, b, 1 / 3), _mix(a, b, 2 / 3), b]


def _samples(chain: list[Point]) -> list[Point]:
    """Points along a chain of cubic curves, those in the middle first."""
    points = along(chain)
    length = [0.0]
    for a, b in itertools.pairwise(points):
        length.append(length[-1] + hypot(b.x - a.x, b.y - a.y))
    total = length[-1] or 1.0
    ranked = sorted(zip(length, points, strict=True), key=lambda pair: abs(pair[0] / total - 0.5))
    inner = [point for at, point in ranked if 0.12 <= at / total <= 0.88] or [ranked[0][1]]
    return inner[:: max(1, len(inner) // 60)]


def along(chain: list[Point]) -> list[Point]:
    """Points along a chain of cubic curves, about every twentieth of an inch."""
    points = chain[:1]
    for n in range(0, len(chain) - 1, 3):
        a, b, c, d = chain[n : n + 4]
        steps = max(1, round((abs(d.x - a.x) + abs(d.y - a.y)) / 0.05))
        for step in range(1, steps + 1):
            t = step / steps
            s = 1 - t
            points.append(
                Point(
                    s**3 * a.x + 3 * s * s * t * b.x + 3 * s * t * t * c.x + t**3 * d.x,
                    s**3 * a.y + 3 * s * s * t * b.y + 3 * s * t * t * c.y + t**3 * d.y,
                )
            )
    return points
