"""Networks of many small populations: how long it takes to describe and to start them.

Each population has 10 leaky integrate-and-fire cells (tau 20 ms, drive 1.1, threshold 1, refractory 2 ms) and
each projection gives every target 2 synapses of weight 0.01 and delay 1.5 ms, in steps of 0.1 ms. In a ring
each population projects to the next, among areas each to all.
"""

from __future__ import annotations

import os
from time import process_time
from typing import Any

from bench import Benchmark, Column, Run
from clocks import start_nest

EQUATIONS = "dv/dt = (1.1 - v)/(20*ms) : 1 (unless refractory)"


def _pairs(populations: int, areas: bool) -> list[tuple[int, int]]:
    if areas:
        return [(pre, post) for pre in range(populations) for post in range(populations)]
    return [(pre, (pre + 1) % populations) for pre in range(populations)]


def _cpu() -> float:
    """CPU seconds of this process and of the compilers that it has started."""
    times = os.times()
    return process_time() + times.children_user + times.children_system


def neurosim(
    populations: int, areas: bool, ticks: int, on: str, before: int, seed: int, engine: str
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import ms

    def once() -> None:
        cells = [
            ns.Neurons(
                f"area{n}", 10, equations=EQUATIONS, threshold="v > 1", reset="v = 0", refractory=2 * ms,
                v=ns.uniform(0.0, 1.0),
            )
            for n in range(populations)
        ]  # fmt: skip
        projections = [
            ns.Synapses(
                cells[pre], cells[post], to="v", weight=0.01, delay=1.5 * ms, wiring=ns.indegree(2),
                name=f"from{pre}to{post}",
            )
            for pre, post in _pairs(populations, areas)
        ]  # fmt: skip
        net = ns.Network(*projections, schedule=ns.Clock(0.1 * ms))
        ns.run(net, ticks=ticks, seed=seed, engine=on or engine, threads=1)

    for _ in range(before):
        once()
    begin = _cpu()
    once()
    return {"seconds": _cpu() - begin}


def arguments(
    populations: int, areas: bool, ticks: int, before: int, seed: int, engine: str
) -> dict[str, Any]:
    """What Python needs for the arguments of the projections alone: names, quantities and wirings."""
    import neurosim as ns
    from neurosim.units import ms

    def once() -> list[Any]:
        return [
            dict(to="v", weight=0.01, delay=1.5 * ms, wiring=ns.indegree(2), name=f"from{pre}to{post}")
            for pre, post in _pairs(populations, areas)
        ]

    for _ in range(before):
        once()
    begin = _cpu()
    once()
    return {"seconds": _cpu() - begin}


def nest(populations: int, areas: bool, ticks: int, before: int, seed: int) -> dict[str, Any]:
    cell = dict(C_m=20.0, tau_m=20.0, E_L=0.0, V_th=1.0, V_reset=0.0, t_ref=2.0, I_e=1.1)

    def once() -> None:
        nest = start_nest(1, seed)
        cells = [nest.Create("iaf_psc_delta", 10, cell) for _ in range(populations)]
        for population in cells:
            population.V_m = nest.random.uniform(0.0, 1.0)
        rule = {"rule": "fixed_indegree", "indegree": 2}
        for pre, post in _pairs(populations, areas):
            nest.Connect(cells[pre], cells[post], rule, {"weight": 0.01, "delay": 1.5})
        nest.Simulate(0.1 * ticks)

    for _ in range(before):
        once()
    begin = _cpu()
    once()
    return {"seconds": _cpu() - begin}


def _row(name: str, title: str, bar: str, limit: str = "", **network: Any) -> Benchmark:
    def run(label: str, on: str, cache: str, before: int) -> Run:
        return Run(f"neurosim, {label}", neurosim, dict(**network, on=on, before=before), cache=cache)

    return Benchmark(
        name,
        title,
        bar,
        "CPU seconds of one thread, without imports, compilers included. Cold: no compiled code in the cache."
        f" Warm: the process has described and run the same network before.{limit}",
        (Column("seconds", "describe and run (CPU s)"),),
        (
            run("events, warm", "", "filled", 2),
            run("reference, warm", "reference", "filled", 2),
            run("auto, warm", "auto", "filled", 2),
            run("events, cold", "", "empty", 0),
            Run("arguments of the projections alone", arguments, dict(**network, before=2)),
            Run("NEST", nest, dict(**network, before=2), "nest"),
        ),
        smoke=dict(populations=4),
    )


BENCHMARKS = (
    _row(
        "populations_100",
        "100 populations in a ring: describe them and run 10 ticks",
        "at most 3 times NEST",
        limit=" Nearly met. For each population the text is read, its equations are integrated, its start"
        " values are drawn and its C++ is written, in about 1 ms; units are checked once for all populations"
        " of one text.",
        populations=100, areas=False, ticks=10,
    ),
    _row(
        "areas_78",
        "78 populations with 6084 projections: describe them and run 1 tick",
        "at most 2 times NEST",
        limit=" Not met. NEST makes a projection in 0.02 ms. Here Python describes and lays out each,"
        " with 0.06 ms for the object, 0.03 in the network, 0.09 until its synapses are drawn. What does"
        " not depend on one projection is done once. Its arguments alone are a row below.",
        populations=78, areas=True, ticks=1,
    ),
)  # fmt: skip
