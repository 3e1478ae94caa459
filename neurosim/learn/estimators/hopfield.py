"""Hopfield networks as memories that complete patterns and remove noise from them."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_array, check_is_fitted

from neurosim.errors import DescriptionError
from neurosim.learn.rules.pattern_storage import gardner, pseudo_inverse, storkey
from neurosim.learn.validation import RandomState, random_seed, read_rows
from neurosim.models.hopfield import hopfield
from neurosim.network.matrix_weights import hebbian
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

RULES = ("hebb", "pseudo_inverse", "storkey", "perceptron")
UPDATES = ("asynchronous", "synchronous")
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class HopfieldMemory(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A Hopfield network that stores the rows of X, and recalls them from parts and noisy copies.

    A recall updates s = sign(W s - threshold) until nothing
    changes. The energy is E = -s' W s/2 + threshold' s.

    Arguments:
        rule: how W follows from the patterns: 'hebb' (`ns.hebbian`), 'pseudo_inverse',
            'storkey' or 'perceptron' (`learn.gardner`). No update raises the energy,
            except with 'perceptron', whose W is not symmetric.
        update: 'asynchronous', one unit at a time, in a new random order in each sweep and for each row, or
            'synchronous', all at once, which may end in a cycle of two states.
        temperature: 0, or T above 0, at which a unit becomes 1 with probability 1/(1 + exp(-2 (W s -
            threshold)/T)), and a recall makes all `sweeps`.
        threshold: of all units, or one for each, shape (feature,).
        binarize: numbers of X above it become 1, others -1. None: X must hold -1 and 1 only.
        margin: of the rule 'perceptron', as in `learn.gardner`.
        sweeps: largest number of updates of all units in a recall.
        random_state: seed or generator, as in scikit-learn, of the order of updates and of the draws, which
            depend on the position of the row in X.
        engine: as in `ns.run`.

    Attributes after `fit`: `patterns_`, shape (pattern, feature), of -1 and 1; `weights_` W, shape (feature,
    feature); `seed_`; and `network_`, `models.hopfield` with these weights. The first sweep of a recall is
    ns.run(memory.network_, {"cells": rows[:, None]}, seed=memory.seed_).

    Raises DescriptionError (a ValueError) for parameters out of range, and for X that is not -1 and 1 if
    `binarize` is None, and ValueError for data that scikit-learn refuses. A recall warns with
    ConvergenceWarning if some rows still changed after `sweeps`.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.

    >>> patterns = [[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]]
    >>> HopfieldMemory().fit(patterns).predict([[1, 1, 1, -1, -1, 1]]).astype(int).tolist()
    [[1, 1, 1, -1, -1, -1]]
    """

    rule: str = "hebb"
    _: KW_ONLY
    update: str = "asynchronous"
    temperature: float = 0.0
    threshold: ArrayLike = 0.0
    binarize: float | None = 0.0
    margin: float = 1.0
    sweeps: int = 100
    random_state: RandomState = None
    engine: str = "auto"

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Store the rows of X, shape (pattern, feature); y is ignored."""
        choice(self.rule, RULES, "HopfieldMemory: rule")
        choice(self.update, UPDATES, "HopfieldMemory: update")
        whole(self.sweeps, "HopfieldMemory: sweeps", least=1)
        remedy = "Give a number of 0 or more."
        temperature = plain_number(self.temperature, "HopfieldMemory: temperature", remedy, low=0.0)
        rows = read_rows(self, X, reset=True)
        self._threshold = _read_threshold(self.threshold, rows.shape[1])
        self.patterns_ = to_signs(rows, self.binarize, "HopfieldMemory")
        self.weights_ = self._weights(self.patterns_)
        self.seed_ = random_seed(self.random_state)
        self.network_: Network = hopfield(
            weights=self.weights_, threshold=self._threshold, temperature=temperature, update=self.update
        )
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """The state, -1 and 1, that each row of X is recalled as, shape (sample, feature), all in one run."""
        check_is_fitted(self)
        run_on: dict[str, Any] = {"seed": self.seed_, "engine": self.engine, "progress": False}
        # In the first sweep the input sets the state of each trial; from there the recall goes on by itself.
        start = run(self.network_, {"cells": self._read_signs(X)[:, None]}, **run_on)
        until = None if self.temperature else "stable"
        recall = run(self.network_, ticks=self.sweeps, start=start, until=until, **run_on)
        if until and recall.stopped != until:
            warnings.warn(
                f"HopfieldMemory: some rows were still changing after {self.sweeps} sweeps."
                " Raise sweeps; with update='synchronous' or rule='perceptron' they may go on for ever.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return np.asarray(recall.final["state/cells/s"], dtype=np.float64)

    def transform(self, X: ArrayLike) -> Floats:
        """The same as `predict`, as a step of a pipeline that removes noise from the rows of X."""
        return self.predict(X)

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """The mean overlap, sum(s x)/N, of what is recalled from X with the rows y (None: X); 1 is exact."""
        recalled = self.predict(X)
        wanted = to_signs(X if y is None else y, self.binarize, "HopfieldMemory", recalled.shape)
        return float((recalled * wanted).mean())

    def energy(self, X: ArrayLike) -> Floats:
        """E = -s' W s/2 + threshold' s for each row s of X, shape (sample,)."""
        check_is_fitted(self)
        s = self._read_signs(X)
        quadratic = -0.5 * np.einsum("ti,ti->t", s @ self.weights_.T, s)
        return quadratic + s @ np.broadcast_to(self._threshold, s.shape[1])

    def _read_signs(self, X: ArrayLike) -> Floats:
        return to_signs(read_rows(self, X, reset=False), self.binarize, "HopfieldMemory")

    def _weights(self, patterns: Floats) -> Floats:
        if self.rule == "hebb":
            return hebbian(patterns).matrix()
        if self.rule == "perceptron":
            return gardner(patterns, margin=self.margin)
        return (pseudo_inverse if self.rule == "pseudo_inverse" else storkey)(patterns)


def to_signs(X: ArrayLike, binarize: float | None, name: str, shape: tuple[int, ...] | None = None) -> Floats:
    """Rows of -1 and 1: 1 where a number is above `binarize`; None: they must be -1 and 1 already.

    `name` begins the error messages; `shape` is that of the rows to compare with, if there are any.
    """
    checks: dict[str, Any] = dict(dtype="float64", ensure_2d=False)
    rows = np.asarray(check_array(X, **checks))
    if shape is not None and rows.shape != shape:
        raise DescriptionError(
            f"{name}: y of shape {rows.shape} are not the wanted rows of X, shape {shape}."
            " Give one row of y for each of X."
        )
    if binarize is None:
        if not np.all(np.abs(rows) == 1):
            raise DescriptionError(
                f"{name}: X holds {rows[np.abs(rows) != 1][0]:g}, not only -1 and 1."
                " Give binarize=, the number above which it is 1."
            )
        return rows
    above = plain_number(binarize, f"{name}: binarize", "Give a number, or None.") < rows
    return np.where(above, 1.0, -1.0)


def _read_threshold(threshold: ArrayLike, n_features: int) -> Floats | float:
    """One number, or one for each unit."""
    if np.ndim(threshold) == 0:
        remedy = "Give a number, or one for each feature."
        return plain_number(threshold, "HopfieldMemory: threshold", remedy)
    checks: dict[str, Any] = dict(dtype="float64", ensure_2d=False, input_name="threshold")
    thresholds = np.asarray(check_array(threshold, **checks))
    if thresholds.shape != (n_features,):
        raise DescriptionError(
            f"HopfieldMemory: threshold of shape {thresholds.shape} does not fit X with {n_features}"
            f" features. Give one number, or ({n_features},)."
        )
    return thresholds
