"""A network that is run again is not lowered again, and one without memory is computed as asked for."""

import pickle

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells
from neurosim.plan import kept


def layers():
    x, hidden, out = ns.Neurons("x", 3), cells.unit("hidden", 5, "tanh"), cells.unit("out", 2, "linear")
    between = [ns.Synapses(a, b, weight=ns.normal(0, 1)) for a, b in ((x, hidden), (hidden, out))]
    return ns.Network(between, schedule=ns.Layered())


def data(trials, ticks, seed=0):
    return {"x": np.random.default_rng(seed).normal(size=(trials, ticks, 3))}


@pytest.fixture
def lowered(monkeypatch):
    """How often networks were lowered since the test began."""
    calls, lower = [], kept.lower
    monkeypatch.setattr(kept, "lower", lambda *args, **named: calls.append(1) or lower(*args, **named))
    return calls


@pytest.mark.parametrize("engine", ["reference", "events", "arrays"])
def test_a_second_run_with_other_data_lowers_nothing_and_gives_what_a_first_one_gives(lowered, engine):
    if engine == "arrays":
        pytest.importorskip("jax")
    net = layers()
    ns.run(net, data(2, 3), record=["out"], engine=engine)
    again = ns.run(net, data(4, 6, seed=1), record=["out"], engine=engine)
    assert len(lowered) == 1
    fresh = ns.run(layers(), data(4, 6, seed=1), record=["out"], engine=engine)
    np.testing.assert_array_equal(again["out"], fresh["out"])


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"precision": "single"},
        {"record": ["hidden"]},
        {"record": {"out": 2}},
        {"until": "stable"},
    ],
)
def test_what_changes_the_plan_lowers_again(lowered, changed):
    net, given = layers(), {"record": ["out"], "engine": "reference"}
    first = ns.run(net, data(1, 4), **given)
    other = ns.run(net, data(1, 4), **(given | changed))
    assert len(lowered) == 2
    fresh = ns.run(layers(), data(1, 4), **(given | changed))
    assert list(other) == list(fresh) and all(np.array_equal(other[name], fresh[name]) for name in other)
    np.testing.assert_array_equal(ns.run(net, data(1, 4), **given)["out"], first["out"])


def test_runs_that_take_turns_are_lowered_once_each(lowered):
    net, turns = layers(), [{"seed": 1}, {"record": ["hidden"]}, {"precision": "single"}, {}]
    runs = [ns.run(net, data(1, 4), **({"record": ["out"]} | turn)) for turn in (*turns, *turns)]
    assert len(lowered) == len(turns)
    for first, again in zip(runs[: len(turns)], runs[len(turns) :], strict=True):
        (name,) = first
        np.testing.assert_array_equal(first[name], again[name])


def test_the_oldest_plans_make_room(lowered, monkeypatch):
    monkeypatch.setattr(kept, "MOST_PLANS", 2)
    net = layers()
    for seed in (1, 2, 3, 3, 2, 1):
        ns.run(net, data(1, 2), seed=seed)
    assert len(lowered) == 4 and [key[3] for key in net.kept_plans] == [3, 1]
    monkeypatch.setattr(kept, "MOST_NUMBERS", 50)  # a plan has 35
    ns.run(net, data(1, 2), seed=4)
    assert [key[3] for key in net.kept_plans] == [4]


def test_start_values_and_a_continued_run_do_not_meet_a_kept_plan():
    count = ns.Network(ns.Neurons("count", 1, update="n = n + 1"), schedule=ns.Synchronous())
    first = ns.run(count, ticks=2, record=["count"])
    assert ns.run(count, ticks=1, start=first, record=["count"])["count"].item() == 3
    assert ns.run(count, ticks=1, start={"count.n": 9.0}, record=["count"])["count"].item() == 10
    assert ns.run(count, ticks=1, record=["count"])["count"].item() == 1


def test_a_large_network_is_not_kept(lowered, monkeypatch):
    monkeypatch.setattr(kept, "MOST_NUMBERS", 30)
    net = layers()
    for _ in range(2):
        ns.run(net, data(1, 2), record=["out"])
    assert len(lowered) == 2


@pytest.mark.parametrize("given", ["numbers", "spikes"])
def test_the_end_of_a_network_without_memory_is_that_of_the_reference_engine(given, monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setattr("neurosim.engine.arrays.BATCH_NEURONS", 25)  # two trials at once
    x = ns.Neurons("x", 3)
    noisy = ns.Neurons("noisy", (2, 2), update="y = k*tanh(I) + rand()", k=ns.normal(1, 0.1))
    out = ns.Neurons("out", 4, update="z = I + s", s=2.0)
    net = ns.Network(
        ns.Synapses(x, noisy, weight=ns.normal(0, 1)),
        ns.Synapses(noisy, out, wiring=ns.one_to_one()),
        schedule=ns.Layered(),
    )
    spikes = np.array([0, 1, 4, 4]), np.array([2, 3, 0, 3]), np.array([0, 2, 1, 2])
    inputs = {"x": spikes} if given == "spikes" else data(5, 4)
    runs = [ns.run(net, inputs, ticks=4, record=["out"], engine=e, seed=3) for e in ("reference", "arrays")]
    ends = [dict(run.final) for run in runs]
    assert list(ends[0]) == list(ends[1]) and runs[1].engine == "arrays"
    for name in ends[0]:  # nobody asks for older messages than the last
        a, b = (end[name][:, -1] if name.startswith("history") else end[name] for end in ends)
        np.testing.assert_allclose(b, a, rtol=1e-12, err_msg=name)
    more = [ns.run(net, data(5, 2), start=run, record=["out"], engine="arrays")["out"] for run in runs]
    np.testing.assert_allclose(more[1], more[0], rtol=1e-12)


def test_the_end_of_a_network_without_memory_can_be_pickled_and_written(tmp_path):
    pytest.importorskip("jax")
    run = ns.run(layers(), data(2, 3), record=["out"], engine="arrays")
    copy = pickle.loads(pickle.dumps(run))
    run.to_file(tmp_path / "run.h5")
    with ns.open(tmp_path / "run.h5") as opened:
        for name in run.final:
            np.testing.assert_array_equal(copy.final[name], run.final[name])
            np.testing.assert_array_equal(opened.final[name], run.final[name])
    assert len(run.final) == len(opened.final)


def test_an_input_in_32_bits_is_kept_so_and_counts_as_its_numbers():
    numbers = data(2, 3)["x"].astype(np.float32)
    narrow = ns.run(layers(), {"x": numbers}, record=["out"])
    wide = ns.run(layers(), {"x": numbers.astype(float)}, record=["out"])
    np.testing.assert_array_equal(narrow["out"], wide["out"])
    assert narrow.inputs["x"].dtype == np.float32
    numbers[:] = 0  # the recording has a copy
    np.testing.assert_array_equal(narrow.inputs["x"], wide.inputs["x"])
