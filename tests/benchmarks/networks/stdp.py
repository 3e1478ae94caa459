"""Additive pair STDP: 10,000 integrate-and-fire neurons, driven by noise, and 10 million plastic synapses
among them.

Neurons: tau 20 ms, threshold 20 mV, reset 0, refractory 2 ms; 100 sources outside each, 8 spikes per second,
1 mV: about 10 irregular spikes per second. Synapses: 1000 onto each neuron, delay 1.5 ms, weights at first
uniform in (0, 0.01 mV), so small that plasticity does not run away with the rates. At a pre spike w falls by
1.05*0.01*w_max*post trace, at a post spike it rises by 0.01*w_max*pre trace; traces of 20 ms, all pairs,
clipped to [0, w_max]. Source: Song, Miller & Abbott 2000, Nat. Neurosci. 3, 919.

NEST counts the delay on the way back from the target, the others on the way to the synapse; and it tests the
threshold at once after an arrival, the others after the next step's decay, so it spikes about 3 % more often.
The mean weight at the end is compared too.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench import BUILD, MEMORY, RATE, RTF, Benchmark, Column, Run
from clocks import simulate_brian2, simulate_nest, simulate_neurosim, start_nest

TOP, STEP, ALPHA = 0.01, 0.01, 1.05  # mV; rise at a pair relative to TOP; fall relative to the rise
SOURCES, OUTSIDE, KICK = 100, 8.0, 1.0  # of each neuron; spikes per second of a source; mV
MODEL = """dbefore/dt = -before/tau_pair : 1 (event-driven)
           dafter/dt = -after/tau_pair : 1 (event-driven)"""
ON_PRE = "v_post += w\nbefore += 1\nw = clip(w - fall*after, 0*mV, top)"
ON_POST = "after += 1\nw = clip(w + rise*before, 0*mV, top)"


def neurosim(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import Hz, ms, mV

    cells = ns.Neurons(
        "cells",
        n,
        equations="dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        tau=20 * ms,
        v=ns.uniform(0 * mV, 20 * mV),
    )
    noise = ns.cells.poisson("noise", 1, rate=OUTSIDE * Hz)
    plastic = ns.Synapses(
        cells,
        cells,
        wiring=ns.indegree(n // 10),
        weight=ns.uniform(0 * mV, TOP * mV),
        delay=1.5 * ms,
        name="plastic",
        model="w : volt\n" + MODEL,
        on_pre=ON_PRE,
        on_post=ON_POST,
        tau_pair=20 * ms,
        top=TOP * mV,
        rise=STEP * TOP * mV,
        fall=ALPHA * STEP * TOP * mV,
    )
    net = ns.Network(
        ns.Synapses(noise, cells, to="v", wiring=ns.private(SOURCES), weight=KICK * mV),
        plastic,
        schedule=ns.Clock(0.1 * ms),
    )

    def weight(recording: Any) -> dict[str, Any]:
        return {"weight": float(recording.final["synapse/plastic/w"].mean()) * 1e3 / TOP}

    return simulate_neurosim(
        net, ("cells",), seconds, more=weight, precision=precision, seed=seed, engine=engine
    )


def nest(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    begin, nest = perf_counter(), start_nest(threads, seed)
    cells = nest.Create(
        "iaf_psc_delta",
        n,
        dict(C_m=1.0, tau_m=20.0, E_L=0.0, V_th=20.0, V_reset=0.0, t_ref=2.0, tau_minus=20.0),
    )
    cells.V_m = nest.random.uniform(0.0, 20.0)
    nest.Connect(
        nest.Create("poisson_generator", params={"rate": SOURCES * OUTSIDE}),
        cells,
        syn_spec={"weight": KICK, "delay": 0.1},
    )
    plastic = dict(
        synapse_model="stdp_synapse",
        weight=nest.random.uniform(0.0, TOP),
        delay=1.5,
        Wmax=TOP,
        tau_plus=20.0,
        alpha=ALPHA,
        mu_plus=0.0,
        mu_minus=0.0,
        **{"lambda": STEP},
    )
    nest.Connect(cells, cells, {"rule": "fixed_indegree", "indegree": n // 10}, plastic)
    found = simulate_nest(nest, cells, seconds, begin=begin)
    some = nest.GetConnections(source=cells[: max(1, n // 100)], synapse_model="stdp_synapse")
    return found | {"weight": sum(some.weight) / len(some) / TOP}


def brian2(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    objects: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        objects.update(described_brian2(n))
        return objects

    return simulate_brian2(
        describe,
        seconds,
        threads,
        seed,
        more=lambda: {"weight": float(objects["plastic"].w[:].mean()) * 1e3 / TOP},
    )


def described_brian2(n: int) -> dict[str, Any]:
    from brian2 import Hz, NeuronGroup, PoissonInput, Synapses, ms, mV

    cells = NeuronGroup(
        n,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        method="exact",
        namespace={"tau": 20 * ms},
    )
    cells.v = "rand()*20*mV"
    noise = PoissonInput(cells, "v", N=SOURCES, rate=OUTSIDE * Hz, weight=KICK * mV)
    constants = dict(
        tau_pair=20 * ms, top=TOP * mV, rise=STEP * TOP * mV, fall=ALPHA * STEP * TOP * mV, mV=mV
    )
    plastic = Synapses(
        cells,
        cells,
        "w : volt\n" + MODEL,
        on_pre=ON_PRE,
        on_post=ON_POST,
        delay=1.5 * ms,
        namespace=constants,
    )
    plastic.connect(i=f"k for k in sample(N_pre, size={n // 10})")
    plastic.w = "rand()*top"
    return {"cells": cells, "noise": noise, "plastic": plastic}


BENCHMARKS = (
    Benchmark(
        "stdp", "Additive pair STDP, 10,000 neurons, 10 million plastic synapses", "RTF at most 1.5", "",
        (RTF, RATE, Column("weight", "mean weight / top", 4), BUILD, MEMORY),
        (
            Run("neurosim, double", neurosim, dict(n=10_000, seconds=2.0, precision="double")),
            Run("neurosim, single", neurosim, dict(n=10_000, seconds=2.0, precision="single")),
            Run("Brian2 standalone, 1 thread", brian2, dict(n=10_000, seconds=2.0, threads=1), "brian2"),
            Run("Brian2 standalone, 2 threads", brian2, dict(n=10_000, seconds=2.0, threads=2), "brian2"),
            Run("NEST, 2 threads", nest, dict(n=10_000, seconds=2.0, threads=2), "nest"),
        ),
        smoke=dict(n=200, seconds=0.02), agree="rate", alive=1.0,
    ),
)  # fmt: skip
