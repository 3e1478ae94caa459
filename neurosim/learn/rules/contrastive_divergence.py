"""The inner loop of contrastive divergence: a mini-batch is three or two matrix products and one in-place update, in buffers made once.

At these sizes a product takes no longer than filling new memory, `expit`, or random numbers in double: hence buffers, tanh and float32.
All products go through scipy's BLAS: numpy has one of its own, and the threads of the two would wait for each other's cores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1/(1 + exp(-x)) in place: by tanh, which is vectorised and does not overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


@dataclass
class Machine:
    """What is learned: weights (hidden, visible), biases, their last changes, and the hidden states of chains that live on.

    All arrays are changed in place and are of one precision.
    """

    W: np.ndarray
    a: np.ndarray
    b: np.ndarray
    visible: str
    random: np.random.Generator
    chains: np.ndarray | None = None
    momentum: float = 0.0
    velocity: tuple[np.ndarray, ...] = field(default=())

    def __post_init__(self):
        self.product: Any = get_blas_funcs(
            "gemm", (self.W,)
        )  # on transposes, which are what Fortran calls contiguous
        if self.momentum and not self.velocity:
            self.velocity = tuple(np.zeros_like(part) for part in (self.W, self.a, self.b))

    def draw(self, p: np.ndarray, u: np.ndarray, out: np.ndarray) -> None:
        """1 with probability p, else 0; `u` is overwritten."""
        self.random.random(out=u, dtype=u.dtype.type)
        np.less(u, p, out=out)

    def see(self, h: np.ndarray, u: np.ndarray, out: np.ndarray) -> None:
        """Draw visible from hidden states."""
        self.product(1.0, self.W.T, h.T, c=out.T, overwrite_c=True)
        out += self.a
        if self.visible == "gaussian":
            out += self.random.standard_normal(out=u, dtype=u.dtype.type)
        else:
            self.draw(sigmoid(out), u, out)

    def hide(self, v: np.ndarray, out: np.ndarray) -> np.ndarray:
        """P(hidden = 1) from visible states."""
        self.product(1.0, self.W.T, v.T, trans_a=True, c=out.T, overwrite_c=True)
        out += self.b
        return sigmoid(out)


class ContrastiveDivergence:
    """Steps of learning by mini-batches of up to `rows` rows; chains of the model stand before the data in all buffers."""

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
        self.machine, self.steps, self.weight_decay = machine, steps, weight_decay
        self.sparsity, self.sparsity_cost = sparsity, sparsity_cost
        chains = rows if machine.chains is None else len(machine.chains)
        hidden, visible = machine.W.shape
        make = lambda *shape: np.empty(shape, machine.W.dtype)  # noqa: E731
        self.v, self.h = make(chains + rows, visible), make(chains + rows, hidden)
        self.u_v, self.u_h, self.states, self.signs = (
            make(chains, visible),
            make(chains, hidden),
            make(chains, hidden),
            make(chains + rows),
        )

    def learn(self, X: np.ndarray, rows: np.ndarray, rate: float) -> None:
        """Move the weights by one mini-batch: rate * (<h v'>_data - <h v'>_model)."""
        m, n = self.machine, len(rows)
        chains = n if m.chains is None else len(m.chains)
        v, h, u_h = self.v[: chains + n], self.h[: chains + n], self.u_h[:chains]
        model, data = slice(0, chains), slice(chains, None)
        np.take(X, rows, axis=0, out=v[data], mode="clip")
        if m.chains is None:
            states = self.states[:chains]
            m.draw(m.hide(v[data], h[data]), u_h, states)
        else:
            states = m.chains
        for step in range(self.steps):
            if step:
                m.draw(m.hide(v[model], h[model]), u_h, states)
            m.see(states, self.u_v[:chains], v[model])
        if m.chains is None:
            m.hide(v[model], h[model])
        else:
            m.hide(v, h)  # of chains and data at once
            m.draw(h[model], u_h, states)
        self._move(v, h, chains, n, rate)

    def _move(self, v: np.ndarray, h: np.ndarray, chains: int, n: int, rate: float) -> None:
        m, signs = self.machine, self.signs[: chains + n]
        if self.sparsity is not None:
            push = rate * self.sparsity_cost * (self.sparsity - h[chains:].mean(axis=0))
        signs[:chains], signs[chains:] = -rate / chains, rate / n
        shrink = 1.0 - rate * self.weight_decay
        change_a, change_b = (m.product(1.0, part.T, signs[:, None])[:, 0] for part in (v, h))
        h *= signs[:, None]
        if m.velocity:
            V, v_a, v_b = m.velocity
            self._add(v, h, V, m.momentum)
            m.W *= shrink
            m.W += V
            for speed, change, bias in ((v_a, change_a, m.a), (v_b, change_b, m.b)):
                speed *= m.momentum
                speed += change
                bias += speed
        else:
            self._add(v, h, m.W, shrink)
            m.a += change_a
            m.b += change_b
        if self.sparsity is not None:
            m.b += push

    def _add(self, v: np.ndarray, h: np.ndarray, to: np.ndarray, keep: float) -> None:
        """to = keep*to + h'v, by one call of BLAS that writes into `to`."""
        self.machine.product(1.0, v.T, h.T, beta=keep, c=to.T, trans_b=True, overwrite_c=True)
