"""Polychronization: 1000 neurons of Izhikevich with 100 synapses each, whose delays are 1 to 20 ms, and STDP.

800 excitatory and 200 inhibitory neurons, a step of 1 ms with two half steps of v. Of each excitatory neuron
100 synapses lead anywhere, with weights of 6 at first and at most 10; of each inhibitory one to excitatory
neurons, with weights of -5 and delays of 1 ms. In each step one neuron that is drawn by lot gets 20. A spike
that arrives subtracts the trace of the target from the change sd of a synapse, a spike of the target adds the
synapse's; traces of the last spike, 0.1 and 0.12, decay in 20 ms; once a second w changes by 0.01 + sd. All
get the same synapses, delays and lots, so that they spike alike until rounding tells them apart, and each
counts what an event costs.
Source: Izhikevich 2006, Neural Comput. 18, 245, doi:10.1162/089976606775093882.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bench import BUILD, RATE, RTF, Benchmark, Column, Run
from clocks import SETTLING, simulate_brian2, simulate_neurosim
from plain_loops import plastic

STEP = """v += 0.5*(0.04*v*v + 5*v + 140 - u + I)
          v += 0.5*(0.04*v*v + 5*v + 140 - u + I)
          u += a*(0.2*v - u)"""
MODEL = """sd : 1
           dbefore/dt = -before/tau : 1 (event-driven)
           dafter/dt = -after/tau : 1 (event-driven)"""
ON_PRE = "I_post += w\nsd -= after\nbefore = 0.1"
ON_POST = "sd += before\nafter = 0.12"
EACH_SECOND = "w = clip(w + 0.01 + sd, 0, 10)\nsd *= 0.9"


def lots(n: int, seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The ticks at which some neuron gets 20, and these neurons."""
    ticks = np.arange(round((SETTLING + seconds) * 1e3))
    return ticks, np.random.default_rng(seed).integers(0, n, ticks.size)


