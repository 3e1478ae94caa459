"""The distances between neighbouring units of a Kohonen map as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.figures.axes import need_matplotlib, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from neurosim.learn.estimators.kohonen import KohonenMap

UNIT_SIZE = 0.3  # inches, of a unit of a large map
SQUARE = (45, 135, 225, 315)  # the directions of the corners, in degrees
HEXAGON = (30, 90, 150, 210, 270, 330)


def u_matrix(som: KohonenMap, *, labels: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """Draw how far the weights of each unit of a Kohonen map are from those of its neighbours: light
    within clusters, dark between them.

    Units are squares on a rectangular grid and hexagons on a hexagonal one; the first row is at the top.

    som: a fitted `neurosim.learn.KohonenMap`. labels: what to write into the units, shape (rows,
    columns), as `som.labels(X, y)` gives it; nothing for None. ax: axes to draw on; a new figure by
    default.

    Returns the axes.

    Raises DescriptionError for anything but a KohonenMap and for labels of another shape, NotFittedError
    for a map that has not been fitted.

    Source: Ultsch & Siemon 1990, INNC, 305.
    """
    if not hasattr(type(som), "u_matrix"):
        raise DescriptionError(f"u_matrix: {shown(som)} is not a Kohonen map. Give a fitted KohonenMap.")
    distances = som.u_matrix()
    texts = None if labels is None else np.asarray(labels, dtype=object)
    if texts is not None and texts.shape != distances.shape:
        raise DescriptionError(
            f"u_matrix: labels of shape {texts.shape} do not fit a map of shape {distances.shape}. "
            "Give one for each unit."
        )
    need_matplotlib()
    from matplotlib.collections import PolyCollection

    from neurosim.models.kohonen import positions  # models import all of neurosim, and so this module

    x, y = positions(distances.shape, som.grid)
    width = float(np.clip(UNIT_SIZE * distances.shape[1], 3.0, 10.0)) + 1.4
    height = float(np.clip(UNIT_SIZE * np.ptp(y), 2.8, 10.0)) + 0.4
    ax = new_axes(ax, width, height)
    units = PolyCollection(
        list(np.stack([x, y], axis=1)[:, None] + _outline(som.grid)),
        array=distances.ravel(),
        cmap="bone_r",
        edgecolors="face",
        linewidths=0.3,
    )
    units.set_clim(distances.min(), distances.max())
    ax.add_collection(units)
    if texts is not None:
        dark = distances > (distances.min() + distances.max()) / 2
        for column, row, text, on_dark in zip(x, y, texts.ravel(), dark.ravel(), strict=True):
            if text is not None:
                colour = "white" if on_dark else "black"
                ax.text(column, row, str(text), ha="center", va="center", fontsize=8, color=colour)
    xlim, ylim = (x.min() - 0.6, x.max() + 0.6), (y.max() + 0.6, y.min() - 0.6)
    ax.set(xlim=xlim, ylim=ylim, aspect="equal", xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.figure.colorbar(units, ax=ax, shrink=0.9, label="mean distance from neighbours")
    return ax


def _outline(grid: str) -> NDArray[np.float64]:
    """The corners of a unit, seen from its centre, shape (corner, coordinate)."""
    hexagonal = grid == "hexagonal"
    angles = np.deg2rad(HEXAGON if hexagonal else SQUARE)
    radius = np.sqrt(1 / 3 if hexagonal else 1 / 2)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
