"""Markov chains whose transition probabilities are estimated by counting."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from neurosim.errors import DescriptionError, shown
from neurosim.learn.validation import RandomState, random_seed
from neurosim.models.markov_chain import markov_chain
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole

if TYPE_CHECKING:
    from sklearn.utils import Tags

State: TypeAlias = Hashable  # a number or a string
StateSequences: TypeAlias = ArrayLike | Sequence[Sequence[Any]]
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False, kw_only=True)
class MarkovChain(BaseEstimator):
    """A chain whose next state depends on the present one alone, by probabilities that are counted.

    P(a -> b) = (n_ab + smoothing)/(n_a + smoothing * states), where n_ab is the number of transitions from a
    to b in the training sequences, n_a that of all transitions from a, and `states` the number of states. A
    state that no transition leaves is followed by all states with equal probability.

    Arguments:
        smoothing: added to each count, 0 or more. Above 0 no transition is impossible.
        states: the states in their order, numbers or strings. None: those that occur in training, sorted.

    X is a list of sequences of states of any lengths, or an array (sequence, tick) of numbers or strings.

    Attributes after `fit`: `states_`, shape (state,); `counts_` n, shape (from, to); `transition_` P, shape
    (from, to), whose rows sum to 1; `start_`, the probability of each state to be the first of a sequence,
    with the same smoothing, shape (state,); and `network_`, the chain as a network.

    Raises DescriptionError (a ValueError) for sequences without states,
    states that are not known and smoothing below 0.

    Source: Markov 1906; Norris 1997, Markov Chains, doi:10.1017/CBO9780511810633, section 1.10.

    >>> MarkovChain().fit([["sun", "sun", "rain", "sun"]]).transition_.tolist()
    [[0.0, 1.0], [0.5, 0.5]]
    """

    smoothing: float = 0.0
    states: Sequence[State] | None = None

    def fit(self, X: StateSequences, y: object = None) -> Self:
        """Count the transitions of the sequences X; y is ignored."""
        smoothing = plain_number(
            self.smoothing, "MarkovChain: smoothing", "Give a number of at least 0.", low=0.0
        )
        sequences = self._read(X)
        self.states_ = np.unique(np.concatenate(sequences)) if self.states is None else self._read_states()
        paths = self._indices(sequences)
        n = len(self.states_)
        self.counts_ = np.zeros((n, n), dtype=int)
        for path in paths:
            np.add.at(self.counts_, (path[:-1], path[1:]), 1)
        self.transition_ = _normalised(self.counts_ + smoothing)
        first = np.bincount([path[0] for path in paths], minlength=n)
        self.start_ = _normalised(first[None] + smoothing)[0]
        return self

    def score_samples(self, X: StateSequences) -> Floats:
        """The log likelihood of each sequence of X in nats, first state included, shape (sequence,)."""
        check_is_fitted(self)
        paths = self._indices(self._read(X))
        with np.errstate(divide="ignore"):
            log_start, log_step = np.log(self.start_), np.log(self.transition_)
        return np.array([log_start[path[0]] + log_step[path[:-1], path[1:]].sum() for path in paths])

    def score(self, X: StateSequences, y: object = None) -> float:
        """The mean log likelihood of a sequence of X in nats, for GridSearchCV; y is ignored."""
        return float(self.score_samples(X).mean())

    def perplexity(self, X: StateSequences) -> float:
        """The perplexity of the transitions of X, exp(-mean log P), from 1 (all are certain).

        Raises DescriptionError if no sequence of X has a transition.
        """
        check_is_fitted(self)
        paths = [path for path in self._indices(self._read(X)) if len(path) > 1]
        if not paths:
            raise DescriptionError(
                "MarkovChain.perplexity: no sequence of X has a transition."
                " Give sequences of at least two states."
            )
        with np.errstate(divide="ignore"):
            steps = np.log(np.concatenate([self.transition_[path[:-1], path[1:]] for path in paths]))
        return float(np.exp(-steps.mean()))

    def stationary_distribution(self) -> Floats:
        """The fraction of time in each state in the long run, pi P = pi, shape (state,).

        Raises DescriptionError if it depends on the start: two
        parts of the chain, once entered, are never left.
        """
        check_is_fitted(self)
        P, n = self.transition_, len(self.states_)
        count, label = connected_components(P > 0, connection="strong")
        closed = [k for k in range(count) if not np.any(P[label == k][:, label != k])]
        if len(closed) > 1:
            examples = " and ".join(shown(self.states_[label == k].tolist(), 40) for k in closed[:2])
            raise DescriptionError(
                f"MarkovChain: {len(closed)} parts of the chain are never left once entered, such as"
                f" {examples}: the long run depends on the start. Use smoothing above 0."
            )
        # pi (P - 1) = 0 and sum(pi) = 1. Rounding may leave states outside the closed part just off 0.
        equations = np.vstack([P.T - np.eye(n), np.ones(n)])
        pi = np.linalg.lstsq(equations, np.r_[np.zeros(n), 1.0], rcond=None)[0]
        pi = np.where(label == closed[0], np.maximum(pi, 0.0), 0.0)
        return pi / pi.sum()

    def sample(
        self,
        ticks: int,
        n_sequences: int = 1,
        *,
        start: State | None = None,
        random_state: RandomState = None,
    ) -> NDArray[Any]:
        """Sequences of states drawn from the chain, shape (n_sequences, ticks).

        ticks: number of states in each, at least 1.
        n_sequences: how many sequences.
        start: the first state of all; None: drawn by `start_`.
        random_state: seed or generator, as in scikit-learn.
        """
        check_is_fitted(self)
        ticks = whole(ticks, "MarkovChain.sample: ticks", least=1)
        n = whole(n_sequences, "MarkovChain.sample: n_sequences", least=1)
        random = np.random.default_rng(random_seed(random_state))
        paths = np.empty((n, ticks), dtype=int)
        if start is None:
            paths[:, 0] = random.choice(len(self.states_), n, p=self.start_)
        else:
            paths[:, 0] = self._indices([np.asarray([start])])[0]
        edges = np.cumsum(self.transition_, axis=1)
        edges[:, -1] = 1.0  # whatever the rounding of the sum
        for tick in range(1, ticks):
            paths[:, tick] = (random.random((n, 1)) >= edges[paths[:, tick - 1]]).sum(axis=1)
        return self.states_[paths]

    @property
    def network_(self) -> Network:
        """The chain as a network, `models.markov_chain`, which starts in the most probable first state."""
        check_is_fitted(self)
        return markov_chain(self.transition_, start=int(self.start_.argmax()))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _read(self, X: StateSequences) -> list[NDArray[Any]]:
        """Each sequence as an array (tick,) of numbers or strings."""
        rows: list[Any] = list(X) if isinstance(X, (list, tuple)) else []
        nested = all(isinstance(row, (list, tuple, np.ndarray)) for row in rows)
        if nested and len({len(row) for row in rows}) > 1:
            return self._read_ragged([np.asarray(row) for row in rows])
        is_text = (
            not hasattr(X, "dtype") and isinstance(X, (list, tuple)) and np.asarray(X).dtype.kind in "US"
        )
        checks: dict[str, Any] = dict(dtype=None, input_name="X", estimator=self)
        array = np.asarray(check_array(np.asarray(X) if is_text else X, **checks))
        # Objects cannot be sorted; as a list they become an array of numbers or strings.
        return list(np.array(array.tolist()) if array.dtype.kind == "O" else array)

    def _read_ragged(self, rows: list[NDArray[Any]]) -> list[NDArray[Any]]:
        if any(row.ndim != 1 or row.size == 0 for row in rows):
            raise DescriptionError(
                "MarkovChain: a sequence of X is empty or holds sequences itself."
                " Give sequences of at least one state."
            )
        if any(row.dtype.kind == "f" and not np.isfinite(row).all() for row in rows):
            raise DescriptionError(
                "MarkovChain: X contains NaN or infinity, which are no states."
                " Leave such sequences out, or split them."
            )
        return rows

    def _read_states(self) -> NDArray[Any]:
        states = np.asarray(self.states)
        if states.ndim != 1 or not len(states) or len(np.unique(states)) != len(states):
            raise DescriptionError(
                f"MarkovChain: states {shown(self.states)} are not different states, at least one."
                " Give a list such as [0, 1]."
            )
        return states

    def _indices(self, sequences: list[NDArray[Any]]) -> list[NDArray[np.intp]]:
        """The index in `states_` of every state of each sequence."""
        order = np.argsort(self.states_)
        known = self.states_[order]
        paths = []
        for sequence in sequences:
            index = np.minimum(np.searchsorted(known, sequence), len(known) - 1)
            unknown = known[index] != sequence
            if np.any(unknown):
                raise DescriptionError(
                    f"MarkovChain: {shown(sequence[unknown][0])} is not one of the {len(known)} known states."
                    " Name all states by states=[...], or leave it out."
                )
            paths.append(order[index])
        return paths


def _normalised(counts: NDArray[Any]) -> Floats:
    """Rows divided by their sum; a row of zeros becomes even."""
    counts = counts.astype(float)
    counts[counts.sum(axis=1) == 0] = 1.0
    return counts / counts.sum(axis=1, keepdims=True)
