"""Restricted Boltzmann machines that learn by contrastive divergence, plain or persistent."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.learn.rules.contrastive_divergence import ContrastiveDivergence, Machine, sigmoid
from neurosim.learn.rules.partition_function import (
    KINDS,
    LogPartition,
    annealed_importance_sampling,
    free_energy,
    log_partition,
)
from neurosim.network.network import Network
from neurosim.network.values import choice, flag, plain_number, whole

EXACT = 16  # units of the smaller layer up to which log Z is summed exactly, in a fraction of a second
SCHEDULES = ("constant", "linear")


class RestrictedBoltzmann(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A restricted Boltzmann machine: p(v, h) ~ exp(h'Wv + a'v + b'h), learned by contrastive divergence.

    A mini-batch moves the weights by learning_rate * (<h v'>_data - <h v'>_model); the model's average is taken `steps` sweeps of
    Gibbs sampling away from the data (CD-k), or from chains that live on from batch to batch (`persistent`). Parameters have the
    names, and fitted attributes the shapes, of scikit-learn's BernoulliRBM. It computes in the precision of X: float32 is twice as fast.

    Arguments:
        n_components: how many hidden units.
        visible: 'binary' units for X from 0 to 1 (between them: probabilities), or 'gaussian' ones of standard deviation 1 for any X:
            h'Wv + b'h - |v - a|^2/2. Scale X (StandardScaler), and multiply it by r to say that the noise is 1/r of it.
        steps: sweeps of Gibbs sampling for each mini-batch.
        persistent: False for chains that start at the data, True for chains that live on.
        n_chains: how many chains live on; default: `batch_size`.
        learning_rate: of every mini-batch. schedule: 'constant', or 'linear': falling to 0 over the epochs of `fit`.
        momentum: share of the last change of the weights that is made again, from 0 to below 1.
        weight_decay: the weights shrink by learning_rate * weight_decay in each mini-batch.
        sparsity: how active a hidden unit shall be on average, between 0 and 1, or None. Its bias moves by learning_rate * sparsity_cost *
            (sparsity - its mean over the mini-batch), the direction of the gradient of Lee et al.'s squared penalty.
        batch_size: rows in a mini-batch. n_iter: epochs of `fit`.
        verbose: show a progress bar. random_state: as in scikit-learn.

    Attributes: `components_` W (hidden, visible), `intercept_hidden_` b, `intercept_visible_` a, `n_iter_`; `network_`, the machine as a
    network whose `visible` population can be clamped.

    Raises ValueError for X outside 0 to 1 of a binary machine, for parameters out of their range, and where learning diverges.

    Source: Hinton 2002, Neural Computation 14, 1771, doi:10.1162/089976602760128018; persistent chains: Tieleman 2008, ICML, 1064,
    doi:10.1145/1390156.1390290; sparsity: Lee, Ekanadham & Ng 2008, NIPS 20, 873.

    >>> machine = RestrictedBoltzmann(2, n_iter=3, random_state=0).fit([[0, 1], [1, 0], [0, 1], [1, 0]])
    >>> machine.transform([[0, 1]]).shape
    (1, 2)
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        visible: str = "binary",
        steps: int = 1,
        persistent: bool = False,
        n_chains: int | None = None,
        learning_rate: float = 0.1,
        schedule: str = "constant",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        sparsity: float | None = None,
        sparsity_cost: float = 1.0,
        batch_size: int = 10,
        n_iter: int = 10,
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.n_components = n_components
        self.visible = visible
        self.steps = steps
        self.persistent = persistent
        self.n_chains = n_chains
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.sparsity = sparsity
        self.sparsity_cost = sparsity_cost
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> RestrictedBoltzmann:
        """Learn from X, (sample, visible), in `n_iter` epochs, rows in a new order in each; y is ignored."""
        self._check_parameters()
        X = self._read(X, reset=True)
        self._begin(X)
        epochs = tqdm(range(self.n_iter), "RestrictedBoltzmann", unit="epoch", disable=not self.verbose)
        for epoch in epochs:
            self._epoch(X, epoch if self.schedule == "linear" else None)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> RestrictedBoltzmann:
        """One epoch more on X at the constant learning rate, from where learning stands; y is ignored."""
        self._check_parameters()
        fresh = not hasattr(self, "components_")
        X = self._read(X, reset=fresh)
        if fresh:
            self._begin(X)
        self._epoch(X.astype(self.components_.dtype, copy=False), None)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """P(h = 1 | v) for the rows of X, shape (sample, hidden)."""
        check_is_fitted(self)
        return sigmoid(self._read(X, reset=False) @ self.components_.T + self.intercept_hidden_)

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(v) of the rows of X in nats, shape (sample,): -F(v) - log Z, with `log_partition()` for log Z.

        X should hold states, not probabilities, of a binary machine.
        """
        check_is_fitted(self)
        X = self._read(X, reset=False)
        return -free_energy(X, *self._numbers(), visible=self.visible) - self.log_partition().value

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`, for GridSearchCV."""
        return float(self.score_samples(X).mean())

    def log_partition(self) -> LogPartition:
        """log Z and its standard error: exact if the smaller layer has at most 16 units, else annealed (100 chains, 1000 temperatures).

        `annealed_importance_sampling` takes more of either.
        """
        check_is_fitted(self)
        if self._log_partition is None:
            smaller = min(self.components_.shape) if self.visible == "binary" else len(self.components_)
            estimate = partial(
                annealed_importance_sampling,
                base=self._base,
                random_state=self._annealing_seed,
                verbose=self.verbose,
            )
            self._log_partition = (log_partition if smaller <= EXACT else estimate)(
                *self._numbers(), visible=self.visible
            )
        return self._log_partition

    def draw_visible(self, H: Any) -> np.ndarray:
        """Visible states drawn from hidden states or chances H, (sample, hidden)."""
        check_is_fitted(self)
        H = np.asarray(H, dtype=self.components_.dtype)
        if H.ndim != 2 or H.shape[1] != len(self.components_):
            raise DescriptionError(
                f"RestrictedBoltzmann.draw_visible: H has shape {H.shape}. Give (sample, {len(self.components_)})."
            )
        return self._draw_visible(H @ self.components_ + self.intercept_visible_)

    def gibbs(self, X: Any, steps: int = 1) -> np.ndarray:
        """What `steps` sweeps of Gibbs sampling, hidden from visible and back, make of the rows of X."""
        check_is_fitted(self)
        steps, v = (
            whole(steps, "RestrictedBoltzmann.gibbs: steps", least=1),
            self._read(X, reset=False).astype(self.components_.dtype),
        )
        for _ in range(steps):
            h = self._draw_hidden(sigmoid(v @ self.components_.T + self.intercept_hidden_))
            v = self._draw_visible(h @ self.components_ + self.intercept_visible_)
        return v

    def sample(self, n_samples: int = 1, steps: int = 1000) -> np.ndarray:
        """Visible states of `n_samples` chains after `steps` sweeps from the data's means, shape (n_samples, visible)."""
        check_is_fitted(self)
        n = whole(n_samples, "RestrictedBoltzmann.sample: n_samples", least=1)
        return self.gibbs(
            self._draw_visible(np.repeat(self._base[None].astype(self.components_.dtype), n, axis=0)), steps
        )

    @property
    def network_(self) -> Network:
        """The machine as a network: `models.restricted_boltzmann` with what was learned."""
        from neurosim.models.restricted_boltzmann import restricted_boltzmann

        check_is_fitted(self)
        W, a, b = self._numbers()
        return restricted_boltzmann(
            W.shape[1], W.shape[0], weights=W, visible_bias=a, hidden_bias=b, visible=self.visible
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def _numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """W, a and b in double."""
        W, a, b = self.components_, self.intercept_visible_, self.intercept_hidden_
        return W.astype(float), a.astype(float), b.astype(float)

    def _check_parameters(self) -> None:
        where = type(self).__name__
        for name in ("n_components", "steps", "batch_size", "n_iter"):
            whole(getattr(self, name), f"{where}: {name}", least=1)
        if self.n_chains is not None:
            whole(self.n_chains, f"{where}: n_chains", least=1)
        choice(self.visible, KINDS, f"{where}: visible")
        choice(self.schedule, SCHEDULES, f"{where}: schedule")
        flag(self.persistent, f"{where}: persistent")
        for name in ("learning_rate", "weight_decay", "sparsity_cost"):
            plain_number(getattr(self, name), f"{where}: {name}", "Give a number of at least 0.", low=0.0)
        plain_number(
            self.momentum,
            f"{where}: momentum",
            "Give a number from 0 to below 1.",
            low=0.0,
            high=np.nextafter(1.0, 0.0),
        )
        if self.sparsity is not None:
            plain_number(
                self.sparsity, f"{where}: sparsity", "Give a number from 0 to 1, or None.", low=0.0, high=1.0
            )

    def _read(self, X: Any, reset: bool) -> np.ndarray:
        X = validate_data(self, X, dtype=[np.float64, np.float32], order="C", reset=reset)
        if self.visible == "binary" and (X.min() < 0 or X.max() > 1):
            raise DescriptionError(
                f"{type(self).__name__}: X runs from {X.min():g} to {X.max():g}, and binary visible units take 0 to 1. Scale it"
                " (MinMaxScaler(clip=True)), or use visible='gaussian'."
            )
        return X

    def _begin(self, X: np.ndarray) -> None:
        """Small random weights; visible biases that alone give the data's means."""
        numbers: Any = check_random_state(self.random_state)
        self._random = np.random.Generator(np.random.SFC64(numbers.randint(2**31)))
        self._annealing_seed = int(numbers.randint(2**31))
        self._velocity: tuple[np.ndarray, ...] = ()
        self._chains: np.ndarray | None = None
        n, width = X.shape
        mean = X.mean(axis=0, dtype=float)
        if self.visible == "binary":
            mean = (n * mean + 1) / (n + 2)  # a pixel that is never on has finite odds
            mean = np.log(mean / (1 - mean))
        self._base = mean
        self.components_ = self._random.standard_normal(
            (self.n_components, width), dtype=X.dtype
        ) * X.dtype.type(0.01)
        self.intercept_hidden_ = np.zeros(self.n_components, X.dtype)
        self.intercept_visible_ = mean.astype(X.dtype)
        self.n_iter_ = 0

    def _epoch(self, X: np.ndarray, epoch: int | None) -> None:
        """Every row once, in a new order; `epoch` says where the falling learning rate stands."""
        self._log_partition = None
        size = min(self.batch_size, len(X))
        work = ContrastiveDivergence(
            self._machine(size),
            size,
            steps=self.steps,
            weight_decay=self.weight_decay,
            sparsity=self.sparsity,
            sparsity_cost=self.sparsity_cost,
        )
        batches, order = range(0, len(X), size), self._random.permutation(len(X))
        for k, first in enumerate(batches):
            done = 0.0 if epoch is None else (epoch + k / len(batches)) / self.n_iter
            work.learn(X, order[first : first + size], self.learning_rate * (1 - done))
        if not np.isfinite(self.components_).all():
            raise DescriptionError(
                f"{type(self).__name__}: the weights grew beyond all bounds. Lower learning_rate {self.learning_rate:g}, or scale X (StandardScaler)."
            )
        self.n_iter_ += 1

    def _machine(self, size: int) -> Machine:
        """The fitted arrays, to be changed in place; chains that live on begin at the visible biases alone."""
        wanted = (self.n_chains or size, len(self.components_)) if self.persistent else None
        if wanted is None or self._chains is None or self._chains.shape != wanted:
            self._chains = None if wanted is None else np.zeros(wanted, self.components_.dtype)
        machine = Machine(
            self.components_, self.intercept_visible_, self.intercept_hidden_, self.visible, self._random, self._chains, self.momentum, self._velocity
        )  # fmt: skip
        self._velocity = machine.velocity
        return machine

    def _draw_hidden(self, p: np.ndarray) -> np.ndarray:
        return (self._random.random(p.shape, dtype=p.dtype) < p).astype(p.dtype)

    def _draw_visible(self, field: np.ndarray) -> np.ndarray:
        if self.visible == "gaussian":
            return field + self._random.standard_normal(field.shape, dtype=field.dtype)
        return self._draw_hidden(sigmoid(field))
