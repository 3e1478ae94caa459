"""Runs Brian2's example scripts unchanged under Brian2 and under the device, and prints what differs.

    python tests/brian/examples.py PATH_TO_BRIAN2/examples [names] [--seconds 0.05] [--runs 4] [--seeds 8]

Each script runs in processes of its own with the same seeds: under Brian2's numpy target and under
`set_device("neurosim")`. Every run is cut to `--seconds` (0: as long as the script says), and at most
`--runs` runs are made. What all monitors record, and what all groups and synapses hold at the end, is
compared: spikes must be the same to the tick, traces to 1e-9 of their size. Where the run itself draws random
numbers, the distributions over seeds of means and spreads are compared by two-sample tests.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp, ttest_ind

RUN = Path(__file__).with_name("script_run.py")
TOLERANCE, TOLERANCE_OF_32_BITS = 1e-9, 1e-4
LEAST_P = 1e-3  # of the smallest p of all quantities of a script, after Bonferroni's correction


@dataclass(frozen=True)
class Result:
    """What one run of a script left: arrays by name, an error, whether it drew random numbers."""

    values: Mapping[str, np.ndarray]
    error: str
    random: bool
    runs: int
    seconds: float


def run_script(script: Path, options: Mapping[str, object], folder: Path, limit: float, keep: bool) -> Result:
    """Run a script; a result that is kept from an earlier call is taken from the folder."""
    key = [script.read_text("utf-8"), RUN.read_text("utf-8"), repr(sorted(options.items()))]
    out = folder / f"{script.stem}-{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:16]}.npz"
    begun = time.monotonic()
    if not (keep and out.exists()):
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, str(RUN), str(script), str(out), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return Result({}, f"takes more than {limit:.0f} s", False, 0, limit)
        out.with_suffix(".log").write_text(done.stdout[-20_000:] + done.stderr[-20_000:], "utf-8")
        if not out.exists():
            return Result({}, f"ends without a result: {done.stderr.strip()[-200:]}", False, 0, 0.0)
    with np.load(out, allow_pickle=False) as data:
        values = {name.removeprefix("value:"): data[name] for name in data.files if name.startswith("value:")}
        return Result(
            values, str(data["error"]), bool(data["random"]), int(data["runs"]), time.monotonic() - begun
        )


def differences(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> list[str]:
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


def quantities(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Single numbers that describe what one seed gave: the means and spreads of all arrays."""
    found: dict[str, float] = {}
    for name, array in values.items():
        if name.endswith(("/t", "/i", "/N", "/dt", "/timestep")) or array.dtype.kind not in "fiu":
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


def unlikely(ours: Iterable[Mapping[str, float]], theirs: Iterable[Mapping[str, float]]) -> list[str]:
    """The quantities whose distributions over seeds differ."""
    ours, theirs = list(ours), list(theirs)
    names = sorted(set.intersection(*(set(q) for q in (*ours, *theirs))))
    tested: dict[str, float] = {}
    for name in names:
        a, b = ([q[name] for q in side] for side in (ours, theirs))
        # Rounding makes numbers differ that are equal for all seeds.
        scale = max(map(abs, (*a, *b)), default=0.0)
        if np.ptp([*a, *b]) > 1e-9 * scale:
            tested[name] = p_value(a, b)
    return [f"{name} (p = {p:.1e})" for name, p in tested.items() if p * len(tested) < LEAST_P]


@dataclass(frozen=True)
class Judge:
    """Runs scripts under both and says what comes out.

    seconds, runs: how long each run may be, and how many there may be
    seeds: over how many seeds random scripts are compared
    engine: of neurosim
    folder: where results are kept
    limit: for one process, in seconds
    alone: whether to leave Brian2's own runs out, and only see what the device refuses
    """

    seconds: float
    runs: int
    seeds: int
    engine: str
    folder: Path
    limit: float
    alone: bool

    def result(self, script: Path, device: str, seed: int) -> Result:
        """One run of a script."""
        options = {"device": device, "seconds": self.seconds, "runs": self.runs, "seed": seed}
        options |= {"engine": self.engine} if device == "neurosim" else {}
        return run_script(script, options, self.folder, self.limit, keep=device != "neurosim")

    def verdict(self, script: Path) -> str:
        """What comes out for one script."""
        ours = self.result(script, "neurosim", 1)
        if ours.error.startswith("Refused"):
            reason = ours.error.removeprefix("Refused: ").split(", which the neurosim device")[0]
            return f"refused: {reason}"
        if ours.error.startswith("ModuleNotFoundError"):
            return f"not runnable here: {ours.error}"
        if self.alone:
            return f"runs: {ours.error or 'random' if ours.random else 'not random'}"
        theirs = self.result(script, "numpy", 1)
        if theirs.error != ours.error:
            return f"error: {ours.error or 'none'} where Brian2 has: {theirs.error or 'none'}"
        if not ours.random:
            different = differences(theirs.values, ours.values)
            return (
                f"DIFFERENT: {'; '.join(different[:4])}"
                if different
                else f"identical ({_spikes(ours)} spikes)"
            )
        seeds = range(1, self.seeds + 1)
        pairs = [(self.result(script, "neurosim", s), self.result(script, "numpy", s)) for s in seeds]
        found = unlikely((quantities(a.values) for a, _ in pairs), (quantities(b.values) for _, b in pairs))
        return (
            f"DISTRIBUTION: {'; '.join(found[:4])}"
            if found
            else f"random; no difference found with {self.seeds} seeds"
        )


def _spikes(result: Result) -> int:
    return sum(int(v.sum()) for name, v in result.values.items() if name.endswith("/count"))


def lines_of(script: Path) -> int:
    """How many lines of a script are neither empty nor comments."""
    lines = (line.strip() for line in script.read_text("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="*", help="parts of the names of the scripts to run; default: all")
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--engine", default="auto")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "neurosim_brian_examples"
    )
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one process")
    parser.add_argument("--alone", action="store_true", help="only see what the device refuses")
    parser.add_argument("--skip", nargs="*", default=["compartmental/", "multiprocessing/"])
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    judge = Judge(args.seconds, args.runs, args.seeds, args.engine, args.folder, args.limit, args.alone)
    print("| script | verdict | lines |\n|---|---|---|")
    for script in sorted(args.path.rglob("*.py")):
        name = script.relative_to(args.path).as_posix()
        wanted = not args.names or any(part in name for part in args.names)
        if wanted and not any(part in name for part in args.skip):
            print(
                f"| {name.removesuffix('.py')} | {judge.verdict(script)} | {lines_of(script)} |", flush=True
            )


if __name__ == "__main__":
    main()
