"""Times whole Brian2 scripts, from the start of Python to its end, under Brian2's targets and the device.

    python tests/brian/speed.py PATH_TO_BRIAN2/examples [names] [--repeats 3] [--targets numpy,cython]

Nothing in the scripts is changed; pictures are drawn without a screen. Each start is a process of its own:
cold with an empty folder for compiled code, warm with one that an earlier process has filled. The processes
take turns, so that a machine that slows down slows all. A figure is the median of wall seconds, in brackets
of the processor's seconds, those of compilers included; the last two columns are neurosim's as parts of the
fastest target's. Brian2's numpy target compiles nothing, so that its cold and warm starts are the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

START = Path(__file__).with_name("script_start.py")
TARGETS = ("neurosim", "numpy", "cython", "cpp_standalone")
HEAVY = (
    "COBAHH",
    "synapses/STDP",
    "synapses/spike_based_homeostasis",
    "frompapers/Brunel_2000",
    "frompapers/Graupner_Brunel_2012",
    "frompapers/Kremer_et_al_2011_barrel_cortex",
    "frompapers/Touboul_Brette_2008",
    "frompapers/Tsodyks_Uziel_Markram_2000",
    "frompapers/Vogels_et_al_2011",
    "frompapers/Wang_2002",
)
"""Ten of the examples that have many ticks, or many neurons in them."""


@dataclass(frozen=True)
class Start:
    """One kind of start of a script: under which target, with a cold or a warm cache."""

    target: str
    warm: bool

    def __str__(self) -> str:
        return self.target if self.target == "numpy" else f"{self.target}, {'warm' if self.warm else 'cold'}"


@dataclass(frozen=True)
class Time:
    """The wall and processor seconds of one process; least: it was stopped, and would take longer."""

    wall: float
    processor: float
    least: bool = False


def starts(targets: Sequence[str]) -> list[Start]:
    """All kinds of starts of a script."""
    return [Start(t, warm) for t in targets for warm in (False, True) if warm or t != "numpy"]


def timed(script: Path, start: Start, cache: str, limit: float) -> Time | str:
    """Run a script; or say how it failed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = kept | {"NEUROSIM_CACHE": f"{cache}/neurosim", "MPLBACKEND": "agg", "PATH": path}
    command = [sys.executable, str(START), start.target, str(script), cache]
    begun, before = time.perf_counter(), os.times()
    try:
        done = subprocess.run(
            command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        done = None
    wall, after = time.perf_counter() - begun, os.times()
    if done is not None and done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1][:120]
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return Time(wall, spent, done is None)


def measured(script: Path, kinds: Sequence[Start], repeats: int, limit: float) -> dict[Start, list[Time]]:
    """The times of a script for each kind of start that it can take."""
    found: dict[Start, list[Time]] = {}
    with tempfile.TemporaryDirectory() as filled:
        for start in kinds:
            if start.warm and start.target != "numpy":
                timed(script, start, f"{filled}/{start.target}", limit)
        for start in [start for _ in range(repeats) for start in kinds]:
            if any(past.least for past in found.get(start, [])):
                continue  # once is enough
            with tempfile.TemporaryDirectory() as empty:
                one = timed(script, start, f"{filled}/{start.target}" if start.warm else empty, limit)
            if isinstance(one, str):
                print(f"{script.stem}, {start}: {one}", file=sys.stderr, flush=True)
            else:
                found.setdefault(start, []).append(one)
    return found


def of_fastest(times: Mapping[Start, Sequence[Time]], warm: bool, name: str) -> float:
    """Neurosim's seconds as a part of those of Brian2's fastest target; nan where there are none."""

    def seconds(start: Start) -> float:
        return median(float(getattr(one, name)) for one in times[start])

    ours, theirs = Start("neurosim", warm), [s for s in times if s.target != "neurosim"]
    chosen = [seconds(s) for s in theirs if s.warm == warm or s.target == "numpy"]
    return seconds(ours) / min(chosen) if ours in times and chosen else float("nan")


def row(name: str, kinds: Sequence[Start], times: Mapping[Start, Sequence[Time]]) -> str:
    """One row of the table."""
    cells = [name]
    for start in kinds:
        values = times.get(start, [])
        more = "> " if any(one.least for one in values) else ""
        cells.append(
            f"{more}{median(v.wall for v in values):.1f} ({median(v.processor for v in values):.1f})"
            if values
            else "-"
        )
    for warm in (False, True):
        cells.append("{:.2f} ({:.2f})".format(*(of_fastest(times, warm, n) for n in ("wall", "processor"))))
    return f"| {' | '.join(cells)} |"


def scripts(path: Path, names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The scripts that are asked for, by name."""
    for name in names:
        script = path / f"{name.removesuffix('.py')}.py"
        if not script.exists():
            raise SystemExit(f"{script} does not exist. Give names as in {', '.join(HEAVY[:2])}.")
        yield name, script


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="*", default=HEAVY, help=f"default: {', '.join(HEAVY)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--targets", default=",".join(TARGETS[1:]), help="of Brian2, to run beside neurosim")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a process is stopped")
    args = parser.parse_args()
    kinds = starts(["neurosim", *args.targets.split(",")])
    print(f"| script | {' | '.join(map(str, kinds))} | cold: of fastest | warm: of fastest |")
    print("|---" * (len(kinds) + 3) + "|", flush=True)
    with suppress(KeyboardInterrupt):
        for name, script in list(scripts(args.path, args.names)):
            print(row(name, kinds, measured(script, kinds, args.repeats, args.limit)), flush=True)


if __name__ == "__main__":
    main()
