"""Recordings in memory and in files return what was written, whatever the blocks in which it was written."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_side import MadeUp, equal, same

import neurosim as ns
from neurosim import network_file
from neurosim.errors import RecordingError
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.lazy import LazyArray
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.opening import open_recording
from neurosim.recording.recording import Spikes
from neurosim.units import ms, mV, second


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same run in memory and in a file."""
    made = MadeUp()
    path = tmp_path_factory.mktemp("both") / "run.h5"
    with made.run(FileWriter(made.header, path)) as on_file:
        yield made, made.run(MemoryWriter(made.header)), on_file


@pytest.fixture(params=["memory", "file"])
def recording(both, request):
    return both[0], both[1 if request.param == "memory" else 2]


@pytest.mark.parametrize("clock", [True, False])
@pytest.mark.parametrize(("batch", "block"), [(3, 40), (1, 40), (2, 9), (3, 1), (1, 13)])
@pytest.mark.parametrize("compression", [0, 4])
def test_memory_and_file_give_the_same_answers_in_any_blocks(tmp_path, clock, batch, block, compression):
    made = MadeUp(clock=clock)
    memory = made.run(MemoryWriter(made.header), batch=2, block=7)
    with made.run(
        FileWriter(made.header, tmp_path / "run.h5", compression), batch=batch, block=block
    ) as on_file:
        assert same(memory, on_file)


@pytest.mark.parametrize("precision", ["double", "mixed", "single"])
def test_values_keep_the_float_type_of_the_run(tmp_path, precision):
    made = MadeUp(precision=precision)
    memory = made.run(MemoryWriter(made.header))
    assert memory["cells.v"].dtype == (np.float32 if precision == "single" else np.float64)
    with made.run(FileWriter(made.header, tmp_path / "run.h5")) as on_file:
        assert same(memory, on_file)


def test_a_recording_returns_what_was_written(recording):
    made, rec = recording
    for name, values in made.values.items():
        assert np.array_equal(rec[name], values)
    assert np.array_equal(np.asarray(rec["cells"]).reshape(3, 40, 15), made.raster)
    assert np.array_equal(rec["cells[1]"], made.raster.reshape(3, 40, 3, 5)[:, :, 1])
    trial, tick, neuron = np.nonzero(made.raster)
    assert equal(rec.spikes("cells"), Spikes(trial, tick, neuron, 0.0005))
    assert np.allclose(rec.spikes("cells").time, tick * 0.0005)


def test_spikes_of_a_part_keep_their_index_in_the_population(recording):
    _, rec = recording
    found = rec.spikes("cells[1]").neuron
    assert set(found.tolist()) <= set(range(5, 10))
    assert len(found)
    assert rec.rates("cells[1]").shape == (3, 5)


def test_spikes_are_chosen_by_trial_tick_and_time(recording):
    made, rec = recording
    chosen = rec.spikes("cells", trial=1, start=10, stop=20)
    assert np.array_equal(np.stack([chosen.tick - 10, chosen.neuron]), np.nonzero(made.raster[1, 10:20]))
    assert equal(chosen, rec.spikes("cells", trial=1, start=5 * ms, stop=10 * ms))
    assert len(rec.spikes("cells", start=30, stop=20)) == 0
    assert equal(rec.spikes("cells", start=-5, stop=10**9), rec.spikes("cells"))


def test_rates_are_spikes_per_second(recording):
    made, rec = recording
    assert np.allclose(rec.rates("cells"), made.raster.sum(1) / (40 * 0.0005))


def test_rates_are_spikes_per_tick_without_a_clock():
    made = MadeUp(clock=False)
    assert np.allclose(made.run(MemoryWriter(made.header)).rates("cells"), made.raster.mean(1))


@pytest.mark.parametrize("every", [1, 4, 50])
def test_a_trace_decays_exponentially_and_rises_by_one_with_each_spike(recording, every):
    made, rec = recording
    wanted = np.zeros((3, 40, 15))
    for k in range(40):
        wanted[:, k] = (wanted[:, k - 1] * np.exp(-1 / 6) if k else 0) + made.raster[:, k]
    assert np.allclose(rec.trace("cells", 3 * ms, every), wanted[:, ::every], rtol=1e-12)


def test_without_a_trial_axis_results_have_none(tmp_path):
    made = MadeUp(trials=1, batched=False)
    memory = made.run(MemoryWriter(made.header))
    assert memory["cells.v"].shape == (40, 3, 5)
    assert memory["cells"].shape == (40, 3, 5)
    assert memory.rates("cells").shape == (15,)
    assert memory.trace("cells", 3 * ms).shape == (40, 15)
    with made.run(FileWriter(made.header, tmp_path / "run.h5")) as on_file:
        assert same(memory, on_file)
        assert memory["cells.v"].shape == on_file["cells.v"].shape


