"""Axes of matplotlib to draw a diagram on, and the width of texts. Imported only when something is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal, Required, TypedDict, Unpack

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Patch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Transform

from neurosim.figures.graph.geometry import Area
from neurosim.figures.graph.sizes import FONT_SIZES, LINE
from neurosim.network.pictures import Picture

DARK, GREY, PALE = "#222222", "#666666", "#BBBBBB"
DOT = 0.016  # the radius of a dot of a picture
FONTS: dict[str, dict[str, Any]] = {
    "name": {"weight": "bold"},
    "frame": {"weight": "bold"},
    "text": {"family": "monospace"},
    "port": {"family": "monospace"},
    "legend heading": {"weight": "bold"},
    "terminal": {"family": "monospace"},
    "wire": {"style": "italic"},
}


class Stroke(TypedDict, total=False):
    """How a path is drawn.

    z: the height at which it covers others.
    colour: of its line.
    fill: the colour of its inside, 'none' for none.
    width: of its line in points, 0 for none.
    dashes: lengths of dashes and gaps, in units of the width; () for a solid line.
    """

    z: Required[float]
    colour: str
    fill: str
    width: float
    dashes: tuple[float, ...]


def _font_size(role: str) -> float:
    return FONT_SIZES[role.split()[0]]


@lru_cache(maxsize=4096)
def measure(text: str, role: str) -> float:
    """The width of a text in inches; `role` is one of FONT_SIZES."""
    if not text:
        return 0.0
    font = FontProperties(**FONTS.get(role, {}))
    return TextPath((0, 0), text, size=_font_size(role), prop=font).get_extents().x1 / 72


class Canvas:
    """Axes on which a diagram, or a row of it, is drawn.

    Every artist has a `gid`, a kind and a name such as 'population:cells', by which programs find it; in an
    SVG it is the id.

    scale: the size of texts and lines, relative to their natural one.
    shift: what is added to all places.
    window: the span of x outside which lines are cut off; None for no cut.
    """

    def __init__(
        self,
        ax: Axes,
        scale: float,
        shift: tuple[float, float] = (0.0, 0.0),
        window: tuple[float, float] | None = None,
    ):
        self.ax, self.scale, self.window = ax, scale, window
        self.transform: Transform = Affine2D().translate(*shift) + ax.transData

    def add(self, patch: Patch, gid: str, z: float) -> None:
        """Draw a patch at a height z above or below others."""
        patch.set(gid=gid, zorder=z, transform=self.transform)
        self.ax.add_artist(patch)  # add_patch would measure it, which is slow and not needed

    def path(self, path: Path, gid: str, **stroke: Unpack[Stroke]) -> None:
        """Draw a path."""
        width, dashes = stroke.get("width", 1.0), stroke.get("dashes", ())
        patch = PathPatch(
            path,
            facecolor=stroke.get("fill", "none"),
            edgecolor=stroke.get("colour", DARK) if width else "none",
            linewidth=width * self.scale,
            linestyle=(0, dashes) if dashes else "solid",
            capstyle="butt",
            joinstyle="round",
        )
        self.add(patch, gid, stroke["z"])
        if self.window is not None:
            left, right = self.window
            opening = Affine2D().scale(right - left, 2e3).translate(left, -1e3)
            patch.set_clip_path(Path.unit_rectangle(), opening + self.transform)

    def line(self, points: Iterable[tuple[float, float]], gid: str, **stroke: Unpack[Stroke]) -> None:
        """Draw straight lines from point to point."""
        self.path(Path(list(points)), gid, **stroke)

    def polygon(self, points: list[tuple[float, float]], gid: str, **stroke: Unpack[Stroke]) -> None:
        """Draw straight lines from point to point and back to the first."""
        self.path(Path([*points, points[0]], closed=True), gid, **stroke)

    def frame(
        self,
        area: Area,
        gid: str,
        *,
        z: float,
        fill: str,
        width: float,
        radius: float = 0.0,
    ) -> None:
        """Draw a filled rectangle with corners of a radius."""
        corners = f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0"
        left, top, right, bottom = area
        patch = FancyBboxPatch((left, top), right - left, bottom - top, boxstyle=corners)
        patch.set(facecolor=fill, edgecolor=DARK, linewidth=width * self.scale)
        self.add(patch, gid, z)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        role: str,
        gid: str,
        *,
        colour: str = DARK,
        ha: Literal["left", "center", "right"] = "center",
        va: Literal["center", "center_baseline", "baseline"] = "center_baseline",
        halo: bool = False,
    ) -> None:
        """Write text; `role`, one of FONT_SIZES, says in which letters; `halo` is a white ground."""
        style = {
            **FONTS.get(role, {}),
            "fontsize": _font_size(role) * self.scale,
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

    def picture(self, picture: Picture, area: Area, gid: str, *, colour: str, width: float) -> None:
        """Draw a picture into a rectangle, its lines in a colour and of a width in points."""

        def place(point: tuple[float, float]) -> tuple[float, float]:
            (left, top, right, bottom), (x, y) = area, point
            return (left + right) / 2 + x * (right - left) / 2, (top + bottom) / 2 - y * (bottom - top) / 2

        lines = [Path([place(point) for point in line]) for line in picture.lines]
        if lines:
            self.path(Path.make_compound_path(*lines), gid, z=5, colour=colour, width=width)
        if picture.dots:
            circles = [Path.circle(place(dot), DOT) for dot in picture.dots]
            self.path(Path.make_compound_path(*circles), gid, z=5.1, fill=DARK, width=0.0)
