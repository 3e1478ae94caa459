"""Boltzmann machine: 1000 units of 0 and 1, all joined, weights N(0, 1/N), no biases, temperature 1, one
update at a time in random order.

No package at hand samples this one unit by unit, so a plain numpy loop stands beside it.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run
from clocks import slope


def weights(n: int) -> np.ndarray:
    """Symmetric, diagonal 0."""
    w = np.triu(np.random.default_rng(0).normal(0.0, n**-0.5, (n, n)), 1)
    return w + w.T


def neurosim(n: int, sweeps: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.boltzmann import boltzmann

    net = boltzmann(weights(n))
    per_sweep, recording = slope(
        lambda ticks: ns.run(net, ticks=ticks, record=["units"], seed=seed, engine=engine, progress=False),
        max(1, sweeps // 10),
        sweeps,
    )
    states = recording["units"]
    return {"update": per_sweep / n * 1e6, "on": float(states[len(states) // 10 :].mean())}


def plain_numpy(n: int, sweeps: int, seed: int) -> dict[str, Any]:
    """A plain loop: a row of the weights times the state for each update."""
    W, random, sweeps = weights(n), np.random.default_rng(seed), max(1, sweeps // 20)
    s, on = np.zeros(n), 0.0
    begin = perf_counter()
    for sweep in range(sweeps):
        chance = random.random(n)
        for i in random.permutation(n):
            s[i] = chance[i] < 1 / (1 + np.exp(-(W[i] @ s)))
        on += s.mean() if sweep >= sweeps // 10 else 0.0
    return {"update": (perf_counter() - begin) / sweeps / n * 1e6, "on": on / (sweeps - sweeps // 10)}


BENCHMARKS = (
    Benchmark(
        "boltzmann",
        "Boltzmann machine, 1000 neurons, dense, T = 1",
        "at most 0.6 microseconds per update of a neuron",
        "Microseconds per update in double, one trial, every state kept; "
        "neurosim's is the difference of a long and a short run.",
        (Column("update", "us per update"), Column("on", "units that are 1", 4), MEMORY),
        (
            Run("neurosim, double", neurosim, dict(n=1000, sweeps=4000)),
            Run("a plain numpy loop", plain_numpy, dict(n=1000, sweeps=4000), "numpy"),
        ),
        smoke=dict(n=50, sweeps=20),
        agree="on",
        alive=0.1,
    ),
)
