"""A recording file survives its run: after kills, full disks and interference of other runs, it holds what
was written."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from recording_side import MadeUp, same

import neurosim as ns
from neurosim.errors import DescriptionError, RecordingError
from neurosim.network.wiring import Pairs, Wiring
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.opening import open_recording
from neurosim.recording.unclosed_file import being_written

RUN = """
    import sys
    import numpy as np
    import neurosim as ns
    from neurosim.network.probes import read_record
    from neurosim.recording.file_writer import FileWriter
    from neurosim.recording.recording import Header, Spikes

    path, compression, last, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    cells = ns.Neurons("cells", 20, update="v = v + 1", threshold="v > 3", reset="v = 0")
    net = ns.Network(cells, schedule=ns.Synchronous())
    probes = read_record(net, ["cells", "cells.v"])
    ticks = 10**6
    asked = [["cells", 1], ["cells.v", 1]]
    header = Header(net, 1, ticks, 2, True, "double", "reference", None, probes, asked, {}, {}, {})
    writer = FileWriter(header, path, compression)
    for first in range(0, last, n):
        tick = np.arange(first, first + n)
        values = np.broadcast_to(tick[:, None] + np.array([0, 0.5])[:, None, None], (2, n, 20))
        spikes = Spikes(np.repeat([0, 1], n), np.tile(tick, 2), np.tile(tick % 20, 2))
        writer.write(0, first, {"cells.v": values}, {"cells": spikes}, trials=2, ticks=n)
        print(first + n, flush=True)
    print("finish", flush=True)
    writer.finish(last, "end", {f"state/{k}": np.full(10**6, k) for k in range(20)})
    print("finished", flush=True)
