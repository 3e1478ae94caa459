"""Perceptrons and the delta rule as estimators of scikit-learn, whose compiled stochastic gradient does exactly these steps."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn import linear_model
from sklearn.utils import check_random_state

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.output_layer import Answering, Classifier, Regressor
from neurosim.models.perceptron import perceptron
from neurosim.network.network import Network
from neurosim.network.values import plain_number

SMALLEST = float(np.finfo(float).tiny)
ENDLESS = 1e6  # squared errors of so many times the squared targets are not learning


class OneLayer(Answering):
    """Weights and biases that are learned example by example."""

    function = "linear"
    random_state: Any

    @abstractmethod
    def _rate(self, X: np.ndarray) -> float:
        """How large a step is."""

    @abstractmethod
    def _unit(self, **options: Any) -> Any:
        """What learns the weights of one output."""

    def _learn(self, X: np.ndarray, Y: np.ndarray) -> None:
        random = check_random_state(self.random_state)
        self.rate_ = self._rate(X)
        options = {key: getattr(self, key) for key in ("max_iter", "tol", "shuffle", "verbose")}
        units = [self._unit(eta0=self.rate_, random_state=random.randint(2**31 - 1), **options) for _ in Y.T]
        for unit, column in zip(units, Y.T, strict=True):
            unit.fit(X, column)
        self.coef_ = np.vstack([unit.coef_ for unit in units])
        self.intercept_ = np.concatenate([np.atleast_1d(unit.intercept_) for unit in units])
        self.n_iter_ = max(unit.n_iter_ for unit in units)

    def _answer(self, X: np.ndarray) -> np.ndarray:
        return X @ self.coef_.T + self.intercept_

    def _network(self) -> Network:
        return perceptron(
            self.coef_.shape[1],
            len(self.coef_),
            weights=self.coef_,
            bias=self.intercept_,
            function=self.function,
        )


class Perceptron(OneLayer, Classifier):
    """Rosenblatt's perceptron: a mistake moves the weights, anything else leaves them as they are; one unit for each class.

    y = sign(w x + b); after a mistake w += rate t x and b += rate t, t = 1 or -1 being right. Where classes can be divided by planes, it
    makes at most (R/margin)^2 mistakes and then none (Novikoff 1962).

    Arguments:
        rate: the size of a step, above 0; it only scales the weights.
        max_iter: passes over the rows, at most.
        tol: ends the learning when the loss of five passes has not fallen by this much; None: after `max_iter` passes.
        shuffle: whether each pass has an order of its own.
        random_state: of the order.
        verbose: 1 tells of each pass.

    After `fit`: `coef_` (output, feature), `intercept_`, `n_iter_`, `classes_` and `network_`: inputs -> out, of which `out.h` is the
    decision function, and `out` its sign. Raises ValueError as scikit-learn does; ConvergenceWarning where `max_iter` ended it.

    Source: Rosenblatt 1958, Psychol. Rev. 65, 386, doi:10.1037/h0042519; learned by `sklearn.linear_model.Perceptron`.
    """

    function = "sign"

    def __init__(
        self,
        *,
        rate: float = 1.0,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.rate = rate
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose

    def _rate(self, X: np.ndarray) -> float:
        return plain_number(self.rate, "Perceptron: rate", "Give a number above 0, such as 1.", low=SMALLEST)

    def _unit(self, **options: Any) -> Any:
        options["penalty"] = None
        return linear_model.Perceptron(**options)


class DeltaRule(OneLayer):
    """Least mean squares, for classes and for numbers."""

    def __init__(
        self,
        *,
        rate: float | None = None,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.rate = rate
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, X: np.ndarray, Y: np.ndarray) -> None:
        try:
            super()._learn(X, Y)
            with np.errstate(over="ignore"):
                endless = not np.mean((self._answer(X) - Y) ** 2) <= ENDLESS * np.mean(Y**2)
        except ValueError as error:
            if "overflow" not in str(error):
                raise
            endless = True
        if endless:
            raise DescriptionError(
                f"{type(self).__name__}: the weights grew without end at rate {self.rate_:g}, which must stay below 2/|x|^2, here"
                f" {2 / _longest(X):.2g} for the longest row. Scale X as StandardScaler does, or give a smaller rate."
            )

    def _rate(self, X: np.ndarray) -> float:
        if self.rate is None:
            return 1 / _longest(X)
        return plain_number(
            self.rate, f"{type(self).__name__}: rate", "Give a number above 0, or None.", low=SMALLEST
        )

    def _unit(self, **options: Any) -> Any:
        options["penalty"] = None
        return linear_model.SGDRegressor(loss="squared_error", learning_rate="constant", **options)


class DeltaRuleClassifier(DeltaRule, Classifier):
    """An adaline: linear units that learn by the delta rule to send 1 for their class and -1 for the others.

    h = w x + b, w += rate (t - h) x, b += rate (t - h) for one row after the other.

    Arguments:
        rate: the size of a step; below 2/(|x|^2 + 1) of every row no step overshoots. None: half of that for the longest row.
        max_iter, tol, shuffle, random_state, verbose: as of `Perceptron`.

    After `fit`: `coef_` (output, feature), `intercept_`, `rate_`, `n_iter_`, `classes_` and `network_`: inputs -> out, whose `out` is the
    decision function. Raises ValueError as scikit-learn does, and where the weights grow without end.

    Source: Widrow & Hoff 1960, Adaptive switching circuits, IRE WESCON Convention Record 4, 96; learned by
    `sklearn.linear_model.SGDRegressor`.
    """


class DeltaRuleRegressor(DeltaRule, Regressor):
    """Linear units that learn numbers by the delta rule, also called LMS, one or several.

    h = w x + b, w += rate (y - h) x, b += rate (y - h) for one row after the other.

    Arguments, attributes, errors and source are those of `DeltaRuleClassifier`, but for `classes_`.
    """


def _longest(X: np.ndarray) -> float:
    """The largest |x|^2 + 1, the 1 being the input of the bias."""
    return float(np.einsum("ij,ij->i", X, X).max()) + 1.0
