"""A loop that tells what the machine gave while something was measured: random adds in C++.

Delivering spikes is adding weights at random places of an array. The loop adds a number at each of a million
places in random order, in an array of 16 kB, which the first cache holds, and in one of 64 MB, which none
holds. Synapses are read one after the other, which takes bandwidth: how fast numbers are summed.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

SOURCE = """
extern "C" void add(double *values, const unsigned *places, long count) {
    for (long k = 0; k < count; ++k) values[places[k]] += 0.5;
}
"""
ADDS = 1_000_000
SIZES = {"in cache": 2_000, "beyond it": 8_000_000}  # doubles
READ = 16_000_000  # doubles that each thread sums


def nanoseconds(threads: int = 1) -> dict[str, float]:
    """The nanoseconds of one random add in cache and beyond it, each the median of five, of the slowest of so
    many threads that do it at once.

    Empty on a machine without a compiler.
    """
    add = _compiled()
    return {} if add is None else {name: _one(add, size, threads) for name, size in SIZES.items()}


def bandwidth(threads: int) -> float:
    """GB per second that so many threads read together, each an array of its own; the median of five."""
    arrays = [np.ones(READ) for _ in range(threads)]
    slowest = _at_once([lambda array=array: array.sum() for array in arrays])
    return threads * READ * 8 / slowest / 1e9


def sentence(loops: list[dict[str, float]]) -> str:
    """The least and the most that some calls of `nanoseconds` returned, in words."""
    loops = [loop for loop in loops if loop]
    if not loops:
        return ""
    spans = [
        f"{min(loop[name] for loop in loops):.2f} to {max(loop[name] for loop in loops):.2f} ns {name}"
        for name in SIZES
    ]
    return f"A random add took {', '.join(spans)}."


def _one(add: ctypes._CFuncPtr, size: int, threads: int) -> float:
    places = np.random.default_rng(1).integers(0, size, ADDS, dtype=np.uint32)
    arrays = [np.zeros(size) for _ in range(threads)]
    calls = [lambda values=values: add(values.ctypes.data, places.ctypes.data, ADDS) for values in arrays]
    return _at_once(calls) / ADDS * 1e9


def _at_once(calls: list[Callable[[], object]]) -> float:
    """The seconds of the slowest of some calls, each in a thread of its own; the median of five."""

    def timed(call: Callable[[], object]) -> float:
        begin = perf_counter()
        call()
        return perf_counter() - begin

    with ThreadPoolExecutor(len(calls)) as pool:
        times = [max(pool.map(timed, calls)) for _ in range(6)]  # the first one warms up
    return median(times[1:])


@cache
def _compiled() -> ctypes._CFuncPtr | None:
    library = compiled(SOURCE, ["-O2"])
    if library is None:
        return None
    add = library.add
    add.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
    add.restype = None
    return add


def compiled(source: str, flags: list[str]) -> ctypes.CDLL | None:
    """The library of a source text in C++; None on a machine without a compiler."""
    command = shlex.split(os.environ.get("CXX", "")) or [shutil.which("g++") or shutil.which("clang++") or ""]
    if not command[0]:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path, library = Path(folder) / "loop.cpp", Path(folder) / "loop.so"
        path.write_text(source)
        command += [*flags, "-shared", "-fPIC", str(path), "-o", str(library)]
        subprocess.run(command, check=True, capture_output=True)
        return ctypes.CDLL(str(library))
