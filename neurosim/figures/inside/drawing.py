"""Draws a cell whose nodes have their places. Imported only when something is drawn."""

from __future__ import annotations

from matplotlib.path import Path

from neurosim.figures.graph.canvas import DARK, GREY, Canvas, measure
from neurosim.figures.graph.geometry import OUTWARDS, Area, Point, Side, centred, outside
from neurosim.figures.graph.sizes import FONT_SIZES
from neurosim.figures.inside.arrange import HEAD, ROLES, ROUND, Arrangement, Place
from neurosim.figures.inside.flow import Flow, NodeKind, Wire
from neurosim.network.pictures import Picture

FILLS: dict[NodeKind, str] = {
    "input": "#EFEFEF",
    "random": "#F3DFEC",
    "constant": "white",
    "state": "#DCEBF6",
    "function": "#FCE8C3",
    "scale": "#FFFFFF",
    "sum": "white",
    "product": "white",
    "output": "#DDEFD9",
}
MEANINGS: dict[NodeKind, str] = {
    "input": "what arrives at a port",
    "state": "state",
    "function": "function",
    "random": "drawn at random",
    "scale": "times a constant",
    "output": "what is sent",
}
SIGNS = {
    "+": Picture("sum", "", (((-1.0, 0.0), (1.0, 0.0)), ((0.0, -1.0), (0.0, 1.0)))),
    "\N{MULTIPLICATION SIGN}": Picture(
        "product", "", (((-0.8, -0.8), (0.8, 0.8)), ((-0.8, 0.8), (0.8, -0.8)))
    ),
}
WIDTH = 1.1  # of wires, in points
LEGEND_ROW, SAMPLE = 0.26, 0.36


def draw_cell(canvas: Canvas, flow: Flow, arrangement: Arrangement) -> None:
    """Wires, then nodes, then the names of variables and the signs of sums."""
    memory, kinds = {loop.source for loop in flow.loops}, {key: node.kind for key, node in flow.nodes.items()}
    for wire, curve in arrangement.curves:
        path = Path(curve, [Path.MOVETO] + [Path.CURVE4] * (len(curve) - 1))
        kind = "wire" if wire.instant else "loop"
        canvas.path(path, f"{kind}:{wire.source}-{wire.target}", z=2, colour=DARK, width=WIDTH)
    for wire, tip, side in arrangement.heads:
        sign = "\N{DIVISION SIGN}" if kinds.get(wire.target) == "product" else "\N{MINUS SIGN}"
        _draw_head(canvas, wire, tip, side, sign)
    for key, place in arrangement.places.items():
        _draw_place(canvas, place)
        if key in memory and any(wire.source == key for wire in flow.wires):
            dot = Path.circle((arrangement.tees[key].x, place.y), 0.025)
            canvas.path(dot, f"tee:{key}", z=3, fill=DARK, width=0.0)
    for name, at in arrangement.names:
        canvas.text(at, name, "wire", f"variable:{name}")


def _draw_head(canvas: Canvas, wire: Wire, tip: Point, side: Side, sign: str) -> None:
    """An arrowhead, and beside it the sign of an operation whose inverse is taken."""
    across = Point(OUTWARDS[side].y, OUTWARDS[side].x)
    back = outside(tip, side, HEAD)
    corners = [(back.x + half * across.x, back.y + half * across.y) for half in (HEAD / 2, -HEAD / 2)]
    gid = f"head:{wire.source}-{wire.target}"
    canvas.polygon([corners[0], (tip.x, tip.y), corners[1]], gid, z=2.5, colour=DARK, fill=DARK, width=0.5)
    if wire.inverse:
        at = (back.x - (0.04 if across.y else 0.09), back.y - 0.09 * abs(across.y))
        canvas.text(at, sign, "wire", f"inverse:{wire.source}-{wire.target}")


def _draw_place(canvas: Canvas, place: Place) -> None:
    node, gid = place.node, f"{place.node.kind}:{place.node.text}"
    middle = Point(place.x, place.y)
    if place.round:
        canvas.path(Path.circle(middle, ROUND / 2), gid, z=4, fill=FILLS[node.kind], width=1.1)
        canvas.picture(SIGNS[node.text], centred(middle, (0.1, 0.1)), gid, colour=DARK, width=1.2)
        return
    _draw_frame(canvas, place.area, node.kind, gid)
    role = ROLES.get(node.kind, "terminal")
    canvas.text(
        middle, node.text, role, f"text:{node.text}", colour=GREY if node.kind == "constant" else DARK
    )


def _draw_frame(canvas: Canvas, area: Area, kind: NodeKind, gid: str) -> None:
    """The outline of a node: square corners for what comes in and goes out, round ones for constants."""
    radius = {"input": 0.0, "output": 0.0, "scale": 0.13, "function": 0.04, "random": 0.04}.get(kind, 0.08)
    radius = min(radius, 0.45 * (area.bottom - area.top))
    canvas.frame(area, gid, z=4, fill=FILLS[kind], width=0.0 if kind == "constant" else 1.0, radius=radius)


def legend_rows(flow: Flow, width: float) -> list[list[tuple[NodeKind, str, float]]]:
    """The kinds of nodes that occur with what they mean and their x, in rows of a width."""
    kinds = {node.kind for node in flow.nodes.values()}
    rows: list[list[tuple[NodeKind, str, float]]] = [[]]
    x = 0.0
    for kind, meaning in MEANINGS.items():
        if kind in kinds:
            room = SAMPLE + 0.07 + measure(meaning, "legend") + 0.25
            if rows[-1] and x + room > width:
                rows, x = [*rows, []], 0.0
            rows[-1].append((kind, meaning, x))
            x += room
    return rows


def draw_legend(canvas: Canvas, rows: list[list[tuple[NodeKind, str, float]]], corner: Point) -> None:
    for n, row in enumerate(rows):
        y = corner.y + n * LEGEND_ROW
        for kind, meaning, x in row:
            left = corner.x + x
            _draw_frame(canvas, Area(left, y - 0.08, left + SAMPLE, y + 0.08), kind, f"legend:{kind}")
            canvas.text((left + SAMPLE + 0.07, y), meaning, "legend", f"legend:{kind}", ha="left")


def draw_words(canvas: Canvas, at: Point, lines: list[tuple[str, str, str]]) -> None:
    """Lines of text one beneath the other: the text, its role and its gid."""
    y = at.y
    for text, role, gid in lines:
        canvas.text((at.x, y), text, role, gid, ha="left", colour=DARK if role == "name" else GREY)
        y += FONT_SIZES[role] * 1.5 / 72
