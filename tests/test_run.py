"""Runs that are killed, interrupted or continued from files: `ns.run` in a process of its own."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import neurosim as ns

SCRIPT = """
import sys
import neurosim as ns
slow = int(sys.argv[2])
counter = ns.Neurons("counter", 3, update="n = n + 1")
noise = ns.Neurons("noise", 4, update="u = rand()", threshold="u < 0.3")
busy = [ns.Neurons(f"busy_{k}", 200_000, update="x = tanh(x + 1)") for k in range(slow)]
net = ns.Network(counter, noise, *busy, schedule=ns.Synchronous())
ns.run(net, ticks=10_000_000, record=["counter", "noise"], to=sys.argv[1], seed=3)
"""


def killed(path, slow, least):
    """Start the script, wait until the file holds that many ticks, and kill it; returns the ticks seen
    before."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path), str(slow)])
    try:
        seen, deadline = 0, time.monotonic() + 60
        while seen < least and time.monotonic() < deadline:
            time.sleep(0.2)
            try:
                with ns.open(path) as recording:
                    seen = recording.ticks
            except ns.RecordingError:
                continue  # not yet there
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return seen


@pytest.mark.parametrize(("slow", "least"), [(0, 3000), (20, 3)])
def test_a_killed_run_leaves_a_file_that_opens_with_all_that_was_flushed(tmp_path, slow, least):
    seen = killed(tmp_path / "run.h5", slow, least)
    assert seen >= least
    with ns.open(tmp_path / "run.h5") as recording:
        assert recording.stopped == "interrupted"
        assert recording.ticks >= seen
        np.testing.assert_array_equal(recording["counter"][:, 0], np.arange(1, recording.ticks + 1))
        whole = ns.run(
            ns.Network(recording.network["noise"], schedule=ns.Synchronous()),
            ticks=recording.ticks,
            record=["noise"],
            seed=3,
        )
        np.testing.assert_array_equal(recording.spikes("noise").tick, whole.spikes("noise").tick)


def test_a_file_is_continued_and_replayed(tmp_path):
    def net():
        cells = ns.Neurons("cells", 6, update="v = 0.9*v + 0.1*randn() + I")
        return ns.Network(
            ns.Synapses(cells, cells, wiring=ns.indegree(2), weight=0.1, delay=3), schedule=ns.Synchronous()
        )

    ns.run(net(), ticks=20, record=["cells"], to=tmp_path / "first.h5").close()
    with ns.open(tmp_path / "first.h5") as first:
        second = ns.run(net(), ticks=15, record=["cells"], start=first, to=tmp_path / "second.h5")
        joined = np.concatenate([first["cells"][:], second["cells"][:]])
    second.close()
    np.testing.assert_array_equal(joined, ns.run(net(), ticks=35, record=["cells"])["cells"])
    assert ns.replay(tmp_path / "second.h5")


def test_auto_warns_in_the_users_line_and_runs_on_numpy_where_there_is_no_compiler(monkeypatch):
    long = ns.Network(ns.Neurons("counter", 1, update="n = n + 1"), schedule=ns.Synchronous())
    ns.run(long, ticks=1)  # Brian2, when it is imported, takes warnings for its log
    monkeypatch.setenv("CXX", "none")
    monkeypatch.setattr("neurosim.engine.choice.reference_seconds", lambda plan: 1e6)
    monkeypatch.setattr("neurosim.engine.arrays.library.is_installed", lambda: False)
    with pytest.warns(UserWarning, match="the slow reference engine runs. CXX is 'none'") as told:
        assert ns.run(long, ticks=3, threads=2.0).engine == "reference"
    assert told[0].filename == __file__
