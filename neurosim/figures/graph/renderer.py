"""Draws a diagram whose parts have their places. Imported only when something is drawn."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.path import Path

from neurosim.figures.graph.canvas import DARK, GREY, PALE, Canvas, measure
from neurosim.figures.graph.edges import Edge
from neurosim.figures.graph.geometry import OUTWARDS, Area, Point, Side, centred, outside
from neurosim.figures.graph.labels import Label
from neurosim.figures.graph.legend import ROW, SAMPLE, Entry, Sample
from neurosim.figures.graph.model import Box, Connection
from neurosim.figures.graph.nodes import Frame, Node
from neurosim.figures.graph.sizes import ARROWHEAD, FONT_SIZES, GLYPH, ICON, ICON_GAP, LINE, RADIUS
from neurosim.network.pictures import DENSE, Picture


class Style(NamedTuple):
    """How edges are drawn. Width and dashes tell the kinds of weights apart, also without colours."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()


# Colours of Okabe & Ito 2008, "Color Universal Design", which all kinds of colour vision tell apart.
STYLES = {
    "fixed": Style("#444444", 1.1),
    "learned": Style("#0072B2", 2.6),
    "plastic": Style("#D55E00", 1.9, (4.5, 1.8)),
    "message": Style("#00805E", 1.7, (1.1, 1.5)),
}
GROUNDS = ("#F8F6EF", "#EFF3EC", "#F5EFF3")  # of frames within each other
FILLS = {
    "driven": "#EFEFEF",
    "spiking": "#FCE8C3",
    "graded": "#DCEBF6",
    "random": "#F3DFEC",
    "closed": "#FFFFFF",
}

ARROW = (((-1.0, 0.0), (0.9, 0.0)), ((0.35, 0.5), (0.9, 0.0), (0.35, -0.5)))
SPIKES = (((-1.0, -0.7), (1.0, -0.7)), *(((x, -0.7), (x, 0.9)) for x in (-0.65, -0.3, 0.45)))
RISING = (
    (-1.0, -0.7),
    (-0.7, -0.62),
    (-0.45, -0.4),
    (-0.2, 0.05),
    (0.05, 0.5),
    (0.3, 0.74),
    (0.6, 0.76),
    (1.0, 0.7),
)
SWITCHES = (-1.0, -0.6, -0.1, 0.2, 0.75, 1.0)  # when a random value changes between low and high
SWITCHING = tuple(
    (x, 0.7 if n % 2 else -0.7) for n in range(len(SWITCHES) - 1) for x in (SWITCHES[n], SWITCHES[n + 1])
)
NESTED = tuple(
    ((x - 0.3, -0.6), (x + 0.3, -0.6), (x + 0.3, 0.6), (x - 0.3, 0.6), (x - 0.3, -0.6), (x + 0.3, -0.6))
    for x in (-0.6, 0.6)
) + (((-0.3, 0.0), (0.3, 0.0)),)
GLYPHS = {
    "driven": Picture("driven", "", ARROW),
    "spiking": Picture("spiking", "", SPIKES),
    "graded": Picture("graded", "", (RISING,)),
    "random": Picture("random", "", (SWITCHING,)),
    "closed": Picture("closed", "", NESTED),
}
CROSS = Picture("product", "", (((-1.0, -1.0), (1.0, 1.0)), ((-1.0, 1.0), (1.0, -1.0))))


def draw_frame(canvas: Canvas, frame: Frame) -> None:
    """The outline of a part that is open, and its name."""
    gid, fill = f"frame:{frame.name}", GROUNDS[frame.depth % len(GROUNDS)]
    canvas.frame(frame.area, gid, z=0.5 + 0.01 * frame.depth, fill=fill, width=0.8, radius=0.1)
    at = (frame.area.left + 0.1, frame.area.top + 0.13)
    canvas.text(at, frame.name, "frame", f"framed:{frame.name}", colour=GREY, ha="left")


def draw_node(canvas: Canvas, node: Node) -> None:
    """A population with its words, slices and ports; or a product."""
    if node.box is not None:
        _draw_box(canvas, node, node.box)
        return
    name = node.key[1:-1]
    _draw_product(canvas, Point(node.x, node.y), f"product:{name}")
    if node.notes:
        notes = "\n".join(node.notes)
        canvas.text(node.notes_at, notes, "note", f"note:{name}", colour=GREY, va="center", halo=True)


