"""Drawing a placed diagram with matplotlib; imported only when something is drawn. Lengths in inches, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Patch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from neurosim.figures.labels import Area, Token, product_notes
from neurosim.figures.legend import ROW, SAMPLE, Entry
from neurosim.figures.strands import GLYPH, HEAD, ICON, LINE, RADIUS, SIZES, SPACE, Point, Shape, Strand

DARK, GREY, PALE = "#222222", "#666666", "#BBBBBB"
FONTS = {
    "name": dict(weight="bold"),
    "text": dict(family="monospace"),
    "port": dict(family="monospace"),
    "legend heading": dict(weight="bold"),
}


class Style(NamedTuple):
    """How lines are drawn: colour and width and dashes each tell the kinds apart, so that it can be read without colours."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()


# Colours of Okabe & Ito (2008), which all kinds of colour vision tell apart.
STYLES = {
    "fixed": Style("#444444", 1.1),
    "learned": Style("#0072B2", 2.6),
    "plastic": Style("#D55E00", 1.9, (4.5, 1.8)),
    "message": Style("#00805E", 1.7, (1.1, 1.5)),
}
FILLS = {"driven": "#EFEFEF", "spiking": "#FCE8C3", "graded": "#DCEBF6", "random": "#F3DFEC"}

# Pictures in a field from (-1, -1) to (1, 1), y upwards: lines of what a cell sends, and lines between senders (left) and targets (right).
CELLS: dict[str, list[list[tuple[float, float]]]] = {
    "driven": [[(-1, 0), (0.9, 0)], [(0.35, 0.5), (0.9, 0), (0.35, -0.5)]],
    "spiking": [[(-1, -0.7), (1, -0.7)], *([(x, -0.7), (x, 0.9)] for x in (-0.65, -0.3, 0.45))],
    "graded": [
        [
            (-1, -0.7),
            (-0.7, -0.62),
            (-0.45, -0.4),
            (-0.2, 0.05),
            (0.05, 0.5),
            (0.3, 0.74),
            (0.6, 0.76),
            (1, 0.7),
        ]
    ],
    "random": [
        [
            (-1, -0.7),
            (-0.6, -0.7),
            (-0.6, 0.7),
            (-0.1, 0.7),
            (-0.1, -0.7),
            (0.2, -0.7),
            (0.2, 0.7),
            (0.75, 0.7),
            (0.75, -0.7),
            (1, -0.7),
        ]
    ],
}
THREE, FOUR = (0.66, 0.0, -0.66), (0.72, 0.24, -0.24, -0.72)
WIRINGS: dict[str, tuple[Sequence[float], Sequence[float], list[tuple[int, int]]]] = {
    "dense": (THREE, THREE, [(a, b) for a in range(3) for b in range(3)]),
    "sparse": (THREE, THREE, [(0, 1), (1, 0), (2, 2)]),
    "one": (THREE, THREE, [(0, 0), (1, 1), (2, 2)]),
    "pool": (FOUR, (0.48, -0.48), [(0, 0), (1, 0), (2, 1), (3, 1)]),
    "private": (
        (0.8, 0.48, 0.16, -0.16, -0.48, -0.8),
        (0.48, -0.48),
        [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1)],
    ),
}
BUMP = [(x / 10, 0.85 * 2.718 ** (-((x / 4.5) ** 2)) - 0.3) for x in range(-10, 11)]
CUTS = (-0.95, -0.52, -0.09, 0.34)
SKETCHES: dict[str, tuple[list[list[tuple[float, float]]], list[tuple[float, float]]]] = {  # lines and dots
    "einsum": (
        [[(x, -0.8), (x, 0.8)] for x in (-0.9, -0.3, 0.3, 0.9)]
        + [[(-0.9, y), (0.9, y)] for y in (-0.8, -0.27, 0.27, 0.8)],
        [],
    ),
    "nearby": ([BUMP, [(-1, -0.6), (1, -0.6)]], [(x, -0.6) for x in (-0.9, -0.45, 0.0, 0.45, 0.9)]),
    "conv": (
        [[(x, -0.85), (x, 0.85)] for x in CUTS]
        + [[(CUTS[0], y), (CUTS[3], y)] for y in (-0.85, -0.28, 0.28, 0.85)]
        + [[(CUTS[1], 0.85), (0.9, 0.1)], [(CUTS[3], -0.28), (0.9, 0.1)]],
        [(0.9, 0.1)],
    ),
}


