"""The perceptron and the delta rule, whose steps are those of scikit-learn's compiled gradient descent."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from sklearn import linear_model

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.output_layer import (
    Floats,
    OutputLayerClassifier,
    OutputLayerEstimator,
    OutputLayerRegressor,
)
from neurosim.learn.validation import RandomState, random_state_of
from neurosim.models.perceptron import perceptron
from neurosim.network.network import Network
from neurosim.network.values import plain_number

SMALLEST = float(np.finfo(float).tiny)
DIVERGED = (
    1e6  # a mean squared error of this many mean squared targets: the weights are growing, not learning
)


class LinearUnit(Protocol):
    """A linear model of scikit-learn with one output."""

    coef_: Floats
    intercept_: Floats
    n_iter_: int

    def fit(self, X: Floats, y: Floats) -> object: ...


@dataclass(eq=False, repr=False, kw_only=True)
class OneLayer(OutputLayerEstimator):
    """Weights and biases that are learned sample by sample, one scikit-learn model for each output."""

    rate: float | None = None
    max_iter: int = 1000
    tol: float | None = 1e-3
    shuffle: bool = True
    random_state: RandomState = None
    verbose: int = 0
    function: ClassVar[str] = "linear"  # of the network's population `out`

    @abstractmethod
    def _step_size(self, X: Floats) -> float:
        """The learning rate for X."""

    @abstractmethod
    def _unit(self, **options: Any) -> LinearUnit:
        """The model of scikit-learn that learns the weights of one output."""

    def _learn(self, X: Floats, Y: Floats) -> None:
        random = random_state_of(self.random_state)
        self.rate_ = self._step_size(X)
        options = {key: getattr(self, key) for key in ("max_iter", "tol", "shuffle", "verbose")}
        units = [self._unit(eta0=self.rate_, random_state=random.randint(2**31 - 1), **options) for _ in Y.T]
        for unit, column in zip(units, Y.T, strict=True):
            unit.fit(X, column)
        self.coef_ = np.vstack([unit.coef_ for unit in units])
        self.intercept_ = np.concatenate([np.atleast_1d(unit.intercept_) for unit in units])
        self.n_iter_ = max(unit.n_iter_ for unit in units)

    def _output(self, X: Floats) -> Floats:
        return X @ self.coef_.T + self.intercept_

    def _network(self) -> Network:
        outputs, inputs = self.coef_.shape
        return perceptron(inputs, outputs, weights=self.coef_, bias=self.intercept_, function=self.function)


@dataclass(eq=False, repr=False, kw_only=True)
class Perceptron(OneLayer, OutputLayerClassifier):
    """Rosenblatt's perceptron: a mistake moves the weights, a right answer leaves them.

    y = sign(w x + b). After a mistake w += rate t x and b += rate t, where t, 1 or -1, is the right answer.
    If planes separate the classes, there are at most (R/margin)^2 mistakes and then none (Novikoff 1962).

    Arguments:
        rate: the size of a step, above 0. It only scales the weights.
        max_iter: largest number of passes over the rows of X.
        tol: learning stops when the loss has not fallen by this much
            for five passes; None: after `max_iter` passes.
        shuffle: whether each pass takes the rows in a new order.
        random_state: seed or generator of that order, as in scikit-learn.
        verbose: 1 prints a line for each pass, 0 nothing.

    Attributes after `fit`: `coef_` w, shape (output, feature), and `intercept_` b, shape (output,),
    with one output for each class, or one for two classes; `rate_`; `n_iter_`, the number of
    passes; `classes_`; and `network_`, with the populations `inputs` and `out`, where `out.h` is
    the decision function, and `out` sends its sign.

    Raises DescriptionError (a ValueError) for a rate out of range and labels of one class, and ValueError for
    what scikit-learn refuses. Warns with ConvergenceWarning if `max_iter` ended the learning.

    Source: Rosenblatt 1958, Psychol. Rev. 65, 386, doi:10.1037/h0042519; learned by
        `sklearn.linear_model.Perceptron`.

    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> Perceptron(tol=None, max_iter=20, random_state=0).fit(X, [0, 0, 0, 1]).predict(X).tolist()
    [0, 0, 0, 1]
    """

    rate: float | None = 1.0
    function: ClassVar[str] = "sign"

    def _step_size(self, X: Floats) -> float:
        return plain_number(self.rate, "Perceptron: rate", "Give a number above 0, such as 1.", low=SMALLEST)

    def _unit(self, **options: Any) -> LinearUnit:
        options["penalty"] = None
        model: Any = linear_model.Perceptron(**options)
        return model


class DeltaRule(OneLayer):
    """Least mean squares, for classes and for numbers."""

    def _learn(self, X: Floats, Y: Floats) -> None:
        try:
            super()._learn(X, Y)
            with np.errstate(over="ignore"):
                diverged = not np.mean((self._output(X) - Y) ** 2) <= DIVERGED * np.mean(Y**2)
        except ValueError as error:
            if "overflow" not in str(error):
                raise
            diverged = True
        if diverged:
            raise DescriptionError(
                f"{type(self).__name__}: the weights diverged at rate {self.rate_:g}, which must stay below"
                f" 2/|x|^2, here {2 / _longest(X):.2g} for the longest row."
                " Scale X as StandardScaler does, or give a smaller rate."
            )

    def _step_size(self, X: Floats) -> float:
        if self.rate is None:
            return 1 / _longest(X)
        name = type(self).__name__
        return plain_number(self.rate, f"{name}: rate", "Give a number above 0, or None.", low=SMALLEST)

    def _unit(self, **options: Any) -> LinearUnit:
        options["penalty"] = None
        model: Any = linear_model.SGDRegressor(loss="squared_error", learning_rate="constant", **options)
        return model


class DeltaRuleClassifier(DeltaRule, OutputLayerClassifier):
    """An adaline: linear units that learn by the delta rule to send 1 for their class and -1 for the others.

    h = w x + b. After each row w += rate (t - h) x and b += rate (t - h), where t is 1 or -1.

    Arguments:
        rate: the size of a step. No step overshoots if it is below 2/(|x|^2 + 1) for every row x. None: half
            of that for the longest row.
        max_iter: largest number of passes over the rows of X.
        tol: learning stops when the loss has not fallen by this much
            for five passes; None: after `max_iter` passes.
        shuffle: whether each pass takes the rows in a new order.
        random_state: seed or generator of that order, as in scikit-learn.
        verbose: 1 prints a line for each pass, 0 nothing.

    Attributes after `fit`: `coef_` w, shape (output, feature), and `intercept_` b, shape (output,), with one
    output for each class, or one for two classes; `rate_`; `n_iter_`, the number of passes; `classes_`; and
    `network_`, with the populations `inputs` and `out`, where `out` sends the decision function h.

    Raises DescriptionError (a ValueError) if the weights grow without end, for a rate out of range and for
    labels of one class, and ValueError for what scikit-learn refuses. Warns with ConvergenceWarning if
    `max_iter` ended the learning.

    Source: Widrow & Hoff 1960, Adaptive switching circuits, IRE WESCON Convention Record 4, 96; learned by
    `sklearn.linear_model.SGDRegressor`.

    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> DeltaRuleClassifier(random_state=0).fit(X, ["low", "low", "high", "high"]).predict(X).tolist()
    ['low', 'low', 'high', 'high']
    """


class DeltaRuleRegressor(DeltaRule, OutputLayerRegressor):
    """Linear units that learn one or several numbers by the delta rule, also called least mean squares (LMS).

    h = w x + b. After each row w += rate (y - h) x and b += rate (y - h).

    Arguments:
        rate: the size of a step. No step overshoots if it is below 2/(|x|^2 + 1) for every row x. None: half
            of that for the longest row.
        max_iter: largest number of passes over the rows of X.
        tol: learning stops when the loss has not fallen by this much
            for five passes; None: after `max_iter` passes.
        shuffle: whether each pass takes the rows in a new order.
        random_state: seed or generator of that order, as in scikit-learn.
        verbose: 1 prints a line for each pass, 0 nothing.

    Attributes after `fit`: `coef_` w, shape (output, feature); `intercept_` b, shape
    (output,); `rate_`; `n_iter_`, the number of passes; and `network_`, with the populations
    `inputs` and `out`, where `out` sends the predictions h.

    Raises DescriptionError (a ValueError) if the weights grow without end and for a rate out of range, and
    ValueError for what scikit-learn refuses. Warns with ConvergenceWarning if `max_iter` ended the learning.

    Source: Widrow & Hoff 1960, Adaptive switching circuits, IRE WESCON Convention Record 4, 96; learned by
    `sklearn.linear_model.SGDRegressor`.

    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> DeltaRuleRegressor(random_state=0).fit(X, [1.0, 3.0, 5.0, 7.0]).predict([[4.0]]).round().tolist()
    [9.0]
    """


def _longest(X: Floats) -> float:
    """The largest |x|^2 + 1 of any row, where the 1 is the input of the bias."""
    return float(np.einsum("ij,ij->i", X, X).max()) + 1.0
