"""The inner loop of contrastive divergence: two or three matrix products and one update in place.

At the usual sizes a product takes no longer than filling new memory, than `expit`, or than random
numbers in double precision. So the buffers are made once, the sigmoid is a tanh, and random numbers
have the precision of the data. All products are scipy's: numpy has a BLAS of its own, and the threads
of the two would wait for each other's cores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

Floats = NDArray[Any]  # of float64 or float32


def sigmoid(x: Floats) -> Floats:
    """1/(1 + exp(-x)), in place; as a tanh it is vectorised and does not overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


@dataclass
class Machine:
    """What a restricted Boltzmann machine has learned, in arrays of one precision, changed in place.

    W: weights, shape (hidden, visible).
    a, b: biases of the visible and of the hidden units.
    visible: 'binary' or 'gaussian'.
    random: generator of all draws.
    chains: hidden states of the persistent chains, shape (chain, hidden); None: chains begin at the data.
    momentum: fraction of the last change that is added to the next.
    velocity: the last changes of W, a and b, if there is momentum.
    """

    W: Floats
    a: Floats
    b: Floats
    visible: str
    random: np.random.Generator
    chains: Floats | None = None
    momentum: float = 0.0
    velocity: tuple[Floats, ...] = field(default=())

    def __post_init__(self):
        # All calls are on transposes, which are contiguous in Fortran's order.
        self.gemm: Any = get_blas_funcs("gemm", (self.W,))
        if self.momentum and not self.velocity:
            self.velocity = tuple(np.zeros_like(part) for part in (self.W, self.a, self.b))

    def draw(self, p: Floats, u: Floats, out: Floats) -> None:
        """Write 1 with probability p, otherwise 0, into `out`; `u` is a buffer for random numbers."""
        self.random.random(out=u, dtype=u.dtype.type)
        np.less(u, p, out=out)

    def draw_visible(self, h: Floats, u: Floats, out: Floats) -> None:
        """Write visible states, drawn from hidden states h, into `out`; `u` is a buffer of random numbers."""
        self.gemm(1.0, self.W.T, h.T, c=out.T, overwrite_c=True)
        out += self.a
        if self.visible == "gaussian":
            out += self.random.standard_normal(out=u, dtype=u.dtype.type)
        else:
            self.draw(sigmoid(out), u, out)

    def hidden_probabilities(self, v: Floats, out: Floats) -> Floats:
        """Write P(h = 1 | v) into `out`, and return it."""
        self.gemm(1.0, self.W.T, v.T, trans_a=True, c=out.T, overwrite_c=True)
        out += self.b
        return sigmoid(out)


class ContrastiveDivergence:
    """Learning from mini-batches of up to `rows` rows; in all buffers the model's chains come first."""

    def __init__(
        self,
        machine: Machine,
        rows: int,
        *,
        steps: int,
        weight_decay: float,
        sparsity: float | None,
        sparsity_cost: float,
    ):
        """The parameters are those of `RestrictedBoltzmann`."""
        self.machine, self.steps, self.weight_decay = machine, steps, weight_decay
        self.sparsity, self.sparsity_cost = sparsity, sparsity_cost
        chains = rows if machine.chains is None else len(machine.chains)
        hidden, visible = machine.W.shape
        dtype = machine.W.dtype
        self.v = np.empty((chains + rows, visible), dtype)
        self.h = np.empty((chains + rows, hidden), dtype)
        self.u_v = np.empty((chains, visible), dtype)
        self.u_h = np.empty((chains, hidden), dtype)
        self.states = np.empty((chains, hidden), dtype)
        self.factors = np.empty(chains + rows, dtype)

    def learn(self, X: Floats, rows: NDArray[np.intp], rate: float) -> None:
        """Change the weights by rate (<h v'>_data - <h v'>_model) for the mini-batch of these rows of X."""
        m, n = self.machine, len(rows)
        chains = n if m.chains is None else len(m.chains)
        v, h, u_h = self.v[: chains + n], self.h[: chains + n], self.u_h[:chains]
        model, data = slice(0, chains), slice(chains, None)
        np.take(X, rows, axis=0, out=v[data], mode="clip")
        if m.chains is None:
            states = self.states[:chains]
            m.draw(m.hidden_probabilities(v[data], h[data]), u_h, states)
        else:
            states = m.chains
        for step in range(self.steps):
            if step:
                m.draw(m.hidden_probabilities(v[model], h[model]), u_h, states)
            m.draw_visible(states, self.u_v[:chains], v[model])
        if m.chains is None:
            m.hidden_probabilities(v[model], h[model])
        else:
            m.hidden_probabilities(v, h)  # of chains and data in one product
            m.draw(h[model], u_h, states)
        self._update(v, h, chains, n, rate)

    def _update(self, v: Floats, h: Floats, chains: int, n: int, rate: float) -> None:
        """Add the gradient, where rows of the model count -rate/chains and rows of the data rate/n."""
        m, factors = self.machine, self.factors[: chains + n]
        if self.sparsity is not None:
            push = rate * self.sparsity_cost * (self.sparsity - h[chains:].mean(axis=0))
        factors[:chains], factors[chains:] = -rate / chains, rate / n
        shrink = 1.0 - rate * self.weight_decay
        change_a, change_b = (m.gemm(1.0, part.T, factors[:, None])[:, 0] for part in (v, h))
        h *= factors[:, None]
        if m.velocity:
            V, velocity_a, velocity_b = m.velocity
            self._add_product(v, h, V, m.momentum)
            m.W *= shrink
            m.W += V
            for velocity, change, bias in ((velocity_a, change_a, m.a), (velocity_b, change_b, m.b)):
                velocity *= m.momentum
                velocity += change
                bias += velocity
        else:
            self._add_product(v, h, m.W, shrink)
            m.a += change_a
            m.b += change_b
        if self.sparsity is not None:
            m.b += push

    def _add_product(self, v: Floats, h: Floats, to: Floats, factor: float) -> None:
        """to = factor*to + h'v, by one call of BLAS that writes into `to`."""
        self.machine.gemm(1.0, v.T, h.T, beta=factor, c=to.T, trans_b=True, overwrite_c=True)
