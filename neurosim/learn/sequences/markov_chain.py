"""Markov chains learned by counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from neurosim.errors import DescriptionError, shown
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole


class MarkovChain(BaseEstimator):
    """A chain whose next state depends on the present one alone: P(a -> b) = (n_ab + smoothing)/(n_a + smoothing * states).

    n_ab counts the transitions from a to b in the sequences, n_a those from a. A state that is only ever the last of a sequence is left for
    any state with equal chances.

    Arguments:
        smoothing: what is added to each count; above 0 no transition is impossible.
        states: the states there are, in their order; default: those that occur, sorted.

    X: sequences of states, an array (sequence, tick) of numbers or strings, or a list of sequences of any lengths.

    Attributes: `states_` (state,), `counts_` (from, to), `transition_` P (from, to), each row summing to 1, `start_`, how often a
    sequence begins in each state (with the same smoothing); `network_`.

    Raises ValueError for sequences without states, states that are not known, and smoothing below 0.

    Source: Markov 1906; Norris 1997, Markov Chains, doi:10.1017/CBO9780511810633, section 1.10.

    >>> MarkovChain().fit([["sun", "sun", "rain", "sun"]]).transition_.tolist()
    [[0.0, 1.0], [0.5, 0.5]]
    """

    def __init__(self, *, smoothing: float = 0.0, states: Sequence[Any] | None = None):
        self.smoothing = smoothing
        self.states = states

    def fit(self, X: Any, y: Any = None) -> MarkovChain:
        """Count the transitions of the sequences X; y is ignored."""
        smoothing = plain_number(
            self.smoothing, "MarkovChain: smoothing", "Give a number of at least 0.", low=0.0
        )
        sequences = self._read(X)
        self.states_ = np.unique(np.concatenate(sequences)) if self.states is None else self._given_states()
        numbered = self._numbers(sequences)
        n = len(self.states_)
        self.counts_ = np.zeros((n, n), dtype=int)
        for path in numbered:
            np.add.at(self.counts_, (path[:-1], path[1:]), 1)
        self.transition_ = _rows(self.counts_ + smoothing)
        self.start_ = _rows(np.bincount([path[0] for path in numbered], minlength=n)[None] + smoothing)[0]
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """The log likelihood of each sequence in nats, its first state included, shape (sequence,); -inf for what is impossible."""
        check_is_fitted(self)
        paths = self._numbers(self._read(X))
        with np.errstate(divide="ignore"):
            log_start, log_step = np.log(self.start_), np.log(self.transition_)
        return np.array([log_start[path[0]] + log_step[path[:-1], path[1:]].sum() for path in paths])

    def score(self, X: Any, y: Any = None) -> float:
        """The mean log likelihood of a sequence, for GridSearchCV."""
        return float(self.score_samples(X).mean())

    def perplexity(self, X: Any) -> float:
        """exp of minus the mean log likelihood of a transition: among how many states, all alike, the next would be as uncertain."""
        check_is_fitted(self)
        paths = [path for path in self._numbers(self._read(X)) if len(path) > 1]
        if not paths:
            raise DescriptionError(
                "MarkovChain.perplexity: no sequence of X has a transition. Give sequences of at least two states."
            )
        with np.errstate(divide="ignore"):
            steps = np.log(np.concatenate([self.transition_[path[:-1], path[1:]] for path in paths]))
        return float(np.exp(-steps.mean()))

    def stationary_distribution(self) -> np.ndarray:
        """The shares of time that the chain spends in each state in the long run: pi P = pi, sum(pi) = 1; shape (state,).

        Raises ValueError where there are several, for chains of which two parts, once entered, are never left.
        """
        check_is_fitted(self)
        P, n = self.transition_, len(self.states_)
        parts, part = connected_components(P > 0, connection="strong")
        closed = [k for k in range(parts) if not np.any(P[part == k][:, part != k])]
        if len(closed) > 1:
            found = " and ".join(shown(self.states_[part == k].tolist(), 40) for k in closed[:2])
            raise DescriptionError(
                f"MarkovChain: {len(closed)} parts of the chain are never left once entered, such as {found}: the long run depends on the start."
                " Use smoothing above 0."
            )
        equations = np.vstack([P.T - np.eye(n), np.ones(n)])
        pi = np.linalg.lstsq(equations, np.r_[np.zeros(n), 1.0], rcond=None)[0]
        pi = np.where(part == closed[0], np.maximum(pi, 0.0), 0.0)
        return pi / pi.sum()

    def sample(
        self, ticks: int, n_sequences: int = 1, *, start: Any = None, random_state: Any = None
    ) -> np.ndarray:
        """Sequences of states drawn from the chain, shape (n_sequences, ticks); they begin in state `start`, or as those of X did."""
        check_is_fitted(self)
        ticks = whole(ticks, "MarkovChain.sample: ticks", least=1)
        n = whole(n_sequences, "MarkovChain.sample: n_sequences", least=1)
        random = np.random.default_rng(check_random_state(random_state).randint(2**31))
        paths = np.empty((n, ticks), dtype=int)
        paths[:, 0] = (
            random.choice(len(self.states_), n, p=self.start_)
            if start is None
            else self._numbers([np.asarray([start])])[0]
        )
        edges = np.cumsum(self.transition_, axis=1)
        edges[:, -1] = 1.0
        for tick in range(1, ticks):
            paths[:, tick] = (random.random((n, 1)) >= edges[paths[:, tick - 1]]).sum(axis=1)
        return self.states_[paths]

    @property
    def network_(self) -> Network:
        """The chain as a network of one neuron per state, beginning in the likeliest first one: `models.markov_chain`."""
        from neurosim.models.markov_chain import markov_chain

        check_is_fitted(self)
        return markov_chain(self.transition_, start=int(self.start_.argmax()))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _read(self, X: Any) -> list[np.ndarray]:
        """Each sequence as an array."""
        if (
            isinstance(X, (list, tuple))
            and X
            and all(isinstance(row, (list, tuple, np.ndarray)) for row in X)
            and len({len(row) for row in X}) > 1
        ):
            rows = [np.asarray(row) for row in X]
            if any(row.ndim != 1 or row.size == 0 for row in rows):
                raise DescriptionError(
                    "MarkovChain: a sequence of X is empty or holds sequences itself. Give sequences of at least one state."
                )
            if any(row.dtype.kind == "f" and not np.isfinite(row).all() for row in rows):
                raise DescriptionError(
                    "MarkovChain: X contains NaN or infinity, which are no states. Leave such sequences out, or split them."
                )
            return rows
        text = not hasattr(X, "dtype") and isinstance(X, (list, tuple)) and np.asarray(X).dtype.kind in "US"
        checked: Any = check_array(
            np.asarray(X) if text else X, dtype=cast(Any, None), input_name="X", estimator=self
        )
        return list(_plain(checked))

    def _given_states(self) -> np.ndarray:
        states = np.asarray(self.states)
        if states.ndim != 1 or not len(states) or len(np.unique(states)) != len(states):
            raise DescriptionError(
                f"MarkovChain: states {shown(self.states)} are not different states, at least one. Give a list such as [0, 1]."
            )
        return states

    def _numbers(self, sequences: list[np.ndarray]) -> list[np.ndarray]:
        """The places of states in `states_`."""
        order = np.argsort(self.states_)
        known = self.states_[order]
        numbered = []
        for sequence in sequences:
            place = np.minimum(np.searchsorted(known, sequence), len(known) - 1)
            if np.any(known[place] != sequence):
                strange = sequence[known[place] != sequence][0]
                raise DescriptionError(
                    f"MarkovChain: {shown(strange)} is not one of the {len(known)} known states. Name all states by states=[...], or leave it out."
                )
            numbered.append(order[place])
        return numbered


def _plain(X: np.ndarray) -> np.ndarray:
    """Arrays of objects as arrays of strings or numbers, which can be sorted."""
    return np.array(X.tolist()) if X.dtype.kind == "O" else X


def _rows(counts: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; a row of nothing becomes even."""
    counts = counts.astype(float)
    counts[counts.sum(axis=1) == 0] = 1.0
    return counts / counts.sum(axis=1, keepdims=True)