KEYS = [
    np.s_[0],
    np.s_[-1],
    np.s_[1, 5],
    np.s_[:, 3:30:4],
    np.s_[..., 2],
    np.s_[2, ..., 1, 4],
    np.s_[:, ::-3],
    np.s_[[0, 2]],
    np.s_[:, [7, 3, 3], 1],
    np.s_[:, np.arange(6).reshape(2, 3)],
    np.s_[0, 39, 2, 4],
    np.s_[None, 1],
    np.s_[:, :, 1:, [4, 0]],
    np.s_[[0, 1], [5, 6]],
    np.s_[:0],
    np.s_[1:1, 3],
    np.s_[np.array([True, False, True])],
    np.s_[()],
    np.s_[..., None],
    np.s_[:, 10:11, 0, -1],
    np.s_[[2], :, [0, 1]],
    np.s_[np.int64(1), np.array(3)],
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("name", ["cells.v", "cells"])
def test_indexing_a_file_is_indexing_the_array(both, name, key):
    lazy, full = both[2][name], np.asarray(both[1][name])
    assert isinstance(lazy, LazyArray)
    assert lazy.shape == full.shape
    assert np.array_equal(lazy[key], full[key])
    assert np.shape(lazy[key]) == full[key].shape


AXIS = st.one_of(st.integers(-3, 2), st.slices(3), st.lists(st.integers(-3, 2), min_size=1, max_size=4))


@settings(max_examples=60, deadline=None)
@given(trial=AXIS, neuron=AXIS, first=st.integers(0, 39), last=st.integers(0, 40), step=st.integers(1, 5))
def test_any_index_of_a_file_is_that_of_the_array(both, trial, neuron, first, last, step):
    key = (trial, slice(first, last, step), neuron)
    full = both[1]["cells.v"]
    try:
        wanted = full[key]
    except IndexError:
        with pytest.raises(IndexError):
            both[2]["cells.v"][key]
    else:
        assert np.array_equal(both[2]["cells.v"][key], wanted)


@pytest.mark.parametrize(
    "key", [3, (0, 40), (0, 0, 0, 0, 0), "v", 1.5, [[0.5]], (..., ...), (0, -41)], ids=str
)
def test_an_index_that_numpy_refuses_is_refused(both, key):
    with pytest.raises(IndexError):
        both[2]["cells.v"][key]


def test_a_trace_on_file_takes_part_in_arithmetic(both):
    full, lazy = both[1]["cells.v"], both[2]["cells.v"]
    assert np.array_equal(lazy * 2 - full, full)
    assert np.array_equal(lazy.mean(1), full.mean(1))
    assert np.array_equal(np.concatenate([lazy, lazy]), np.concatenate([full, full]))
    assert np.array_equal(np.exp(lazy), np.exp(full))
    assert len(lazy) == 3
    assert lazy.nbytes == full.nbytes


def test_slicing_a_long_trace_reads_a_part_of_it(tmp_path):
    made = MadeUp(trials=1, ticks=100, record={"cells.v": 1}, batched=False)
    made.header = replace(made.header, ticks=400_000)
    writer = FileWriter(made.header, tmp_path / "run.h5")
    block = np.ones((1, 4000, 3, 5))
    for tick in range(0, 400_000, 4000):
        writer.write(0, tick, {"cells.v": block * tick}, {}, trials=1, ticks=4000)
    with ns.Recording.of(writer.finish(400_000, "end", {})) as rec:
        tracemalloc.start()
        assert np.array_equal(rec["cells.v"][::4000, 1, 2], np.arange(0, 400_000, 4000))
        assert rec["cells.v"][300_000:300_003, 2, [0, 3]].shape == (3, 2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rec.header.dtype.itemsize * 400_000 * 15 > 40e6
    assert peak < 5e6


def test_a_copy_on_file_is_the_recording(both, tmp_path):
    _, memory, on_file = both
    for number, rec in enumerate((memory, on_file)):
        with rec.to_file(tmp_path / f"{number}.h5", compression=number) as copy:
            assert same(memory, copy)
            assert dict(copy.inputs)["ears"].shape == (3, 40, 4)


def test_a_recording_holds_the_question(both):
    made, memory, on_file = both
    for rec in (memory, on_file):
        assert rec.seed == 2**70
        assert rec.network == made.header.network
        assert np.array_equal(rec.inputs["ears"], made.header.inputs["ears"])
        assert np.array_equal(rec.header.start["state/cells/v"], np.ones((3, 5)))
        assert rec.header.record == made.header.record
        assert (rec.engine, rec.precision, rec.versions["neurosim"], rec.dt) == (
            "reference",
            "double",
            "0.1",
            0.0005,
        )
    assert (memory.path, on_file.path.name) == (None, "run.h5")


def test_inputs_given_as_spikes_come_back_as_spikes(tmp_path):
    made = MadeUp()
    given = Spikes([0, 1, 2], [3, 3, 9], [1, 0, 3], 0.0005)
    made.header = replace(made.header, inputs={"ears": given})
    with made.run(FileWriter(made.header, tmp_path / "run.h5")) as rec:
        assert equal(rec.inputs["ears"], given)
        assert "3 spikes" in str(rec)


def test_printing_shows_what_the_recording_holds(recording):
    made, rec = recording
    shown = str(rec)
    assert "3 trials of 40 ticks (0.02 s)" in shown
    assert f"{made.raster.sum():,} spikes" in shown
    assert "3 x 6 x 60" in shown
    assert "every 7 ticks" in shown
    assert "Driven by\n  ears  3 x 40 x 4" in shown
    assert repr(rec).startswith("<Recording: 3 x 40 ticks of cells, cells.v")


def test_an_unknown_name_is_answered_with_the_nearest(recording):
    with pytest.raises(RecordingError, match=r"'cells' has no variable 'u'.*It holds: cells, cells\.v"):
        recording[1]["cells.u"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda rec: rec.rates("cells.v"), "values, not spikes"),
        (lambda rec: rec.spikes("cells", trial=3), "no trial 3"),
        (lambda rec: rec.trace("cells", 20), "no unit"),
        (lambda rec: rec.trace("cells", 20 * mV), "not a time"),
        (lambda rec: rec.trace("cells", -1 * ms), "not above 0"),
        (lambda rec: rec.trace("cells", 1 * ms, 0), "every=0"),
        (lambda rec: rec.spikes("cells", start=[1, 2]), "one number"),
    ],
)
def test_questions_that_make_no_sense_are_refused_with_the_remedy(recording, ask, message):
    with pytest.raises(RecordingError, match=message):
        ask(recording[1])


