"""What delays the first tick of a script: imports, Brian2's analysis of text, and the compiler."""

import shutil
import signal
import subprocess
import sys

import pytest
from build_side import SYSTEM, forget, needs_compiler, pretender, script

import neurosim as ns
from neurosim.engine.events import build, construct
from neurosim.engine.progress import Progress
from neurosim.network.values import TIME
from neurosim.plan import dimensions, memo

SCRIPT = """
import sys
import neurosim as ns
from neurosim.units import ms, mV
cells = ns.Neurons("cells", 3, equations=sys.argv[1], threshold="v > 10*mV", reset="v = 0*mV",
                   refractory="2*ms", method="exponential_euler",
                   tau=10*ms, E=20*mV, v=1*mV)
exact = ns.Neurons("exact", 2, equations="dw/dt = (x - w)/(7*ms) : 1\\ndx/dt = -x/(3*ms) : 1", x=[1.0, 2.0])
net = ns.Network(cells, exact, schedule=ns.Clock(0.1*ms))
recording = ns.run(net, duration=20*ms, record=["cells", "cells.v", "exact.w"], seed=1)
print([name for name in ("brian2.equations", "sympy", "scipy.linalg") if name in sys.modules])
print(recording["cells.v"].sum().item(), recording["exact.w"].sum().item(), len(recording.spikes("cells")))
"""
EQUATIONS = "dv/dt = (E - v)/tau : volt (unless refractory)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """The cache that the script leaves when it runs for the first time, and what it prints."""
    folder = tmp_path_factory.mktemp("first") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROSIM_CACHE", str(folder))
        return folder, python(SCRIPT, EQUATIONS)


def python(code, *words):
    """The lines that a Python process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_units_need_little_of_brian2():
    code = """
import sys
from neurosim.units import ms, Quantity
print(repr(10*ms), [name for name in ("brian2.equations", "sympy", "matplotlib") if name in sys.modules])
import brian2
print(brian2.ms is ms, isinstance(3*ms, brian2.Quantity), brian2.units.fundamentalunits.Quantity is Quantity,
      brian2.NeuronGroup.__name__)
print((5*ms)._repr_latex_())
"""
    assert python(code) == ["10. * msecond []", "True True True NeuronGroup", r"$5.0\,\mathrm{m}\mathrm{s}$"]


@pytest.mark.parametrize(
    "first",
    [
        "from brian2.core.functions import DEFAULT_CONSTANTS",
        "from brian2 import *",
        "import brian2.units.constants, brian2.only",
    ],
)
def test_all_of_brian2_can_be_imported_after_its_units(first):
    assert python(
        f"from neurosim.units import ms\n{first}\nimport brian2\nprint(brian2.NeuronGroup.__name__)"
    ) == ["NeuronGroup"]


def test_brian2_may_first_be_needed_in_another_thread():
    code = """
import threading
from neurosim.units import ms
import brian2
found = []
threads = [threading.Thread(target=lambda: found.append(brian2.NeuronGroup.__name__)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(found)
"""
    assert python(code) == [str(["NeuronGroup"] * 3)]


def test_brian2_leaves_errors_and_warnings_of_a_script_alone():
    code = """
import sys, warnings
hook, show = sys.excepthook, warnings.showwarning
from neurosim.units import ms
import brian2
print(brian2.NeuronGroup.__name__, sys.excepthook is hook, warnings.showwarning is show)
"""
    assert python(code) == ["NeuronGroup True True"]


def test_the_units_of_text_are_those_of_brian2():
    from brian2.core.namespace import DEFAULT_UNITS

    from neurosim.brian2_units import named_units

    assert named_units() == dict(DEFAULT_UNITS)


def test_a_network_that_was_run_before_needs_no_brian2_sympy_or_matrix_exponential(folder, first_run):
    shutil.copytree(first_run[0], folder)
    cold, warm = first_run[1], python(SCRIPT, EQUATIONS)
    assert (cold[0], warm[0]) == ("['brian2.equations', 'sympy', 'scipy.linalg']", "[]")
    assert cold[1] == warm[1]