def _draw_box(canvas: Canvas, node: Node, box: Box) -> None:
    left, top, right, bottom = node.outline
    kind = "closed" if box.kind == "closed" else "population"
    if box.kind == "closed":
        inner = Area(left + 0.04, top + 0.04, right - 0.04, bottom - 0.04)
        canvas.frame(inner, f"closed:{box.name}:inner", z=3.1, fill="none", width=0.6, radius=0.07)
    _draw_frame(canvas, node.outline, box.kind, f"{kind}:{box.name}")
    x = (left + node.paddings["left"] + right - node.paddings["right"]) / 2
    lines = [(box.shape, "shape", DARK), *((line, "text", GREY) for line in box.text)]
    lines += [(f"learns {box.learns}", "text", STYLES["learned"].colour)] if box.learns else []
    height = (FONT_SIZES["name"] + sum(FONT_SIZES[role] for _, role, _ in lines)) * LINE
    floor = node.y + node.rows[0][1] if node.rows else bottom
    y = (top + node.paddings["top"] + floor - node.paddings["bottom"]) / 2 - height / 2
    _draw_name(canvas, box, Point(x, y + FONT_SIZES["name"] * LINE / 2))
    y += FONT_SIZES["name"] * LINE
    for text, role, colour in lines:
        half = FONT_SIZES[role] * LINE / 2
        canvas.text((x, y + half), text, role, f"{role}:{box.name}", colour=colour)
        y += 2 * half
    for part, low, high in node.rows:
        gid = f"part:{box.name}{part}"
        canvas.line([(left, node.y + low), (right, node.y + low)], gid, z=4, colour=GREY, width=0.7)
        canvas.text((x, node.y + (low + high) / 2), part, "part", gid)
    for port, place, side in node.port_labels:
        drop = {"top": 0.85, "bottom": 0.0}.get(side, 0.25) * FONT_SIZES["port"] * LINE  # to the baseline
        at, gid = (node.x + place.x, node.y + place.y + drop), f"port:{box.name}.{port}"
        ha = "left" if side == "left" else "right" if side == "right" else "center"
        canvas.text(at, port, "port", gid, ha=ha, va="baseline")


def _draw_name(canvas: Canvas, box: Box, middle: Point) -> None:
    """The name of a population, and before it the picture of what it sends."""
    gap = GLYPH[0] + 0.08
    title = box.title or box.name
    left = middle.x - (gap + measure(title, "name")) / 2
    _draw_glyph(canvas, Point(left + GLYPH[0] / 2, middle.y), box.kind, f"{box.kind}:{box.name}")
    canvas.text((left + gap, middle.y), title, "name", f"name:{box.name}", ha="left")


def _draw_frame(canvas: Canvas, area: Area, kind: str, gid: str) -> None:
    """The outline of a population, with square corners if it is driven from outside."""
    radius = 0.0 if kind == "driven" else min(0.1, (area.bottom - area.top) / 3)
    canvas.frame(area, gid, z=3, fill=FILLS[kind], width=1.0, radius=radius)


def _draw_glyph(canvas: Canvas, middle: Point, kind: str, gid: str) -> None:
    """The picture of what a population sends."""
    canvas.picture(GLYPHS[kind], centred(middle, GLYPH), gid, colour=DARK, width=1.0)


def _draw_product(canvas: Canvas, middle: Point, gid: str) -> None:
    """A circle with a cross, in which messages are multiplied by weights."""
    canvas.path(Path.circle(middle, RADIUS), gid, z=4, fill="white", width=1.2)
    canvas.picture(CROSS, centred(middle, (1.2 * RADIUS, 1.2 * RADIUS)), gid, colour=DARK, width=1.2)


def draw_edge(canvas: Canvas, edge: Edge) -> None:
    """A line with its arrowheads."""
    style, name = STYLES[edge.kind], edge.connection.names[0]
    for curve in edge.curves:
        path = Path(curve, [Path.MOVETO] + [Path.CURVE4] * (len(curve) - 1))
        canvas.path(path, f"{edge.course}:{name}", z=2, **style._asdict())
    for tip, side in edge.arrowheads.values():
        _draw_head(canvas, tip, side, edge.connection.sign, style, f"head:{name}")


def _draw_head(canvas: Canvas, tip: Point, side: Side, sign: str, style: Style, gid: str) -> None:
    """An arrowhead: a triangle if weights excite, a disc if they inhibit, an open one if either may be.

    tip: the point that touches the box. side: the side of the box.
    """
    across = Point(OUTWARDS[side].y, OUTWARDS[side].x)

    def at(back: float, aside: float = 0.0) -> tuple[float, float]:
        point = outside(tip, side, back)
        return point.x - aside * across.x, point.y - aside * across.y

    colour, half = style.colour, ARROWHEAD / 2
    if sign == "-":
        canvas.path(Path.circle(at(half), half), gid, z=4.5, colour=colour, fill=colour, width=0.6)
    elif sign == "+":
        corners = [at(ARROWHEAD, half), at(0), at(ARROWHEAD, -half)]
        canvas.polygon(corners, gid, z=4.5, colour=colour, fill=colour)
    else:
        canvas.line([at(ARROWHEAD), at(0.01)], gid, z=4.5, colour=colour, width=style.width)
        barbs = [at(ARROWHEAD, half), at(0.015), at(ARROWHEAD, -half)]
        canvas.line(barbs, gid, z=4.5, colour=colour, width=max(1.2, style.width * 0.7))


