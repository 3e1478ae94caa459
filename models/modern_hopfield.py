"""A modern Hopfield network: its energy is so steep around every pattern that it stores exponentially many.

Source: Demircigil, Heusel, Loewe, Upgang & Vermet 2017, J. Stat. Phys. 168, 288,
doi:10.1007/s10955-017-1806-y (units of -1 and 1); Ramsauer et al. 2020, Hopfield Networks is All You Need,
arXiv:2008.02217 (units of any value, which is attention).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns


def modern_hopfield(
    patterns: ArrayLike, *, beta: float = 1.0, units: str = "continuous", start: ArrayLike = 0.0
) -> ns.Network:
    """An associative memory with one hidden unit per pattern: `state` <-> `memory`.

    memory = softmax(beta X state), state = X' memory with continuous units: the energy E = -log(sum exp(beta
    X s))/beta + s's/2 falls with every tick. With binary units and patterns of -1 and 1, each unit takes the
    sign at which E = -sum exp(beta X s) is lower, given the others: state = sign(X' memory - tanh(beta)
    state), all units at once.

    An input to `state` sets the state for each trial: what is given at tick 0 is recalled from tick 1 on.

    Arguments:
        patterns: X, shape (pattern, neuron).
        beta: the inverse temperature, above 0.
        units: "continuous" or "binary".
        start: the state at the beginning, one number or one per unit.

    Raises DescriptionError for other `units`, a beta of 0 or below, and binary units with patterns that are
    not of -1 and 1.

    >>> modern_hopfield([[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])["memory"].shape
    (2,)
    """
    stored = np.asarray(patterns, dtype=float)
    if units not in ("binary", "continuous"):
        raise ns.DescriptionError(
            f"modern_hopfield: units {units!r} are not known. Use 'binary' or 'continuous'."
        )
    if not beta > 0:
        raise ns.DescriptionError(
            f"modern_hopfield: beta {beta!r} is not above 0. Give the inverse of a temperature, such as 1."
        )
    if units == "binary" and not np.all(np.abs(stored) == 1):
        raise ns.DescriptionError(
            "modern_hopfield: binary units take patterns of -1 and 1. Give such, or units='continuous'."
        )
    memory = ns.Neurons("memory", stored.shape[0], update="p = softmax(beta*I)", beta=beta)
    if units == "binary":
        # A unit leaves its own part out of X s. As x_i s_i = 1 or -1, this part is a factor of each
        # exponential, exp(-beta x_i s_i) = cosh(beta) - x_i s_i sinh(beta), which is proportional to 1 - x_i
        # s_i tanh(beta).
        text, own = "s = where(I == own*s, s, sign(I - own*s))", np.tanh(beta)
        state = ns.Neurons("state", stored.shape[1], s=start, update=text, own=own)
    else:
        state = ns.Neurons("state", stored.shape[1], s=start, update="s = I")
    up = ns.Synapses(state, memory, weight=stored)
    return ns.Network(up, ns.Synapses(memory, state, weight=up.T), schedule=ns.Alternating([memory], [state]))


def example() -> dict[str, Any]:
    """Ten digits, one of each, are stored in grey values; their upper halves are completed."""
    from sklearn.datasets import load_digits

    patterns = load_digits().data[:10] / 8.0 - 1.0
    shown = np.full((10, 4, 64), np.nan)
    shown[:, 0] = np.where(np.arange(64) < 32, patterns, 0.0)
    return {
        "net": modern_hopfield(patterns),
        "inputs": {"state": shown},
        "record": ["memory", "state"],
        "seed": 1,
    }
