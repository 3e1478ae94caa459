"""Cases of a fuzzer in processes of their own, under limits of memory and time; a process that dies or hangs
tells at which case."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

MEMORY, SECONDS = 4 * 2**30, 20
TOGETHER = 500  # cases of one process
PATIENCE = 60.0  # seconds without a word after which a process is taken to hang


def work(first: int, last: int, attempt: Callable[[int], str]) -> None:
    """The cases of these seeds: prints where it is, what is found, and how many ended how. What `attempt`
    raises is found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    ended: dict[str, int] = {}

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"not done within {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    for seed in range(first, last):
        print(f"AT {seed}", flush=True)
        signal.alarm(SECONDS)
        try:
            how = attempt(seed)
        except BaseException as error:
            print(f"FOUND seed {seed}: {type(error).__name__}: {str(error)[:300]!a}", flush=True)
            how = "found"
        signal.alarm(0)
        ended[how] = ended.get(how, 0) + 1
    print("ENDED", *(f"{how}={count}" for how, count in ended.items()), flush=True)


def hunt(script: str, count: int, first: int) -> list[str]:
    """What `count` cases of a script from a seed on find. A case that ends its process is found, and the next
    process goes on behind it."""
    found: list[str] = []
    at, stop = first, first + count
    while at < stop:
        last = min(at + TOGETHER, stop)
        command = [sys.executable, script, "work", str(at), str(last)]
        try:
            done = subprocess.run(
                command,
                text=True,
                capture_output=True,
                check=False,
                timeout=PATIENCE + SECONDS * (last - at) / 10,
            )
            out, how = done.stdout, f"ended with {done.returncode}: {done.stderr[-300:]!a}"
        except subprocess.TimeoutExpired as late:
            out, how = (late.stdout or b"").decode(errors="replace"), "hangs"
        lines = out.splitlines()
        found += [line for line in lines if line.startswith("FOUND")]
        if any(line.startswith("ENDED") for line in lines):
            at = last
            continue
        at = max((int(line.split()[1]) for line in lines if line.startswith("AT")), default=at)
        found.append(f"FOUND seed {at}: the process {how}")
        at += 1
    return found


def seed_of_commit() -> int:
    """A seed that changes with the code: of the commit where there is one, else of the version."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], text=True, capture_output=True, check=False, cwd=Path(__file__).parent
    )
    if asked.returncode == 0:
        return int(asked.stdout[:8], 16)
    from importlib.metadata import version

    return sum(map(ord, version("neurosim-networks")))


def main(script: str, attempt: Callable[[int], str]) -> None:
    """The command of a fuzzer: `[COUNT [SEED]]`, or, as one of its processes, `work FIRST LAST`."""
    if sys.argv[1:2] == ["work"]:
        work(int(sys.argv[2]), int(sys.argv[3]), attempt)
        return
    count, first = (
        int(sys.argv[1]) if sys.argv[1:] else 20_000,
        int(sys.argv[2]) if sys.argv[2:] else seed_of_commit(),
    )
    finds = hunt(script, count, first)
    print(*finds, f"{count:,} cases from seed {first}: {len(finds)} found", sep="\n")
    sys.exit(bool(finds))
