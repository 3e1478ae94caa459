"""The generated C++ under the address and undefined-behaviour sanitizers: small networks that between them
run all of it.

    python -m pytest tests/test_sanitizers.py -m slow

They run in one process of their own, because a sanitizer must be there before anything else is loaded.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FLAGS = "-O0 -fsanitize=address,undefined -fno-sanitize-recover=all"
FAULTS = {
    "address": "int answer() { int* gone = new int(3); delete gone; return *gone; }",
    "undefined": "int answer() { volatile int most = 2147483647; return most + 1; }",
}
SCENARIOS = """
import numpy as np
from events_side import crowded, graded, learning, part, spoken
from test_trials import lively
import neurosim as ns

def run(net, inputs=None, **options):
    return ns.run(net, inputs, engine="events", **options)

said = {"noise": spoken(70, 45)}
record = {"cells": 1, "cells.v": 1, "cells[:3].g": 3, "paired.w": 7}
begun = run(learning(), part(said, 0, 40), ticks=40, record=record, threads=4)
run(learning(), part(said, 40, 70), ticks=30, record={"cells": 1, "cells.v": 1}, start=begun, threads=3)
run(learning(5), said, ticks=70, record={"cells": 1, "cells.v": 1}, threads=2)
begun = run(lively(), ticks=30, trials=9, record=["cells", "rate", "plastic.w", "noise"], threads=2)
run(lively(), ticks=20, start=begun, threads=4)
for size in (1, 30):
    drive = np.random.default_rng(size).normal(0, 1, (3, 20, 3))
    net = graded(size, 2 * size, schedule=ns.Asynchronous())
    run(net, {"drive": drive}, until="stable", record=["a", "b"], threads=2)
for threads in (1, 3, 4):  # more than there are neurons: blocks without any
    run(crowded(), ticks=60, threads=threads, record=["few", "many"])
print("all ran")
"""


def runtimes():
    """The compiler, and the libraries that must be loaded first; skips the test if they are missing."""
    compiler = shutil.which("g++")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("the sanitizers are tried with g++ on Linux")
    paths = [
        subprocess.run([compiler, f"-print-file-name={name}"], text=True, capture_output=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    if not all(Path(path).is_absolute() for path in paths):
        pytest.skip("g++ has no libasan.so: install its sanitizers (libasan, libubsan)")
    return compiler, " ".join(paths)


def sanitized(code):
    """A Python process whose C++ is compiled with the sanitizers."""
    compiler, first = runtimes()
    surroundings = os.environ | {
        "CXX": compiler,
        "NEUROSIM_CXXFLAGS": FLAGS,
        "LD_PRELOAD": first,
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env=surroundings,
        cwd=Path(__file__).parent,
        text=True,
        capture_output=True,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_the_sanitizers_find_a_fault(fault):
    source = f'extern "C" {FAULTS[fault]}\n'
    found = sanitized(f"from neurosim.engine.events.build import load\nload({source!r}, 'a fault').answer()")
    assert found.returncode != 0
    assert ("heap-use-after-free" if fault == "address" else "signed integer overflow") in found.stderr


@pytest.mark.slow
def test_the_generated_code_passes_the_sanitizers():
    """The construction of synapses too, which every network with stored synapses calls."""
    ran = sanitized(SCENARIOS)
    assert (ran.returncode, ran.stdout) == (0, "all ran\n"), ran.stderr[:4000]
