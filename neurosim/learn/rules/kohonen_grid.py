"""The grid of a Kohonen map: distances between its units, and the neighbourhood of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from neurosim.models.kohonen import periods, positions, read_shape

LEAST_RADIUS = 1e-6  # below it a Gaussian is the winner alone, as in the text of the model
TOLERANCE = 1e-9  # of a squared distance at the edge of a bubble, as in the text of the model
Floats = NDArray[Any]  # of float64 or float32


class KohonenGrid:
    """Units in rows and columns, numbered row after row.

    x, y: positions of the units, shape (unit,), as in
    `models.kohonen.positions`; direct neighbours are 1 apart.
    """

    def __init__(self, shape: tuple[int, int], grid: str, toroidal: bool):
        """A grid of `shape` (rows, columns), 'rectangular' or 'hexagonal'; a torus has no edges."""
        self.shape = read_shape(shape)
        self.x, self.y = positions(shape, grid)
        self.width, self.height = periods(shape, grid, toroidal)
        self.hexagonal = grid == "hexagonal"

    @property
    def size(self) -> int:
        """The number of units."""
        return len(self.x)

    def squared(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """The squared distance on the grid between units a and b; on a torus, the shorter way."""
        a, b = np.asarray(a), np.asarray(b)
        across = _distance(self.x[a], self.x[b], self.width)
        return across**2 + _distance(self.y[a], self.y[b], self.height) ** 2

    def adjacent(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.bool_]:
        """Whether units a and b are direct neighbours: 8 of a unit, or 6 on a hexagonal grid."""
        return (np.asarray(a) != b) & (self.squared(a, b) < (1.5 if self.hexagonal else 2.5))

    def neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """All pairs of direct neighbours in both orders: units a, ascending, and units b."""
        units = np.arange(self.size)
        by_row = [np.nonzero(self.adjacent(row[:, None], units)) for row in self._rows()]
        first = self.shape[1] * np.arange(len(by_row))  # the number of the first unit in each row
        a = [places + start for (places, _), start in zip(by_row, first, strict=True)]
        return np.concatenate(a), np.concatenate([b for _, b in by_row])

    def near(self, neighbourhood: str, radius: float, a: ArrayLike, b: ArrayLike) -> Floats:
        """How far unit a follows if unit b wins, from 0 to 1: exp(-d^2/(2 radius^2)) at distance d.

        The neighbourhood 'bubble' is 1 up to d = radius, and 0 beyond; 'gaussian' is as above.
        """
        squared = self.squared(a, b)
        if neighbourhood == "bubble":
            return (squared <= radius**2 + TOLERANCE).astype(float)
        return np.exp(-squared / (2 * max(radius, LEAST_RADIUS) ** 2))

    def smooth(self, neighbourhood: str, radius: float, sums: Floats) -> Floats:
        """sum_b near(a, b) sums[b] for every unit a, shape (unit, column)."""
        if neighbourhood == "gaussian":
            return self._smooth_gaussian(radius, sums)
        units = np.arange(self.size)
        near = (self.near(neighbourhood, radius, row[:, None], units) for row in self._rows())
        return np.concatenate([part.astype(sums.dtype) @ sums for part in near])

    def _smooth_gaussian(self, radius: float, sums: Floats) -> Floats:
        """Smooth along and across rows, of which a Gaussian is the product: a fraction of the full matrix.

        On a hexagonal grid odd rows are shifted, so that the one
        along a row differs between even and odd rows.
        """
        rows, columns = self.shape
        grid = sums.reshape(rows, columns, -1)
        across = self._kernel(self.y[::columns], self.y[::columns], self.height, radius, sums.dtype)
        step = min(rows, 2) if self.hexagonal else 1
        smoothed = np.empty_like(grid)
        for target in range(step):
            along = np.empty_like(grid)
            for sender in range(step):
                x_target, x_sender = (self.x[row * columns : (row + 1) * columns] for row in (target, sender))
                kernel = self._kernel(x_target, x_sender, self.width, radius, sums.dtype)
                along[sender::step] = kernel @ grid[sender::step]
            part = across[target::step] @ along.reshape(rows, -1)
            smoothed[target::step] = part.reshape(-1, *grid.shape[1:])
        return smoothed.reshape(sums.shape)

    @staticmethod
    def _kernel(a: Floats, b: Floats, period: float, radius: float, dtype: DTypeLike) -> Floats:
        squared = _distance(a[:, None], b, period) ** 2
        return np.exp(-squared / (2 * max(radius, LEAST_RADIUS) ** 2)).astype(dtype)

    def _rows(self) -> NDArray[np.intp]:
        """The numbers of the units, (row, column); pairs are taken row by row to bound the memory."""
        return np.arange(self.size).reshape(self.shape)


def _distance(a: Floats, b: Floats, period: float) -> Floats:
    """|a - b|, the shorter way round a circle of this circumference."""
    distance = np.abs(a - b)
    return np.minimum(distance, period - distance)
