"""What 'auto' costs: the time of a run with engine='auto' over that of the fastest engine, all compiled;
and on a busy machine the time of a run with threads as chosen over that of one thread.

All runs of a row take turns in one process. Times of engines are those of the processor, times on the busy
machine those of the wall.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

ENGINES = ("reference", "events", "arrays")
Described = tuple[Any, dict[str, Any], dict[str, Any]]  # network, inputs, other arguments of ns.run


def spiking(n: int, ticks: int) -> Described:
    """Leaky integrate-and-fire cells with 100 synapses each."""
    import neurosim as ns
    from neurosim.units import ms

    cells = ns.Neurons(
        "cells", n, equations="dv/dt = (1.05 - v)/(20*ms) : 1 (unless refractory)", threshold="v > 1",
        reset="v = 0", refractory=2 * ms, v=ns.uniform(0.0, 1.0),
    )  # fmt: skip
    wiring = ns.indegree(min(100, n // 2))
    synapses = ns.Synapses(cells, cells, to="v", wiring=wiring, weight=0.002, delay=1 * ms)
    return ns.Network(synapses, schedule=ns.Clock(0.1 * ms)), {}, {"ticks": ticks}


def plastic(n: int, ticks: int) -> Described:
    """Inputs of 15 Hz that learn by STDP, onto a hundredth as many cells."""
    import neurosim as ns
    from neurosim.units import ms

    ears = ns.Neurons("ears", n, threshold="rand() < 15*Hz*dt")
    cells = ns.Neurons(
        "cells", max(1, n // 100), equations="dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0"
    )
    text = "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)"
    synapses = ns.Synapses(
        ears, cells, model=text, on_pre="v_post += w; x += 0.01; w = clip(w - y, 0, 0.1)",
        on_post="y += 0.01; w = clip(w + x, 0, 0.1)", weight=ns.uniform(0.0, 0.1),
    )  # fmt: skip
    return ns.Network(synapses, schedule=ns.Clock(0.1 * ms)), {}, {"ticks": ticks}


def reservoir(n: int, ticks: int) -> Described:
    """An echo state network with 10 synapses a unit."""
    from neurosim.models.echo_state import echo_state

    drive = np.random.default_rng(0).normal(size=(ticks, 1))
    return echo_state(1, n, 1, density=min(1.0, 10 / n)), {"drive": drive}, {}


def rates(n: int, ticks: int) -> Described:
    """Rate neurons, all joined."""
    import neurosim as ns

    cells = ns.Neurons("cells", n, update="v = 0.9*v + 0.1*tanh(I)", v=ns.uniform(-1.0, 1.0))
    weight = np.random.default_rng(0).normal(size=(n, n)) / np.sqrt(n)
    net = ns.Network(ns.Synapses(cells, cells, weight=weight, delay=1), schedule=ns.Synchronous())
    return net, {}, {"ticks": ticks}


def memory(n: int, sweeps: int) -> Described:
    """A Hopfield net that recalls a pattern."""
    from neurosim.models.hopfield import hopfield

    random = np.random.default_rng(0)
    patterns = random.choice([-1, 1], (max(1, n // 20), n))
    probe = patterns[0] * np.where(random.permutation(n) < n // 5, -1, 1)
    return hopfield(patterns, start=probe), {}, {"ticks": sweeps}


def perceptron(width: int, samples: int) -> Described:
    """A perceptron with a hidden layer, a trial for each sample."""
    from neurosim.models.feed_forward import feed_forward

    x = np.random.default_rng(0).normal(size=(samples, 1, 64))
    return feed_forward((64, width, 10)), {"inputs": x}, {"record": ["out"]}


def transformer(_: int, trials: int) -> Described:
    """A transformer block of 32 tokens and 64 features."""
    from neurosim.models.transformer_block import transformer_block

    x = np.random.default_rng(0).normal(size=(trials, 1, 32, 64))
    return transformer_block(32, 64, 4, 256), {"x": x}, {"record": ["out"], "precision": "single"}


def over_best(family: str, seed: int, engine: str, times: int = 5, most: int = 10**9) -> dict[str, Any]:
    """For each case of a family, the time of 'auto' over that of the best engine, and the worst of all.

    most: ticks, sweeps or samples.
    """
    import neurosim as ns

    found = {}
    _, describe, cases = FAMILIES[family]
    for key, (size, length) in cases.items():
        net, inputs, more = describe(size, min(length, most))

        def run(on: str, net: Any = net, inputs: Any = inputs, more: Any = more) -> float:
            begin = process_time()
            ns.run(net, inputs, engine=on, seed=seed, threads=1, progress=False, **more)
            return process_time() - begin

        seconds: dict[str, list[float]] = {"auto": []}
        for name in ENGINES:
            try:
                run(name)
            except ns.PlanError:
                continue
            again = run(name)
            if again < 10 * min([sum(s) / len(s) for n, s in seconds.items() if n != "auto"], default=1e9):
                seconds[name] = [again]
        run("auto")
        for _ in range(times):
            for name, taken in seconds.items():
                if name == "auto" or taken[0] < 3 * min(s[0] for n, s in seconds.items() if n != "auto"):
                    taken.append(run(name))
        best = min(median(s) for name, s in seconds.items() if name != "auto")
        found[key] = median(seconds["auto"]) / best
    return {"worst": max(found.values())} | found


def busy(seed: int, engine: str, n: int = 40_000, ticks: int = 4000, times: int = 5) -> dict[str, Any]:
    """Wall time with threads as chosen over that with one thread, while two other processes run."""
    import neurosim as ns

    net, _, _ = spiking(n, ticks)

    def seconds(threads: int | None) -> float:
        begin = perf_counter()
        ns.run(net, ticks=ticks, seed=seed, engine="events", threads=threads, progress=False)
        return perf_counter() - begin

    seconds(None), seconds(1)
    quiet = [seconds(None) / seconds(1) for _ in range(times)]
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        loaded = [seconds(None) / seconds(1) for _ in range(times)]
    finally:
        for other in others:
            other.kill()
            other.wait()
    return {"busy": median(loaded), "quiet": median(quiet)}


FAMILIES: dict[str, tuple[str, Callable[[int, int], Described], dict[str, tuple[int, int]]]] = {
    "spiking": ("spiking cells", spiking, {
        "100 x 10": (100, 10), "100 x 1000": (100, 1000), "100 x 10,000": (100, 10_000),
        "1000 x 10,000": (1000, 10_000), "100,000 x 10": (100_000, 10),
    }),
    "plastic": ("STDP", plastic, {
        "100 x 100": (100, 100), "100 x 10,000": (100, 10_000), "10,000 x 100": (10_000, 100),
    }),
    "reservoir": ("an echo state network", reservoir, {
        "10 x 10,000": (10, 10_000), "100 x 1000": (100, 1000), "1000 x 10,000": (1000, 10_000),
    }),
    "rates": ("dense rate neurons", rates, {"100 x 100": (100, 100), "100 x 10,000": (100, 10_000)}),
    "hopfield": ("Hopfield recall", memory, {
        "100 x 100": (100, 100), "1000 x 10": (1000, 10), "3000 x 10": (3000, 10),
    }),
    "perceptron": ("a perceptron", perceptron, {
        "10 x 100,000": (10, 100_000), "100 x 100,000": (100, 100_000), "1000 x 10,000": (1000, 10_000),
    }),
    "transformer": ("a transformer block", transformer, {"64 trials": (0, 64), "1 trial": (0, 1)}),
}  # fmt: skip
BENCHMARKS = (
    *(
        Benchmark(
            f"auto_{name}",
            f"What 'auto' costs: {title}",
            "at most 1.2 of the best engine",
            "CPU time of a run over that of the fastest engine, all compiled before; neurons or width x"
            " ticks, sweeps or samples.",
            (Column("worst", "worst", 2), *(Column(key, key, 2) for key in cases)),
            (Run("neurosim", over_best, {"family": name}),),
            smoke={"times": 1, "most": 10},
        )
        for name, (title, _, cases) in FAMILIES.items()
    ),
    Benchmark(
        "busy",
        "Threads on a busy machine: 40,000 spiking cells",
        "at most 1.2 of one thread's time where two other processes run; quiet, under 1",
        "Wall time with threads as chosen over wall time with threads=1.",
        (Column("busy", "busy", 2), Column("quiet", "quiet", 2)),
        (Run("neurosim", busy),),
        smoke={"n": 100, "ticks": 10, "times": 1},
    ),
)
