"""A network that is run again and again: each run gives what a first one gives, and begins at once."""

import gc
import multiprocessing
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events import compiled
from neurosim.units import ms

ENGINES = ("reference", "events")
RECORD = ["cells", "cells.v", "rate", "learning.w"]


def network():
    """Spikes, graded messages, delays, refractoriness, noise, and synapses that learn."""
    source = ns.Neurons("source", 6)
    cells = ns.Neurons(
        "cells", 8, equations="dv/dt = (0.2 - v)/(5*ms) : 1", update="v = v + 0.1*rand()",
        threshold="v > 0.4", reset="v = 0", refractory=2 * ms, v=ns.uniform(0, 0.5),
    )  # fmt: skip
    rate = ns.Neurons("rate", 3, update="y = 0.5*y + I", ports={"I": "max"}, y=[1.0, 2.0, 3.0])
    return ns.Network(
        ns.Synapses(
            source, cells, to="v", wiring=ns.probability(0.5), weight=ns.normal(0.3, 0.1),
            delay=ns.uniform(1 * ms, 6 * ms),
        ),
        ns.Synapses(
            cells, cells, wiring=ns.probability(0.4), on_pre="v_post += w; w = 0.9*w", weight=0.2,
            delay=ns.uniform(1 * ms, 4 * ms), name="learning",
        ),
        ns.Synapses(cells, rate, wiring=ns.all_to_all(), weight=0.4, delay=2 * ms),
        ns.Synapses(rate, rate, weight=0.2, delay=3 * ms),
        schedule=ns.Clock(1 * ms),
    )  # fmt: skip


def spikes(seed, ticks=9):
    return {"source": np.random.default_rng(seed).random((ticks, 6)) < 0.3}


def same(a, b):
    """Whether two recordings are equal to the bit, in what was recorded and in how they end."""
    assert set(a.final) == set(b.final)
    for name in a.final:
        np.testing.assert_array_equal(a.final[name], b.final[name], strict=True)
    for name in a:
        np.testing.assert_array_equal(np.asarray(a[name]), np.asarray(b[name]), strict=True)
    return True


@pytest.fixture(scope="module")
def net():
    return network()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", [{}, {"trials": 3}, {"threads": 2}])
def test_a_later_run_gives_what_a_first_one_gives(net, engine, options):
    def run(net, seed, **more):
        return ns.run(net, spikes(seed), record=RECORD, engine=engine, **options, **more)

    first, other = run(net, 1), run(net, 2)
    assert same(first, run(net, 1)) and same(other, run(network(), 2))
    then = run(net, 3, start=first)
    assert same(then, run(network(), 3, start=run(network(), 1))) and same(then, run(net, 3, start=first))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_in_many_short_calls_is_one_run(net, engine):
    whole = ns.run(net, spikes(5, 24), record=RECORD, engine=engine)
    part, given = None, spikes(5, 24)["source"]
    for first in range(0, 24, 4):
        part = ns.run(net, {"source": given[first : first + 4]}, record=RECORD, engine=engine, start=part)
        np.testing.assert_array_equal(part["cells.v"], whole["cells.v"][first : first + 4])
    for name in whole.final:
        np.testing.assert_array_equal(part.final[name], whole.final[name], strict=True)


def test_a_run_that_is_longer_than_the_first_one_delivers_what_is_sent_late(net):
    given = {"source": np.random.default_rng(1).random((9, 6)) < 0.3}
    other = network()
    ns.run(other, {"source": given["source"][:2]}, record=RECORD, engine="events")
    assert same(ns.run(other, given, record=RECORD, engine="events"), ns.run(net, given, record=RECORD))


def test_what_earlier_runs_ended_in_stays_as_it_was(net):
    first = ns.run(net, spikes(1), engine="events")
    known = {name: np.array(value) for name, value in first.final.items()}
    for seed in range(3):
        ns.run(net, spikes(seed), engine="events", start=first)
        ns.run(net, spikes(seed), engine="events")
    assert all(np.array_equal(known[name], first.final[name], equal_nan=True) for name in known)


def test_spikes_on_their_way_are_put_in_order_only_if_somebody_asks(net, monkeypatch):
    made = []
    columns = "neurosim.engine.events.pending_at_end.PendingAtEnd.columns"
    monkeypatch.setattr(columns, lambda self: made.append(1) or {})
    recording = ns.run(net, spikes(1), record=RECORD, engine="events")
    assert recording.ticks == 9 and not made
    assert recording.final["tick"] == 9 and made == [1]


def test_a_later_run_needs_neither_generated_code_nor_the_cache(net, monkeypatch):
    first = ns.run(net, spikes(1), record=RECORD, engine="events")

    def gone(*arguments, **named):
        raise AssertionError

    for name in ("write_source", "load", "NetworkLayout"):
        monkeypatch.setattr(compiled, name, gone)
    assert same(first, ns.run(net, spikes(1), record=RECORD, engine="events"))
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", "-O0")
    with pytest.raises(AssertionError):  # other code is asked for
        ns.run(net, spikes(1), record=RECORD, engine="events")


def test_what_is_kept_goes_with_the_network():
    net = network()
    recording = ns.run(net, spikes(1), record=RECORD, engine="events")
    (plan,) = net.kept_plans.values()
    kept = weakref.ref(next(iter(plan.made["events"].layouts.values())))
    del plan, net
    gc.collect()
    assert kept() is not None  # the recording has its network
    del recording
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_run_recorded_goes_with_its_recording(net, engine):
    """At once, not when Python next looks for garbage: it may be gigabytes."""
    gc.collect()
    gc.disable()
    try:
        values = np.asarray(ns.run(net, spikes(1), record=["cells.v"], engine=engine)["cells.v"])
        while isinstance(values.base, np.ndarray):
            values = values.base
        held = weakref.ref(values)
        del values
        assert held() is None
    finally:
        gc.enable()


def test_threads_and_processes_run_a_network_side_by_side(net):
    runs = [ns.run(net, spikes(seed), record=RECORD, engine="events") for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for first, again in zip(runs, pool.map(in_process, [(net, seed) for seed in range(4)]), strict=True):
            assert same(first, again)
    copied = pickle.loads(pickle.dumps(net))
    assert not copied.kept_plans
    with multiprocessing.get_context("fork").Pool(1) as pool:
        for first, again in zip(runs, pool.map(forked, range(4)), strict=True):
            np.testing.assert_array_equal(first["cells.v"], again)


def in_process(given):
    net, seed = given
    return ns.run(net, spikes(seed), record=RECORD, engine="events")


def forked(seed):
    return np.array(in_process((KNOWN[0], seed))["cells.v"])


KNOWN = []


@pytest.fixture(autouse=True)
def known(net):
    """A network that a forked process finds as it was when it was forked."""
    KNOWN[:] = [net]


def test_a_large_layout_is_not_kept(monkeypatch):
    monkeypatch.setattr(compiled, "MOST_SYNAPSES", 3)
    net = network()
    first = ns.run(net, spikes(1), record=RECORD, engine="events")
    (plan,) = net.kept_plans.values()
    assert not plan.made["events"].layouts
    assert same(first, ns.run(net, spikes(1), record=RECORD, engine="events"))
