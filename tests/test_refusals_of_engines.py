"""An error says what is exhausted or missing: memory, a compiler, a file, the user's patience. What cannot be
provoked is simulated."""

import argparse
import ctypes
import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from build_side import needs_compiler
from nonsense import SYNC, clocked, liquid, synapses
from recording_side import MadeUp

import neurosim as ns
from neurosim import DescriptionError, EngineError, PlanError, RecordingError, cli
from neurosim.brian2_units import _LazyPackage
from neurosim.engine.events import compiler, construct, textual_layout
from neurosim.engine.progress import Progress
from neurosim.network.weights import normal
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.recipe import DrawnStates
from neurosim.recording import memory, unclosed_file
from neurosim.recording.file_writer import FileWriter

plastic = ns.Network(
    synapses(liquid, liquid, on_pre="I_post += w", name="plastic", wiring=ns.pairs([0, 1], [1, 2])),
    schedule=SYNC,
)
drawn = ns.Network(synapses(name="drawn", wiring=ns.probability(0.5), weight=normal(0, 1)), schedule=SYNC)
windows = ns.Network(
    synapses(
        ns.Neurons("image", (4, 4), update="v = I"),
        ns.Neurons("map", (2, 2), update="v = I"),
        wiring=ns.conv((3, 3)),
        name="windows",
    ),
    schedule=SYNC,
)


def lowered(net, **more):
    return lower(net, read_inputs(net, None, 1, None, 1), **more)


@pytest.mark.parametrize(
    "change",
    [
        lambda edges: replace(edges, sender=edges.sender[::-1].copy()),
        lambda edges: replace(edges, receiver=edges.receiver + 100),
        lambda edges: replace(edges, weight=edges.weight[:1]),
    ],
)
def test_a_plan_whose_synapses_are_out_of_order_or_place_is_refused(change):
    plan = lowered(plastic)
    pathway = plan.pathways["plastic"]
    wrong = replace(plan, pathways={"plastic": replace(pathway, stored=change(pathway.edges))})
    with pytest.raises(
        PlanError,
        match=(
            "'plastic': its wiring lists synapses that are not sorted by sender or lie outside the"
            " populations"
        ),
    ):
        check_plan(wrong)


def test_a_plan_whose_weights_are_not_finite_is_refused():
    plan = lowered(plastic)
    pathway = plan.pathways["plastic"]
    endless = replace(pathway, stored=replace(pathway.edges, weight=np.full(2, np.inf)))
    with pytest.raises(PlanError, match="'plastic': a weight is not finite. Give finite weights"):
        check_plan(replace(plan, pathways={"plastic": endless}))
    plan = lowered(windows)
    slid = plan.pathways["windows"]
    endless = replace(slid, stored=replace(slid.windows, own=np.full_like(slid.windows.own, np.nan)))
    with pytest.raises(PlanError, match="'windows': a weight is not finite. Give finite weights"):
        check_plan(replace(plan, pathways={"windows": endless}))


def core(**calls):
    """A stand-in for the library of rows that returns what these functions return."""
    nothing = {
        name: lambda *given: None
        for name in ("neurosim_edges_free", "neurosim_textual_free", "neurosim_rows_free")
    }
    return lambda: SimpleNamespace(
        **(nothing | {name: lambda *given, answer=answer: answer for name, answer in calls.items()})
    )


@needs_compiler
def test_synapses_without_memory_for_them_are_refused(monkeypatch):
    recipe = lowered(drawn).pathways["drawn"].recipe
    plan = lowered(plastic)
    pathway, bounds = plan.pathways["plastic"], np.array([0, 4])
    landings = {("liquid", None): construct.TargetSlots(np.array([0, 4]), np.array([0]))}
    without = (
        (construct, core(neurosim_edges_draw=None), lambda: construct.draw_edges(recipe, np.dtype(float), 1)),
        (
            construct,
            core(neurosim_edges_draw=1, neurosim_edges_count=0, neurosim_edges_fill=0),
            lambda: construct.draw_edges(recipe, np.dtype(float), 1),
        ),
        (
            construct,
            core(neurosim_rows_build=None),
            lambda: construct.build_rows([pathway], landings, {"liquid": 0}, 4, 8, np.dtype(float), 1),
        ),
        (
            textual_layout,
            core(neurosim_textual_count=None),
            lambda: textual_layout.lay_out(plan, pathway, bounds, 1, by_delay=False),
        ),
        (
            textual_layout,
            core(neurosim_textual_count=1, neurosim_textual_fill=0),
            lambda: textual_layout.lay_out(plan, pathway, bounds, 1, by_delay=False),
        ),
    )
    for module, library, build in without:
        monkeypatch.setattr(module, "library", library)
        with pytest.raises(EngineError, match="there is not enough memory for these synapses. Use fewer"):
            build()


