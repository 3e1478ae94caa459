"""Modern Hopfield networks: memories whose capacity grows exponentially with the number of features."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.utils.validation import check_array, check_is_fitted

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.hopfield import to_signs
from neurosim.learn.rules.modern_recall import as_arrived, recall, signs
from neurosim.learn.validation import read_rows
from neurosim.models.modern_hopfield import modern_hopfield
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

UNITS = ("binary", "continuous")
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class ModernHopfieldMemory(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A modern Hopfield network that stores the rows of X, and recalls them from parts and noisy copies.

    A recall updates p = softmax(beta X s) and s = X' p, or its sign. The energy is
    E = -log(sum exp(beta X s))/beta + s's/2.

    Arguments:
        units: 'continuous' (s = X' p) or 'binary' (s = sign(X' p - tanh(beta) s), -1 and 1, where each unit
            leaves out its own contribution).
        beta: inverse temperature, above 0. The larger, the more a recall
            is one pattern rather than a mean of several.
        binarize: with binary units, numbers of X above it become
            1, others -1. None: X must hold -1 and 1 only.
        steps: largest number of updates in a recall.
        engine: 'auto' computes the updates of a recall as products of matrices; the name of an engine, as in
            `ns.run`, runs `network_` there, with the same result to rounding.

    Attributes after `fit`: `patterns_`, shape (pattern, feature), and
    `network_`, `models.modern_hopfield` with these
    patterns: ns.run(memory.network_, {"state": rows[:, None]}) sets the state of each trial.

    Raises DescriptionError (a ValueError) for parameters out of range, and for X that is not -1 and 1 if
    `binarize` is None, and ValueError for data that scikit-learn refuses. A recall with binary units warns
    with ConvergenceWarning if some rows still changed after `steps`.

    Source: Demircigil et al. 2017, J. Stat. Phys. 168, 288,
    doi:10.1007/s10955-017-1806-y; Ramsauer et al. 2020, arXiv:2008.02217.

    >>> memory = ModernHopfieldMemory().fit([[0.0, 4.0, 2.0], [4.0, 0.0, 1.0]])
    >>> memory.predict([[0.0, 3.0, 0.0]]).round(2).tolist()
    [[0.0, 4.0, 2.0]]
    """

    units: str = "continuous"
    _: KW_ONLY
    beta: float = 1.0
    binarize: float | None = 0.0
    steps: int = 20
    engine: str = "auto"

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Store the rows of X, shape (pattern, feature); y is ignored."""
        choice(self.units, UNITS, "ModernHopfieldMemory: units")
        whole(self.steps, "ModernHopfieldMemory: steps", least=1)
        tiny = float(np.finfo(float).tiny)
        remedy = "Give a number above 0, such as 1."
        beta = plain_number(self.beta, "ModernHopfieldMemory: beta", remedy, low=tiny)
        self.patterns_ = self._states(read_rows(self, X, reset=True))
        self.network_: Network = modern_hopfield(self.patterns_, beta=beta, units=self.units)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """The state that each row of X is recalled as, shape (sample, feature), all in one run."""
        check_is_fitted(self)
        states = self._states(read_rows(self, X, reset=False))
        if self.engine == "auto":
            settle = signs(float(np.tanh(self.beta))) if self.units == "binary" else as_arrived
            recalled, settled = recall(self.patterns_, states, self.beta, settle, self.steps)
        else:
            recalled, settled = self._run(states)
        if not settled and self.units == "binary":
            warnings.warn(
                f"ModernHopfieldMemory: some rows were still changing after {self.steps} updates."
                " Raise steps or beta.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return recalled

    def _run(self, states: Floats) -> tuple[Floats, bool]:
        """What the network recalls from these states, and whether all rows have settled."""
        run_on: dict[str, Any] = {"engine": self.engine, "progress": False}
        # In the first tick the input sets the state of each trial; from there the recall goes on by itself.
        start = run(self.network_, {"state": states[:, None]}, **run_on)
        end = run(self.network_, ticks=self.steps, start=start, until="stable", **run_on)
        return np.asarray(end.final["state/state/s"], dtype=np.float64), end.stopped == "stable"

    def transform(self, X: ArrayLike) -> Floats:
        """The same as `predict`, as a step of a pipeline that removes noise from the rows of X."""
        return self.predict(X)

    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """The mean cosine of the rows recalled from X with the wanted rows y (None: X itself); 1 is exact.

        For rows of -1 and 1 the cosine is the overlap, sum(s x)/N.
        """
        recalled = self.predict(X)
        checks: dict[str, Any] = dict(dtype="float64", ensure_2d=False)
        wanted = self._states(np.asarray(check_array(X if y is None else y, **checks)))
        if wanted.shape != recalled.shape:
            raise DescriptionError(
                f"ModernHopfieldMemory: y of shape {wanted.shape} are not the wanted rows of X, shape"
                f" {recalled.shape}. Give one row for each of X."
            )
        return float(1.0 - paired_cosine_distances(recalled, wanted).mean())

    def energy(self, X: ArrayLike) -> Floats:
        """E = -log(sum exp(beta X s))/beta + s's/2 for each row s of X, shape (sample,)."""
        check_is_fitted(self)
        s = self._states(read_rows(self, X, reset=False))
        similarity = logsumexp(self.beta * s @ self.patterns_.T, axis=1)
        return -similarity / self.beta + 0.5 * np.einsum("ti,ti->t", s, s)

    def _states(self, X: Floats) -> Floats:
        return to_signs(X, self.binarize, "ModernHopfieldMemory") if self.units == "binary" else X
