"""Kohonen's learning rule: the unit nearest to a row of data and its neighbours move towards the row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils import gen_batches

from neurosim.learn.rules.kohonen_grid import KohonenGrid

DISTANCES_AT_ONCE = 2**17  # as many as fit into a processor's cache
Floats = NDArray[Any]  # of float64 or float32


def learn_in_batches(
    X: Floats,
    weights: Floats,
    grid: KohonenGrid,
    neighbourhood: str,
    radius: NDArray[np.float64],
    batch_size: int,
    passes: Iterable[int],
    shuffle: np.random.RandomState | None,
) -> None:
    """The batch rule w_a = sum(near x)/sum(near), once for each mini-batch; changes `weights`.

    Sums are kept over about the last pass: before each mini-batch
    they shrink by the fraction of X that it brings.

    X: data, shape (sample, feature).
    weights: of the units, shape (unit, feature).
    radius: of the neighbourhood at each update, shape (update,).
    passes: iterates once for each pass over X.
    shuffle: generator of a new order of rows for each pass, or None.
    """
    n = len(X)
    sums = np.zeros((len(weights), X.shape[1] + 1), X.dtype)  # of the rows that a unit won, and their number
    update = 0
    for _ in passes:
        rows = X if shuffle is None else X[shuffle.permutation(n)]
        rows = np.append(rows, np.ones((n, 1), X.dtype), axis=1)
        for part in gen_batches(n, batch_size):
            new = rows[part]
            columns = winners(new[:, :-1], weights)
            won = csr_array(
                (np.ones_like(new[:, 0]), columns, np.arange(len(new) + 1)), (len(new), len(weights))
            )
            sums *= 1 - len(new) / n
            sums += won.T @ new
            near = grid.smooth(neighbourhood, radius[update], sums)
            reached = near[:, -1] > np.finfo(X.dtype).tiny
            weights[reached] = near[reached, :-1] / near[reached, -1:]
            update += 1


def learn_row_by_row(
    X: Floats,
    weights: Floats,
    grid: KohonenGrid,
    neighbourhood: str,
    radius: NDArray[np.float64],
    rate: NDArray[np.float64],
    passes: Iterable[int],
    shuffle: np.random.RandomState | None,
) -> None:
    """The online rule, w_a += rate near(a, c(x)) (x - w_a), for one row x after the other; changes `weights`.

    The arguments are those of `learn_in_batches`; `rate` is the
    learning rate at each update, shape (update,).
    """
    units, update = np.arange(len(weights)), 0
    for _ in passes:
        for row in range(len(X)) if shuffle is None else shuffle.permutation(len(X)):
            difference = X[row] - weights
            winner = np.einsum("ij,ij->i", difference, difference).argmin()
            near = grid.near(neighbourhood, radius[update], units, winner)
            weights += (rate[update] * near).astype(X.dtype)[:, None] * difference
            update += 1


def winners(X: Floats, weights: Floats) -> NDArray[np.intp]:
    """The unit with the nearest weights for each row of X, shape (sample,)."""
    return np.concatenate([relative_distances(X[part], weights).argmin(axis=1) for part in parts(X, weights)])


def relative_distances(X: Floats, weights: Floats) -> Floats:
    """|x - w|^2 - |x|^2 for each row x and unit, shape (sample, unit); |x|^2 is the same for all units."""
    return X @ (-2.0 * weights.T) + np.einsum("ij,ij->i", weights, weights)


def parts(X: Floats, weights: Floats) -> Iterator[slice]:
    """Slices of rows of X whose distances from all units are computed at once."""
    return gen_batches(len(X), max(1, DISTANCES_AT_ONCE // len(weights)))
