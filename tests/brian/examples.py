"""Runs Brian2's example scripts unchanged under Brian2 and under the device, and prints what differs.

    python tests/brian/examples.py PATH_TO_BRIAN2/examples [names] [--seconds 0.02 0.1] [--runs 4] [--seeds 8]

Each script runs in processes of its own with the same seeds: under Brian2's numpy target and under
`set_device("neurosim")`. Every run is cut to the first of `--seconds` with which the script records at least
`--spikes` spikes (0: as long as the script says), and at most `--runs` runs are made. What all monitors
record, and what all groups and synapses hold at the end, is compared: spikes must be the same to the tick,
traces to 1e-9 of their size. Where the run itself draws random numbers, it is compared twice: in the same way
with the reference engine, which then draws the numbers of Brian2's numpy target; and by two-sample tests of
the means and spreads over seeds. The columns `spikes` and `values` tell how much was compared.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from compare import Arrays, compare_seeds, differences, quantities, spikes_in, values_in

HERE = Path(__file__).parent
PARTS = [HERE / "script_run.py", HERE / "surroundings.py"]
SAME_NUMBERS = HERE / "same_numbers.py"


@dataclass(frozen=True)
class Result:
    """What one run of a script left.

    values: arrays by name
    error: why the script did not end, or ''
    random: whether its runs drew random numbers
    runs: how many there were
    cut: whether the script would have run longer, or more often
    took: seconds
    """

    values: Arrays
    error: str
    random: bool = False
    runs: int = 0
    cut: bool = False
    took: float = 0.0


def run_script(script: Path, options: dict[str, object], folder: Path, limit: float, keep: bool) -> Result:
    """Run a script; a result that is kept from an earlier call is taken from the folder."""
    parts = [script, *PARTS, *([SAME_NUMBERS] if options.get("same") else [])]
    key = [*(path.read_text("utf-8") for path in parts), repr(sorted(options.items()))]
    out = folder / f"{script.stem}-{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:16]}.npz"
    late = out.with_suffix(".late")
    if not (keep and out.exists()):
        if keep and late.exists() and float(late.read_text("utf-8")) >= limit:
            return Result({}, f"takes more than {limit:.0f} s", took=limit)
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, str(PARTS[0]), str(script), str(out), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            late.write_text(str(limit), "utf-8")
            return Result({}, f"takes more than {limit:.0f} s", took=limit)
        out.with_suffix(".log").write_text(done.stdout[-20_000:] + done.stderr[-20_000:], "utf-8")
        if not out.exists():
            return Result({}, f"ends without a result: {done.stderr.strip()[-200:]}")
    with np.load(out, allow_pickle=False) as data:
        values = {name.removeprefix("value:"): data[name] for name in data.files if name.startswith("value:")}
        return Result(
            values,
            str(data["error"]),
            bool(data["random"]),
            int(data["runs"]),
            bool(data["cut"]),
            float(data["took"]),
        )


@dataclass(frozen=True)
class Judge:
    """Runs scripts under both and says what comes out.

    seconds: how long each run may be: the first with which there are so many `spikes`
    spikes: how many spikes there should be
    runs: how many runs a script may make
    seeds: over how many seeds random scripts are compared
    engine: of neurosim
    folder: where results are kept
    limit: for one process, in seconds
    keep: whether the device's results of an earlier call are taken, too
    alone: whether to leave Brian2's own runs out, and only see what the device refuses
    """

    seconds: Sequence[float]
    spikes: int
    runs: int
    seeds: int
    engine: str
    folder: Path
    limit: float
    keep: bool
    alone: bool

    def result(self, script: Path, device: str, seed: int, seconds: float, same: bool = False) -> Result:
        """One run of a script."""
        options: dict[str, object] = {"device": device, "seconds": seconds, "runs": self.runs, "seed": seed}
        if device == "neurosim":
            options |= {"engine": "reference" if same else self.engine, "same": int(same)}
        keep = self.keep or device != "neurosim"
        return run_script(script, options, self.folder, self.limit, keep)

    def under_brian2(self, script: Path) -> tuple[float, Result]:
        """How long the runs may be, and what Brian2 leaves."""
        result = Result({}, "")
        chosen = self.seconds[0]
        for seconds in self.seconds:
            predicted = result.took * seconds / chosen if chosen and seconds else 0.0
            if result.values and predicted > self.limit / 2:
                break
            longer = self.result(script, "numpy", 1, seconds)
            if longer.error.startswith("takes more") and result.values:
                break
            chosen, result = seconds, longer
            enough = spikes_in(result.values) >= self.spikes
            if enough or not result.cut or result.error.startswith("takes more"):
                break
        return chosen, result

    def row(self, script: Path) -> tuple[str, Result]:
        """What comes out for one script, and the result under the device."""
        first = self.result(script, "neurosim", 1, self.seconds[0])
        if first.error.startswith("Refused"):
            reason = first.error.removeprefix("Refused: ").split(", which the neurosim device")[0]
            return f"refused: {reason}", first
        if first.error.startswith("ModuleNotFoundError"):
            return f"not runnable here: {first.error}", first
        if self.alone:
            return f"runs: {first.error or 'random' if first.random else 'not random'}", first
        seconds, theirs = self.under_brian2(script)
        same_cut = seconds == self.seconds[0]
        ours = first if same_cut else self.result(script, "neurosim", 1, seconds)
        return self.verdict(script, seconds, ours, theirs), ours

    def verdict(self, script: Path, seconds: float, ours: Result, theirs: Result) -> str:
        """Compare the results of a script."""
        if theirs.error != ours.error:
            return f"ERROR: {ours.error or 'none'} where Brian2 has: {theirs.error or 'none'}"
        if not ours.runs:
            return f"not runnable here: {ours.error}" if ours.error else "no network is run"
        runs = "1 run" if ours.runs == 1 else f"{ours.runs} runs"
        told = f"{runs} of {seconds:g} s" if ours.cut else f"all of {runs}"
        told += f", then {ours.error.split(':')[0]} under both" if ours.error else ""
        if not ours.random:
            different = differences(theirs.values, ours.values)
            return f"DIFFERENT: {'; '.join(different[:4])}" if different else f"identical ({told})"
        alike = self.result(script, "neurosim", 1, seconds, same=True)
        different = differences(theirs.values, alike.values)
        if alike.error != theirs.error:
            different = [f"ERROR {alike.error}"]
        found = "; ".join(different[:4])
        first = (
            f"DIFFERENT with the same random numbers: {found}"
            if found
            else "identical with the same random numbers"
        )
        return f"{first} ({told}){self.over_seeds(script, seconds)}"

    def over_seeds(self, script: Path, seconds: float) -> str:
        """Compare distributions over seeds."""
        if self.seeds < 2:
            return ""
        pairs = [
            [
                quantities(self.result(script, device, seed, seconds).values)
                for seed in range(1, self.seeds + 1)
            ]
            for device in ("neurosim", "numpy")
        ]
        tested = compare_seeds(*pairs)
        if tested.found:
            return f"; DISTRIBUTION: {'; '.join(tested.found[:4])}"
        return (
            f"; equal in distribution ({self.seeds} seeds, {tested.tested} quantities;"
            f" {tested.shift:.1f} spreads would be seen, {tested.relative:.1%} of the median one)"
        )


def lines_of(script: Path) -> int:
    """How many lines of a script are neither empty nor comments."""
    lines = (line.strip() for line in script.read_text("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def lines_to_change(script: Path) -> int:
    """How many lines a user changes or adds: the import, and the choice of the device."""
    chosen = sum("set_device(" in line.split("#")[0] for line in script.read_text("utf-8").splitlines())
    return 1 + max(chosen, 1)


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="*", help="parts of the names of the scripts to run; default: all")
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.02, 0.1, 0.5])
    parser.add_argument("--spikes", type=int, default=20)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--engine", default="auto")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "neurosim_brian_examples"
    )
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one process")
    parser.add_argument("--keep", action="store_true", help="take the device's earlier results, too")
    parser.add_argument("--alone", action="store_true", help="only see what the device refuses")
    parser.add_argument("--skip", nargs="*", default=["compartmental/"])
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    args = parsed()
    args.folder.mkdir(parents=True, exist_ok=True)
    judge = Judge(
        args.seconds,
        args.spikes,
        args.runs,
        args.seeds,
        args.engine,
        args.folder,
        args.limit,
        args.keep,
        args.alone,
    )
    print("| script | verdict | spikes | values | lines | to change |\n|---|---|---|---|---|---|")
    for script in sorted(args.path.rglob("*.py")):
        name = script.relative_to(args.path).as_posix()
        wanted = not args.names or any(part in name for part in args.names)
        if wanted and not any(part in name for part in args.skip):
            verdict, result = judge.row(script)
            counts = f"{spikes_in(result.values)} | {values_in(result.values)}"
            lines = f"{lines_of(script)} | {lines_to_change(script)}"
            print(f"| {name.removesuffix('.py')} | {verdict} | {counts} | {lines} |", flush=True)


if __name__ == "__main__":
    main()
