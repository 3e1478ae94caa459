"""Recalls of a modern Hopfield network as products of matrices, for many rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Rows times patterns that are computed at once, 8 MB. One thread is a tenth faster with a quarter of it, but
# in smaller products several threads wait for each other longer than they compute.
SCORES = 2**20
Settle = Callable[[Floats, Floats], Floats]
"""From what the memory sends to the units, and their states, to their new states."""


def as_arrived(arrived: Floats, states: Floats) -> Floats:
    """Continuous units: the state is what arrives."""
    return arrived


def signs(own: float) -> Settle:
    """Binary units: the sign of what arrives without a unit's own part, `own` times its state."""

    def settle(arrived: Floats, states: Floats) -> Floats:
        others = arrived - own * states
        return np.where(others == 0, states, np.sign(others))

    return settle


def recall(patterns: Floats, states: Floats, beta: float, settle: Settle, steps: int) -> tuple[Floats, bool]:
    """States after up to `steps` updates s = settle(X' softmax(beta X s), s), and whether all have settled.

    A row that an update does not change has settled, and is left out of further ones.

    patterns: X, shape (pattern, neuron).
    states: where each recall begins, shape (sample, neuron).
    """
    found = states.copy()
    length = max(1, SCORES // len(patterns))
    scores = np.empty((length, len(patterns)))
    settled = True
    for first in range(0, len(found), length):
        part = found[first : first + length]
        moving = np.arange(len(part))
        for _ in range(steps):
            old = part[moving]
            new = settle(_arriving(patterns, old, beta, scores[: len(old)]), old)
            part[moving] = new
            moving = moving[(new != old).any(axis=1)]
            if not moving.size:
                break
        settled = settled and not moving.size
    return found, settled


def _arriving(patterns: Floats, states: Floats, beta: float, scores: Floats) -> Floats:
    """X' softmax(beta X s) for each row s of the states; `scores` is a buffer."""
    np.matmul(beta * states, patterns.T, out=scores)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return scores @ patterns / scores.sum(axis=1, keepdims=True)
