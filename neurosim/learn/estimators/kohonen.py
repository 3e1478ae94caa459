"""Kohonen's self-organizing maps: a grid of units that spreads over the data."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.row_transformer import RowTransformer
from neurosim.learn.rules.kohonen import (
    learn_in_batches,
    learn_row_by_row,
    parts,
    relative_distances,
    winners,
)
from neurosim.learn.rules.kohonen_grid import LEAST_RADIUS, KohonenGrid
from neurosim.learn.validation import FLOATS, RandomState, random_state_of, read_rows
from neurosim.models.kohonen import GRIDS, NEIGHBOURHOODS, kohonen
from neurosim.network.network import Network
from neurosim.network.values import choice, flag, plain_number, whole

ALGORITHMS = ("batch", "online")
SCHEDULES = ("exponential", "linear")
INITS = ("pca", "random")
BATCHES = 8  # mini-batches in a pass, unless `batch_size` is given
LARGEST = {np.float64: 1e100, np.float32: 1e15}  # numbers whose squares can still be summed
Floats = NDArray[Any]  # of float64 or float32, as X is


@dataclass(eq=False, repr=False)
class KohonenMap(RowTransformer):
    """A self-organizing map: units on a grid, whose weights spread over the data.

    Neighbours on the grid become alike. The unit c whose weights are nearest to a row x wins. near
    = exp(-d^2/(2 radius^2)) is the share of a unit at distance d from c on the grid. The algorithm
    'online' learns row by row, w += rate near (x - w). 'batch' learns from all rows of a
    mini-batch, w = sum(near x)/sum(near), where the sums extend over about the last pass: before
    each mini-batch they shrink by the fraction of X that it brings. All features count alike, so
    scale X first, as StandardScaler does, if their units differ.

    Arguments:
        shape: (rows, columns) of the map.
        grid: 'rectangular' or 'hexagonal'.
        toroidal: whether the last row and column are next to the first.
        neighbourhood: 'gaussian', as above, or 'bubble': near is 1 up to d = radius, and 0 beyond.
        algorithm: 'batch' or 'online'.
        radius: of the first update, in distances between
            neighbours on the grid. None: half of the longer side.
        final_radius: of the last update, above 0.
        learning_rate, final_learning_rate: of the first and the last update of 'online', above 0, at most 1.
        schedule: how radius and rate fall from update to update, 'exponential' or 'linear'.
        batch_size: number of rows in a mini-batch of 'batch'. None:
            an eighth of X. All rows: the plain batch map.
        n_iter: number of passes over X.
        shuffle: whether each pass takes the rows in a new order.
        init: first weights: 'pca' (a grid on the plane of the two main axes of X, as wide as X), 'random'
            (rows of X), or an array, shape (unit, feature).
        verbose: whether to show a progress bar.
        random_state: seed or generator, as in scikit-learn.

    It computes in the precision of X.

    Attributes after `fit`: `weights_`, shape (unit, feature), with units numbered row after row; `n_iter_`;
    and `network_`, which goes on learning if its population `rate` is driven.

    Raises DescriptionError (a ValueError) for parameters out of range, for X whose rows are all the same, and
    for numbers too large to square; ValueError for data that scikit-learn refuses.

    Source: Kohonen 1982, Biological Cybernetics 43, 59, doi:10.1007/BF00337288; batch: Kohonen 2013, Neural
    Networks 37, 52, doi:10.1016/j.neunet.2012.09.018.

    >>> corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> som = KohonenMap((2, 2), final_radius=0.1, random_state=0).fit(corners)
    >>> sorted(som.predict(corners).tolist()), round(som.quantization_error(corners), 3)
    ([0, 1, 2, 3], 0.0)
    """

    shape: tuple[int, int] = (10, 10)
    _: KW_ONLY
    grid: str = "rectangular"
    toroidal: bool = False
    neighbourhood: str = "gaussian"
    algorithm: str = "batch"
    radius: float | None = None
    final_radius: float = 0.75
    learning_rate: float = 0.5
    final_learning_rate: float = 0.02
    schedule: str = "exponential"
    batch_size: int | None = None
    n_iter: int = 10
    shuffle: bool = True
    init: str | ArrayLike = "pca"
    verbose: bool = False
    random_state: RandomState = None

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Spread the map over X, shape (sample, feature), in `n_iter` passes; y is ignored."""
        self._check_parameters()
        self._grid = KohonenGrid(self.shape, self.grid, self.toroidal)
        rows, mean = _centred(read_rows(self, X, reset=True, dtype=FLOATS, order="C", least=2))
        random = random_state_of(self.random_state)
        weights = self._first_weights(rows, mean, random)
        passes = tqdm(range(self.n_iter), "KohonenMap", unit="pass", disable=not self.verbose)
        shuffle = random if self.shuffle else None
        if self.algorithm == "online":
            radius, rate = self.schedules(self.n_iter * len(rows))
            learn_row_by_row(rows, weights, self._grid, self.neighbourhood, radius, rate, passes, shuffle)
        else:
            size = min(len(rows), self.batch_size or -(-len(rows) // BATCHES))
            radius, _ = self.schedules(self.n_iter * -(-len(rows) // size))
            shuffle = shuffle if size < len(rows) else None  # one batch of all rows has no order
            learn_in_batches(rows, weights, self._grid, self.neighbourhood, radius, size, passes, shuffle)
        self.weights_ = weights + mean
        self.n_iter_ = self.n_iter
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """The distance of each row of X from the weights of every unit, shape (sample, unit)."""
        rows, W = self._read(X)
        distances = np.empty((len(rows), len(W)), rows.dtype)
        for part in parts(rows, W):
            lengths = np.einsum("ij,ij->i", rows[part], rows[part])
            squared = relative_distances(rows[part], W) + lengths[:, None]
            np.sqrt(np.maximum(squared, 0.0), out=distances[part])  # rounding may make a square negative
        return distances

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """The number of the unit that wins each row of X, shape (sample,), counted row by row of the map."""
        return winners(*self._read(X))

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Minus the quantization error of X, which GridSearchCV makes large; y is ignored."""
        return -self.quantization_error(X)

    def quantization_error(self, X: ArrayLike) -> float:
        """The mean distance of the rows of X from the weights of their winners, in the unit of X."""
        rows, W = self._read(X)
        return float(np.linalg.norm(rows - W[winners(rows, W)], axis=1).mean())

    def topographic_error(self, X: ArrayLike) -> float:
        """The fraction of the rows of X whose two nearest units are not direct neighbours, from 0 to 1.

        A unit has 8 direct neighbours, or 6 on a hexagonal grid.
        Raises DescriptionError for a map of one unit.

        Source: Kiviluoto 1996, ICNN, 294, doi:10.1109/ICNN.1996.548907.
        """
        rows, W = self._read(X)
        if len(W) < 2:
            raise DescriptionError(
                "KohonenMap.topographic_error: a map of one unit has no second nearest one."
                " Give a larger shape."
            )
        nearest = [
            np.argpartition(relative_distances(rows[part], W), 1, axis=1)[:, :2] for part in parts(rows, W)
        ]
        two = np.concatenate(nearest)
        return 1.0 - float(self._grid.adjacent(two[:, 0], two[:, 1]).mean())

    def topographic_product(self) -> float:
        """How well the dimensions of the map fit the data: about 0, or negative if they are too few.

        P = mean over units j and k = 1 .. units - 1 of log(prod_(l <= k) Q1(j, l) Q2(j, l))/(2k). Q1 is the
        ratio of two distances between weights, from j to its l-th nearest unit on the grid and to the unit
        with the l-th nearest weights; Q2 is the same ratio of distances on the grid.

        Raises DescriptionError for a map of one unit, and for units that have the same weights.

        Source: Bauer & Pawelzik 1992, IEEE Transactions on Neural Networks 3, 570, doi:10.1109/72.143371.
        """
        check_is_fitted(self)
        W, units = self.weights_.astype(np.float64), np.arange(len(self.weights_))
        if len(W) < 2:
            raise DescriptionError(
                "KohonenMap.topographic_product: a map of one unit has no neighbours. Give a larger shape."
            )
        by_weights = np.sqrt(np.array([((W - w) ** 2).sum(axis=1) for w in W]))  # shape (unit, unit)
        on_grid = np.sqrt(self._grid.squared(units[:, None], units))
        if not (by_weights[~np.eye(len(W), dtype=bool)] > 0).all():
            raise DescriptionError(
                "KohonenMap.topographic_product: two units have the same weights."
                " Use a neighbourhood that reaches all units."
            )
        # Each unit comes first in its own order; at distance -1 it does so even if others are at distance 0.
        near_on_grid, near_by_weights = (
            np.argsort(distance - np.eye(len(W)), axis=1, kind="stable")[:, 1:]
            for distance in (on_grid, by_weights)
        )
        log_Q1, log_Q2 = (
            np.log(
                np.take_along_axis(distance, near_on_grid, 1)
                / np.take_along_axis(distance, near_by_weights, 1)
            )
            for distance in (by_weights, on_grid)
        )
        k = np.arange(1, len(W))
        return float((np.cumsum(log_Q1 + log_Q2, axis=1) / (2 * k)).mean())

    def u_matrix(self) -> NDArray[np.float64]:
        """The mean distance of each unit's weights from those of its neighbours, shape (rows, columns).

        It is high where clusters meet. `ns.figures.u_matrix` draws it.

        Source: Ultsch & Siemon 1990, INNC, 305.
        """
        check_is_fitted(self)
        a, b = self._grid.neighbours()
        distance = np.linalg.norm(self.weights_[a] - self.weights_[b], axis=1)
        total = np.bincount(a, weights=distance, minlength=self._grid.size)
        count = np.bincount(a, minlength=self._grid.size)
        return (total / np.maximum(count, 1)).reshape(self._grid.shape)

    def hits(self, X: ArrayLike) -> NDArray[np.intp]:
        """The number of rows of X that each unit wins, shape (rows, columns)."""
        return np.bincount(self.predict(X), minlength=self._grid.size).reshape(self._grid.shape)

    def labels(self, X: ArrayLike, y: ArrayLike) -> NDArray[np.object_]:
        """The commonest label of the rows of X that each unit wins, (rows, columns); None if it wins none.

        y: labels of the rows, shape (sample,). Raises DescriptionError if they are not as many as the rows.
        """
        won, labels = self.predict(X), np.asarray(y)
        if labels.shape != won.shape:
            raise DescriptionError(
                f"KohonenMap.labels: y of shape {labels.shape} does not fit X of {len(won)} rows."
                " Give one label for each."
            )
        names, label = np.unique(labels, return_inverse=True)
        votes = np.zeros((self._grid.size, len(names)), int)
        np.add.at(votes, (won, label), 1)
        commonest = names.astype(object)[votes.argmax(axis=1)]
        commonest[~votes.any(axis=1)] = None
        return commonest.reshape(self._grid.shape)

    @property
    def network_(self) -> Network:
        """The map as a network, `models.kohonen`; its learning rate is 0 unless `rate` is driven."""
        check_is_fitted(self)
        return kohonen(
            self.weights_.shape[1],
            self._grid.shape,
            grid=self.grid,
            toroidal=self.toroidal,
            neighbourhood=self.neighbourhood,
            radius=self.final_radius,
            weights=self.weights_,
        )

    def schedules(self, updates: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The radius and the learning rate at each of so many updates, each of shape (update,)."""
        start = max(max(self.shape) / 2, self.final_radius) if self.radius is None else self.radius
        along = np.geomspace if self.schedule == "exponential" else np.linspace
        radius = along(start, self.final_radius, updates)
        return radius, along(self.learning_rate, self.final_learning_rate, updates)

    @property
    def _n_features_out(self) -> int:
        return len(self.weights_)

    def _read(self, X: ArrayLike) -> tuple[Floats, Floats]:
        """X and the weights minus the mean of the weights, as squares of large numbers lose precision."""
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False, dtype=FLOATS, order="C")
        mean = self.weights_.mean(axis=0)
        return rows - mean.astype(rows.dtype), (self.weights_ - mean).astype(rows.dtype)

    def _check_parameters(self) -> None:
        name = "KohonenMap"
        choice(self.algorithm, ALGORITHMS, f"{name}: algorithm")
        choice(self.grid, GRIDS, f"{name}: grid")
        choice(self.neighbourhood, NEIGHBOURHOODS, f"{name}: neighbourhood")
        choice(self.schedule, SCHEDULES, f"{name}: schedule")
        flag(self.shuffle, f"{name}: shuffle")
        whole(self.n_iter, f"{name}: n_iter", least=1)
        if self.batch_size is not None:
            whole(self.batch_size, f"{name}: batch_size", least=1)
        for parameter in ("learning_rate", "final_learning_rate"):
            remedy = "Give a number above 0, at most 1."
            plain_number(getattr(self, parameter), f"{name}: {parameter}", remedy, low=1e-12, high=1.0)
        remedy = "Give a number above 0."
        end = plain_number(self.final_radius, f"{name}: final_radius", remedy, low=LEAST_RADIUS)
        if self.radius is not None:
            remedy = f"Give a number of at least the final_radius, {end:g}."
            plain_number(self.radius, f"{name}: radius", remedy, low=end)

    def _first_weights(self, X: Floats, mean: Floats, random: np.random.RandomState) -> Floats:
        """The weights before the first update, minus the mean of X."""
        units = self._grid.size
        if isinstance(self.init, str):
            choice(self.init, INITS, "KohonenMap: init")
            if self.init == "pca":
                return self._plane(X, random)
            return X[random.choice(len(X), units, replace=units > len(X))]
        init = np.asarray(self.init)
        if init.shape != (units, X.shape[1]) or init.dtype.kind not in "iuf" or not np.isfinite(init).all():
            raise DescriptionError(
                f"KohonenMap: init is not {' or '.join(map(repr, INITS))}, nor an array of finite numbers of"
                f" shape {(units, X.shape[1])}: it has shape {init.shape}. Give one of these."
            )
        return init.astype(X.dtype) - mean

    def _plane(self, X: Floats, random: np.random.RandomState) -> Floats:
        """Weights on the plane of the two main axes of X, along each of which they vary as much as X does."""
        axes = PCA(min(2, *X.shape), random_state=random).fit(X)
        # Numbers evenly spaced between -sqrt(3) and sqrt(3) have variance 1.
        x, y = (
            np.zeros(self._grid.size) if np.ptp(p) == 0 else (2 * p / np.ptp(p) - 1) * np.sqrt(3)
            for p in (self._grid.x, self._grid.y)
        )
        rows, columns = self._grid.shape
        longer_first = np.stack([x, y] if columns >= rows else [y, x], axis=1)[:, : axes.n_components_]
        return ((longer_first * np.sqrt(axes.explained_variance_)) @ axes.components_).astype(X.dtype)


def _centred(X: Floats) -> tuple[Floats, Floats]:
    """X minus its mean, and the mean; raises DescriptionError if there is nothing to map."""
    largest = LARGEST[X.dtype.type]
    if np.abs(X).max() > largest:
        raise DescriptionError(
            f"KohonenMap: X holds numbers above {largest:g}, whose squares cannot be summed. Scale X."
        )
    if not np.ptp(X, axis=0).any():
        raise DescriptionError(
            "KohonenMap: all rows of X are the same, so there is nothing to map. Give rows that differ."
        )
    mean = X.mean(axis=0)
    return X - mean, mean
