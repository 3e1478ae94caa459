"""A continued run keeps seed, precision and wiring of the first run, and takes parameters that the network
gives anew."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.learn.sequences.generation import beam_search
from neurosim.models.echo_state import echo_state
from neurosim.readout import free_run, lyapunov_exponent
from neurosim.units import ms, mV

ENGINES = ["reference", "events", "arrays"]
ON_ENGINES = pytest.mark.parametrize("engine", ENGINES)


def drawn():
    """A network in which everything is random: wiring, weights, delays, a constant, noise, and plastic
    weights."""
    text = {
        "equations": "dv/dt = -v/tau + 0.1*sqrt(2/tau)*xi : 1\ntau : second",
        "threshold": "v > 1",
        "reset": "v = 0",
        "method": "euler",
    }
    sender = ns.Neurons(
        "sender",
        20,
        update="v = v + rand()*gain",
        threshold="v > 3",
        reset="v = 0",
        gain=ns.uniform(0.5, 1.5),
    )
    cells = ns.Neurons("cells", 20, **text, tau=ns.uniform(5 * ms, 20 * ms))
    static = ns.Synapses(
        sender,
        cells,
        to="v",
        wiring=ns.probability(0.3),
        weight=ns.uniform(0.1, 0.6),
        delay=ns.uniform(0 * ms, 5 * ms),
    )
    plastic = ns.Synapses(
        sender, cells, wiring=ns.indegree(3), weight=0.1, on_pre="v_post += w\nw = 0.9*w", name="plastic"
    )
    return ns.Network(static, plastic, schedule=ns.Clock(1 * ms))


def spikes(recording, name="cells"):
    found = recording.spikes(name)
    return list(zip(found.tick.tolist(), found.neuron.tolist(), strict=True))


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_continued_run_keeps_the_seed_of_its_start(engine):
    whole = ns.run(drawn(), ticks=60, record=["cells"], seed=7, engine=engine)
    first = ns.run(drawn(), ticks=30, record=["cells"], seed=7, engine=engine)
    second = ns.run(drawn(), ticks=30, record=["cells"], start=first, engine=engine)
    assert second.seed == 7
    assert spikes(first) + [(tick + 30, neuron) for tick, neuron in spikes(second)] == spikes(whole)
    assert len(spikes(second)) > 10
    third = ns.run(drawn(), ticks=10, record=["cells"], start=second, engine=engine)
    assert third.seed == 7
    assert ns.replay(third, engine=engine)


@pytest.mark.parametrize("precision", ["mixed", "single"])
def test_a_continued_run_keeps_the_precision_of_its_start(precision):
    first = ns.run(drawn(), ticks=30, seed=7, precision=precision, engine="reference")
    second = ns.run(drawn(), ticks=30, record=["cells", "cells.v"], start=first, engine="reference")
    whole = ns.run(
        drawn(), ticks=60, record=["cells", "cells.v"], seed=7, precision=precision, engine="reference"
    )
    assert second.precision == precision
    assert np.array_equal(second["cells.v"], whole["cells.v"][30:])


@pytest.mark.parametrize("engine", ["reference", "arrays"])
def test_a_run_continued_in_another_precision_starts_from_the_rounded_state(engine):
    net = ns.Network(ns.Neurons("x", 2, update="v = v + w/3", v=[0.1, 0.2], w=1.0), schedule=ns.Synchronous())
    first = ns.run(net, ticks=5, record=["x.v"], engine="reference")
    second = ns.run(net, ticks=1, record=["x.v"], start=first, precision="single", engine=engine)
    expected = first["x.v"][-1].astype(np.float32) + np.float32(1) / np.float32(3)
    assert second["x.v"].dtype == np.float32
    assert np.array_equal(second["x.v"][0], expected)
    kept = ns.run(net, ticks=1, record=["x.v"], start=second, precision="double", engine=engine)["x.v"][0]
    assert np.array_equal(kept, second["x.v"][0].astype(float) + 1 / 3)


def test_another_seed_is_refused_where_it_would_draw_another_network():
    first = ns.run(drawn(), ticks=5, seed=7, engine="reference")
    with pytest.raises(
        DescriptionError,
        match=(
            r"start was run with seed 7, from which the wiring of .* drawn; seed=3 would draw another network"
        ),
    ):
        ns.run(drawn(), ticks=5, seed=3, start=first, engine="reference")
    x = ns.Neurons("x", 3, update="v = v + gain", gain=ns.uniform(0, 1))
    first = ns.run(ns.Network(x, schedule=ns.Synchronous()), ticks=1, engine="reference")
    with pytest.raises(DescriptionError, match=r"seed 0, from which gain of 'x' was drawn"):
        ns.run(first.network, ticks=1, seed=1, start=first, engine="reference")


def test_another_seed_makes_other_noise_where_nothing_is_drawn():
    net = ns.Network(
        ns.Neurons("x", 50, update="v = v + rand()", v=ns.uniform(0, 1)), schedule=ns.Synchronous()
    )
    first = ns.run(net, ticks=3, seed=7, record=["x"], engine="reference")
    same, other = (
        ns.run(net, ticks=3, start=first, record=["x"], engine="reference", **given)["x"]
        for given in ({}, {"seed": 8})
    )
    assert np.array_equal(same, ns.run(net, ticks=6, seed=7, record=["x"], engine="reference")["x"][3:])
    assert not np.any(same == other)
    assert np.all(other >= first["x"][-1])  # the state went on; its start values are not drawn again


@ON_ENGINES
def test_a_parameter_that_changed_in_the_network_counts(engine):
    def net(current, **start):
        cells = ns.Neurons(
            "cells", 2, equations="dv/dt = (drive - v)/(10*ms) : volt\ndrive : volt", drive=current, **start
        )
        return ns.Network(cells, schedule=ns.Clock(1 * ms))

    first = ns.run(net(10 * mV), ticks=20, record=["cells.v"], engine=engine)
    second = ns.run(net([30, 10] * mV, v=99 * mV), ticks=20, record=["cells.v"], start=first, engine=engine)
    decay = np.exp(-0.1) ** np.arange(20)[:, None]
    v = first.final["state/cells/v"][0]
    assert np.allclose(second["cells.v"], [0.03, 0.01] + (v - [0.03, 0.01]) * decay, rtol=1e-9)
    assert ns.replay(second, engine=engine)
    third = ns.run(second.network, ticks=1, record=["cells.drive"], start=second, engine=engine)
    assert np.allclose(third["cells.drive"], [[0.03, 0.01]])


def test_a_start_value_of_a_parameter_lasts_while_the_network_says_the_same():
    net = ns.Network(
        ns.Neurons("x", 1, equations="dv/dt = gain/second : 1\ngain : 1", gain=1.0), schedule=ns.Clock(1 * ms)
    )
    first = ns.run(net, ticks=2, start={"x.gain": 5.0}, engine="reference")
    assert ns.run(net, ticks=1, start=first, record=["x.gain"], engine="reference")["x.gain"].item() == 5.0


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_weight_that_text_only_reads_counts_anew_and_a_learned_one_stays(engine):
    def net(weight, factor):
        beat = ns.Neurons("beat", 1, update="n = n + 1", threshold="n > 0")
        cells = ns.Neurons("cells", 1, update="v = v")
        model = "factor : 1\nlearned : 1"
        item = ns.Synapses(
            beat,
            cells,
            model=model,
            on_pre="v_post += factor*w\nlearned += 1",
            weight=weight,
            factor=factor,
            delay=1,
            name="s",
        )
        return ns.Network(item, schedule=ns.Synchronous())

    first = ns.run(net(2.0, 1.0), ticks=5, record=["cells.v"], engine=engine)
    second = ns.run(net(3.0, 10.0), ticks=3, record=["cells.v", "s.learned"], start=first, engine=engine)
    assert np.allclose(np.diff(second["cells.v"][:, 0]), 30.0)
    assert second["s.learned"][-1].item() == 7.0


def test_synapses_that_learned_are_not_put_on_other_pairs():
    def net(post):
        x, y = ns.Neurons("x", 2, update="n = n + 1", threshold="n > 0"), ns.Neurons("y", 2, update="v = v")
        return ns.Network(
            ns.Synapses(x, y, wiring=ns.pairs([0, 1], post), on_pre="v_post += w\nw = w/2", delay=1),
            schedule=ns.Synchronous(),
        )

    first = ns.run(net([0, 1]), ticks=2, engine="reference")
    with pytest.raises(DescriptionError, match="join other pairs than when start was recorded"):
        ns.run(net([1, 0]), ticks=2, start=first, engine="reference")
    assert ns.run(net([0, 1]), ticks=2, start=first, engine="reference").ticks == 2


def test_a_saved_network_continues_the_recording_that_it_was_drawn_for(tmp_path):
    first = ns.run(drawn(), ticks=30, seed=7, engine="reference")
    ns.save(first, tmp_path / "net.h5")
    loaded = ns.run(ns.load(tmp_path / "net.h5"), ticks=30, record=["cells"], start=first, engine="reference")
    assert spikes(loaded) == spikes(
        ns.run(drawn(), ticks=30, record=["cells"], start=first, engine="reference")
    )


@pytest.mark.parametrize("engine", ["reference", "arrays"])
def test_a_delay_made_longer_hears_the_oldest_message_until_newer_ones_arrive(engine):
    def net(delay):
        clock, ear = ns.Neurons("clock", 1, update="n = n + 1"), ns.cells.unit("ear", 1, "linear")
        return ns.Network(ns.Synapses(clock, ear, delay=delay), schedule=ns.Synchronous())

    first = ns.run(net(1), ticks=10, engine=engine)
    heard = ns.run(net(6), ticks=12, record=["ear"], start=first, engine=engine)["ear"][:, 0]
    assert np.array_equal(heard[5:], np.arange(10, 17))


def test_a_free_run_goes_on_with_the_network_of_its_start():
    net = echo_state(1, 30, 1, feedback_scale=1.0, radius=0.9)
    taught = np.sin(np.arange(200) / 5)[:, None]
    forced = ns.run(
        net, {"drive": np.zeros((200, 1)), "out": taught}, record=["pool"], seed=7, engine="reference"
    )
    alone = ns.run(net, {"drive": np.zeros((50, 1))}, record=["out"], start=forced, engine="reference")["out"]
    assert np.allclose(
        free_run(net, taught, ticks=50, start=forced, engine="reference").outputs, alone, atol=1e-12
    )
    given = {"ticks": 300, "start": forced, "engine": "reference"}
    assert lyapunov_exponent(net, **given) == lyapunov_exponent(net, seed=7, **given)


def test_a_beam_search_goes_on_with_the_seed_that_it_began_with():
    heard = ns.Neurons("inputs", 4)
    hidden = ns.cells.unit("hidden", 8, "tanh")
    out = ns.cells.unit("out", 4, "linear")
    back = ns.Synapses(hidden, hidden, weight=ns.normal(0, 1), delay=1)
    forward = [
        ns.Synapses(pre, post, weight=ns.normal(0, 1)) for pre, post in ((heard, hidden), (hidden, out))
    ]
    net = ns.Network(*forward, back, schedule=ns.Layered())
    found = beam_search(net, [1], 3, beams=64, seed=5, engine="reference")
    texts = np.stack(np.meshgrid(*[range(4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    scores = ns.run(
        net,
        {"inputs": np.eye(4)[np.c_[np.ones(64, int), texts[:, :2]]]},
        record=["out"],
        seed=5,
        engine="reference",
    )["out"]
    chances = np.take_along_axis(
        scores - np.log(np.exp(scores).sum(2, keepdims=True)), texts[:, :, None], 2
    ).sum((1, 2))
    assert np.isclose(found[1][0], chances.max())
    assert np.array_equal(found[0][0], texts[chances.argmax()])


@pytest.mark.parametrize("method", ["exact", "rk4"])
def test_other_values_of_parameters_in_the_equations_count_also_when_the_run_is_continued_again(method):
    """v goes to 1 with time constant tau: first 10 ms, then 20 ms."""

    def net(**more):
        text = dict(equations="dv/dt = (1 - v)/tau : 1\ntau : second", method=method)
        return ns.Network(ns.Neurons("cells", 2, **text, tau=10 * ms, **more), schedule=ns.Clock(1 * ms))

    common = dict(ticks=3, record=["cells.v"], engine="reference")
    first = ns.run(net(), **common)
    second = ns.run(net(), start=(first, {"cells.tau": 20 * ms}), **common)
    third = ns.run(net(), start=second, **common)
    v = np.concatenate([first["cells.v"], second["cells.v"], third["cells.v"]])[:, 0]
    np.testing.assert_allclose(1 - v, np.exp(-np.r_[0:3, 3:4.5:0.5, 4.5:6:0.5] / 10), rtol=1e-6)
    assert ns.replay(third).identical
    drawn = net(regularly=(5 * ms, "tau = 10*ms + 10*ms*rand()"))
    several = ns.run(drawn, ticks=3, trials=2, engine="reference")
    with pytest.raises(DescriptionError, match=r"'cells.tau' differs between trials.* ports='tau'"):
        ns.run(net(), start=several, ticks=3)
