"""The arithmetic of rows that are computed at every tick, as bare loops in C++: what a machine could give.

The synapses of 16 targets lie side by side, are added up and integrated in one loop, and share one weight.
Morris-Lecar cells take the vector functions of the C library. There are no spikes, and nothing is recorded.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np

TICK = 1e-4  # seconds
FLAGS = ("-Ofast", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC")
SOURCE = """
#include <cmath>
typedef double Eight __attribute__((vector_size(64)));

// Each group of 16 targets has two vectors, a and b.
extern "C" void nmda(double *x_, double *s_, double *g, long targets, long each) {
    Eight *x = (Eight *)x_, *s = (Eight *)s_, *sum = (Eight *)g;
    for (long group = 0; group < targets / 16; ++group, sum += 2) {
        Eight a = {}, b = {};
        for (long k = 0; k < each; ++k, x += 2, s += 2) {
            a += 1e-3 * s[0], b += 1e-3 * s[1];
            s[0] += 0.1 * (0.5 * x[0] * (1 - s[0]) - 0.01 * s[0]), x[0] *= 0.95;
            s[1] += 0.1 * (0.5 * x[1] * (1 - s[1]) - 0.01 * s[1]), x[1] *= 0.95;
        }
        sum[0] = a, sum[1] = b;
    }
}

extern "C" void linear(double *x_, double *, double *g, long targets, long each) {
    Eight *x = (Eight *)x_, *sum = (Eight *)g;
    for (long group = 0; group < targets / 16; ++group, sum += 2) {
        Eight a = {}, b = {};
        for (long k = 0; k < each; ++k, x += 2) {
            a += 1e-3 * x[0], b += 1e-3 * x[1];
            x[0] *= 0.999, x[1] *= 0.999;
        }
        sum[0] = a, sum[1] = b;
    }
}

extern "C" void gap(double *v, double *, double *g, long targets, long each) {
    Eight *sum = (Eight *)g;
    for (long group = 0; group < targets / 16; ++group, sum += 2) {
        const Eight here = ((Eight *)v)[2 * group], there = ((Eight *)v)[2 * group + 1];
        Eight a = {}, b = {};
        for (long k = 0; k < each; ++k) a += 1e-4 * (v[k] - here), b += 1e-4 * (v[k] - there);
        sum[0] = a, sum[1] = b;
    }
}

extern "C" void morris_lecar(double *__restrict v, double *__restrict n, double *, long cells, long) {
    for (long i = 0; i < cells; ++i) {
        const double m = 0.5 * (1 + tanh((v[i] + 1.2) / 18)), p = 0.5 * (1 + tanh((v[i] - 2) / 30));
        const double change = 4.4 * m * (120 - v[i]) + 8 * n[i] * (-84 - v[i]) + 2 * (-60 - v[i]) + 95;
        n[i] += 0.004 * (p - n[i]) * cosh((v[i] - 2) / 60);
        v[i] += 0.005 * change;
    }
}
"""


def bare(kind: str, n: int, seconds: float, each: int) -> dict[str, float]:
    """RTF of a loop, and its nanoseconds for each target.

    each: synapses of a target
    """
    n = -(-n // 16) * 16
    arrays = [_aligned(max(n * each, n)) for _ in range(2)]
    sums = _aligned(n)
    arguments = (*(array.ctypes.data for array in (*arrays, sums)), n, each)
    loop, ticks = getattr(_compiled(), kind), round(seconds / TICK)
    loop(*arguments)
    begin = perf_counter()
    for _ in range(ticks):
        loop(*arguments)
    spent = (perf_counter() - begin) / ticks
    return {"rtf": spent / TICK, "each": spent * 1e9 / n}


def _aligned(size: int) -> np.ndarray:
    """Ones that begin at a cache line."""
    room = np.ones(size + 16)
    return room[(-room.ctypes.data // 8) % 16 :][:size]


@cache
def _compiled() -> ctypes.CDLL:
    command = shlex.split(os.environ.get("CXX", "")) or [shutil.which("g++") or "clang++"]
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "loops.cpp", Path(folder) / "loops.so"
        source.write_text(SOURCE)
        subprocess.run([*command, *FLAGS, str(source), "-o", str(library)], check=True, capture_output=True)
        loops = ctypes.CDLL(str(library))
    for name in ("nmda", "linear", "gap", "morris_lecar"):
        loop = getattr(loops, name)
        loop.argtypes, loop.restype = [*[ctypes.c_void_p] * 3, ctypes.c_long, ctypes.c_long], None
    return loops
