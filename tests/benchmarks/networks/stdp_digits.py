"""Handwritten digits of 8 x 8 pixels, learned by STDP without labels: `examples/stdp_digits.py`.

A seed decides which quarter of the images is held out, their order, their spikes, and the first weights.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench import MEMORY, Benchmark, Column, Run

from networks.scripts import example


def neurosim(
    neurons: int, passes: int, seed: int, engine: str, count: int = 1797, **model: Any
) -> dict[str, Any]:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    begin = perf_counter()
    found = example("stdp_digits").read(
        pixels[:count], labels[:count], passes, seed, neurons=neurons, engine=engine, **model
    )
    wall = perf_counter() - begin
    return {key: 100 * found[key] for key in ("right", "readout")} | {"wall": wall, "spikes": found["spikes"]}


BENCHMARKS = (
    Benchmark(
        "stdp_digits",
        "Digits by STDP without labels",
        "85 % in each seed, by votes of neurons that are named after learning",
        "The time is that of learning, naming and reading, compiling included where code is not in hand. The"
        " readout is a logistic regression of the same spike counts, for comparison. 'power' is the rule of"
        " Diehl & Cook 2015 with a weight dependence, 'pairs', at a rate of 0.015, depresses at spikes of"
        " inputs. Inhibition through inhibitory neurons (lateral='paired') gives the same spikes.",
        (
            Column("wall", "all (s)", 1),
            Column("right", "% right of 450", 1),
            Column("readout", "by a readout (%)", 1),
            Column("spikes", "spikes per image", 1),
            MEMORY,
        ),
        (
            Run("neurosim, 100 neurons", neurosim, dict(neurons=100, passes=3)),
            Run("neurosim, 200 neurons", neurosim, dict(neurons=200, passes=3)),
            Run("neurosim, 400 neurons", neurosim, dict(neurons=400, passes=3)),
            Run(
                "neurosim, 200 neurons, inhibitory ones",
                neurosim,
                dict(neurons=200, passes=3, lateral="paired"),
            ),
            Run("neurosim, 200, rule 'power'", neurosim, dict(neurons=200, passes=3, rule="power")),
            Run(
                "neurosim, 200, rule 'pairs'", neurosim, dict(neurons=200, passes=3, rule="pairs", rate=0.015)
            ),
        ),
        smoke=dict(neurons=10, passes=1, count=60),
    ),
)
