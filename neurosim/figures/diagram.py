"""A picture of a network: who sends to whom, and how."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from neurosim.errors import DescriptionError
from neurosim.figures.anatomy import caption, read_boxes, read_wires
from neurosim.figures.labels import place_tokens
from neurosim.figures.legend import ROW, entries
from neurosim.figures.pyplot import need_matplotlib
from neurosim.figures.routes import Scene, along, make_scene
from neurosim.network.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.figures.ink import Ink
    from neurosim.figures.labels import Token
    from neurosim.network.network import Network

MARGIN = 0.15


def diagram(net: Network, *, ax: Any = None) -> Axes:
    """Draw a network: populations as boxes, synapses as lines, and a legend of what occurs. Returns the axes.

    Populations stand in columns from left to right, each after those it receives from; what runs back is a loop or passes beneath. A box
    shows the name, shape and text of a population, and its slices where synapses name them. Of synapses, line style and colour tell
    whether the weights are fixed, learned, plastic or messages (these meet in a circle with a cross); the head, whether they excite or
    inhibit where that can be told; the icon, the wiring; the frame beside it, the delay.

    Arguments:
        net: the network.
        ax: axes to draw on; default: a new figure, as large as the diagram needs.

    Raises DescriptionError where `net` is no network, NeurosimError where matplotlib is missing.
    """
    if not isinstance(net, Network):
        raise DescriptionError(
            f"diagram: {net!r} is not a network. Give a Network, such as the `network` of a recording."
        )
    pyplot = need_matplotlib()
    from neurosim.figures import ink as inks

    boxes, wires = read_boxes(net), read_wires(net)
    scene = make_scene(boxes, wires, inks.measure)
    tokens = place_tokens(scene, inks.measure)
    rows = _rows(scene, tokens)
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    words = caption(net) + (", each row goes on in the next" if len(rows) > 1 else "")
    width = max(right - left, 4.2, inks.measure(words, "caption"))
    key = entries(boxes, wires, width, inks.measure)
    middle, legend_top = (left + right) / 2, rows[-1].bottom + 0.35
    lines = max(entry.row for entry in key) + 1
    frame = (
        middle - width / 2 - MARGIN,
        rows[0].top - MARGIN,
        middle + width / 2 + MARGIN,
        legend_top + ROW * lines + 0.12 + MARGIN,
    )
    if ax is None:
        figure = pyplot.figure(figsize=(frame[2] - frame[0], frame[3] - frame[1]))
        ax = figure.add_axes((0, 0, 1, 1))
    scale = _fit(ax, frame)
    for row in rows:
        _draw_row(inks.Ink(ax, scale, row.shift, row.window if len(rows) > 1 else None), scene, tokens, row)
    inks.draw_legend(inks.Ink(ax, scale), key, (middle - width / 2, legend_top), words)
    return ax


class Row(NamedTuple):
    """What lies between two cuts of a diagram, moved by `shift`; the edges are those after the move."""

    window: tuple[float, float]
    shift: tuple[float, float]
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float) -> bool:
        return self.window[0] <= x < self.window[1]


def _rows(scene: Scene, tokens: list[Token]) -> list[Row]:
    """The rows of a diagram, one beneath the other; one, where it is short."""
    rows, floor = [], 0.0
    areas = _areas(scene, tokens)
    for left, right in zip((-inf, *scene.cuts), (*scene.cuts, inf), strict=True):
        inside = [area for area in areas if left <= (area[0] + area[2]) / 2 < right]
        x0, y0, x1, y1 = (pick(area[n] for area in inside) for n, pick in enumerate((min, min, max, max)))
        x0, x1 = max(x0, left), min(x1, right)
        rows.append(
            Row((max(left, -1e3), min(right, 1e3)), (-x0, floor - y0), 0.0, floor, x1 - x0, floor + y1 - y0)
        )
        floor += y1 - y0 + 0.4
    return rows


def _areas(scene: Scene, tokens: list[Token]) -> list[tuple[float, float, float, float]]:
    """The room of everything but the legend; lines in short pieces."""
    areas = [area for token in tokens for area in token.areas if area[2] > area[0]]
    for shape in scene.shapes.values():
        areas.append(shape.edges)
        if shape.notes:
            areas.append(
                (shape.x - shape.side, shape.y - shape.up, shape.x + shape.side, shape.y + shape.down)
            )
    return areas + [
        (point.x, point.y, point.x, point.y)
        for strand in scene.strands
        for chain in strand.chains
        for point in along(chain)
    ]


def _draw_row(ink: Ink, scene: Scene, tokens: list[Token], row: Row) -> None:
    from neurosim.figures import ink as inks

    for strand in scene.strands:
        xs = [point.x for chain in strand.chains for point in chain]
        if min(xs) < row.window[1] and max(xs) > row.window[0]:
            inks.draw_strand(ink, strand)
    for shape in scene.shapes.values():
        if row.holds(shape.x):
            inks.draw_shape(ink, shape)
    inks.draw_cuts(
        ink,
        [cut for cut in scene.cuts if cut in row.window],
        row.top - row.shift[1],
        row.bottom - row.shift[1],
    )
    for token in tokens:
        if row.holds(token.at.x):
            inks.draw_token(ink, token)


def _fit(ax: Any, frame: tuple[float, float, float, float]) -> float:
    """Set the limits so that the frame is centred in the axes; returns the scale that texts and lines take."""
    size = ax.get_window_extent()
    dpi = ax.figure.dpi
    width, height = frame[2] - frame[0], frame[3] - frame[1]
    scale = min(size.width / dpi / width, size.height / dpi / height)
    spare_x, spare_y = size.width / dpi / scale - width, size.height / dpi / scale - height
    ax.set_xlim(frame[0] - spare_x / 2, frame[2] + spare_x / 2)
    ax.set_ylim(frame[3] + spare_y / 2, frame[1] - spare_y / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return scale
