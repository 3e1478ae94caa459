"""The next-generation reservoir: products of delayed inputs instead of a random pool."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from math import comb
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted

from neurosim.errors import DescriptionError
from neurosim.learn.validation import read_rows, read_rows_and_targets
from neurosim.models.nvar import nvar
from neurosim.network.network import Network
from neurosim.network.values import flag, plain_number, whole
from neurosim.run import run

if TYPE_CHECKING:
    from sklearn.utils import Tags

MOST_FEATURES = 100_000
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class NextGenerationReservoir(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A nonlinear vector autoregression (NVAR), also called next-generation reservoir.

    y(t) = W (l(t), products of up to `order` of its elements) + b, where l(t) = x(t), x(t - stride), ..., x(t
    - (taps - 1) stride); W and b are learned by ridge regression. The rows of X are ticks, in time. Before
    the first, x was 0. The first (taps - 1) stride rows, for which l(t) is not known, are not learned from.

    Arguments:
        taps: number of past values that are used, at least 1.
        stride: number of ticks between them, at least 1.
        order: highest degree of the products; 1 is a linear autoregression.
        alpha: the ridge, 0 or more; b is not penalised.
        change: learn y(t) - x(t) instead of y(t), as Gauthier et al. do
            to forecast. Then y has as many columns as X.
        engine: as in `ns.run`.

    Attributes after `fit`: `coef_` W, shape (output, feature), which includes x(t) again if
    `change` is True; `intercept_` b, shape (output,); and `network_`, whose population `out` sends
    y when X drives `drive`. If y is the next value of X, `forecast` continues X, and
    `closed_network_` is a network that does so on its own.

    Raises DescriptionError (a ValueError) for parameters out of range and data that do not fit each other,
    and ValueError for data that scikit-learn refuses.

    Source: Gauthier, Bollt, Griffith & Barbosa 2021, Nature Communications 12, 5564,
        doi:10.1038/s41467-021-25801-2.

    >>> x = np.sin(0.3 * np.arange(200))[:, None]
    >>> model = NextGenerationReservoir(order=1).fit(x[:-1], x[1:])
    >>> bool(np.allclose(model.forecast(x[:150], 50), x[150:], atol=1e-3))
    True
    """

    taps: int = 2
    _: KW_ONLY
    stride: int = 1
    order: int = 2
    alpha: float = 1e-6
    change: bool = False
    engine: str = "auto"
    n_features_in_: int = field(init=False)

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the readout from X, shape (tick, input), and y, shape (tick,) or (tick, output)."""
        self._check_parameters()
        rows, targets = read_rows_and_targets(self, X, y)
        self._flat = targets.ndim == 1
        targets = targets.reshape(len(targets), -1)
        if self.change and targets.shape != rows.shape:
            raise DescriptionError(
                f"NextGenerationReservoir: change=True learns y - X, but y has {targets.shape[1]} columns and"
                f" X {rows.shape[1]}. Give as many."
            )
        self._check_size(rows)
        inputs, outputs = rows.shape[1], targets.shape[1]
        self.network_ = nvar(inputs, outputs, taps=self.taps, stride=self.stride, order=self.order)
        first = self._first_known()
        features = self._features(rows)[first:]
        wanted = (targets - rows if self.change else targets)[first:]
        ridge = Ridge(alpha=self.alpha, solver="svd").fit(features, wanted)
        self.coef_, self.intercept_ = np.atleast_2d(ridge.coef_).copy(), np.atleast_1d(ridge.intercept_)
        if self.change:
            self.coef_[:, :inputs] += np.eye(inputs)  # of x(t), which is the first tap
        self.network_ = self._network(closed=False)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """y for every tick of X, shape (tick,) or (tick, output), as y had."""
        check_is_fitted(self, "network_")
        inputs = {"drive": read_rows(self, X, reset=False)}
        recording = run(self.network_, inputs, record=["out"], engine=self.engine, progress=False)
        outputs = np.asarray(recording["out"])
        return outputs.ravel() if self._flat else outputs

    def forecast(self, X: ArrayLike, ticks: int) -> Floats:
        """What follows after X, shape (tick, input): each forecast is the next input.

        X: the series so far, shape (tick, input), at least (taps - 1) stride + 1 ticks of it.
        ticks: number of ticks to forecast.

        Raises DescriptionError if X is too short, or if the y of `fit` cannot have been the next X.
        """
        net = self.closed_network_
        series = read_rows(self, X, reset=False)
        ticks = whole(ticks, "NextGenerationReservoir: forecast: ticks", least=1)
        past = self._first_known() + 1
        if len(series) < past:
            raise DescriptionError(
                "NextGenerationReservoir: forecast:"
                f" X has {len(series)} ticks, but {past} are needed. Give as many."
            )
        unknown = np.full((ticks, series.shape[1]), np.nan)  # NaN does not force a neuron
        inputs = {"out": np.concatenate([series[-past:], unknown])}
        recording = run(net, inputs, record=["out"], engine=self.engine, progress=False)
        return np.asarray(recording["out"])[past:]

    @property
    def closed_network_(self) -> Network:
        """The network whose `out` is its own next input; an input to `out` forces it unless it is NaN.

        Raises DescriptionError if y had another number of columns than X.
        """
        check_is_fitted(self, "network_")
        if len(self.coef_) != self.n_features_in_:
            raise DescriptionError(
                f"NextGenerationReservoir: y had {len(self.coef_)} columns and X {self.n_features_in_}, so"
                " that forecasts are no inputs. Fit X[1:] to X[:-1]."
            )
        return self._network(closed=True)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # on the rows of scikit-learn's checks, which are no series
        return tags

    def _first_known(self) -> int:
        """The first tick at which all past values that are used are known."""
        return (self.taps - 1) * self.stride

    def _network(self, *, closed: bool) -> Network:
        return nvar(
            self.n_features_in_,
            len(self.coef_),
            taps=self.taps,
            stride=self.stride,
            order=self.order,
            closed=closed,
            readout=self.coef_,
            bias=self.intercept_,
        )

    def _features(self, X: Floats) -> Floats:
        """What the network's taps and products send, shape (tick, feature)."""
        names = ["taps", "products"] if self.order > 1 else ["taps"]
        recording = run(self.network_, {"drive": X}, record=names, engine=self.engine, progress=False)
        return np.concatenate([np.asarray(recording[name]) for name in names], axis=1)

    def _check_parameters(self) -> None:
        name = "NextGenerationReservoir"
        for parameter in ("taps", "stride", "order"):
            whole(getattr(self, parameter), f"{name}: {parameter}", least=1)
        plain_number(self.alpha, f"{name}: alpha", "Give a number of 0 or more.", low=0)
        flag(self.change, f"{name}: change")

    def _check_size(self, X: Floats) -> None:
        first = self._first_known()
        if len(X) < first + 2:
            raise DescriptionError(
                f"NextGenerationReservoir: X has n_samples = {len(X)} ticks, but the first {first} have no"
                f" complete past. Give at least {first + 2}, better many more."
            )
        features = (
            comb(X.shape[1] * self.taps + self.order, self.order) - 1
        )  # monomials of degree 1 to `order`
        if features > MOST_FEATURES:
            raise DescriptionError(
                f"NextGenerationReservoir: {X.shape[1]} inputs, {self.taps} taps and order {self.order} make"
                f" {features} features. Take fewer."
            )
