"""Synapses that act at every tick lie in an array for each variable; both engines give the same bits."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events import by_target
from neurosim.units import ms

FADING = "dx/dt = -x/tau_x : 1 (clock-driven)\ndy/dt = (v_pre - v_post - y)/tau_x : 1 (clock-driven)\n"


def network() -> ns.Network:
    cells = ns.Neurons(
        "cells", 40, equations="dv/dt = (1.2 - v + f + g + h)/tau : 1\nf : 1\ng : 1\nh : 1",
        threshold="v > 1", reset="v = 0", method="euler", tau=5 * ms, v="rand()",
    )  # fmt: skip
    noise = ns.Neurons("noise", 30, equations="v : 1", threshold="rand() < 0.05", v="0.1*rand()")
    common = dict(on_pre="x += w", method="euler", tau_x=3 * ms)
    return ns.Network(
        # runs of targets, but for the neuron itself
        ns.Synapses(cells, cells, model="f_post = w*(v_pre - v_post) : 1 (summed)", name="gap", weight=0.01,
                    wiring=ns.all_to_all(to_self=False)),
        # drawn by C++, in no runs, with delays and a time of the last event, into a part
        ns.Synapses(noise, cells[5:35], model=FADING + "da/dt = -a/tau_x : 1 (event-driven)\n"
                    "g_post = w*(x + y) : 1 (summed)", name="sparse", wiring=ns.probability(0.3),
                    weight=ns.uniform(0, 0.1), delay=ns.uniform(0 * ms, 1 * ms),
                    **common | {"on_pre": "x += w; a += 1"}),
        # a sum that reads what it sets
        ns.Synapses(noise, cells, model=FADING + "h_post = 0.01*w*(x + h_post) : 1 (summed)", name="itself",
                    wiring=ns.probability(0.2), weight=0.5, **common),
        schedule=ns.Clock(0.1 * ms),
    )  # fmt: skip


RECORD = ["cells", "cells.f", "cells.g", "cells.h", "sparse.x", "sparse.y", "sparse.a", "itself.x"]


@pytest.mark.parametrize("precision", ["double", "single"])
def test_synapses_that_act_at_every_tick_are_the_same_on_both_engines(precision):
    options = dict(record=RECORD, seed=3, precision=precision, progress=False)
    wanted = ns.run(network(), ticks=60, engine="reference", trials=2, **options)
    found = ns.run(network(), ticks=60, engine="events", trials=2, **options)
    assert len(wanted.spikes("cells").neuron)
    for name in RECORD[1:]:
        if name == "sparse.a" or (name in ("cells.g",) and precision == "single"):
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5)  # exp has other bits
        else:
            np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
    once = ns.run(network(), ticks=60, engine="events", **options)
    two = ns.run(network(), ticks=60, engine="events", threads=2, **options)
    half = ns.run(network(), ticks=30, engine="events", **options)
    rest = ns.run(network(), ticks=30, engine="events", start=half, record=RECORD, progress=False)
    for name in RECORD[1:]:
        np.testing.assert_array_equal(two[name], once[name], err_msg=name)
        np.testing.assert_array_equal(np.concatenate([half[name], rest[name]]), once[name], err_msg=name)


def test_a_weight_that_was_the_same_for_all_synapses_is_seen_when_it_has_changed():
    found = {}
    for engine in ("reference", "events"):
        with ns.session(network(), record=["cells.f"], seed=3, engine=engine) as session:
            session.advance(1 * ms)
            weight = np.array(session["gap.w"])
            assert np.ptp(weight) == 0
            weight[7::30] = 0.05
            session["gap.w"] = weight
            session.advance(1 * ms)
        found[engine] = session.recording["cells.f"]
    np.testing.assert_array_equal(found["events"], found["reference"])


HUB = 200  # senders of the last neuron, of which others have a few


def test_neurons_with_many_more_synapses_than_others_and_with_none_get_their_sums():
    rng = np.random.default_rng(1)
    pre = np.r_[np.arange(HUB), rng.integers(0, HUB, 150)]
    post = np.r_[np.full(HUB, 39), rng.integers(0, 35, 150)]
    cells = ns.Neurons("cells", 40, equations="dv/dt = (s - v)/(5*ms) : 1\ns : 1", v="rand()")
    senders = ns.Neurons("senders", HUB, equations="dv/dt = -v/(9*ms) : 1", v="rand()")
    net = ns.Network(
        ns.Synapses(senders, cells, model="s_post = w*v_pre : 1 (summed)", name="joined",
                    wiring=ns.pairs(pre, post), weight=ns.uniform(-1, 1)),
        schedule=ns.Clock(0.1 * ms),
    )  # fmt: skip
    options = dict(ticks=5, record=["cells.s"], seed=2, progress=False)
    wanted = ns.run(net, engine="reference", **options)["cells.s"]
    np.testing.assert_array_equal(ns.run(net, engine="events", threads=2, **options)["cells.s"], wanted)
    assert np.all(wanted[..., 35:39] == 0) and np.all(wanted[1:, ..., 39] != 0)


def test_no_memory_to_sort_synapses_by_target_is_an_error(monkeypatch):
    class Full:
        neurosim_textual_by_target = staticmethod(lambda *given: False)

    cells = ns.Neurons("cells", 3, equations="dv/dt = (s - v)/(5*ms) : 1\ns : 1")
    net = ns.Network(
        ns.Synapses(cells, cells, model="s_post = w*v_pre : 1 (summed)"), schedule=ns.Clock(0.1 * ms)
    )
    monkeypatch.setattr(by_target, "library", Full)
    with pytest.raises(ns.EngineError, match="not enough memory for these synapses"):
        ns.run(net, ticks=1, engine="events")
