"""A picture of the inside of a cell: how it calculates what it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.errors import DescriptionError, shown
from neurosim.figures.axes import need_matplotlib
from neurosim.figures.expressions import size_text, training_lines, written_lines
from neurosim.figures.graph.axes_of_drawing import axes_for, fit
from neurosim.figures.graph.geometry import Area, Point, points_of
from neurosim.figures.inside.arrange import Arrangement, arrange
from neurosim.figures.inside.flow import read_flow
from neurosim.network.neurons import Neurons

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.figures.graph.canvas import Canvas

MARGIN, HEADER, SPACE = 0.15, 0.34, 0.3
NARROWEST = 2.6  # width of a drawing
MOST_NODES = 45


def cell(population: Neurons, *, ax: Axes | None = None) -> Axes:
    """Draw how one cell of a population calculates what it sends, from left to right.

    Ports are the inputs at the left, with the constant that is added to them, such as a bias. Gates and other
    functions are boxes; sums, products and quotients are circles; what is sent is the output at the right. A
    state that the cell keeps, c(t - 1) of an LSTM, is a box at the left to which a loop leads back: from the
    value of the next tick, or under differential equations from the derivative, which the state integrates.
    The drawing is made from the text of the population. Terms that are 0, factors that are 1 and what happens
    in training only are left out. Text with more than about 40 operations is written instead.

    population: of which one cell is drawn, such as `net["cells"]`.
    ax: axes to draw on; a new figure, as large as the drawing needs, by default.

    Returns the axes. Every artist has a `gid` such as 'function:tanh', which is the id of its element in an
    SVG.

    Raises DescriptionError if `population` is not a population or has no text, NeurosimError if matplotlib is
    missing.

    >>> import neurosim as ns
    >>> from neurosim import cells
    >>> axes = ns.figures.cell(cells.lstm("cells", 8))  # doctest: +SKIP
    """
    if not isinstance(population, Neurons):
        raise DescriptionError(
            f"cell: {shown(population)} is not a population. Give one, such as net['cells']."
        )
    need_matplotlib()
    flow = read_flow(population)
    if len(flow.nodes) > MOST_NODES:
        return _write(population, ax)
    from neurosim.figures.graph.canvas import measure  # these import matplotlib
    from neurosim.figures.inside.drawing import LEGEND_ROW, draw_cell, draw_legend, draw_words, legend_rows

    arrangement = arrange(flow, measure)
    area = _extent(arrangement)
    remarks = [*flow.remarks, *training_lines(population)]
    words = [_title(population), *((line, "caption", "remark") for line in remarks)]
    width = max(area.right - area.left, NARROWEST, *(measure(text, role) for text, role, _ in words))
    legend = legend_rows(flow, width)
    foot = area.bottom + SPACE + LEGEND_ROW * len(legend)
    bottom = foot - LEGEND_ROW / 2 + 0.2 * len(remarks)
    canvas = _canvas(ax, Area(area.left, area.top - HEADER, area.left + width, bottom))
    draw_words(canvas, Point(area.left, area.top - HEADER + 0.08), words[:1])
    draw_cell(canvas, flow, arrangement)
    draw_legend(canvas, legend, Point(area.left, area.bottom + SPACE))
    draw_words(canvas, Point(area.left, foot), words[1:])
    return canvas.ax


def _write(population: Neurons, ax: Axes | None) -> Axes:
    """Write the text of a population that is too long to be drawn."""
    from neurosim.figures.graph.canvas import measure  # these import matplotlib
    from neurosim.figures.inside.drawing import draw_words

    words = [_title(population), *((line, "terminal", "text") for line in written_lines(population))]
    width = 1.06 * max(measure(text, role) for text, role, _ in words)  # letters on a screen are wider
    canvas = _canvas(ax, Area(0.0, 0.0, width, 0.18 * len(words)))
    draw_words(canvas, Point(0.0, 0.08), words)
    return canvas.ax


def _title(population: Neurons) -> tuple[str, str, str]:
    return f"{population.name}, {size_text(population)}", "name", f"cell:{population.name}"


def _canvas(ax: Axes | None, area: Area) -> Canvas:
    """A canvas for what an area holds."""
    from neurosim.figures.graph.canvas import Canvas  # it imports matplotlib

    left, top, right, bottom = area
    frame = Area(left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN)
    ax = axes_for(ax, frame)
    return Canvas(ax, fit(ax, frame))


def _extent(arrangement: Arrangement) -> Area:
    """What nodes and wires cover."""
    areas = [place.area for place in arrangement.places.values()]
    points = [point for _, curve in arrangement.curves for point in points_of(curve)]
    xs = [x for area in areas for x in (area.left, area.right)] + [point.x for point in points]
    ys = [y for area in areas for y in (area.top, area.bottom)] + [point.y for point in points]
    return Area(min(xs), min(ys), max(xs), max(ys))
