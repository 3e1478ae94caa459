"""Points, rectangles and curves of a diagram. Lengths in inches, y downwards.

A curve is a chain of n cubic Bezier segments, a list of 3n + 1 points. Every third point lies on the curve.
"""

from __future__ import annotations

import itertools
from math import hypot
from typing import Literal, NamedTuple

CORNER = 0.12  # the radius of rounded corners
SAMPLE = 0.05  # about the distance between points of a curve

Side = Literal["left", "right", "top", "bottom"]
Size = tuple[float, float]  # width, height


class Point(NamedTuple):
    """A place, or an offset from one."""

    x: float
    y: float


Curve = list[Point]
OUTWARDS: dict[Side, Point] = {
    "left": Point(-1.0, 0.0),
    "right": Point(1.0, 0.0),
    "top": Point(0.0, -1.0),
    "bottom": Point(0.0, 1.0),
}


class Area(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def empty(self) -> bool:
        return self.right <= self.left

    def overlap(self, other: Area) -> float:
        """The size of what two rectangles share."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)


def centred(middle: Point, size: Size) -> Area:
    """The rectangle of this size about a point."""
    width, height = size
    return Area(middle.x - width / 2, middle.y - height / 2, middle.x + width / 2, middle.y + height / 2)


def outside(end: Point, side: Side, distance: float) -> Point:
    """The point at this distance from a point on one side of a box, away from the box."""
    return Point(end.x + OUTWARDS[side].x * distance, end.y + OUTWARDS[side].y * distance)


def shifted(points: list[Point], dx: float, dy: float) -> list[Point]:
    """The points, or the curve through them, at another place."""
    return [Point(point.x + dx, point.y + dy) for point in points]


def wave(points: list[Point]) -> Curve:
    """A smooth curve through the points, level at each of them."""
    curve = points[:1]
    for a, b in itertools.pairwise(points):
        half = (b.x - a.x) / 2
        curve += [Point(a.x + half, a.y), Point(b.x - half, b.y), b]
    return curve


def rounded(corners: list[Point]) -> Curve:
    """Straight lines from corner to corner, the corners rounded."""
    curve = corners[:1]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        curve += [
            *_straight(curve[-1], enter),
            _between(enter, corner, 0.55),
            _between(leave, corner, 0.55),
            leave,
        ]
    return curve + _straight(curve[-1], corners[-1])


def _towards(corner: Point, other: Point) -> Point:
    """Where the rounding of a corner begins on the line to another point."""
    length = hypot(other.x - corner.x, other.y - corner.y)
    return _between(corner, other, min(CORNER, length / 2) / length if length else 0.0)


def _between(a: Point, b: Point, share: float) -> Point:
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def _straight(a: Point, b: Point) -> Curve:
    """A straight segment from `a` to `b`, without its first point."""
    return [_between(a, b, 1 / 3), _between(a, b, 2 / 3), b]


def points_of(curve: Curve) -> list[Point]:
    """Points along a curve, about every twentieth of an inch."""
    points = curve[:1]
    for n in range(0, len(curve) - 1, 3):
        a, b, c, d = curve[n : n + 4]
        steps = max(1, round((abs(d.x - a.x) + abs(d.y - a.y)) / SAMPLE))
        for step in range(1, steps + 1):
            t = step / steps
            s = 1 - t
            weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
            points.append(
                Point(
                    sum(w * p.x for w, p in zip(weights, (a, b, c, d), strict=True)),
                    sum(w * p.y for w, p in zip(weights, (a, b, c, d), strict=True)),
                )
            )
    return points


def from_the_middle(curve: Curve) -> list[Point]:
    """About 60 points of a curve, its ends left out, the nearest to its middle first: for its label."""
    points = points_of(curve)
    steps = (hypot(b.x - a.x, b.y - a.y) for a, b in itertools.pairwise(points))
    length = list(itertools.accumulate(steps, initial=0.0))
    total = length[-1] or 1.0
    ranked = sorted(zip(length, points, strict=True), key=lambda pair: abs(pair[0] / total - 0.5))
    inner = [point for at, point in ranked if 0.12 <= at / total <= 0.88] or [ranked[0][1]]
    return inner[:: max(1, len(inner) // 60)]
