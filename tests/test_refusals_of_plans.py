"""Steps, programs and plans that are refused because they do not hold together."""

from dataclasses import replace

import numpy as np
import pytest
from orders_side import SENT, counter, listed, skipping

import neurosim as ns
from neurosim.errors import PlanError
from neurosim.network.program import Arriving, Do, Step
from neurosim.network.text import Statement
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Private
from neurosim.units import ms


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


def further(plan, of="text", /, **changes):
    """The plan with one more pathway of some synapses."""
    text = replace(plan.pathways["text"].text, on_post=None, integrate=None, **changes)
    more = replace(plan.pathways["text"], name="more", of=of, text=text)
    return replace(plan, pathways={**plan.pathways, "more": more})


def private(plan, weight):
    """The plan with private sources of these weights."""
    more = Private(
        name="more", pre="a", post="b", to="S", pre_index=np.zeros(1, int), post_index=np.arange(2),
        pre_shape=(1,), post_shape=(2,), sources=3, chance="0.1", weight=weight,
    )  # fmt: skip
    return replace(plan, pathways={**plan.pathways, "more": more})


BROKEN = {
    r"the weights have the shape \(3,\) instead of \(2,\)": lambda p: private(p, np.ones(3)),
    "Synapses 'more': a weight is not finite": lambda p: private(p, np.array([1, np.nan])),
    "share the variables of 'plain', which are no synapses that hold some": lambda p: further(p, "plain"),
    "take 'x' as their delay, which is no variable": lambda p: changed_pathway(p, "text", delay_from="x"),
    "are a pathway of 'text', but have other variables": lambda p: further(
        p, states={name: value.copy() for name, value in p.pathways["text"].text.states.items()}
    ),
    "are a pathway of 'text', which can have an on_pre for spikes": lambda p: further(p, on_pre=None),
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
