"""The grid that the units of a Kohonen map stand on: how far apart they are, and what a neighbourhood makes of sums over units."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.models.kohonen import periods, positions, read_shape

LEAST_RADIUS = 1e-6  # below it a Gaussian is the winner alone, as in the text of the model
TOLERANCE = 1e-9  # of a squared distance at the rim of a bubble, as in the text of the model


class MapGrid:
    """Units in rows and columns, rectangular or hexagonal, with edges or as a torus; numbered row after row.

    `x` and `y` are the places of the units as in `neurosim.models.kohonen.positions`: direct neighbours are 1 apart.
    """

    def __init__(self, shape: tuple[int, int], grid: str, toroidal: bool):
        self.shape = read_shape(shape)
        self.x, self.y = positions(shape, grid)
        self.width, self.height = periods(shape, grid, toroidal)
        self.hexagonal = grid == "hexagonal"

    @property
    def size(self) -> int:
        """How many units there are."""
        return len(self.x)

    def squared(self, a: Any, b: Any) -> np.ndarray:
        """The squared distance on the grid between units a and b, the shorter way round where it is a torus."""
        return _way(self.x[a], self.x[b], self.width) ** 2 + _way(self.y[a], self.y[b], self.height) ** 2

    def adjacent(self, a: Any, b: Any) -> np.ndarray:
        """Whether units a and b are direct neighbours: 8 of a unit on a rectangular grid, diagonals included, and 6 on a hexagonal one."""
        return (np.asarray(a) != b) & (self.squared(a, b) < (1.5 if self.hexagonal else 2.5))

    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of direct neighbours, each in both orders: units a, ascending, and units b."""
        found = [np.nonzero(self.adjacent(rows[:, None], np.arange(self.size))) for rows in self._rows()]
        shift = self.shape[1] * np.arange(len(found))
        return np.concatenate([a + n for (a, _), n in zip(found, shift, strict=True)]), np.concatenate(
            [b for _, b in found]
        )

    def near(self, neighbourhood: str, radius: float, a: Any, b: Any) -> np.ndarray:
        """How much unit a moves when unit b wins: exp(-d^2/(2 radius^2)), or 1 up to a distance d of `radius` ('bubble')."""
        squared = self.squared(a, b)
        if neighbourhood == "bubble":
            return (squared <= radius**2 + TOLERANCE).astype(float)
        return np.exp(-squared / (2 * max(radius, LEAST_RADIUS) ** 2))

    def smooth(self, neighbourhood: str, radius: float, sums: np.ndarray) -> np.ndarray:
        """sum_b near(a, b) sums[b] for every unit a; shapes (unit, column)."""
        if neighbourhood == "gaussian":
            return self._smooth_gaussian(radius, sums)
        units = np.arange(self.size)
        return np.concatenate(
            [
                self.near(neighbourhood, radius, rows[:, None], units).astype(sums.dtype) @ sums
                for rows in self._rows()
            ]
        )

    def _smooth_gaussian(self, radius: float, sums: np.ndarray) -> np.ndarray:
        """A Gaussian is a product of one along a row and one across the rows, which costs a fraction of the full matrix.

        On a hexagonal grid the one along a row depends on whether sender and target stand in even or odd rows.
        """
        rows, columns = self.shape
        given = sums.reshape(rows, columns, -1)
        across = self._kernel(self.y[::columns], self.y[::columns], self.height, radius, sums.dtype)
        step = min(rows, 2) if self.hexagonal else 1
        smoothed = np.empty_like(given)
        for target in range(step):
            along = np.empty_like(given)
            for sender in range(step):
                ends = [self.x[row * columns : (row + 1) * columns] for row in (target, sender)]
                along[sender::step] = (
                    self._kernel(ends[0], ends[1], self.width, radius, sums.dtype) @ given[sender::step]
                )
            smoothed[target::step] = (across[target::step] @ along.reshape(rows, -1)).reshape(
                -1, *given.shape[1:]
            )
        return smoothed.reshape(sums.shape)

    @staticmethod
    def _kernel(a: np.ndarray, b: np.ndarray, period: float, radius: float, dtype: Any) -> np.ndarray:
        return np.exp(-(_way(a[:, None], b, period) ** 2) / (2 * max(radius, LEAST_RADIUS) ** 2)).astype(
            dtype
        )

    def _rows(self) -> np.ndarray:
        """The numbers of the units, a row of the grid each; what looks at all pairs takes one at a time, to bound its memory."""
        return np.arange(self.size).reshape(self.shape)


def _way(a: np.ndarray, b: np.ndarray, period: float) -> np.ndarray:
    way = np.abs(a - b)
    return np.minimum(way, period - way)
