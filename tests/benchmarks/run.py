"""Measure neurosim and, where they are installed, its peers: `python tests/benchmarks/run.py [names]`.

Every run is a process of its own. The runs of a benchmark take turns, several times over, so that a machine
that slows down slows all of them. Install the peers with `pip install -e '.[bench]'`, and let nothing else
run: two-thread figures are worthless beside another process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import Any

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

import child  # noqa: E402
import machine  # noqa: E402
import networks  # noqa: E402
import report  # noqa: E402
from bench import Benchmark, Run  # noqa: E402

ANEW = 5  # other seeds that a network which died out is tried with


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for; 1 where a run failed."""
    known = {
        benchmark.name: benchmark
        for name in networks.NAMES
        for benchmark in import_module(f"networks.{name}").BENCHMARKS
    }
    args = read_arguments(argv, known)
    if args.list:
        print("\n".join(f"{name:26}{benchmark.title}" for name, benchmark in known.items()))
        return 0
    chosen = [known[name] for name in known if name in args.names] if args.names else list(known.values())
    sections, failed = {}, 0
    for benchmark in chosen:
        print(f"\n{benchmark.name}: {benchmark.title}", flush=True)
        measured, missing, given = side_by_side(benchmark, args)
        notes = [
            f"{date.today()}, {args.repeats} repeats, engine {args.engine}, on {machine.describe()}.",
            machine.conditions(given),
        ]
        failed += sum(reason.startswith("failed") for reason in missing.values())
        sections[benchmark.title] = report.section(benchmark, measured, missing, notes)
        print("\n" + sections[benchmark.title], flush=True)
        if args.to:
            report.keep(Path(args.to), sections, [benchmark.title for benchmark in known.values()])
    return 1 if failed else 0


def read_arguments(argv: list[str] | None, known: dict[str, Benchmark]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which benchmarks (default: all): {', '.join(known)}"
    )
    parser.add_argument("--list", action="store_true", help="name the benchmarks and do nothing")
    parser.add_argument("--repeats", type=int, default=5, help="how often each runs (default: 5)")
    parser.add_argument(
        "--peers",
        help=(
            "packages to run beside neurosim, such as nest,brian2, or none (default: all installed, but not"
            " on request)"
        ),
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PACKAGE=PATH",
        help="the Python that runs a peer which is installed in another environment, with numpy",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="another number for an option of the runs that take it, such as seconds=2 or scale=0.1",
    )
    parser.add_argument("--engine", default="events", help="neurosim's engine (default: events)")
    parser.add_argument("--seed", type=int, default=1, help="of the first repeat; each has its own")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="all of it in seconds: tiny networks, one repeat, nothing is written",
    )
    parser.add_argument(
        "--to",
        help=(
            "the file that keeps the results (default: RESULTS.md beside this script; none with --smoke or"
            " --set)"
        ),
    )
    parser.add_argument(
        "--timeout", type=float, default=3600.0, help="seconds after which a run is given up (default: 3600)"
    )
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in known]:
        parser.error(f"{', '.join(unknown)}: there is no such benchmark. Choose from {', '.join(known)}.")
    if args.repeats < 1:
        parser.error("--repeats: give at least 1")
    packages = sorted({run.package for benchmark in known.values() for run in benchmark.runs} - {"neurosim"})
    args.peers = None if args.peers is None else [name for name in args.peers.split(",") if name != "none"]
    for name in args.peers or []:
        if name not in packages:
            parser.error(f"--peers: {name} is not known. Choose from {', '.join(packages)}.")
    args.set = dict(read_option(parser, one) for one in args.set)
    args.python = dict(one.partition("=")[::2] for one in args.python)
    for name, path in args.python.items():
        if name not in packages or not Path(path).exists():
            parser.error(f"--python: {name}={path} names no peer and its Python. Give torch=/path/to/python.")
    args.repeats = 1 if args.smoke else args.repeats
    args.to = args.to or (None if args.smoke or args.set else str(FOLDER / "RESULTS.md"))
    return args


def read_option(parser: argparse.ArgumentParser, given: str) -> tuple[str, float]:
    """An option of runs, and the number that it gets."""
    name, _, number = given.partition("=")
    try:
        value = float(number)
    except ValueError:
        parser.error(f"--set: {given} is not a name and a number. Give seconds=2.")
    return name, int(value) if value.is_integer() else value


