"""The lines and shapes that a diagram is made of, and where on its shapes each line begins and ends. Lengths in inches, y downwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from neurosim.figures.anatomy import Box, Wire
from neurosim.figures.layout import Grid, Link, arrange

Measure = Callable[[str, str], float]  # the width of a text in one of the SIZES

SIZES = {
    "name": 10.0,
    "shape": 8.0,
    "text": 6.5,
    "port": 7.0,
    "note": 7.0,
    "part": 7.0,
    "delay": 7.0,
    "legend": 8.0,
    "caption": 8.0,
}
LINE = 1.25 / 72  # height of a line of text, per point of its size
GLYPH = (0.30, 0.17)  # the picture of what a population sends
ICON = (0.29, 0.21)  # the picture of a wiring
SPACE = 0.03  # between an icon and a delay
HEAD = 0.11  # length of an arrowhead
RADIUS = 0.10  # of a product of message and weight
SLOT = 0.15  # between two lines at one side of a box
PAD = 0.10


class Point(NamedTuple):
    x: float
    y: float


@dataclass
class Strand:
    """One line from node to node. Wires whose weight is a message have three: sender and weight to the product, product to the target.

    `course` is 'forward', 'facing' (back to the neighbour at its left, without delay), 'back' or 'loop'. `leave` and `enter` name
    the sides of the nodes. Routes are chains of cubic curves (3n + 1 points); `tips` are the points of the arrowheads, by port.
    """

    wire: Wire
    source: str
    source_part: str
    target: str
    target_part: str
    ports: tuple[str, ...]
    kind: str
    sign: str
    icon: str
    delay: str
    notes: tuple[str, ...]
    course: str = "forward"
    leave: str = "right"
    enter: str = "left"
    span: int = 0  # how many columns it runs back, or how many loops are inside it
    chains: list[list[Point]] = field(default_factory=list)
    tips: dict[str, tuple[Point, str]] = field(default_factory=dict)
    rail: list[Point] = field(default_factory=list)  # where its icon may stand


@dataclass
class Shape:
    """A population's box, or the circle of a product; `x` and `y` is its centre.

    `slots` are the offsets from the centre at which a strand (by number) leaves (port None) or enters a port; `room` is what it needs
    above and below its centre, and at either side.
    """

    key: str
    box: Box | None
    notes: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    width: float = 2 * RADIUS
    height: float = 2 * RADIUS
    pads: dict[str, float] = field(default_factory=dict)
    rows: list[tuple[str, float, float]] = field(default_factory=list)
    slots: dict[tuple[int, str | None], Point] = field(default_factory=dict)
    labels: list[tuple[str, Point, str]] = field(default_factory=list)
    up: float = RADIUS
    down: float = RADIUS
    side: float = RADIUS

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return (
            self.x - self.width / 2,
            self.y - self.height / 2,
            self.x + self.width / 2,
            self.y + self.height / 2,
        )


def make_strands(wires: list[Wire]) -> list[Strand]:
    """The lines of all wires; a product node is called after its synapses."""
    strands = []
    for wire in wires:
        if wire.weight is None:
            ends = (wire.pre, wire.pre_part, wire.post, wire.post_part)
            strands.append(
                Strand(wire, *ends, wire.ports, wire.kind, wire.sign, wire.icon, wire.delay, wire.notes)
            )
            continue
        name, part, lag = wire.weight
        product = product_of(wire)
        strands.append(
            Strand(wire, wire.pre, wire.pre_part, product, "", ("",), "fixed", "", "", wire.delay, ())
        )
        strands.append(Strand(wire, name, part, product, "", ("",), "message", "", "", lag, ()))
        strands.append(
            Strand(wire, product, "", wire.post, wire.post_part, wire.ports, "fixed", wire.sign, "", "", ())
        )
    return strands


def product_of(wire: Wire) -> str:
    """The key of the node in which the messages of a wire meet the weights."""
    return f"({wire.names[0]})"


def make_grid(boxes: list[Box], strands: list[Strand]) -> Grid:
    """Columns of populations and products, and the course of every strand."""
    products = [product_of(s.wire) for s in strands if s.source.startswith("(")]
    links = [
        Link(
            s.source,
            s.target,
            s.wire.instant if s.kind != "message" else not s.delay,
            s.source.startswith("("),
        )
        for s in strands
    ]
    roots = [box.name for box in boxes if box.kind == "driven"]
    grid = arrange([*(box.name for box in boxes), *products], links, roots, set(products))
    for number, strand in enumerate(strands):
        if strand.source == strand.target:
            strand.course, strand.leave, strand.enter = (
                "loop",
                "right" if strand.source_part else "top",
                "left" if strand.target_part else "top",
            )
        elif number in grid.back:
            _send_back(strand, grid, boxes)
    return grid


def _send_back(strand: Strand, grid: Grid, boxes: list[Box]) -> None:
    source, target = grid.column_of[strand.source], grid.column_of[strand.target]
    if strand.wire.instant and not strand.delay and source == target + 1:
        strand.course, strand.leave, strand.enter = "facing", "left", "right"
        return
    strand.course, strand.span = "back", source - target
    whole = {box.name for box in boxes if not box.parts}
    strand.leave = (
        "bottom" if strand.source in whole and grid.columns[source][-1] == strand.source else "right"
    )
    strand.enter = (
        "bottom" if strand.target in whole and grid.columns[target][-1] == strand.target else "left"
    )


def token_size(strand: Strand, measure: Measure) -> tuple[float, float]:
    """The icon of a strand and its delay, side by side."""
    icon = ICON[0] if strand.icon else 0.0
    delay = measure(strand.delay, "delay") + 0.12 if strand.delay else 0.0
    between = SPACE if icon and delay else 0.0
    return icon + between + delay, ICON[1] if icon or delay else 0.0


def notes_size(notes: tuple[str, ...], measure: Measure) -> tuple[float, float]:
    """The notes beneath an icon, one a line."""
    return max((measure(note, "note") for note in notes), default=0.0), len(notes) * SIZES["note"] * LINE


def make_shapes(boxes: list[Box], strands: list[Strand], grid: Grid, measure: Measure) -> dict[str, Shape]:
    """The size of every node, and where its lines begin and end."""
    shapes = {box.name: Shape(box.name, box) for box in boxes}
    for strand in strands:
        if strand.source.startswith("("):
            shapes[strand.source] = _product(strand, measure)
    for key, shape in shapes.items():
        if shape.box is not None:
            _fit(shape, shape.box, _anchors(key, strands, grid), strands, measure)
        else:
            for number, strand in enumerate(strands):
                _attach_product(shape, number, strand)
    return shapes


def _product(strand: Strand, measure: Measure) -> Shape:
    width, height = notes_size(strand.wire.notes, measure)
    room = RADIUS + height + 0.06
    return Shape(
        strand.source, None, strand.wire.notes, up=room, down=room, side=max(RADIUS + 0.1, width / 2)
    )


def _attach_product(shape: Shape, number: int, strand: Strand) -> None:
    if strand.source == shape.key:
        shape.slots[number, None] = Point(RADIUS, 0.0)
    elif strand.target == shape.key:
        drop = {"message": 0.06, "fixed": -0.06}[strand.kind] if strand.course == "back" else 0.0
        shape.slots[number, ""] = Point(-RADIUS + abs(drop) / 4, drop)


class Anchor(NamedTuple):
    """Where a strand meets a box: side, part ('' for the whole), port (None where it leaves), where its other end lies, its number."""

    side: str
    part: str
    port: str | None
    far: float
    strand: int
    facing: bool


def _anchors(key: str, strands: list[Strand], grid: Grid) -> list[Anchor]:
    found = []
    for number, strand in enumerate(strands):
        chain = grid.chains.get(number, [])
        if strand.source == key:
            far = (
                grid.place(chain[1])
                if chain
                else grid.place(strand.target)
                if strand.course == "facing"
                else 2.0
            )
            found.append(
                Anchor(strand.leave, strand.source_part, None, far, number, strand.course == "facing")
            )
        if strand.target == key:
            far = (
                grid.place(chain[-2])
                if chain
                else grid.place(strand.source)
                if strand.course == "facing"
                else 2.0
            )
            found += [
                Anchor(strand.enter, strand.target_part, port, far, number, strand.course == "facing")
                for port in strand.ports
            ]
    return found


def _fit(shape: Shape, box: Box, anchors: list[Anchor], strands: list[Strand], measure: Measure) -> None:
    """Make a box large enough for its words and lines, and hand out the slots."""
    ports = {
        side: [a.port for a in anchors if a.side == side and a.port]
        for side in ("left", "right", "top", "bottom")
    }
    wide = {
        side: max((measure(port, "port") for port in ports[side]), default=-0.06) + 0.06
        for side in ("left", "right")
    }
    tall = {side: SIZES["port"] * LINE if ports[side] else 0.0 for side in ("top", "bottom")}
    shape.pads = {**wide, **tall}
    words = max(
        GLYPH[0] + 0.08 + measure(box.name, "name"),
        measure(box.shape, "shape"),
        measure(box.text, "text"),
        measure(f"learns {box.learns}", "text") if box.learns else 0.0,
        max((measure(part, "part") for part in box.parts), default=0.0),
    )
    shape.width = max(words + wide["left"] + wide["right"] + 2 * PAD, 1.1)
    lines = SIZES["name"] + SIZES["shape"] + SIZES["text"] * (2 if box.learns else 1)
    header = max(
        lines * LINE + 2 * PAD + tall["top"] + tall["bottom"],
        *(_span(_column(anchors, side, "")) + 0.2 for side in ("left", "right")),
    )
    rows = [(part, _row_height(anchors, part, strands, measure)) for part in box.parts]
    shape.height = header + sum(height for _, height in rows)
    top = -shape.height / 2 + header
    for part, height in rows:
        shape.rows.append((part, top, top + height))
        top += height
    zones = {
        "": (-shape.height / 2, -shape.height / 2 + header),
        **{part: (low, high) for part, low, high in shape.rows},
    }
    _slots_at_bottom(shape, anchors, strands, measure)
    _slots_at_top(shape, anchors, strands, measure)
    for side, edge in (("left", -shape.width / 2), ("right", shape.width / 2)):
        for part, (low, high) in zones.items():
            _slots_at_side(shape, _column(anchors, side, part), edge, (low + high) / 2, side)


def _row_height(anchors: list[Anchor], part: str, strands: list[Strand], measure: Measure) -> float:
    """Room for the lines of a part, and for the icons and notes of those that come from other boxes."""
    lines = max(_span(_column(anchors, side, part)) + 0.18 for side in ("left", "right"))
    ahead = {a.strand for a in anchors if a.part == part and strands[a.strand].course == "forward"}
    icons = sum(
        token_size(strands[n], measure)[1] + notes_size(strands[n].notes, measure)[1] + 0.05 for n in ahead
    )
    return max(0.22, lines, min(icons, 0.8))


def _column(anchors: list[Anchor], side: str, part: str) -> list[Anchor]:
    """The anchors of one side, from top to bottom: port by port, each near what it is linked with."""
    here = [a for a in anchors if a.side == side and a.part == part]
    order = {}
    for n, anchor in enumerate(here):
        group = [a for a in here if a.port == anchor.port] if anchor.port is not None else [anchor]
        order[anchor] = (
            _mean([a.far for a in group]),
            min(a.strand for a in group),
            min(here.index(a) for a in group),
            anchor.far,
            n,
        )
    return sorted(here, key=order.__getitem__)


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _steps(column: list[Anchor]) -> list[float]:
    """Offsets of anchors from the first; a little more room where the port changes."""
    offsets = [0.0]
    for above, below in itertools.pairwise(column):
        if above.facing != below.facing:
            step = ICON[1] + 0.07  # side by side, so their icons must fit too
        elif above.port is None and below.port is None:
            step = 0.11
        else:
            step = SLOT + 0.04 * (above.port != below.port)
        offsets.append(offsets[-1] + step)
    return offsets


def _span(column: list[Anchor]) -> float:
    return _steps(column)[-1]


def _slots_at_side(shape: Shape, column: list[Anchor], x: float, middle: float, side: str) -> None:
    steps = _steps(column)
    for anchor, step in zip(column, steps, strict=False):
        shape.slots[anchor.strand, anchor.port] = Point(x, middle + step - steps[-1] / 2)
    inwards = 0.05 if side == "left" else -0.05
    for port in dict.fromkeys(a.port for a in column if a.port):
        heights = [shape.slots[a.strand, a.port].y for a in column if a.port == port]
        shape.labels.append((port, Point(x + inwards, _mean(heights)), side))


def _fan(strand: Strand, measure: Measure) -> list[float]:
    """The distances between the arrowheads of a strand that enters several ports from above or below, summed up."""
    widths = [max(measure(port, "port"), 0.1) for port in strand.ports]
    offsets = [0.0]
    for first, second in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (first + second) / 2 + 0.08)
    return offsets


def _slots_at_top(shape: Shape, anchors: list[Anchor], strands: list[Strand], measure: Measure) -> None:
    """Loops, one round the other: heads towards the left, beginnings towards the right.

    Those of parts begin at the right side; they pass above, or beneath between parts if they begin at a low one.
    """
    loops = [n for n in dict.fromkeys(a.strand for a in anchors) if strands[n].course == "loop"]
    order = ["", *(part for part, _, _ in shape.rows)]
    low = [
        n
        for n in loops
        if strands[n].target_part and order.index(strands[n].source_part) > len(shape.rows) / 2
    ]
    high = [n for n in loops if n not in low]
    high.sort(key=lambda n: order.index(strands[n].source_part) + order.index(strands[n].target_part))
    low.sort(key=lambda n: -order.index(strands[n].source_part) - order.index(strands[n].target_part))
    shape.up = _nest(shape, high, strands, measure, -1.0)
    shape.down = _nest(shape, low, strands, measure, 1.0)
    reach = start = 0.0
    for n in high:
        strand = strands[n]
        fan = _fan(strand, measure)
        half = max(HEAD + 0.04, *(measure(port, "port") for port in strand.ports)) / 2
        inner = max(token_size(strand, measure)[0] / 2 + 0.17, reach + half + 0.08)
        start = max(inner, start + 0.14)
        for port, offset in zip(reversed(strand.ports), fan, strict=True):
            if strand.enter == "top":
                shape.slots[n, port] = Point(-inner - offset, -shape.height / 2)
                shape.labels += (
                    [(port, Point(-inner - offset, -shape.height / 2 + 0.03), "top")] if port else []
                )
        if strand.leave == "top":
            shape.slots[n, None] = Point(start, -shape.height / 2)
        reach = inner + fan[-1] + half
    shape.width = max(shape.width, 2 * (max(reach + max(shape.pads["left"], 0.0) + 0.1, start) + 0.1))
    outside = (
        0.22 + 0.12 * max(len(high), len(low))
        if any(strands[n].leave == "right" or strands[n].enter == "left" for n in loops)
        else 0.0
    )
    shape.side = max(shape.side, shape.width / 2 + outside)


def _nest(shape: Shape, loops: list[int], strands: list[Strand], measure: Measure, sign: float) -> float:
    """The heights of loops, from the inner to the outer one; returns the room that they need."""
    room = shape.height / 2 + (0.08 if loops else 0.0)
    for level, n in enumerate(loops):
        token, notes = token_size(strands[n], measure), notes_size(strands[n].notes, measure)
        strands[n].span = level
        room += max(token[1], 0.16) / 2 + 0.08
        strands[n].rail = [Point(0.0, sign * room)]
        room += token[1] / 2 + notes[1] + 0.03
        shape.side = max(shape.side, notes[0] / 2)
    return room


def _slots_at_bottom(shape: Shape, anchors: list[Anchor], strands: list[Strand], measure: Measure) -> None:
    """Lines that run back: heads towards the left, beginnings towards the right; the longest outermost."""
    heads = list(dict.fromkeys(a.strand for a in anchors if a.side == "bottom" and a.port is not None))
    starts = [a.strand for a in anchors if a.side == "bottom" and a.port is None]
    reach = 0.1
    heads.sort(key=lambda n: strands[n].span)
    starts.sort(key=lambda n: strands[n].span)
    for n in heads:
        fan = _fan(strands[n], measure)
        half = max(HEAD + 0.04, *(measure(port, "port") for port in strands[n].ports)) / 2
        inner = max(0.15, reach + half)
        for port, offset in zip(reversed(strands[n].ports), fan, strict=True):
            shape.slots[n, port] = Point(-inner - offset, shape.height / 2)
            shape.labels += (
                [(port, Point(-inner - offset, shape.height / 2 - 0.05), "bottom")] if port else []
            )
        reach = inner + fan[-1] + half + 0.08
    for place, n in enumerate(starts):
        shape.slots[n, None] = Point(0.15 + 0.14 * place, shape.height / 2)
    shape.width = max(shape.width, 2 * (reach + 0.1), 0.6 + 0.28 * len(starts))
