"""What is computed at every tick, without an event: equations and sums of synapses, cells of many functions.

The cells, the synapses and the methods are the same for all. Only for equations of synapses, each simulator
chooses its method: for NMDA receptors exponential Euler here, and Euler in Brian2; a row has Euler here, too.
Bare loops do the arithmetic alone, and say what could be gained (`bare_loops.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from bench import BUILD, RATE, RTF, Benchmark, Column, Run
from clocks import simulate_brian2, simulate_nest, simulate_neurosim, start_nest

N = 1000  # cells of the rows with sparse synapses
NOISE = "rand() < 0.001"  # the threshold of senders, 10 spikes per second
CELLS = {  # per row: equations of the targets, and the text of synapses
    "nmda": (
        "dv/dt = (1.2 - v + g)/tau : 1\ng : 1",
        """ds/dt = -s/tau_decay + alpha*x*(1 - s) : 1 (clock-driven)
           dx/dt = -x/tau_rise : 1 (clock-driven)
           g_post = w*s : 1 (summed)""",
    ),
    "linear": (
        "dv/dt = (1.2 - v + g)/tau : 1\ng : 1",
        """dx/dt = -x/tau_decay : 1 (clock-driven)
           g_post = w*x : 1 (summed)""",
    ),
    "gap": ("dv/dt = (1.2 - v + J)/tau : 1\nJ : 1", "J_post = w*(v_pre - v_post) : 1 (summed)"),
}
WEIGHT = {"nmda": 1e-3, "linear": 1e-3, "gap": 1e-4}
MORRIS_LECAR = """dv/dt = (g_Ca*m*(E_Ca - v) + g_K*n*(E_K - v) + g_L*(E_L - v) + J)/C : 1
                  dn/dt = (p - n)*cosh((v - 2)/60)/tau : 1
                  m = 0.5*(1 + tanh((v + 1.2)/18)) : 1
                  p = 0.5*(1 + tanh((v - 2)/30)) : 1"""
OF_MORRIS_LECAR = dict(g_Ca=4.4, E_Ca=120.0, g_K=8.0, E_K=-84.0, g_L=2.0, E_L=-60.0, J=95.0)


def synapses(
    kind: str, n: int, seconds: float, precision: str, seed: int, engine: str, method: str = "auto"
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import ms

    equations, model = CELLS[kind]
    cells = ns.Neurons(
        "cells", n, equations=equations, threshold="v > 1", reset="v = 0", tau=20 * ms, v="rand()"
    )
    senders = cells if kind == "gap" else ns.Neurons("senders", n, threshold=NOISE)
    text = {} if kind == "gap" else dict(on_pre="x += 1", tau_decay=100 * ms)
    if kind == "nmda":
        text |= dict(tau_rise=2 * ms, alpha=0.5 / ms)
    wiring = ns.all_to_all(to_self=False) if kind == "gap" else ns.probability(0.1)
    joined = ns.Synapses(
        senders, cells, model=model, wiring=wiring, weight=WEIGHT[kind], method=method, **text
    )
    net = ns.Network(joined, schedule=ns.Clock(0.1 * ms))
    return simulate_neurosim(
        net, ("cells",), seconds, precision=precision, seed=seed, engine=engine, threads=1
    )


def synapses_brian2(kind: str, n: int, seconds: float, seed: int) -> dict[str, Any]:
    return simulate_brian2(lambda: _described(kind, n), seconds, 1, seed)


def _described(kind: str, n: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, Synapses, ms

    equations, model = CELLS[kind]
    namespace = dict(tau=20 * ms, tau_decay=100 * ms, tau_rise=2 * ms, alpha=0.5 / ms)
    cells = NeuronGroup(n, equations, threshold="v > 1", reset="v = 0", namespace=namespace, method="exact")
    cells.v = "rand()"
    found: dict[str, Any] = {"cells": cells}
    if kind != "gap":
        found["senders"] = NeuronGroup(n, "", threshold=NOISE)
    on_pre = None if kind == "gap" else "x += 1"
    senders = found.get("senders", cells)
    joined = Synapses(senders, cells, "w : 1\n" + model, on_pre=on_pre, namespace=namespace)
    joined.connect(condition="i != j") if kind == "gap" else joined.connect(p=0.1)
    joined.w = WEIGHT[kind]
    return found | {"joined": joined}


def hodgkin_huxley(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import ms

    cells = ns.cells.traub_miles("cells", n, v="E_L + (rand()*5 - 5)*mV")
    net = ns.Network(cells, schedule=ns.Clock(0.1 * ms))
    return simulate_neurosim(
        net, ("cells",), seconds, precision=precision, seed=seed, engine=engine, threads=1
    )


def hodgkin_huxley_brian2(n: int, seconds: float, seed: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, ms, mV, nS, pF, uS

    import neurosim as ns

    cell = ns.cells.traub_miles("cells", 1)
    namespace = dict(
        C=200 * pF, g_L=10 * nS, g_Na=20 * uS, g_K=6 * uS, E_L=-60 * mV, E_Na=50 * mV, E_K=-90 * mV,
        V_T=-63 * mV, E_e=0 * mV, E_i=-80 * mV, tau_e=5 * ms, tau_i=10 * ms, mV=mV, ms=ms,
    )  # fmt: skip

    def describe() -> dict[str, Any]:
        cells = NeuronGroup(
            n, cell.equations, threshold=cell.threshold, refractory=3 * ms, method="exponential_euler",
            namespace=namespace,
        )  # fmt: skip
        cells.v = "E_L + (rand()*5 - 5)*mV"
        return {"cells": cells}

    return simulate_brian2(describe, seconds, 1, seed)


def hodgkin_huxley_nest(n: int, seconds: float, seed: int) -> dict[str, Any]:
    begin, nest = perf_counter(), start_nest(1, seed)
    neuron = dict(
        C_m=200.0, g_L=10.0, g_Na=20e3, g_K=6e3, E_L=-60.0, E_Na=50.0, E_K=-90.0, V_T=-63.0, E_ex=0.0,
        E_in=-80.0, tau_syn_ex=5.0, tau_syn_in=10.0, t_ref=3.0,
    )  # fmt: skip
    cells = nest.Create("hh_cond_exp_traub", n, neuron)
    cells.V_m = nest.random.uniform(-65.0, -60.0)
    return simulate_nest(nest, cells, seconds, begin=begin)


def morris_lecar(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import ms

    cells = ns.Neurons(
        "cells", n, equations=MORRIS_LECAR, threshold="v > 0", refractory="v > 0", method="euler",
        v="-60 + 20*rand()", C=20 * ms, tau=25 * ms, **OF_MORRIS_LECAR,
    )  # fmt: skip
    net = ns.Network(cells, schedule=ns.Clock(0.1 * ms))
    found = simulate_neurosim(
        net, ("cells",), seconds, precision=precision, seed=seed, engine=engine, threads=1
    )
    return found | {"each": found["rtf"] * 1e5 / n}


def morris_lecar_brian2(n: int, seconds: float, seed: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, ms

    def describe() -> dict[str, Any]:
        cells = NeuronGroup(
            n, MORRIS_LECAR, threshold="v > 0", refractory="v > 0", method="euler",
            namespace=OF_MORRIS_LECAR | dict(C=20 * ms, tau=25 * ms),
        )  # fmt: skip
        cells.v = "-60 + 20*rand()"
        return {"cells": cells}

    found = simulate_brian2(describe, seconds, 1, seed)
    return found | {"each": found["rtf"] * 1e5 / n}


def bare_loop(kind: str, n: int, seconds: float, seed: int, each: int = 1) -> dict[str, Any]:
    from bare_loops import bare

    return bare(kind, n, seconds, each)


def _row(
    name: str,
    title: str,
    bar: str,
    own: Callable[..., dict[str, Any]],
    peers: Mapping[str, tuple[Callable[..., dict[str, Any]], str]],
    *,
    how: str = "",
    loop: Mapping[str, Any] | None = None,
    **options: Any,
) -> Benchmark:
    """A row. loop: the bare loop that does its arithmetic, if there is one."""
    ours = {"double": {}, "single": {}}
    if options.get("kind") == "nmda":
        ours |= {"double, Euler's method": dict(precision="double", method="euler")}
    runs = (
        *(
            Run(f"neurosim, {label}", own, options | dict(seconds=2.0, precision=label) | more)
            for label, more in ours.items()
        ),
        *(Run(label, run, options | dict(seconds=1.0), package) for label, (run, package) in peers.items()),
        *(
            [Run("bare loop in C++", bare_loop, {**loop, "n": options["n"], "seconds": 1.0}, "numpy")]
            if loop
            else []
        ),
    )
    columns = (RTF, RATE, EACH, BUILD) if own is morris_lecar else (RTF, RATE, BUILD)
    how = f"One thread each.{' ' if how else ''}{how}"
    return Benchmark(name, title, bar, how, columns, runs, smoke=dict(n=40, seconds=0.02), agree="rate")


EACH = Column("each", "ns a neuron and tick")
BRIAN2 = "Brian2 standalone, 1 thread"
# What the rows that miss their aims say.
OF_NMDA = (
    "Exponential Euler takes an exponential and a division for each synapse and tick, more than a whole "
    "step of Euler takes Brian2; the row by Euler's method does what Brian2 does. Both read and write two "
    "variables of each synapse at every tick, and so does the bare loop, by Euler's method. Tried: 8, 16 "
    "and 32 targets side by side, which differ little; constants folded."
)
OF_GAP = (
    "The bare loop adds in the same order, but fuses products with sums, and joins each neuron to itself "
    "as well, so that all of its vectors are full. What it does not have are rows in which targets leave "
    "themselves out, and the last 12 of 300 targets. Two products, of all v_pre and of v_post, would "
    "round in another way."
)
OF_TANH = (
    "Two tanh and a cosh in double are most of it. The bare loop takes those of the C library for "
    "vectors, whose errors may be larger."
)
BENCHMARKS = (
    _row(
        "nmda_every_tick", "NMDA receptors with equations in each of 100,000 synapses, summed",
        "at most 0.5 of Brian2 with its own choice of a method", synapses,
        {BRIAN2: (synapses_brian2, "brian2")}, kind="nmda", n=N,
        loop=dict(kind="nmda", each=100), how=OF_NMDA,
    ),
    _row(
        "linear_every_tick", "Linear equations in each of 100,000 synapses, summed", "at most 0.3 of Brian2",
        synapses, {BRIAN2: (synapses_brian2, "brian2")}, kind="linear", n=N,
        loop=dict(kind="linear", each=100),
    ),
    _row(
        "gap_junctions", "Gap junctions between all of 300 neurons, summed", "at most 0.1 of Brian2",
        synapses, {BRIAN2: (synapses_brian2, "brian2")}, kind="gap", n=300,
        loop=dict(kind="gap", each=299), how=OF_GAP,
    ),
    _row(
        "hodgkin_huxley", "Hodgkin-Huxley cells of Traub & Miles, 1000 neurons",
        "at most 0.2 of Brian2 and 0.3 of NEST", hodgkin_huxley,
        {BRIAN2: (hodgkin_huxley_brian2, "brian2"), "NEST, 1 thread": (hodgkin_huxley_nest, "nest")}, n=1000,
    ),
    _row(
        "morris_lecar", "Morris-Lecar cells, 1000 neurons", "at most 2 ns a neuron and tick", morris_lecar,
        {BRIAN2: (morris_lecar_brian2, "brian2")}, n=1000, loop=dict(kind="morris_lecar"), how=OF_TANH,
    ),
)  # fmt: skip
