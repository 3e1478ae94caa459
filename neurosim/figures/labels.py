"""Where icons, delays and notes stand along the lines of a diagram, so that nothing covers anything. Lengths in inches, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neurosim.figures.routes import Scene, along
from neurosim.figures.strands import HEAD, RADIUS, Measure, Point, Shape, Strand, notes_size, token_size

Area = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Token:
    """The icon and delay of a strand, centred at `at`, and the centre of its notes."""

    strand: Strand
    at: Point
    notes_at: Point
    size: tuple[float, float]
    notes_size: tuple[float, float]

    @property
    def areas(self) -> tuple[Area, Area]:
        """What the token and its notes cover."""
        return _area(self.at, self.size), _area(self.notes_at, self.notes_size)


def place_tokens(scene: Scene, measure: Measure) -> list[Token]:
    """Place every token on its line and its notes beside it, where they cover least; then once more, now that all are known."""
    strands = [s for s in scene.strands if s.icon or s.delay or s.notes]
    solid = _solid(scene)
    points = np.array([point for s in scene.strands for chain in s.chains for point in along(chain)]).reshape(
        -1, 2
    )
    owner = np.array([n for n, s in enumerate(scene.strands) for chain in s.chains for _ in along(chain)])
    upper = {id(s) for s in strands if any(_above(s, other) for other in strands)}
    numbers = {id(s): n for n, s in enumerate(scene.strands)}
    placed: dict[int, Token] = {}
    for _ in range(2):
        for strand in strands:
            others = [
                area
                for key, token in placed.items()
                if key != id(strand)
                for area in token.areas
                if area[2] > area[0]
            ]
            near = _reach(strand, measure)
            inside = _within(near, points)
            mine = owner == numbers[id(strand)]
            around = Around(
                [area for area in solid + others if _overlap(area, near)],
                points[inside & ~mine],
                points[inside & mine],
            )
            placed[id(strand)] = _best(strand, id(strand) in upper, around, measure)
    return list(placed.values())


class Around(NamedTuple):
    """What a token may come upon: things it must not cover, other lines, and its own, as points."""

    solid: list[Area]
    others: np.ndarray
    own: np.ndarray


def _reach(strand: Strand, measure: Measure) -> Area:
    """The area that a token and its notes may lie in."""
    token, notes = token_size(strand, measure), notes_size(strand.notes, measure)
    wide, high = token[0] + notes[0] + 0.1, token[1] + notes[1] + 0.1
    xs, ys = [point.x for point in strand.rail], [point.y for point in strand.rail]
    return min(xs) - wide, min(ys) - high, max(xs) + wide, max(ys) + high


def product_notes(shape: Shape) -> Point:
    """The middle of the notes of a product: beneath it, or above where its weight comes from below."""
    side = shape.slots.get((-1, None), Point(0.0, 1.0)).y
    return Point(shape.x, shape.y + side * (RADIUS + (shape.down - RADIUS) / 2))


def _solid(scene: Scene) -> list[Area]:
    """What no token may cover: boxes, products with their notes, arrowheads, the ends of rows."""
    areas = [shape.edges for shape in scene.shapes.values()]
    for shape in scene.shapes.values():
        if shape.notes:
            middle = product_notes(shape)
            areas.append(_area(middle, (2 * shape.side, shape.down - RADIUS)))
    areas += [(cut - 0.06, -1e6, cut + 0.06, 1e6) for cut in scene.cuts]
    for strand in scene.strands:
        for tip, side in strand.tips.values():
            step = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}[side]
            areas.append(
                _area(Point(tip.x + step[0] * HEAD / 2, tip.y + step[1] * HEAD / 2), (1.5 * HEAD, 1.5 * HEAD))
            )
    return areas


def _above(strand: Strand, other: Strand) -> bool:
    """True for the upper one of two lines that run side by side between neighbours, one there and one back."""
    facing = "facing" in (strand.course, other.course) and {strand.source, strand.target} == {
        other.source,
        other.target,
    }
    return facing and strand.rail[0].y < other.rail[0].y


def _best(strand: Strand, upper: bool, around: Around, measure: Measure) -> Token:
    token, notes = token_size(strand, measure), notes_size(strand.notes, measure)
    best, least = None, float("inf")
    for rank, at in enumerate(strand.rail):
        cost_here = 0.02 * rank + _cost(_area(at, token), around, 1.0)
        if cost_here >= least:
            continue
        for place, (dx, dy) in enumerate(_beside(strand, upper, token, notes)):
            centre = Point(at.x + dx, at.y + dy)
            cost = cost_here + 0.05 * place
            if strand.notes:
                cost += _cost(_area(centre, notes), around, 0.5) + 0.15 * int(
                    _within(_area(centre, notes), around.own).sum()
                )
            if cost < least:
                best, least = Token(strand, at, centre, token, notes), cost
    assert best is not None
    return best


def _beside(
    strand: Strand, upper: bool, token: tuple[float, float], notes: tuple[float, float]
) -> list[tuple[float, float]]:
    """Where notes may stand, seen from the token: beneath, above, and at its sides."""
    down = token[1] / 2 + notes[1] / 2 + 0.02
    aside = token[0] / 2 + notes[0] / 2 + 0.04
    if strand.course == "loop":
        above = strand.chains[0][0].y > strand.rail[0].y
        return [(0.0, -down if above else down)]
    places = [(0.0, down), (0.0, -down), (aside, 0.0), (-aside, 0.0)]
    if upper or strand.course == "facing":
        return places[1::-1] if upper else places[:2]
    return (
        places + [(dx, dy) for dy in (down, -down) for dx in (aside / 2, -aside / 2)]
        if strand.course != "back"
        else [(0.0, down)]
    )


def _cost(area: Area, around: Around, line: float) -> float:
    if area[2] <= area[0]:
        return 0.0
    covered = sum(_overlap(area, other) for other in around.solid)
    return 400.0 * covered + line * min(int(_within(area, around.others).sum()), 12)


def _within(area: Area, points: np.ndarray) -> np.ndarray:
    return np.all((points >= area[:2]) & (points <= area[2:]), axis=1)


def _overlap(a: Area, b: Area) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(middle: Point, size: tuple[float, float]) -> Area:
    return middle.x - size[0] / 2, middle.y - size[1] / 2, middle.x + size[0] / 2, middle.y + size[1] / 2
