"""Cost against size: the microcircuit at three scales, wall time per synaptic event.

An event is the arrival of a spike at a synapse; background and the neurons' own dynamics are paid for by the
events, too. With in-degrees scaled as published, a small network has few synapses per neuron; with all
in-degrees kept, only its size differs.
"""

from __future__ import annotations

from typing import Any

from bench import MEMORY, RATE, Benchmark, Column, Run
from clocks import simulate_neurosim


def neurosim(scale: float, keep: bool, seconds: float, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.models import microcircuit as model

    kept = 1.0 if keep and scale >= 0.1 else scale
    net = model.microcircuit(scale, in_degree_scale=kept)
    found = simulate_neurosim(
        net, tuple(model.POPULATIONS), seconds, precision="single", seed=seed, engine=engine
    )
    leaving = dict(
        zip(model.POPULATIONS, model.synapse_numbers().sum(axis=0) * scale * kept, strict=True)
    )  # synapses by sender
    events = sum(leaving[name] * rate for name, rate in found["rates"].items())
    return found | {"event": found["rtf"] / events * 1e9, "events": events / 1e6}


def _run(scale: float, keep: bool, seconds: float) -> Run:
    kind = "in-degrees kept" if keep else "in-degrees scaled"
    return Run(
        f"neurosim, single, scale {scale:g}, {kind}", neurosim, dict(scale=scale, keep=keep, seconds=seconds)
    )


BENCHMARKS = (
    Benchmark(
        "size",
        "Cost against size: the microcircuit at scales 0.1, 0.3 and 1.0",
        "time per synaptic event rises by no more than a factor of 2",
        "Wall nanoseconds per synaptic event, all threads together: RTF over events per biological second "
        "(background not counted).",
        (
            Column("event", "ns/event"),
            Column("rtf", "RTF"),
            Column("events", "million events/s", 1),
            RATE,
            MEMORY,
        ),
        (
            _run(0.1, False, 10.0),
            _run(0.3, False, 5.0),
            _run(0.1, True, 10.0),
            _run(0.3, True, 5.0),
            _run(1.0, True, 3.0),
        ),
        smoke=dict(scale=0.01, seconds=0.02),
    ),
)
