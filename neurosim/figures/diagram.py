"""A picture of a network: who sends to whom, and how."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from neurosim.errors import DescriptionError
from neurosim.figures.axes import need_matplotlib
from neurosim.figures.graph.axes_of_drawing import axes_for, fit
from neurosim.figures.graph.closing import Closed, chosen_parts, close_parts
from neurosim.figures.graph.frames import lay_out
from neurosim.figures.graph.geometry import Area, Point
from neurosim.figures.graph.labels import Label, covered_areas, place_labels
from neurosim.figures.graph.layout import Layout
from neurosim.figures.graph.legend import ROW, entries
from neurosim.figures.graph.model import Box, Connection, caption, read_boxes, read_connections
from neurosim.network.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.figures.graph.canvas import Canvas

MARGIN = 0.15
NARROWEST = 4.2  # width of a figure
PAGE = 13.5  # the width and height beyond which parts are closed
ROW_GAP = 0.4  # between the rows of a long diagram
LEGEND = 1.0  # about the height of the legend
LEGEND_GAP = 0.35  # between the diagram and the legend


def diagram(net: Network, *, closed: Closed = None, ax: Axes | None = None) -> Axes:
    """Draw a network: populations as boxes, synapses as lines, and a legend of what occurs.

    Populations stand in layers from left to right, each after those that it receives from; a connection
    that runs back is a loop or passes beneath. Where nearly every population sends to every other one, the
    diagram is a table instead, with a row for each sender and a column for each target. A box shows the name
    and the shape of a population, how it calculates what it sends, and its slices if synapses name them. Of
    synapses,

    * line style and colour say whether the weights are fixed, learned, plastic, or messages of a
      population (sender and weight then meet in a circle with a cross);
    * the arrowhead says whether they excite or inhibit, if that can be told;
    * the icon shows the wiring, and its frame is doubled if the weights are shared with other synapses;
    * the text in a rounded frame is the delay;
    * notes say how many synapses there are, their weights, and what their text does.

    A part (`net.named("write")`) is a frame with its name, within which its populations stand, or if it is
    closed one box. All connections between a closed part and another box are drawn as one for each delay.
    Three or more closed parts that are equal and follow each other are one box, which says how many.

    A wiring of your own draws what its `picture` returns and says what its `note` returns; a
    distribution of weights says its `note`, and its `bounds` decide on the arrowhead.

    net: the network.
    closed: the names of the parts that are closed, such as ("write", "read"); True for all, False for none.
        By default as many are closed as it takes for the diagram to fit on a page, the innermost first.
    ax: axes to draw on; a new figure, as large as the diagram needs, by default.

    Returns the axes. Every artist has a `gid` such as 'population:cells', which is the id of its element
    in an SVG.

    Raises DescriptionError if `net` is not a network or has no part that `closed` names, NeurosimError if
    matplotlib is missing.
    """
    if not isinstance(net, Network):
        raise DescriptionError(
            f"diagram: {net!r} is not a network. Give a Network, such as the `network` of a recording."
        )
    need_matplotlib()
    from neurosim.figures.graph import canvas, renderer  # these import matplotlib

    boxes, connections, body = body_of(net, closed)
    left, top, right, bottom = body.area
    words = caption(net) + body.remark
    width = max(right - left, NARROWEST, canvas.measure(words, "caption"))
    legend = entries(boxes, connections, width, canvas.measure)
    middle, floor = (left + right) / 2, bottom + LEGEND_GAP
    frame = Area(
        middle - width / 2 - MARGIN,
        top - MARGIN,
        middle + width / 2 + MARGIN,
        floor + ROW * (max(entry.row for entry in legend) + 1) + 0.12 + MARGIN,
    )
    ax = axes_for(ax, frame)
    scale = fit(ax, frame)
    body.draw(ax, scale)
    renderer.draw_legend(canvas.Canvas(ax, scale), legend, Point(middle - width / 2, floor), words)
    return ax


class Body(Protocol):
    """What is drawn above the legend, and what the caption says about it."""

    @property
    def area(self) -> Area: ...

    @property
    def remark(self) -> str: ...

    def draw(self, ax: Axes, scale: float) -> None: ...


def body_of(net: Network, closed: Closed) -> tuple[list[Box], list[Connection], Body]:
    """What a diagram shows, with the first choice of closed parts that fits on a page, or else the last."""
    from neurosim.figures.graph.canvas import measure  # these import matplotlib
    from neurosim.figures.graph.table import is_dense, make_table

    everything = read_boxes(net), read_connections(net)
    for parts in chosen_parts(net, closed):
        boxes, connections, frames = close_parts(net, *everything, parts)
        body = (
            make_table(boxes, connections)
            if is_dense(boxes, connections)
            else Graph.of(lay_out(boxes, connections, measure, frames))
        )
        left, top, right, bottom = body.area
        if right - left < PAGE and bottom - top < PAGE - LEGEND:
            break
    return boxes, connections, body


class Row(NamedTuple):
    """What lies between two cuts of a layout, in a `window` of x. It is drawn in `area`, after a `shift`."""

    window: tuple[float, float]
    shift: Point
    area: Area

    def holds(self, x: float) -> bool:
        return self.window[0] <= x < self.window[1]


@dataclass
class Graph:
    """A layout with its labels, in rows."""

    layout: Layout
    labels: list[Label]
    rows: list[Row]

    @classmethod
    def of(cls, layout: Layout) -> Graph:
        """A layout with its labels, cut into rows."""
        labels = place_labels(layout)
        return cls(layout, labels, _rows(layout, labels))

    @property
    def area(self) -> Area:
        areas = [row.area for row in self.rows]
        return Area(min(a.left for a in areas), areas[0].top, max(a.right for a in areas), areas[-1].bottom)

    @property
    def remark(self) -> str:
        return ", each row goes on in the next" if len(self.rows) > 1 else ""

    def draw(self, ax: Axes, scale: float) -> None:
        """Draw row after row."""
        from neurosim.figures.graph.canvas import Canvas  # it imports matplotlib

        for row in self.rows:
            window = row.window if len(self.rows) > 1 else None
            _draw_row(Canvas(ax, scale, row.shift, window), self.layout, self.labels, row)


def _rows(layout: Layout, labels: list[Label]) -> list[Row]:
    """The rows of a diagram, one beneath the other; one if it is short."""
    rows, floor = [], 0.0
    areas = covered_areas(layout, labels)
    for left, right in zip((-inf, *layout.cuts), (*layout.cuts, inf), strict=True):
        inside = [area for area in areas if left <= (area.left + area.right) / 2 < right]
        x0, x1 = max(min(a.left for a in inside), left), min(max(a.right for a in inside), right)
        y0, y1 = min(a.top for a in inside), max(a.bottom for a in inside)
        window = max(left, -1e3), min(right, 1e3)
        rows.append(Row(window, Point(-x0, floor - y0), Area(0.0, floor, x1 - x0, floor + y1 - y0)))
        floor += y1 - y0 + ROW_GAP
    return rows


def _draw_row(canvas: Canvas, layout: Layout, labels: list[Label], row: Row) -> None:
    from neurosim.figures.graph import renderer  # it imports matplotlib

    for frame in layout.frames:
        if row.holds((frame.area.left + frame.area.right) / 2):
            renderer.draw_frame(canvas, frame)
    for edge in layout.edges:
        xs = [point.x for curve in edge.curves for point in curve]
        if min(xs) < row.window[1] and max(xs) > row.window[0]:
            renderer.draw_edge(canvas, edge)
    for node in layout.nodes.values():
        if row.holds(node.x):
            renderer.draw_node(canvas, node)
    cuts = [cut for cut in layout.cuts if cut in row.window]
    renderer.draw_cuts(canvas, cuts, row.area.top - row.shift.y, row.area.bottom - row.shift.y)
    for label in labels:
        if row.holds(label.at.x):
            renderer.draw_label(canvas, label)
