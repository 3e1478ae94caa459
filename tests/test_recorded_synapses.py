"""Variables of synapses in a recording: which value belongs to which synapse."""

import numpy as np
import pytest

import neurosim as ns


@pytest.mark.parametrize("compression", [0, 4])
def test_synapses_that_are_none_can_be_recorded_to_a_file(tmp_path, compression):
    cells = ns.Neurons("cells", 3, update="v = v + I")
    plastic = ns.Synapses(cells, cells, wiring=ns.probability(0), on_pre="I_post += w*v_pre", delay=1)
    net = ns.Network(plastic, schedule=ns.Synchronous())
    path, asked = (
        tmp_path / "run.h5",
        {"ticks": 5, "record": {"cells_to_cells.w": 2, "cells": 1}, "engine": "reference"},
    )
    with ns.run(net, **asked, to=path, compression=compression) as recording, ns.open(path) as opened:
        for found in (recording, opened, ns.run(net, **asked)):
            assert np.asarray(found["cells_to_cells.w"]).shape == (3, 0)
            assert np.asarray(found["cells"]).shape == (5, 3)
        assert "cells_to_cells.w  values  3 x 0" in str(opened)
        opened.to_file(tmp_path / "copy.h5").close()
    assert ns.replay(path).identical


def plastic(wiring, pre, post, schedule=None, weight=None, **more):
    """A network whose weights tell which neurons they join: w = target + sender/1000, unless a weight is
    given."""
    ids = post.indices[:, None] + pre.indices / 1000
    synapses = ns.Synapses(
        pre,
        post,
        wiring=wiring,
        weight=ids if weight is None else weight,
        delay=1,
        on_pre="I_post += w*v_pre",
        name="s",
        **more,
    )
    return ns.Network(synapses, schedule=schedule or ns.Synchronous())


WIRINGS = [
    ns.all_to_all(),
    ns.all_to_all(to_self=False),
    ns.one_to_one(),
    ns.probability(0.4),
    ns.indegree(3),
    ns.outdegree(2),
    ns.total(9),
    ns.small_world(2, 0.5),
    ns.nearby(1.0),
    ns.pairs([4, 0, 4, 2], [1, 3, 1, 0]),
]


@pytest.mark.parametrize("wiring", WIRINGS, ids=repr)
@pytest.mark.parametrize("part", [slice(None), [5, 0, 3, 2, 1]], ids=["whole", "part"])
def test_edges_name_the_ends_of_each_recorded_value(wiring, part):
    cells = ns.Neurons("cells", 6, update="v = v + I")
    ends = cells[part] if isinstance(part, list) else cells
    weight = None
    if isinstance(wiring, ns.pairs):
        weight = ends.indices[wiring.post] + ends.indices[wiring.pre] / 1000
    recording = ns.run(
        plastic(wiring, ends, ends, weight=weight), ticks=3, record=["s.w"], seed=5, engine="reference"
    )
    pre, post = recording.edges("s")
    assert np.array_equal(recording["s.w"], np.tile(post + pre / 1000, (3, 1)))
    assert np.all(np.diff(pre) >= 0)
    ids = ends.indices[:, None] + ends.indices / 1000
    joined = np.zeros_like(ids)
    place = np.argsort(ends.indices)
    np.add.at(
        joined,
        (place[np.searchsorted(ends.indices[place], post)], place[np.searchsorted(ends.indices[place], pre)]),
        1,
    )
    for found in (recording.matrix("s"), recording.matrix("s.w", tick=1)):
        assert np.allclose(found, joined * ids, atol=0, rtol=1e-12)


def test_the_event_engine_records_synapses_in_the_same_order():
    cells = ns.Neurons("cells", 6, update="v = v + I")
    recording = ns.run(
        plastic(ns.probability(0.4), cells[[4, 1, 0]], cells),
        ticks=3,
        record=["s.w"],
        seed=5,
        engine="events",
        trials=2,
    )
    pre, post = recording.edges("s.w")
    assert np.array_equal(recording["s.w"], np.tile(post + pre / 1000, (2, 3, 1)))


