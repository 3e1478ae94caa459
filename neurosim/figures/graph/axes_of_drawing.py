"""The axes of drawings whose lengths are inches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.figures.axes import need_matplotlib
from neurosim.figures.graph.geometry import Area

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_for(ax: Axes | None, frame: Area) -> Axes:
    """The axes `ax`, or those that fill a new figure of the size of a frame if it is None."""
    if ax is not None:
        return ax
    figure = need_matplotlib().figure(figsize=(frame.right - frame.left, frame.bottom - frame.top))
    return figure.add_axes((0, 0, 1, 1))


def fit(ax: Axes, frame: Area) -> float:
    """Centre a frame in axes by their limits; returns the scale that texts and lines take."""
    size, dpi = ax.get_window_extent(), ax.figure.dpi
    width, height = frame.right - frame.left, frame.bottom - frame.top
    scale = min(size.width / dpi / width, size.height / dpi / height)
    spare_x, spare_y = size.width / dpi / scale - width, size.height / dpi / scale - height
    ax.set_xlim(frame.left - spare_x / 2, frame.right + spare_x / 2)
    ax.set_ylim(frame.bottom + spare_y / 2, frame.top - spare_y / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return scale
