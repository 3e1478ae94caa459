"""A reservoir without a pool: products of delayed inputs, and a ridge regression."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim.errors import DescriptionError
from neurosim.models.nvar import monomials, nvar
from neurosim.network.values import flag, plain_number, whole
from neurosim.run import run

MOST_FEATURES = 100_000


class NextGenerationReservoir(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A nonlinear vector autoregression (NVAR), the "next-generation reservoir": y(t) from products of the last values of x.

    y(t) = W (l(t), products of up to `order` of its elements) + b, where l(t) = x(t), x(t - stride), ..., x(t - (taps - 1) stride),
    by ridge regression. The rows of X are ticks, in order; before the first, x was 0, and the first (taps - 1)*stride rows, for
    which l(t) is not known, are not learned from.

    Arguments:
        taps, stride: how many past values are used, and how many ticks they lie apart.
        order: the highest degree of the products; 1 is a linear autoregression.
        alpha: of the ridge regression, above or at 0; constants are not penalised.
        change: learn y(t) - x(t) instead of y(t), as Gauthier et al. do to forecast; y must have as many columns as X.

    After `fit`: `coef_` (output, feature), `intercept_` (output,), and `network_`, which sends y from its population `out` when X
    drives it. Where y has as many columns as X and is its next value, `forecast` continues X, and `closed_network_` is
    the network that does so alone.

    Raises ValueError for X, y and parameters that cannot be.

    Source: Gauthier, Bollt, Griffith & Barbosa 2021, Nature Communications 12, 5564, doi:10.1038/s41467-021-25801-2.

    >>> x = np.sin(0.3 * np.arange(200))[:, None]
    >>> model = NextGenerationReservoir(order=1).fit(x[:-1], x[1:])
    >>> bool(np.allclose(model.forecast(x[:150], 50), x[150:], atol=1e-3))
    True
    """

    n_features_in_: int

    def __init__(
        self,
        taps: int = 2,
        *,
        stride: int = 1,
        order: int = 2,
        alpha: float = 1e-6,
        change: bool = False,
        engine: str = "auto",
    ):
        self.taps = taps
        self.stride = stride
        self.order = order
        self.alpha = alpha
        self.change = change
        self.engine = engine

    def fit(self, X: Any, y: Any) -> NextGenerationReservoir:
        """Solve for the readout; X (tick, input), y (tick,) or (tick, output)."""
        where = "NextGenerationReservoir"
        for name in ("taps", "stride", "order"):
            whole(getattr(self, name), f"{where}: {name}", least=1)
        plain_number(self.alpha, f"{where}: alpha", "Give a number of 0 or more.", low=0)
        flag(self.change, f"{where}: change")
        read: Any = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        X, y = read
        self._flat = y.ndim == 1
        y = np.asarray(y, dtype=float).reshape(len(y), -1)
        if self.change and y.shape != X.shape:
            raise DescriptionError(
                f"{where}: change=True learns y - X, but y has {y.shape[1]} columns and X {X.shape[1]}. Give as many."
            )
        self._check_size(X, where)
        first = (self.taps - 1) * self.stride
        self.network_ = nvar(X.shape[1], y.shape[1], taps=self.taps, stride=self.stride, order=self.order)
        features = self._features(X)[first:]
        wanted = (y - X if self.change else y)[first:]
        ridge = Ridge(alpha=self.alpha, solver="svd").fit(features, wanted)
        self.coef_, self.intercept_ = np.atleast_2d(ridge.coef_).copy(), np.atleast_1d(ridge.intercept_)
        if self.change:
            self.coef_[:, : X.shape[1]] += np.eye(X.shape[1])  # the first tap is x(t) itself
        self.network_ = self._network(closed=False)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """y for every tick of X, (tick,) or (tick, output)."""
        check_is_fitted(self, "network_")
        read: Any = validate_data(self, X, dtype=np.float64, reset=False)
        found = np.asarray(
            run(self.network_, {"drive": read}, record=["out"], engine=self.engine, progress=False)["out"]
        )
        return found.ravel() if self._flat else found

    def forecast(self, X: Any, ticks: int) -> np.ndarray:
        """What follows after X, by itself: (tick, input), each forecast being the next input.

        X is the series up to now, at least (taps - 1)*stride + 1 ticks of it. Only for a model that was fitted with the next value of X as y.
        """
        net = self.closed_network_
        read: Any = validate_data(self, X, dtype=np.float64, reset=False)
        ticks = whole(ticks, "NextGenerationReservoir: forecast: ticks", least=1)
        past = (self.taps - 1) * self.stride + 1
        if len(read) < past:
            raise ValueError(
                f"NextGenerationReservoir: forecast: X has {len(read)} ticks, but {past} are looked back at. Give as many."
            )
        forced = np.concatenate([read[-past:], np.full((ticks, read.shape[1]), np.nan)])
        return np.asarray(
            run(net, {"out": forced}, record=["out"], engine=self.engine, progress=False)["out"]
        )[past:]

    @property
    def closed_network_(self) -> Any:
        """The network whose `out` is its own next input: an input to `out` forces it, NaN sets it free."""
        check_is_fitted(self, "network_")
        if len(self.coef_) != self.n_features_in_:
            columns = f"y had {len(self.coef_)} columns and X {self.n_features_in_}"
            raise ValueError(
                f"NextGenerationReservoir: {columns}, so that forecasts are no inputs. Fit X[1:] to X[:-1]."
            )
        return self._network(closed=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # on rows that are in no order
        return tags

    def _network(self, *, closed: bool) -> Any:
        return nvar(
            self.n_features_in_, len(self.coef_), taps=self.taps, stride=self.stride, order=self.order, closed=closed, readout=self.coef_,
            bias=self.intercept_,
        )  # fmt: skip

    def _features(self, X: np.ndarray) -> np.ndarray:
        """What the network's taps and products send, (tick, feature)."""
        names = ["taps", "products"] if self.order > 1 else ["taps"]
        recording = run(self.network_, {"drive": X}, record=names, engine=self.engine, progress=False)
        return np.concatenate([np.asarray(recording[name]) for name in names], axis=1)

    def _check_size(self, X: np.ndarray, where: str) -> None:
        first = (self.taps - 1) * self.stride
        if len(X) < first + 2:
            raise ValueError(
                f"{where}: X has n_samples = {len(X)} ticks, but {first} are looked back at. Give at least {first + 2}, better many more."
            )
        features = comb(X.shape[1] * self.taps + self.order, self.order) - 1
        if features > MOST_FEATURES:
            raise DescriptionError(
                f"{where}: {X.shape[1]} inputs, {self.taps} taps and order {self.order} make {features} features. Take fewer."
            )
        assert len(monomials(X.shape[1] * self.taps, self.order)) == features
