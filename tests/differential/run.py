"""Compares the engines on many random networks: `python tests/differential/run.py --networks 5000 --workers 2
--to FOLDER`.

Networks come in structures, each compiled once, with several variants. Results go to FOLDER, line after line;
the same command goes on where it was stopped. What differs is shrunk and kept there as `finding-*.py`. The
exit status is 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from differential.tally import Tally
from differential.work import check_structure

BATCH = 25  # structures of one process, which then ends: compiled code stays in its memory
PATIENCE = 900.0  # seconds of silence after which a process is taken to hang


def main() -> int:
    """Run what is asked for, or, as a process of another run, one batch of it."""
    args = arguments()
    if args.batch:
        work(args)
        return 0
    folder = Path(args.to)
    folder.mkdir(parents=True, exist_ok=True)
    tally, began = Tally.read(folder / "results.jsonl"), time.monotonic()
    if tally.done:
        print(f"Going on after {tally.networks} networks of {len(tally.done)} structures.", flush=True)
    told, before = time.monotonic(), tally.networks
    with open(folder / "results.jsonl", "a") as results:
        for line in lines_of(args, folder, tally):
            tally.add(line)
            print(json.dumps(line), file=results, flush=True)
            for problem in line["problems"]:
                print(
                    f"{problem['seed']} {problem['route']} {problem['kind']}: {problem['text'][:200]}",
                    flush=True,
                )
            if time.monotonic() - told > 30:
                told = time.monotonic()
                left = (
                    (told - began) / max(tally.networks - before, 1) * max(args.networks - tally.networks, 0)
                )
                print(
                    f"{tally.networks} of {args.networks} networks, {len(tally.done)} structures, "
                    f"{len(tally.problems)} problems, "
                    f"{tally.seconds / max(tally.networks, 1):.2f} core-seconds each, {left / 60:.0f} "
                    "minutes left",
                    flush=True,
                )
    print(tally.summary())
    (folder / "summary.txt").write_text(tally.summary() + "\n")
    return 1 if tally.problems else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=5000)
    parser.add_argument("--variants", type=int, default=6, help="networks of each structure")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--to", default="differential-results", help="the folder of results")
    parser.add_argument("--batch", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def lines_of(args: argparse.Namespace, folder: Path, tally: Tally) -> Iterator[dict[str, Any]]:
    """The results of structures that are not done yet, as processes find them, until there are enough
    networks."""
    found: Queue[dict[str, Any]] = Queue()
    number, running = 0, 0
    while running or tally.networks < args.networks:
        while running < args.workers and tally.networks + running * BATCH // 2 < args.networks:
            batch = []
            while len(batch) < BATCH:
                if args.seed * 10**6 + number not in tally.done:
                    batch.append(args.seed * 10**6 + number)
                number += 1
            threading.Thread(target=follow, args=(args, folder, batch, found), daemon=True).start()
            running += 1
        line = found.get()
        if "ended" in line:
            running -= 1
        else:
            yield line


def follow(args: argparse.Namespace, folder: Path, batch: list[int], found: Queue) -> None:
    """Pass on the lines of a process that works on a batch; where it dies or hangs, that is a finding, and
    another goes on after it."""
    while batch:
        with tempfile.TemporaryDirectory(prefix="neurosim-differential-") as cache:
            words = [
                sys.executable,
                str(Path(__file__)),
                "--to",
                str(folder),
                "--variants",
                str(args.variants),
                "--batch",
                ",".join(map(str, batch)),
            ]
            with open(folder / "errors.txt", "a") as errors:
                process = subprocess.Popen(
                    words,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=os.environ | {"NEUROSIM_CACHE": cache},
                )
            for line in _heard(process):
                batch = [number for number in batch if number != line["structure"]]
                found.put(line)
            status = process.wait()
        if batch:
            text = (
                f"the process ended with status {status}"
                if status != -9
                else f"nothing heard for {PATIENCE:.0f} s"
            )
            problem = {"seed": [batch[0], -1], "route": "all", "kind": "dies", "text": text}
            nothing = {part: {} for part in ("left_out", "refused", "skipped", "compared")}
            found.put(
                {
                    "structure": batch.pop(0),
                    "networks": 0,
                    "seconds": 0.0,
                    "chaotic": 0,
                    "problems": [problem],
                    **nothing,
                }
            )
    found.put({"ended": True})


def _heard(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """The lines that a process prints; it is killed when it is silent for too long."""
    lines: Queue[str] = Queue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=PATIENCE)
        except Empty:
            process.kill()
            return
        if not line:
            return
        yield json.loads(line)


def work(args: argparse.Namespace) -> None:
    """Check the structures of a batch, a line of results each."""
    for structure in map(int, args.batch.split(",")):
        print(json.dumps(check_structure(structure, args.variants, Path(args.to))), flush=True)


if __name__ == "__main__":
    sys.exit(main())
