"""A continuous Hopfield network: graded neurons, whose potentials follow a differential equation.

Source: Hopfield 1984, PNAS 81, 3088, doi:10.1073/pnas.81.10.3088; for optimization: Hopfield & Tank 1985,
Biol. Cybern. 52, 141, doi:10.1007/BF00339943.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.units import ms


def continuous_hopfield(
    weights: ArrayLike, *, current: ArrayLike = 0.0, gain: float = 1.0, start: ArrayLike = 0.0
) -> ns.Network:
    """Graded neurons, symmetrically coupled, whose energy falls until nothing moves.

    The population `cells` of potentials u, which send V = tanh(gain u): tau du/dt = -u + W V + current, with
    tau = 10 ms, in steps of 0.1 ms. The energy E = -V' W V/2 - current' V + sum of the integrals of
    arctanh(v)/gain from 0 to V falls until nothing moves. At a high gain its minima are near corners, V = -1
    or 1, and are those of a network of two-valued units.

    Arguments:
        weights: W, symmetric, shape (post, pre).
        current: the constant input, one number or one per cell.
        gain: the slope of V at u = 0, above 0.
        start: the potentials u at the beginning, one number or one per cell; ns.run(..., start={"cells.u":
            u}) gives others.

    Raises DescriptionError for weights that are not symmetric and for a gain of 0 or below.

    >>> continuous_hopfield([[0.0, 1.0], [1.0, 0.0]], gain=2.0)["cells"].shape
    (2,)
    """
    weights = np.asarray(weights, dtype=float)
    if not np.array_equal(weights, weights.T):
        raise ns.DescriptionError(
            f"continuous_hopfield: weights of shape {weights.shape} must be symmetric. Use (w + w.T)/2."
        )
    if not gain > 0:
        raise ns.DescriptionError(
            f"continuous_hopfield: gain {gain!r} is not above 0. "
            "Give the slope of tanh(gain u) at 0, such as 1."
        )
    cells = ns.Neurons(
        "cells", len(weights),
        equations="""du/dt = (-u + I + current)/tau : 1
                     V = tanh(gain*u) : 1""",
        sends="V", method="exact", tau=10 * ms, gain=gain, current=current, u=start,
    )  # fmt: skip
    return ns.Network(ns.Synapses(cells, cells, weight=weights), schedule=ns.Clock(0.1 * ms))


def example() -> dict[str, Any]:
    """The largest cut of a graph of 12 nodes: cells at both ends of an edge repel each other."""
    edges = np.triu(np.random.default_rng(0).random((12, 12)) < 0.4, 1).astype(float)
    start = np.random.default_rng(1).uniform(-0.01, 0.01, 12)
    return {
        "net": continuous_hopfield(-(edges + edges.T), gain=5.0, start=start),
        "ticks": 1500,
        "record": {"cells.V": 50},
        "seed": 1,
    }
