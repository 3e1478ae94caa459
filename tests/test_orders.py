"""Schedules of one's own whose steps name synapses and probes, or run in some ticks only."""

import re

import numpy as np
import pytest
from orders_side import SENT, copies, counter, in_brian2, listed, moving, random_order

import neurosim as ns
from neurosim.engine.events.order import with_joint_deliveries
from neurosim.engine.events.source import write_source
from neurosim.engine.events.stages import postponed, taken_one_by_one
from neurosim.engine.events.workload import can_split
from neurosim.network.program import Do, Step
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import ms

ORDERS = [random_order(seed) for seed in (3, 8)]
ENGINES = ["reference", "events"]


@pytest.fixture(scope="module")
def mixed():
    """The network of all orders, what is recorded of it, and that record by the reference engine."""
    net, record = copies(ORDERS)
    return net, record, ns.run(net, ticks=40, record=record, engine="reference")


def test_one_of_the_random_orders_is_unlike_the_other():
    pairs = [
        ("move_a", "fire_a"), ("move_b", "fire_b"), ("equations", "move_b"), ("sum", "move_a"),
        ("late", "fire_a"), ("text", "fire_a"), ("plain", "fire_a"),
    ]  # fmt: skip
    first, second = ([order.index(one) < order.index(other) for one, other in pairs] for order in ORDERS)
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_objects_in_any_order_give_what_Brian2_gives(mixed):
    _, _, recording = mixed
    for number, order in enumerate(ORDERS):
        values, counts = in_brian2(order, 40)
        for name, expected in values.items():
            owner, variable = name.split(".")
            np.testing.assert_allclose(recording[f"{owner}{number}.{variable}"], expected, rtol=0, atol=1e-12)
        for owner, expected in zip("ab", counts, strict=True):
            neuron = recording.spikes(f"{owner}{number}").neuron
            assert np.bincount(neuron, minlength=6).tolist() == expected.tolist()


def test_objects_in_any_order_give_the_same_bits_in_compiled_code_and_in_pieces(mixed):
    net, record, expected = mixed
    found = ns.run(net, ticks=40, record=record, engine="events")
    first = ns.run(net, ticks=17, record=record, engine="events")
    rest = ns.run(net, ticks=23, record=record, engine="events", start=first)
    for name in record:
        if "." in name:
            assert np.array_equal(found[name], expected[name]), name
            assert np.array_equal(np.concatenate([first[name], rest[name]]), expected[name]), name
        else:
            assert same_spikes(found.spikes(name), expected.spikes(name)), name
    for key, value in expected.final.items():
        assert np.array_equal(found.final[key], value), key
        assert key.startswith(("queue", "arrivals")) or np.array_equal(rest.final[key], value), key


def same_spikes(found, expected):
    return np.array_equal(found.tick, expected.tick) and np.array_equal(found.neuron, expected.neuron)


def touched():
    """Spikes that one population sends to one variable through two objects, delivered before and after its
    neuron moves.
    """
    ears = ns.Neurons("ears", 3)
    cell = ns.Neurons("cell", 1, equations="dv/dt = -v/(1*ms) : 1\ny : 1", update="y = v", method="euler")
    early = ns.Synapses(ears, cell, to="v", weight=1.0, delay=2 * ms, name="early")
    late = ns.Synapses(ears, cell, to="v", weight=8.0, delay=2 * ms, name="late")
    return [early, late], [
        Step(Do.DRIVE, ("ears",)),
        Step(Do.DELIVER, pathways=("early",)),
        Step(Do.INTEGRATE, ("cell",)),  # to 0, as dt is the time constant
        Step(Do.DELIVER, pathways=("late",)),
        Step(Do.RECORD, ("ears", "cell")),
    ]


def slow():
    """Neurons with a refractory period and a dt of four ticks, which excite others of every tick."""
    slow = ns.Neurons(
        "slow", 3, equations="dv/dt = 3/(10*ms) : 1 (unless refractory)\ndu/dt = 1/ms : 1", threshold="v > 1",
        reset="v = 0", refractory=10 * ms, v=np.array([0.0, 0.5, 0.9]), method="euler",
    )  # fmt: skip
    quick = ns.Neurons("quick", 3, equations="dv/dt = -v/(4*ms) : 1", method="euler")
    own, one = dict(every=4, phase=1), ns.one_to_one()
    synapses = [
        ns.Synapses(slow, quick, to="v", wiring=one, weight=1.0, delay=2 * ms, name="to_v"),
        ns.Synapses(slow, slow, to="u", wiring=one, weight=-0.5, delay=4 * ms, name="back"),
    ]
    return synapses, [
        Step(Do.RECORD, ("slow", "quick")),
        Step(Do.INTEGRATE, ("slow",), **own),
        Step(Do.INTEGRATE, ("quick",)),
        Step(Do.THRESHOLD, ("slow",), **own),
        Step(Do.SEND, ("slow",), **own),
        Step(Do.DELIVER, pathways=("to_v",)),
        Step(Do.DELIVER, pathways=("back",), **own),
        Step(Do.RESET, ("slow",), **own),
    ]


RECORD = ["counter.n", "counter.v", "cell.v", "slow", "slow.v", "slow.u", "quick.v"]
TOUCHES = {"ears": ([0, 1, 1], [0, 1, 2])}


def various():
    """The three networks above as one, so that one compilation does for all."""
    (first, one), (second, other) = touched(), slow()
    return listed(counter(), *first, *second, steps=[*moving(3, 1), *one, *other])


@pytest.fixture(scope="module", params=ENGINES)
def run_of_various(request):
    return ns.run(various(), TOUCHES, ticks=41, record=RECORD, engine=request.param)


