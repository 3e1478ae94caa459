"""A loop closed outside the simulator: after every tick a script reads all membrane voltages of 100 cells,
and gives each cell the current that it is to have in the next one.

Cells: leaky integrate-and-fire, tau 20 ms, threshold 1, reset 0, 10 synapses onto each of weight 0.1 and
delay 1 ms, step 0.1 ms. The current is 1.5 less twice the mean voltage. The first tenth of the ticks is not
timed.
"""

from __future__ import annotations

from time import process_time
from typing import Any

from bench import Benchmark, Column, Run
from clocks import start_nest

PER_TICK = Column("microseconds", "CPU of a tick (µs)", 1)
EQUATIONS = "dv/dt = (I - v)/(20*ms) : 1"


def neurosim(
    look: bool, on: str, seed: int, engine: str, n: int = 100, ticks: int = 20_000
) -> dict[str, Any]:
    import numpy as np

    import neurosim as ns
    from neurosim.units import ms

    cells = ns.Neurons(
        "cells", n, equations=f"{EQUATIONS}\nI : 1", threshold="v > 1", reset="v = 0", ports="", I=1.5,
        v=ns.uniform(0.0, 1.0),
    )  # fmt: skip
    back = ns.Synapses(cells, cells, to="v", wiring=ns.indegree(10), weight=0.1, delay=1 * ms)
    net = ns.Network(back, schedule=ns.Clock(0.1 * ms))
    with ns.session(net, seed=seed, engine=on or engine) as session:
        for tick in range(ticks):
            if tick == ticks // 10:
                begin = process_time()
            if look:
                session["cells.I"] = 1.5 - 2 * np.mean(session["cells.v"])
            session.advance(1)
        seconds = process_time() - begin
    return {"microseconds": seconds / (ticks - ticks // 10) * 1e6}


def brian2(target: str, seed: int, n: int = 100, ticks: int = 20_000) -> dict[str, Any]:
    import brian2 as b2
    import numpy as np

    b2.seed(seed)
    b2.prefs.codegen.target = target
    cells = b2.NeuronGroup(n, f"{EQUATIONS}\nI : 1", threshold="v > 1", reset="v = 0", method="exact")
    cells.v, cells.I = "rand()", 1.5
    back = b2.Synapses(cells, cells, on_pre="v_post += 0.1", delay=1 * b2.ms)
    back.connect(p=10 / n)
    voltages, currents = cells.variables["v"].get_value(), cells.variables["I"].get_value()

    def control() -> None:
        currents[:] = 1.5 - 2 * np.mean(voltages)

    net = b2.Network(cells, back, b2.NetworkOperation(control, when="start"))
    net.run(ticks // 10 * b2.defaultclock.dt)
    begin = process_time()
    net.run((ticks - ticks // 10) * b2.defaultclock.dt)
    return {"microseconds": (process_time() - begin) / (ticks - ticks // 10) * 1e6}


def nest(seed: int, n: int = 100, ticks: int = 20_000) -> dict[str, Any]:
    import numpy as np

    nest = start_nest(1, seed)
    cells = nest.Create(
        "iaf_psc_delta", n, dict(C_m=20.0, tau_m=20.0, E_L=0.0, V_th=1.0, V_reset=0.0, t_ref=0.1, I_e=1.5)
    )
    cells.V_m = nest.random.uniform(0.0, 1.0)
    rule = {"rule": "fixed_indegree", "indegree": 10}
    nest.Connect(cells, cells, rule, {"weight": 0.1, "delay": 1.0})
    nest.Prepare()
    for tick in range(ticks):
        if tick == ticks // 10:
            begin = process_time()
        cells.I_e = 1.5 - 2 * float(np.mean(cells.V_m))
        nest.Run(0.1)
    seconds = process_time() - begin
    nest.Cleanup()
    return {"microseconds": seconds / (ticks - ticks // 10) * 1e6}


BENCHMARKS = [
    Benchmark(
        name="closed_loop",
        title="A loop closed by a script in every tick, 100 cells",
        bar="under 50 µs a tick on the event engine, 200 µs on the reference engine, where it advances alone",
        how=(
            "The script reads all voltages and sets all currents between two ticks, in neurosim by a session,"
            " in Brian2 by a network_operation that works on its arrays, in NEST by its own calls. Where it"
            " advances alone, it does neither."
        ),
        columns=(PER_TICK,),
        runs=(
            Run("neurosim, events", neurosim, {"look": True, "on": ""}),
            Run("neurosim, reference", neurosim, {"look": True, "on": "reference"}),
            Run("neurosim, events, advance alone", neurosim, {"look": False, "on": ""}),
            Run("neurosim, reference, advance alone", neurosim, {"look": False, "on": "reference"}),
            Run("Brian2, NumPy", brian2, {"target": "numpy"}, package="brian2"),
            Run("Brian2, Cython", brian2, {"target": "cython"}, package="brian2"),
            Run("NEST", nest, {}, package="nest"),
        ),
        smoke={"ticks": 30},
    )
]
