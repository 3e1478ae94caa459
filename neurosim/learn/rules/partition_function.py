"""How likely a restricted Boltzmann machine holds its data to be: free energies, and the partition function that they lack.

The machine: p(v) = exp(-F(v))/Z, with weights W (hidden, visible), visible bias a and hidden bias b. Everything here is in double and in nats.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from tqdm import tqdm

from neurosim.errors import DescriptionError
from neurosim.network.values import choice, whole

KINDS = ("binary", "gaussian")
LARGEST = 25  # units of the smaller layer that are summed over exactly: 33 million states
ROWS = 2**12  # states at a time


class LogPartition(NamedTuple):
    """log Z in nats, and the standard error of that estimate; 0 for an exact sum."""

    value: float
    error: float


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def free_energy(
    V: Any, weights: Any, visible_bias: Any, hidden_bias: Any, *, visible: str = "binary"
) -> np.ndarray:
    """F(v), the energy of visible states once the hidden units are summed out, shape (sample,).

    Binary: F(v) = -a'v - sum log(1 + exp(W v + b)). Gaussian: the first term is |v - a|^2/2 instead.

    Arguments:
        V: visible states, (sample, visible).
        weights: (hidden, visible). visible_bias: (visible,). hidden_bias: (hidden,).
        visible: 'binary' or 'gaussian'.

    Source: Hinton 2012, A practical guide to training restricted Boltzmann machines, doi:10.1007/978-3-642-35289-8_32, section 16.1.
    """
    W, a, b = _machine(weights, visible_bias, hidden_bias, visible, "free_energy")
    V = np.asarray(V, dtype=float)
    hidden = softplus(V @ W.T + b).sum(axis=1)
    return (-V @ a if visible == "binary" else 0.5 * ((V - a) ** 2).sum(axis=1)) - hidden


def log_partition(
    weights: Any, visible_bias: Any, hidden_bias: Any, *, visible: str = "binary"
) -> LogPartition:
    """log Z, exactly: a sum over all states of the smaller layer (Gaussian visible units: of the hidden one), the other summed out by formula.

    Arguments as in `free_energy`. Raises ValueError where that layer has more than 25 units.

    >>> log_partition([[0.0, 0.0]], [0.0, 0.0], [0.0]).value == float(np.log(8))
    True
    """
    W, a, b = _machine(weights, visible_bias, hidden_bias, visible, "log_partition")
    swap = visible == "binary" and W.shape[1] < W.shape[0]
    if swap:
        W, a, b = W.T, b, a
    n = len(b)
    if n > LARGEST:
        raise DescriptionError(
            f"log_partition: the smaller layer has {n} units, too many for a sum over 2**{n} states. Use annealed_importance_sampling(...)."
        )
    total = -np.inf
    for first in range(0, 2**n, ROWS):
        states = (np.arange(first, min(first + ROWS, 2**n))[:, None] >> np.arange(n)) & 1
        field = states @ W  # of the layer that is summed out
        if visible == "binary":
            others = softplus(field + a).sum(axis=1)
        else:
            others = (field * (a + 0.5 * field)).sum(axis=1) + 0.5 * len(a) * np.log(2 * np.pi)
        total = np.logaddexp(total, np.logaddexp.reduce(states @ b + others))
    return LogPartition(float(total), 0.0)


def annealed_importance_sampling(
    weights: Any,
    visible_bias: Any,
    hidden_bias: Any,
    *,
    visible: str = "binary",
    base: Any = None,
    chains: int = 100,
    temperatures: Any = 1000,
    random_state: Any = None,
    verbose: bool = False,
) -> LogPartition:
    """An estimate of log Z for machines of any size, with its standard error.

    Chains are drawn from a machine without weights, whose Z is known, and moved by Gibbs sampling through machines ever more
    like this one: log p_k(v) = (1 - beta_k) base'v + beta_k a'v + sum log(1 + exp(beta_k (W v + b))) + const. The mean over chains of
    prod p_k(v_k)/p_{k-1}(v_k) is Z over the known one; the error is that mean's, to first order in the logarithm.

    Arguments:
        weights, visible_bias, hidden_bias, visible: as in `free_energy`.
        base: visible bias of the machine without weights, (visible,); the log odds of the data's means do well; default: `visible_bias`.
        chains: how many. temperatures: how many steps from beta 0 to 1, or their betas, rising from 0 to 1.
        random_state: as in scikit-learn. verbose: show a progress bar.

    Source: Salakhutdinov & Murray 2008, ICML, 872, doi:10.1145/1390156.1390266.
    """
    where = "annealed_importance_sampling"
    W, a, b = _machine(weights, visible_bias, hidden_bias, visible, where)
    base = a if base is None else _finite(base, a.shape, f"{where}: base")
    chains, betas = whole(chains, f"{where}: chains", least=2), _betas(temperatures)
    numbers: Any = check_random_state(random_state)
    random = np.random.default_rng(numbers.randint(2**31))
    shape = (chains, len(a))

    def draw(mean: np.ndarray) -> np.ndarray:
        """Visible units from the input that they get."""
        if visible == "gaussian":
            return mean + random.standard_normal(shape)
        return (random.random(shape) < _sigmoid(mean)).astype(float)

    v = draw(np.broadcast_to(base, shape))
    slope = a - base  # of log p_k(v) in beta and v; both Gaussian quadratic terms share -|v|^2/2
    shift = 0.5 * (base @ base - a @ a) if visible == "gaussian" else 0.0
    log_weight = np.zeros(chains)
    for old, new in zip(
        tqdm(betas[:-1], "annealing", disable=not verbose, leave=False), betas[1:], strict=True
    ):
        field = v @ W.T + b
        log_weight += (new - old) * (v @ slope + shift) + (softplus(new * field) - softplus(old * field)).sum(
            axis=1
        )
        h = random.random(field.shape) < _sigmoid(new * field)
        v = draw((1 - new) * base + new * (a + h @ W))
    top = log_weight.max()
    scaled = np.exp(log_weight - top)
    known = softplus(base).sum() if visible == "binary" else 0.5 * len(a) * np.log(2 * np.pi)
    log_z = known + len(b) * np.log(2.0) + top + np.log(scaled.mean())
    return LogPartition(float(log_z), float(scaled.std(ddof=1) / scaled.mean() / np.sqrt(chains)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _betas(given: Any) -> np.ndarray:
    """The inverse temperatures, from 0 to 1."""
    where = "annealed_importance_sampling: temperatures"
    if np.ndim(given) == 0:
        return np.linspace(0.0, 1.0, whole(given, where, least=1) + 1)
    betas = _finite(given, np.shape(given), where)
    if betas.ndim != 1 or len(betas) < 2 or betas[0] != 0 or betas[-1] != 1 or np.any(np.diff(betas) <= 0):
        raise DescriptionError(
            f"{where}: must rise from 0 to 1. Give a whole number, or betas such as np.linspace(0, 1, 1001)."
        )
    return betas


def _machine(
    weights: Any, visible_bias: Any, hidden_bias: Any, visible: Any, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W, a and b in double, once their shapes fit each other."""
    choice(visible, KINDS, f"{where}: visible")
    W = _finite(weights, np.shape(weights), f"{where}: weights")
    if W.ndim != 2 or 0 in W.shape:
        raise DescriptionError(f"{where}: weights have shape {W.shape}. Give an array (hidden, visible).")
    return (
        W,
        _finite(visible_bias, W.shape[1:], f"{where}: visible_bias"),
        _finite(hidden_bias, W.shape[:1], f"{where}: hidden_bias"),
    )


def _finite(given: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    array = np.asarray(given, dtype=float)
    if array.shape != shape:
        raise DescriptionError(
            f"{where} has shape {array.shape}, but the weights ask for {shape}. Give one number per unit."
        )
    if not np.isfinite(array).all():
        raise DescriptionError(f"{where}: contains NaN or infinity. Give finite numbers.")
    return array