def joined(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sender and the target of each synapse, in the order of senders, and its delay in ms."""
    random, degree, excitatory = np.random.default_rng(seed + 1), min(100, n // 5), 4 * n // 5
    sizes = np.where(np.arange(n) < excitatory, n, excitatory)
    post = np.concatenate([random.choice(size, degree, replace=False) for size in sizes])
    delay = np.where(np.arange(n * degree) < excitatory * degree, random.integers(1, 21, n * degree), 1)
    return np.repeat(np.arange(n), degree), post, delay


def event(found: dict[str, Any], n: int) -> dict[str, Any]:
    """Nanoseconds for each arrival, and for each spike of a target at a synapse with STDP.

    It counts as if all neurons had the mean rate.
    """
    arrivals = n * min(100, n // 5)
    return {"event": found["rtf"] / (found["rate"] * 1.8 * arrivals) * 1e9}


def neurosim(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    net, inputs = described(n, seconds, seed)

    def weight(recording: Any) -> dict[str, Any]:
        return {"weight": float(recording.final["synapse/plastic/w"].mean())}

    options = dict(precision=precision, seed=seed, engine=engine, threads=1)
    found = simulate_neurosim(net, ("cells",), seconds, inputs=inputs, more=weight, **options)
    return found | event(found, n)


def described(n: int, seconds: float, seed: int) -> tuple[Any, dict[str, Any]]:
    """The network and its inputs."""
    import neurosim as ns
    from neurosim.units import ms, second

    excitatory = 4 * n // 5
    inhibits = np.arange(n) >= excitatory
    cells = ns.Neurons(
        "cells", n, update=STEP, threshold="v >= 30", reset="v = -65\nu += d", v=-65.0, u=-13.0,
        a=np.where(inhibits, 0.1, 0.02), d=np.where(inhibits, 2.0, 8.0),
    )  # fmt: skip
    thalamus = ns.Neurons("thalamus", n)
    pre, post, delay = joined(n, seed)
    excites = pre < excitatory
    plastic = ns.Synapses(
        cells[:excitatory], cells, name="plastic", wiring=ns.pairs(pre[excites], post[excites]), weight=6.0,
        delay=delay[excites] * ms, model="w : 1\n" + MODEL, on_pre=ON_PRE, on_post=ON_POST,
        regularly=(1 * second, EACH_SECOND), tau=20 * ms,
    )  # fmt: skip
    inhibition = ns.Synapses(
        cells[excitatory:], cells[:excitatory], wiring=ns.pairs(pre[~excites] - excitatory, post[~excites]),
        weight=-5.0, delay=1 * ms, name="inhibition",
    )  # fmt: skip
    kicks = ns.Synapses(thalamus, cells, wiring=ns.one_to_one(), weight=20.0)
    ticks, neurons = lots(n, seconds, seed)
    net = ns.Network(kicks, plastic, inhibition, schedule=ns.Clock(1 * ms))
    return net, {"thalamus": (ticks, neurons)}


def brian2(n: int, seconds: float, seed: int) -> dict[str, Any]:
    objects: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        objects.update(described_brian2(n, seconds, seed))
        return objects

    weight = lambda: {"weight": float(objects["plastic"].w[:].mean())}  # noqa: E731
    found = simulate_brian2(describe, seconds, 1, seed, more=weight, step=1.0)
    return found | event(found, n)


def described_brian2(n: int, seconds: float, seed: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, SpikeGeneratorGroup, Synapses, ms, second

    excitatory = 4 * n // 5
    pre, post, delay = joined(n, seed)
    excites = pre < excitatory
    cells = NeuronGroup(n, "v : 1\nu : 1\nI : 1\na : 1\nd : 1", threshold="v >= 30", reset="v = -65\nu += d")
    cells.v, cells.u = -65, -13
    cells.a, cells.d = f"0.02 + 0.08*int(i >= {excitatory})", f"8 - 6*int(i >= {excitatory})"
    cells.run_regularly(f"{STEP}\nI = 0", when="groups")
    ticks, neurons = lots(n, seconds, seed)
    thalamus = SpikeGeneratorGroup(n, neurons, ticks * ms)
    kicks = Synapses(thalamus, cells, on_pre="I_post += 20")
    kicks.connect(j="i")
    plastic = Synapses(
        cells[:excitatory], cells, "w : 1\n" + MODEL, on_pre=ON_PRE, on_post=ON_POST,
        namespace={"tau": 20 * ms},
    )  # fmt: skip
    plastic.connect(i=pre[excites], j=post[excites])
    plastic.w, plastic.delay = 6, delay[excites] * ms
    plastic.run_regularly(EACH_SECOND, dt=1 * second)
    inhibition = Synapses(cells[excitatory:], cells[:excitatory], on_pre="I_post -= 5", delay=1 * ms)
    inhibition.connect(i=pre[~excites] - excitatory, j=post[~excites])
    return {
        "cells": cells,
        "thalamus": thalamus,
        "kicks": kicks,
        "plastic": plastic,
        "inhibition": inhibition,
    }


def plain_loop(n: int, rate: float, ticks: int, seed: int) -> dict[str, Any]:
    return plastic(n * min(100, n // 5) * 4 // 5, min(100, n // 5), rate, ticks, seed)


BENCHMARKS = (
    Benchmark(
        "polychronization",
        "Polychronization, 1000 neurons, 100,000 synapses with delays of 1 to 20 ms, STDP",
        "at most 0.3 of Brian2, one thread each",
        "The plain loop does what the synapses do, and nothing else, with all places known before: its part"
        " of Brian2 bounds what can be met. Other prefetching and lists that grow faster were tried, without"
        " gain.",
        (Column("event", "ns for an event", 2), RTF, RATE, Column("weight", "mean weight", 2), BUILD),
        (
            Run("neurosim, double", neurosim, dict(n=1000, seconds=60.0, precision="double")),
            Run("neurosim, single", neurosim, dict(n=1000, seconds=60.0, precision="single")),
            Run("Brian2 standalone, 1 thread", brian2, dict(n=1000, seconds=60.0), "brian2"),
            Run("a plain loop over synapses", plain_loop, dict(n=1000, rate=7.0, ticks=20_000), "numpy"),
        ),
        smoke=dict(n=200, seconds=0.2, ticks=10),
        agree="rate",
    ),
)
