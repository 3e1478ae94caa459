"""Text that runs at regular times, of neurons and of synapses."""

from dataclasses import replace

import numpy as np
import pytest
from orders_side import listed

import neurosim as ns
from neurosim.errors import PlanError
from neurosim.figures.expressions import written_lines
from neurosim.network.program import Do, Step
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import ms

ENGINES = ["reference", "events"]
TEXT = dict(
    equations="dv/dt = (rate - v)/(8*ms) : 1 (unless refractory)\nrate : 1\nn : 1",
    threshold="v > 1",
    reset="v = 0",
    method="euler",
    rate=2.0,
)
DRIFT = "v += 0.01*n\nn += 1"
DECAY = "w *= 0.5\nx_post += w"


def network(**more):
    """Neurons whose rate is drawn anew every 5 ms, and whose frozen variable text changes; synapses whose
    weights decay.
    """
    regularly = [(5 * ms, "rate = 2 + rand()"), (3 * ms, DRIFT)]
    cells = ns.Neurons("cells", 4, refractory=3 * ms, regularly=regularly, **TEXT, **more)
    heard = ns.Neurons("heard", 2, equations="dx/dt = -x/(6*ms) : 1", method="euler")
    decaying = ns.Synapses(
        cells, heard, weight=np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), on_pre="x_post += w",
        regularly=(4 * ms, DECAY), name="decaying",
    )  # fmt: skip
    return ns.Network(decaying, schedule=ns.Clock(1 * ms))


RECORD = ["cells", "cells.v", "cells.n", "cells.rate", "heard.x", "decaying.w"]


@pytest.fixture(scope="module", params=ENGINES)
def recording(request):
    return ns.run(network(), ticks=25, record=RECORD, engine=request.param, seed=2)


def test_text_runs_once_in_its_period_beginning_with_the_first_tick(recording):
    assert recording["cells.n"][:8, 0].tolist() == [1, 1, 1, 2, 2, 2, 3, 3]  # before anything is recorded
    halved = [recording["decaying.w"][tick, 0] for tick in range(9)]
    assert halved == [0.5] * 4 + [0.25] * 4 + [0.125]
    drawn = recording["cells.rate"][:, 0]
    assert len(set(drawn)) == 5 and ((drawn >= 2) & (drawn < 3)).all()
    # Each target's synapses add their weights in tick 0.
    assert recording["heard.x"][0].tolist() == [5, 13]


def test_text_leaves_variables_of_refractory_neurons_alone(recording):
    spikes = recording.spikes("cells")
    tick = int(spikes.tick[spikes.neuron == 0][0])
    for after in (1, 2):  # refractory, so v stays 0, though text adds to it every 3 ms
        assert recording["cells.v"][tick + after, 0] == 0


def test_engines_give_the_same_bits_in_one_piece_and_in_two(recording):
    other = {"reference": "events", "events": "reference"}[recording.engine]
    first = ns.run(network(), ticks=7, record=RECORD, engine=other, seed=2)
    rest = ns.run(network(), ticks=18, record=RECORD, engine=other, start=first)
    for name in RECORD[1:]:
        assert np.array_equal(np.concatenate([first[name], rest[name]]), recording[name]), name
    for key, value in recording.final.items():
        assert np.array_equal(rest.final[key], value), key


def test_neurons_do_what_those_of_Brian2_do():
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    group = b2.NeuronGroup(
        4,
        TEXT["equations"],
        threshold="v > 1",
        reset="v = 0",
        refractory=3 * b2.ms,
        method="euler",
        dt=1 * b2.ms,
    )
    group.rate = 2
    group.run_regularly(DRIFT, dt=3 * b2.ms)
    seen = b2.StateMonitor(group, ["v", "n"], record=True)
    b2.Network(group, seen).run(40 * b2.ms)
    cells = ns.Neurons("cells", 4, refractory=3 * ms, regularly=(3 * ms, DRIFT), **TEXT)
    ours = ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=40, record=["cells.v", "cells.n"])
    np.testing.assert_allclose(ours["cells.v"], seen.v.T, rtol=0, atol=1e-12)
    assert np.array_equal(ours["cells.n"], seen.n.T)


def test_periods_are_ticks_without_a_clock_and_files_hold_them(tmp_path):
    counter = ns.Neurons("counter", 1, update="v = v + 1", regularly=(3, "v = 0"))
    net = ns.Network(counter, schedule=ns.Synchronous())
    recording = ns.run(net, ticks=8, record=["counter"], to=tmp_path / "run.h5")
    assert recording["counter"].ravel().tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert ns.load(tmp_path / "run.h5") == net
    assert ns.replay(tmp_path / "run.h5").identical
    copied = ns.run(ns.Network(net.named("second"), schedule=ns.Synchronous()), ticks=8, record="all")
    assert np.array_equal(copied["second_counter"], recording["counter"])
    assert written_lines(counter)[-1] == "every 3: v = 0"


