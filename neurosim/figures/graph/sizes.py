"""The sizes of what a diagram is made of. Lengths in inches, sizes of letters in points."""

from __future__ import annotations

from collections.abc import Callable

from neurosim.figures.graph.geometry import Size

Measure = Callable[
    [str, str], float
]  # the width of a text, by the text and its role, one of those in FONT_SIZES

FONT_SIZES = {
    "name": 10.0,
    "frame": 9.0,
    "shape": 8.0,
    "text": 6.5,
    "port": 7.0,
    "note": 7.0,
    "part": 7.0,
    "delay": 7.0,
    "legend": 8.0,
    "caption": 8.0,
    "function": 9.0,
    "terminal": 8.0,
    "wire": 7.5,
}
LINE = 1.25 / 72  # the height of a line of text, for each point of its size
GLYPH = (0.30, 0.17)  # the picture of what a population sends
ICON = (0.29, 0.21)  # the picture of a wiring
ICON_GAP = 0.03  # between the picture and the delay beside it
ARROWHEAD = 0.11  # the length of an arrowhead
RADIUS = 0.10  # of the circle of a product
BRANCH = 0.26  # the width in which an edge spreads to several ports
LANE = 0.12  # between upright pieces of edges side by side


def notes_size(notes: tuple[str, ...], measure: Measure) -> Size:
    """The width and height of notes, one a line."""
    width = max((measure(note, "note") for note in notes), default=0.0)
    return width, len(notes) * FONT_SIZES["note"] * LINE
