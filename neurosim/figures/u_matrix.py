"""The distances between neighbouring units of a Kohonen map as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.figures.axes import need_matplotlib, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.learn.estimators.kohonen import KohonenMap

INCHES = 0.3  # of a unit of a large map
SQUARE = (45, 135, 225, 315)  # corners, in degrees from the middle of a unit
HEXAGON = (30, 90, 150, 210, 270, 330)


def u_matrix(som: KohonenMap, *, labels: Any = None, ax: Any = None) -> Axes:
    """Draw how far the weights of each unit are from its neighbours': light within clusters, dark where they part. Returns the axes.

    Units are squares on a rectangular grid and hexagons on a hexagonal one; the first row is at the top.

    Arguments:
        som: a fitted `neurosim.learn.KohonenMap`.
        labels: what to write into the units, shape (rows, columns), as `som.labels(X, y)` gives it; nothing is written where it is None.
        ax: axes to draw on; default: a new figure.

    Raises DescriptionError for what is no map, or labels of another shape, and NotFittedError for a map that has not been fitted.

    Source: Ultsch & Siemon 1990, INNC, 305.
    """
    if not hasattr(type(som), "u_matrix"):
        raise DescriptionError(f"u_matrix: {shown(som)} is not a Kohonen map. Give a fitted KohonenMap.")
    height = som.u_matrix()
    written = None if labels is None else np.asarray(labels, dtype=object)
    if written is not None and written.shape != height.shape:
        raise DescriptionError(
            f"u_matrix: labels of shape {written.shape} do not fit a map of shape {height.shape}. Give one for each unit."
        )
    need_matplotlib()
    from matplotlib.collections import PolyCollection

    from neurosim.models.kohonen import positions

    x, y = positions(height.shape, som.grid)
    corners = np.deg2rad(HEXAGON if som.grid == "hexagonal" else SQUARE)
    radius = np.sqrt(1 / 3 if som.grid == "hexagonal" else 1 / 2)
    outline = radius * np.stack([np.cos(corners), np.sin(corners)], axis=1)
    columns = height.shape[1]
    ax = new_axes(
        ax,
        float(np.clip(INCHES * columns, 3.0, 10.0)) + 1.4,
        float(np.clip(INCHES * np.ptp(y), 2.8, 10.0)) + 0.4,
    )
    units = PolyCollection(
        np.stack([x, y], axis=1)[:, None] + outline,
        array=height.ravel(),
        cmap="bone_r",
        edgecolors="face",
        linewidths=0.3,
    )
    units.set_clim(height.min(), height.max())
    ax.add_collection(units)
    if written is not None:
        middle = (height.min() + height.max()) / 2
        for column, row, text, dark in zip(x, y, written.ravel(), height.ravel() > middle, strict=True):
            if text is not None:
                ax.text(
                    column,
                    row,
                    str(text),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if dark else "black",
                )
    ax.set(
        xlim=(x.min() - 0.6, x.max() + 0.6),
        ylim=(y.max() + 0.6, y.min() - 0.6),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.figure.colorbar(units, ax=ax, shrink=0.9, label="mean distance from neighbours")
    return ax
