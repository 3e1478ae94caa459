"""Memories of many patterns: modern Hopfield nets as estimators of scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.hopfield import signs
from neurosim.models.modern_hopfield import modern_hopfield
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

UNITS = ("binary", "continuous")


class ModernHopfieldMemory(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A modern Hopfield net that stores the rows of X, exponentially many in the number of features, and recalls them.

    p = softmax(beta X s), s = X' p or its sign; energy E = -log(sum exp(beta X s))/beta + s's/2.

    Arguments:
        units: 'binary' (s = sign(X' p - tanh(beta) s): -1 and 1, each unit leaving out its own part) or 'continuous' (s = X' p).
        beta: how much better than others a pattern must fit to be recalled alone; above 0.
        binarize: with binary units, numbers above it are 1, others -1; None: X must hold -1 and 1 only.
        steps: updates of a recall, at most; with binary units a ConvergenceWarning says where it ended before the state was stable.
        engine: as in `ns.run`.

    After `fit`: `patterns_` (pattern, feature), and `network_`, the net as `neurosim.models.modern_hopfield` describes it:
    ns.run(memory.network_, {"state": rows[:, None]}) sets the state of each trial.

    Source: Demircigil et al. 2017, J. Stat. Phys. 168, 288, doi:10.1007/s10955-017-1806-y; Ramsauer et al. 2020, arXiv:2008.02217.

    >>> ModernHopfieldMemory().fit([[0.0, 4.0, 2.0], [4.0, 0.0, 1.0]]).predict([[0.0, 3.0, 0.0]]).round(2).tolist()
    [[0.0, 4.0, 2.0]]
    """

    def __init__(
        self,
        units: str = "continuous",
        *,
        beta: float = 1.0,
        binarize: float | None = 0.0,
        steps: int = 20,
        engine: str = "auto",
    ):
        self.units = units
        self.beta = beta
        self.binarize = binarize
        self.steps = steps
        self.engine = engine

    def fit(self, X: Any, y: Any = None) -> ModernHopfieldMemory:
        """Store the rows of X, shape (pattern, feature); y is ignored."""
        choice(self.units, UNITS, "ModernHopfieldMemory: units")
        whole(self.steps, "ModernHopfieldMemory: steps", least=1)
        beta = plain_number(
            self.beta,
            "ModernHopfieldMemory: beta",
            "Give a number above 0, such as 1.",
            low=np.finfo(float).tiny,
        )
        self.patterns_ = self._states(validate_data(self, X, dtype=np.float64))
        self.network_: Network = modern_hopfield(self.patterns_, beta=beta, units=self.units)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """What each row of X comes to, shape (sample, feature): all rows as trials of one run."""
        check_is_fitted(self)
        probes = self._states(validate_data(self, X, dtype=np.float64, reset=False))
        # The first tick only sets the state of each trial; the recall goes on from there.
        shown = run(self.network_, {"state": probes[:, None]}, engine=self.engine, progress=False)
        rest = run(
            self.network_, ticks=self.steps, start=shown, until="stable", engine=self.engine, progress=False
        )
        if rest.stopped != "stable" and self.units == "binary":
            words = f"ModernHopfieldMemory: some rows were still changing after {self.steps} updates. Raise steps or beta."
            warnings.warn(words, ConvergenceWarning, stacklevel=2)
        return rest.final["state/state/s"].astype(np.float64)

    def transform(self, X: Any) -> np.ndarray:
        """The same as `predict`: a step of a pipeline that cleans its rows."""
        return self.predict(X)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean cosine of what is recalled from X with the wanted rows y (default: X itself); for -1 and 1 this is the overlap."""
        recalled = self.predict(X)
        wanted = self._states(check_array(X if y is None else y, dtype="float64", ensure_2d=False))
        if wanted.shape != recalled.shape:
            raise DescriptionError(
                f"ModernHopfieldMemory: y of shape {wanted.shape} are not the wanted rows of X, shape {recalled.shape}. Give one row for each of X."
            )
        return float(1.0 - paired_cosine_distances(recalled, wanted).mean())

    def energy(self, X: Any) -> np.ndarray:
        """E = -log(sum exp(beta X s))/beta + s's/2 of each row s, shape (sample,)."""
        check_is_fitted(self)
        s = self._states(validate_data(self, X, dtype=np.float64, reset=False))
        return -logsumexp(self.beta * s @ self.patterns_.T, axis=1) / self.beta + 0.5 * np.einsum(
            "ti,ti->t", s, s
        )

    def _states(self, X: Any) -> np.ndarray:
        return signs(X, self.binarize, "ModernHopfieldMemory") if self.units == "binary" else X
