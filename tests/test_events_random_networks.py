"""Random networks, and unusual text, give the results of the reference engine."""

import numpy as np
import pytest
from events_side import assert_same, balanced, graded, part, spoken
from events_tests_side import TOLERANCE, both
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import clock, layered

import neurosim as ns
from neurosim.engine.events import build
from neurosim.units import ms

pytestmark = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")


@settings(deadline=None, max_examples=6, derandomize=True)
@given(st.data())
def test_random_linear_networks_are_the_references_to_the_bit(data):
    """One structure, so one compilation: sizes, weights, delays, periods, thresholds of all kinds, over a
    restart."""
    pick = data.draw
    net = balanced(
        pick(st.integers(4, 150)),
        drive=pick(st.floats(0.5, 3)),
        weight=pick(st.floats(-0.3, 0.3)),
        heard=pick(st.floats(-1, 1)),
        tau=pick(st.sampled_from([2, 5, 10, 20])) * ms,
        longest=pick(st.integers(0, 40)) * ms,
        period=pick(st.integers(1, 20)) * 0.5 * ms,
    )
    seed, ticks = pick(st.integers(0, 2**64 - 1)), pick(st.integers(1, 60))
    inputs, record = {"ears": spoken(2 * ticks, seed=seed)}, ["cells", "cells.v", "cells.h"]
    wanted = ns.run(net, inputs, ticks=2 * ticks, seed=seed, record=record, engine="reference")
    for threads in (1, 3):
        assert_same(
            ns.run(net, inputs, ticks=2 * ticks, seed=seed, record=record, engine="events", threads=threads),
            wanted,
        )
    begun = ns.run(net, part(inputs, 0, ticks), ticks=ticks, seed=seed, engine="events", threads=2)
    ended = ns.run(
        net, part(inputs, ticks, 2 * ticks), ticks=ticks, seed=seed, start=begun, engine="events", threads=4
    )
    np.testing.assert_array_equal(ended.final["state/cells/v"], wanted.final["state/cells/v"])


@settings(deadline=None, max_examples=6, derandomize=True)
@given(st.data(), st.sampled_from(["Synchronous", "Asynchronous"]))
def test_random_networks_of_messages_are_the_references(data, schedule):
    """Stored and dense synapses between values, delays, clamps, trials, sums and maxima, in step and one
    after the other."""
    pick = data.draw
    net = graded(
        pick(st.integers(1, 25)),
        pick(st.integers(1, 12)),
        schedule=getattr(ns, schedule)(),
        density=pick(st.floats(0, 1)),
        weight=pick(st.floats(-0.5, 0.5)),
        delay=pick(st.integers(1, 5)),
        leak=pick(st.floats(0, 1)),
    )
    trials, ticks = pick(st.sampled_from([1, 2, 9])), pick(st.integers(1, 12))
    rng = np.random.default_rng(pick(st.integers(0, 99)))
    inputs = {"drive": rng.normal(0, 1, (trials, ticks, 3))}
    both(
        net,
        inputs,
        seed=pick(st.integers(0, 99)),
        record=["a", "b", "a.I", "b.loud"],
        threads=pick(st.integers(1, 3)),
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("text", ["J + sin(t+i)", "J + cos(t+i)*exp(-J)"])
def test_a_port_is_read_before_it_is_cleared(text):
    """GCC 12.2 at -O3 would clear the port before it is read, if another port without synapses is cleared as
    well."""
    cell = ns.Neurons("cell", 3, update=f"v = {text}", ports="I J")
    both(
        layered(ns.Synapses(cell, cell, to="J", wiring=ns.one_to_one(), delay=1)),
        ticks=6,
        record=["cell.I", "cell.J", "cell"],
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("method", ["euler", "rk4", "exact"])
def test_update_text_may_change_again_what_equations_have_integrated(method):
    equations, update = "dx/dt = (y - x)/(4*ms) : 1\ndy/dt = -y/(9*ms) : 1", "x = 0.5*x + y\nspikes = x"
    cells = ns.Neurons(
        "cells",
        3,
        equations=equations,
        update=update,
        threshold="spikes > 0.4",
        reset="y += 1",
        method=method,
        y=ns.uniform(0, 1),
    )
    both(clock(cells), ticks=30, record=["cells", "cells.x", "cells.spikes"])


def test_variables_may_be_called_as_the_engine_calls_its_own_arrays():
    text = (
        "J_port = J + J_read\nJ_read = J_port\nJ_count = J_count + K\nlast_spike = last_spike +"
        " 1\nI_port_at = J"
    )
    cells = ns.Neurons(
        "cells",
        2,
        update=text,
        ports="J:sum K:mean",
        threshold="last_spike > 3",
        refractory=2 * ms,
        reset="last_spike = J_port",
    )
    net = clock(
        ns.Synapses(cells, cells, to="J", delay=1 * ms), ns.Synapses(cells, cells, to="K", delay=1 * ms)
    )
    both(
        net,
        ticks=12,
        record=[
            "cells",
            "cells.J_port",
            "cells.J_read",
            "cells.J_count",
            "cells.last_spike",
            "cells.J",
            "cells.K",
        ],
    )


@pytest.mark.parametrize("trials", [None, 3])
@pytest.mark.parametrize("schedule", [ns.Synchronous(), ns.Asynchronous()], ids=str)
def test_a_run_in_pieces_has_the_bits_of_the_whole_run_also_where_products_are_chaotic(schedule, trials):
    """A product is updated by the messages that have changed, so that its last bits depend on the past."""
    cells = ns.Neurons("cells", 60, update="v = where(rand() < 0.2, tanh(I), v)", v=ns.normal(0, 1))
    delay = 1 if isinstance(schedule, ns.Synchronous) else 0
    net = ns.Network(ns.Synapses(cells, cells, weight=ns.spectral_radius(4), delay=delay), schedule=schedule)
    options = dict(record=["cells"], engine="events", trials=trials)
    whole = ns.run(net, ticks=700, **options)["cells"]
    part = ns.run(net, ticks=377, **options)
    rest = ns.run(net, ticks=323, start=part, record=["cells"], engine="events")
    np.testing.assert_array_equal(rest["cells"], whole[..., 377:, :])
    assert not [
        key for key in ns.run(net, ticks=1, start=part, engine="reference").final if key.startswith("product")
    ]
