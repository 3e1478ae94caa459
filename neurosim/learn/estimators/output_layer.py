"""Estimators whose network ends in an output layer `out`, whose activity stands for labels or targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neurosim.learn.validation import read_classes, read_rows, read_rows_and_labels, read_rows_and_targets
from neurosim.network.network import Network

Floats = NDArray[np.float64]


class OutputLayerEstimator(BaseEstimator, ABC):
    """A network that learns to answer a row of X with the activity of its population `out`."""

    coef_: Floats
    intercept_: Floats

    @abstractmethod
    def _learn(self, X: Floats, Y: Floats) -> None:
        """Learn to answer X, shape (sample, feature), with Y, shape (sample, output).

        Sets `coef_`, shape (output, input of the layer), and `intercept_`,
        shape (output,): weights and biases of `out`.
        """

    @abstractmethod
    def _output(self, X: Floats) -> Floats:
        """What `out` sends for X, shape (sample, output)."""

    @abstractmethod
    def _network(self) -> Network:
        """The network with what was learned."""

    @property
    def network_(self) -> Network:
        """The fitted network, as `neurosim.models` describes it. Raises NotFittedError before `fit`."""
        check_is_fitted(self)
        return self._network()

    def _outputs(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        return self._output(read_rows(self, X, reset=False))


class OutputLayerClassifier(ClassifierMixin, OutputLayerEstimator):
    """One output for each class, 1 for the right class and -1 for the others, or one for two classes."""

    classes_: NDArray[Any]

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from X, shape (sample, feature), and the labels y, shape (sample,)."""
        rows, labels = read_rows_and_labels(self, X, y)
        self.classes_, index = read_classes(self, labels)
        Y = np.where(index[:, None] == np.arange(len(self.classes_)), 1.0, -1.0)
        self._learn(rows, Y[:, 1:] if len(self.classes_) == 2 else Y)
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """What `out` sends for X, shape (sample, class); with two classes for the second, shape (sample,)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class with the largest output for each row of X, shape (sample,)."""
        decision = self.decision_function(X)
        return self.classes_[(decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(axis=1)]


class OutputLayerRegressor(MultiOutputMixin, RegressorMixin, OutputLayerEstimator):
    """One output for each target."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from X, shape (sample, feature), and targets y, shape (sample,) or (sample, output)."""
        rows, targets = read_rows_and_targets(self, X, y)
        self._single = targets.ndim == 1
        self._learn(rows, targets.reshape(len(targets), -1))
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """What `out` sends for X, shape (sample,) or (sample, output), as y had."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._single else outputs
