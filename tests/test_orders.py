"""Schedules of one's own whose steps name synapses and probes, or run in some ticks only."""

import re
from dataclasses import replace

import numpy as np
import pytest
from orders_side import SENT, copies, in_brian2, listed, random_order

import neurosim as ns
from neurosim.engine.events.order import with_joint_deliveries
from neurosim.engine.events.source import write_source
from neurosim.engine.events.stages import postponed, taken_one_by_one
from neurosim.engine.events.workload import can_split
from neurosim.errors import PlanError
from neurosim.network.program import Arriving, Do, Step
from neurosim.network.text import Statement
from neurosim.plan.check import check_plan
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


def counter(**more):
    return ns.Neurons("counter", 2, equations="dv/dt = 1/second : 1\nn : 1", update="n += dt/ms", **more)


def moving(every=1, phase=0):
    """The steps of `counter`, which record n before it moves and v after that."""
    return [
        Step(Do.RECORD, probes=("counter.n",)),
        Step(Do.INTEGRATE, ("counter",), every=every, phase=phase),
        Step(Do.RECORD, ("counter",)),
    ]


def skipping(every=3, phase=1):
    return listed(counter(), steps=moving(every, phase))


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


# What is refused.


def test_fields_that_a_step_does_not_have_are_refused():
    for made, rule in (
        (lambda: Step(Do.UPDATE, ("a",), pathways=("s",)), "update a, s: pathways has no meaning here"),
        (lambda: Step(Do.UPDATE, ("a",), probes=("a.v",)), "belongs to steps of the kind record"),
        (lambda: Step(Do.RECORD, probes=["a.v"]), r"probes \['a.v'\] is not a tuple of names"),
        (lambda: Step(Do.UPDATE, ("a",), every=0), "every: 0 is below 1"),
        (lambda: Step(Do.UPDATE, ("a",), every=2, phase=2), "phase: 2 is too large"),
        (lambda: Step(Do.DRIVE, ("a",), every=2), "Leave out every"),
    ):
        with pytest.raises(ns.DescriptionError, match=rule):
            made()


def everything():
    """A plan in which nearly every rule for steps has something to say."""
    a = ns.Neurons("a", 2, equations="dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0")
    b = ns.Neurons("b", 2, equations="dv/dt = (I + S)/ms : 1\nS : 1", sends="v")
    driven = ns.Neurons("driven", 2)
    net = ns.Network(
        ns.Synapses(a, b, weight=1.0, delay=1 * ms, name="plain"),
        ns.Synapses(driven, b, weight=1.0, name="given"),
        ns.Synapses(
            a, b, model="dq/dt = -q/ms : 1 (clock-driven)", on_pre="q += 1", on_post="w += v_pre", name="text"
        ),
        ns.Synapses(
            b,
            a,
            model="dq/dt = v_pre/ms : 1 (clock-driven)",
            on_pre="v_post += q",
            on_post="q += 1",
            name="back",
        ),
        ns.Synapses(b, b, model="S_post = v_pre : 1 (summed)", name="sum"),
        schedule=ns.Clock(1 * ms),
    )
    return lower(
        net,
        read_inputs(net, {"driven": np.zeros((3, 2))}, None, None, 1),
        probes=ns.network.probes.read_record(net, ["b.I", "a.v"]),
    )


STEPS = {
    "record": Step(Do.RECORD, ("a", "b", "driven")),
    "drive": Step(Do.DRIVE, ("driven",)),
    "send": Step(Do.SEND, ("b",)),
    "graded": Step(Do.DELIVER, ("a", "b"), Arriving.GRADED),
    "move": Step(Do.INTEGRATE, ("a", "b")),
    "fire": Step(Do.THRESHOLD, ("a",)),
    "spikes": Step(Do.SEND, ("a",)),
    "deliver": Step(Do.DELIVER, ("a", "b"), Arriving.SPIKES),
    "post": Step(Do.DELIVER, ("a", "b"), SENT),
    "reset": Step(Do.RESET, ("a",)),
}


def program(*changes):
    """The usual program after some changes: a name to leave out, or a name and what stands in its place."""
    steps = {name: (step,) for name, step in STEPS.items()}
    for change in changes:
        name, *instead = (change,) if isinstance(change, str) else change
        steps[name] = tuple(instead)
    return tuple(step for several in steps.values() for step in several)


