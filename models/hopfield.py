"""A Hopfield net: patterns are minima of an energy that each update lowers.

Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def hopfield(patterns: Any, *, start: Any = -1.0) -> ns.Network:
    """Units `cells` of -1 and 1 that recall `patterns`, an array (pattern, neuron) of -1 and 1.

    s = sign(W s) in a fair random order, W = (1/N) sum x x' without its diagonal; the energy -s' W s/2 never rises. `start` is
    the state to begin from; ns.run(..., start={"cells.s": probe}, until="stable") gives another.
    """
    stored = np.asarray(patterns)
    units = cells.threshold_binary("cells", stored.shape[1], s=start)
    wiring = ns.all_to_all(to_self=False)
    return ns.Network(ns.Synapses(units, units, wiring=wiring, weight=ns.hebbian(stored)), schedule=ns.Asynchronous())


def example() -> dict[str, Any]:
    """Three digits are stored; the zero, a quarter of its pixels flipped, is recalled."""
    from sklearn.datasets import load_digits

    patterns = np.where(load_digits().data[[0, 1, 7]] > 8, 1, -1)
    probe = patterns[0] * np.where(np.random.default_rng(0).random(64) < 0.25, -1, 1)
    return {"net": hopfield(patterns, start=probe), "ticks": 6, "record": ["cells.s"], "seed": 1}
