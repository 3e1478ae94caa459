"""Boltzmann machines with hidden units, which learn by comparing what they do clamped and free."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from neurosim.engine import check_name
from neurosim.engine.events.compiler import NoCompiler, need_compiler
from neurosim.errors import DescriptionError
from neurosim.models.boltzmann import boltzmann
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.run import run

RULES = ("gradient", "sign")
ANNEALING = (
    2.0,
    2.0,
    1.5,
    1.5,
    1.2,
    1.2,
    1.0,
    1.0,
    1.0,
    1.0,
)  # the paper's, with its final temperature of 10 as the unit


def anneal(
    net: Network, clamp: Any, temperatures: Any, collect: int, *, seed: int = 0, engine: str = "auto"
) -> np.ndarray:
    """States of the units of `boltzmann(..., temperature=None)` after annealing, shape (trial, collect, unit).

    Every trial cools down through `temperatures`, a sweep each; then `collect` sweeps at the last of them are kept.

    Arguments:
        clamp: what the units of each trial are held at, (trial, unit); NaN leaves a unit free.
        temperatures: (sweep,), above 0.
    """
    temperatures = np.r_[np.asarray(temperatures, dtype=float), np.full(collect, temperatures[-1])]
    clamp = np.asarray(clamp, dtype=float)
    ticks = len(temperatures)
    inputs = {
        "units": np.repeat(clamp[:, None], ticks, axis=1),
        "temperature": np.broadcast_to(temperatures[:, None], (len(clamp), ticks, 1)),
    }
    return run(net, inputs, record=["units"], seed=seed, engine=engine, progress=False)["units"][:, -collect:]


class BoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A Boltzmann machine, P(s) ~ exp((s'Ws/2 + b's)/T), that learns to visit its visible states as often as the data do.

    A learning cycle anneals `n_trials` machines with rows of X clamped on the visible units and as many free ones, and moves W_ij by
    learning_rate * (<s_i s_j>_clamped - <s_i s_j>_free), the gradient of the log likelihood times T; b_i likewise. Trials run side by
    side in one `ns.run`.

    Arguments:
        n_hidden: how many hidden units; they follow the visible ones.
        connections: which units may be joined, a symmetric array of truth values (unit, unit); default: all. Blocks that are not joined
            are machines that learn side by side.
        temperatures: of the annealing, a sweep each; the last one is T.
        n_collect: over how many sweeps at T the averages are taken.
        n_trials: how many annealings of each kind in a cycle; default: two for each row of X. Rows take turns in random order.
        n_cycles: learning cycles of `fit`.
        learning_rate: of each cycle. rule: 'gradient', or 'sign': every weight moves by the same step, the paper's choice.
        engine: as in `ns.run`; 'auto' takes 'events' wherever there is a compiler, as all cycles share the compiled code.
        verbose: show a progress bar. random_state: as in scikit-learn.

    X has numbers from 0 to 1: the chance that a visible unit is clamped on, drawn anew each time. So noise on the clamped states, which
    keeps weights finite where the data exclude states, is said with the data: np.where(X, 0.85, 0.05) is the paper's.

    Attributes: `weights_` W (unit, unit), `biases_` b (unit,), `n_cycles_`; `network_`, the machine at temperature T, to be clamped at will.

    Raises ValueError for X outside 0 to 1 and for parameters out of their range.

    Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9, 147, doi:10.1207/s15516709cog0901_7.
    """

    n_features_in_: int

    def __init__(
        self,
        n_hidden: int = 2,
        *,
        connections: Any = None,
        temperatures: Any = ANNEALING,
        n_collect: int = 10,
        n_trials: int | None = None,
        n_cycles: int = 300,
        learning_rate: float = 0.1,
        rule: str = "gradient",
        engine: str = "auto",
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.n_hidden = n_hidden
        self.connections = connections
        self.temperatures = temperatures
        self.n_collect = n_collect
        self.n_trials = n_trials
        self.n_cycles = n_cycles
        self.learning_rate = learning_rate
        self.rule = rule
        self.engine = engine
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> BoltzmannMachine:
        """Learn from X, (sample, visible), in `n_cycles` learning cycles from weights of 0; y is ignored."""
        X = self._begin(X)
        for _ in tqdm(range(self.n_cycles), "BoltzmannMachine", unit="cycle", disable=not self.verbose):
            self._cycle(X)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> BoltzmannMachine:
        """One learning cycle more, from where learning stands; y is ignored."""
        if hasattr(self, "weights_"):
            self._check_parameters()
            X = self._read(X, reset=False)
        else:
            X = self._begin(X)
        self._cycle(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """How often each hidden unit is on while a row of X is clamped, averaged over `n_collect` sweeps, shape (sample, hidden)."""
        check_is_fitted(self)
        X = self._read(X, reset=False)
        return self._settle(self._draw(X, np.random.default_rng(self._seed)))[:, X.shape[1] :]

    def complete(self, X: Any) -> np.ndarray:
        """How often each visible unit is on while the others are clamped, shape (sample, visible): NaN in X leaves a unit free."""
        check_is_fitted(self)
        X = self._read(X, reset=False, missing=True)
        return self._settle(self._draw(X, np.random.default_rng(self._seed)))[:, : X.shape[1]]

    def sample(self, n_samples: int = 1) -> np.ndarray:
        """Visible states of `n_samples` free annealings, shape (n_samples, visible)."""
        check_is_fitted(self)
        free = np.full(
            (whole(n_samples, "BoltzmannMachine.sample: n_samples", least=1), len(self.biases_)), np.nan
        )
        return self._anneal(free, 1, self._next_seed())[:, 0, : self.n_features_in_]

    @property
    def network_(self) -> Network:
        """The machine as a network: `models.boltzmann` with what was learned, at the last temperature."""
        check_is_fitted(self)
        return boltzmann(
            self.weights_, self.biases_, temperature=float(self.temperatures[-1]), connections=self._joined
        )

    @property
    def _n_features_out(self) -> int:
        return len(self.biases_) - self.n_features_in_

    def _begin(self, X: Any) -> np.ndarray:
        self._check_parameters()
        X = self._read(X, reset=True)
        units = X.shape[1] + self.n_hidden
        self._joined = None if self.connections is None else np.array(self.connections, dtype=bool)
        if self._joined is not None and (
            self._joined.shape != (units, units)
            or not np.array_equal(self._joined, self._joined.T)
            or np.any(np.diag(self._joined))
        ):
            raise DescriptionError(
                f"BoltzmannMachine: connections of shape {self._joined.shape} must be symmetric, False on the diagonal and of shape"
                f" {(units, units)}, for {X.shape[1]} visible and {self.n_hidden} hidden units. Give such, or None for all."
            )
        numbers: Any = check_random_state(self.random_state)
        self._seed = int(numbers.randint(2**31))
        self._random = np.random.default_rng(self._seed)
        self._waiting = np.zeros(0, dtype=int)  # rows of X whose turn is next
        self.weights_, self.biases_, self.n_cycles_ = np.zeros((units, units)), np.zeros(units), 0
        return X

    def _cycle(self, X: np.ndarray) -> None:
        """Clamped and free annealings side by side, and a step of learning."""
        trials = self.n_trials or 2 * len(X)
        while len(self._waiting) < trials:
            self._waiting = np.r_[self._waiting, self._random.permutation(len(X))]
        rows, self._waiting = np.split(self._waiting, [trials])
        clamped = self._draw(X[rows], self._random)
        states = self._anneal(
            np.concatenate([clamped, np.full_like(clamped, np.nan)]), self.n_collect, self._next_seed()
        )
        phases = [part.reshape(-1, part.shape[2]) for part in (states[:trials], states[trials:])]
        together = [part.T @ part / len(part) for part in phases]  # <s_i s_j>; on its diagonal <s_i>
        step = together[0] - together[1]
        step = self.learning_rate * (np.sign(step) if self.rule == "sign" else (step + step.T) / 2)
        self.biases_ += np.diag(step)
        np.fill_diagonal(step, 0.0)
        self.weights_ += step if self._joined is None else np.where(self._joined, step, 0.0)
        self.n_cycles_ += 1

    def _anneal(self, clamp: np.ndarray, collect: int, seed: int) -> np.ndarray:
        net = boltzmann(self.weights_, self.biases_, temperature=None, connections=self._joined)
        return anneal(net, clamp, self.temperatures, collect, seed=seed, engine=_engine(self.engine))

    def _settle(self, clamp: np.ndarray) -> np.ndarray:
        """The mean states of all units, (sample, unit)."""
        return self._anneal(clamp, self.n_collect, self._seed).mean(axis=1)

    def _draw(self, X: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """States to be clamped, (sample, unit); hidden units and those with NaN are free."""
        clamp = np.full((len(X), len(self.biases_)), np.nan)
        clamp[:, : X.shape[1]] = np.where(np.isnan(X), np.nan, random.random(X.shape) < X)
        return clamp

    def _next_seed(self) -> int:
        return int(self._random.integers(2**31))

    def _read(self, X: Any, reset: bool, missing: bool = False) -> np.ndarray:
        read: Any = validate_data(
            self, X, dtype=np.float64, reset=reset, ensure_all_finite="allow-nan" if missing else True
        )
        return self._chances(read)

    def _chances(self, X: np.ndarray) -> np.ndarray:
        """X, whose numbers must be chances."""
        if np.nanmin(X, initial=0.0) < 0 or np.nanmax(X, initial=0.0) > 1:
            raise DescriptionError(
                f"BoltzmannMachine: X runs from {np.nanmin(X):g} to {np.nanmax(X):g}, and its numbers are chances from 0 to 1."
                " Use MinMaxScaler(clip=True) or Binarizer()."
            )
        return X

    def _check_parameters(self) -> None:
        for name in ("n_collect", "n_cycles"):
            whole(getattr(self, name), f"BoltzmannMachine: {name}", least=1)
        whole(self.n_hidden, "BoltzmannMachine: n_hidden")
        if self.n_trials is not None:
            whole(self.n_trials, "BoltzmannMachine: n_trials", least=1)
        plain_number(
            self.learning_rate, "BoltzmannMachine: learning_rate", "Give a number of at least 0.", low=0.0
        )
        choice(self.rule, RULES, "BoltzmannMachine: rule")
        check_name(self.engine)
        cooling = np.asarray(self.temperatures, dtype=float)
        if cooling.ndim != 1 or not cooling.size or not np.all((cooling > 0) & np.isfinite(cooling)):
            raise DescriptionError(
                "BoltzmannMachine: temperatures must be numbers above 0, one for each sweep. Give a list such as [2.0, 1.5, 1.0]."
            )


def _engine(asked: str) -> str:
    """`auto` judges each run by itself; thousands of short ones are worth a compilation."""
    if asked != "auto":
        return asked
    try:
        need_compiler()
    except NoCompiler:
        return "reference"
    return "events"