ODD = {
    "its step 'reset c' names 'c', which is no population here": program(("reset", Step(Do.RESET, ("c",)))),
    "names 'x', which is no synapse object": program(("deliver", Step(Do.DELIVER, pathways=("x",)))),
    "names 'x', which is no probe here": program(("reset", Step(Do.RECORD, probes=("x",)))),
    "'reset a' stands there twice": program(("reset", STEPS["reset"], STEPS["reset"])),
    "no step of it drives 'driven'. Let one step do so": program("drive"),
    "no step of it sends the spikes of 'a'": program("spikes"),
    "no step of it compares 'a' with its threshold": program("fire"),
    "no step of it delivers what arrives through the synapses 'plain'": program("deliver"),
    "no step of it runs the on_post text of the synapses 'text'": program("post"),
    "adds up the .summed. variables of": program(("graded", Step(Do.DELIVER, pathways=("given", "back")))),
    "equations of the synapses 'back'": program(("move", Step(Do.INTEGRATE, ("a", "b"), pathways=("text",)))),
    "'update a' moves 'a' a second time": program(("move", STEPS["move"], Step(Do.UPDATE, ("a",)))),
    "arrives through the synapses 'given' a second": program(
        ("move", STEPS["move"], Step(Do.DELIVER, pathways=("given",)))
    ),
    "'reset a' stands before 'threshold a'": program(("drive", STEPS["drive"], STEPS["reset"]), "reset"),
    "'deliver sent a, b' stands before 'threshold a', which finds": program(
        ("drive", STEPS["drive"], STEPS["post"]), "post"
    ),
    "'integrate a, b' stands before 'deliver graded a, b', which delivers the message": program(
        ("drive", STEPS["drive"], STEPS["move"]), "move"
    ),
    "stands before 'integrate a, b', which reads the port": program(
        ("record", STEPS["record"], Step(Do.RECORD, probes=("b.I",)))
    ),
    "records 'a.v' a second time": program(
        ("record", STEPS["record"], Step(Do.RECORD, probes=("a.v",))),
        ("post", STEPS["post"], Step(Do.RECORD, ("a",), probes=("a.v",))),
    ),
    "'reset a every 2 ticks' runs in other ticks than": program(("reset", replace(STEPS["reset"], every=2))),
    "subexpression of 'b' reads the port 'I'": program(
        *((name, replace(STEPS[name], every=2)) for name in ("move", "fire", "spikes", "reset", "send"))
    ),
    "misses spikes of 'a', which 'plain' makes due": program(("deliver", replace(STEPS["deliver"], every=2))),
}


@pytest.mark.parametrize("rule", ODD)
def test_programs_that_make_no_tick_are_refused(plan, rule):
    with pytest.raises(PlanError, match=rule):
        check_plan(replace(plan, program=ODD[rule]))


def test_a_schedule_that_names_synapses_which_are_not_there_is_refused():
    with pytest.raises(
        ns.DescriptionError, match=r"its step 'deliver recent' names 'recent', which are no syn"
    ):
        listed(counter(), steps=[Step(Do.DELIVER, pathways=("recent",))])


def test_what_a_population_that_skips_ticks_cannot_have_is_refused():
    clamp = {"counter": np.zeros((4, 2))}
    with pytest.raises(PlanError, match="not run in every tick, but an input clamps 'counter'. Leave it out"):
        ns.run(skipping(), clamp)
    with pytest.raises(PlanError, match="until='stable' would stop too early"):
        ns.run(skipping(), ticks=4, until="stable")
    cell = ns.Neurons("cell", 2, update="v = I")
    steps = [
        Step(Do.INTEGRATE, ("counter",), every=2),
        Step(Do.SEND, ("counter",), every=2),
        Step(Do.DELIVER, ("cell",)),
        Step(Do.INTEGRATE, ("cell",)),
        Step(Do.RECORD, ("counter", "cell")),
    ]
    net = listed(ns.Synapses(counter(), cell, delay=1 * ms), steps=steps)
    with pytest.raises(PlanError, match="but what 'counter' sends has a delay"):
        ns.run(net, ticks=4)


def changed_group(plan, key, /, **changes):
    return replace(plan, groups={**plan.groups, key: replace(plan.groups[key], **changes)})


def changed_pathway(plan, key, /, **changes):
    return replace(plan, pathways={**plan.pathways, key: replace(plan.pathways[key], **changes)})


def changed_text(plan, key, /, **changes):
    return changed_pathway(plan, key, text=replace(plan.pathways[key].text, **changes))


BROKEN = {
    "Neurons 'a': calls itself 'c'": lambda p: changed_group(p, "a", name="c"),
    "sends for 'c', which is no population": lambda p: changed_group(p, "a", of="c"),
    r"v has the shape \(3,\) instead of \(2,\)": lambda p: changed_group(p, "a", states={"v": np.zeros(3)}),
    r"\(unless refractory\) marks 'u', which is no": lambda p: changed_group(p, "a", frozen=frozenset("u")),
    "spikes if and only if it has a threshold": lambda p: changed_group(p, "a", spiking=False),
    "Synapses 'plain': call themselves 'x'": lambda p: changed_pathway(p, "plain", name="x"),
    "join 'x', which is no population": lambda p: changed_pathway(p, "plain", pre="x"),
    "join neurons outside 'b'": lambda p: changed_pathway(p, "plain", post_index=np.array([5])),
    "add to 'x', which is no port or variable of 'b'": lambda p: changed_pathway(p, "plain", to="x"),
    "a delay is below 0": lambda p: changed_pathway(
        p, "plain", stored=replace(p.pathways["plain"].edges, delay=np.full(4, -1))
    ),
    "Synapses 'text': have no variables": lambda p: changed_text(p, "text", states={}),
    r"w has the shape \(1,\) instead of \(4,\)": lambda p: changed_text(
        p, "text", states={name: value[:1] for name, value in p.pathways["text"].text.states.items()}
    ),
    "on_pre assigns 'u', which is no variable of .*. Declare it, or call it '_u'": lambda p: changed_text(
        p, "text", on_pre=replace(p.pathways["text"].text.on_pre, statements=(Statement("u", "=", "1"),))
    ),
    "drives 'x', which is no population": lambda p: replace(p, drives={"x": p.drives["driven"]}),
    "the probe 'b.I' records 'x' of 'b', which has no such variable": lambda p: replace(
        p, probes=(replace(p.probes[0], variable="x"),)
    ),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_plans_that_do_not_hold_together_are_refused(plan, rule):
    with pytest.raises(PlanError, match=rule):
        check_plan(BROKEN[rule](plan))


@pytest.fixture(scope="module")
def plan():
    made = everything()
    check_plan(replace(made, program=program()))
    return made