def test_without_a_clock_a_time_is_refused():
    made = MadeUp(clock=False)
    with pytest.raises(RecordingError, match="counts ticks"):
        made.run(MemoryWriter(made.header)).trace("cells", 1 * second)


def test_a_closed_recording_says_so(tmp_path):
    made = MadeUp()
    with made.run(FileWriter(made.header, tmp_path / "run.h5")) as rec:
        trace = rec["cells.v"]
    for ask in (
        lambda: trace[0],
        lambda: rec.rates("cells"),
        lambda: rec.final["flags"],
        lambda: rec.inputs["ears"],
    ):
        with pytest.raises(RecordingError, match="closed"):
            ask()
    rec.close()


def test_the_network_of_a_recording_is_loaded_from_its_file(both):
    assert network_file.load(both[2].path) == both[1].network


def test_a_file_can_be_opened_twice_and_while_it_is_written(tmp_path):
    made = MadeUp(trials=2)
    writer = FileWriter(made.header, tmp_path / "run.h5")
    made.block(writer, 0, 0, 2, 9)
    with open_recording(tmp_path / "run.h5") as first, open_recording(tmp_path / "run.h5") as second:
        made.block(writer, 0, 9, 2, 9)
        assert first.ticks == second.ticks == 9
        assert np.array_equal(first["cells.v"], made.values["cells.v"][:, :9])
        with open_recording(tmp_path / "run.h5") as third:
            assert np.array_equal(third["cells.v"], made.values["cells.v"][:, :18])
            assert third.stopped == "interrupted"
            assert not third.final
    writer.close()


@pytest.mark.parametrize(
    "ask",
    [lambda r: r[["x"]], lambda r: r[None], lambda r: r.spikes("x", trial="first"), lambda r: r.spikes({})],
)
def test_junk_asked_of_a_recording_is_refused(ask):
    ears = ns.Neurons("x", 2)
    recording = ns.run(ns.Network(ears, schedule=ns.Synchronous()), {"x": ([0], [1])}, ticks=2, record=["x"])
    assert {} not in recording
    with pytest.raises(ns.RecordingError):
        ask(recording)
