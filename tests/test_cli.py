"""The command line, mostly in the process of the tests; Ctrl-C and the progress bar in a process of their
own."""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import version

import pytest

import neurosim as ns
from neurosim.cli import main

FOREVER = ["run", "markov_chain", "--ticks", "1000000000", "--record", "state"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tell(capsys):
    """Run a command; return its status, its output and its error output."""

    def told(*argv):
        try:
            status = main(argv)
        except SystemExit as left:
            status = left.code
        return status, *capsys.readouterr()

    return told


@pytest.fixture
def recorded(tell):
    assert tell("run", "markov_chain", "--ticks", "20", "--to", "chain.h5")[0] == 0
    return "chain.h5"


def complaint(told):
    """The single line of an error message."""
    status, out, err = told
    assert (status, out) == (2, "")
    assert err.startswith("neurosim: ")
    assert err.count("\n") == 1
    return err


def test_run_prints_the_summary_of_the_recording(tell):
    status, out, err = tell("run", "markov_chain", "--ticks", "20", "--seed", "5")
    example = ns_example("markov_chain") | {"ticks": 20, "seed": 5}
    assert (status, err) == (0, "")
    assert out == f"{ns.run(**example)}\n"


def ns_example(stem):
    from importlib import import_module

    return import_module(f"neurosim.models.{stem}").example()


def test_run_takes_what_to_record_where_to_and_how(tell, folder):
    argv = [
        "run",
        "markov_chain",
        "--ticks",
        "20",
        "--record",
        "state",
        "state.s",
        "--precision",
        "single",
        "--engine",
        "reference",
        "--to",
        "r.h5",
    ]
    assert tell(*argv)[0] == 0
    with ns.open(folder / "r.h5") as recording:
        assert (recording.names, recording.precision, recording.ticks) == (("state", "state.s"), "single", 20)
    assert "state" in tell("run", "markov_chain", "--ticks", "2", "--record", "all")[1]


@pytest.mark.parametrize("text", ["5ms", "5 ms", "5*ms", "0.005s", "5e-3 second", "5000us"])
def test_a_duration_is_a_number_and_a_unit(tell, text):
    assert "Recording of 50 ticks (0.005 s)" in tell("run", "balanced_cuba", "--duration", text)[1]


@pytest.mark.parametrize("text", ["5", "ms", "5 mV", "five ms", ""])
def test_what_is_no_duration_is_refused(tell, text):
    status, _, err = tell("run", "balanced_cuba", "--duration", text)
    assert status == 2
    assert "is not a time. Give a number and a unit" in err


def test_a_duration_without_a_clock_is_refused(tell):
    assert "is not a time under Clock" in complaint(tell("run", "hopfield", "--duration", "5ms"))


@pytest.mark.parametrize(
    "command", ["run {}", "run {}.py", "info {}", "info {}.h5", "replay {}.h5", "draw {}.h5"]
)
@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused_in_one_line(tell, command, name):
    complaint(tell(*command.format(name).split(" ")))


def test_a_misspelt_model_gets_the_nearest_name(tell):
    assert "There is no model 'liqud'. Did you mean 'liquid'?" in complaint(tell("run", "liqud"))
    assert "Did you mean 'hopfield'?" in complaint(tell("draw", "hopfeld"))
    assert "Did you mean 'single'?" in complaint(tell("run", "hopfield", "--precision", "sngle"))


def test_a_recording_is_no_model_and_the_error_says_what_to_do(tell, recorded):
    assert "neurosim replay chain.h5" in complaint(tell("run", recorded))


def test_a_script_runs_as_main_with_its_arguments(tell, folder):
    (folder / "beside.py").write_text("number = 7")
    (folder / "study.py").write_text(
        "import sys, beside\nprint(__name__, sys.argv, beside.number)\nsys.exit(3 if '--fail' in sys.argv "
        "else 0)"
    )
    assert tell("run", "study.py", "--ticks", "x") == (0, "__main__ ['study.py', '--ticks', 'x'] 7\n", "")
    assert tell("run", "study.py", "--fail")[0] == 3
    assert str(folder) not in sys.path


def test_an_error_in_a_script_is_told_in_one_line_with_its_place(tell, folder):
    (folder / "study.py").write_text("import neurosim as ns\n\nns.Neurons('cells', -3)\n")
    assert complaint(tell("run", "study.py")).startswith("neurosim: study.py, line 3: Neurons")


def test_scripts_that_are_missing_or_given_options_are_refused(tell):
    assert "no script none.py" in complaint(tell("run", "none.py"))
    assert "neurosim run study.py ..." in complaint(tell("run", "--seed", "1", "study.py"))
    assert "is a script" in complaint(tell("draw", "study.py"))


def test_a_replay_that_is_identical_exits_with_0(tell, recorded):
    assert tell("replay", recorded) == (0, "The replay is identical: state. It ran on reference.\n", "")


def test_a_replay_takes_the_engine_that_it_is_given(tell, recorded):
    assert tell("replay", recorded, "--engine", "reference")[0] == 0
    assert "engine 'refrence' is not known. Did you mean 'reference'?" in complaint(
        tell("replay", recorded, "--engine", "refrence")
    )


def test_a_replay_that_differs_exits_with_1_unless_it_is_tolerated(tell, folder):
    assert tell("run", "gru", "--record", "cells", "--to", "gru.h5")[0] == 0
    change_first_value(folder / "gru.h5", "cells", 1e-6)
    status, out, err = tell("replay", "gru.h5")
    assert (status, err) == (1, "")
    assert out.startswith("The replay differs:\n  cells: values differ by up to 1e-06, in 1 of")
    assert tell("replay", "gru.h5", "--tolerance", "1e-3")[0] == 0
    assert "is not a tolerance" in tell("replay", "gru.h5", "--tolerance", "nan")[2]


def change_first_value(path, name, by):
    import h5py

    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        file[f"neurosim/values/{name}"][0, 0] += by


@pytest.mark.parametrize("command", ["replay", "info", "draw"])
def test_files_that_are_missing_or_foreign_are_refused(tell, folder, command):
    (folder / "notes.h5").write_text("no HDF5")
    assert "there is no such file" in complaint(tell(command, "none.h5"))
    assert "notes.h5" in complaint(tell(command, "notes.h5"))


def test_info_shows_recording_and_network_without_running(tell, recorded, monkeypatch):
    monkeypatch.setattr(ns, "run", None)
    with ns.open(recorded) as recording:
        wanted = f"{recording}\n\n{recording.network}\n"
    assert tell("info", recorded) == (0, wanted, "")


def test_info_shows_saved_networks_and_models(tell, recorded):
    ns.save(ns.load(recorded), "net.h5")
    network = f"{ns.load('net.h5')}\n"
    assert tell("info", "net.h5") == (0, network, "")
    assert tell("info", "markov_chain") == (0, network, "")


def test_draw_makes_a_picture_of_models_recordings_and_networks(tell, recorded, folder):
    ns.save(ns.load(recorded), "net.h5")
    for what, picture in (
        ("markov_chain", "markov_chain.png"),
        (recorded, "chain.png"),
        ("net.h5", "net.png"),
    ):
        assert tell("draw", what) == (0, f"Drawn: {picture}\n", "")
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    assert tell("draw", "markov_chain", "--to", "chain.svg")[0] == 0
    assert "<svg" in (folder / "chain.svg").read_text()


@pytest.mark.parametrize("to", ["none/x.png", "x.h5"])
def test_a_picture_that_cannot_be_written_is_told(tell, to):
    assert f"cannot write {to}" in complaint(tell("draw", "markov_chain", "--to", to))


def test_models_are_listed_with_a_line_each(tell):
    from neurosim.models import NAMES

    status, out, err = tell("models")
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(NAMES)
    assert all(len(line.split()) > 3 for line in out.splitlines())


def test_clean_cache_tells_what_it_removed_and_from_where(tell, folder, monkeypatch):
    from neurosim.cache import Entry

    monkeypatch.setenv("NEUROSIM_CACHE", str(folder / "kept"))
    assert tell("clean-cache") == (0, f"Nothing to remove in {folder / 'kept'}\n", "")
    (folder / "kept").mkdir()
    (folder / "kept/notes.txt").write_text("mine")
    Entry(folder / "kept", "0" * 32, ".so").save(b"x" * 2_000_000)
    assert tell("clean-cache") == (0, f"Removed 2 files (2.0 MB) from {folder / 'kept'}\n", "")
    assert os.listdir(folder / "kept") == ["notes.txt"]


def test_help_version_and_no_command(tell):
    assert tell("--version") == (0, f"neurosim {version('neurosim-networks')}\n", "")
    status, out, _ = tell("--help")
    assert status == 0
    assert "neurosim run liquid --to liquid.h5" in out
    assert "neurosim run balanced_coba --duration 500ms" in tell("run", "--help")[1]
    status, out, err = tell()
    assert (status, out) == (2, "")
    assert "usage: neurosim" in err


def test_the_command_line_starts_light():
    heavy = "brian2", "h5py", "scipy", "sklearn", "matplotlib", "tqdm"
    code = (
        "import neurosim.cli, sys; neurosim.cli.main(['models']); sys.exit(', '.join(name for name in"
        f" {heavy} if name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.strip() == ""


def test_a_reader_that_has_enough_is_no_error():
    told = subprocess.run(
        f"{sys.executable} -m neurosim models | true", shell=True, capture_output=True, text=True
    )
    assert told.stderr == ""


@contextmanager
def started(*argv, stderr=subprocess.PIPE):
    """A command that is still running when the test begins, and is ended after it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "neurosim", *argv], stdout=subprocess.PIPE, stderr=stderr, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(holds, process):
    give_up = time.monotonic() + 20
    while not holds():
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_ctrl_c_keeps_what_was_recorded(folder):
    """And no progress bar is drawn if the output is not a terminal."""
    path = folder / "long.h5"
    with started(*FOREVER, "--to", "long.h5") as process:
        wait_until(lambda: path.exists() and path.stat().st_size > 2**17, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
    assert "interrupted, 1,000,000,000 ticks were planned" in out
    with ns.open(path) as recording:
        assert recording.stopped == "interrupted"
        assert 0 < recording.ticks < 10**9
        assert recording["state"].shape[0] == recording.ticks
        assert (recording["state"][:].sum(axis=1) == 1).all()


def test_a_long_run_shows_its_progress_on_a_terminal():
    ours, theirs = terminal()
    with started(*FOREVER, stderr=theirs) as process:
        os.close(theirs)
        shown = []
        wait_until(lambda: shown.append(read(ours)) or b"tick/s" in b"".join(shown), process)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=20)[0]
    os.close(ours)
    assert process.returncode == 130
    assert "interrupted" in out


def terminal():
    """Both ends of a terminal of 24 lines of 80 characters."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return ours, theirs


def read(terminal):
    return os.read(terminal, 4096) if select.select([terminal], [], [], 0)[0] else b""
