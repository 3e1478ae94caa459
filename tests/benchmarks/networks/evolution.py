"""A Turing machine that copies sequences of bits is found by evolution, without a gradient.

What is measured is `examples/evolved_copying.py`: genomes that differ by trial, a generation in one run. The
same evolution of machines whose memory has one slot shows what the memory is for. The seed draws the parents,
their children and the sequences.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bench import MEMORY, Benchmark, Column, Run

from networks.scripts import example


def evolved(n: int, seed: int, engine: str, slots: int | None = None, tested: int = 100) -> dict[str, Any]:
    """n: the largest number of generations."""
    import matplotlib

    matplotlib.use("agg")
    script = example("evolved_copying")
    limit = [] if slots is None else ["--slots", str(slots)]
    with TemporaryDirectory() as folder:
        figure = ["--figure", f"{folder}/figure.png", "--seed", str(seed), "--tested", str(tested)]
        begin = perf_counter()
        wrong, errors, speed = script.main(["--generations", str(n), *limit, *figure])
        seconds = perf_counter() - begin
    short, long = wrong.values()
    return {
        "seconds": seconds,
        "generations": len(errors),
        "speed": speed,
        "short": 100 * short,
        "long": 100 * long,
    }


BENCHMARKS = (
    Benchmark(
        "evolved_copying",
        "Copying by an evolved Turing machine",
        "no wrong bit, also in sequences 20 times as long",
        "128 genomes a generation, each on 8 sequences of 1 to 5 vectors of bits.",
        (
            Column("seconds", "s to evolve", 1),
            Column("generations", "generations", 0),
            Column("speed", "genomes/s", 0),
            Column("short", "% of bits wrong, length 5", 2),
            Column("long", "% wrong, length 100", 2),
            MEMORY,
        ),
        (
            Run("neurosim, a memory that grows", evolved, dict(n=4000)),
            Run("neurosim, a memory of one slot", evolved, dict(n=500, slots=1)),
        ),
        smoke=dict(n=2, tested=8),
    ),
)