@lru_cache(maxsize=4096)
def measure(text: str, role: str) -> float:
    """The width of a text in inches."""
    if not text:
        return 0.0
    size = SIZES.get(role.split()[0], 8.0)
    return TextPath((0, 0), text, size=size, prop=FontProperties(**FONTS.get(role, {}))).get_extents().x1 / 72  # type: ignore[arg-type]


class Ink:
    """Axes to draw on, at `scale` times the natural size, moved by `shift`; lines are cut off at the ends of `window`, (left, right)."""

    def __init__(
        self,
        ax: Axes,
        scale: float,
        shift: tuple[float, float] = (0.0, 0.0),
        window: tuple[float, float] | None = None,
    ):
        self.ax, self.scale = ax, scale
        self.transform = Affine2D().translate(*shift) + ax.transData
        self.window = window

    def add(self, patch: Patch, gid: str, z: float) -> None:
        patch.set(gid=gid, zorder=z, transform=self.transform)
        self.ax.add_artist(patch)  # add_patch would measure it, which is slow and of no use here

    def path(
        self,
        path: Path,
        gid: str,
        *,
        z: float,
        colour: str = DARK,
        fill: str = "none",
        width: float = 1.0,
        dashes: tuple = (),
    ) -> None:
        patch = PathPatch(
            path,
            facecolor=fill,
            edgecolor=colour if width else "none",
            linewidth=width * self.scale,
            capstyle="butt",
            joinstyle="round",
        )
        if dashes:
            patch.set_linestyle((0, dashes))
        self.add(patch, gid, z)
        if self.window is not None:
            patch.set_clip_path(Path.unit_rectangle(), self._opening())

    def _opening(self) -> Any:
        left, right = self.window or (0.0, 0.0)
        return Affine2D().scale(right - left, 2e3).translate(left, -1e3) + self.transform

    def text(
        self,
        at: tuple[float, float],
        text: str,
        role: str,
        gid: str,
        *,
        colour: str = DARK,
        ha: Any = "center",
        va: Any = "center",
        halo: bool = False,
    ) -> None:
        style: dict[str, Any] = {
            **FONTS.get(role, {}),
            "fontsize": SIZES.get(role.split()[0], 8.0) * self.scale,
            "linespacing": LINE * 60,
            "usetex": False,
            "parse_math": False,
        }
        if halo:
            style["bbox"] = {
                "facecolor": "white",
                "edgecolor": "none",
                "pad": 0.6 * self.scale,
                "alpha": 0.85,
            }
        self.ax.text(
            *at, text, color=colour, ha=ha, va=va, zorder=6, gid=gid, transform=self.transform, **style
        )

    def picture(
        self,
        lines: list[list[tuple[float, float]]],
        area: Area,
        gid: str,
        *,
        colour: str,
        width: float = 0.9,
        z: float = 5,
    ):
        """Lines given in a field from (-1, -1) to (1, 1)."""
        path = Path.make_compound_path(*(Path([_into(area, *point) for point in line]) for line in lines))
        self.path(path, gid, z=z, colour=colour, width=width)

    def dots(self, points: list[tuple[float, float]], area: Area, gid: str, *, colour: str):
        circles = [Path.circle(_into(area, *point), 0.016) for point in points]
        self.path(Path.make_compound_path(*circles), gid, z=5.1, colour=colour, fill=colour, width=0.0)


