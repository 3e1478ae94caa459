"""Memory capacity: how many past inputs linear readouts recover from a pool of tanh units, on data that they
were not fitted to."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run


def orthogonal(n: int, radius: float, input_scale: float, seed: int) -> Any:
    """A pool whose weights are a random rotation times `radius`."""
    import neurosim as ns

    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(n, n)))[0]
    drive, pool = ns.Neurons("drive", 1), ns.cells.leaky_tanh("pool", n)
    into = ns.Synapses(drive, pool, weight=random.uniform(-input_scale, input_scale, (n, 1)))
    return ns.Network(into, ns.Synapses(pool, pool, weight=radius * rotation, delay=1), schedule=ns.Layered())


def neurosim(
    n: int, ticks: int, seed: int, engine: str, radius: float, input_scale: float, wiring: str
) -> dict[str, Any]:
    from sklearn.linear_model import Ridge  # noqa: F401  imported before the clock starts, as for the peer

    from neurosim.models.echo_state import echo_state
    from neurosim.readout import memory_capacity

    begin = perf_counter()
    random = echo_state(1, n, radius=radius, input_scale=input_scale, density=0.1)
    net = orthogonal(n, radius, input_scale, seed) if wiring == "orthogonal" else random
    found = memory_capacity(net, output="pool", ticks=ticks, seed=seed, engine=engine)
    return {"seconds": perf_counter() - begin, "capacity": found.total}


def reservoirpy(n: int, ticks: int, seed: int, radius: float, input_scale: float) -> dict[str, Any]:
    """Its random reservoir, read in the same way: delays 1 to 2 n, ridge by singular values, as many ticks to
    test as to fit."""
    from reservoirpy.nodes import Reservoir
    from sklearn.linear_model import Ridge

    begin = perf_counter()
    u, first = np.random.default_rng(seed).uniform(-1.0, 1.0, 500 + 2 * ticks), 500
    states = Reservoir(n, sr=radius, input_scaling=input_scale, seed=seed).run(u[:, None])[first:]
    wanted = np.stack([u[first - lag : len(u) - lag] for lag in range(1, 2 * n + 1)], axis=1)
    found = Ridge(alpha=1e-14, solver="svd").fit(states[:ticks], wanted[:ticks]).predict(states[ticks:])
    pairs = zip(np.asarray(found).T, wanted[ticks:].T, strict=True)
    return {
        "seconds": perf_counter() - begin,
        "capacity": float(sum(np.corrcoef(a, b)[0, 1] ** 2 for a, b in pairs)),
    }


SIZE = dict(n=100, ticks=5000)
BENCHMARKS = (
    Benchmark(
        "memory_capacity",
        "Memory capacity, 100 neurons",
        "94 or more for orthogonal weights",
        "Input uniform in +-1, delays 1 to 200, readouts fitted on 5000 ticks and measured on 5000 others. "
        "Each repeat draws another network.",
        (Column("seconds", "seconds", 2), Column("capacity", "capacity", 1), MEMORY),
        (
            Run(
                "neurosim, orthogonal, radius 0.95, input 0.001",
                neurosim,
                SIZE | dict(radius=0.95, input_scale=0.001, wiring="orthogonal"),
            ),
            Run(
                "neurosim, random, radius 0.9, input 0.001",
                neurosim,
                SIZE | dict(radius=0.9, input_scale=0.001, wiring="random"),
            ),
            Run(
                "neurosim, random, radius 0.9, input 1",
                neurosim,
                SIZE | dict(radius=0.9, input_scale=1.0, wiring="random"),
            ),
            Run(
                "ReservoirPy, random, radius 0.9, input 0.001",
                reservoirpy,
                SIZE | dict(radius=0.9, input_scale=0.001),
                "reservoirpy",
            ),
            Run(
                "ReservoirPy, random, radius 0.9, input 1",
                reservoirpy,
                SIZE | dict(radius=0.9, input_scale=1.0),
                "reservoirpy",
            ),
        ),
        smoke=dict(n=20, ticks=300),
    ),
)
