"""A picture of a network: who sends to whom, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.errors import DescriptionError
from neurosim.figures.anatomy import caption, read_boxes, read_wires
from neurosim.figures.pyplot import need_matplotlib

if TYPE_CHECKING:
    from neurosim.figures.labels import Token
    from neurosim.figures.routes import Scene
    from neurosim.network.network import Network

MARGIN = 0.15


def diagram(net: Network, *, ax: Any = None) -> Any:
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
    from neurosim.network.network import Network

    if not isinstance(net, Network):
        raise DescriptionError(f"diagram: {net!r} is not a network. Give a Network, such as the `network` of a recording.")
    pyplot = need_matplotlib()
    from neurosim.figures import ink as inks
    from neurosim.figures.labels import place_tokens
    from neurosim.figures.legend import ROW, entries
    from neurosim.figures.routes import make_scene

    boxes, wires = read_boxes(net), read_wires(net)
    scene = make_scene(boxes, wires, inks.measure)
    tokens = place_tokens(scene, inks.measure)
    left, top, right, bottom = _extent(scene, tokens)
    words = caption(net)
    width = max(right - left, 4.2, inks.measure(words, "caption"))
    key = entries(boxes, wires, width, inks.measure)
    middle = (left + right) / 2
    legend_top = bottom + 0.35
    rows = max(entry.row for entry in key) + 1
    frame = (middle - width / 2 - MARGIN, top - MARGIN, middle + width / 2 + MARGIN, legend_top + ROW * rows + 0.12 + MARGIN)
    if ax is None:
        figure = pyplot.figure(figsize=(frame[2] - frame[0], frame[3] - frame[1]))
        ax = figure.add_axes((0, 0, 1, 1))
    ink = inks.Ink(ax, _fit(ax, frame))
    for strand in scene.strands:
        inks.draw_strand(ink, strand)
    for shape in scene.shapes.values():
        inks.draw_shape(ink, shape)
    for token in tokens:
        inks.draw_token(ink, token)
    inks.draw_legend(ink, key, (middle - width / 2, legend_top), words)
    return ax


def _extent(scene: Scene, tokens: list[Token]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of everything but the legend."""
    areas = [area for token in tokens for area in token.areas if area[2] > area[0]]
    areas += [shape.edges for shape in scene.shapes.values()]
    areas += [
        (shape.x - shape.side, shape.y - shape.up, shape.x + shape.side, shape.y + shape.down) for shape in scene.shapes.values() if shape.notes
    ]
    for strand in scene.strands:
        for chain in strand.chains:
            xs, ys = [point.x for point in chain], [point.y for point in chain]
            areas.append((min(xs), min(ys), max(xs), max(ys)))
    left, top, right, bottom = zip(*areas, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _fit(ax: Any, frame: tuple[float, float, float, float]) -> float:
    """Set the limits so that the frame is centred in the axes; returns the scale that texts and lines take."""
    size = ax.get_window_extent()
    dpi = ax.figure.dpi
    width, height = frame[2] - frame[0], frame[3] - frame[1]
    scale = min(size.width / dpi / width, size.height / dpi / height)
    spare_x, spare_y = size.width / dpi / scale - width, size.height / dpi / scale - height
    ax.set_xlim(frame[0] - spare_x / 2, frame[2] + spare_x / 2)
    ax.set_ylim(frame[3] + spare_y / 2, frame[1] - spare_y / 2)
    ax.set_axis_off()
    return scale
