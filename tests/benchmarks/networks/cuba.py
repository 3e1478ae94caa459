"""CUBA: `neurosim.models.balanced_cuba`, 4000 neurons, 80 synapses per neuron on average, exact integration.

NEST's shortest delay is one step, where the others need none.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench import BUILD, MEMORY, RATE, RTF, Benchmark, Run
from clocks import simulate_brian2, simulate_nest, simulate_neurosim, start_nest

from networks.coba import simulate_annarchy

EQUATIONS = """dv/dt = (v_rest - v + R*(I_exc + I_inh))/tau : volt (unless refractory)
               dI_exc/dt = -I_exc/tau_exc : amp
               dI_inh/dt = -I_inh/tau_inh : amp"""


def neurosim(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.models.balanced_cuba import balanced_cuba

    return simulate_neurosim(
        balanced_cuba(n), ("cells",), seconds, precision=precision, seed=seed, engine=engine
    )


def nest(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    begin, nest = perf_counter(), start_nest(threads, seed)
    neuron = dict(
        C_m=200.0,
        tau_m=20.0,
        E_L=-49.0,
        V_th=-50.0,
        V_reset=-60.0,
        t_ref=5.0,
        tau_syn_ex=5.0,
        tau_syn_in=10.0,
    )
    cells = nest.Create("iaf_psc_exp", n, neuron)
    cells.V_m = nest.random.uniform(-60.0, -50.0)
    joined = {"rule": "pairwise_bernoulli", "p": 80 / n}
    nest.Connect(cells[: 4 * n // 5], cells, joined, {"weight": 16.2, "delay": 0.1})
    nest.Connect(cells[4 * n // 5 :], cells, joined, {"weight": -90.0, "delay": 0.1})
    return simulate_nest(nest, cells, seconds, begin=begin)


def brian2(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    return simulate_brian2(lambda: described_brian2(n), seconds, threads, seed)


def described_brian2(n: int) -> dict[str, Any]:
    from brian2 import Mohm, NeuronGroup, Synapses, ms, mV

    constants = dict(tau=20 * ms, R=100 * Mohm, tau_exc=5 * ms, tau_inh=10 * ms, v_rest=-49 * mV, mV=mV)
    cells = NeuronGroup(
        n,
        EQUATIONS,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        method="exact",
        namespace=constants,
    )
    cells.v = "-60*mV + rand()*10*mV"
    excitation = Synapses(cells[: 4 * n // 5], cells, on_pre="I_exc_post += 16.2*pA")
    inhibition = Synapses(cells[4 * n // 5 :], cells, on_pre="I_inh_post -= 90*pA")
    excitation.connect(p=80 / n)
    inhibition.connect(p=80 / n)
    return {"cells": cells, "excitation": excitation, "inhibition": inhibition}


def annarchy(n: int, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    import ANNarchy as ann

    begin = perf_counter()
    net = ann.Network(dt=0.1, seed=seed)
    net.config(num_threads=threads)
    neuron = ann.Neuron(
        parameters=dict(tau=20.0, tau_e=5.0, tau_i=10.0),
        equations="""tau*dv/dt = -49.0 - v + g_exc - g_inh : exponential, init=-60.0
                     tau_e*dg_exc/dt = -g_exc : exponential
                     tau_i*dg_inh/dt = -g_inh : exponential""",
        spike="v > -50.0", reset="v = -60.0", refractory=5.0,
    )  # fmt: skip
    cells = net.create(geometry=n, neuron=neuron)
    cells.v = ann.Uniform(-60.0, -50.0)
    for pre, target, weight in ((cells[: 4 * n // 5], "exc", 1.62), (cells[4 * n // 5 :], "inh", 9.0)):  # mV
        net.connect(pre, cells, target).fixed_probability(probability=80 / n, weights=weight)
    return simulate_annarchy(net, cells, n, seconds, begin)


BENCHMARKS = (
    Benchmark(
        "cuba_4000", "CUBA, 4000 neurons", "RTF at most 0.02 in double", "", (RTF, RATE, BUILD, MEMORY),
        (
            Run("neurosim, double", neurosim, dict(n=4000, seconds=20.0, precision="double")),
            Run("neurosim, single", neurosim, dict(n=4000, seconds=20.0, precision="single")),
            Run("Brian2 standalone, 1 thread", brian2, dict(n=4000, seconds=20.0, threads=1), "brian2"),
            Run("Brian2 standalone, 2 threads", brian2, dict(n=4000, seconds=10.0, threads=2), "brian2"),
            Run("NEST, 2 threads", nest, dict(n=4000, seconds=5.0, threads=2), "nest"),
            Run("ANNarchy, 1 thread", annarchy, dict(n=4000, seconds=10.0, threads=1), "ANNarchy"),
        ),
        smoke=dict(n=400, seconds=0.02), agree="rate", alive=1.0,
    ),
)  # fmt: skip