"""


FREE = """
import resource, signal
free = (resource.RLIM_INFINITY,) * 2
# There is room again, but too late.
signal.signal(signal.SIGXFSZ, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, free))
"""


def start_run(path, compression=0, last=10**6, n=40, before="", **options):
    command = [
        sys.executable,
        "-c",
        before + textwrap.dedent(RUN),
        str(path),
        str(compression),
        str(last),
        str(n),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def killed_run(path, after, wait=0.0, **run):
    """Run a script that is killed some time after it printed `after`; returns its output."""
    with start_run(path, **run) as process:
        printed = []
        while not printed or printed[-1] != after:
            printed.append(process.stdout.readline().strip())
            assert printed[-1], "the run ended by itself"
        time.sleep(wait)
        process.kill()
        printed += process.stdout.read().split()
    assert process.returncode == -signal.SIGKILL
    return printed


def check_run(recording, ticks):
    """Check that the recording holds what the run wrote, and at least these ticks."""
    assert recording.ticks >= ticks
    assert recording.trials == 2
    tick = np.arange(recording.ticks)
    assert np.array_equal(recording["cells.v"][:, :, 3], tick + np.array([[0], [0.5]]))
    spikes = recording.spikes("cells")
    assert np.array_equal(spikes.tick, np.tile(tick, 2))
    assert np.array_equal(spikes.neuron, np.tile(tick % 20, 2))


@pytest.mark.parametrize(("after", "wait"), [("40", 0.0), ("400", 0.017), ("2000", 0.111)])
def test_a_killed_run_leaves_every_block_that_was_written(tmp_path, after, wait):
    printed = killed_run(tmp_path / "run.h5", after, wait)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, int(printed[-1]))
        assert recording.stopped == "interrupted"
        assert not recording.final
        with recording.to_file(tmp_path / "whole.h5") as copy:
            check_run(copy, recording.ticks)
    assert not being_written(tmp_path / "whole.h5")
    made = MadeUp()
    made.run(FileWriter(made.header, tmp_path / "run.h5")).close()  # a dead run's file may be replaced


@pytest.mark.parametrize("wait", [0.0, 0.03, 0.1])
def test_a_run_killed_while_it_writes_its_final_state_can_be_opened(tmp_path, wait):
    killed_run(tmp_path / "run.h5", "finish", wait, last=400)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, 400)
        assert recording.final.keys() in (set(), {f"state/{k}" for k in range(20)})
        assert all(np.all(recording.final[f"state/{k}"] == k) for k in range(20) if recording.final)


def test_a_killed_compressed_run_can_be_opened(tmp_path):
    killed_run(tmp_path / "run.h5", "400", 1.2, compression=1)
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, 400)


def test_a_run_can_be_read_while_it_goes_on(tmp_path):
    with start_run(tmp_path / "run.h5") as process:
        seen = [int(process.stdout.readline()) for _ in range(5)]
        for _ in range(5):
            with open_recording(tmp_path / "run.h5") as recording:
                check_run(recording, seen[-1])
                seen.append(recording.ticks)
        made = MadeUp()
        with pytest.raises(RecordingError, match="another run is writing it"):
            FileWriter(made.header, tmp_path / "run.h5")
        process.kill()
        process.stdout.read()
    assert seen[-1] > seen[4]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_full_disk_is_an_error_and_leaves_what_was_written(tmp_path):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.RLIM_INFINITY))

    with start_run(tmp_path / "run.h5", before=FREE, preexec_fn=limit, stderr=subprocess.PIPE) as process:
        printed, errors = process.communicate(timeout=30)
    assert "RecordingError" in errors
    assert "Free some room" in errors
    assert process.returncode == 1
    with open_recording(tmp_path / "run.h5") as recording:
        check_run(recording, int(printed.split()[-1]))


def test_a_file_that_cannot_be_opened_leaves_older_recordings_and_no_litter(tmp_path, monkeypatch):
    made, path = MadeUp(), tmp_path / "run.h5"
    made.run(FileWriter(made.header, path)).close()
    monkeypatch.setattr("neurosim.recording.file_layout.write_network", lambda *_: 1 / 0)
    with pytest.raises(
        RecordingError,
        match="cannot create it: division by zero. This ZeroDivisionError is neurosim's own fault",
    ):
        FileWriter(made.header, path)
    with open_recording(path) as old:
        assert same(old, made.run(MemoryWriter(made.header)))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.h5"]


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Free some room"),
        (
            RuntimeError(
                "Can't flush (file write failed: time = now\n, errno = 28, error message = 'No space left on "
                "device')"
            ),
            "Free some room",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), "where you may write"),
        (OSError("Can't decode (no filter)"), "Check the disk"),
        (MemoryError(), "record less"),
        (TypeError("Object of type int64 is not JSON serializable"), "neurosim's own fault"),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, Exception) else given,
)
def test_only_a_full_disk_is_told_to_free_room(tmp_path, monkeypatch, problem, remedy):
    def fail(*_):
        raise problem

    monkeypatch.setattr("neurosim.recording.file_layout.write_network", fail)
    with pytest.raises(RecordingError, match=remedy) as error:
        FileWriter(MadeUp().header, tmp_path / "run.h5")
    assert ("Free some room" in str(error.value)) == (remedy == "Free some room")


class OwnWiring(Wiring):
    """A wiring that is no dataclass, and so cannot be saved."""

    def pairs(self, pre, post, random):
        return Pairs(np.array([0]), np.array([1]))


def test_a_description_that_no_file_can_hold_is_blamed_itself_before_the_run(tmp_path):
    cells = ns.Neurons("cells", 2, update="v = I")
    net = ns.Network(ns.Synapses(cells, cells, wiring=OwnWiring(), delay=1), schedule=ns.Synchronous())
    assert net == net
    with pytest.raises(
        DescriptionError, match=r"OwnWiring: is not a dataclass.*Write @dataclass\(frozen=True\)"
    ):
        ns.run(net, ticks=1, to=tmp_path / "run.h5")
    assert not list(tmp_path.iterdir())


def test_only_an_older_recording_is_replaced(tmp_path):
    made, path = MadeUp(ticks=7), tmp_path / "run.h5"
    old = MadeUp()
    old.run(FileWriter(old.header, path)).close()
    made.run(FileWriter(made.header, path)).close()
    with open_recording(path) as new:
        assert new.ticks == 7
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(RecordingError, match=r"notes.txt: exists.*Choose another path, or delete it"):
        FileWriter(made.header, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "precious"
    with pytest.raises(RecordingError, match="there is no folder"):
        FileWriter(made.header, tmp_path / "none" / "run.h5")
    with pytest.raises(RecordingError, match="exists"):
        FileWriter(made.header, tmp_path)


@pytest.mark.parametrize("level", [-1, 10, 1.5, True, "gzip"])
def test_a_level_of_compression_that_there_is_not_is_refused(tmp_path, level):
    with pytest.raises(DescriptionError, match="compression: .*Give"):
        FileWriter(MadeUp().header, tmp_path / "run.h5", level)
    assert not os.listdir(tmp_path)


def test_two_runs_that_begin_together_with_one_path_give_one_its_recording_and_refuse_the_other(tmp_path):
    """Also within one process: a lock belongs to a writer, not to a process number."""
    made = MadeUp()
    first = FileWriter(made.header, tmp_path / "run.h5")
    with pytest.raises(RecordingError, match=r"run\.h5: another run is writing it"):
        FileWriter(MadeUp(ticks=9).header, tmp_path / "run.h5")
    with made.run(first) as recording:
        assert recording.ticks == 40
    MadeUp(ticks=9).run(FileWriter(MadeUp(ticks=9).header, tmp_path / "run.h5")).close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_run_whose_file_was_taken_away_gives_no_other_recording(tmp_path, how):
    made, other = MadeUp(), MadeUp(ticks=9)
    other.run(FileWriter(other.header, tmp_path / "other.h5")).close()
    writer = made.feed(FileWriter(made.header, tmp_path / "run.h5"))
    (tmp_path / "run.h5").unlink()
    if how == "replaced":
        (tmp_path / "other.h5").rename(tmp_path / "run.h5")
    with pytest.raises(RecordingError, match=r"run\.h5: was removed or replaced"):
        writer.finish(40, "end", made.final)
    assert (tmp_path / "run.h5").exists() == (how == "replaced")
    other.run(FileWriter(other.header, tmp_path / "run.h5")).close()


def test_the_file_of_a_run_that_died_is_written_anew_whatever_runs_under_its_number(tmp_path):
    """The first process of every container has the number 1."""
    script = (
        "from recording_side import *; from neurosim.recording.file_writer import FileWriter; import os,"
        " signal\n"
    )
    script += (
        "made = MadeUp(); made.feed(FileWriter(made.header, 'run.h5')); os.kill(os.getpid(), signal.SIGKILL)"
    )
    surroundings = os.environ | {"PYTHONPATH": os.path.dirname(__file__)}
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=surroundings).returncode
        == -signal.SIGKILL
    )
    with open_recording(tmp_path / "run.h5") as killed:
        assert (killed.ticks, killed.stopped) == (40, "interrupted")
    made = MadeUp()
    made.run(FileWriter(made.header, tmp_path / "run.h5")).close()


def test_a_run_never_writes_over_the_recording_that_it_reads(tmp_path):
    counter = ns.Neurons("counter", 1, update="n = n + I")
    net = ns.Network(counter, schedule=ns.Synchronous())
    path = tmp_path / "run.h5"
    with ns.run(net, ticks=3, record=["counter"], to=path) as first:
        with pytest.raises(DescriptionError, match=r"run\.h5.*given as start"):
            ns.run(net, ticks=3, start=first, to=str(path))
        with pytest.raises(DescriptionError, match=r"run\.h5.*given as input 'counter'"):
            ns.run(net, {"counter": first}, to=path)
        assert first["counter"].shape == (3, 1)


@pytest.mark.parametrize(
    "names", [["x", "y", "z"], ["x"], [], ["x", "x.v"], ["x.v", "y.v"], ["z.v"]], ids=",".join
)
def test_a_run_that_died_before_its_first_block_left_a_recording_of_nothing_and_its_path_free(
    tmp_path, names
):
    """As if it was killed while the compiler was running. Which bytes come last in such a file depends on
    what is recorded."""
    net = ns.Network(
        *(ns.Neurons(n, 5, update="v = v + 1", threshold="v > 3", reset="v = 0") for n in "xyz"),
        schedule=ns.Synchronous(),
    )
    header = ns.run(net, ticks=2, record=names).header
    writer = FileWriter(header, tmp_path / "run.h5")
    (tmp_path / "killed.h5").write_bytes((tmp_path / "run.h5").read_bytes())
    writer.close()
    with open_recording(tmp_path / "killed.h5") as killed:
        assert (killed.ticks, killed.stopped) == (0, "interrupted")
        assert "interrupted before anything had been recorded" in str(killed)
    with ns.run(net, ticks=2, record=names, to=tmp_path / "killed.h5") as whole:
        assert whole.ticks == 2


def test_a_lock_that_a_starting_process_holds_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    """Between fork and exec a compiler inherits the lock of all open files."""
    fcntl = pytest.importorskip("fcntl", reason="files are locked so on Unix")
    cells = ns.Neurons("cells", 2, update="v += 1")
    net, path = ns.Network(cells, schedule=ns.Synchronous()), tmp_path / "run.h5"
    ns.run(net, ticks=3, record=["cells"], to=path).close()
    with path.open("rb+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        timer = threading.Timer(0.3, fcntl.flock, (holder, fcntl.LOCK_UN))
        timer.start()
        with ns.open(path) as recording:
            assert recording.ticks == 3
        timer.join()
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        monkeypatch.setattr("neurosim.recording.safe_hdf5.PATIENCE", 0.05)
        with pytest.raises(ns.RecordingError, match="cannot open it"):
            ns.open(path)
