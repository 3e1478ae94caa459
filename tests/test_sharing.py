"""Populations and synapses of one kind share one C++ function, and run as they did."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events.sharing import marked_name, marked_number, plain, written_once
from neurosim.engine.events.source import write_source
from neurosim.network.program import Arriving, Do
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import Hz, ms

CELLS = """dv/dt = (drive - v)/tau + g/(5*ms) : 1 (unless refractory)
           dg/dt = -g/(5*ms) : 1
           double = 2*v : 1"""
TRACES = """w : 1
            dtrace/dt = -trace/(20*ms) : 1 (event-driven)"""


def cells(name, n, **more):
    constants = dict(tau=(10 + n) * ms, drive=1.1, v=ns.uniform(0, 1)) | more
    return ns.Neurons(
        name,
        n,
        equations=CELLS,
        threshold="v > 1 + 0.05*rand()",
        reset="v = 0",
        refractory=2 * ms,
        **constants,
    )


def plastic(pre, post, name, model=TRACES):
    return ns.Synapses(
        pre, post, model=model, on_pre="g_post += w\ntrace += 1", on_post="w = clip(w + 0.01*trace, 0, 1)",
        weight=0.1, delay=1 * ms, wiring=ns.probability(0.5), name=name,
    )  # fmt: skip


def many_of_few_kinds():
    """Three kinds of populations, twice or more each, and synapses of one text between and within them."""
    a, b, c, d = cells("a", 7), cells("b", 12), cells("c", 9), cells("d", 8, tau=np.linspace(5, 9, 8) * ms)
    slow = [
        ns.Neurons(f"slow{n}", n, equations="dx/dt = (I - x)/(30*ms) : 1\nI : 1", ports="I") for n in (3, 5)
    ]
    noise = [ns.Neurons(f"noise{n}", 1, threshold="rand() < rate*dt", rate=n * Hz) for n in (20, 40)]
    tell = [
        ns.Synapses(cell, x, to="I", weight=0.3, delay=1 * ms) for cell, x in ((a, slow[0]), (b, slow[1]))
    ]
    hear = [
        ns.Synapses(x, cell, to="g", weight=0.02, delay=1 * ms, wiring=ns.outdegree(3))
        for x, cell in ((slow[0], c), (slow[1], d))
    ]
    outside = [
        ns.Synapses(n, x, to="g", wiring=ns.private(9), weight=0.1)
        for n, x in zip(noise, (a, b), strict=True)
    ]
    wider = "w : 1\nhidden : 1\n" + TRACES.splitlines()[1]
    return ns.Network(
        *tell, *hear, *outside,
        plastic(a, b, "ab"), plastic(b, c, "bc", wider), plastic(c, d, "cd"), plastic(a, a, "aa"),
        schedule=ns.Clock(0.5 * ms),
    )  # fmt: skip


RECORD = ["a", "b", "c", "d", "a.v", "b.double", "c.double", "slow3", "slow5", "ab.w", "bc.w"]


def test_populations_of_one_kind_run_as_those_of_the_reference_do():
    runs = [
        ns.run(
            many_of_few_kinds(),
            duration=60 * ms,
            record=RECORD,
            seed=3,
            trials=trials,
            engine=engine,
            threads=threads,
        )
        for engine, threads, trials in (("reference", None, 2), ("events", 1, 2), ("events", 2, None))
    ]
    expected, *others = runs
    for trial, found in zip((slice(None), 0), others, strict=True):
        for name in RECORD:  # text has exponentials, which engines round differently
            np.testing.assert_allclose(found[name], expected[name][trial], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("text", [False, True])
def test_code_grows_with_the_kinds_of_populations_not_with_their_number(text):
    def functions(count):
        ring = [cells(f"area{n}", 5) for n in range(count)]
        pairs = zip(ring, (*ring[1:], ring[0]), strict=True)
        joins = [
            plastic(pre, post, f"s{n}") if text else ns.Synapses(pre, post, to="g", weight=0.1, delay=1 * ms)
            for n, (pre, post) in enumerate(pairs)
        ]
        net = ns.Network(*joins, schedule=ns.Clock(0.5 * ms))
        source = write_source(lower(net, read_inputs(net, None, ticks=1))).text
        return len(re.findall("^(?:NEUROSIM_SHARED )?void", source, re.MULTILINE)), source.count("move_")

    assert functions(4) == functions(12)


def written(name, *body):
    lines = "\n".join(f"    {line}" for line in body)
    return f"// {name}\nvoid {marked_name(name)}_moves(Context& context) {{\n{lines}\n}}\n"


def called(*names):
    lines = "\n".join(f"    {marked_name(name)}_moves(context);" for name in names)
    return f"// all\nvoid tick(Worker& worker) {{\n{lines}\n}}\n"


def test_functions_that_differ_only_in_numbers_become_one_with_a_table():
    parts = [
        written(name, f"add({marked_number(place)}, {marked_number(7)});") for place, name in enumerate("xyz")
    ]
    source = written_once([*parts, called("x", "y", "z")])
    assert source.count("add(of[0], 7);") == 1
    assert "constexpr int of_x_moves[][1] = {\n    {0},\n    {1},\n    {2},\n};" in source
    assert "for (int row = 0; row < 3; ++row) x_moves(context, of_x_moves[row]);" in source


def test_functions_that_differ_in_no_number_need_no_table():
    parts = [written(name) for name in "xy"]
    assert written_once([*parts, called("x", "y")]) == plain("\n".join([*parts, called("x", "y")]))


def test_functions_that_no_other_equals_hold_their_numbers():
    parts = [written("x", f"add({marked_number(1)});"), written("y", f"subtract({marked_number(2)});")]
    assert written_once([*parts, called("x", "y")]) == plain("\n".join([*parts, called("x", "y")]))


def test_functions_that_name_one_population_where_others_name_two_are_not_alike():
    one = written("x", f"add({marked_name('a')}, {marked_name('a')});")
    two = written("y", f"add({marked_name('a')}, {marked_name('b')});")
    assert "NEUROSIM_SHARED" not in written_once([one, two, called("x", "y")])


def test_functions_that_call_others_of_their_population_keep_their_code():
    parts = [written(name, f"{marked_name(name)}_part(context);") for name in "xy"]
    assert "NEUROSIM_SHARED" not in written_once([*parts, called("x", "y")])


@dataclass(frozen=True)
class Twice(ns.Clock):
    """Spikes arrive through the synapses 'a' in one step, and through 'b' in the next."""

    def steps(self, net, members):
        for step in super().steps(net, members):
            if step.kind is Do.DELIVER and step.arriving is Arriving.SPIKES:
                yield from (replace(step, populations=(), pathways=(name,)) for name in "ab")
            else:
                yield step


def test_two_steps_may_deliver_spikes_to_one_port():
    ears = ns.Neurons("ears", 20)
    cells = ns.Neurons(
        "cells", 30, equations="dv/dt = (I - v)/(10*ms) : 1", ports="I", threshold="v > 1", reset="v = 0"
    )
    joined = dict(to="I", delay=1 * ms, wiring=ns.probability(0.3))
    net = ns.Network(
        ns.Synapses(ears, cells, weight=1.0, name="a", **joined),
        ns.Synapses(ears, cells, weight=2.0, name="b", **joined),
        schedule=Twice(0.5 * ms),
    )  # fmt: skip
    heard = np.argwhere(np.random.default_rng(1).random((40, 20)) < 0.05)
    runs = [
        ns.run(
            net,
            {"ears": (heard[:, 0], heard[:, 1])},
            ticks=50,
            record=["cells.v", "cells.I"],
            seed=1,
            engine=engine,
        )
        for engine in ("reference", "events")
    ]
    for name in ("cells.v", "cells.I"):
        np.testing.assert_allclose(runs[1][name], runs[0][name], rtol=1e-12)
    assert runs[0]["cells.I"].max() > 2
