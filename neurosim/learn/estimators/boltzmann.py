"""Boltzmann machines with hidden units, which learn from their activity clamped to data and free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from neurosim.engine import check_name
from neurosim.engine.events.compiler import NoCompiler, need_compiler
from neurosim.errors import DescriptionError
from neurosim.learn.validation import RandomState, random_seed, read_rows
from neurosim.models.boltzmann import boltzmann
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

RULES = ("gradient", "sign")
# The annealing of Ackley, Hinton & Sejnowski, in units of their final temperature of 10.
ANNEALING = (2.0, 2.0, 1.5, 1.5, 1.2, 1.2, 1.0, 1.0, 1.0, 1.0)
Floats = NDArray[np.float64]


def anneal(
    net: Network,
    clamp: ArrayLike,
    temperatures: ArrayLike,
    collect: int,
    *,
    seed: int = 0,
    engine: str = "auto",
) -> Floats:
    """States of a Boltzmann machine after simulated annealing, one annealing for each trial.

    Arguments:
        net: `models.boltzmann(..., temperature=None)`, whose temperature is an input.
        clamp: the state, 0 or 1, that each unit is held at, shape (trial, unit). NaN leaves a unit free.
        temperatures: temperature of each sweep over all units, above 0, shape (sweep,).
        collect: number of further sweeps, at the last temperature, whose states are returned.
        seed, engine: as in `ns.run`.

    Returns the states of the units, 0 and 1, shape (trial, collect, unit).
    """
    cooling = np.asarray(temperatures, dtype=float)
    course = np.r_[cooling, np.full(collect, cooling[-1])]
    held = np.asarray(clamp, dtype=float)
    ticks = len(course)
    inputs = {
        "units": np.repeat(held[:, None], ticks, axis=1),
        "temperature": np.broadcast_to(course[:, None], (len(held), ticks, 1)),
    }
    recording = run(net, inputs, record=["units"], seed=seed, engine=engine, progress=False)
    return np.asarray(recording["units"])[:, -collect:]


@dataclass(eq=False, repr=False)
class BoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A Boltzmann machine, P(s) ~ exp((s'W s/2 + b's)/T), which learns the distribution of its visible units.

    A learning cycle anneals `n_trials` machines whose visible units are clamped to rows of X, and as many
    free ones. It changes W_ij by learning_rate (<s_i s_j>_clamped - <s_i s_j>_free), T times the gradient of
    the log likelihood, and b_i likewise. All trials of a cycle run side by side in one `ns.run`.

    X holds probabilities, from 0 to 1, that a visible unit is clamped to 1; the states are drawn anew each
    time. Weights stay finite only if the data exclude no state. To add noise to X, change it to
    probabilities: np.where(X, 0.85, 0.05) is what the paper did.

    Arguments:
        n_hidden: number of hidden units. They follow the visible ones.
        connections: which units may be connected, a symmetric array of truth values, shape
            (unit, unit), False on its diagonal. None: all. Blocks without connections
            between them are machines that learn side by side.
        temperatures: temperature of each sweep of the annealing, above 0, shape (sweep,). The last one is T.
        n_collect: number of sweeps at T over which averages are taken.
        n_trials: number of annealings of each kind in a cycle. None: two for
            each row of X. Rows take turns, in random order.
        n_cycles: number of learning cycles of `fit`.
        learning_rate: 0 or more.
        rule: 'gradient', as above, or 'sign': every weight changes by `learning_rate`, with the sign of its
            gradient, as in the paper.
        engine: as in `ns.run`. 'auto' is 'events' if there is a
            compiler, since all cycles share the compiled code.
        verbose: whether to show a progress bar.
        random_state: seed or generator, as in scikit-learn.

    Attributes after `fit`: `weights_` W, shape (unit, unit); `biases_` b, shape (unit,); `n_cycles_`;
    `n_features_in_`; and `network_`.

    Raises DescriptionError (a ValueError) for X outside 0 to 1 and parameters out of range, and ValueError
    for data that scikit-learn refuses.

    Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9, 147, doi:10.1207/s15516709cog0901_7.

    >>> machine = BoltzmannMachine(1, n_cycles=2, random_state=0).fit([[0, 1], [1, 0]])
    >>> machine.transform([[0, 1]]).shape, machine.sample(3).shape
    ((1, 1), (3, 2))
    """

    n_hidden: int = 2
    _: KW_ONLY
    connections: ArrayLike | None = None
    temperatures: Sequence[float] = ANNEALING
    n_collect: int = 10
    n_trials: int | None = None
    n_cycles: int = 300
    learning_rate: float = 0.1
    rule: str = "gradient"
    engine: str = "auto"
    verbose: bool = False
    random_state: RandomState = None
    n_features_in_: int = field(init=False)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from X, shape (sample, visible), in `n_cycles` cycles from weights of 0; y is ignored."""
        rows = self._begin(X)
        for _ in tqdm(range(self.n_cycles), "BoltzmannMachine", unit="cycle", disable=not self.verbose):
            self._cycle(rows)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """One more learning cycle on X, shape (sample, visible), with the present weights; y is ignored."""
        if hasattr(self, "weights_"):
            self._check_parameters()
            rows = self._read(X, reset=False)
        else:
            rows = self._begin(X)
        self._cycle(rows)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """The fraction of sweeps in which each hidden unit is 1 if X is clamped, shape (sample, hidden)."""
        check_is_fitted(self)
        rows = self._read(X, reset=False)
        return self._settle(rows)[:, rows.shape[1] :]

    def complete(self, X: ArrayLike) -> Floats:
        """The fraction of `n_collect` sweeps in which each visible unit is 1, shape (sample, visible).

        X: probabilities that the units are clamped to 1, shape (sample, visible). NaN leaves a unit free.
        """
        check_is_fitted(self)
        rows = self._read(X, reset=False, allow_nan=True)
        return self._settle(rows)[:, : rows.shape[1]]

    def sample(self, n_samples: int = 1) -> Floats:
        """Visible states, 0 and 1, after `n_samples` free annealings, shape (n_samples, visible)."""
        check_is_fitted(self)
        n_samples = whole(n_samples, "BoltzmannMachine.sample: n_samples", least=1)
        free = np.full((n_samples, len(self.biases_)), np.nan)
        return self._anneal(free, 1, self._next_seed())[:, 0, : self.n_features_in_]

    @property
    def network_(self) -> Network:
        """The machine as a network, `models.boltzmann` with what was learned, at the last temperature."""
        check_is_fitted(self)
        return boltzmann(
            self.weights_,
            self.biases_,
            temperature=float(self.temperatures[-1]),
            connections=self._connections,
        )

    @property
    def _n_features_out(self) -> int:
        return len(self.biases_) - self.n_features_in_

    def _begin(self, X: ArrayLike) -> Floats:
        """Read X, and set all weights to 0."""
        self._check_parameters()
        rows = self._read(X, reset=True)
        units = rows.shape[1] + self.n_hidden
        self._connections = self._read_connections(rows.shape[1], units)
        self._seed = random_seed(self.random_state)
        self._random = np.random.default_rng(self._seed)
        self._next_rows = np.zeros(0, dtype=int)  # rows of X in the order in which they take their turns
        self.weights_, self.biases_, self.n_cycles_ = np.zeros((units, units)), np.zeros(units), 0
        return rows

    def _read_connections(self, visible: int, units: int) -> NDArray[np.bool_] | None:
        if self.connections is None:
            return None
        joined = np.array(self.connections, dtype=bool)
        square = joined.shape == (units, units)
        if not square or not np.array_equal(joined, joined.T) or np.any(np.diag(joined)):
            raise DescriptionError(
                f"BoltzmannMachine: connections of shape {joined.shape} must be symmetric, False on the"
                f" diagonal and of shape {(units, units)}, for {visible} visible and {self.n_hidden} hidden"
                " units. Give such, or None for all."
            )
        return joined

    def _cycle(self, X: Floats) -> None:
        """One learning cycle: clamped and free annealings side by side, and one change of the weights."""
        trials = self.n_trials or 2 * len(X)
        while len(self._next_rows) < trials:
            self._next_rows = np.r_[self._next_rows, self._random.permutation(len(X))]
        rows, self._next_rows = np.split(self._next_rows, [trials])
        clamped = self._clamp(X[rows], self._random)
        free = np.full_like(clamped, np.nan)
        states = self._anneal(np.concatenate([clamped, free]), self.n_collect, self._next_seed())
        phases = [part.reshape(-1, part.shape[2]) for part in (states[:trials], states[trials:])]
        together = [part.T @ part / len(part) for part in phases]  # <s_i s_j>, with <s_i> on the diagonal
        step = together[0] - together[1]
        step = self.learning_rate * (np.sign(step) if self.rule == "sign" else (step + step.T) / 2)
        self.biases_ += np.diag(step)
        np.fill_diagonal(step, 0.0)
        self.weights_ += step if self._connections is None else np.where(self._connections, step, 0.0)
        self.n_cycles_ += 1

    def _anneal(self, clamp: Floats, collect: int, seed: int) -> Floats:
        net = boltzmann(self.weights_, self.biases_, temperature=None, connections=self._connections)
        engine = _compiled_if_possible() if self.engine == "auto" else self.engine
        return anneal(net, clamp, self.temperatures, collect, seed=seed, engine=engine)

    def _settle(self, X: Floats) -> Floats:
        """The mean states of all units if X is clamped, shape (sample, unit)."""
        clamp = self._clamp(X, np.random.default_rng(self._seed))
        return self._anneal(clamp, self.n_collect, self._seed).mean(axis=1)

    def _clamp(self, X: Floats, random: np.random.Generator) -> Floats:
        """States to clamp, drawn by the probabilities X, shape (sample, unit); NaN where a unit is free."""
        clamp = np.full((len(X), len(self.biases_)), np.nan)
        clamp[:, : X.shape[1]] = np.where(np.isnan(X), np.nan, random.random(X.shape) < X)
        return clamp

    def _next_seed(self) -> int:
        return int(self._random.integers(2**31))

    def _read(self, X: ArrayLike, *, reset: bool, allow_nan: bool = False) -> Floats:
        return self._chances(read_rows(self, X, reset=reset, allow_nan=allow_nan))

    def _chances(self, X: Floats) -> Floats:
        """X, if it holds probabilities."""
        low, high = np.nanmin(X, initial=0.0), np.nanmax(X, initial=0.0)
        if low < 0 or high > 1:
            raise DescriptionError(
                f"BoltzmannMachine: X runs from {np.nanmin(X):g} to {np.nanmax(X):g}, but holds"
                " probabilities, from 0 to 1. Use MinMaxScaler(clip=True) or Binarizer()."
            )
        return X

    def _check_parameters(self) -> None:
        name = "BoltzmannMachine"
        for parameter in ("n_collect", "n_cycles"):
            whole(getattr(self, parameter), f"{name}: {parameter}", least=1)
        whole(self.n_hidden, f"{name}: n_hidden")
        if self.n_trials is not None:
            whole(self.n_trials, f"{name}: n_trials", least=1)
        plain_number(self.learning_rate, f"{name}: learning_rate", "Give a number of at least 0.", low=0.0)
        choice(self.rule, RULES, f"{name}: rule")
        check_name(self.engine)
        cooling = np.asarray(self.temperatures, dtype=float)
        if cooling.ndim != 1 or not cooling.size or not np.all((cooling > 0) & np.isfinite(cooling)):
            raise DescriptionError(
                f"{name}: temperatures must be numbers above 0, one for each sweep."
                " Give a list such as [2.0, 1.5, 1.0]."
            )


def _compiled_if_possible() -> str:
    """The engine for many short runs of one network; for a single one 'auto' would not compile."""
    try:
        need_compiler()
    except NoCompiler:
        return "reference"
    return "events"
