"""A dict of constants that several populations and synapses share; and messages that say what to do."""

import numpy as np
import pytest
from refusals_side import D, P, check

import neurosim as ns
from neurosim.units import amp, ms, mV

SHARED = {"tau": 10 * ms, "rest": -70 * mV, "top": "rest + step", "step": "2*base", "base": 1 * mV}
SHARED |= {"v": 3, "dt": 5}


def test_each_takes_what_its_text_uses():
    a = ns.Neurons("a", 2, equations="dv/dt = (rest - v)/tau : volt", namespace=SHARED, v=-60 * mV)
    b = ns.Neurons("b", 2, equations="dv/dt = -v/tau : volt\ntau : second", namespace=SHARED, tau=5 * ms)
    c = ns.Neurons("c", 2, update="x = x + 1", namespace=SHARED)
    joined = ns.Synapses(a, b, on_pre="v_post += w*top", namespace=SHARED, weight="gain*i", gain=2)
    assert set(a.constants) == {"tau", "rest", "v"} and set(b.constants) == {"tau"} and not c.constants
    assert set(joined.constants) == {"rest", "step", "base", "top", "gain"}
    net = ns.Network(joined, c, schedule=ns.Clock(1 * ms))
    found = ns.run(net, ticks=2, record=["a.v", "b.v"])
    np.testing.assert_allclose(found["a.v"][1], -0.07 + 0.01 * np.exp(-0.1))
    np.testing.assert_allclose(found["b.v"][1], -0.136 * np.exp(-0.2))  # what one active synapse adds
    assert ns.Network.from_dict(net.to_dict()) == net
    sampled = {"drive": ns.sampled([1.0, 2.0, 3.0], dt=1 * ms), "unused": 1}
    d = ns.Neurons("d", 1, update="x = drive(t)", namespace=sampled)
    assert ns.run(ns.Network(d, schedule=ns.Clock(1 * ms)), ticks=3, record="d")["d"][-1, 0] == 2


def pool(**text):
    return lambda: ns.Neurons("pool", 2, **text)


def joined(**text):
    return lambda: ns.Synapses(ns.Neurons("ears", 2), ns.Neurons("pool", 2, update="v = I"), **text)


def ran(**text):
    return lambda: ns.run(ns.Network(pool(**text)(), schedule=ns.Clock(1 * ms)), ticks=1)


NOISE = "dv/dt = -v/ms + v*xi/ms**0.5 : 1"
REFUSED = {
    "namespace": (pool(update="v = tau", namespace=3), D, "pool", "namespace 3", "{'tau': 10*ms}"),
    "namespace of synapses": (joined(on_pre="I_post += w", namespace=[1]), D, "namespace [1]", "dict"),
    "unused": (ran(update="v = 1", tua=3), D, "'tua'", "namespace=..."),
    "port": (pool(equations="I : amp\nv : 1", I=3 * amp), D, "'I' is given a value", "ports=''"),
    "one of two ports": (pool(update="v = x + y", ports="x y", x=3), D, "'x' is given", "ports='y'"),
    "subexpression": (pool(equations="x = 2 : 1", x=3), D, "'x' is a constant", "subexpression", "Rename"),
    "new in on_pre": (joined(on_pre="half = w/2\nI_post += half"), D, "'half'", "declare it in the model"),
    "new in reset": (pool(update="v = I", threshold="v > 1", reset="half = 1"), D, "'half'", "declare it"),
    "euler": (ran(equations=NOISE, method="euler"), P, "noise is multiplied", "'heun' for any noise"),
    "rk4": (ran(equations=NOISE, method="rk4"), P, "stochastic", "method='euler' for noise", "'milstein'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_messages_say_what_to_do(case):
    describe, kind, *pieces = REFUSED[case]
    with pytest.raises(kind) as raised:
        describe()
    check(raised, pieces)
