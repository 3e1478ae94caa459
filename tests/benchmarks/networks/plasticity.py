"""Plasticity beyond pair STDP, sparse activity, and what an event at plastic synapses costs.

Integrate-and-fire neurons (tau 20 ms, threshold 20 mV, reset 0, refractory 2 ms), each with its own constant
drive of 20.5 to 23 mV, spike about 20 times per second. Their synapses, with a delay of 1.5 ms, are so weak
that the rates do not depend on them.

Pair STDP: Song, Miller & Abbott 2000, Nat. Neurosci. 3, 919. Triplet STDP: Pfister & Gerstner 2006, J.
Neurosci. 26, 9673. Short-term plasticity: Markram, Wang & Tsodyks 1998, PNAS 95, 5323.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench import BUILD, MEMORY, RATE, RTF, Benchmark, Column, Run
from clocks import simulate_brian2, simulate_neurosim
from plain_loops import neurons

CELLS = "dv/dt = (drive - v)/tau : volt (unless refractory)"
TOP = 1e-3  # mV, the largest weight


@dataclass(frozen=True)
class Rule:
    """A rule as text, and its constants: times in ms, others without unit."""

    model: str
    on_pre: str
    on_post: str = ""
    times: tuple[tuple[str, float], ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    starts: tuple[tuple[str, float], ...] = ()

    def constants(self, ms: Any) -> dict[str, Any]:
        """The constants with their units."""
        return {**{name: value * ms for name, value in self.times}, **dict(self.numbers)}


RULES = {
    "pairs": Rule(
        """dbefore/dt = -before/tau_pair : 1 (event-driven)
           dafter/dt = -after/tau_pair : 1 (event-driven)""",
        "v_post += w\nbefore += 1\nw = clip(w - 0.0105*top*after, 0*mV, top)",
        "after += 1\nw = clip(w + 0.01*top*before, 0*mV, top)",
        times=(("tau_pair", 20.0),),
    ),
    "triplets": Rule(
        """dr_1/dt = -r_1/tau_plus : 1 (event-driven)
           dr_2/dt = -r_2/tau_x : 1 (event-driven)
           do_1/dt = -o_1/tau_minus : 1 (event-driven)
           do_2/dt = -o_2/tau_y : 1 (event-driven)""",
        """v_post += w
           w = clip(w - top*o_1*(A2_minus + A3_minus*r_2), 0*mV, top)
           r_1 += 1
           r_2 += 1""",
        """w = clip(w + top*r_1*(A2_plus + A3_plus*o_2), 0*mV, top)
           o_1 += 1
           o_2 += 1""",
        times=(("tau_plus", 16.8), ("tau_minus", 33.7), ("tau_x", 101.0), ("tau_y", 114.0)),
        numbers=(("A2_plus", 5e-10), ("A3_plus", 6.2e-3), ("A2_minus", 7e-3), ("A3_minus", 2.3e-4)),
    ),
    "short_term": Rule(
        """du/dt = -u/tau_facil : 1 (event-driven)
           dx/dt = (1 - x)/tau_rec : 1 (event-driven)""",
        "u = u + U*(1 - u)\nv_post += w*u*x\nx = x - u*x",
        times=(("tau_facil", 530.0), ("tau_rec", 130.0)),
        numbers=(("U", 0.03),),
        starts=(("x", 1.0),),
    ),
}


def neurosim(
    rule: str, n: int, indegree: int, seconds: float, precision: str, seed: int, engine: str
) -> dict[str, Any]:
    def weight(recording: Any) -> dict[str, Any]:
        return {"weight": float(recording.final["synapse/plastic/w"].mean()) * 1e3 / TOP}

    net = described(rule, n, indegree)
    options = dict(precision=precision, seed=seed, engine=engine, threads=1)
    found = simulate_neurosim(net, ("cells",), seconds, more=weight, **options)
    return found | event(rule, n, indegree, found)


def event(rule: str, n: int, indegree: int, found: dict[str, Any]) -> dict[str, Any]:
    """Nanoseconds for each arrival, and for each spike of a target where they count."""
    sides = 2 if RULES[rule].on_post else 1
    return {"event": found["rtf"] / (found["rate"] * n * min(indegree, n) * sides) * 1e9}


def described(rule: str, n: int, indegree: int) -> Any:
    """The network."""
    import neurosim as ns
    from neurosim.units import ms, mV

    text = RULES[rule]
    cells = ns.Neurons(
        "cells", n, equations=CELLS, threshold="v > 20*mV", reset="v = 0*mV", refractory=2 * ms,
        tau=20 * ms, drive=ns.uniform(20.5 * mV, 23 * mV), v=ns.uniform(0 * mV, 20 * mV),
    )  # fmt: skip
    top = {"top": TOP * mV} if text.on_post else {}
    plastic = ns.Synapses(
        cells, cells, wiring=ns.indegree(min(indegree, n)), weight=ns.uniform(0 * mV, TOP * mV),
        delay=1.5 * ms, name="plastic", model=f"w : volt\n{text.model}", on_pre=text.on_pre,
        on_post=text.on_post, **text.constants(ms), **dict(text.starts), **top,
    )  # fmt: skip
    return ns.Network(plastic, schedule=ns.Clock(0.1 * ms))


def brian2(rule: str, n: int, indegree: int, seconds: float, seed: int) -> dict[str, Any]:
    objects: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        objects.update(described_brian2(rule, n, indegree))
        return objects

    def weight() -> dict[str, Any]:
        return {"weight": float(objects["plastic"].w[:].mean()) * 1e3 / TOP}

    found = simulate_brian2(describe, seconds, 1, seed, more=weight)
    return found | event(rule, n, indegree, found)


def described_brian2(rule: str, n: int, indegree: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, Synapses, ms, mV

    text = RULES[rule]
    cells = NeuronGroup(
        n, f"{CELLS}\ndrive : volt (constant)", threshold="v > 20*mV", reset="v = 0*mV",
        refractory=2 * ms, method="exact", namespace={"tau": 20 * ms, "mV": mV},
    )  # fmt: skip
    cells.drive, cells.v = "20.5*mV + 2.5*mV*rand()", "20*mV*rand()"
    constants = text.constants(ms) | {"top": TOP * mV, "mV": mV}
    plastic = Synapses(
        cells, cells, f"w : volt\n{text.model}", on_pre=text.on_pre, on_post=text.on_post or None,
        delay=1.5 * ms, namespace=constants,
    )  # fmt: skip
    plastic.connect(i=f"k for k in sample(N_pre, size={min(indegree, n)})")
    plastic.w = "rand()*top"
    for name, value in text.starts:
        setattr(plastic, name, value)
    return {"cells": cells, "plastic": plastic}


SPARSE = """dv/dt = drive + (I_exc + I_inh)/tau : volt (unless refractory)
            dI_exc/dt = -I_exc/tau_exc : volt
            dI_inh/dt = -I_inh/tau_inh : volt"""
SPARSE_DRIVE = 2.0  # mV/s, with which a neuron reaches its threshold of 20 mV in ten seconds


def sparse(n: int, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    options = dict(precision=precision, seed=seed, engine=engine, threads=1)
    return simulate_neurosim(described_sparse(n), ("cells",), seconds, **options)


def described_sparse(n: int) -> Any:
    """The network of sparse activity."""
    import neurosim as ns
    from neurosim.units import ms, mV, second

    cells = ns.Neurons(
        "cells", n, equations=SPARSE, threshold="v > 20*mV", reset="v = 0*mV", refractory=5 * ms,
        tau=20 * ms, tau_exc=5 * ms, tau_inh=10 * ms, drive=SPARSE_DRIVE * mV / second, ports="",
        v=ns.uniform(0 * mV, 20 * mV),
    )  # fmt: skip
    excitatory, degrees = 4 * n // 5, (min(80, n // 5), min(20, n // 5))
    excitation = ns.Synapses(
        cells[:excitatory], cells, to="I_exc", wiring=ns.indegree(degrees[0]), weight=0.01 * mV,
        delay=1.5 * ms, name="excitation",
    )  # fmt: skip
    inhibition = ns.Synapses(
        cells[excitatory:], cells, to="I_inh", wiring=ns.indegree(degrees[1]), weight=-0.02 * mV,
        delay=1.5 * ms, name="inhibition",
    )  # fmt: skip
    return ns.Network(excitation, inhibition, schedule=ns.Clock(0.1 * ms))


def sparse_brian2(n: int, seconds: float, seed: int) -> dict[str, Any]:
    return simulate_brian2(lambda: described_sparse_brian2(n), seconds, 1, seed)


def sparse_loop(n: int, ticks: int, seed: int) -> dict[str, Any]:
    return neurons(n, ticks, seed)


def described_sparse_brian2(n: int) -> dict[str, Any]:
    from brian2 import NeuronGroup, Synapses, ms, mV, second

    constants = dict(tau=20 * ms, tau_exc=5 * ms, tau_inh=10 * ms, drive=SPARSE_DRIVE * mV / second, mV=mV)
    # Brian2's exact method needs a leak of v; Euler's, which costs less, is the same but for the currents.
    cells = NeuronGroup(
        n, SPARSE, threshold="v > 20*mV", reset="v = 0*mV", refractory=5 * ms, method="euler",
        namespace=constants,
    )  # fmt: skip
    cells.v = "20*mV*rand()"
    excitatory, units = 4 * n // 5, {"mV": mV}
    excitation = Synapses(
        cells[:excitatory], cells, on_pre="I_exc_post += 0.01*mV", delay=1.5 * ms, namespace=units
    )
    inhibition = Synapses(
        cells[excitatory:], cells, on_pre="I_inh_post -= 0.02*mV", delay=1.5 * ms, namespace=units
    )
    excitation.connect(i=f"k for k in sample(N_pre, size={min(80, n // 5)})")
    inhibition.connect(i=f"k for k in sample(N_pre, size={min(20, n // 5)})")
    return {"cells": cells, "excitation": excitation, "inhibition": inhibition}


EVENT = Column("event", "ns for an event", 2)
WEIGHT = Column("weight", "mean weight / top", 3)


def _row(name: str, title: str, bar: str, rule: str) -> Benchmark:
    options = dict(rule=rule, n=4000, indegree=250, seconds=2.0)
    how = "Events are arrivals and, where they count, spikes of targets, at one synapse each."
    return Benchmark(
        name, title, bar, how,
        (RTF, RATE, EVENT, WEIGHT, BUILD),
        (
            Run("neurosim, double", neurosim, options | {"precision": "double"}),
            Run("neurosim, single", neurosim, options | {"precision": "single"}),
            Run("Brian2 standalone, 1 thread", brian2, options, "brian2"),
        ),
        smoke=dict(n=200, indegree=20, seconds=0.02), agree="rate",
    )  # fmt: skip


BENCHMARKS = (
    _row(
        "triplet_stdp", "Triplet STDP, 4000 neurons, 1 million synapses",
        "at most 0.25 of Brian2, one thread each", "triplets",
    ),
    _row(
        "short_term_plasticity", "Short-term plasticity (Tsodyks-Markram), 4000 neurons, 1 million synapses",
        "at most 0.25 of Brian2, one thread each", "short_term",
    ),
    Benchmark(
        "plastic_size", "Pair STDP at 1000, 10,000 and 100,000 neurons, 100 synapses onto each",
        "an event costs at most 1.5 and 2 times what it costs with 1000 neurons; one thread",
        "Events are arrivals and spikes of targets, each at one synapse.",
        (EVENT, RTF, RATE, MEMORY),
        tuple(
            Run(
                f"{n:,} neurons", neurosim,
                dict(rule="pairs", n=n, indegree=100, seconds=seconds, precision="double"),
            )
            for n, seconds in ((1000, 20.0), (10_000, 4.0), (100_000, 1.0))
        ),
        smoke=dict(n=200, indegree=20, seconds=0.02),
    ),
    Benchmark(
        "sparse", "10,000 neurons that spike once in ten seconds, 1 million synapses",
        "at most 0.15 of Brian2, one thread each",
        "Exponential synaptic currents as in CUBA; each neuron integrates a constant drive. The plain loop"
        " moves the neurons and counts spikes, nothing else: its part of Brian2 bounds what can be met while"
        " each variable is written in each step.",
        (RTF, RATE, BUILD),
        (
            Run("neurosim, double", sparse, dict(n=10_000, seconds=10.0, precision="double")),
            Run("neurosim, single", sparse, dict(n=10_000, seconds=10.0, precision="single")),
            Run("Brian2 standalone, 1 thread", sparse_brian2, dict(n=10_000, seconds=10.0), "brian2"),
            Run("a plain loop over neurons", sparse_loop, dict(n=10_000, ticks=20_000), "numpy"),
        ),
        smoke=dict(n=200, seconds=0.1, ticks=10), agree="rate",
    ),
)  # fmt: skip
