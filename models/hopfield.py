"""A Hopfield network: patterns are minima of an energy that each update lowers.

Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554; with temperature: Amit, Gutfreund &
Sompolinsky 1985, Phys. Rev. A 32, 1007, doi:10.1103/PhysRevA.32.1007; all units at once: Little 1974, Math.
Biosci. 19, 101, doi:10.1016/0025-5564(74)90031-5.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells


def hopfield(
    patterns: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    threshold: ArrayLike = 0.0,
    temperature: float = 0.0,
    update: str = "asynchronous",
    start: ArrayLike = -1.0,
) -> ns.Network:
    """An associative memory: units of -1 and 1 that recall stored patterns.

    The population `cells`: s = sign(W s - threshold), one unit at a time in random order, or all at once. At
    a temperature T above 0 a unit is 1 with probability 1/(1 + exp(-2 (W s - threshold)/T)). One at a time,
    at T = 0 and with a symmetric W of diagonal 0, the energy -s' W s/2 + threshold' s never rises. An input
    to `cells` sets the state for each trial.

    Arguments:
        patterns: the patterns to store, of -1 and 1, shape (pattern, neuron), by Hebb's rule: W = (1/N) sum x
            x' without its diagonal.
        weights: W itself, shape (post, pre), instead of patterns, such as `neurosim.learn.storkey(patterns)`.
        threshold: one number or one per unit.
        temperature: T, at least 0.
        update: 'asynchronous' (one unit at a time) or 'synchronous' (all at once).
        start: the state at the beginning, one number or one per unit; ns.run(..., start={"cells.s": probe},
            until="stable") gives another.

    Raises DescriptionError for another `update`, a temperature below 0, and unless exactly one of patterns
    and weights is given.

    >>> net = hopfield([[1, 1, -1, -1]], start=[1, -1, -1, -1])
    >>> ns.run(net, ticks=3, record=["cells.s"])["cells.s"][-1].tolist()
    [1.0, 1.0, -1.0, -1.0]
    """
    if (patterns is None) == (weights is None):
        raise ns.DescriptionError(
            "hopfield: give either patterns (pattern, neuron), which Hebb's rule stores, or weights (post, "
            "pre)."
        )
    if update not in ("asynchronous", "synchronous"):
        raise ns.DescriptionError(
            f"hopfield: update {update!r} is not known. Use 'asynchronous' or 'synchronous'."
        )
    if not temperature >= 0:
        raise ns.DescriptionError(
            f"hopfield: temperature {temperature!r} is not a number of 0 or more. "
            "Use 0 for units without chance."
        )
    if weights is None:
        weight, size = ns.hebbian(patterns), np.shape(patterns)[1]
    else:
        weight, size = np.asarray(weights, dtype=float), np.shape(weights)[1]
    if temperature:
        units = cells.glauber_binary("cells", size, s=start, theta=threshold, T=float(temperature))
    else:
        units = cells.threshold_binary("cells", size, s=start, theta=threshold)
    # A matrix has a diagonal of its own; Hebb's rule leaves it out.
    wiring = ns.all_to_all(to_self=weights is not None)
    if update == "synchronous":
        synapses = ns.Synapses(units, units, wiring=wiring, weight=weight, delay=1)
        return ns.Network(synapses, schedule=ns.Synchronous())
    return ns.Network(ns.Synapses(units, units, wiring=wiring, weight=weight), schedule=ns.Asynchronous())


def example() -> dict[str, Any]:
    """Three digits are stored; the zero, with a quarter of its pixels flipped, is recalled."""
    from sklearn.datasets import load_digits

    patterns = np.where(load_digits().data[[0, 1, 7]] > 8, 1, -1)
    probe = patterns[0] * np.where(np.random.default_rng(0).random(64) < 0.25, -1, 1)
    return {"net": hopfield(patterns, start=probe), "ticks": 6, "record": ["cells.s"], "seed": 1}
