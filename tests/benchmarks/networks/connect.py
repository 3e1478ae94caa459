"""Connecting pairs by a condition on their positions: 100 million pairs, of which few are joined."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench import MEMORY, Benchmark, Column, Run

CONDITION = "abs(x_pre - x_post) < 100*um and rand() < 0.1"


def neurosim(n: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.plan.draw import draw_synapses
    from neurosim.units import ms

    begin = perf_counter()
    cells = ns.Neurons("cells", n, equations="v : 1\nx : metre", x="i*um")
    link = ns.Synapses(cells, cells, to="v", wiring=CONDITION, name="link")
    found = draw_synapses(ns.Network(link, schedule=ns.Clock(0.1 * ms)), "link", seed)
    return {"connect": perf_counter() - begin, "synapses": found.pre.size / 1000}


def brian2(n: int, target: str, seed: int) -> dict[str, Any]:
    import brian2
    from brian2 import NeuronGroup, Synapses, um

    brian2.prefs.codegen.target = target
    brian2.seed(seed)
    begin = perf_counter()
    cells = NeuronGroup(n, "v : 1\nx : metre", threshold="v > 1")
    cells.x = "i*um"
    link = Synapses(cells, cells, on_pre="v_post += 1")
    link.connect(CONDITION, namespace={"um": um})
    return {"connect": perf_counter() - begin, "synapses": len(link) / 1000}


BENCHMARKS = (
    Benchmark(
        "connect",
        "Connecting 10,000 neurons by a condition on their distance",
        "seconds, and not much more memory than the synapses take",
        f"From the description of the neurons to the pairs that are joined, `{CONDITION}`.",
        (Column("connect", "connected in (s)", 2), Column("synapses", "thousand synapses", 1), MEMORY),
        (
            Run("neurosim", neurosim, dict(n=10_000)),
            Run("Brian2, numpy", brian2, dict(n=10_000, target="numpy"), "brian2"),
            Run(
                "Brian2, Cython, warm cache",
                brian2,
                dict(n=10_000, target="cython"),
                "brian2",
                cache="filled",
            ),
        ),
        smoke=dict(n=200),
        agree="synapses",
    ),
)
