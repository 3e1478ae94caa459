"""Hopfield recall: 2000 units, all joined, 100 random patterns stored; from one of them with a fifth of its
units turned over, five sweeps.

Each trial has its own random order of updates. After the first sweeps few units flip any more, as in any
recall.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run
from clocks import slope

SWEEPS = 5


def patterns_and_probe(n: int) -> tuple[np.ndarray, np.ndarray]:
    """100 patterns of -1 and 1, (pattern, neuron), or n/20 if that is less; the first one with a fifth of its
    units turned over."""
    random = np.random.default_rng(0)
    patterns = random.choice([-1, 1], (max(1, min(100, n // 20)), n))
    return patterns, patterns[0] * np.where(random.permutation(n) < n // 5, -1, 1)


def neurosim(n: int, trials: int, seed: int, engine: str, threads: int | None = None) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.hopfield import hopfield

    patterns, probe = patterns_and_probe(n)
    net = hopfield(patterns, start=probe)

    def run(trials: int) -> Any:
        return ns.run(
            net,
            ticks=SWEEPS,
            trials=trials,
            record=["cells"],
            seed=seed,
            engine=engine,
            threads=threads,
            progress=False,
        )

    per_trial, recording = slope(run, max(1, trials // 10), trials)
    return {
        "update": per_trial / SWEEPS / n * 1e6,
        "overlap": float((recording["cells"][:, -1] @ patterns[0]).mean()) / n,
    }


def hopfieldnetwork(n: int, trials: int, seed: int) -> dict[str, Any]:
    from hopfieldnetwork import HopfieldNetwork

    patterns, probe = patterns_and_probe(n)
    np.random.seed(seed)
    net = HopfieldNetwork(N=n)
    net.train_pattern(patterns.T.astype("int8"))
    begin, overlap = perf_counter(), 0.0
    trials = max(1, trials // 100)
    for _ in range(trials):
        net.set_initial_neurons_state(probe.astype("int8"))
        net.update_neurons(SWEEPS, "async")
        overlap += float(net.S @ patterns[0]) / n
    return {"update": (perf_counter() - begin) / trials / SWEEPS / n * 1e6, "overlap": overlap / trials}


def plain_numpy(n: int, trials: int, seed: int) -> dict[str, Any]:
    """A plain loop: a row of the weights times the state for each update."""
    patterns, probe = patterns_and_probe(n)
    W = patterns.T @ patterns / n
    np.fill_diagonal(W, 0.0)
    random, overlap, trials = np.random.default_rng(seed), 0.0, max(1, trials // 100)
    begin = perf_counter()
    for _ in range(trials):
        s = probe.astype(float)
        for _ in range(SWEEPS):
            for i in random.permutation(n):
                field = W[i] @ s
                if field:
                    s[i] = 1.0 if field > 0 else -1.0
        overlap += float(s @ patterns[0]) / n
    return {"update": (perf_counter() - begin) / trials / SWEEPS / n * 1e6, "overlap": overlap / trials}


BENCHMARKS = (
    Benchmark(
        "hopfield", "Hopfield recall, 2000 neurons, dense", "at most 0.2 microseconds per update of a neuron",
        "Microseconds per update in double: neurosim's is the difference of 500 and 50 recalls in one run "
        "each, the others' the time of 5 recalls"
        " one after the other.",
        (Column("update", "us per update"), Column("overlap", "overlap", 4), MEMORY),
        (
            Run("neurosim, threads as it chooses", neurosim, dict(n=2000, trials=500)),
            Run("neurosim, 1 thread", neurosim, dict(n=2000, trials=500, threads=1)),
            Run("hopfieldnetwork", hopfieldnetwork, dict(n=2000, trials=500), "hopfieldnetwork"),
            Run("a plain numpy loop", plain_numpy, dict(n=2000, trials=500), "numpy"),
        ),
        smoke=dict(n=100, trials=10), agree="overlap", alive=0.5,
    ),
)  # fmt: skip