def _into(area: Area, x: float, y: float) -> tuple[float, float]:
    return (area[0] + area[2]) / 2 + x * (area[2] - area[0]) / 2, (area[1] + area[3]) / 2 - y * (
        area[3] - area[1]
    ) / 2


def draw_frame(ink: Ink, area: Area, kind: str, gid: str) -> None:
    """The outline of a population: square corners where it is driven from outside."""
    style = (
        "square,pad=0"
        if kind == "driven"
        else f"round,pad=0,rounding_size={min(0.1, (area[3] - area[1]) / 3)}"
    )
    patch = FancyBboxPatch((area[0], area[1]), area[2] - area[0], area[3] - area[1], boxstyle=style)
    patch.set(facecolor=FILLS[kind], edgecolor=DARK, linewidth=1.0 * ink.scale)
    ink.add(patch, gid, 3)


def draw_glyph(ink: Ink, middle: tuple[float, float], kind: str, gid: str) -> None:
    """What a population sends."""
    width, height = GLYPH
    area = (middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)
    ink.picture(CELLS[kind], area, gid, colour=DARK, width=1.0)


def draw_shape(ink: Ink, shape: Shape) -> None:
    """A population with its words, parts and ports; or a product."""
    if shape.box is None:
        _draw_product(ink, shape)
        return
    box, (left, top, right, _) = shape.box, shape.edges
    draw_frame(ink, shape.edges, box.kind, f"population:{box.name}")
    x = (left + shape.pads["left"] + right - shape.pads["right"]) / 2
    lines = [(box.shape, "shape", DARK), (box.text, "text", GREY)]
    lines += [(f"learns {box.learns}", "text", STYLES["learned"].colour)] if box.learns else []
    full = (SIZES["name"] + sum(SIZES[role] for _, role, _ in lines)) * LINE
    floor = shape.y + shape.rows[0][1] if shape.rows else shape.edges[3]
    y = (top + shape.pads["top"] + floor - shape.pads["bottom"]) / 2 - full / 2
    middle = y + SIZES["name"] * LINE / 2
    words = measure(box.name, "name")
    start = x - (GLYPH[0] + 0.08 + words) / 2
    draw_glyph(ink, (start + GLYPH[0] / 2, middle), box.kind, f"{box.kind}:{box.name}")
    ink.text(
        (start + GLYPH[0] + 0.08, middle),
        box.name,
        "name",
        f"name:{box.name}",
        ha="left",
        va="center_baseline",
    )
    y += SIZES["name"] * LINE
    for text, role, colour in lines:
        y += SIZES[role] * LINE / 2
        ink.text((x, y), text, role, f"{role}:{box.name}", colour=colour, va="center_baseline")
        y += SIZES[role] * LINE / 2
    for part, low, high in shape.rows:
        ink.path(
            Path([(left, shape.y + low), (right, shape.y + low)]),
            f"part:{box.name}{part}",
            z=4,
            colour=GREY,
            width=0.7,
        )
        ink.text(
            (x, shape.y + (low + high) / 2), part, "part", f"part:{box.name}{part}", va="center_baseline"
        )
    for text, place, side in shape.labels:
        ha = {"left": "left", "right": "right"}.get(side, "center")
        drop = {"top": SIZES["port"] * LINE * 0.85, "bottom": 0.0}.get(side, SIZES["port"] * LINE * 0.25)
        ink.text(
            (shape.x + place.x, shape.y + place.y + drop),
            text,
            "port",
            f"port:{box.name}.{text}",
            ha=ha,
            va="baseline",
        )


def _draw_product(ink: Ink, shape: Shape) -> None:
    draw_cross(ink, (shape.x, shape.y), f"product:{shape.key[1:-1]}")
    if shape.notes:
        ink.text(
            product_notes(shape),
            "\n".join(shape.notes),
            "note",
            f"note:{shape.key[1:-1]}",
            colour=GREY,
            halo=True,
        )


