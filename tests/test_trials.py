"""Trials, restarts, batches, blocks and precision change nothing but what they should; every engine passes
the same suite."""

import numpy as np
import pytest
from nets import RELAY, SUM, clock, layered, synchronous

import neurosim as ns
from neurosim.units import ms


def lively(weights="plastic"):
    """A network with pending spikes, past messages, plastic weights, noise and refractoriness: all that a
    restart must keep."""
    noise = ns.Neurons("noise", 5, threshold="rand() < 0.2")
    cells = ns.Neurons(
        "cells",
        12,
        equations="dv/dt = (1.2 + 0.3*I - v)/(10*ms) : 1 (unless refractory)\ndx/dt = -x/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        v=ns.uniform(0, 1),
    )
    rate = ns.Neurons("rate", 3, update="r = tanh(0.5*r + 0.1*I + 0.1*randn())")
    plastic = "x_post += w\nw = clip(w + 0.05*(0.5 - w) + 0.01*randn(), 0, 1)"
    return clock(
        ns.Synapses(
            noise, cells, to="x", wiring=ns.probability(0.5), weight=0.2, delay=ns.uniform(1 * ms, 6 * ms)
        ),
        ns.Synapses(
            cells, cells, wiring=ns.probability(0.4), weight=0.3, delay=3 * ms, on_pre=plastic, name=weights
        ),
        ns.Synapses(cells, rate, wiring=ns.all_to_all(), weight=0.2, delay=2 * ms),
        ns.Synapses(rate, rate, weight=ns.normal(0, 0.5), delay=4 * ms),
        ns.Synapses(rate, cells, wiring=ns.indegree(2), weight=0.1),
    )


RECORD = ["cells", "cells.v", "rate", "plastic.w", "noise"]


def assert_equal_recordings(first, second, names=RECORD):
    for name in names:
        if name in ("cells", "noise"):
            a, b = first.spikes(name), second.spikes(name)
            for part in ("trial", "tick", "neuron"):
                np.testing.assert_array_equal(getattr(a, part), getattr(b, part), err_msg=name)
        else:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_continuing_a_run_equals_running_on(engine):
    whole = ns.run(lively(), ticks=60, record=RECORD, engine=engine)
    first = ns.run(lively(), ticks=23, record=RECORD, engine=engine)
    second = ns.run(lively(), ticks=37, record=RECORD, start=first, engine=engine)
    assert len(whole.spikes("cells")) > 10
    for name in ("cells.v", "rate", "plastic.w"):
        np.testing.assert_array_equal(np.concatenate([first[name], second[name]]), whole[name], err_msg=name)
    for name in ("cells", "noise"):
        tick = np.concatenate([first.spikes(name).tick, second.spikes(name).tick + 23])
        np.testing.assert_array_equal(tick, whole.spikes(name).tick)


def test_a_continued_run_replays_itself(engine):
    first = ns.run(lively(), ticks=23, engine=engine)
    assert ns.replay(ns.run(lively(), ticks=10, record=RECORD, start=first, engine=engine), engine=engine)


def trials_of(net, trials, ticks, engine, **options):
    free = np.full((trials, ticks, 3), np.nan)
    return ns.run(net, {"rate": free}, record=RECORD, engine=engine, **options)


def test_trials_start_alike_and_draw_their_own_random_numbers(engine):
    many = trials_of(lively(), 4, 40, engine)
    one = ns.run(lively(), ticks=40, record=RECORD, engine=engine)
    np.testing.assert_array_equal(many["cells.v"][0], one["cells.v"])
    np.testing.assert_array_equal(many["plastic.w"][:, 0, :4].shape, (4, 4))
    assert not np.array_equal(many["cells.v"][1], many["cells.v"][0])
    np.testing.assert_array_equal(many["cells.v"][:, 0], np.tile(one["cells.v"][0], (4, 1)))


def test_batches_of_trials_change_nothing(engine, monkeypatch):
    whole = trials_of(lively(), 5, 30, engine)
    monkeypatch.setattr("neurosim.engine.reference.BATCH_NEURONS", 150)
    parts = trials_of(lively(), 5, 30, engine)
    for name in ("cells", "noise"):
        np.testing.assert_array_equal(parts.spikes(name).tick, whole.spikes(name).tick)
    for name in ("cells.v", "rate", "plastic.w"):  # matrix products agree to rounding
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-12, atol=1e-13)


