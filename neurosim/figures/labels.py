"""Where icons, delays and notes stand along the lines of a diagram, so that nothing covers anything. Lengths in inches, y downwards."""

from __future__ import annotations

from dataclasses import dataclass

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
    lines = {id(s): [point for chain in s.chains for point in along(chain)] for s in scene.strands}
    placed: dict[int, Token] = {}
    for _ in range(2):
        for strand in strands:
            others = [area for key, token in placed.items() if key != id(strand) for area in token.areas if area[2] > area[0]]
            points = [point for key, line in lines.items() if key != id(strand) for point in line]
            placed[id(strand)] = _best(strand, solid + others, points, lines[id(strand)], measure)
    return list(placed.values())


def product_notes(shape: Shape) -> Point:
    """The middle of the notes of a product: beneath it, or above where its weight comes from below."""
    side = shape.slots.get((-1, None), Point(0.0, 1.0)).y
    return Point(shape.x, shape.y + side * (RADIUS + (shape.down - RADIUS) / 2))


def _solid(scene: Scene) -> list[Area]:
    """What no token may cover: boxes, products with their notes, arrowheads."""
    areas = [shape.edges for shape in scene.shapes.values()]
    for shape in scene.shapes.values():
        if shape.notes:
            middle = product_notes(shape)
            areas.append(_area(middle, (2 * shape.side, shape.down - RADIUS)))
    for strand in scene.strands:
        for tip, side in strand.tips.values():
            step = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}[side]
            areas.append(_area(Point(tip.x + step[0] * HEAD / 2, tip.y + step[1] * HEAD / 2), (HEAD, HEAD)))
    return areas


def _best(strand: Strand, solid: list[Area], points: list[Point], own: list[Point], measure: Measure) -> Token:
    token, notes = token_size(strand, measure), notes_size(strand.notes, measure)
    best, least = None, float("inf")
    for rank, at in enumerate(strand.rail):
        cost_here = 0.02 * rank + _cost(_area(at, token), solid, points, 0.4)
        if cost_here >= least:
            continue
        for place, (dx, dy) in enumerate(_beside(strand, token, notes)):
            centre = Point(at.x + dx, at.y + dy)
            cost = cost_here + 0.05 * place
            if strand.notes:
                cost += _cost(_area(centre, notes), solid, points, 0.25) + 0.15 * _inside(_area(centre, notes), own)
            if cost < least:
                best, least = Token(strand, at, centre, token, notes), cost
    assert best is not None
    return best


def _beside(strand: Strand, token: tuple[float, float], notes: tuple[float, float]) -> list[tuple[float, float]]:
    """Where notes may stand, seen from the token: beneath, above, and at its sides."""
    down = token[1] / 2 + notes[1] / 2 + 0.02
    aside = token[0] / 2 + notes[0] / 2 + 0.04
    if strand.course == "loop":
        above = strand.chains[0][0].y > strand.rail[0].y
        return [(0.0, -down if above else down)]
    places = [(0.0, down), (0.0, -down), (aside, 0.0), (-aside, 0.0)]
    if strand.course == "facing":
        return places[:2]
    return places + [(dx, dy) for dy in (down, -down) for dx in (aside / 2, -aside / 2)] if strand.course != "back" else [(0.0, down)]


def _cost(area: Area, solid: list[Area], points: list[Point], line: float) -> float:
    if area[2] <= area[0]:
        return 0.0
    covered = sum(_overlap(area, other) for other in solid)
    return 400.0 * covered + line * min(_inside(area, points), 12)


def _inside(area: Area, points: list[Point]) -> int:
    return sum(area[0] <= p.x <= area[2] and area[1] <= p.y <= area[3] for p in points)


def _overlap(a: Area, b: Area) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(middle: Point, size: tuple[float, float]) -> Area:
    return middle.x - size[0] / 2, middle.y - size[1] / 2, middle.x + size[0] / 2, middle.y + size[1] / 2