def draw_cross(ink: Ink, at: tuple[float, float], gid: str) -> None:
    """The place where messages are multiplied by weights that are messages."""
    ink.path(Path.circle(at, RADIUS), gid, z=4, colour=DARK, fill="white", width=1.2)
    reach = RADIUS * 0.6
    area = (at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)
    ink.picture([[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]], area, gid, colour=DARK, width=1.2)


def draw_strand(ink: Ink, strand: Strand) -> None:
    """A line with its arrowheads."""
    style, name = STYLES[strand.kind], strand.wire.names[0]
    for chain in strand.chains:
        path = Path(chain, [Path.MOVETO] + [Path.CURVE4] * (len(chain) - 1))
        ink.path(
            path, f"{strand.course}:{name}", z=2, colour=style.colour, width=style.width, dashes=style.dashes
        )
    for tip, side in strand.tips.values():
        draw_head(ink, tip, side, strand.sign, style, f"head:{name}")


def draw_head(ink: Ink, tip: Point, side: str, sign: str, style: Style, gid: str) -> None:
    """An arrowhead: a triangle where the weights excite, a disc where they inhibit, an open one where both may be or nothing tells."""
    dx, dy = {"left": (1, 0), "right": (-1, 0), "top": (0, 1), "bottom": (0, -1)}[side]

    def at(back: float, aside: float) -> tuple[float, float]:
        return tip.x - back * dx + aside * dy, tip.y - back * dy + aside * dx

    if sign == "-":
        ink.path(
            Path.circle(at(HEAD / 2, 0), HEAD / 2),
            gid,
            z=4.5,
            colour=style.colour,
            fill=style.colour,
            width=0.6,
        )
    elif sign == "+":
        ink.path(
            Path([at(HEAD, HEAD / 2), at(0, 0), at(HEAD, -HEAD / 2), at(HEAD, HEAD / 2)], closed=True),
            gid,
            z=4.5,
            colour=style.colour,
            fill=style.colour,
        )
    else:
        ink.path(Path([at(HEAD, 0), at(0.01, 0)]), gid, z=4.5, colour=style.colour, width=style.width)
        ink.path(
            Path([at(HEAD, HEAD / 2), at(0.015, 0), at(HEAD, -HEAD / 2)]),
            gid,
            z=4.5,
            colour=style.colour,
            width=max(1.2, style.width * 0.7),
        )


def draw_token(ink: Ink, token: Token) -> None:
    """The icon of a wiring, the delay beside it, and the notes."""
    strand, name = token.strand, token.strand.wire.names[0]
    left = token.at.x - token.size[0] / 2
    if strand.icon:
        area = (left, token.at.y - ICON[1] / 2, left + ICON[0], token.at.y + ICON[1] / 2)
        draw_icon(
            ink, area, strand.icon, STYLES[strand.kind].colour, f"{strand.icon}:{name}", tied=strand.wire.tied
        )
        left += ICON[0] + SPACE
    if strand.delay:
        draw_delay(ink, (left, token.at.y), strand.delay, f"delay:{name}")
    if strand.notes:
        ink.text(token.notes_at, "\n".join(strand.notes), "note", f"note:{name}", colour=GREY, halo=True)


def draw_cuts(ink: Ink, cuts: list[float], top: float, bottom: float) -> None:
    """The places at which a row goes on in the next one."""
    for x in cuts:
        ink.path(Path([(x, top), (x, bottom)]), "cut", z=1, colour=PALE, width=1.6, dashes=(1.0, 2.0))


def draw_delay(ink: Ink, at: tuple[float, float], text: str, gid: str) -> None:
    """A delay in a rounded frame that begins at the point given."""
    width, height = measure(text, "delay") + 0.12, 0.16
    patch = FancyBboxPatch(
        (at[0], at[1] - height / 2), width, height, boxstyle=f"round,pad=0,rounding_size={height / 2}"
    )
    patch.set(facecolor="white", edgecolor=DARK, linewidth=0.8 * ink.scale)
    ink.add(patch, gid, 4.8)
    ink.text((at[0] + width / 2, at[1]), text, "delay", gid, va="center_baseline")


