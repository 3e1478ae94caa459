"""Restricted Boltzmann machines, which learn by contrastive divergence, plain or persistent."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.learn.estimators.row_transformer import RowTransformer
from neurosim.learn.rules.contrastive_divergence import ContrastiveDivergence, Machine, sigmoid
from neurosim.learn.rules.partition_function import (
    KINDS,
    LogPartition,
    annealed_importance_sampling,
    free_energy,
    log_partition,
)
from neurosim.learn.validation import FLOATS, RandomState, random_state_of, read_rows
from neurosim.models.restricted_boltzmann import restricted_boltzmann
from neurosim.network.network import Network
from neurosim.network.values import choice, flag, plain_number, whole

EXACT = 16  # units of the smaller layer up to which log Z is summed exactly, in a fraction of a second
SCHEDULES = ("constant", "linear")
Floats = NDArray[Any]  # of float64 or float32, as X is


@dataclass(eq=False, repr=False)
class RestrictedBoltzmann(RowTransformer):
    """A restricted Boltzmann machine, which learns by contrastive divergence.

    p(v, h) ~ exp(h'W v + a'v + b'h), where v are visible and h hidden states. A mini-batch changes the
    weights by learning_rate (<h v'>_data - <h v'>_model). The average of the model is taken after `steps`
    sweeps of Gibbs sampling, which begin at the data (CD-k) or, with `persistent`, where the last mini-batch
    left its chains (PCD). Parameters have the names, and attributes the shapes, of scikit-learn's
    BernoulliRBM. It computes in the precision of X; float32 is twice as fast.

    Arguments:
        n_components: number of hidden units.
        visible: 'binary' units, for X from 0 to 1 (probabilities), or 'gaussian' units of standard deviation
            1, for any X, with p ~ exp(h'W v + b'h - |v - a|^2/2). Scale X, as StandardScaler does; multiplied
            by r, its noise is taken to be 1/r of its standard deviation.
        steps: sweeps of Gibbs sampling for each mini-batch.
        persistent: whether chains go on from mini-batch to mini-batch.
        n_chains: number of persistent chains. None: `batch_size`.
        learning_rate: 0 or more.
        schedule: 'constant', or 'linear': the learning rate falls to 0 over the epochs of `fit`.
        momentum: fraction of the last change of the weights that is added to the next, from 0 to below 1.
        weight_decay: the weights shrink by learning_rate * weight_decay in each mini-batch, 0 or more.
        sparsity: wanted mean activity of hidden units, from 0 to 1, or None. Their biases change by
            learning_rate * sparsity_cost * (sparsity - mean activity in the mini-batch), along the gradient
            of the squared penalty of Lee et al.
        sparsity_cost: strength of that change, 0 or more.
        batch_size: number of rows in a mini-batch.
        n_iter: number of epochs of `fit`.
        verbose: whether to show a progress bar.
        random_state: seed or generator, as in scikit-learn.

    Attributes after `fit`: `components_` W, shape (hidden, visible); `intercept_hidden_` b, shape (hidden,);
    `intercept_visible_` a, shape (visible,); `n_iter_`, the number of epochs; and `network_`, whose
    population `visible` can be clamped.

    Raises DescriptionError (a ValueError) for X outside 0 to 1 with binary units, for parameters out of
    range, and if learning diverges; ValueError for data that scikit-learn refuses.

    Source: Hinton 2002, Neural Computation 14, 1771, doi:10.1162/089976602760128018; persistent chains:
    Tieleman 2008, ICML, 1064, doi:10.1145/1390156.1390290; sparsity: Lee, Ekanadham & Ng 2008, NIPS 20, 873.

    >>> machine = RestrictedBoltzmann(2, n_iter=3, random_state=0).fit([[0, 1], [1, 0], [0, 1], [1, 0]])
    >>> machine.transform([[0, 1]]).shape
    (1, 2)
    """

    n_components: int = 256
    _: KW_ONLY
    visible: str = "binary"
    steps: int = 1
    persistent: bool = False
    n_chains: int | None = None
    learning_rate: float = 0.1
    schedule: str = "constant"
    momentum: float = 0.0
    weight_decay: float = 0.0
    sparsity: float | None = None
    sparsity_cost: float = 1.0
    batch_size: int = 10
    n_iter: int = 10
    verbose: bool = False
    random_state: RandomState = None

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from X, shape (sample, visible), in `n_iter` epochs, rows in random order; y is ignored."""
        self._check_parameters()
        rows = self._read(X, reset=True)
        self._begin(rows)
        epochs = tqdm(range(self.n_iter), "RestrictedBoltzmann", unit="epoch", disable=not self.verbose)
        for epoch in epochs:
            self._epoch(rows, epoch if self.schedule == "linear" else None)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """One more epoch on X, shape (sample, visible), at the constant learning rate; y is ignored."""
        self._check_parameters()
        first = not hasattr(self, "components_")
        rows = self._read(X, reset=first)
        if first:
            self._begin(rows)
        self._epoch(rows.astype(self.components_.dtype, copy=False), None)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """P(h = 1 | v) for the rows v of X, shape (sample, hidden)."""
        check_is_fitted(self)
        return self._hidden_probabilities(self._read(X, reset=False))

    def score_samples(self, X: ArrayLike) -> Floats:
        """The log likelihood log p(v) = -F(v) - log Z of the rows v of X in nats, shape (sample,).

        The rows of a binary machine should be states, not probabilities.
        """
        check_is_fitted(self)
        rows = self._read(X, reset=False)
        return -free_energy(rows, *self._in_double(), visible=self.visible) - self.log_partition().value

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The mean of `score_samples(X)`, which GridSearchCV makes large; y is ignored."""
        return float(self.score_samples(X).mean())

    def log_partition(self) -> LogPartition:
        """log Z and its standard error: exact if the smaller layer has at most 16 units, otherwise estimated.

        The estimate has 100 chains and 1000 temperatures; `learn.annealed_importance_sampling` can take more.
        """
        check_is_fitted(self)
        if self._log_partition is None:
            smaller = min(self.components_.shape) if self.visible == "binary" else len(self.components_)
            if smaller <= EXACT:
                self._log_partition = log_partition(*self._in_double(), visible=self.visible)
            else:
                self._log_partition = annealed_importance_sampling(
                    *self._in_double(),
                    visible=self.visible,
                    base=self._base,
                    random_state=self._annealing_seed,
                    verbose=self.verbose,
                )
        return self._log_partition

    def draw_visible(self, H: ArrayLike) -> Floats:
        """Visible states, (sample, visible), drawn from hidden ones or probabilities H, (sample, hidden)."""
        check_is_fitted(self)
        hidden = np.asarray(H, dtype=self.components_.dtype)
        if hidden.ndim != 2 or hidden.shape[1] != len(self.components_):
            raise DescriptionError(
                f"RestrictedBoltzmann.draw_visible: H has shape {hidden.shape}."
                f" Give (sample, {len(self.components_)})."
            )
        return self._draw_visible(hidden @ self.components_ + self.intercept_visible_)

    def gibbs(self, X: ArrayLike, steps: int = 1) -> Floats:
        """Visible states `steps` sweeps of Gibbs sampling after the rows of X, shape (sample, visible)."""
        check_is_fitted(self)
        steps = whole(steps, "RestrictedBoltzmann.gibbs: steps", least=1)
        v = self._read(X, reset=False).astype(self.components_.dtype)
        for _ in range(steps):
            h = self._draw_binary(self._hidden_probabilities(v))
            v = self._draw_visible(h @ self.components_ + self.intercept_visible_)
        return v

    def sample(self, n_samples: int = 1, steps: int = 1000) -> Floats:
        """Visible states of `n_samples` chains after `steps` sweeps, shape (n_samples, visible)."""
        check_is_fitted(self)
        n_samples = whole(n_samples, "RestrictedBoltzmann.sample: n_samples", least=1)
        start = np.repeat(self._base[None].astype(self.components_.dtype), n_samples, axis=0)
        return self.gibbs(self._draw_visible(start), steps)

    @property
    def network_(self) -> Network:
        """The machine as a network, `models.restricted_boltzmann` with what was learned."""
        check_is_fitted(self)
        W, a, b = self._in_double()
        hidden, visible = W.shape
        return restricted_boltzmann(
            visible, hidden, weights=W, visible_bias=a, hidden_bias=b, visible=self.visible
        )

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def _in_double(self) -> tuple[Floats, Floats, Floats]:
        """W, a and b in double precision."""
        W, a, b = self.components_, self.intercept_visible_, self.intercept_hidden_
        return W.astype(float), a.astype(float), b.astype(float)

    def _check_parameters(self) -> None:
        name = type(self).__name__
        for parameter in ("n_components", "steps", "batch_size", "n_iter"):
            whole(getattr(self, parameter), f"{name}: {parameter}", least=1)
        if self.n_chains is not None:
            whole(self.n_chains, f"{name}: n_chains", least=1)
        choice(self.visible, KINDS, f"{name}: visible")
        choice(self.schedule, SCHEDULES, f"{name}: schedule")
        flag(self.persistent, f"{name}: persistent")
        for parameter in ("learning_rate", "weight_decay", "sparsity_cost"):
            value = getattr(self, parameter)
            plain_number(value, f"{name}: {parameter}", "Give a number of at least 0.", low=0.0)
        below_1, remedy = float(np.nextafter(1.0, 0.0)), "Give a number from 0 to below 1."
        plain_number(self.momentum, f"{name}: momentum", remedy, low=0.0, high=below_1)
        if self.sparsity is not None:
            remedy = "Give a number from 0 to 1, or None."
            plain_number(self.sparsity, f"{name}: sparsity", remedy, low=0.0, high=1.0)

    def _read(self, X: ArrayLike, *, reset: bool) -> Floats:
        rows = read_rows(self, X, reset=reset, dtype=FLOATS, order="C")
        if self.visible == "binary" and (rows.min() < 0 or rows.max() > 1):
            raise DescriptionError(
                f"{type(self).__name__}: X runs from {rows.min():g} to {rows.max():g}, and binary visible"
                " units take 0 to 1. Scale it (MinMaxScaler(clip=True)), or use visible='gaussian'."
            )
        return rows

    def _begin(self, X: Floats) -> None:
        """Small random weights, and visible biases that give the means of X if the weights are 0."""
        random = random_state_of(self.random_state)
        self._random = np.random.Generator(np.random.SFC64(random.randint(2**31)))
        self._annealing_seed = int(random.randint(2**31))
        self._velocity: tuple[Floats, ...] = ()
        self._chains: Floats | None = None
        n, width = X.shape
        mean = X.mean(axis=0, dtype=float)
        if self.visible == "binary":
            mean = (n * mean + 1) / (n + 2)  # so that the odds of a unit that is never 1 are finite
            mean = np.log(mean / (1 - mean))
        self._base = mean
        weights = self._random.standard_normal((self.n_components, width), dtype=X.dtype)
        self.components_ = weights * X.dtype.type(0.01)
        self.intercept_hidden_ = np.zeros(self.n_components, X.dtype)
        self.intercept_visible_ = mean.astype(X.dtype)
        self.n_iter_ = 0

    def _epoch(self, X: Floats, epoch: int | None) -> None:
        """Every row once, in a new order. `epoch` is the number of the epoch if the learning rate falls."""
        self._log_partition: LogPartition | None = None
        size = min(self.batch_size, len(X))
        learning = ContrastiveDivergence(
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
            learning.learn(X, order[first : first + size], self.learning_rate * (1 - done))
        if not np.isfinite(self.components_).all():
            raise DescriptionError(
                f"{type(self).__name__}: the weights diverged. Lower learning_rate"
                f" {self.learning_rate:g}, or scale X (StandardScaler)."
            )
        self.n_iter_ += 1

    def _machine(self, size: int) -> Machine:
        """The fitted arrays, to be changed in place, with persistent chains if there are any."""
        shape = (self.n_chains or size, len(self.components_)) if self.persistent else None
        if shape is None or self._chains is None or self._chains.shape != shape:
            # Hidden states of 0: the chains begin at the visible biases.
            self._chains = None if shape is None else np.zeros(shape, self.components_.dtype)
        machine = Machine(
            W=self.components_,
            a=self.intercept_visible_,
            b=self.intercept_hidden_,
            visible=self.visible,
            random=self._random,
            chains=self._chains,
            momentum=self.momentum,
            velocity=self._velocity,
        )
        self._velocity = machine.velocity
        return machine

    def _hidden_probabilities(self, v: Floats) -> Floats:
        return sigmoid(v @ self.components_.T + self.intercept_hidden_)

    def _draw_binary(self, p: Floats) -> Floats:
        return (self._random.random(p.shape, dtype=p.dtype) < p).astype(p.dtype)

    def _draw_visible(self, field: Floats) -> Floats:
        """Visible states from the input to the visible units."""
        if self.visible == "gaussian":
            return field + self._random.standard_normal(field.shape, dtype=field.dtype)
        return self._draw_binary(sigmoid(field))
