"""A continuous Hopfield net: graded neurons, whose voltages follow a differential equation downhill in energy.

Source: Hopfield 1984, PNAS 81, 3088, doi:10.1073/pnas.81.10.3088; for optimisation: Hopfield & Tank 1985, Biol. Cybern. 52, 141,
doi:10.1007/BF00339943.
"""

from typing import Any

import numpy as np

import neurosim as ns


def continuous_hopfield(
    weights: Any, *, current: Any = 0.0, gain: float = 1.0, start: Any = 0.0
) -> ns.Network:
    """`cells` of potential u that send V = tanh(gain u), joined by the symmetric array `weights` (post, pre).

    tau du/dt = -u + W V + current, with tau = 10 ms, in steps of 0.1 ms. E = -V' W V/2 - current' V + sum of the integrals of
    arctanh(v)/gain from 0 to V falls until nothing moves. At high gain the minima lie near corners, V = -1 or 1, and are those of a net of
    two states.

    `current` is one number or one for each cell, `start` the potentials to begin from; ns.run(..., start={"cells.u": u}) gives others.

    Raises ValueError for weights that are not symmetric and for a gain of 0 or below.
    """
    from neurosim.units import ms

    weights = np.asarray(weights, dtype=float)
    if not np.array_equal(weights, weights.T):
        raise ValueError(
            f"continuous_hopfield: weights of shape {weights.shape} must be symmetric. Use (w + w.T)/2."
        )
    if not gain > 0:
        raise ValueError(
            f"continuous_hopfield: gain {gain!r} is not above 0. Give the slope of tanh(gain u) at 0, such as 1."
        )
    cells = ns.Neurons(
        "cells", len(weights),
        equations="""du/dt = (-u + I + current)/tau : 1
                     V = tanh(gain*u) : 1""",
        sends="V", method="exact", tau=10 * ms, gain=gain, current=current, u=start,
    )  # fmt: skip
    return ns.Network(ns.Synapses(cells, cells, weight=weights), schedule=ns.Clock(0.1 * ms))


def example() -> dict[str, Any]:
    """The largest cut of a graph of 12 nodes: cells at both ends of an edge push each other apart, from near 0 on."""
    edges = np.triu(np.random.default_rng(0).random((12, 12)) < 0.4, 1).astype(float)
    start = np.random.default_rng(1).uniform(-0.01, 0.01, 12)
    return {
        "net": continuous_hopfield(-(edges + edges.T), gain=5.0, start=start),
        "ticks": 1500,
        "record": {"cells.V": 50},
        "seed": 1,
    }
