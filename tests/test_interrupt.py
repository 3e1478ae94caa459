"""Ctrl-C in any phase ends a run at once: with KeyboardInterrupt, or with a recording of the ticks so far."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError

import pytest
from build_side import SYSTEM, needs_compiler, pretender, wait_for

from neurosim.engine.driver import run_ticks
from neurosim.engine.events.background import in_background

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")
SCRIPT = """
import pathlib, sys, time
begun = pathlib.Path(sys.argv[2])
{before}
import numpy as np
import neurosim as ns
from neurosim.engine.progress import Progress
cells = ns.Neurons("cells", 3, update="v = v + I", threshold="v > 1", reset="v = 0")
net = ns.Network(ns.Synapses(cells, cells, delay=1, weight=0.1), schedule=ns.Synchronous())
{after}
recording = ns.run(net, ticks={ticks}, record="cells.v", to=sys.argv[1], engine="{engine}")
print(recording.stopped)
"""
# A phase that waits for the signal as soon as it is reached, so that no luck is needed.
STOP = "\ndef stop(*args, **named):\n    begun.touch()\n    while True: time.sleep(0.01)\n"
PHASES = {
    "import": {
        "before": (
            "import importlib.abc\nclass Slow(importlib.abc.MetaPathFinder):\n    def find_spec(self, name,"
            f" *rest):\n        if name == 'neurosim.network.network': stop()\n{STOP}sys.meta_path.insert(0,"
            " Slow())"
        )
    },
    "describing": {
        "after": (
            f"{STOP}import neurosim.network.neurons as place\nplace.read_statements ="
            " stop\nns.Neurons('other', 2, update='v = 1')"
        )
    },
    "planning": {"after": f"{STOP}import neurosim.plan.kept as place\nplace.lower = stop"},
    "building": {
        "after": f"{STOP}from neurosim.engine.events import network_layout as place\nplace.build_rows = stop",
        "engine": "events",
    },
    "writing": {
        "after": f"{STOP}from neurosim.recording.file_writer import FileWriter\nFileWriter.write = stop",
        "ticks": 100,
    },
    "closing": {
        "after": f"{STOP}from neurosim.recording.file_writer import FileWriter\nFileWriter.finish = stop"
    },
}


def interrupted(tmp_path, times=1, **phase):
    """The output of a script that was interrupted in a phase, and how long it took to end."""
    script = SCRIPT.format(**({"before": "", "after": "", "ticks": 5, "engine": "reference"} | phase))
    words = [sys.executable, "-c", script, str(tmp_path / "run.h5"), str(tmp_path / "begun")]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(tmp_path / "begun")
        start = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, err = process.communicate(timeout=20)
    return out, err, time.monotonic() - start


@pytest.mark.parametrize(
    "phase",
    [
        pytest.param(phase, id=name, marks=needs_compiler if "engine" in phase else ())
        for name, phase in PHASES.items()
    ],
)
def test_ctrl_c_ends_every_phase_at_once(tmp_path, phase):
    out, err, took = interrupted(
        tmp_path, times=2 if "ticks" in phase else 1, **phase
    )  # while ticks run, the first asks for the end of the tick
    assert (out, err.splitlines()[-1]) == ("", "KeyboardInterrupt")
    assert took < 5  # on a busy machine


@needs_compiler
def test_ctrl_c_ends_compiling_at_once_and_no_file_is_begun(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(
        "CXX",
        pretender(
            tmp_path, f'case "$*" in *code-*) touch {tmp_path}/begun; sleep 60;; esac\nexec {SYSTEM} "$@"'
        ),
    )
    out, err, took = interrupted(tmp_path, engine="events")
    assert (out, err.splitlines()[-1]) == ("", "KeyboardInterrupt")
    assert took < 5
    assert not (tmp_path / "run.h5").exists()


def test_a_call_in_the_background_returns_or_raises_what_it_does():
    assert in_background(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0)


def test_what_an_interrupted_call_made_is_undone():
    go, undone = threading.Event(), threading.Event()

    def call():
        os.kill(os.getpid(), signal.SIGUSR1)  # which the main thread handles
        assert go.wait(10)
        return 7

    def interrupt(number, frame):
        raise CancelledError

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(CancelledError):
            in_background(call, lambda made: undone.set() if made == 7 else None)
    finally:
        signal.signal(signal.SIGUSR1, before)
    go.set()
    assert undone.wait(10)


@pytest.mark.parametrize(
    ("stable", "stopped", "ended"),
    [(False, False, (3, "end")), (False, True, (1, "interrupted")), (True, True, (1, "stable"))],
)
def test_a_run_says_why_it_stopped(stable, stopped, ended):
    assert run_ticks(3, 1, lambda done: (1, stable), lambda ticks: stopped) == ended
