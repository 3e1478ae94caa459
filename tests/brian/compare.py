"""Whether what a script left under the device is what it left under Brian2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import ks_2samp, nct, t, ttest_ind

TOLERANCE, TOLERANCE_OF_32_BITS = 1e-9, 1e-4
LEAST_P = 1e-3  # of the smallest p of all quantities of a script, after Bonferroni's correction
Arrays = Mapping[str, np.ndarray]


def differences(one: Arrays, other: Arrays) -> list[str]:
    """The names of arrays that are not equal: exactly for whole numbers, to a part in 1e9 for others."""
    different = sorted(one.keys() ^ other.keys())
    for name in sorted(one.keys() & other.keys()):
        a, b = one[name], other[name]
        if a.shape != b.shape:
            different.append(f"{name} {a.shape} {b.shape}")
        elif a.dtype.kind == "f":
            scale = np.max(np.abs(a), initial=0.0, where=np.isfinite(a))
            close = TOLERANCE if a.dtype == np.float64 else TOLERANCE_OF_32_BITS
            if not np.allclose(a, b, rtol=close, atol=close * float(scale), equal_nan=True):
                different.append(f"{name} by {np.nanmax(np.abs(a - b)) / max(float(scale), 1e-300):.1e}")
        elif not np.array_equal(a, b):
            different.append(name)
    return different


def spikes_in(values: Arrays) -> int:
    """How many spikes were recorded."""
    return sum(int(v.sum()) for name, v in values.items() if name.endswith("/count"))


def values_in(values: Arrays) -> int:
    """How many numbers besides times and indices are compared that are not all the same in their array."""
    return sum(
        v.size for name, v in values.items() if not _of_steps(name) and v.size and np.any(v != v.flat[0])
    )


def _of_steps(name: str) -> bool:
    return name.endswith(("/t", "/i", "/N", "/dt", "/timestep", "/count"))


def quantities(values: Arrays) -> dict[str, float]:
    """Single numbers that describe what one seed gave: the means and spreads of all arrays."""
    found: dict[str, float] = {}
    for name, array in values.items():
        if name.endswith("/count"):
            found[f"number of spikes of {name}"] = float(array.sum())
        elif _of_steps(name) or array.dtype.kind not in "fiu":
            continue
        numbers = array[np.isfinite(array)].astype(float) if array.dtype.kind == "f" else array.astype(float)
        if numbers.size:
            found[f"mean of {name}"] = float(numbers.mean())
            if numbers.size > 1:
                found[f"spread of {name}"] = float(numbers.std())
    return found


def p_value(a: list[float], b: list[float]) -> float:
    """The probability of such a difference between two samples that are alike.

    Welch's test sees a difference of means with few seeds. That of Kolmogorov and Smirnov sees others, but
    its p cannot be small for less than about ten seeds. Numbers that do not vary tell nothing.
    """
    varies = np.ptp(a) > 0 or np.ptp(b) > 0
    means = float(ttest_ind(a, b, equal_var=False).pvalue) if varies else 1.0
    return min(1.0, 2 * min(means, float(ks_2samp(a, b).pvalue)))


def seen(seeds: int, tested: int) -> float:
    """The difference of means, in spreads over seeds, that the test of means finds nine times in ten."""
    freedom, level = 2 * seeds - 2, LEAST_P / max(tested, 1) / 4
    least = float(t.isf(level, freedom))

    def missed(shift: float) -> float:
        return float(nct.cdf(least, freedom, shift * np.sqrt(seeds / 2))) - 0.1

    return float(brentq(missed, 0.0, (3 * least + 10) / np.sqrt(seeds / 2)))  # above it for any number


@dataclass(frozen=True)
class Comparison:
    """What two-sample tests over seeds say.

    found: the quantities whose distributions differ
    tested: how many quantities were tested
    shift: the difference of means, in spreads over seeds, that would be seen
    relative: the same as a part of the mean, for the quantity for which it is the median one
    """

    found: list[str]
    tested: int
    shift: float
    relative: float


def compare_seeds(ours: Iterable[Mapping[str, float]], theirs: Iterable[Mapping[str, float]]) -> Comparison:
    """Compare the distributions over seeds of all quantities."""
    ours, theirs = list(ours), list(theirs)
    names = sorted(set.intersection(*(set(q) for q in (*ours, *theirs))))
    tested: dict[str, float] = {}
    spreads: list[float] = []
    for name in names:
        a, b = ([q[name] for q in side] for side in (ours, theirs))
        # Rounding makes numbers differ that are equal for all seeds.
        scale = max(map(abs, (*a, *b)), default=0.0)
        if np.ptp([*a, *b]) > 1e-9 * scale:
            tested[name] = p_value(a, b)
            spread = np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
            spreads.append(float(spread / scale))
    shift = seen(len(ours), len(tested))
    found = [f"{name} (p = {p:.1e})" for name, p in tested.items() if p * len(tested) < LEAST_P]
    return Comparison(found, len(tested), shift, shift * float(np.median(spreads)) if spreads else 0.0)
