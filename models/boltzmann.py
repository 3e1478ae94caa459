"""A Boltzmann machine: binary units that visit each joint state as often as its energy allows.

Source: Ackley, Hinton & Sejnowski 1985, Cognitive Science 9, 147, doi:10.1207/s15516709cog0901_7.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells


def boltzmann(
    weights: ArrayLike,
    biases: ArrayLike = 0.0,
    *,
    temperature: float | None = 1.0,
    connections: ArrayLike | None = None,
) -> ns.Network:
    """A Boltzmann machine: symmetrically coupled units of 0 and 1, updated one at a time in random order.

    The population `units`. In the long run P(s) ~ exp((s' W s/2 + b' s)/T). An input to `units` clamps them;
    NaN leaves a unit free. The weights learn.

    Arguments:
        weights: W, symmetric with diagonal 0, shape (unit, unit).
        biases: b, one number or one per unit.
        temperature: T, above 0. None adds a driven population `temperature` of one neuron, whose input is T
            at each tick, for annealing.
        connections: a symmetric array of truth values, shape (unit, unit): there are synapses only where it
            is True; default: between all units.

    Raises DescriptionError for weights that are not symmetric with diagonal 0, as no such distribution exists
    then, and for weights other than 0 where there is no connection.

    >>> boltzmann([[0.0, 1.0], [1.0, 0.0]])["units"].shape
    (2,)
    """
    weights = np.asarray(weights, dtype=float)
    if not np.array_equal(weights, weights.T) or np.any(np.diag(weights)):
        raise ns.DescriptionError(
            f"boltzmann: weights of shape {weights.shape} must be symmetric with diagonal 0. "
            "Use (w + w.T)/2 and np.fill_diagonal(w, 0)."
        )
    if connections is not None and (
        np.shape(connections) != weights.shape or np.any(weights[~np.asarray(connections, dtype=bool)])
    ):
        raise ns.DescriptionError(
            f"boltzmann: connections of shape {np.shape(connections)} must have the shape {weights.shape} "
            "and be True wherever weights are not 0. Use weights*connections."
        )
    driven = temperature is None
    constants = {} if driven else {"T": temperature}
    units = cells.stochastic_binary("units", len(weights), b=biases, driven_temperature=driven, **constants)
    joined: dict[str, Any] = {"weight": weights}
    if connections is not None:
        post, pre = np.nonzero(connections)
        joined = {"wiring": ns.pairs(pre, post), "weight": weights[post, pre]}
    synapses = [ns.Synapses(units, units, to="I", learns=True, **joined)]
    if driven:
        synapses.append(ns.Synapses(ns.Neurons("temperature", 1), units, to="T"))
    return ns.Network(synapses, schedule=ns.Asynchronous())


def example() -> dict[str, Any]:
    """Eight units cool down from temperature 4 to 0.2 in 60 sweeps, four times over."""
    w = np.random.default_rng(0).normal(0.0, 1.0, (8, 8))
    weights = np.triu(w, 1) + np.triu(w, 1).T
    cooling = np.broadcast_to(np.geomspace(4.0, 0.2, 60)[:, None], (4, 60, 1))
    return {
        "net": boltzmann(weights, temperature=None),
        "inputs": {"temperature": cooling},
        "record": ["units"],
        "seed": 1,
    }
