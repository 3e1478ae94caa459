"""Variables that are declared integer or boolean, in neurons and synapses, beside Brian2's."""

import numpy as np
import pytest
from refusals_side import D, P, check

import neurosim as ns
from neurosim.units import ms

NEURONS = """
    dv/dt = (1 + int(active) - v)/(5*ms) : 1
    active : boolean (constant)
    label : integer (constant)
    n : integer
    on : boolean
    half = label//2 : integer
    both = active and label > 1 : boolean
    drawn = 3*rand() : integer (constant over dt)
"""
THRESHOLD, RESET = "both and not on or v > 0.9", "v = 0\nn += 1\non = n > 1\nn = n*1.5 + 0.3"
SYNAPSES, ON_PRE = "k : integer\nhit : boolean", "hit = k > 5\nv_post += 0.1*int(hit) + 0.01*k\nk = k/2 + 1.6"
ACTIVE, LABEL = [True, False, True, False], [0, 1, 2, 3]
SPIKES = np.array([1, 3]), np.array([0, 1])


@pytest.fixture(scope="module")
def theirs():
    """(label -> trace of Brian2)."""
    b = pytest.importorskip("brian2")
    b.prefs.codegen.target = "numpy"
    b.defaultclock.dt = 1 * b.ms
    ears = b.SpikeGeneratorGroup(2, SPIKES[1], SPIKES[0] * b.ms)
    group = b.NeuronGroup(4, NEURONS, threshold=THRESHOLD, reset=RESET, method="exact")
    group.active, group.label = ACTIVE, LABEL
    synapses = b.Synapses(ears, group, SYNAPSES, on_pre=ON_PRE)
    synapses.connect()
    synapses.k = 7
    monitor = b.StateMonitor(group, ["v", "n", "on", "half", "both"], record=True)
    own = b.StateMonitor(synapses, ["k", "hit"], record=True)
    b.Network(ears, group, synapses, monitor, own).run(9 * b.ms)
    found = {
        f"cells.{name}": np.asarray(getattr(monitor, name)).T for name in ("v", "n", "on", "half", "both")
    }
    return found | {f"join.{name}": np.asarray(getattr(own, name)).T for name in ("k", "hit")}


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_integers_and_booleans_are_those_of_brian2(engine, theirs):
    cells = ns.Neurons(
        "cells", 4, equations=NEURONS, threshold=THRESHOLD, reset=RESET, active=ACTIVE, label=LABEL
    )
    join = ns.Synapses(ns.Neurons("ears", 2), cells, model=SYNAPSES, on_pre=ON_PRE, k=7, name="join")
    alone = ns.Neurons("alone", 2, equations="b : boolean", threshold="b", b=[True, False])
    net = ns.Network(join, alone, schedule=ns.Clock(1 * ms))
    found = ns.run(net, {"ears": SPIKES}, ticks=9, record=[*theirs, "alone", "cells.drawn"], engine=engine)
    for name, wanted in theirs.items():
        np.testing.assert_allclose(found[name], wanted, atol=1e-12, err_msg=name)
    assert theirs["cells.n"].max() > 2 and theirs["join.k"].min() < 7 and theirs["join.hit"].any()
    np.testing.assert_array_equal(found["alone"].sum(axis=0), [9, 0])
    assert set(np.unique(found["cells.drawn"])) == {0, 1, 2}


OF_NEURONS = ("n", "b", "threshold")


def ran(equations="v : 1", **more):
    own = {key: more.pop(key) for key in OF_NEURONS if key in more}
    cells, ears = ns.Neurons("pool", 2, equations=equations, **own), ns.Neurons("ears", 2, update="x = x")
    items = [ns.Synapses(ears, cells, **more)] if more else [cells]
    return ns.run(ns.Network(*items, schedule=ns.Clock(1 * ms)), ticks=1)


KINDS = "n : integer\nb : boolean"
REFUSED = {
    "fraction": (dict(equations=KINDS, n=[1, 2.5]), P, "n is declared integer", "2.5", "whole numbers"),
    "drawn fraction": (dict(equations=KINDS, n=ns.uniform(0, 1)), P, "n is declared integer", "whole"),
    "no truth": (dict(equations=KINDS, b=2), P, "b is declared boolean", "2", "True or False"),
    "of synapses": (
        dict(model="k : integer", on_pre="I_post += k", k=0.5),
        P,
        "k is declared integer",
        "0.5",
    ),
    "no condition": (dict(equations="v : 1\nq = v : boolean"), P, "'v' is not a condition"),
    "number as threshold": (dict(equations=KINDS, threshold="n"), P, "'n' is not a condition"),
    "to": (dict(equations=KINDS, to="n"), D, "to='n'", "declared integer", "': 1'"),
    "on_pre": (dict(equations=KINDS, on_pre="n_post += w"), D, "'n_post'", "declared integer", "int(...)"),
    "on_pre, bare": (dict(equations=KINDS, on_pre="b = w"), D, "'b'", "declared boolean", "b = ... > 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_neither_whole_nor_true_is_refused(case):
    given, kind, *pieces = REFUSED[case]
    with pytest.raises(kind) as raised:
        ran(**given)
    check(raised, pieces)