def side_by_side(
    benchmark: Benchmark, args: argparse.Namespace
) -> tuple[dict[str, report.Numbers], dict[str, str], list[machine.Given]]:
    """What the runs of a benchmark measured, in turns, by label; why some did not; what the machine gave."""
    reasons = {run.label: why_not(run, args.peers, args.python) for run in benchmark.runs}
    missing = {label: reason for label, reason in reasons.items() if reason}
    runs = [run for run in benchmark.runs if run.label not in missing]
    measured: dict[str, report.Numbers] = {run.label: [] for run in runs}
    given: list[machine.Given] = []
    with caches(runs) as filled:
        for run in runs:
            if run.cache == "filled":
                one_run(benchmark, run, args, args.seed, filled[run.label])
        for repeat in range(args.repeats):
            given.append(machine.given())
            for run in runs:
                if run.label in missing:
                    continue
                found = alive_run(benchmark, run, args, args.seed + repeat, filled.get(run.label))
                if isinstance(found, str):
                    missing[run.label] = found
                    measured.pop(run.label)
                else:
                    measured[run.label].append(found)
                print(
                    f"  {repeat + 1}. {run.label}: "
                    f"{found if isinstance(found, str) else summary(benchmark, found)}",
                    flush=True,
                )
    return measured, {label: reason for label, reason in missing.items() if reason}, given


def why_not(run: Run, peers: list[str] | None, elsewhere: Collection[str] = ()) -> str:
    """Why a run is left out; '' for one that is not. Packages may be installed `elsewhere`."""
    if run.package == "neurosim":
        return ""
    if peers is not None and run.package not in peers:
        return "not asked for"
    if run.package not in elsewhere and find_spec(run.package) is None:
        return f"{run.package} is not installed"
    return f"only on request: --peers {run.package}" if run.on_request and peers is None else ""


@contextmanager
def caches(runs: list[Run]) -> Iterator[dict[str, str]]:
    """A folder for the compiled code of each run that wants a filled one."""
    with tempfile.TemporaryDirectory() as folder:
        yield {run.label: f"{folder}/{place}" for place, run in enumerate(runs) if run.cache == "filled"}


def alive_run(
    benchmark: Benchmark, run: Run, args: argparse.Namespace, seed: int, cache: str | None
) -> dict[str, Any] | str:
    """One run; with other seeds where the network dies out."""
    for other in range(ANEW):
        found = one_run(benchmark, run, args, seed + 1000 * other, cache)
        if (
            isinstance(found, str)
            or args.smoke
            or not benchmark.alive
            or found[benchmark.agree] >= benchmark.alive
        ):
            return found
    return f"failed: with {ANEW} seeds {benchmark.agree} was below {benchmark.alive:g}"


def one_run(
    benchmark: Benchmark, run: Run, args: argparse.Namespace, seed: int, cache: str | None
) -> dict[str, Any] | str:
    """What a run measured, with the wall time of its process; or, in words, why it failed."""
    options = {**run.options, "seed": seed} | ({"engine": args.engine} if run.package == "neurosim" else {})
    if args.smoke:
        taken = signature(run.function).parameters
        options |= {key: value for key, value in benchmark.smoke.items() if key in taken}
    options |= {key: value for key, value in args.set.items() if key in run.options}
    network = run.function.__module__.rpartition(".")[2]
    with tempfile.TemporaryDirectory() as empty:
        environment = activated()
        if args.smoke:
            environment["BENCH_SETTLING"] = "0.01"
        if run.cache:
            environment |= {
                "NEUROSIM_CACHE": f"{cache or empty}/neurosim",
                "BENCH_CACHE": f"{cache or empty}/peer",
            }
        command = [
            args.python.get(run.package, sys.executable),
            str(FOLDER / "child.py"),
            network,
            run.function.__name__,
            json.dumps(options),
        ]
        begin = perf_counter()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, cwd=empty, timeout=args.timeout
            )
        except subprocess.TimeoutExpired:
            return f"failed: gave up after {args.timeout:g} s"
        wall = perf_counter() - begin
    lines = [line for line in done.stdout.splitlines() if line.startswith(child.MARK)]
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
        return f"failed: {last[:200]}"
    return {"wall": wall, **json.loads(lines[-1].removeprefix(child.MARK))}


def activated() -> dict[str, str]:
    """The environment variables of an activated virtual environment: compilers of peers look for their Python
    there."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    kept = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # installed peers have bytecode too
    return {**kept, "PATH": path} | ({"VIRTUAL_ENV": sys.prefix} if sys.prefix != sys.base_prefix else {})


def summary(benchmark: Benchmark, found: dict[str, Any]) -> str:
    """The numbers of one run in one line."""
    named = [
        f"{column.heading} {found[column.key]:.4g}"
        for column in benchmark.columns
        if found.get(column.key) is not None
    ]
    return ", ".join(named + ([f"engine {found['engine']}"] if "engine" in found else []))


if __name__ == "__main__":
    sys.exit(main())
