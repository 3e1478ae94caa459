"""Rates, irregularity and correlations of spike trains, as the microcircuit's reference data are analysed.

Of each population: the rate of every neuron; the coefficient of variation (CV) of the intervals of every
neuron with three spikes or more; the correlation coefficients (CC) of spike counts in bins of 2 ms, for all
pairs of some neurons drawn at random. Source: github.com/INM-6/microcircuit-PD14-model,
PyNEST/reference_data, after Dasbach et al. 2021, doi:10.3389/fnins.2021.757790.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from statistics import fmean, stdev
from typing import Any

import numpy as np

CORRELATED = 250  # neurons of a population
BIN = 2e-3  # seconds
# Where distributions are compared: rates in spikes/s, CVs, CCs.
AT = {
    "rate": np.arange(0.0, 60.0, 0.1),
    "cv": np.arange(0.0, 3.0, 0.01),
    "cc": np.arange(-0.1, 0.3, 0.0005),
}
WORDS = {"rate": "Rates (spikes/s)", "cv": "CVs of intervals", "cc": "Correlations of counts (1/1000)"}
FACTOR = {"rate": 1.0, "cv": 1.0, "cc": 1000.0}
DIGITS = {"rate": 3, "cv": 3, "cc": 2}
Statistics = Mapping[str, Mapping[str, Any]]  # by measure, then by population: its mean, and its distribution


def of_population(neuron: np.ndarray, time: np.ndarray, size: int, seconds: float) -> dict[str, np.ndarray]:
    """The rates, CVs and CCs of a population.

    neuron, time: of each spike; times in seconds, between 0 and `seconds`
    """
    counts = np.bincount(neuron, minlength=size)
    order = np.lexsort((time, neuron))
    trains = np.split(time[order], np.cumsum(counts)[:-1])
    intervals = [np.diff(train) for train in trains if len(train) > 2]
    chosen = np.random.default_rng(12345).choice(size, min(size, CORRELATED), replace=False)
    edges = np.arange(0.0, seconds + BIN, BIN)
    binned = np.array([np.histogram(trains[i], edges)[0] for i in chosen if counts[i]])
    pairs = np.triu_indices(len(binned), 1)
    return {
        "rate": counts / seconds,
        "cv": np.array([each.std() / each.mean() for each in intervals]),
        "cc": np.corrcoef(binned)[pairs] if len(binned) > 1 else np.zeros(0),
    }


def summary(found: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, dict[str, Any]]:
    """What is kept of the values of each population: their mean, and the fractions that are no larger than
    the numbers of `AT`."""
    return {
        measure: {
            name: {
                "mean": float(values[measure].mean()) if values[measure].size else None,
                "below": _below(values[measure], at),
            }
            for name, values in found.items()
        }
        for measure, at in AT.items()
    }


def _below(values: np.ndarray, at: np.ndarray) -> list[float]:
    fractions = np.searchsorted(np.sort(values), at, side="right") / max(1, values.size)
    return [round(float(fraction), 4) for fraction in fractions]


def tables(found: Mapping[str, Sequence[Statistics]], published: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown: for each measure the means of the populations, over seeds, beside published ones; then how
    far the distributions are apart.

    found: the statistics of each seed, by run
    published: by measure, the mean of each population
    """
    parts = [_means(measure, found, published.get(measure, {})) for measure in AT]
    return "\n\n".join([*parts, _distances(found)])


def _means(measure: str, found: Mapping[str, Sequence[Statistics]], published: Mapping[str, float]) -> str:
    """A row for each population: published, and the mean of each run with its spread over seeds."""
    lines = [f"| {WORDS[measure]} | published | {' | '.join(found)} |", "|---" * (len(found) + 2) + "|"]
    for name in next(iter(found.values()))[0][measure]:
        cells = [f"{published[name]:.{DIGITS[measure]}f}" if name in published else ""]
        for seeds in found.values():
            means = [s[measure][name]["mean"] for s in seeds if s[measure][name]["mean"] is not None]
            cells.append(_with_spread([FACTOR[measure] * mean for mean in means], DIGITS[measure]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_spread(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    spread = f" +- {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"


def _distances(found: Mapping[str, Sequence[Statistics]]) -> str:
    """How far the distributions of two seeds are apart, in one run and between a run and the first."""
    base = next(iter(found))
    lines = [
        f"| Distances of two seeds, one of {base} | {' | '.join(AT)} |",
        "|---" * (len(AT) + 1) + "|",
    ]
    for label, seeds in found.items():
        pairs = (
            combinations(seeds, 2)
            if label == base
            else ((a, b) for (m, a), (n, b) in product(enumerate(found[base]), enumerate(seeds)) if m != n)
        )
        apart = [{measure: _apart(a[measure], b[measure]) for measure in AT} for a, b in pairs]
        cells = [_with_spread([each[measure] for each in apart], 4) for measure in AT]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The Kolmogorov-Smirnov distance of two distributions, as the mean over the populations."""
    return fmean(float(np.max(np.abs(np.array(a[name]["below"]) - np.array(b[name]["below"])))) for name in a)
