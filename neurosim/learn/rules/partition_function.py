"""The likelihood of a restricted Boltzmann machine: free energies and the partition function.

p(v) = exp(-F(v))/Z, with weights W, shape (hidden, visible), visible biases a and hidden biases b. All is
computed in double precision, and logarithms are in nats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.learn.validation import RandomState, random_seed
from neurosim.network.values import choice, whole

KINDS = ("binary", "gaussian")
LARGEST = 25  # units of the smaller layer over whose states an exact sum goes: 33 million states
STATES_AT_ONCE = 2**12
Floats = NDArray[np.float64]


class LogPartition(NamedTuple):
    """log Z in nats, and the standard error of an estimate; 0 if the value is exact."""

    value: float
    error: float


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def free_energy(
    V: ArrayLike,
    weights: ArrayLike,
    visible_bias: ArrayLike,
    hidden_bias: ArrayLike,
    *,
    visible: str = "binary",
) -> Floats:
    """The free energy of visible states, F(v) = -log(sum over h of exp(-E(v, h))), in nats, shape (sample,).

    F(v) = -a'v - sum log(1 + exp(W v + b)) for binary visible units;
    for Gaussian ones the first term is |v - a|^2/2.

    Arguments:
        V: visible states v, shape (sample, visible).
        weights: W, shape (hidden, visible).
        visible_bias: a, shape (visible,).
        hidden_bias: b, shape (hidden,).
        visible: 'binary' or 'gaussian' visible units.

    Raises DescriptionError for shapes that do not fit each other, NaN and infinity.

    Source: Hinton 2012, A practical guide to training restricted Boltzmann machines,
    doi:10.1007/978-3-642-35289-8_32, section 16.1.

    >>> free_energy([[1.0, 1.0]], [[0.0, 0.0]], [2.0, 3.0], [0.0]).round(3).tolist()  # -5 - log 2
    [-5.693]
    """
    W, a, b = _read_machine(weights, visible_bias, hidden_bias, visible, "free_energy")
    states = np.asarray(V, dtype=float)
    hidden = softplus(states @ W.T + b).sum(axis=1)
    return (-states @ a if visible == "binary" else 0.5 * ((states - a) ** 2).sum(axis=1)) - hidden


def log_partition(
    weights: ArrayLike, visible_bias: ArrayLike, hidden_bias: ArrayLike, *, visible: str = "binary"
) -> LogPartition:
    """log Z of a restricted Boltzmann machine, exactly, by a sum over all states of its smaller layer.

    The other layer is summed (or, if it is Gaussian, integrated) by formula. A Gaussian layer cannot be the
    one that is summed over, however small it is.

    Arguments:
        weights: W, shape (hidden, visible).
        visible_bias: a, shape (visible,).
        hidden_bias: b, shape (hidden,).
        visible: 'binary' or 'gaussian' visible units.

    Raises DescriptionError for a layer of more than 25 units, shapes
    that do not fit each other, NaN and infinity.

    >>> log_partition([[0.0, 0.0]], [0.0, 0.0], [0.0]).value == float(np.log(8))
    True
    """
    W, a, b = _read_machine(weights, visible_bias, hidden_bias, visible, "log_partition")
    if visible == "binary" and W.shape[1] < W.shape[0]:
        W, a, b = W.T, b, a  # a binary machine is symmetric in its layers
    n = len(b)
    if n > LARGEST:
        raise DescriptionError(
            f"log_partition: the smaller layer has {n} units, too many for a sum over 2**{n} states."
            " Use annealed_importance_sampling(...)."
        )
    total = -np.inf
    for first in range(0, 2**n, STATES_AT_ONCE):
        numbers = np.arange(first, min(first + STATES_AT_ONCE, 2**n))
        states = (numbers[:, None] >> np.arange(n)) & 1  # the bits of each number
        field = states @ W  # input to the other layer
        if visible == "binary":
            others = softplus(field + a).sum(axis=1)
        else:
            others = (field * (a + 0.5 * field)).sum(axis=1) + 0.5 * len(a) * np.log(2 * np.pi)
        total = np.logaddexp(total, np.logaddexp.reduce(states @ b + others))
    return LogPartition(float(total), 0.0)


def annealed_importance_sampling(
    weights: ArrayLike,
    visible_bias: ArrayLike,
    hidden_bias: ArrayLike,
    *,
    visible: str = "binary",
    base: ArrayLike | None = None,
    chains: int = 100,
    temperatures: int | ArrayLike = 1000,
    random_state: RandomState = None,
    verbose: bool = False,
) -> LogPartition:
    """An estimate of log Z of a restricted Boltzmann machine of any size, with its standard error.

    Chains are drawn from a machine without weights, whose Z is known, and move by Gibbs sampling through
    machines that become more and more like this one: log p_k(v) = (1 - beta_k) base'v + beta_k a'v + sum
    log(1 + exp(beta_k (W v + b))) + const, where beta_k rises from 0 to 1. The mean over chains of the
    product of p_k(v_k)/p_{k-1}(v_k) estimates the ratio of Z to the known one. The error is the standard
    error of that mean, to first order in the logarithm.

    Arguments:
        weights: W, shape (hidden, visible).
        visible_bias: a, shape (visible,).
        hidden_bias: b, shape (hidden,).
        visible: 'binary' or 'gaussian' visible units.
        base: visible biases of the machine without weights, shape (visible,). The log odds of the means of
            the data make a good base. None: `visible_bias`.
        chains: number of chains, at least 2.
        temperatures: number of steps of beta, or all beta_k themselves, rising from 0 to 1.
        random_state: seed or generator, as in scikit-learn.
        verbose: whether to show a progress bar.

    Raises DescriptionError for shapes that do not fit each other, NaN and infinity, and numbers out of range.

    Source: Salakhutdinov & Murray 2008, ICML, 872, doi:10.1145/1390156.1390266.

    >>> machine = [[0.0, 0.0]], [0.0, 0.0], [0.0]  # without weights every chain gives the exact value
    >>> estimate = annealed_importance_sampling(*machine, temperatures=10, random_state=0)
    >>> bool(np.isclose(estimate.value, np.log(8)))
    True
    """
    label = "annealed_importance_sampling"
    W, a, b = _read_machine(weights, visible_bias, hidden_bias, visible, label)
    base_bias = a if base is None else _read_finite(base, a.shape, f"{label}: base")
    chains, betas = whole(chains, f"{label}: chains", least=2), _read_betas(temperatures)
    random = np.random.default_rng(random_seed(random_state))
    shape = (chains, len(a))

    def draw(field: Floats) -> Floats:
        """Visible states from the input to the visible units."""
        if visible == "gaussian":
            return field + random.standard_normal(shape)
        return (random.random(shape) < _sigmoid(field)).astype(float)

    v = draw(np.broadcast_to(base_bias, shape))
    slope = (
        a - base_bias
    )  # of log p_k(v) by beta and v; the quadratic terms of two Gaussian machines are the same
    shift = 0.5 * (base_bias @ base_bias - a @ a) if visible == "gaussian" else 0.0
    log_weight = np.zeros(chains)
    steps = tqdm(betas[:-1], "annealing", disable=not verbose, leave=False)
    for old, new in zip(steps, betas[1:], strict=True):
        field = v @ W.T + b
        hidden = (softplus(new * field) - softplus(old * field)).sum(axis=1)
        log_weight += (new - old) * (v @ slope + shift) + hidden
        h = random.random(field.shape) < _sigmoid(new * field)
        v = draw((1 - new) * base_bias + new * (a + h @ W))
    largest = log_weight.max()
    scaled = np.exp(log_weight - largest)
    known = softplus(base_bias).sum() if visible == "binary" else 0.5 * len(a) * np.log(2 * np.pi)
    log_z = known + len(b) * np.log(2.0) + largest + np.log(scaled.mean())
    return LogPartition(float(log_z), float(scaled.std(ddof=1) / scaled.mean() / np.sqrt(chains)))


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _read_betas(temperatures: int | ArrayLike) -> Floats:
    """The inverse temperatures, from 0 to 1."""
    label = "annealed_importance_sampling: temperatures"
    if np.ndim(temperatures) == 0:
        return np.linspace(0.0, 1.0, whole(temperatures, label, least=1) + 1)
    betas = _read_finite(temperatures, np.shape(temperatures), label)
    if betas.ndim != 1 or len(betas) < 2 or betas[0] != 0 or betas[-1] != 1 or np.any(np.diff(betas) <= 0):
        raise DescriptionError(
            f"{label}: must rise from 0 to 1. Give a whole number, or betas such as np.linspace(0, 1, 1001)."
        )
    return betas


def _read_machine(
    weights: ArrayLike, visible_bias: ArrayLike, hidden_bias: ArrayLike, visible: str, label: str
) -> tuple[Floats, Floats, Floats]:
    """W, a and b in double precision, with shapes that fit each other."""
    choice(visible, KINDS, f"{label}: visible")
    W = _read_finite(weights, np.shape(weights), f"{label}: weights")
    if W.ndim != 2 or 0 in W.shape:
        raise DescriptionError(f"{label}: weights have shape {W.shape}. Give an array (hidden, visible).")
    a = _read_finite(visible_bias, W.shape[1:], f"{label}: visible_bias")
    return W, a, _read_finite(hidden_bias, W.shape[:1], f"{label}: hidden_bias")


def _read_finite(numbers: ArrayLike, shape: tuple[int, ...], label: str) -> Floats:
    array = np.asarray(numbers, dtype=float)
    if array.shape != shape:
        raise DescriptionError(
            f"{label} has shape {array.shape}, but the weights ask for {shape}. Give one number per unit."
        )
    if not np.isfinite(array).all():
        raise DescriptionError(f"{label}: contains NaN or infinity. Give finite numbers.")
    return array