@needs_compiler
def test_more_synapses_with_text_than_can_be_numbered_are_refused(monkeypatch):
    plan = lowered(plastic)

    def count(*given):
        (ctypes.c_int64 * 4).from_address(given[-1])[:] = [2**31, 1, 1, 1]
        return 1

    many = SimpleNamespace(neurosim_textual_count=count, neurosim_textual_free=lambda handle: None)
    monkeypatch.setattr(textual_layout, "library", lambda: many)
    with pytest.raises(
        EngineError,
        match="synapses 'plastic' with text are 2,147,483,648, more than 2,147,483,647. Use fewer",
    ):
        textual_layout.lay_out(plan, plan.pathways["plastic"], np.array([0, 4]), 1, by_delay=False)


def test_a_compiler_that_cannot_be_guarded_is_not_started(monkeypatch):
    monkeypatch.setattr(compiler.shutil, "which", lambda name: "/nowhere/sh")
    with (
        pytest.raises(compiler.CompilerFailed, match="cannot be started: .*/nowhere/sh"),
        compiler._guarded("folder"),
    ):
        pytest.fail("it was started")


def test_a_recording_that_does_not_fit_into_memory_is_refused():
    probe = MadeUp().header.probes[1]
    with pytest.raises(
        RecordingError,
        match=(
            "'cells.v' of 1 x 1000000000000 samples does not fit into memory. Give to='file.h5', or record"
            " less often"
        ),
    ):
        memory._aligned(probe, 1, 10**12, np.dtype(float))


def test_a_second_interruption_ends_a_run_at_once():
    with Progress(10, "tick", False) as report:
        report(0)  # ticks begin
        signal.raise_signal(signal.SIGINT)
        assert report(1)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_interrupted_replay_ends_as_any_interruption_does(monkeypatch):
    monkeypatch.setattr(
        ns, "replay", lambda *given, **more: SimpleNamespace(recording=SimpleNamespace(stopped="interrupted"))
    )
    with pytest.raises(KeyboardInterrupt):
        cli._replay(argparse.Namespace(file="run.h5", engine=None, tolerance=0.0))


def test_arrays_of_a_file_cannot_be_had_without_a_copy(tmp_path):
    with ns.run(clocked, ticks=3, record=["membrane.v"], to=tmp_path / "run.h5") as recording:
        with pytest.raises(
            ValueError, match="read when it is used and cannot be had without a copy. Use np.asarray"
        ):
            recording["membrane.v"].__array__(copy=False)
        with pytest.raises(KeyError, match="nope"):
            recording.final["nope"]


def test_names_that_were_not_drawn_are_no_keys():
    recipe = lowered(drawn).pathways["drawn"].recipe
    with pytest.raises(KeyError, match="nope"):
        DrawnStates(recipe, {"w": recipe.weight}, np.dtype(float))["nope"]


def test_a_path_that_the_system_does_not_take_is_refused():
    with pytest.raises(RecordingError, match="xxx.*: cannot be opened: .*. Check the path"):
        ns.open("x" * 5000)


def test_first_bytes_that_are_damaged_or_end_early_are_not_read(tmp_path):
    path = tmp_path / "run.h5"
    ns.run(clocked, ticks=3, record=["membrane.v"], to=path).close()
    opened = unclosed_file.UnclosedFile(path)
    opened.seek(path.stat().st_size - 2)
    with pytest.raises(OSError, match="the file ends before what it says it holds"):
        opened.readinto(bytearray(8))
    opened.close()
    path.write_bytes(bytes(8) + path.read_bytes()[8:])
    with pytest.raises(ValueError, match="its first bytes are damaged"):
        unclosed_file.UnclosedFile(path)


def test_a_recording_without_an_end_is_no_start(tmp_path):
    made = MadeUp(trials=1)
    killed = FileWriter(made.header, tmp_path / "run.h5")
    made.feed(killed, stop=(0, 17)).finish(17, "interrupted", {}).close()
    with (
        ns.open(tmp_path / "run.h5") as recording,
        pytest.raises(DescriptionError, match="start is a recording without an end state.*Run it again"),
    ):
        ns.run(recording.network, {"ears": np.zeros((1, 3, 4))}, start=recording)


def test_what_is_imported_later_has_what_it_will_have(monkeypatch):
    module = _LazyPackage("brian2")
    with pytest.raises(AttributeError, match="__wrapped__"):
        module.__wrapped__  # noqa: B018
    monkeypatch.setattr(_LazyPackage, "begun", True)
    with pytest.raises(AttributeError, match="module 'brian2' has no attribute 'nope'"):
        module.nope  # noqa: B018


def test_what_the_cpp_reports_by_a_number_is_an_error():
    from neurosim.engine.events import runner

    assert runner._checked(7) == 7
    with pytest.raises(ns.EngineError, match="memory"):
        runner._checked(-1)


def test_an_array_of_a_file_that_memory_cannot_hold_is_refused_by_its_size(tmp_path, monkeypatch):
    from neurosim.recording import checked_dataset, safe_hdf5

    ns.run(clocked, ticks=3, record=["membrane.v"], to=tmp_path / "run.h5").close()
    with ns.open(tmp_path / "run.h5") as recording:

        def whole(self):
            raise MemoryError

        monkeypatch.setattr(checked_dataset.CheckedDataset, "read_all", whole)
        with pytest.raises(ns.RecordingError, match="GiB of memory"):
            safe_hdf5.read_array(recording._store._file["neurosim/values"], "membrane.v", 10**9)
