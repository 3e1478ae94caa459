"""Kohonen's self-organizing maps: a grid of units that spreads over the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.learn.rules.kohonen_grid import LEAST_RADIUS, MapGrid
from neurosim.models.kohonen import GRIDS, NEIGHBOURHOODS, kohonen
from neurosim.network.network import Network
from neurosim.network.values import choice, flag, plain_number, whole

ALGORITHMS = ("batch", "online")
SCHEDULES = ("exponential", "linear")
INITS = ("pca", "random")
PARTS = 8  # mini-batches in a pass, unless `batch_size` is given
CHUNK = 2**17  # distances that are held at once: they fit into a processor's cache
LARGEST = 1e100  # numbers of float64 whose squares can still be summed; of float32: 1e15


class KohonenMap(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A self-organizing map: units on a grid, whose weights come to lie in the data so that neighbours on the grid are alike.

    Of a row x the unit c with the least |x - w_c| wins, and near = exp(-d^2/(2 radius^2)) says how much the unit at distance d from c on the
    grid takes part. 'online', row after row: w += rate near (x - w). 'batch', for all rows of a mini-batch together: w = sum(near x)/sum(near),
    where the sums fade by the share of the data that is new, so that they are about those of the last pass over all rows. Rows count as
    they are: scale X first (StandardScaler) where its columns have different units.

    Arguments:
        shape: (rows, columns) of the map.
        grid: 'rectangular' or 'hexagonal'. toroidal: the last row and column are next to the first.
        neighbourhood: 'gaussian' as above, or 'bubble': 1 up to d = radius, beyond it 0.
        algorithm: 'batch' or 'online'.
        radius, final_radius: at first and at the end, in distances between neighbours; default at first: half of the longer side.
        learning_rate, final_learning_rate: of 'online', between 0 and 1.
        schedule: how radius and rate fall from update to update: 'exponential' or 'linear'.
        batch_size: rows of a mini-batch of 'batch'; default: an eighth of X. All rows: the plain batch map.
        n_iter: passes over X. shuffle: in a new order each.
        init: the first weights: 'pca' (a grid on the plane of the two main axes, as wide as the data), 'random' (rows of X), or an array
            (unit, feature).
        verbose: show a progress bar. random_state: as in scikit-learn.

    Attributes: `weights_` (unit, feature), units numbered row after row; `n_iter_`; `network_`, the map as a network that learns on if its
    population `rate` is driven. It computes in the precision of X.

    Raises ValueError for X that is one point, numbers too large to square, and arguments out of their range.

    Source: Kohonen 1982, Biological Cybernetics 43, 59, doi:10.1007/BF00337288; batch: Kohonen 2013, Neural Networks 37, 52,
    doi:10.1016/j.neunet.2012.09.018.

    >>> corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> som = KohonenMap((2, 2), final_radius=0.1, random_state=0).fit(corners)
    >>> sorted(som.predict(corners).tolist()), round(som.quantization_error(corners), 3)
    ([0, 1, 2, 3], 0.0)
    """

    def __init__(
        self,
        shape: tuple[int, int] = (10, 10),
        *,
        grid: str = "rectangular",
        toroidal: bool = False,
        neighbourhood: str = "gaussian",
        algorithm: str = "batch",
        radius: float | None = None,
        final_radius: float = 0.75,
        learning_rate: float = 0.5,
        final_learning_rate: float = 0.02,
        schedule: str = "exponential",
        batch_size: int | None = None,
        n_iter: int = 10,
        shuffle: bool = True,
        init: Any = "pca",
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.shape = shape
        self.grid = grid
        self.toroidal = toroidal
        self.neighbourhood = neighbourhood
        self.algorithm = algorithm
        self.radius = radius
        self.final_radius = final_radius
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.shuffle = shuffle
        self.init = init
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> KohonenMap:
        """Spread the map over X, (sample, feature), in `n_iter` passes; y is ignored."""
        self._check_parameters()
        self._grid = MapGrid(self.shape, self.grid, self.toroidal)
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", ensure_min_samples=2)
        X, mean = _centred(X)
        random = check_random_state(self.random_state)
        weights = self._first_weights(X, mean, random)
        passes = tqdm(range(self.n_iter), "KohonenMap", unit="pass", disable=not self.verbose)
        (self._fit_online if self.algorithm == "online" else self._fit_batch)(X, weights, passes, random)
        self.weights_ = weights + mean
        self.n_iter_ = self.n_iter
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The distance of the rows of X from every unit's weights, shape (sample, unit)."""
        X, W = self._read(X)
        found = np.empty((len(X), len(W)), X.dtype)
        for part in _parts(X, W):
            squared = _squared(X[part], W) + np.einsum("ij,ij->i", X[part], X[part])[:, None]
            np.sqrt(np.maximum(squared, 0.0), out=found[part])
        return found

    def predict(self, X: Any) -> np.ndarray:
        """The number of the unit that wins each row of X, shape (sample,); it stands at np.divmod(number, columns)."""
        return _winners(*self._read(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the quantization error, for GridSearchCV; y is ignored."""
        return -self.quantization_error(X)

    def quantization_error(self, X: Any) -> float:
        """The mean distance of a row of X from the weights of its winner."""
        X, W = self._read(X)
        return float(np.linalg.norm(X - W[_winners(X, W)], axis=1).mean())

    def topographic_error(self, X: Any) -> float:
        """The share of the rows of X whose two nearest units are not direct neighbours (8 of each, on a hexagonal grid 6).

        Source: Kiviluoto 1996, ICNN, 294, doi:10.1109/ICNN.1996.548907.
        """
        X, W = self._read(X)
        if len(W) < 2:
            raise DescriptionError(
                "KohonenMap.topographic_error: a map of one unit has no second nearest one. Give a larger shape."
            )
        two = np.concatenate(
            [np.argpartition(_squared(X[part], W), 1, axis=1)[:, :2] for part in _parts(X, W)]
        )
        return 1.0 - float(self._grid.adjacent(two[:, 0], two[:, 1]).mean())

    def topographic_product(self) -> float:
        """How well the map's two dimensions fit the data: 0 if they do, below 0 if they are too few, above 0 if too many.

        P = mean over units j and k = 1 .. units - 1 of log(prod_(l <= k) Q1(j, l) Q2(j, l))/(2k), where Q1 is the distance of the weights of
        j and its l-th neighbour on the grid over that of j and the l-th nearest weights, and Q2 the same ratio of distances on the grid.

        Source: Bauer & Pawelzik 1992, IEEE Transactions on Neural Networks 3, 570, doi:10.1109/72.143371.
        """
        check_is_fitted(self)
        W, units = self.weights_.astype(np.float64), np.arange(len(self.weights_))
        if len(W) < 2:
            raise DescriptionError(
                "KohonenMap.topographic_product: a map of one unit has no neighbours. Give a larger shape."
            )
        inside = np.sqrt(np.array([((W - w) ** 2).sum(axis=1) for w in W]))  # between weights, (unit, unit)
        outside = np.sqrt(self._grid.squared(units[:, None], units))
        if not (inside[~np.eye(len(W), dtype=bool)] > 0).all():
            raise DescriptionError(
                "KohonenMap.topographic_product: two units have the same weights. Use a neighbourhood that reaches all units."
            )
        by_grid, by_weight = (
            np.argsort(far - np.eye(len(W)), axis=1, kind="stable")[:, 1:] for far in (outside, inside)
        )
        ratios = [
            np.log(np.take_along_axis(far, by_grid, 1) / np.take_along_axis(far, by_weight, 1))
            for far in (inside, outside)
        ]
        return float((np.cumsum(ratios[0] + ratios[1], axis=1) / (2 * np.arange(1, len(W)))).mean())

    def u_matrix(self) -> np.ndarray:
        """The mean distance of each unit's weights from those of its direct neighbours, shape (rows, columns): high where clusters part.

        Source: Ultsch & Siemon 1990, INNC, 305. `ns.figures.u_matrix` draws it.
        """
        check_is_fitted(self)
        a, b = self._grid.neighbours()
        apart = np.linalg.norm(self.weights_[a] - self.weights_[b], axis=1)
        total, number = (np.bincount(a, weights=of, minlength=self._grid.size) for of in (apart, None))
        return (total / np.maximum(number, 1)).reshape(self._grid.shape)

    def hits(self, X: Any) -> np.ndarray:
        """How many rows of X each unit wins, shape (rows, columns)."""
        return np.bincount(self.predict(X), minlength=self._grid.size).reshape(self._grid.shape)

    def labels(self, X: Any, y: Any) -> np.ndarray:
        """The commonest label y of the rows of X that each unit wins, shape (rows, columns) of objects; None where it wins none."""
        winners, y = self.predict(X), np.asarray(y)
        if y.shape != winners.shape:
            raise DescriptionError(
                f"KohonenMap.labels: y of shape {y.shape} does not fit X of {len(winners)} rows. Give one label for each."
            )
        names, label = np.unique(y, return_inverse=True)
        votes = np.zeros((self._grid.size, len(names)), int)
        np.add.at(votes, (winners, label), 1)
        found = names.astype(object)[votes.argmax(axis=1)]
        found[~votes.any(axis=1)] = None
        return found.reshape(self._grid.shape)

    @property
    def network_(self) -> Network:
        """The map as a network: `models.kohonen` with what was learned, at rate 0 unless an input to its population `rate` says otherwise."""
        check_is_fitted(self)
        return kohonen(
            self.weights_.shape[1], self._grid.shape, grid=self.grid, toroidal=self.toroidal, neighbourhood=self.neighbourhood,
            radius=self.final_radius, weights=self.weights_,
        )  # fmt: skip

    def schedules(self, updates: int) -> tuple[np.ndarray, np.ndarray]:
        """Radius and rate at each of so many updates, shape (update,) each."""
        start = max(max(self.shape) / 2, self.final_radius) if self.radius is None else self.radius
        ends = ((start, self.final_radius), (self.learning_rate, self.final_learning_rate))
        along = np.geomspace if self.schedule == "exponential" else np.linspace
        radius, rate = (along(first, last, updates) for first, last in ends)
        return radius, rate

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return len(self.weights_)

    def _read(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """X and the weights, both less the mean of the weights: far from 0, their squares would lose the difference."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", reset=False)
        mean = self.weights_.mean(axis=0)
        return X - mean.astype(X.dtype), (self.weights_ - mean).astype(X.dtype)

    def _check_parameters(self) -> None:
        choice(self.algorithm, ALGORITHMS, "KohonenMap: algorithm")
        choice(self.grid, GRIDS, "KohonenMap: grid")
        choice(self.neighbourhood, NEIGHBOURHOODS, "KohonenMap: neighbourhood")
        choice(self.schedule, SCHEDULES, "KohonenMap: schedule")
        flag(self.shuffle, "KohonenMap: shuffle")
        whole(self.n_iter, "KohonenMap: n_iter", least=1)
        if self.batch_size is not None:
            whole(self.batch_size, "KohonenMap: batch_size", least=1)
        for name in ("learning_rate", "final_learning_rate"):
            plain_number(
                getattr(self, name),
                f"KohonenMap: {name}",
                "Give a number above 0, at most 1.",
                low=1e-12,
                high=1.0,
            )
        end = plain_number(
            self.final_radius, "KohonenMap: final_radius", "Give a number above 0.", low=LEAST_RADIUS
        )
        if self.radius is not None:
            plain_number(
                self.radius,
                "KohonenMap: radius",
                f"Give a number of at least the final_radius, {end:g}.",
                low=end,
            )

    def _first_weights(self, X: np.ndarray, mean: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """The weights to begin from, less the mean of X."""
        units = self._grid.size
        if isinstance(self.init, str):
            choice(self.init, INITS, "KohonenMap: init")
            return (
                self._plane(X, random)
                if self.init == "pca"
                else X[random.choice(len(X), units, replace=units > len(X))]
            )
        given = np.asarray(self.init)
        if (
            given.shape != (units, X.shape[1])
            or given.dtype.kind not in "iuf"
            or not np.isfinite(given).all()
        ):
            raise DescriptionError(
                f"KohonenMap: init is not {' or '.join(map(repr, INITS))}, nor an array of finite numbers of shape {(units, X.shape[1])}: it has"
                f" shape {given.shape}. Give one of these."
            )
        return given.astype(X.dtype) - mean

    def _plane(self, X: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """Units on the plane of the two main axes of X; evenly spaced, they vary along each as much as X does."""
        axes = PCA(min(2, *X.shape), random_state=random).fit(X)
        x, y = (
            np.zeros(self._grid.size) if np.ptp(p) == 0 else (2 * p / np.ptp(p) - 1) * np.sqrt(3)
            for p in (self._grid.x, self._grid.y)
        )
        places = np.stack([x, y] if self._grid.shape[1] >= self._grid.shape[0] else [y, x], axis=1)[
            :, : axes.n_components_
        ]
        return ((places * np.sqrt(axes.explained_variance_)) @ axes.components_).astype(X.dtype)

    def _fit_batch(
        self, X: np.ndarray, weights: np.ndarray, passes: Any, random: np.random.RandomState
    ) -> None:
        """Learn by batches, in place."""
        n = len(X)
        size = min(n, self.batch_size or -(-n // PARTS))
        radius, _ = self.schedules(self.n_iter * -(-n // size))
        sums = np.zeros(
            (len(weights), X.shape[1] + 1), X.dtype
        )  # of the rows that each unit has won, and their number
        update = 0
        for _ in passes:
            rows = np.append(
                X[random.permutation(n)] if self.shuffle and size < n else X, np.ones((n, 1), X.dtype), axis=1
            )
            for part in gen_batches(n, size):
                new = rows[part]
                won = csr_array(
                    (np.ones_like(new[:, 0]), _winners(new[:, :-1], weights), np.arange(len(new) + 1)),
                    (len(new), len(weights)),
                )
                sums *= 1 - len(new) / n
                sums += won.T @ new
                near = self._grid.smooth(self.neighbourhood, radius[update], sums)
                reached = near[:, -1] > np.finfo(X.dtype).tiny
                weights[reached] = near[reached, :-1] / near[reached, -1:]
                update += 1

    def _fit_online(
        self, X: np.ndarray, weights: np.ndarray, passes: Any, random: np.random.RandomState
    ) -> None:
        """Learn row by row, in place."""
        radius, rate = self.schedules(self.n_iter * len(X))
        units, update = np.arange(len(weights)), 0
        for _ in passes:
            for row in random.permutation(len(X)) if self.shuffle else range(len(X)):
                way = X[row] - weights
                winner = np.einsum("ij,ij->i", way, way).argmin()
                near = self._grid.near(self.neighbourhood, radius[update], units, winner)
                weights += (rate[update] * near).astype(X.dtype)[:, None] * way
                update += 1


def _centred(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X less its mean, and the mean; refused where there is nothing to map."""
    largest = LARGEST if X.dtype == np.float64 else 1e15
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


def _parts(X: np.ndarray, W: np.ndarray) -> Any:
    return gen_batches(len(X), max(1, CHUNK // len(W)))


def _squared(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """|x - w|^2 less |x|^2, shape (sample, unit)."""
    return X @ (-2.0 * W.T) + np.einsum("ij,ij->i", W, W)


def _winners(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """The number of the nearest weights of each row."""
    return np.concatenate([_squared(X[part], W).argmin(axis=1) for part in _parts(X, W)])
