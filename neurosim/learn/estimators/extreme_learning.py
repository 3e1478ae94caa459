"""Extreme learning machines as estimators of scikit-learn: a random hidden layer, and a readout that is solved for at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.utils import check_random_state

from neurosim.learn.estimators.output_layer import (
    Answering,
    Classifier,
    Regressor,
    solve_readout,
    times_transposed,
)
from neurosim.models.extreme_learning_machine import extreme_learning_machine
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole

FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "sigmoid": expit,
    "tanh": np.tanh,
    "relu": lambda fields, out: np.maximum(fields, 0.0, out=out),
}
SATURATED = 30.0  # a field of this size is far beyond where sigmoid and tanh still tell numbers apart


class ExtremeLearning(Answering):
    """The hidden layer of both, and its readout."""

    def __init__(
        self,
        n_hidden: int = 1000,
        *,
        function: str = "sigmoid",
        scale: float = 1.0,
        alpha: float = 1.0,
        random_state: Any = None,
    ):
        self.n_hidden = n_hidden
        self.function = function
        self.scale = scale
        self.alpha = alpha
        self.random_state = random_state

    def _learn(self, X: np.ndarray, Y: np.ndarray) -> None:
        name = type(self).__name__
        n_hidden = whole(self.n_hidden, f"{name}: n_hidden", least=1)
        choice(self.function, FUNCTIONS, f"{name}: function")
        scale = plain_number(
            self.scale, f"{name}: scale", "Give a number above 0, such as 1.", low=np.finfo(float).tiny
        )
        alpha = plain_number(self.alpha, f"{name}: alpha", "Give a number of 0 or more.", low=0.0)
        fields = scale * np.sqrt(
            np.einsum("ij,ij->", X, X) / len(X) / 3
        )  # the usual size of what a hidden unit hears
        if fields > SATURATED and self.function != "relu":
            warnings.warn(
                f"{name}: hidden units hear numbers of about {fields:.0f}, where {self.function} is flat. Scale X, as StandardScaler or"
                f" MinMaxScaler do, or give a scale below {scale:g}.",
                stacklevel=3,
            )  # fmt: skip
        random = check_random_state(self.random_state)
        self.weights_ = random.uniform(-scale, scale, (n_hidden, X.shape[1]))
        self.bias_ = random.uniform(-scale, scale, n_hidden)
        self.coef_, self.intercept_ = solve_readout(self._hidden(X), Y, alpha)

    def _network(self) -> Network:
        return extreme_learning_machine(
            self.weights_.shape[1], len(self.weights_), len(self.coef_), function=self.function, weights=self.weights_, bias=self.bias_,
            readout=self.coef_, readout_bias=self.intercept_,
        )  # fmt: skip

    def _answer(self, X: np.ndarray) -> np.ndarray:
        return times_transposed(self._hidden(X), self.coef_) + self.intercept_

    def _hidden(self, X: np.ndarray) -> np.ndarray:
        fields = times_transposed(X, self.weights_)
        fields += self.bias_
        return FUNCTIONS[self.function](fields, out=fields)


class ExtremeLearningClassifier(ExtremeLearning, Classifier):
    """An extreme learning machine that tells classes apart.

    h = function(W x + b) with W and b random, out = V h + c with V and c of least |out - Y|^2 + alpha |V|^2, Y 1 for the right
    class and -1 elsewhere.

    Arguments:
        n_hidden: how many hidden units.
        function: 'sigmoid', 'tanh' or 'relu'.
        scale: W and b are uniform in +-scale. Inputs of about 1 suit it; a warning says where sigmoid and tanh are flat.
        alpha: of the ridge; 0 is plain least squares, by singular values and so slower.
        random_state: of W and b.

    After `fit`: `weights_` (hidden, feature), `bias_`, `coef_` (output, hidden), `intercept_`, `classes_` and `network_`: inputs -> hidden ->
    out, whose `out` is the decision function. Raises ValueError as scikit-learn does, and for parameters out of their range.

    Source: Huang, Zhu & Siew 2006, Neurocomputing 70, 489, doi:10.1016/j.neucom.2005.12.126; with a ridge: Huang, Zhou, Ding & Zhang
    2012, IEEE Trans. Syst. Man Cybern. B 42, 513, doi:10.1109/TSMCB.2011.2168604.
    """


class ExtremeLearningRegressor(ExtremeLearning, Regressor):
    """An extreme learning machine that predicts numbers, one or several.

    h = function(W x + b) with W and b random, out = V h + c with V and c of least |out - y|^2 + alpha |V|^2.

    Arguments, attributes, errors and source are those of `ExtremeLearningClassifier`, but for `classes_`.
    """
