"""A Hopfield net: patterns are minima of an energy that each update lowers.

Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554; with temperature: Amit, Gutfreund & Sompolinsky 1985, Phys. Rev. A
32, 1007, doi:10.1103/PhysRevA.32.1007; all units at once: Little 1974, Math. Biosci. 19, 101, doi:10.1016/0025-5564(74)90031-5.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def hopfield(
    patterns: Any = None,
    *,
    weights: Any = None,
    threshold: Any = 0.0,
    temperature: float = 0.0,
    update: str = "asynchronous",
    start: Any = -1.0,
) -> ns.Network:
    """Units `cells` of -1 and 1 that recall `patterns`, an array (pattern, neuron) of -1 and 1, or follow `weights` (post, pre).

    s = sign(W s - threshold), one unit at a time in a fair random order, or all at once with update="synchronous". W is
    (1/N) sum x x' without its diagonal; `weights` may be of another rule, such as `neurosim.learn.storkey(patterns)`. At a
    `temperature` T above 0 a unit is 1 with probability 1/(1 + exp(-2 (W s - threshold)/T)).

    One at a time, at T = 0 and with symmetric W of diagonal 0, the energy -s' W s/2 + threshold' s never rises. `start` is the state to
    begin from; ns.run(..., start={"cells.s": probe}, until="stable") gives another, and an input to `cells` sets it for each trial.

    Raises ValueError for an `update` that is neither, a temperature below 0, and unless just one of patterns and weights is given.
    """
    if (patterns is None) == (weights is None):
        raise ValueError(
            "hopfield: give either patterns (pattern, neuron), which Hebb's rule stores, or weights (post, pre)."
        )
    if update not in ("asynchronous", "synchronous"):
        raise ValueError(f"hopfield: update {update!r} is not known. Use 'asynchronous' or 'synchronous'.")
    if not temperature >= 0:
        raise ValueError(
            f"hopfield: temperature {temperature!r} is not a number of 0 or more. Use 0 for units without chance."
        )
    given = ns.hebbian(patterns) if weights is None else np.asarray(weights, dtype=float)
    size = np.shape(patterns if weights is None else weights)[1]
    cell, heat = (
        (cells.glauber_binary, {"T": float(temperature)}) if temperature else (cells.threshold_binary, {})
    )
    units = cell("cells", size, s=start, theta=threshold, **heat)
    wiring = ns.all_to_all(to_self=weights is not None)  # weights that are given have a diagonal of their own
    if update == "synchronous":
        return ns.Network(
            ns.Synapses(units, units, wiring=wiring, weight=given, delay=1), schedule=ns.Synchronous()
        )
    return ns.Network(ns.Synapses(units, units, wiring=wiring, weight=given), schedule=ns.Asynchronous())


def example() -> dict[str, Any]:
    """Three digits are stored; the zero, a quarter of its pixels flipped, is recalled."""
    from sklearn.datasets import load_digits

    patterns = np.where(load_digits().data[[0, 1, 7]] > 8, 1, -1)
    probe = patterns[0] * np.where(np.random.default_rng(0).random(64) < 0.25, -1, 1)
    return {"net": hopfield(patterns, start=probe), "ticks": 6, "record": ["cells.s"], "seed": 1}
