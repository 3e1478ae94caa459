"""What the results were measured on, without names of hosts, people or folders."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import sleep

import reference_loop

PACKAGES = (
    "neurosim",
    "numpy",
    "scipy",
    "brian2",
    "nest-simulator",
    "annarchy",
    "reservoirpy",
    "hopfieldnetwork",
    "jax",
    "optax",
)


def describe() -> str:
    """One line: processor, cores, memory, system, compiler, and the versions of all that takes part."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [
        f"{cores} cores of {processor()}",
        memory(),
        f"{platform.system()} {platform.machine()}",
        compiler(),
    ]
    parts.append(f"Python {platform.python_version()}")
    parts += [f"{name} {found}" for name in PACKAGES if (found := installed_version(name))]
    return ", ".join(part for part in parts if part)


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        found = {key.strip(): value.strip() for key, value in lines.items()}
        vector = (
            "AVX-512"
            if "avx512f" in found.get("flags", "")
            else "AVX2"
            if "avx2" in found.get("flags", "")
            else ""
        )
        return " ".join(
            part
            for part in (found.get("model name", "an unnamed processor"), f"({vector})" if vector else "")
            if part
        )
    return platform.processor() or platform.machine()


def memory() -> str:
    """How much memory there is, in GB."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    except (ValueError, OSError, AttributeError):
        return ""


def compiler() -> str:
    """The C++ compiler's own first line, shortened to name and version."""
    found = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not found:
        return "no C++ compiler"
    line = subprocess.run([*found.split(), "--version"], capture_output=True, text=True).stdout.splitlines()[
        :1
    ]
    words = line[0].split() if line else []
    return f"{words[0]} {words[-1]}" if words else ""


def installed_version(package: str) -> str:
    """The version of a package; '' where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class Given:
    """What the machine gave before a repeat: the other processes at work, and the reference loop."""

    load: float
    loop: dict[str, float]


def given() -> Given:
    """What the machine gives now."""
    return Given(load(), reference_loop.nanoseconds())


def conditions(found: Sequence[Given]) -> str:
    """What the machine gave before the repeats, in words."""
    loads = [one.load for one in found]
    busy = f"Before the repeats {min(loads):.1f} to {max(loads):.1f} other processes were at work."
    return f"{busy} {reference_loop.sentence([one.loop for one in found])}".strip()


def load() -> float:
    """How many processes are at work now, over half a second; 0 where the system does not tell."""
    if not os.path.exists("/proc/stat"):
        return 0.0
    before = _jiffies()
    sleep(0.5)
    after = _jiffies()
    total = sum(after) - sum(before)
    idle = sum(after[3:5]) - sum(before[3:5])
    return (os.cpu_count() or 1) * (1.0 - idle / total) if total else 0.0


def _jiffies() -> list[int]:
    """The ticks that all processors have spent: user, nice, system, idle, waiting, ..."""
    with open("/proc/stat") as file:
        return [int(number) for number in file.readline().split()[1:]]
