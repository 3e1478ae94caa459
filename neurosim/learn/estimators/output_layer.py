"""What networks with an output layer share as estimators of scikit-learn: classes and targets as what `out` should send, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, get_blas_funcs
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim.errors import DescriptionError
from neurosim.network.network import Network

# scipy's BLAS throughout, on transposes, which are what Fortran calls contiguous: numpy has a BLAS of its own, and where the two
# take turns, the threads of one keep the other's waiting.
PRODUCT: Any
SQUARE: Any
PRODUCT, SQUARE = get_blas_funcs(("gemm", "syrk"), dtype=np.float64)


def times_transposed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b', shape (row of a, row of b)."""
    return PRODUCT(1.0, b.T, a.T, trans_a=True).T


class Answering(BaseEstimator, ABC):
    """A network that learns to answer a row X with the numbers Y of its population `out`."""

    coef_: np.ndarray
    intercept_: np.ndarray

    @abstractmethod
    def _learn(self, X: np.ndarray, Y: np.ndarray) -> None:
        """Learn to answer X, shape (sample, feature), with Y, shape (sample, output); sets coef_ and intercept_, the weights into `out`."""

    @abstractmethod
    def _answer(self, X: np.ndarray) -> np.ndarray:
        """What `out` of `network_` sends for X, shape (sample, output)."""

    @abstractmethod
    def _network(self) -> Network:
        """The network with what was learned."""

    @property
    def network_(self) -> Network:
        """The network as `neurosim.models` describes it, with what was learned."""
        check_is_fitted(self)
        return self._network()

    def _answers(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        read: Any = validate_data(self, X, dtype=np.float64, reset=False)
        return self._answer(read)


class Classifier(ClassifierMixin, Answering):
    """One output for each class, 1 for the right one and -1 for the others; of two classes a single one, 1 for the second."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from X, shape (sample, feature), and the labels y, shape (sample,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, place = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DescriptionError(
                f"{type(self).__name__}: y has 1 class, {self.classes_[0]}. Give rows of two classes or more."
            )
        Y = np.where(place[:, None] == np.arange(len(self.classes_)), 1.0, -1.0)
        self._learn(X, Y[:, 1:] if len(self.classes_) == 2 else Y)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """What `out` sends, shape (sample, class); of two classes for the second one only, shape (sample,)."""
        answers = self._answers(X)
        return answers[:, 0] if len(self.classes_) == 2 else answers

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row whose output is largest, shape (sample,)."""
        found = self.decision_function(X)
        return self.classes_[(found > 0).astype(int) if found.ndim == 1 else found.argmax(axis=1)]


class Regressor(MultiOutputMixin, RegressorMixin, Answering):
    """One output for each target."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from X, shape (sample, feature), and targets y, shape (sample,) or (sample, output)."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        Y = np.asarray(y, dtype=np.float64)
        self._single = Y.ndim == 1
        self._learn(X, Y.reshape(len(Y), -1))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """What `out` sends, shape (sample,) or (sample, output) as y was."""
        answers = self._answers(X)
        return answers[:, 0] if self._single else answers


def solve_readout(hidden: np.ndarray, Y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (output, hidden) and biases (output,) of least |hidden W' + b - Y|^2 + alpha |W|^2; `hidden` is overwritten."""
    rest = Y - Y.mean(axis=0)
    if alpha and len(hidden) >= hidden.shape[1]:
        # The normal equations as Ridge(solver="cholesky") has them, without its copies and checks, which take a fifth of the time.
        mean = hidden.mean(axis=0)
        hidden -= mean
        gram: Any = SQUARE(1.0, hidden.T, lower=True)  # its lower half, all that is read below
        gram[np.diag_indices_from(gram)] += alpha
        try:
            factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            pass  # an alpha that is lost in rounding: by singular values, below
        else:
            coef = cho_solve(factor, PRODUCT(1.0, hidden.T, rest.T, trans_b=True), check_finite=False).T
            return coef, Y.mean(axis=0) - coef @ mean
        hidden += mean
    ridge = Ridge(alpha, solver="svd", copy_X=False).fit(hidden, Y)
    return np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