def test_a_schedule_may_say_when_in_a_tick_text_runs():
    counter = ns.Neurons("counter", 1, update="v = v + 1", regularly=(3 * ms, "v = 0"))
    steps = [
        Step(Do.UPDATE, ("counter",)),
        Step(Do.RECORD, ("counter",)),
        Step(Do.RUN, ("counter",), every=3, phase=1, block="regularly"),
    ]
    recording = ns.run(listed(counter, steps=steps), ticks=6, record=["counter.v"])
    assert recording["counter.v"].ravel().tolist() == [1, 2, 1, 2, 3, 1]


# What is refused.


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("v = 0", "regularly 'v = 0' does not read. Give a period and text, such as"),
        ([(3, "v = 0"), 4], "regularly 4 is no pair"),
        ((0, "v = 0"), "the period 0 is not above 0"),
        ((0.5, "v = 0"), "the period 0.5 is below one tick"),
        ((3, ""), "regularly has no text"),
        ((3, "u = 0"), "regularly assigns 'u', which is not a variable of it"),
        ((3, "t = 0"), "'t' cannot be assigned to"),
    ],
)
def test_what_is_no_period_or_text_is_refused(given, rule):
    with pytest.raises(ns.DescriptionError, match=rule):
        ns.Neurons("a", 2, update="v = v + 1", regularly=given)


def test_text_that_does_not_fit_its_network_is_refused():
    a = ns.Neurons("a", 2, equations="dv/dt = -v/ms : 1", regularly=(1.5 * ms, "v = 0"))
    with pytest.raises(
        ns.DescriptionError, match="'a': regularly: the period 1.5 ms is not a multiple of dt"
    ):
        ns.Network(a, schedule=ns.Clock(1 * ms))
    b = ns.Neurons("b", 2, update="v = v + 1")
    slow = ns.Synapses(b, b, on_pre="v_post += w", regularly=(1.5, "w = 0"))
    with pytest.raises(
        ns.DescriptionError, match="b -> b: regularly: the period 1.5 is not a whole number of"
    ):
        ns.Network(slow, schedule=ns.Synchronous())
    with pytest.raises(
        ns.DescriptionError, match="regularly assigns 'u', which is neither a variable of the"
    ):
        ns.Synapses(b, b, regularly=(3, "u = 0"))
    swept = ns.Network(
        ns.Neurons("s", 2, update="v = v + 1", regularly=(3, "v = 0")), schedule=ns.Asynchronous()
    )
    with pytest.raises(PlanError, match="changes 'v', which 's' sends as its neurons move one by one"):
        ns.run(swept, ticks=2)
    pytest.importorskip("jax")
    with pytest.raises(
        PlanError, match="arrays.*its step 'run cells regularly every 5 ticks'.*arrays cannot"
    ):
        ns.run(network(), ticks=2, engine="arrays")


def test_blocks_of_a_plan_that_no_step_runs_or_that_are_not_there_are_refused():
    net = network()
    plan = lower(net, read_inputs(net, None, 3, None, 1))
    with pytest.raises(PlanError, match="no step of it runs 'regularly' of the synapses 'decaying'"):
        check_plan(replace(plan, program=tuple(s for s in plan.program if not s.pathways)))
    wrong = Step(Do.RUN, ("heard",), block="never")
    with pytest.raises(PlanError, match="its step 'run heard never' names a block of text that nothing has"):
        check_plan(replace(plan, program=(wrong, *plan.program)))


@pytest.mark.parametrize("engine", ENGINES)
def test_text_changes_what_is_shared_if_it_stands_for_itself(engine):
    equations = "dv/dt = way/(5*ms) : 1\nway : 1 (shared)\nbegun : second (shared)"
    regularly = [(4 * ms, "way = randn()\nbegun = t"), (3 * ms, "v = v + way*i")]
    cells = ns.Neurons("cells", 3, equations=equations, method="euler", regularly=regularly)
    net = ns.Network(cells, schedule=ns.Clock(1 * ms))
    found = ns.run(net, ticks=8, record=["cells.v", "cells.way", "cells.begun"], engine=engine, seed=3)
    way = found["cells.way"]
    assert np.all(way == way[:, :1])
    assert len(set(way[:, 0])) == 2
    assert found["cells.begun"][:, 0].tolist() == [0.0] * 4 + [4e-3] * 4
    added = np.where(np.arange(8) % 3 == 0, way[:, 0], 0)
    steps = np.concatenate([[0], np.cumsum(way[:, 0] / 5)[:-1]])
    np.testing.assert_allclose(
        found["cells.v"], steps[:, None] + np.cumsum(added)[:, None] * np.arange(3), atol=1e-12
    )