def test_a_population_that_skips_ticks_has_a_longer_dt(run_of_various):
    assert run_of_various["counter.n"][:7, 0].tolist() == [0, 0, 3, 3, 3, 6, 6]  # recorded before it moves
    np.testing.assert_allclose(run_of_various["counter.v"][:7, 0] / 1e-3, [0, 3, 3, 3, 6, 6, 6])  # and after


def test_each_step_delivers_what_arrives_through_the_synapses_that_it_names(run_of_various):
    assert run_of_various["cell.v"].ravel()[:5].tolist() == [0, 0, 8, 16, 0]  # what `early` brought is gone


def test_slow_neurons_are_refractory_in_ticks_and_reach_quick_ones_after_their_delay(run_of_various):
    spikes = run_of_various.spikes("slow")
    # 0.9 + 0.3*4 > 1 in tick 1. It moves again at least 10 ticks later, in tick 13, and spikes again.
    assert spikes.tick[spikes.neuron == 2].tolist() == [1, 13, 25, 37]
    # Sent in tick 1, delivered in tick 3, seen in tick 4.
    assert run_of_various["quick.v"][3:6, 2].tolist() == [0, 1, 0.75]
    assert (
        run_of_various["slow.u"][6:9, 2].tolist() == [7.5] * 3
    )  # two steps of 4 ms, and what came in tick 5


@pytest.mark.parametrize(("engine", "other"), [ENGINES, ENGINES[::-1]])
def test_a_run_goes_on_at_any_tick_on_any_engine(run_of_various, engine, other):
    first = ns.run(various(), TOUCHES, ticks=2, record=RECORD, engine=engine)
    assert {"queue/cell/v/due", "queue/cell/v/1/due"} <= set(first.final)  # told apart
    second = ns.run(various(), {"ears": ([], [])}, ticks=39, record=RECORD, start=first, engine=other)
    for name in set(RECORD) - {"slow"}:
        assert np.array_equal(np.concatenate([first[name], second[name]]), run_of_various[name]), name
    for key, value in run_of_various.final.items():
        assert np.array_equal(second.final[key], value), key


def test_a_schedule_prints_its_steps():
    printed = str(various())
    assert re.search(r"deliver +early\n.*integrate +cell\n.*deliver +late\n", printed)
    assert re.search(r"integrate +counter every 3 ticks, from tick 1 on\n", printed)


def test_the_usual_order_object_by_object_is_compiled_as_that_of_the_clock():
    cells = ns.Neurons(
        "cells", 40, equations="dv/dt = (g + h - v)/(20*ms) : 1 (unless refractory)\ndg/dt = -g/(5*ms) : 1\n"
        "dh/dt = -h/(10*ms) : 1", threshold="v > 1", reset="v = 0", refractory=5 * ms,
    )  # fmt: skip
    both = [ns.Synapses(cells, cells, to=to, weight=0.1, delay=0 * ms, name=f"to_{to}") for to in "gh"]
    names = ("cells",)
    steps = [
        Step(Do.RECORD, names),
        Step(Do.INTEGRATE, names, pathways=()),
        Step(Do.THRESHOLD, names),
        Step(Do.SEND, names),
        Step(Do.DELIVER, pathways=("to_g",)),
        Step(Do.DELIVER, pathways=("to_h",)),
        Step(Do.RESET, names),
    ]
    usual, own = (
        with_joint_deliveries(lower(net, read_inputs(net, None, 10, None, 1)))
        for net in (ns.Network(*both, schedule=ns.Clock(1 * ms)), listed(*both, steps=steps))
    )
    assert can_split(own) and can_split(usual)
    assert len(postponed(own)) == 2 and taken_one_by_one(own) == {0}
    without_numbers = [
        re.sub("step [0-9]+|first, [0-9]+", "", write_source(plan).text) for plan in (usual, own)
    ]
    assert without_numbers[0] == without_numbers[1]


def test_threads_that_share_neurons_in_an_order_of_ones_own_change_no_bit():
    equations = """dv/dt = (1.2 + g - v)/(20*ms) : 1 (unless refractory)
                   dg/dt = -g/(5*ms) : 1
                   x : 1"""
    cells = ns.Neurons(
        "cells", 200, equations=equations, threshold="v > 1", reset="v = 0\nx = 0", refractory=5 * ms,
        method="euler", v=ns.uniform(0, 1), x=0,
    )  # fmt: skip
    delay, some = ns.uniform(0 * ms, 3 * ms), ns.probability(0.05)
    plain = ns.Synapses(cells, cells, to="g", weight=0.02, delay=delay, wiring=some, name="plain")
    text = ns.Synapses(
        cells, cells, wiring=some, delay=1 * ms, name="text", weight=0.1, on_pre="x_post += w",
        on_post="w = w*0.99 + 0.001*v_pre",
    )  # fmt: skip
    names = ("cells",)
    steps = [
        Step(Do.RECORD, names),
        Step(Do.INTEGRATE, names, pathways=()),
        Step(Do.THRESHOLD, names),
        Step(Do.SEND, names),
        Step(Do.DELIVER, pathways=("plain",)),
        Step(Do.DELIVER, pathways=("text",)),
        Step(Do.DELIVER, arriving=SENT, pathways=("text",)),
        Step(Do.RESET, names),
    ]
    net = listed(plain, text, steps=steps)
    assert can_split(lower(net, read_inputs(net, None, 10, None, 1)))
    runs = [dict(engine="reference"), dict(engine="events", threads=1), dict(engine="events", threads=2)]
    made = [
        ns.run(net, ticks=100, record=["cells.v", "text.w"], precision="single", **given) for given in runs
    ]
    for name in ("cells.v", "text.w"):
        assert all(np.array_equal(recording[name], made[0][name]) for recording in made[1:]), name
