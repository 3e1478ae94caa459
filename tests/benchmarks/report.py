"""Numbers of many runs as tables, and the file that keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench import Benchmark

HEADING = """# Results

Written by `python tests/benchmarks/run.py`; a run replaces the sections that it measured. Medians, in
brackets the least and the most of all repeats; *times neurosim*: how many times as long as the first row of
neurosim it takes, as the median of the repeats, in which all rows take turns. A ratio compares runs of the
same minutes; a time depends also on what else the machine did. The last line of a section says what the
machine gave: how many other processes were at work before each repeat, and how long a loop took that adds
numbers at random places of an array of 16 kB (in cache) and of 64 MB (beyond it).

**RTF**: wall seconds per biological second, dt 0.1 ms, every spike recorded. neurosim writes spikes to
HDF5; its RTF is the difference of a long and a short run of the same network in one process, with compiled
code in hand, so that building cancels, and *built in* is what remains of the short run. Brian2's is what it
reports of its own loop, and *built in* all the rest: generating and compiling code, drawing synapses.
NEST's and ANNarchy's is that of the calls that simulate. These record into memory. Networks, neurons,
probabilities and steps are the same for all, random numbers are not.
"""
Numbers = list[dict[str, Any]]


def table(benchmark: Benchmark, measured: Mapping[str, Numbers], missing: Mapping[str, str]) -> str:
    """A Markdown table: a row for each run, with what is missing and why."""
    own = next(
        (label for run in benchmark.runs if run.package == "neurosim" and measured.get(label := run.label)),
        None,
    )
    first = benchmark.columns[0].key
    base = measured[own] if own else []
    lines = [f"| | {' | '.join(column.heading for column in benchmark.columns)} | times neurosim |"]
    lines.append("|---" * (len(benchmark.columns) + 2) + "|")
    for run in benchmark.runs:
        if found := measured.get(run.label):
            lines.append(
                f"| {run.label} | {' | '.join(_cells(benchmark, found))} | {_ratio(found, first, base)} |"
            )
        elif run.label in missing:
            lines.append(f"| {run.label} | {missing[run.label]} |{' |' * len(benchmark.columns)}")
    return "\n".join(lines)


def _cells(benchmark: Benchmark, found: Numbers) -> list[str]:
    cells = []
    for place, column in enumerate(benchmark.columns):
        values = sorted(numbers[column.key] for numbers in found if numbers.get(column.key) is not None)
        if not values:
            cells.append("")
            continue
        text = _number(median(values), column.digits)
        spread = (
            f" ({_number(values[0], column.digits)} to {_number(values[-1], column.digits)})"
            if place == 0 and len(values) > 1
            else ""
        )
        cells.append(text + spread)
    return cells


def _number(value: float, digits: int) -> str:
    """At least three significant digits below 1, at most `digits` decimals above."""
    return f"{value:.3g}" if abs(value) < 0.1 else f"{value:.{digits}f}"


def _ratio(found: Numbers, first: str, base: Numbers) -> str:
    """How many times as much as the base it takes, repeat by repeat: the median, the least and the most."""
    pairs = zip(found, base, strict=False)
    ratios = sorted(a[first] / b[first] for a, b in pairs if b[first] > 0)
    if not ratios or base is found:
        return "1.00" if ratios else ""
    spread = f" ({ratios[0]:.2f} to {ratios[-1]:.2f})" if len(ratios) > 1 else ""
    return f"{median(ratios):.2f}{spread}"


def agreement(benchmark: Benchmark, measured: Mapping[str, Numbers]) -> str:
    """How far apart the runs are in what they should agree in."""
    middles = {
        label: median(numbers[benchmark.agree] for numbers in found)
        for label, found in measured.items()
        if found and benchmark.agree in found[0]
    }
    if len(middles) < 2:
        return ""
    heading = next(
        (column.heading for column in benchmark.columns if column.key == benchmark.agree), benchmark.agree
    )
    low, high = min(middles, key=middles.__getitem__), max(middles, key=middles.__getitem__)
    apart = (middles[high] - middles[low]) / abs(middles[low]) if middles[low] else float("inf")
    return (
        f"{heading.capitalize()}: {100 * apart:.2g} % apart at most, from {middles[low]:.6g} ({low}) to"
        f" {middles[high]:.6g} ({high})."
    )


def section(
    benchmark: Benchmark, measured: Mapping[str, Numbers], missing: Mapping[str, str], notes: Sequence[str]
) -> str:
    """All that is to be said of one benchmark."""
    parts = [
        f"## {benchmark.title}",
        f"Aim: {benchmark.bar}. {benchmark.how}".strip(),
        table(benchmark, measured, missing),
    ]
    more = benchmark.details(measured) if benchmark.details and any(measured.values()) else ""
    return "\n\n".join([*parts, *filter(None, [agreement(benchmark, measured), more, *notes])]) + "\n"


def keep(path: Path, sections: Mapping[str, str], order: Sequence[str]) -> None:
    """Put sections, by title, into the file, in this order; what else it holds stays."""
    old = path.read_text() if path.exists() else ""
    found = {match[1]: match[0] for match in re.finditer(r"^## (.+)\n(?:(?!## ).*\n?)*", old, re.MULTILINE)}
    found |= sections
    titles = [title for title in order if title in found] + [title for title in found if title not in order]
    path.write_text("\n".join([HEADING, *(found[title].strip() + "\n" for title in titles)]))