def test_damaged_answers_are_asked_again(folder, first_run):
    shutil.copytree(first_run[0], folder)
    (kept,) = folder.glob("text-*.txt")
    whole = kept.read_bytes()
    for content in (b"", b"\xff\xfe", b"0" * 32 + b'\n{"[]": "wrong"}'):
        kept.write_bytes(content)
        assert python(SCRIPT, EQUATIONS) == first_run[1]
        assert kept.read_bytes() == whole


def test_other_text_is_not_taken_for_what_is_known(folder, first_run):
    shutil.copytree(first_run[0], folder)
    assert python(SCRIPT, EQUATIONS.replace("E - v", "E - 2*v"))[1] != first_run[1][1]


def test_answers_depend_on_the_versions(monkeypatch, folder):
    def asked():
        monkeypatch.setattr(memo, "_results", {})
        monkeypatch.setattr(memo, "_stored", {})
        with memo.persistent_memo(["some text"]):
            return memo.memoized(["question"], lambda: made.append(1))

    made = []
    asked()
    asked()
    assert len(made) == 1
    monkeypatch.setattr(memo, "_dependencies", lambda: ("another Brian2",))
    asked()
    assert len(made) == 2


def test_what_cannot_be_kept_is_asked_again(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "file/below"))
    with memo.persistent_memo(["text that no one else has"]):
        assert memo.memoized(["question of no one else"], lambda: [1, "a"]) == [1, "a"]


def test_an_error_in_text_is_found_again(folder):
    for _ in range(2):
        with pytest.raises(ns.PlanError, match="Make the units agree"):
            dimensions.check_expression(
                "v + t", dimensions.Scope("here", {"v": dimensions.unit_dimensions("volt", ""), "t": TIME})
            )


def network():
    cells = ns.Neurons("cells", 4, update="x = x + 1", threshold="x > 3", reset="x = 0")
    return ns.Network(
        ns.Synapses(cells, cells, to="x", weight=0.5, delay=1, wiring=ns.one_to_one()),
        schedule=ns.Synchronous(),
    )


@needs_compiler
def test_all_that_a_network_needs_is_compiled_at_the_same_time(tmp_path, folder, monkeypatch):
    wait = (
        "n=0; while [ $(ls "
        + str(tmp_path)
        + "/begun-* | wc -l) -lt 3 ]; do sleep 0.02; n=$((n+1)); [ $n -gt 500 ] && echo alone && exit 1; done"
    )
    monkeypatch.setenv("CXX", pretender(tmp_path, f'touch {tmp_path}/begun-$$\n{wait}\nexec {SYSTEM} "$@"'))
    forget()
    construct.library.cache_clear()
    recording = ns.run(network(), ticks=20, record="cells", engine="events")
    assert len(recording.spikes("cells")) > 0
    assert len(list(tmp_path.glob("begun-*"))) == 4  # the last one links the network and the engine


@needs_compiler
def test_a_compilation_is_told_where_progress_is(folder, monkeypatch, capfd):
    """Two networks, of which only the first needs the parts that all share."""
    other = ns.Network(ns.Neurons("cells", 4, update="x = x + 2"), schedule=ns.Synchronous())
    told = []
    for net, progress in ((network(), True), (other, False)):
        forget()
        before = build.compilations
        ns.run(net, ticks=20, record="cells", engine="events", progress=progress)
        assert build.compilations > before
        told += [line for line in capfd.readouterr().err.splitlines(True) if "compiling" in line]
    assert told == ["neurosim: compiling the network of cells ...\n"]


BROKEN = {
    "a compiler that fails": (
        "CXX",
        lambda place: pretender(place, "echo error: broken; exit 1"),
        "Net|the network of cells: the C.*error: broken",
    ),
    "a compiler that does not start": (
        "CXX",
        lambda place: script(place, "echo no licence; exit 3"),
        "does not tell its version: no licence",
    ),
    "a flag that fails": ("NEUROSIM_CXXFLAGS", lambda place: "-std=no", "failed with exit status"),
    "a quote that does not close": (
        "NEUROSIM_CXXFLAGS",
        lambda place: "-DX='",
        "cannot be split into words: No closing quotation. Close its quotes",
    ),
    "a command whose quote does not close": (
        "CXX",
        lambda place: "g++ 'x",
        "which is not a command of this machine",
    ),
}


