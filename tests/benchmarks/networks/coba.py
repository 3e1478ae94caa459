"""COBA: `neurosim.models.balanced_coba`, 4000 and 40,000 neurons, 80 synapses per neuron on average,
exponential Euler.

NEST's neuron integrates the same equations by an adaptive Runge-Kutta method, and its shortest delay is one
step, where the others need none.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import BUILD, FELT, MEMORY, RATE, RTF, Benchmark, Run
from clocks import simulate_brian2, simulate_nest, simulate_neurosim, start_nest

EQUATIONS = """dv/dt = (g_L*(E_L - v) + ge*(E_e - v) + gi*(E_i - v))/C : volt (unless refractory)
               dge/dt = -ge/tau_e : siemens
               dgi/dt = -gi/tau_i : siemens"""


def neurosim(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.models.balanced_coba import balanced_coba

    return simulate_neurosim(
        balanced_coba(n), ("cells",), seconds, precision=precision, seed=seed, engine=engine
    )


def nest(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    begin, nest = perf_counter(), start_nest(threads, seed)
    neuron = dict(
        C_m=200.0,
        g_L=10.0,
        E_L=-60.0,
        E_ex=0.0,
        E_in=-80.0,
        tau_syn_ex=5.0,
        tau_syn_in=10.0,
        V_th=-50.0,
        V_reset=-60.0,
        t_ref=5.0,
    )
    cells = nest.Create("iaf_cond_exp", n, neuron)
    cells.V_m = nest.random.uniform(-60.0, -50.0)
    noise, kick = (
        nest.Create("poisson_generator", params={"rate": 100.0, "stop": 50.0}),
        nest.Create("parrot_neuron", 20),
    )
    nest.Connect(noise, kick)
    nest.Connect(kick, cells, {"rule": "pairwise_bernoulli", "p": 0.01}, {"weight": 100.0, "delay": 0.1})
    joined = {"rule": "pairwise_bernoulli", "p": 80 / n}
    nest.Connect(cells[: 4 * n // 5], cells, joined, {"weight": 6.0, "delay": 0.1})
    nest.Connect(cells[4 * n // 5 :], cells, joined, {"weight": -67.0, "delay": 0.1})
    return simulate_nest(nest, cells, seconds, begin=begin)


def brian2(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    return simulate_brian2(lambda: described_brian2(n), seconds, threads, seed)


def described_brian2(n: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, PoissonGroup, Synapses, ms, mV, nS, pF

    constants = dict(
        C=200 * pF, g_L=10 * nS, E_L=-60 * mV, E_e=0 * mV, E_i=-80 * mV, tau_e=5 * ms, tau_i=10 * ms, ms=ms
    )
    cells = NeuronGroup(
        n,
        EQUATIONS,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        method="exponential_euler",
        namespace=constants | {"mV": mV},
    )
    cells.v = "-60*mV + rand()*10*mV"
    kick = PoissonGroup(20, rates="100*Hz*int(t < 50*ms)", namespace={"ms": ms})
    excitation = Synapses(cells[: 4 * n // 5], cells, on_pre="ge_post += 6*nS")
    inhibition = Synapses(cells[4 * n // 5 :], cells, on_pre="gi_post += 67*nS")
    strong = Synapses(kick, cells, on_pre="ge_post += 100*nS")
    for synapses, p in ((excitation, 80 / n), (inhibition, 80 / n), (strong, 0.01)):
        synapses.connect(p=p)
    return {
        "cells": cells,
        "kick": kick,
        "excitation": excitation,
        "inhibition": inhibition,
        "strong": strong,
    }


def annarchy(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    import ANNarchy as ann

    begin = perf_counter()
    net = ann.Network(dt=0.1, seed=seed)
    net.config(num_threads=threads)
    neuron = ann.Neuron(
        parameters=dict(C=200.0, leak=10.0, E_L=-60.0, E_e=0.0, E_i=-80.0, tau_e=5.0, tau_i=10.0),
        equations="""C*dv/dt = leak*(E_L - v) + g_exc*(E_e - v) + g_inh*(E_i - v) : exponential, init=-60.0
                     tau_e*dg_exc/dt = -g_exc : exponential
                     tau_i*dg_inh/dt = -g_inh : exponential""",
        spike="v > -50.0", reset="v = -60.0", refractory=5.0,
    )  # fmt: skip
    cells = net.create(geometry=n, neuron=neuron)
    cells.v = ann.Uniform(-60.0, -50.0)
    kick = net.create(ann.TimedPoissonPopulation(geometry=20, rates=[100.0, 0.0], schedule=[0.0, 50.0]))
    for pre, target, weight, p in (
        (cells[: 4 * n // 5], "exc", 6.0, 80 / n),
        (cells[4 * n // 5 :], "inh", 67.0, 80 / n),
        (kick, "exc", 100.0, 0.01),
    ):
        net.connect(pre, cells, target).fixed_probability(probability=p, weights=weight)
    return simulate_annarchy(net, cells, n, seconds, begin)


def simulate_annarchy(
    net: Any, cells: Any, n: int, seconds: float, begin: float, settling: float = 0.1
) -> dict[str, Any]:
    """RTF and mean rate of ANNarchy, spikes recorded into memory."""
    with tempfile.TemporaryDirectory() as folder:
        net.compile(directory=f"{folder}/", silent=True)
        monitor = net.monitor(cells, "spike")
        built = perf_counter()
        net.simulate(settling * 1e3)
        middle = perf_counter()
        net.simulate(seconds * 1e3)
        end = perf_counter()
        spikes = monitor.get("spike")
    seen = sum(sum(tick >= settling * 1e4 for tick in ticks) for ticks in spikes.values())
    return {"rtf": (end - middle) / seconds, "build": built - begin, "rate": seen / n / seconds}


def felt_neurosim(seconds: float, n: int, seed: int, engine: str) -> dict[str, Any]:
    """A whole script: imports, description, run, spikes in hand."""
    import neurosim as ns
    from neurosim.models.balanced_coba import balanced_coba
    from neurosim.units import second

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        with ns.run(
            balanced_coba(n),
            duration=seconds * second,
            record="cells",
            seed=seed,
            engine=engine,
            to=path,
            progress=False,
        ) as recording:
            return {"rate": len(recording.spikes("cells")) / n / seconds, "engine": recording.engine}


def felt_brian2(seconds: float, n: int, seed: int, standalone: bool) -> dict[str, Any]:
    """A whole script for Brian2, compiled as a program of its own or by Cython."""
    import brian2 as b2

    with tempfile.TemporaryDirectory() as folder:
        if standalone:
            b2.set_device("cpp_standalone", directory=folder)
        else:
            b2.prefs.codegen.target = "cython"
            b2.prefs.codegen.runtime.cython.cache_dir = os.environ.get("BENCH_CACHE", folder)
        b2.seed(seed)
        objects = described_brian2(n)
        spikes = b2.SpikeMonitor(objects["cells"])
        b2.Network(*objects.values(), spikes).run(seconds * b2.second, namespace={})
        print(len(spikes.t), file=sys.stderr)
        return {"rate": spikes.num_spikes / n / seconds}


def _row(
    n: int, bar: str, lengths: dict[str, float], *, single: bool, more: tuple[Run, ...] = ()
) -> Benchmark:
    def peer(label: str, function: Any, package: str, threads: int) -> Run:
        return Run(label, function, dict(n=n, seconds=lengths[package], threads=threads), package)

    own = [Run("neurosim, double", neurosim, dict(n=n, seconds=lengths["neurosim"], precision="double"))]
    if single:
        own.append(
            Run("neurosim, single", neurosim, dict(n=n, seconds=lengths["neurosim"], precision="single"))
        )
    peers = (
        peer("Brian2 standalone, 1 thread", brian2, "brian2", 1),
        peer("Brian2 standalone, 2 threads", brian2, "brian2", 2),
        peer("NEST, 2 threads", nest, "nest", 2),
        *more,
    )
    return Benchmark(
        f"coba_{n}", f"COBA, {n:,} neurons", bar, "", (RTF, RATE, BUILD, MEMORY), (*own, *peers),
        smoke=dict(n=400, seconds=0.02), agree="rate", alive=5.0,
    )  # fmt: skip


ALONE = Run("ANNarchy, 1 thread", annarchy, dict(n=4000, seconds=5.0, threads=1), "ANNarchy")
BENCHMARKS = (
    _row(
        4000,
        "RTF at most 0.05 in double, 0.02 in single",
        dict(neurosim=10.0, brian2=5.0, nest=1.0),
        single=True,
        more=(ALONE,),
    ),
    Benchmark(
        "coba_felt",
        "COBA, 4000 neurons: a script of one biological second",
        "at most 5 s cold, 1.2 s warm",
        "From the start of the process to its end: imports, compiling, building, simulating, spikes in hand. "
        "Cold: no compiled code in the"
        " cache; warm: the same script has run before.",
        (FELT, RATE),
        (
            Run("neurosim, cold", felt_neurosim, dict(n=4000, seconds=1.0), cache="empty"),
            Run("neurosim, warm", felt_neurosim, dict(n=4000, seconds=1.0), cache="filled"),
            Run(
                "Brian2 standalone, cold",
                felt_brian2,
                dict(n=4000, seconds=1.0, standalone=True),
                "brian2",
                cache="empty",
            ),
            Run(
                "Brian2 Cython, cold",
                felt_brian2,
                dict(n=4000, seconds=1.0, standalone=False),
                "brian2",
                cache="empty",
            ),
            Run(
                "Brian2 Cython, warm",
                felt_brian2,
                dict(n=4000, seconds=1.0, standalone=False),
                "brian2",
                cache="filled",
            ),
        ),
        smoke=dict(n=400, seconds=0.02),
        agree="rate",
        alive=5.0,
    ),
    _row(40_000, "RTF at most 0.4 in double", dict(neurosim=3.0, brian2=1.0, nest=0.5), single=False),
)
