"""Recursive least squares: a linear readout that is learned sample by sample."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurosim.errors import DescriptionError
from neurosim.learn.validation import read_rows, read_rows_and_targets
from neurosim.models.feed_forward import feed_forward
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import flag, plain_number

Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class RecursiveLeastSquares(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """The ridge regression of all samples so far, updated by each sample in turn.

    k = P x/(forgetting + x'P x), w = w + k (y - w.x) and P = (P - k x'P)/forgetting, from w = 0 and P =
    1/alpha. With forgetting=1, w are the weights of the ridge regression of all samples with this alpha,
    which penalises the intercept too. Below 1 each sample counts `forgetting` times as much as the one after
    it, so that w follows what changes.

    Arguments:
        alpha: the ridge, above 0.
        forgetting: above 0, at most 1; about the last 1/(1 - forgetting) samples count.
        fit_intercept: whether there is a constant term.

    Attributes after `fit` or `partial_fit`: `coef_` w, shape (output, feature) or (feature,); `intercept_`,
    shape (output,) or a number; `n_features_in_`; and `network_`.

    Raises DescriptionError (a ValueError) for parameters out of range and weights that become infinite, and
    ValueError for data that scikit-learn refuses.

    Source: Haykin 2002, Adaptive Filter Theory, ch. 9; as an online readout of reservoirs: Jaeger 2003,
    Adaptive nonlinear system identification with echo state networks, NIPS 15.

    >>> X = np.arange(12.0).reshape(6, 2)
    >>> model = RecursiveLeastSquares(alpha=1e-6).fit(X[:3], X[:3].sum(axis=1))
    >>> model.partial_fit(X[3:], X[3:].sum(axis=1)).predict([[1.0, 2.0]]).round(3).tolist()
    [3.0]
    """

    alpha: float = 1.0
    _: KW_ONLY
    forgetting: float = 1.0
    fit_intercept: bool = True
    n_features_in_: int = field(init=False)

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Forget everything, and learn the rows of X and y, shaped as in `partial_fit`, in order."""
        return self._learn(X, y, first=True)

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Go on with the rows of X, (sample, feature), and y, (sample,) or (sample, output), in order."""
        return self._learn(X, y, first=not hasattr(self, "coef_"))

    def predict(self, X: ArrayLike) -> Floats:
        """w.x + intercept for every row x of X, shape (sample,) or (sample, output), as y had."""
        check_is_fitted(self, "coef_")
        return read_rows(self, X, reset=False) @ self.coef_.T + self.intercept_

    @property
    def network_(self) -> Network:
        """A linear layer with the present weights, from the population `inputs` to `out`."""
        check_is_fitted(self, "coef_")
        weight, bias = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        net = feed_forward((weight.shape[1], len(weight)), output="linear")
        return rebuilt(net, {"inputs_to_out": {"weight": weight}, "out": {"bias": bias}})

    def _learn(self, X: ArrayLike, y: ArrayLike, *, first: bool) -> Self:
        name = "RecursiveLeastSquares"
        alpha = plain_number(self.alpha, f"{name}: alpha", "Give a number above 0, such as 1.", low=1e-300)
        forgetting = plain_number(
            self.forgetting, f"{name}: forgetting", "Give a number above 0, at most 1.", low=1e-300, high=1.0
        )
        flag(self.fit_intercept, f"{name}: fit_intercept")
        features, y_read = read_rows_and_targets(self, X, y, reset=first)
        rows = np.column_stack([features, np.ones(len(features))]) if self.fit_intercept else features
        targets = y_read.reshape(len(y_read), -1)
        if first:
            self._flat = y_read.ndim == 1
            self._P, self._w = np.eye(rows.shape[1]) / alpha, np.zeros((rows.shape[1], targets.shape[1]))
        elif targets.shape[1] != self._w.shape[1]:
            raise DescriptionError(
                f"{name}: y has {targets.shape[1]} columns, but {self._w.shape[1]} were learned before."
                " Give as many, or call fit."
            )
        P, w = _updated(self._P, self._w, rows, targets, forgetting)
        if not np.isfinite(w).all():
            raise DescriptionError(
                f"{name}: the weights diverged with alpha {alpha:g} and forgetting {forgetting:g}."
                " Scale X, or give a larger alpha."
            )
        self._P, self._w = P, w
        coef = w[: features.shape[1]].T.copy()
        intercept = w[-1].copy() if self.fit_intercept else np.zeros(w.shape[1])
        self.coef_, self.intercept_ = (coef[0], float(intercept[0])) if self._flat else (coef, intercept)
        return self


def _updated(P: Floats, w: Floats, rows: Floats, targets: Floats, forgetting: float) -> tuple[Floats, Floats]:
    """P and w after these samples. Those given stay as they are, in case the new ones are not finite."""
    P, w = P.copy(), w.copy()
    for x, target in zip(rows, targets, strict=True):
        Px = P @ x
        k = Px / (forgetting + x @ Px)
        w += np.outer(k, target - x @ w)
        P -= np.outer(k, Px)
        P /= forgetting
    return P, w
