"""Plans with events of neurons beside their spikes: views that have a threshold and a reset of their own."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine import choose, ready
from neurosim.engine.driver import run_to_end
from neurosim.errors import PlanError
from neurosim.network.program import Do, Step
from neurosim.network.text import Statement
from neurosim.plan.check import check_plan
from neurosim.plan.groups import view_group
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Block
from neurosim.units import ms


class Nowhere:
    """A writer for runs of which nothing is recorded."""

    block = 1000

    def write(self, *given, **more):
        pass


def plan_with_events(ticks=12):
    """Neurons that count to 4 and are then reset by an event of their own, which also reaches their targets
    after two ticks; and which spike, without effect, when they have counted to 3.
    """
    cells = ns.Neurons(
        "cells", 3, equations="x : 1\nu : 1\nn : 1", update="x += 1", threshold="x == 3", x=np.arange(3.0)
    )
    heard, text = ns.Neurons("heard", 3, update="y = y", equations="y : 1"), "y_post += w*n_pre\nu_pre += 1"
    told = ns.Synapses(cells, heard, wiring=ns.one_to_one(), on_pre=text, delay=2 * ms, name="told")
    net = ns.Network(told, schedule=ns.Clock(1 * ms))
    plan = lower(net, read_inputs(net, None, ticks, None, 1))
    name = "cells.high"
    high = replace(
        view_group(name, cells, "x"),
        sends=None,
        spiking=True,
        threshold=Block("threshold", (Statement("spikes", "=", "x > 3.5"),), ("spikes",)),
        reset=Block("reset", (Statement("x", "=", "0.0"), Statement("n", "+=", "1.0")), ("x", "n")),
    )
    program = []
    for step in plan.program:
        program.append(step)
        if step.kind is Do.THRESHOLD:
            program += [Step(Do.THRESHOLD, (name,)), Step(Do.SEND, (name,))]
        if step.kind is Do.RESET:
            program.append(Step(Do.RESET, (name,)))
    told = replace(plan.pathways["told"], pre=name)
    return replace(plan, groups={**plan.groups, name: high}, pathways={"told": told}, program=tuple(program))


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_an_event_has_a_threshold_and_a_reset_of_its_own_and_reaches_synapses(engine):
    plan = plan_with_events()
    check_plan(plan)
    _, made = ready(engine, plan)
    ran, _, final = run_to_end(made, Nowhere(), lambda ticks: False)
    assert ran == 12
    # The neurons begin with 0, 1 and 2, so that they reach 4 in ticks 3, 2 and 1, and then every fourth tick.
    assert final["state/cells/x"].tolist() == [[0, 1, 2]]
    assert final["state/cells/n"].tolist() == [[3, 3, 3]]
    # What was sent by tick 9 has arrived: two events of the first and second, three of the third.
    assert final["state/cells/u"].tolist() == [[2, 2, 3]]
    assert final["state/heard/y"].tolist() == [[1 + 2, 1 + 2, 1 + 2 + 3]]
    assert final["arrivals/told/due"].tolist() == [12, 13]


def test_arrays_do_not_keep_the_times_of_spikes():
    """The other engines do, as tests/test_brian_refractoriness.py says."""
    pytest.importorskip("jax")
    cells = ns.Neurons("cells", 1, equations="x : 1\nlast : 1", update="x += 1", threshold="x == 3")
    net = ns.Network(cells, schedule=ns.Synchronous())
    plan = lower(net, read_inputs(net, None, 2, None, 1))
    marked = replace(plan.groups["cells"], spike_time="last")
    with pytest.raises(PlanError, match="'cells' keeps the time of its last spike, which arrays do not"):
        choose("arrays", replace(plan, groups={"cells": marked}))
    with pytest.raises(PlanError, match="its spikes set 'z', which is no variable of it"):
        check_plan(replace(plan, groups={"cells": replace(marked, spike_time="z")}))


def test_in_our_own_words_an_event_is_a_population_that_is_sent_a_variable():
    cells = ns.Neurons(
        "cells", 2, equations="g : 1\nn : 1", update="g += 0.25", threshold="g > 9", g=[0, 0.5]
    )
    high = ns.Neurons("high", 2, threshold="I > 1")
    there = ns.Synapses(cells.sending("g"), high, wiring=ns.one_to_one())
    back = ns.Synapses(high, cells, wiring=ns.one_to_one(), on_pre="g_post = 0; n_post += 1")
    net = ns.Network(there, back, schedule=ns.Clock(1 * ms))
    found = ns.run(net, ticks=10, record=["high", "cells.g", "cells.n"], engine="reference")
    # Each looks at what tick 5 (or 3) begins with, 1.25, and has been moved once more when it is set to 0.
    spikes = found.spikes("high")
    assert list(zip(spikes.tick, spikes.neuron, strict=True)) == [(3, 1), (5, 0), (9, 1)]
    assert found["cells.g"][:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25, 0, 0.25, 0.5, 0.75]
    assert found["cells.n"][-1].tolist() == [1, 1]
