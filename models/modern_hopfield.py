"""A modern Hopfield net: its energy is so steep around every pattern that it stores exponentially many.

Source: Demircigil, Heusel, Loewe, Upgang & Vermet 2017, J. Stat. Phys. 168, 288, doi:10.1007/s10955-017-1806-y (units of -1 and 1);
Ramsauer et al. 2020, Hopfield Networks is All You Need, arXiv:2008.02217 (units of any value, which is attention).
"""

from typing import Any

import numpy as np

import neurosim as ns


def modern_hopfield(
    patterns: Any, *, beta: float = 1.0, units: str = "continuous", start: Any = 0.0
) -> ns.Network:
    """`state` recalls `patterns`, an array X (pattern, neuron), by way of `memory`, one neuron for each pattern.

    memory = softmax(beta X state), state = X' memory with units="continuous": E = -log(sum exp(beta X s))/beta + s's/2 falls with
    every tick. With units="binary", patterns of -1 and 1, each unit takes the sign at which E = -sum exp(beta X s) is
    lower, the others as they are: state = sign(X' memory - tanh(beta) state), all units at once.

    `start` is the state to begin from; an input to `state` sets it for each trial: what is given at tick 0 is recalled from tick 1 on.

    Raises ValueError for other `units`, for a beta of 0 or below, and for binary units with patterns that are not of -1 and 1.
    """
    stored = np.asarray(patterns, dtype=float)
    if units not in ("binary", "continuous"):
        raise ValueError(f"modern_hopfield: units {units!r} are not known. Use 'binary' or 'continuous'.")
    if not beta > 0:
        raise ValueError(
            f"modern_hopfield: beta {beta!r} is not above 0. Give the inverse of a temperature, such as 1."
        )
    if units == "binary" and not np.all(np.abs(stored) == 1):
        raise ValueError(
            "modern_hopfield: binary units take patterns of -1 and 1. Give such, or units='continuous'."
        )
    memory = ns.Neurons("memory", stored.shape[0], update="p = softmax(beta*I)", beta=beta)
    # A unit leaves its own part out of X s. As it is x_i s_i = 1 or -1, that is a factor exp(-beta x_i s_i) = cosh - x_i s_i sinh of each exp.
    alone = (
        {"update": "s = where(I == own*s, s, sign(I - own*s))", "own": np.tanh(beta)}
        if units == "binary"
        else {"update": "s = I"}
    )
    state = ns.Neurons("state", stored.shape[1], s=start, **alone)
    up = ns.Synapses(state, memory, weight=stored)
    return ns.Network(up, ns.Synapses(memory, state, weight=up.T), schedule=ns.Alternating([memory], [state]))


def example() -> dict[str, Any]:
    """Ten digits, one of each, are stored with the grey of their pixels; their upper halves are completed."""
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
