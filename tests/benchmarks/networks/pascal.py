"""Pascal programs compiled to networks: those of the tests, and others that are drawn at random.

A program counts as exact if all that it writes is right. What a program drawn at random must write is found
by a walk through its parse tree, in Python, which shares the parser with the compiler and nothing after it.
The seed draws the programs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

sys.path.insert(0, str(Path(__file__).parents[2]))  # the programs lie with the tests


def sources(drawn: int, seed: int) -> list[tuple[str, list[int], int | None, list[tuple[int, ...]]]]:
    """Source, numbers that it reads, how many of them if it reads in loops, and what it must write."""
    from pascal_oracle_side import Drawn, walked
    from pascal_side import IN_LOOPS, PROGRAMS

    found = [
        (source, numbers, len(numbers) if name in IN_LOOPS else None, rows)
        for name, (source, numbers, rows) in PROGRAMS.items()
    ]
    for k in range(drawn):
        random = np.random.default_rng([seed, k])
        source, numbers = Drawn(random).source(), random.integers(-9, 10, 2).tolist()
        found.append((source, numbers, None, walked(source, numbers)))
    return found


def compiled(seed: int, engine: str, on: str, drawn: int = 200) -> dict[str, Any]:
    """Networks of all programs, run one after the other on the engine `on`."""
    import neurosim as ns
    from neurosim.models.neural_compiler import given, neural_compiler, written

    exact, sizes, ticks, compiling, running, most = [], [], [], 0.0, 0.0, 6000
    for source, numbers, count, rows in sources(drawn, seed):
        begin = perf_counter()
        net = neural_compiler(source, count)
        compiling += perf_counter() - begin
        inputs = given(numbers, most) if "inputs" in net.populations else None
        begin = perf_counter()
        recording = ns.run(
            net, inputs, ticks=most, record=["output", "written"], until="stable", engine=on, progress=False
        )
        running += perf_counter() - begin
        exact.append(written(recording) == rows)
        sizes.append(net["neurons"].size)
        ticks.append(recording.ticks)
    return counted(exact, drawn) | {
        "seconds": running, "compiling": compiling, "neurons": float(max(sizes)), "ticks": float(max(ticks)),
    }  # fmt: skip


def counted(exact: list[bool], drawn: int) -> dict[str, float]:
    """How many of the programs of the tests are exact, and the share of those drawn."""
    named = len(exact) - drawn
    return {"exact": float(sum(exact[:named])), "drawn": 100 * float(np.mean(exact[named:]))}


BENCHMARKS = (
    Benchmark(
        "pascal_programs",
        "Pascal programs compiled to networks",
        "20 programs exact",
        "20 programs of the tests (gcd to sorting, sieve and matrices) and 200 drawn at random.",
        (
            Column("seconds", "s to run", 2),
            Column("compiling", "s to compile", 2),
            Column("exact", "exact of 20", 0),
            Column("drawn", "% exact of 200 drawn", 1),
            Column("neurons", "neurons, at most", 0),
            Column("ticks", "ticks, at most", 0),
        ),
        (
            Run("neurosim, reference", compiled, dict(on="reference", drawn=200)),
            Run("neurosim, events", compiled, dict(on="events", drawn=200), cache="filled"),
        ),
        smoke=dict(drawn=2),
    ),
)
