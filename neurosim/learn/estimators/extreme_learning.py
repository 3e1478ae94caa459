"""Extreme learning machines: a random hidden layer, and an output layer learned by ridge regression."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from neurosim.learn.estimators.output_layer import (
    Floats,
    OutputLayerClassifier,
    OutputLayerEstimator,
    OutputLayerRegressor,
)
from neurosim.learn.estimators.ridge import solve_readout, times_transposed
from neurosim.learn.rules.contrastive_divergence import sigmoid
from neurosim.learn.validation import RandomState, random_state_of
from neurosim.models.extreme_learning_machine import extreme_learning_machine
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {  # of a field, in place
    "sigmoid": sigmoid,
    "tanh": lambda field: np.tanh(field, out=field),
    "relu": lambda field: np.maximum(field, 0.0, out=field),
}
SATURATED = 30.0  # for inputs of this size sigmoid and tanh are constant in 64 bits


@dataclass(eq=False, repr=False)
class ExtremeLearning(OutputLayerEstimator):
    """The parameters, the hidden layer and its readout."""

    n_hidden: int = 1000
    _: KW_ONLY
    function: str = "sigmoid"
    scale: float = 1.0
    alpha: float = 1.0
    random_state: RandomState = None

    def _learn(self, X: Floats, Y: Floats) -> None:
        name = type(self).__name__
        n_hidden = whole(self.n_hidden, f"{name}: n_hidden", least=1)
        choice(self.function, FUNCTIONS, f"{name}: function")
        tiny = float(np.finfo(float).tiny)
        scale = plain_number(self.scale, f"{name}: scale", "Give a number above 0, such as 1.", low=tiny)
        alpha = plain_number(self.alpha, f"{name}: alpha", "Give a number of 0 or more.", low=0.0)
        self._warn_if_saturated(X, scale)
        random = random_state_of(self.random_state)
        self.weights_ = random.uniform(-scale, scale, (n_hidden, X.shape[1]))
        self.bias_ = random.uniform(-scale, scale, n_hidden)
        self.coef_, self.intercept_ = solve_readout(self._hidden(X), Y, alpha)

    def _warn_if_saturated(self, X: Floats, scale: float) -> None:
        # The standard deviation of W x, averaged over the rows; W is uniform, with variance scale^2/3.
        field = scale * np.sqrt(np.einsum("ij,ij->", X, X) / len(X) / 3)
        if field > SATURATED and self.function != "relu":
            warnings.warn(
                f"{type(self).__name__}: the inputs of hidden units are about {field:.0f}, where"
                f" {self.function} is flat. Scale X, as StandardScaler or MinMaxScaler do, or give a scale"
                f" below {scale:g}.",
                stacklevel=4,
            )

    def _network(self) -> Network:
        return extreme_learning_machine(
            self.weights_.shape[1],
            len(self.weights_),
            len(self.coef_),
            function=self.function,
            weights=self.weights_,
            bias=self.bias_,
            readout=self.coef_,
            readout_bias=self.intercept_,
        )

    def _output(self, X: Floats) -> Floats:
        return times_transposed(self._hidden(X), self.coef_) + self.intercept_

    def _hidden(self, X: Floats) -> Floats:
        field = times_transposed(X, self.weights_)
        field += self.bias_
        return FUNCTIONS[self.function](field)


class ExtremeLearningClassifier(ExtremeLearning, OutputLayerClassifier):
    """An extreme learning machine that classifies.

    h = function(W x + b), where W and b are random and stay so, and out = V h + c, where V and c minimise
    |out - Y|^2 + alpha |V|^2. Y is 1 for the right class and -1 for the others.

    Arguments:
        n_hidden: number of hidden units.
        function: activation of the hidden units, 'sigmoid', 'tanh' or 'relu'.
        scale: W and b are uniform between -scale and scale, above 0. It suits inputs of about 1.
        alpha: the ridge. 0 is plain least squares, which is computed by singular values and takes longer.
        random_state: seed or generator of W and b, as in scikit-learn.

    Attributes after `fit`: `weights_` W, shape (hidden, feature); `bias_` b, shape (hidden,); `coef_` V,
    shape (output, hidden), and `intercept_` c, shape (output,), with one output for each class, or one for
    two classes; `classes_`; and `network_`, with the populations `inputs`, `hidden` and `out`, where `out`
    sends the decision function.

    Raises DescriptionError (a ValueError) for parameters out of range and labels of one class, and ValueError
    for data that scikit-learn refuses. Warns where the inputs are so large that sigmoid or tanh is flat.

    Source: Huang, Zhu & Siew 2006, Neurocomputing 70, 489, doi:10.1016/j.neucom.2005.12.126; with a ridge:
    Huang, Zhou, Ding & Zhang 2012, IEEE Trans. Syst. Man Cybern. B 42, 513, doi:10.1109/TSMCB.2011.2168604.

    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> model = ExtremeLearningClassifier(50, alpha=1e-3, random_state=0)
    >>> model.fit(X, ["a", "b", "b", "a"]).predict(X).tolist()
    ['a', 'b', 'b', 'a']
    """


@dataclass(eq=False, repr=False)
class ExtremeLearningRegressor(ExtremeLearning, OutputLayerRegressor):
    """An extreme learning machine that predicts one or several numbers.

    h = function(W x + b), where W and b are random and stay so, and out = V h + c, where V and c minimise
    |out - y|^2 + alpha |V|^2.

    Arguments:
        n_hidden: number of hidden units.
        function: activation of the hidden units, 'sigmoid', 'tanh' or 'relu'.
        scale: W and b are uniform between -scale and scale, above 0. It suits inputs of about 1.
        alpha: the ridge, which by default is too small to shrink V. 0 is plain least squares, which is
            computed by singular values and takes longer.
        random_state: seed or generator of W and b, as in scikit-learn.

    Attributes after `fit`: `weights_` W, shape (hidden, feature); `bias_` b, shape (hidden,); `coef_` V,
    shape (output, hidden); `intercept_` c, shape (output,); and `network_`, with the populations `inputs`,
    `hidden` and `out`, where `out` sends the predictions.

    Raises DescriptionError (a ValueError) for parameters out of range, and ValueError for data that
    scikit-learn refuses. Warns where the inputs are so large that sigmoid or tanh is flat.

    Source: Huang, Zhu & Siew 2006, Neurocomputing 70, 489, doi:10.1016/j.neucom.2005.12.126; with a ridge:
    Huang, Zhou, Ding & Zhang 2012, IEEE Trans. Syst. Man Cybern. B 42, 513, doi:10.1109/TSMCB.2011.2168604.

    >>> X = np.linspace(0.0, 1.0, 20)[:, None]
    >>> model = ExtremeLearningRegressor(50, scale=3.0, random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.predict([[0.5]]).round(2).tolist()
    [0.25]
    """

    alpha: float = field(default=1e-6, kw_only=True)
