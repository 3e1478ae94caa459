"""COBA and CUBA as scripts of Brian2 under `set_device("neurosim")`, beside the same networks in neurosim's
own words: what the way through Brian2 costs while a network runs."""

from __future__ import annotations

from importlib import import_module
from time import perf_counter
from typing import Any

from bench import BUILD, RATE, RTF, Benchmark, Run
from clocks import SETTLING

from networks import coba, cuba


def through_brian2(network: str, n: int, seconds: float, seed: int, engine: str) -> dict[str, Any]:
    """RTF of `seconds` after the first `SETTLING` ones, spikes in memory; *built* is what remains of a short
    run: setting the network up, and turning it into a plan."""
    import brian2 as b2

    import neurosim.brian  # noqa: F401

    begin = perf_counter()
    b2.set_device("neurosim", engine=engine)
    b2.defaultclock.dt = 0.1 * b2.ms
    b2.seed(seed)
    objects = import_module(f"networks.{network}").described_brian2(n)
    spikes = b2.SpikeMonitor(objects["cells"])
    net = b2.Network(*objects.values(), spikes)
    set_up = perf_counter() - begin

    def timed(duration: float) -> float:
        begin = perf_counter()
        net.run(duration * b2.second, namespace={})
        return perf_counter() - begin

    timed(SETTLING)  # compiles
    before = int(spikes.num_spikes)
    short, long = timed(SETTLING), timed(SETTLING + seconds)
    rtf, span = (long - short) / seconds, seconds + 2 * SETTLING
    rate = (int(spikes.num_spikes) - before) / n / span
    return {"rtf": rtf, "build": set_up + short - rtf * SETTLING, "rate": rate, "engine": engine}


def _row(network: str, own: Any, seconds: float, alive: float) -> Benchmark:
    options = dict(n=4000, seconds=seconds)
    return Benchmark(
        f"{network}_through_brian2",
        f"{network.upper()}, 4000 neurons, as a Brian2 script under neurosim",
        "at most 1.10 times neurosim",
        "One script is the same network in Brian2's words, under `set_device('neurosim')`, its spikes in"
        " memory; *built in* is its set-up by Brian2 and the making of its plan.",
        (RTF, RATE, BUILD),
        (
            Run("neurosim", own, options | {"precision": "double"}),
            Run("Brian2 script under neurosim", through_brian2, options | {"network": network}),
        ),
        smoke=dict(n=400, seconds=0.02),
        agree="rate",
        alive=alive,
    )


BENCHMARKS = (
    _row("coba", coba.neurosim, seconds=10.0, alive=5.0),
    _row("cuba", cuba.neurosim, seconds=20.0, alive=1.0),
)