def draw_label(canvas: Canvas, label: Label) -> None:
    """The picture of a wiring, the delay beside it, and the notes."""
    edge, name = label.edge, label.edge.connection.names[0]
    left = label.at.x - label.size[0] / 2
    if edge.picture:
        draw_wiring(canvas, edge.connection, centred(Point(left + ICON[0] / 2, label.at.y), ICON))
        left += ICON[0] + ICON_GAP
    if edge.delay:
        draw_delay(canvas, Point(left, label.at.y), edge.delay, f"delay:{name}")
    if edge.notes:
        notes = "\n".join(edge.notes)
        canvas.text(label.notes_at, notes, "note", f"note:{name}", colour=GREY, va="center", halo=True)


def draw_wiring(canvas: Canvas, c: Connection, area: Area) -> None:
    """The picture of the wiring of a connection."""
    if c.picture:
        gid = f"{c.picture.name}:{c.names[0]}"
        _draw_icon(canvas, area, c.picture, STYLES[c.kind].colour, gid, shared=c.shared)


def draw_line(canvas: Canvas, c: Connection, at: Point, length: float) -> None:
    """A level line with the arrowhead of a connection."""
    style, end = STYLES[c.kind], at.x + length
    canvas.line([at, (end - ARROWHEAD, at.y)], f"line:{c.names[0]}", z=2, **style._asdict())
    _draw_head(canvas, Point(end, at.y), "left", c.sign, style, f"head:{c.names[0]}")


def _draw_icon(
    canvas: Canvas, area: Area, picture: Picture, colour: str, gid: str, *, shared: bool = False
) -> None:
    """The picture of a wiring in a frame, which is doubled if the weights are those of other synapses."""
    left, top, right, bottom = area
    for margin in (0.03, 0.0) if shared else (0.0,):
        x0, y0, x1, y1 = left - margin, top - margin, right + margin, bottom + margin
        corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        canvas.polygon(corners, gid, z=4.7, colour=colour, fill="white", width=0.8)
    inner = Area(left + 0.05, top + 0.02, right - 0.05, bottom - 0.02)
    canvas.picture(picture, inner, gid, colour=colour, width=0.6)


def draw_delay(canvas: Canvas, at: Point, text: str, gid: str) -> None:
    """A delay in a rounded frame whose left side has its middle at a point."""
    width, height = measure(text, "delay") + 0.12, 0.16
    area = Area(at.x, at.y - height / 2, at.x + width, at.y + height / 2)
    canvas.frame(area, gid, z=4.8, fill="white", width=0.8, radius=height / 2)
    canvas.text((at.x + width / 2, at.y), text, "delay", gid)


def draw_cuts(canvas: Canvas, cuts: list[float], top: float, bottom: float) -> None:
    """The places at which a row goes on in the next one."""
    for x in cuts:
        canvas.line([(x, top), (x, bottom)], "cut", z=1, colour=PALE, width=1.6, dashes=(1.0, 2.0))


def draw_legend(canvas: Canvas, entries: list[Entry], corner: Point, caption: str) -> None:
    """A line about the whole network, then the entries, row by row."""
    left, top = corner
    right = left + max(entry.right for entry in entries)
    canvas.line([(left, top - 0.16), (right, top - 0.16)], "legend:rule", z=1, colour=PALE, width=0.6)
    canvas.text(corner, caption, "caption", "legend:caption", colour=GREY, ha="left")
    for entry in entries:
        at = Point(left + entry.x, top + ROW * (entry.row + 1))
        if entry.sample is None:
            canvas.text(at, entry.text, "legend heading", "legend:heading", ha="left")
            continue
        gid = f"legend:{entry.sample.group}:{entry.sample.name}"
        _draw_sample(canvas, entry.sample, at, gid)
        canvas.text((at.x + SAMPLE + 0.08, at.y), entry.text, "legend", gid, ha="left")


def _draw_sample(canvas: Canvas, sample: Sample, at: Point, gid: str) -> None:
    """What an entry of the legend explains; `at` is the middle of its left side."""
    (x, y), middle, right = at, Point(at.x + SAMPLE / 2, at.y), at.x + SAMPLE
    name = sample.name
    if sample.group == "cell":
        _draw_frame(canvas, Area(x, y - 0.1, right, y + 0.1), name, gid)
        _draw_glyph(canvas, middle, name, gid)
    elif sample.picture is not None:
        _draw_icon(canvas, centred(middle, ICON), sample.picture, DARK, gid)
    elif name == "shared":
        _draw_icon(canvas, Area(x + 0.08, y - 0.09, right - 0.08, y + 0.09), DENSE, DARK, gid, shared=True)
    elif name == "delay":
        draw_delay(canvas, Point(x - 0.02, y), "delay", gid)
    elif sample.group == "weight":
        canvas.line([at, (right, y)], gid, z=2, **STYLES[name]._asdict())
        if name == "message":
            _draw_product(canvas, Point(right - RADIUS, y), gid)
    else:
        canvas.line([at, (right - ARROWHEAD, y)], gid, z=2, **STYLES["fixed"]._asdict())
        _draw_head(canvas, Point(right, y), "left", name, STYLES["fixed"], gid)
