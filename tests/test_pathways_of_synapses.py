"""Several pathways on one object of synapses, each with delays of its own."""

import re

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian_device_side import Arrays, assert_same, records

import neurosim as ns
from neurosim.plan.materialize import materialized


def learning_network() -> Arrays:
    """Synapses that act at three times after a spike of the sender, and at two after one of the target."""
    cells = b2.NeuronGroup(
        12, "dv/dt = (1.3 + 0.05*x - v)/(4*ms) : 1\ndx/dt = -x/(2*ms) : 1\ny : 1", threshold="v > 1",
        reset="v = 0", method="euler", name="cells",
    )  # fmt: skip
    cells.v = "i/12."
    learn = b2.Synapses(
        cells[:9], cells[2:],
        """w : 1
           count : 1
           dbefore/dt = -before/(20*ms) : 1 (event-driven)
           dafter/dt = -after/(15*ms) : 1 (event-driven)""",
        on_pre={
            "pre": "x_post += w; before += 0.1; w = clip(w - after, 0, 2)",
            "early": "count += 1; y_pre += 0.01*count",
            "late": "w = clip(w*0.99 + 0.02*before, 0, 2); x_post -= 0.2*w",
        },
        on_post={
            "post": "after += 0.1; w = clip(w + before, 0, 2); y_post += w",
            "answer": "w = clip(w + 0.01*v_pre, 0, 2); y_pre += 0.1*w",
        },
        delay={"early": 0.35 * ms}, name="learn",
    )  # fmt: skip
    learn.connect("abs(i - j) != 3")
    learn.w = "0.1 + 0.05*i"
    learn.pre.delay, learn.late.delay = "rand()*ms", "0.2*ms + rand()*3*ms"
    learn.post.delay, learn.answer.delay = "0.4*ms*rand()", 1 * ms
    learn.late.order = 2
    again = b2.Synapses(cells, cells, on_pre="x_post += 0.01", on_post="y_post -= 0.01*x_pre", name="again")
    again.connect(j="(i + 1) % 12")
    again.post.delay = 0.2 * ms
    first = b2.Synapses(cells, cells, "u : 1", on_pre="u += 1", on_post="u *= 0.9", name="first")
    first.connect(j="(i + 5) % 12")
    first.post.when = "before_thresholds"
    spikes, states = b2.SpikeMonitor(cells), b2.StateMonitor(cells, True, record=True)
    weights = b2.StateMonitor(learn, ["w", "count", "before"], record=True)
    net = b2.Network(cells, learn, again, first, spikes, states, weights)
    net.run(12.1 * ms)
    learn.w = "0.9*w"
    net.run(0.8 * ms)
    net.run(15 * ms)
    assert spikes.num_spikes > 20 and learn.count[:].min() > 0
    return records(spikes, states, weights) | {
        "w": learn.w[:], "after": learn.after[:], "update": learn.lastupdate[:], "u": first.u[:],
    }  # fmt: skip


def test_pathways_of_brian2_act_with_delays_of_their_own_also_those_of_the_target():
    assert_same(learning_network, ("reference", "events"), threads=2)


def answering_network() -> ns.Network:
    """Cells whose synapses act three times after a spike of the sender, and twice after one of the target."""
    cells = ns.Neurons(
        "cells", 30, equations="dv/dt = (1.3 + I - v)/(6*ms) : 1\ny : 1", threshold="v > 1",
        reset="v = 0", method="euler", v=ns.uniform(0, 1),
    )  # fmt: skip
    learn = ns.Synapses(
        cells[:25], cells[3:], wiring="i != j", weight=ns.uniform(0, 0.1), model="count : 1\nscale : 1",
        on_pre={
            "now": "I_post += w",
            "late": "count += 1; w = w*0.99 + 0.001*rand()*count*scale",
            "later": "I_post -= w; y_post += count",
        },
        on_post={"post": "w = clip(w + 0.01, 0, 1)", "answer": "w = clip(w*0.9 + 0.0001*v_post, 0, 1)"},
        delay={
            "now": ns.uniform(0 * ms, 3 * ms), "late": 0.5 * ms, "later": "1*ms + 0.1*ms*(i % 7)",
            "answer": ns.uniform(0 * ms, 2 * ms),
        },
        scale="0.5 + i/N_pre", name="learn",
    )  # fmt: skip
    return ns.Network(learn, schedule=ns.Clock(0.1 * ms))


