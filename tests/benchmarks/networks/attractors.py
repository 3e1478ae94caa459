"""What attractor networks hold: random patterns of -1 and 1, other ones for each seed, recalled until nothing
changes any more.

The overlap is sum(s x)/N with the wanted pattern: 1 if it was recalled without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

FLIPS = 0.1


def random_patterns(count: int, n: int, seed: int) -> np.ndarray:
    """(pattern, neuron)."""
    return np.random.default_rng(seed).choice([-1.0, 1.0], (count, n))


def flipped(patterns: np.ndarray, seed: int) -> np.ndarray:
    """Each pattern with a tenth of its units turned over, no more and no less."""
    ranks = np.random.default_rng([seed, 1]).random(patterns.shape).argsort(axis=1)
    return np.where(ranks < round(FLIPS * patterns.shape[1]), -patterns, patterns)


def around_the_load(
    n: int, recalled: int, seed: int, recall: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, Any]:
    """The overlaps at loads 0.138 and 0.15 from the patterns themselves; milliseconds of a recall at the
    first."""
    found: dict[str, Any] = {}
    for name, load in (("below", 0.138), ("above", 0.15)):
        patterns = random_patterns(round(load * n), n, seed)
        begin = perf_counter()
        overlap = (recall(patterns, patterns[:recalled]) * patterns[:recalled]).mean(axis=1)
        found.setdefault("recall", (perf_counter() - begin) / len(overlap) * 1e3)
        found |= {
            name: float(np.median(overlap)),
            f"{name}_mean": float(overlap.mean()),
            f"{name}_kept": float(np.mean(overlap > 0.9)),
        }
    return found


def neurosim(n: int, recalled: int, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.learn import HopfieldMemory

    memory = HopfieldMemory(sweeps=1000, random_state=seed, engine=engine)
    memory.fit(random_patterns(2, n, seed)).predict(random_patterns(2, n, seed))  # compiles
    return around_the_load(n, recalled, seed, lambda patterns, probes: memory.fit(patterns).predict(probes))


def hopfieldnetwork(n: int, recalled: int, seed: int) -> dict[str, Any]:
    from hopfieldnetwork import HopfieldNetwork

    np.random.seed(seed)

    def recall(patterns: np.ndarray, probes: np.ndarray) -> np.ndarray:
        net, ends = HopfieldNetwork(N=n), []
        net.train_pattern(patterns.T)
        for probe in probes:
            net.set_initial_neurons_state(probe.copy())
            net.update_neurons(1, "async", run_max=True)
            ends.append(net.S)
        return np.array(ends)

    return around_the_load(n, max(1, recalled // 20), seed, recall)


def projection(n: int, seed: int, engine: str) -> dict[str, Any]:
    """The pseudo-inverse rule: from the patterns at 0.95 N, and from a tenth of flips at 0.5 N and 0.8 N."""
    from neurosim.learn import HopfieldMemory

    memory = HopfieldMemory("pseudo_inverse", random_state=seed, engine=engine)
    patterns = random_patterns(round(0.95 * n), n, seed)
    begin = perf_counter()
    memory.fit(patterns)
    found = {
        "fit": perf_counter() - begin,
        "exact": float(np.mean(np.all(memory.predict(patterns) == patterns, axis=1))),
    }
    for name, load in (("half", 0.5), ("most", 0.8)):
        wanted = patterns[: round(load * n)]
        found[name] = memory.fit(wanted).score(flipped(wanted[:100], seed), wanted[:100])
    return found


def exponential(n: int, seed: int, engine: str, units: str = "binary") -> dict[str, Any]:
    """A modern net of 10 N patterns, as the estimator computes it."""
    from neurosim.learn import ModernHopfieldMemory

    patterns = random_patterns(10 * n, n, seed)
    memory = ModernHopfieldMemory(units).fit(patterns)
    return many_recalls(patterns, seed, memory.predict)


def many_recalls(
    patterns: np.ndarray, seed: int, recall: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Any]:
    """Milliseconds of processor time of a recall, the median of five times all of them; and the share of
    patterns that come back from a tenth of flips, every unit right."""
    probes, seconds = flipped(patterns, seed), []
    recalled = recall(probes)
    for _ in range(5):
        begin = process_time()
        recall(probes)
        seconds.append(process_time() - begin)
    return {
        "recall": float(np.median(seconds)) / len(patterns) * 1e3,
        "exact": float(np.mean(np.all(np.sign(recalled) == patterns, axis=1))),
    }


def exponential_numpy(n: int, seed: int) -> dict[str, Any]:
    """Matrix products alone: two updates s = sign(X' softmax(X s)) of all patterns side by side."""
    patterns = random_patterns(10 * n, n, seed)

    def recall(s: np.ndarray) -> np.ndarray:
        for _ in range(2):
            match = s @ patterns.T
            score = np.exp(match - match.max(axis=1, keepdims=True))
            s = np.sign(score / score.sum(axis=1, keepdims=True) @ patterns)
        return s

    return many_recalls(patterns, seed, recall)


BENCHMARKS = (
    Benchmark(
        "hopfield_capacity",
        "Hopfield memory around its critical load, 2000 neurons",
        "overlap at least 0.97 at load 0.138, lost by 0.15",
        "Hebb's rule, from the patterns themselves, 100 of them (hopfieldnetwork: 5), until nothing changes. "
        "The median is of the patterns of a"
        " run; a pattern is kept if its overlap stays above 0.9. "
        "With 2000 neurons the loss is not yet a jump. A recall is timed with storing.",
        (
            Column("recall", "ms per recall", 1),
            Column("below", "median overlap at 0.138"),
            Column("below_mean", "mean"),
            Column("below_kept", "kept", 2),
            Column("above", "median overlap at 0.15"),
            Column("above_mean", "mean"),
            Column("above_kept", "kept", 2),
            MEMORY,
        ),
        (
            Run("neurosim", neurosim, dict(n=2000, recalled=100)),
            Run("hopfieldnetwork", hopfieldnetwork, dict(n=2000, recalled=100), "hopfieldnetwork"),
        ),
        smoke=dict(n=200, recalled=20),
        agree="below",
    ),
    Benchmark(
        "hopfield_projection",
        "Hopfield memory of the pseudo-inverse rule, 2000 neurons",
        "exact at 0.95 N from the stored pattern",
        "Seconds to store 1900 patterns. Exact: the share of them that stay as they are, every unit. "
        "No package at hand has this rule.",
        (
            Column("fit", "s to store 0.95 N"),
            Column("exact", "exact at 0.95 N", 4),
            Column("half", "overlap from 10 % flips at 0.5 N"),
            Column("most", "at 0.8 N"),
            MEMORY,
        ),
        (Run("neurosim", projection, dict(n=2000)),),
        smoke=dict(n=100),
    ),
    Benchmark(
        "hopfield_modern",
        "Modern Hopfield memory, 100 neurons, 1000 patterns",
        "all recalled from 10 % flips, in at most the time of the numpy loop",
        "Milliseconds of processor time per pattern, all recalled side by side: until nothing changes here, "
        "two updates in the loop. Exact: the share that came back without an error. No package at hand has "
        "such a net.",
        (Column("recall", "CPU ms per recall"), Column("exact", "exact", 4), MEMORY),
        (
            Run("neurosim, binary units", exponential, dict(n=100)),
            Run("neurosim, continuous units", exponential, dict(n=100, units="continuous")),
            Run("a plain numpy loop", exponential_numpy, dict(n=100), "numpy"),
        ),
        smoke=dict(n=20),
        agree="exact",
    ),
)
