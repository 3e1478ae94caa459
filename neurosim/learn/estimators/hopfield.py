"""Memories that complete and clean what they are shown: Hopfield nets as estimators of scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from neurosim.errors import DescriptionError
from neurosim.learn.rules.pattern_storage import gardner, pseudo_inverse, storkey
from neurosim.models.hopfield import hopfield
from neurosim.network.matrix_weights import hebbian
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

RULES = ("hebb", "pseudo_inverse", "storkey", "perceptron")
UPDATES = ("asynchronous", "synchronous")


class HopfieldMemory(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A Hopfield net that stores the rows of X and recalls them from parts and noisy copies.

    s = sign(W s - threshold), until nothing changes; energy E = -s' W s/2 + threshold' s.

    Arguments:
        rule: how W comes from the patterns: 'hebb' (`ns.hebbian`), 'pseudo_inverse', 'storkey' or 'perceptron' (`gardner`), as in
            `neurosim.learn`. The energy falls at every update but for 'perceptron', whose W is not symmetric.
        update: 'asynchronous' (one unit at a time, in a fair random order anew for each sweep and row) or 'synchronous' (all at once, which
            may end in a cycle of two states).
        temperature: 0, or the T at which units draw: 1 with probability 1/(1 + exp(-2 (W s - threshold)/T)), in every one of the `sweeps`.
        threshold: of all units, or one for each, shape (feature,).
        binarize: numbers above it are 1, others -1; None: X must hold -1 and 1 only.
        margin: of the rule 'perceptron', as in `gardner`.
        sweeps: how many a recall takes, at most; a ConvergenceWarning says where it ended before the state was stable.
        random_state: of the order of updates and of the draws, which belong to the place of a row in X.
        engine: as in `ns.run`.

    After `fit`: `patterns_` (pattern, feature) of -1 and 1, `weights_` (feature, feature), `seed_`, and `network_`, the net as
    `neurosim.models.hopfield` describes it: ns.run(memory.network_, {"cells": rows[:, None]}, seed=memory.seed_) is its first sweep.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.

    >>> patterns = [[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]]
    >>> HopfieldMemory().fit(patterns).predict([[1, 1, 1, -1, -1, 1]]).astype(int).tolist()
    [[1, 1, 1, -1, -1, -1]]
    """

    def __init__(
        self,
        rule: str = "hebb",
        *,
        update: str = "asynchronous",
        temperature: float = 0.0,
        threshold: Any = 0.0,
        binarize: float | None = 0.0,
        margin: float = 1.0,
        sweeps: int = 100,
        random_state: Any = None,
        engine: str = "auto",
    ):
        self.rule = rule
        self.update = update
        self.temperature = temperature
        self.threshold = threshold
        self.binarize = binarize
        self.margin = margin
        self.sweeps = sweeps
        self.random_state = random_state
        self.engine = engine

    def fit(self, X: Any, y: Any = None) -> HopfieldMemory:
        """Store the rows of X, shape (pattern, feature); y is ignored."""
        choice(self.rule, RULES, "HopfieldMemory: rule")
        choice(self.update, UPDATES, "HopfieldMemory: update")
        whole(self.sweeps, "HopfieldMemory: sweeps", least=1)
        temperature = plain_number(
            self.temperature, "HopfieldMemory: temperature", "Give a number of 0 or more.", low=0.0
        )
        X = validate_data(self, X, dtype=np.float64)
        self._threshold = _read_threshold(self.threshold, X.shape[1])
        self.patterns_ = signs(X, self.binarize, "HopfieldMemory")
        self.weights_ = self._store(self.patterns_)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31))
        self.network_: Network = hopfield(
            weights=self.weights_, threshold=self._threshold, temperature=temperature, update=self.update
        )
        return self

    def predict(self, X: Any) -> np.ndarray:
        """What each row of X comes to rest at, -1 and 1, shape (sample, feature): all rows as trials of one run.

        Warns with ConvergenceWarning where that did not happen within `sweeps`.
        """
        check_is_fitted(self)
        probes = signs(validate_data(self, X, dtype=np.float64, reset=False), self.binarize, "HopfieldMemory")
        # The first sweep only sets the cells of each trial; the recall goes on from there.
        shown = run(
            self.network_, {"cells": probes[:, None]}, seed=self.seed_, engine=self.engine, progress=False
        )
        until = None if self.temperature else "stable"
        rest = run(
            self.network_,
            ticks=self.sweeps,
            start=shown,
            until=until,
            seed=self.seed_,
            engine=self.engine,
            progress=False,
        )
        if until and rest.stopped != until:
            warnings.warn(
                f"HopfieldMemory: some rows were still changing after {self.sweeps} sweeps. Raise sweeps;"
                " with update='synchronous' or rule='perceptron' they may go on for ever.",
                ConvergenceWarning, stacklevel=2,
            )  # fmt: skip
        return rest.final["state/cells/s"].astype(np.float64)

    def transform(self, X: Any) -> np.ndarray:
        """The same as `predict`: a step of a pipeline that cleans its rows."""
        return self.predict(X)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean overlap, sum(s x)/N, of what is recalled from X with the wanted rows y (default: X itself); 1 is exact."""
        recalled = self.predict(X)
        return float(
            (recalled * signs(X if y is None else y, self.binarize, "HopfieldMemory", recalled.shape)).mean()
        )

    def energy(self, X: Any) -> np.ndarray:
        """E = -s' W s/2 + threshold' s of each row, shape (sample,)."""
        check_is_fitted(self)
        s = signs(validate_data(self, X, dtype=np.float64, reset=False), self.binarize, "HopfieldMemory")
        return -0.5 * np.einsum("ti,ti->t", s @ self.weights_.T, s) + s @ np.broadcast_to(
            self._threshold, s.shape[1]
        )

    def _store(self, patterns: np.ndarray) -> np.ndarray:
        if self.rule == "hebb":
            return hebbian(patterns).matrix()
        if self.rule == "perceptron":
            return gardner(patterns, margin=self.margin)
        return (pseudo_inverse if self.rule == "pseudo_inverse" else storkey)(patterns)


def signs(X: Any, binarize: float | None, where: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Rows as -1 and 1: 1 where a number is above `binarize`; with None they must be so already, and of the `shape` if one is given."""
    X = check_array(X, dtype="float64", ensure_2d=False)
    if shape is not None and X.shape != shape:
        raise DescriptionError(
            f"{where}: y of shape {X.shape} are not the wanted rows of X, shape {shape}. Give one row of y for each of X."
        )
    if binarize is None:
        if not np.all(np.abs(X) == 1):
            raise DescriptionError(
                f"{where}: X holds {X[np.abs(X) != 1][0]:g}, not only -1 and 1. Give binarize=, the number above which it is 1."
            )
        return X
    above = plain_number(binarize, f"{where}: binarize", "Give a number, or None.") < X
    return np.where(above, 1.0, -1.0)


def _read_threshold(given: Any, n_features: int) -> np.ndarray | float:
    """One number, or one for each unit."""
    if np.ndim(given) == 0:
        return plain_number(given, "HopfieldMemory: threshold", "Give a number, or one for each feature.")
    threshold = check_array(given, dtype="float64", ensure_2d=False, input_name="threshold")
    if threshold.shape != (n_features,):
        raise DescriptionError(
            f"HopfieldMemory: threshold of shape {threshold.shape} does not fit X with {n_features} features. Give one number, or ({n_features},)."
        )
    return threshold