def test_pathways_are_the_same_on_all_engines_for_any_threads_in_pieces_and_from_a_file():
    net = answering_network()
    record = ["cells.v", "cells.y", "learn.w", "learn.count"]
    whole = ns.run(net, duration=30 * ms, record=record, engine="reference", seed=3)
    assert whole["learn.count"][-1].min() > 0 and whole["learn.w"][-1].std() > 0.01
    begun = ns.run(net, duration=12 * ms, record=record, engine="events", threads=2, seed=3)
    again = ns.Network.from_dict(net.to_dict())
    assert again.to_dict() == net.to_dict()
    for other in (
        ns.run(net, duration=30 * ms, record=record, engine="events", threads=1, seed=3),
        ns.run(again, duration=30 * ms, record=record, engine="events", threads=2, seed=3),
        ns.run(materialized(net, 3), duration=30 * ms, record=record, engine="reference", seed=3),
        ns.run(net, duration=18 * ms, record=record, engine="events", threads=1, start=begun),
        ns.run(net, duration=18 * ms, record=record, engine="reference", start=begun),
    ):
        for name in record:
            np.testing.assert_array_equal(other[name], whole[name][-len(other[name]) :])


def test_each_pathway_acts_when_its_delay_has_passed():
    given = ns.Neurons("given", 2)
    cell = ns.Neurons("cell", 1, equations="v : 1\nq : 1", threshold="v > 9", reset="v = 0")
    links = ns.Synapses(
        given, cell, model="x : 1", on_pre={"a": "v_post += w", "b": "x += 1; v_post += 10*x"},
        on_post="q_post += x", delay={"a": [[1, 2]] * ms, "b": 4 * ms, "post": 3 * ms}, name="links",
    )  # fmt: skip
    net = ns.Network(links, schedule=ns.Clock(1 * ms))
    found = ns.run(net, {"given": ([0, 0], [0, 1])}, ticks=12, record=["cell", "cell.v", "cell.q"])
    assert "delay a array 1 x 2 s, b 4 ms, post 3 ms" in str(net)
    # Both arrive by a after 1 and 2 ms, and by b after 4 ms; the cell spikes at 5 ms, which acts at 8 ms.
    np.testing.assert_array_equal(found.spikes("cell").tick, [5])
    np.testing.assert_array_equal(found["cell.v"].ravel(), [0, 0, 1, 2, 2, 22, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(found["cell.q"].ravel(), [0] * 9 + [2, 2, 2])


REFUSED = {
    "on_pre and on_post both have a text called 'a'": dict(on_pre={"a": "w = 1"}, on_post={"a": "w = 2"}),
    "delay 1 ms is given for several texts of on_pre. Give one for each: delay={'a': ..., 'b': ...}": dict(
        on_pre={"a": "w = 1", "b": "w = 2"}, delay=1 * ms
    ),
    "delay names 'early', which is no text of on_pre or on_post. Did you mean 'early_one'": dict(
        on_pre={"early_one": "w = 1"}, delay={"early": 1 * ms}
    ),
    "on_pre['a'] has no text. Leave it out": dict(on_pre={"a": " "}),
    "on_pre['a'] 3 is not text": dict(on_pre={"a": 3}),
    "on_pre['b'] assigns 'q', which is neither": dict(on_pre={"a": "w = 1", "b": "q = 1"}),
    "delay 1 us^2 is not a time": dict(on_post="w = 1", delay={"post": 1 * ms * ms}),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_pathways_that_are_given_wrongly_are_refused(rule):
    a = ns.Neurons("a", 2, equations="v : 1", threshold="v > 1")
    with pytest.raises(ns.DescriptionError, match=re.escape(rule)):
        ns.Synapses(a, a, **REFUSED[rule])


def test_a_pathway_without_the_delay_that_its_schedule_needs_is_named():
    a = ns.Neurons("a", 2, update="v = v + 0.3", threshold="v > 1", reset="v = 0")
    both = ns.Synapses(a, a, on_pre={"a": "w = 1", "b": "w = 2"}, delay={"a": 1})
    with pytest.raises(ns.DescriptionError, match=r"delay of 'b' 0 arrives before .* Use delay=\{'b': 1\}"):
        ns.Network(both, schedule=ns.Synchronous())


def test_pathways_of_what_does_not_spike_are_refused():
    spiking = ns.Neurons("spiking", 2, equations="v : 1", threshold="v > 1")
    silent = ns.Neurons("silent", 2, equations="v : 1")
    for pre, post, more, rule in (
        (
            silent,
            spiking,
            dict(on_pre={"a": "w = 1", "b": "w = 2"}),
            "on_pre['b'] waits for spikes, but 'silent'",
        ),
        (
            spiking,
            silent,
            dict(on_post="w = 1", delay={"post": 1 * ms}),
            "on_post waits for spikes, but 'silent'",
        ),
    ):
        with pytest.raises(ns.PlanError, match=re.escape(rule)):
            ns.run(ns.Network(ns.Synapses(pre, post, **more), schedule=ns.Clock(1 * ms)), ticks=2)


def changing_network() -> ns.Network:
    """Cells whose synapses change two of their delays at each spike."""
    cells = ns.Neurons(
        "cells", 30, equations="dv/dt = (1.3 + I - v)/(6*ms) : 1\ny : 1", threshold="v > 1",
        reset="v = 0", method="euler", v=ns.uniform(0, 1),
    )  # fmt: skip
    learn = ns.Synapses(
        cells[:25], cells[3:], wiring="i != j", weight=ns.uniform(0, 0.1),
        model="d : second\ne : second\nn : 1",
        on_pre={
            "now": "I_post += w; d = clip(d*0.9 + 0.3*ms*rand(), 0*ms, 5*ms); n += 1",
            "late": "y_post = y_post*0.9 + n; n *= 0.99",
        },
        on_post={"post": "d = d + 0.1*ms", "answer": "e = e + 0.3*ms*(rand() - 0.5); y_pre = 0.9*y_pre + n"},
        delay={"now": "d", "late": "e", "answer": "d"}, d="2*ms*rand()", e=1 * ms, name="learn",
    )  # fmt: skip
    return ns.Network(learn, schedule=ns.Clock(0.1 * ms))


def test_delays_that_text_changes_are_the_same_on_all_engines_and_in_pieces():
    net, record = changing_network(), ["cells.v", "cells.y", "learn.d", "learn.e", "learn.n"]
    whole = ns.run(net, duration=30 * ms, record=record, engine="reference", seed=3)
    assert whole["learn.d"][-1].std() > 2e-4 and whole["learn.e"][-1].std() > 5e-5
    begun = ns.run(net, duration=12 * ms, record=record, engine="events", threads=2, seed=3)
    middle = ns.run(net, duration=9 * ms, record=record, engine="events", threads=1, start=begun)
    last = ns.run(net, duration=9 * ms, record=record, engine="reference", start=middle)
    drawn = ns.run(materialized(net, 3), duration=30 * ms, record=record, engine="reference", seed=3)
    for name in record:
        pieces = np.concatenate([begun[name], middle[name], last[name]])
        np.testing.assert_array_equal(pieces, whole[name])
        np.testing.assert_array_equal(drawn[name], whole[name])


def test_the_delay_when_a_spike_is_sent_counts():
    given, cell = ns.Neurons("given", 1), ns.Neurons("cell", 1, equations="v : 1")
    # Each arrival makes the delay of spikes that are sent later one tick longer.
    moved = ns.Synapses(
        given, cell, model="d : second", on_pre="v_post += 1; d += 1*ms", delay="d", d=0 * ms, name="moved"
    )
    assert moved.changing_delay("delay") == "d"
    net = ns.Network(moved, schedule=ns.Clock(1 * ms))
    found = ns.run(net, {"given": ([0, 1, 2, 3, 4] * ms, [0] * 5)}, ticks=10, record=["cell.v", "moved.d"])
    # They arrive at 0, 2, 3, 5 and 7 ms, since spikes are sent before others arrive in the same tick.
    arrived = [0, 1, 1, 2, 3, 3, 4, 4, 5, 5]
    np.testing.assert_allclose(found["moved.d"].ravel() * 1e3, arrived)
    np.testing.assert_array_equal(found["cell.v"].ravel(), arrived)


def test_delays_that_change_need_spikes():
    graded = ns.Neurons("graded", 1, update="v = 1")
    moved = ns.Synapses(graded, graded, model="d : 1", on_pre="d += 1", delay="d", d=1)
    with pytest.raises(ns.PlanError, match="delay='d' changes during the run, but 'graded' sends no spikes"):
        ns.run(ns.Network(moved, schedule=ns.Synchronous()), ticks=2)