def test_a_map_that_learned_is_laid_out_as_its_weights_were_given(tmp_path):
    from neurosim.models.kohonen import kohonen

    x = np.random.default_rng(0).uniform(size=(50, 2))
    net = kohonen(2, (3, 4), radius=1, rate=0.1)
    with ns.run(
        net, {"inputs": x}, record={"codebook.w": 7}, to=tmp_path / "map.h5", engine="reference"
    ) as recording:
        assert np.array_equal(
            recording.matrix("codebook", tick=49), recording["codebook.w"][7].reshape(2, 12).T
        )
        assert np.array_equal(
            recording.matrix("codebook"), recording.final["synapse/codebook/w"][0].reshape(2, 12).T
        )
        ns.save(recording, tmp_path / "net.h5")
        learned = ns.load(tmp_path / "net.h5").synapses["codebook"]
        assert np.array_equal(
            learned.weight.number, recording.matrix("codebook")[learned.wiring.post, learned.wiring.pre]
        )


def test_tied_fixed_and_shared_weights_are_laid_out_too():
    a, b = ns.Neurons("a", 4, update="v = v + I"), ns.Neurons("b", 3, update="v = v + I")
    up = ns.Synapses(a, b, weight=ns.normal(0, 1), wiring=ns.probability(0.6), delay=1, name="up")
    down = ns.Synapses(b, a, weight=up.T, wiring=ns.probability(0.6), delay=1, name="down")
    slide = ns.Synapses(a, b, weight=np.array([[[2.0, -1.0]]]), wiring=ns.conv(2), delay=1, name="slide")
    recording = ns.run(ns.Network(up, down, slide, schedule=ns.Synchronous()), ticks=1, trials=2, seed=3)
    weights = recording.matrix("up")
    assert weights.shape == (2, 3, 4)
    assert np.array_equal(recording.matrix("down"), weights.swapaxes(1, 2))
    assert np.array_equal(recording.matrix("slide")[0], [[2, -1, 0, 0], [0, 2, -1, 0], [0, 0, 2, -1]])
    assert np.array_equal(np.argwhere(weights[0].T), np.transpose(recording.edges("up")))
    assert np.array_equal(np.argwhere(weights[0]), np.transpose(recording.edges("down")))


def test_what_has_no_list_of_synapses_or_was_not_recorded_is_refused():
    cells, noise = (
        ns.Neurons("cells", 3, update="v = v + I"),
        ns.Neurons("noise", 1, threshold="rand() < 0.1"),
    )
    many = ns.Synapses(noise, cells, wiring=ns.private(4), name="many")
    some = ns.Synapses(cells, cells, on_pre="I_post += w*v_pre", delay=1, name="some")
    recording = ns.run(ns.Network(many, some, schedule=ns.Layered()), ticks=5, record={"some.w": 2})
    for ask, message in (
        (lambda: recording.edges("many"), "private wiring keeps no list of synapses"),
        (lambda: recording.edges("smoe"), "no such synapses.*Did you mean 'some'"),
        (lambda: recording.edges("cells"), "no such synapses"),
        (lambda: recording.matrix("some.x"), "'some' has no variable 'x'"),
        (
            lambda: recording.matrix("some", tick=3),
            "nothing was recorded at tick 3. Give a tick from 0 to 4, a multiple of 2",
        ),
        (lambda: recording.matrix("some", tick=5), "nothing was recorded at tick 5"),
        (lambda: recording.matrix("some", tick=-1), "nothing was recorded at tick -1"),
        (lambda: recording.matrix("some", tick="a"), "tick"),
    ):
        with pytest.raises(ns.NeurosimError, match=message):
            ask()


