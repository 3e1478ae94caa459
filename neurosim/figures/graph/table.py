"""A diagram as a table, for networks in which nearly every population sends to every other one.

Rows are senders, columns are targets. Imported only when something is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from neurosim.figures.graph.canvas import GREY, PALE, Canvas, measure
from neurosim.figures.graph.geometry import Area, Point, centred
from neurosim.figures.graph.model import Box, Connection
from neurosim.figures.graph.nodes import Node, fitted
from neurosim.figures.graph.renderer import draw_delay, draw_line, draw_node, draw_wiring
from neurosim.figures.graph.sizes import FONT_SIZES, ICON, LINE, notes_size

MOST_LINES, MOST_FOR_EACH = 24, 3.0  # connections; of more than these, a table is easier to read
SAMPLE = 0.36  # the length of the line with the arrowhead
MARGIN = 0.08  # around what stands in a cell
DELAY = 0.2  # the height of a line with a delay
LONGEST = 18  # characters of a note; longer ones are broken at commas
GAP = 0.06  # between two connections in a cell, and around headers


def is_dense(boxes: Sequence[Box], connections: Sequence[Connection]) -> bool:
    """Whether there are so many connections that lines could not be followed; products need lines."""
    many = len(connections) > MOST_LINES and len(connections) > MOST_FOR_EACH * len(boxes)
    return many and all(c.weight is None for c in connections)


@dataclass
class Table:
    """Headers with their places, and the connections in each cell.

    rows, columns: senders and targets.
    lefts, tops: the sides of the columns and rows of cells, from the first to the end of the last.
    cells: by row and column, the connections.
    """

    rows: list[Node]
    columns: list[Node]
    lefts: list[float]
    tops: list[float]
    cells: dict[tuple[int, int], list[Connection]]

    @property
    def area(self) -> Area:
        return Area(0.0, 0.0, self.lefts[-1], self.tops[-1])

    @property
    def remark(self) -> str:
        return ", rows are senders and columns their targets"

    def draw(self, ax: Axes, scale: float) -> None:
        draw_table(Canvas(ax, scale), self)


def make_table(boxes: Sequence[Box], connections: Sequence[Connection]) -> Table:
    """The table of all connections; what sends nothing has no row unless it receives nothing."""
    targets = [box for box in boxes if any(c.post == box.key for c in connections)]
    senders = [box for box in boxes if box not in targets or any(c.pre == box.key for c in connections)]
    cells = {
        (m, n): [c for c in connections if (c.pre, c.post) == (row.key, column.key)]
        for m, row in enumerate(senders)
        for n, column in enumerate(targets)
    }
    common = [_common_ports(column, connections) for column in targets]
    cells = {
        (m, n): [replace(c, ports=("",)) for c in entries] if common[n] else entries
        for (m, n), entries in cells.items()
    }
    rows = [fitted(replace(box, parts=()), measure) for box in senders]
    columns = [
        fitted(replace(box, parts=(), text=(ports,) if ports else (), learns=""), measure)
        for box, ports in zip(targets, common, strict=True)
    ]
    sizes = {place: _size(entries) for place, entries in cells.items()}
    left, top = (max(node.width for node in rows), max(node.height for node in columns))
    widths = [
        max(node.width + 2 * GAP, *(sizes[m, n][0] for m in range(len(rows))))
        for n, node in enumerate(columns)
    ]
    heights = [
        max(node.height + 2 * GAP, *(sizes[m, n][1] for n in range(len(columns))))
        for m, node in enumerate(rows)
    ]
    lefts = list(itertools.accumulate(widths, initial=left + GAP))
    tops = list(itertools.accumulate(heights, initial=top + GAP))
    for node, (a, b) in zip(rows, itertools.pairwise(tops), strict=True):
        node.x, node.y = left - node.width / 2, (a + b) / 2
    for node, (a, b) in zip(columns, itertools.pairwise(lefts), strict=True):
        node.x, node.y = (a + b) / 2, top - node.height / 2
    return Table(rows, columns, lefts, tops, cells)


def _common_ports(target: Box, connections: Sequence[Connection]) -> str:
    """Where all connections arrive at a target, as text; '' if they differ or if it has one port only."""
    ports = {c.ports for c in connections if c.post == target.key}
    names = ", ".join(next(iter(ports)))
    return f"at {names}" if len(ports) == 1 and names else ""


def _notes(c: Connection) -> tuple[str, ...]:
    """What is written about a connection: its slices and ports, and its notes, in short lines."""
    ports = [port for port in c.ports if port]
    ends = [f"from {c.pre_part}" if c.pre_part else c.variable]
    ends.append(f"to {c.post_part}" if c.post_part else "")
    ends.append(f"at {', '.join(ports)}" if ports else "")
    words = " ".join(end for end in ends if end)
    lines = [words, *c.notes]
    lines = [part for line in lines for part in (line.split(", ") if len(line) > LONGEST else [line]) if part]
    return tuple(lines)


def _line_size(c: Connection) -> tuple[float, float]:
    """The size of the line and the picture of the wiring side by side, and of the delay beneath."""
    width = SAMPLE + 0.04 + (ICON[0] if c.picture else 0.0)
    if not c.delay:
        return width, ICON[1] + 0.03
    return max(width, measure(c.delay, "delay") + 0.12), ICON[1] + 0.03 + DELAY


def _size(entries: Sequence[Connection]) -> tuple[float, float]:
    """The room that a cell needs."""
    lines = [_line_size(c) for c in entries]
    notes = [notes_size(_notes(c), measure) for c in entries]
    width = max([0.0, *(size[0] for size in (*lines, *notes))])
    height = sum(size[1] for size in (*lines, *notes)) + GAP * max(len(entries) - 1, 0)
    return width + 2 * MARGIN, height + 2 * MARGIN


def draw_table(canvas: Canvas, table: Table) -> None:
    """Rules, headers and cells."""
    _, _, right, bottom = table.area
    for y in table.tops:
        canvas.line([(0.0, y), (right, y)], "rule", z=1, colour=PALE, width=0.6)
    for x in table.lefts:
        canvas.line([(x, 0.0), (x, bottom)], "rule", z=1, colour=PALE, width=0.6)
    corner = Point(table.lefts[0] - GAP, table.tops[0] - 0.1)
    canvas.text(corner, "sender, to the right its targets", "note", "corner", colour=GREY, ha="right")
    for node in (*table.rows, *table.columns):
        draw_node(canvas, node)
    for (m, n), entries in table.cells.items():
        y = (table.tops[m] + table.tops[m + 1] - _size(entries)[1]) / 2 + MARGIN
        for c in entries:
            y = _draw_entry(canvas, c, Point((table.lefts[n] + table.lefts[n + 1]) / 2, y)) + GAP


def _draw_entry(canvas: Canvas, c: Connection, top: Point) -> float:
    """A connection beneath a point; returns the y of its lower end."""
    width, y = SAMPLE + (0.04 + ICON[0] if c.picture else 0.0), top.y + ICON[1] / 2
    draw_line(canvas, c, Point(top.x - width / 2, y), SAMPLE)
    draw_wiring(canvas, c, centred(Point(top.x + (width - ICON[0]) / 2, y), ICON))
    if c.delay:
        left = top.x - (measure(c.delay, "delay") + 0.12) / 2
        draw_delay(canvas, Point(left, top.y + ICON[1] + DELAY / 2), c.delay, f"delay:{c.names[0]}")
    y = top.y + _line_size(c)[1]
    for note in _notes(c):
        at = Point(top.x, y + FONT_SIZES["note"] * LINE / 2)
        canvas.text(at, note, "note", f"note:{c.names[0]}", colour=GREY)
        y += FONT_SIZES["note"] * LINE
    return y
