"""A linear readout that is learned sample by sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim.errors import DescriptionError
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import flag, plain_number


class RecursiveLeastSquares(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """The ridge regression of all samples so far, brought up to date by each sample in turn.

    k = P x/(forgetting + x'P x), w = w + k (y - w.x), P = (P - k x'P)/forgetting, from w = 0 and P = 1/alpha. With forgetting=1 the
    weights are those of a ridge regression of all samples with this alpha, the intercept penalised too; below 1 a sample counts
    `forgetting` times as much as the one after it, so that the weights follow what changes.

    Arguments:
        alpha: the ridge, above 0.
        forgetting: above 0, at most 1; about 1/(1 - forgetting) samples are remembered.
        fit_intercept: whether there is a constant term.

    `partial_fit` goes on learning, `fit` begins anew. After either: `coef_` (output, feature) or (feature,), `intercept_`, and
    `network_`, a linear layer with these weights: `inputs` -> `out`.

    Raises ValueError for X, y and parameters that cannot be.

    Source: Haykin 2002, Adaptive Filter Theory, ch. 9; as an online readout of reservoirs: Jaeger 2003, Adaptive nonlinear system
    identification with echo state networks, NIPS 15.

    >>> X = np.arange(12.0).reshape(6, 2)
    >>> model = RecursiveLeastSquares(alpha=1e-6).fit(X[:3], X[:3].sum(axis=1))
    >>> model.partial_fit(X[3:], X[3:].sum(axis=1)).predict([[1.0, 2.0]]).round(3).tolist()
    [3.0]
    """

    n_features_in_: int

    def __init__(self, alpha: float = 1.0, *, forgetting: float = 1.0, fit_intercept: bool = True):
        self.alpha = alpha
        self.forgetting = forgetting
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any) -> RecursiveLeastSquares:
        """Forget everything and learn these samples, in their order."""
        return self._learn(X, y, anew=True)

    def partial_fit(self, X: Any, y: Any) -> RecursiveLeastSquares:
        """Learn these samples, in their order, besides all before."""
        return self._learn(X, y, anew=not hasattr(self, "coef_"))

    def predict(self, X: Any) -> np.ndarray:
        """w.x + b of every row, (sample,) or (sample, output)."""
        check_is_fitted(self, "coef_")
        read: Any = validate_data(self, X, dtype=np.float64, reset=False)
        return read @ self.coef_.T + self.intercept_

    @property
    def network_(self) -> Any:
        """A linear layer with the weights as they are now."""
        from neurosim.models.feed_forward import feed_forward

        check_is_fitted(self, "coef_")
        weight, bias = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        net = feed_forward((weight.shape[1], len(weight)), output="linear")
        return rebuilt(net, {"inputs_to_out": {"weight": weight}, "out": {"bias": bias}})

    def _learn(self, X: Any, y: Any, *, anew: bool) -> RecursiveLeastSquares:
        where = "RecursiveLeastSquares"
        alpha = plain_number(self.alpha, f"{where}: alpha", "Give a number above 0, such as 1.", low=1e-300)
        forgetting = plain_number(
            self.forgetting, f"{where}: forgetting", "Give a number above 0, at most 1.", low=1e-300, high=1.0
        )
        flag(self.fit_intercept, f"{where}: fit_intercept")
        read: Any = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, reset=anew)
        X, y = read[0], np.asarray(read[1], dtype=float)
        rows = np.column_stack([X, np.ones(len(X))]) if self.fit_intercept else X
        wanted = y.reshape(len(y), -1)
        if anew:
            self._flat = y.ndim == 1
            self._P, self._w = np.eye(rows.shape[1]) / alpha, np.zeros((rows.shape[1], wanted.shape[1]))
        elif wanted.shape[1] != self._w.shape[1]:
            raise DescriptionError(
                f"{where}: y has {wanted.shape[1]} columns, but {self._w.shape[1]} were learned before. Give as many, or call fit."
            )
        P, w = self._P.copy(), self._w.copy()
        for x, target in zip(rows, wanted, strict=True):
            u = P @ x
            k = u / (forgetting + x @ u)
            w += np.outer(k, target - x @ w)
            P -= np.outer(k, u)
            P /= forgetting
        if not np.isfinite(w).all():
            raise DescriptionError(
                f"{where}: the weights ran away with alpha {alpha:g} and forgetting {forgetting:g}. Scale X, or take alpha larger."
            )
        self._P, self._w = P, w
        coef = w[: X.shape[1]].T.copy()
        intercept = w[-1].copy() if self.fit_intercept else np.zeros(w.shape[1])
        self.coef_, self.intercept_ = (coef[0], float(intercept[0])) if self._flat else (coef, intercept)
        return self