def test_blocks_of_ticks_change_nothing(engine, monkeypatch):
    record = dict.fromkeys(RECORD, 1) | {"rate.r": 3}
    whole = ns.run(lively(), ticks=50, record=record, engine=engine)
    monkeypatch.setattr("neurosim.engine.reference.sampler.BLOCK_TICKS", 7)
    parts = ns.run(lively(), ticks=50, record=record, engine=engine)
    assert_equal_recordings(parts, whole, [*RECORD, "rate.r"])
    np.testing.assert_array_equal(whole["rate.r"], whole["rate"][::3])


@pytest.mark.parametrize(
    ("precision", "dtype"), [("double", np.float64), ("mixed", np.float64), ("single", np.float32)]
)
def test_precision_is_that_of_state_and_sums(engine, precision, dtype):
    x, y = ns.Neurons("x", 1), ns.Neurons("y", 1, **SUM)
    net = layered(ns.Synapses(x, y, weight=0.1))
    found = ns.run(net, {"x": [[3.0]]}, record=["y"], precision=precision, engine=engine)["y"]
    weight = np.float32(0.1) if precision != "double" else 0.1
    assert found.dtype == dtype
    assert found.item() == dtype(weight) * dtype(3)


def test_a_recorded_population_drives_another_network(engine):
    first = ns.run(lively(), ticks=30, record=["cells", "rate"], engine=engine)
    cells, rate = ns.Neurons("cells", 12), ns.Neurons("rate", 3)
    echo, follow = ns.Neurons("echo", 12, **RELAY), ns.Neurons("follow", 3, **SUM)
    net = layered(
        ns.Synapses(cells, echo, wiring=ns.one_to_one()), ns.Synapses(rate, follow, wiring=ns.one_to_one())
    )
    second = ns.run(net, {"cells": first, "rate": first}, ticks=30, record=["echo", "follow"], engine=engine)
    np.testing.assert_array_equal(second.spikes("echo").neuron, first.spikes("cells").neuron)
    np.testing.assert_array_equal(second["follow"], first["rate"])


def test_trials_are_continued_side_by_side(engine):
    first = trials_of(lively(), 3, 20, engine)
    second = ns.run(lively(), ticks=15, record=RECORD, start=first, engine=engine)
    whole = trials_of(lively(), 3, 35, engine)
    assert second.batched
    for name in ("cells.v", "rate", "plastic.w"):
        np.testing.assert_allclose(second[name], whole[name][:, 20:], rtol=1e-12, atol=1e-13)
    with pytest.raises(ns.DescriptionError, match="start has 3 trials, the inputs 2"):
        trials_of(lively(), 2, 5, engine, start=first)


def test_a_start_of_another_network_is_refused(engine, tmp_path):
    end = ns.run(lively(), ticks=3, engine=engine)
    rewired = ns.Network(*lively().populations.values(), schedule=ns.Clock(1 * ms))
    cells = ns.Neurons("cells", 12, update="other = 1")
    with pytest.raises(ns.PlanError, match="lacks an array at 'state/cells/other'"):
        ns.run(
            ns.Network(
                cells, *(p for n, p in rewired.populations.items() if n != "cells"), schedule=ns.Clock(1 * ms)
            ),
            ticks=1,
            start=end,
            to=tmp_path / "x.h5",
            engine=engine,
        )
    assert not (tmp_path / "x.h5").exists()


def test_two_long_parts_are_two_records(engine):
    cells = ns.Neurons("cells", 40, update="v = i")
    first, second = cells[list(range(20))], cells[[0, 1, 2, *range(20, 37)]]
    recording = ns.run(synchronous(cells), ticks=1, record=[first, second], engine=engine)
    np.testing.assert_array_equal(recording[first][0], np.arange(20))
    np.testing.assert_array_equal(recording[second][0], [0, 1, 2, *range(20, 37)])


def test_trials_may_be_asked_for(engine):
    noise = ns.Neurons("noise", 2, update="v = randn()")
    v = ns.run(synchronous(noise), ticks=3, trials=4, record=["noise"], engine=engine)["noise"]
    assert v.shape == (4, 3, 2)
    assert len(np.unique(v)) == v.size
    ears = ns.Neurons("ears", 2)
    silent = ns.run(
        synchronous(ears),
        {"ears": ([0, 1], [0, 0], [0, 1])},
        ticks=2,
        trials=3,
        record=["ears"],
        engine=engine,
    )
    assert silent.trials == 3
    assert ns.replay(silent, engine=engine)
    with pytest.raises(ns.DescriptionError, match="trials is 3, but input 'ears' has 2"):
        ns.run(synchronous(ears), {"ears": np.zeros((2, 5, 2))}, trials=3, engine=engine)


def test_a_network_is_copied_and_sent_to_other_processes_as_its_description():
    import copy
    import pickle

    net = lively()
    assert copy.deepcopy(net) == net == pickle.loads(pickle.dumps(net))