def draw_icon(ink: Ink, area: Area, icon: str, colour: str, gid: str, *, tied: bool = False) -> None:
    """A small picture of a wiring: senders at the left, targets at the right; a doubled frame where the weights are those of other synapses."""
    for grow in (0.03, 0.0) if tied else (0.0,):
        corners = [(area[0] - grow, area[1] - grow), (area[2] + grow, area[3] + grow)]
        (x0, y0), (x1, y1) = corners
        ink.path(
            Path([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], closed=True),
            gid,
            z=4.7,
            colour=colour,
            fill="white",
            width=0.8,
        )
    inner = (area[0] + 0.05, area[1] + 0.02, area[2] - 0.05, area[3] - 0.02)
    if icon in SKETCHES:
        lines, dots = SKETCHES[icon]
    else:
        senders, targets, joined = WIRINGS[icon]
        lines = [[(-0.9, senders[a]), (0.9, targets[b])] for a, b in joined]
        dots = [(-0.9, y) for y in senders] + [(0.9, y) for y in targets]
    ink.picture(lines, inner, gid, colour=colour, width=0.6)
    if dots:
        ink.dots(dots, inner, gid, colour=DARK)


def draw_legend(ink: Ink, key: list[Entry], corner: tuple[float, float], words: str) -> None:
    """A line about the whole network, then the entries, row by row."""
    left, top = corner
    ink.path(
        Path([(left, top - 0.16), (left + max(entry.right for entry in key), top - 0.16)]),
        "legend:rule",
        z=1,
        colour=PALE,
        width=0.6,
    )
    ink.text((left, top), words, "caption", "legend:caption", colour=GREY, ha="left", va="center_baseline")
    for entry in key:
        x, y = left + entry.x, top + ROW * (entry.row + 1)
        role = "legend heading" if entry.sample == "heading" else "legend"
        shift = 0.0 if entry.sample == "heading" else SAMPLE + 0.08
        _draw_sample(ink, entry.sample, x, y)
        ink.text((x + shift, y), entry.text, role, f"legend:{entry.sample}", ha="left", va="center_baseline")


def _draw_sample(ink: Ink, sample: str, x: float, y: float) -> None:
    group, _, name = sample.partition(":")
    gid, middle = f"legend:{sample}", (x + SAMPLE / 2, y)
    if group == "cell":
        draw_frame(ink, (x, y - 0.1, x + SAMPLE, y + 0.1), name, gid)
        draw_glyph(ink, middle, name, gid)
    elif sample == "weight:tied":
        draw_icon(ink, (x + 0.08, y - 0.09, x + SAMPLE - 0.08, y + 0.09), "dense", DARK, gid, tied=True)
    elif sample == "effect:delay":
        draw_delay(ink, (x - 0.02, y), "delay", gid)
    elif group == "wiring":
        draw_icon(
            ink,
            (middle[0] - ICON[0] / 2, y - ICON[1] / 2, middle[0] + ICON[0] / 2, y + ICON[1] / 2),
            name,
            DARK,
            gid,
        )
    elif group in ("weight", "effect"):
        style = STYLES[name] if group == "weight" else STYLES["fixed"]
        end = x + SAMPLE - (HEAD if group == "effect" else 0.0)
        ink.path(
            Path([(x, y), (end, y)]), gid, z=2, colour=style.colour, width=style.width, dashes=style.dashes
        )
        if name == "message":
            draw_cross(ink, (x + SAMPLE - RADIUS, y), gid)
        if group == "effect":
            draw_head(ink, Point(x + SAMPLE, y), "left", name, style, gid)
