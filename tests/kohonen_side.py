"""What the tests of Kohonen maps share."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

RANDOM = np.random.default_rng
GRIDS = [("rectangular", False), ("rectangular", True), ("hexagonal", False), ("hexagonal", True)]
grids = pytest.mark.parametrize(("grid", "toroidal"), GRIDS)


def apart(shape, grid, toroidal):
    """Distances (unit, unit) on the map; on a torus, the shortest to any of its copies."""
    rows, columns = shape
    places = np.array(
        [
            (c + (r % 2) / 2, r * np.sqrt(3) / 2) if grid == "hexagonal" else (c, r)
            for r in range(rows)
            for c in range(columns)
        ]
    )
    size = np.array([columns, rows * (np.sqrt(3) / 2 if grid == "hexagonal" else 1)])
    turns = (-1, 0, 1) if toroidal else (0,)
    return np.min([cdist(places, places + size * (a, b)) for a in turns for b in turns], axis=0)


def near(far, radius, neighbourhood):
    return (
        (far <= radius + 1e-9).astype(float)
        if neighbourhood == "bubble"
        else np.exp(-(far**2) / (2 * radius**2))
    )


def online(X, W, far, radius, rate, neighbourhood="gaussian"):
    """Kohonen's rule, row by row: the weights, and the winners."""
    W, winners = W.copy(), []
    for x, r, a in zip(X, radius, rate, strict=True):
        winners.append(((x - W) ** 2).sum(axis=1).argmin())
        W += a * near(far[:, winners[-1]], r, neighbourhood)[:, None] * (x - W)
    return W, winners


def codebook(recording, units):
    """The weights at the end of a run, (unit, input)."""
    return np.asarray(recording["codebook.w"])[-1].reshape(-1, units).T