def test_a_matrix_of_weights_that_are_messages_or_of_a_run_that_was_killed_is_refused(monkeypatch):
    sent, post = ns.Neurons("sent", (3, 2), update="v = I"), ns.Neurons("post", 3, update="v = I")
    pre = ns.Neurons("pre", 2)
    net = ns.Network(
        ns.Synapses(pre, post, weight=sent, name="s"), ns.Synapses(pre, sent), schedule=ns.Layered()
    )
    recording = ns.run(net, {"pre": np.zeros((2, 2))}, record=["post"])
    with pytest.raises(
        ns.RecordingError, match="matrix of 's': these weights are what 'sent' sends. Record that"
    ):
        recording.matrix("s")
    killed = ns.run(plastic(ns.all_to_all(), post, post), ticks=2, record=["s.w"])
    monkeypatch.setattr(ns.Recording, "final", {})
    with pytest.raises(
        ns.RecordingError,
        match="matrix of 's.w': the run was killed and left no end state. Give tick=",
    ):
        killed.matrix("s.w")


@pytest.mark.parametrize("wiring", [ns.all_to_all(), ns.probability(0.4), ns.probability(0)])
def test_a_variable_that_no_text_changes_is_recorded_as_it_was_given(engine, wiring):
    a, b = ns.Neurons("a", 2, update="v += 0.5"), ns.Neurons("b", 3, update="z = I", ports="I")
    tied = ns.Synapses(
        a,
        b,
        model="q : 1",
        on_pre="I_post += w*v_pre",
        q=3.0,
        weight=0.5,
        wiring=wiring,
        delay=1,
        name="tied",
    )
    recording = ns.run(
        ns.Network(a, b, tied, schedule=ns.Synchronous()),
        ticks=3,
        record=["tied.q", "tied.w", "b"],
        engine=engine,
    )
    pre, post = recording.edges("tied")
    assert np.array_equal(recording["tied.q"], np.full((3, pre.size), 3.0))
    assert np.array_equal(recording["tied.w"], np.full((3, pre.size), 0.5))
    assert np.array_equal(recording["b"][2], 0.5 * np.bincount(post, minlength=3))


def test_what_synapses_have_learned_stays_where_their_text_learns_no_more(engine):
    a, b = ns.Neurons("a", 2, update="v += 0.5"), ns.Neurons("b", 3, update="z = I", ports="I")

    def with_text(text):
        synapses = ns.Synapses(a, b, model="q : 1", on_pre=text, weight=1.0, delay=1, name="s")
        return ns.Network(a, b, synapses, schedule=ns.Synchronous())

    learned = ns.run(with_text("w += 0.25\nq += 1"), ticks=3, engine="reference")
    recording = ns.run(
        with_text("I_post += w*v_pre"), ticks=2, start=learned, record=["s.w", "s.q", "b"], engine=engine
    )
    assert np.all(recording["s.w"][:] == 1.75)
    assert np.all(recording["s.q"][:] == 3.0)
    assert recording["b"][:].tolist() == [[2 * 1.75 * 1.5] * 3, [2 * 1.75 * 2.0] * 3]


def test_arrays_refuse_weights_that_differ_from_trial_to_trial():
    pytest.importorskip("jax", reason="the array engine needs JAX: pip install '.[train]'")
    a, b = ns.Neurons("a", 2, update="v = rand()"), ns.Neurons("b", 3, update="z = I", ports="I")

    def with_text(text):
        return ns.Network(
            a, b, ns.Synapses(a, b, on_pre=text, weight=1.0, delay=1, name="s"), schedule=ns.Synchronous()
        )

    learned = ns.run(with_text("w += v_pre"), ticks=3, trials=2, engine="reference")
    with pytest.raises(
        ns.PlanError, match=r"'s' have learned other values in each trial\. Use engine='reference'"
    ):
        ns.run(with_text("I_post += w*v_pre"), ticks=2, start=learned, engine="arrays")
