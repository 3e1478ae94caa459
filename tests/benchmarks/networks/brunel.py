"""Brunel's network of delta synapses: 10,000 excitatory and 2500 inhibitory neurons, each with 1000 and 250
synapses onto it.

tau 20 ms, threshold 20 mV, reset 10 mV, refractory 2 ms, J 0.1 mV, g 5, delay 1.5 ms; eta 2: from 1000
sources outside each, at twice the rate that alone would bring the mean to threshold (20 spikes per second).
Source: Brunel 2000, J. Comput. Neurosci. 8, 183.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench import BUILD, MEMORY, RATE, RTF, Benchmark, Run
from clocks import simulate_brian2, simulate_nest, simulate_neurosim, start_nest

J, G, ETA = 0.1, 5.0, 2.0  # mV
OUTSIDE = ETA * 20.0 / (J * 20.0e-3)  # spikes per second from all sources of a neuron


def neurosim(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.units import Hz, ms, mV

    k = n // 10
    cells = ns.Neurons(
        "cells",
        n,
        equations="dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 10*mV",
        refractory=2 * ms,
        tau=20 * ms,
        v=ns.uniform(10 * mV, 20 * mV),
    )
    noise = ns.cells.poisson("noise", 1, rate=OUTSIDE / 1000 * Hz)
    excitatory = 4 * n // 5
    net = ns.Network(
        ns.Synapses(noise, cells, to="v", wiring=ns.private(1000), weight=J * mV),
        ns.Synapses(
            cells[:excitatory],
            cells,
            to="v",
            wiring=ns.indegree(4 * k // 5),
            weight=J * mV,
            delay=1.5 * ms,
            name="excitation",
        ),
        ns.Synapses(
            cells[excitatory:],
            cells,
            to="v",
            wiring=ns.indegree(k // 5),
            weight=-G * J * mV,
            delay=1.5 * ms,
            name="inhibition",
        ),
        schedule=ns.Clock(0.1 * ms),
    )
    return simulate_neurosim(net, ("cells",), seconds, precision=precision, seed=seed, engine=engine)


def nest(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    begin, nest, k = perf_counter(), start_nest(threads, seed), n // 10
    cells = nest.Create(
        "iaf_psc_delta", n, dict(C_m=1.0, tau_m=20.0, E_L=0.0, V_th=20.0, V_reset=10.0, t_ref=2.0)
    )
    cells.V_m = nest.random.uniform(10.0, 20.0)
    nest.Connect(
        nest.Create("poisson_generator", params={"rate": OUTSIDE}),
        cells,
        syn_spec={"weight": J, "delay": 0.1},
    )
    excitatory = 4 * n // 5
    nest.Connect(
        cells[:excitatory],
        cells,
        {"rule": "fixed_indegree", "indegree": 4 * k // 5},
        {"weight": J, "delay": 1.5},
    )
    nest.Connect(
        cells[excitatory:],
        cells,
        {"rule": "fixed_indegree", "indegree": k // 5},
        {"weight": -G * J, "delay": 1.5},
    )
    return simulate_nest(nest, cells, seconds, begin=begin)


def brian2(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    return simulate_brian2(lambda: described_brian2(n), seconds, threads, seed)


def described_brian2(n: int) -> dict[str, Any]:
    from brian2 import Hz, NeuronGroup, PoissonInput, Synapses, ms, mV

    k, excitatory = n // 10, 4 * n // 5
    cells = NeuronGroup(
        n,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 10*mV",
        refractory=2 * ms,
        method="exact",
        namespace={"tau": 20 * ms},
    )
    cells.v = "10*mV + rand()*10*mV"
    noise = PoissonInput(cells, "v", N=1000, rate=OUTSIDE / 1000 * Hz, weight=J * mV)
    excitation = Synapses(
        cells[:excitatory], cells, on_pre="v_post += J", delay=1.5 * ms, namespace={"J": J * mV}
    )
    inhibition = Synapses(
        cells[excitatory:], cells, on_pre="v_post -= J*g", delay=1.5 * ms, namespace={"J": J * mV, "g": G}
    )
    excitation.connect(i=f"k for k in sample(N_pre, size={4 * k // 5})")  # of each target: so many senders
    inhibition.connect(i=f"k for k in sample(N_pre, size={k // 5})")
    return {"cells": cells, "noise": noise, "excitation": excitation, "inhibition": inhibition}


BENCHMARKS = (
    Benchmark(
        "brunel",
        "Brunel, 12,500 neurons, 15.6 million synapses",
        "RTF at most 0.6",
        "",
        (RTF, RATE, BUILD, MEMORY),
        (
            Run("neurosim, double", neurosim, dict(n=12_500, seconds=3.0, precision="double")),
            Run("neurosim, single", neurosim, dict(n=12_500, seconds=3.0, precision="single")),
            Run("Brian2 standalone, 1 thread", brian2, dict(n=12_500, seconds=1.0, threads=1), "brian2"),
            Run("Brian2 standalone, 2 threads", brian2, dict(n=12_500, seconds=1.0, threads=2), "brian2"),
            Run("NEST, 2 threads", nest, dict(n=12_500, seconds=1.0, threads=2), "nest"),
        ),
        smoke=dict(n=500, seconds=0.02),
        agree="rate",
        alive=1.0,
    ),
)