@needs_compiler
@pytest.mark.parametrize(("variable", "value", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_where_a_compiler_does_not_work_auto_warns_and_the_engine_named_is_refused(
    tmp_path, folder, monkeypatch, variable, value, why
):
    forget()
    construct.library.cache_clear()
    monkeypatch.setenv(variable, value(tmp_path))
    monkeypatch.setattr("neurosim.engine.choice.reference_seconds", lambda plan: 1e6)
    monkeypatch.setattr("neurosim.engine.arrays.library.is_installed", lambda: False)
    with pytest.warns(UserWarning, match=f"the slow reference engine runs.*({why})") as told:
        recording = ns.run(network(), ticks=20, record="cells", to=tmp_path / "run.h5")
    assert (len(told), told[0].filename, recording.engine) == (1, __file__, "reference")
    recording.close()
    with pytest.raises(ns.EngineError, match=why):
        ns.run(network(), ticks=20, record="cells", engine="events", to=tmp_path / "other.h5")
    assert not (tmp_path / "other.h5").exists()


NOWHERE = {"no stderr": "import sys; sys.stderr = None", "a closed stderr": "import sys; sys.stderr.close()"}


@pytest.mark.parametrize("nowhere", NOWHERE.values(), ids=NOWHERE.keys())
@pytest.mark.parametrize("progress", [None, True])
def test_without_anywhere_to_tell_a_run_runs(nowhere, progress):
    code = f"""
import neurosim as ns
{nowhere}
cells = ns.Neurons("cells", 1, update="n = n + 1")
net = ns.Network(cells, schedule=ns.Synchronous())
print(ns.run(net, ticks=3, record="cells", progress={progress})["cells"].ravel().tolist())
"""
    assert python(code) == ["[1.0, 2.0, 3.0]"]


def test_warnings_of_brian2_and_its_packages_are_no_errors():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, EQUATIONS], text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("begun", [0, 3])
def test_a_progress_bar_begins_with_the_ticks(begun):
    """The time before the first tick, in which code is compiled and synapses are built, does not count in the
    estimate."""
    with Progress(100, "tick", show=True) as watch:
        assert watch.bar is None
        watch(begun)
        assert (watch.bar.n, watch.bar.initial) == (begun, begun)
        assert watch.bar.format_dict["elapsed"] < 1


def test_ctrl_c_interrupts_at_once_until_the_first_tick():
    before = signal.getsignal(signal.SIGINT)
    with Progress(100, "tick", show=False) as watch:
        assert signal.getsignal(signal.SIGINT) == before
        assert not watch(0)
        signal.raise_signal(signal.SIGINT)
        assert watch(1)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def test_without_a_compiler_auto_warns_once_and_names_the_remedy(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr("neurosim.engine.choice.reference_seconds", lambda plan: 1e6)
    monkeypatch.setattr("neurosim.engine.arrays.library.is_installed", lambda: False)
    with pytest.warns(
        UserWarning, match=r"the slow reference engine runs\. CXX is .no-such-compiler.*Unset it"
    ) as told:
        assert ns.run(network(), ticks=3, record="cells").engine == "reference"
    assert len(told) == 1


def test_a_module_that_runs_without_another_one_does_not_find_it(tmp_path):
    from importlib.util import module_from_spec, spec_from_file_location

    from neurosim import brian2_units

    path = tmp_path / "asks.py"
    path.write_text("try:\n    import json\n    found = True\nexcept ImportError:\n    found = False\n")
    spec = spec_from_file_location("asks", path)
    module = module_from_spec(spec)
    brian2_units.run_code(module, {"json": None})
    assert module.found is False
