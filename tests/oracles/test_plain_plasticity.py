"""Synapses that learn, in five protocols: plainly here and in Brian2."""

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    linked_var,
)
from plain_side import assert_alike, assert_no_longer

import neurosim as ns
from neurosim.units import Hz, ms, mV, nS, second

# Pairs of spikes, which are set by hand, at two rates (after Clopath et al. 2010, doi:10.1038/nn.2479).
LEAKY = """dv/dt = (-70*mV - v + ge)/(10*ms) : volt
dge/dt = -ge/(2*ms) : volt
dslow/dt = (v - slow)/(40*ms) : volt
dtrace/dt = -trace/(15*ms) : 1
"""
DEPRESS = "ge_post += w*4*mV\nw = clip(w - 0.004*clip((slow_post + 70*mV)/mV, 0, inf), 0, 1)"
POTENTIATE = "w = clip(w + 0.008*trace_pre*clip((slow_post + 65*mV)/mV, 0, inf), 0, 1)"


def pairs_here():
    """The weights from the first cell to the second and back, after two pairs 10 ms apart, at two rates."""
    cells = ns.Neurons(
        "cells", 2, equations=LEAKY, threshold="v > -50*mV", reset="v = -70*mV\nslow += 6*mV\ntrace += 1",
        v=-70 * mV, slow=-70 * mV, method="euler",
    )  # fmt: skip
    both = ns.Synapses(
        cells, cells, wiring="i != j", weight=0.5, on_pre=DEPRESS, on_post=POTENTIATE, name="both"
    )
    weights = []
    for interval in (30 * ms, 90 * ms):
        with ns.session(ns.Network(both, schedule=ns.Clock(0.5 * ms)), engine="reference") as session:
            for _ in range(2):
                session["cells[0].v"] = -45 * mV
                session.advance(10 * ms)
                session["cells[1].v"] = -45 * mV
                session.advance(interval - 10 * ms)
            weights.append(session["both.w"])
    return {"w": weights}


def pairs_there():
    defaultclock.dt = 0.5 * ms
    cells = NeuronGroup(
        2, LEAKY, threshold="v > -50*mV", reset="v = -70*mV; slow += 6*mV; trace += 1", method="euler"
    )
    both = Synapses(cells, cells, "w : 1", on_pre=DEPRESS, on_post=POTENTIATE)
    both.connect("i != j")
    network = Network(cells, both)
    weights = []
    for interval in (30 * ms, 90 * ms):
        cells.v, cells.slow = -70 * mV, -70 * mV
        cells.ge, cells.trace = 0 * mV, 0
        both.w = 0.5
        for _ in range(2):
            cells.v[0] = -45 * mV
            network.run(10 * ms)
            cells.v[1] = -45 * mV
            network.run(interval - 10 * ms)
        weights.append(both.w[:].copy())
    return {"w": weights}


def test_pairs_change_weights_by_the_voltage():
    assert_alike(pairs_here(), pairs_there())
    assert_no_longer(pairs_here, pairs_there)


# A reward that comes after the pairs (after Izhikevich 2007, doi:10.1093/cercor/bhl152).
TOUCHED = ([20, 30, 60, 75, 120, 130, 160, 175], [0, 1, 1, 0, 0, 1, 1, 0])
REWARDS = ([110, 140], [0, 0])
TRACES = """dc/dt = -c/(200*ms) : 1 (clock-driven)
dbefore/dt = -before/(20*ms) : 1 (event-driven)
dafter/dt = -after/(20*ms) : 1 (event-driven)
"""
BEFORE = "v_post += s\nbefore += 0.1\nc = clip(c + {m}*after, -1, 1)\ns = clip(s + (1 - {m})*after, -1, 1)"
AFTER = "after -= 0.105\nc = clip(c + {m}*before, -1, 1)\ns = clip(s + (1 - {m})*before, -1, 1)"


def reward_here():
    """Pairs change s at once in the first 100 ms, and then leave a trace c that the reward d turns into s."""
    leak = "dv/dt = -v/(10*ms) : 1\ndd/dt = -d/(50*ms) : 1"
    cells = ns.Neurons("cells", 2, equations=leak, threshold="v > 1", reset="v = 0", method="euler")
    touch, reward = ns.Neurons("touch", 2), ns.Neurons("reward", 1)
    model = TRACES + "ds/dt = mode(t)*c*d_post/(10*ms) : 1 (clock-driven)"
    text = dict(
        model=model, on_pre=BEFORE.format(m="mode(t)"), on_post=AFTER.format(m="mode(t)"), method="euler"
    )
    net = ns.Network(
        ns.Synapses(touch, cells, to="v", wiring=ns.one_to_one(), weight=2.0),
        ns.Synapses(reward, cells, to="d", weight=0.5),
        ns.Synapses(cells[:1], cells[1:], **text, mode=ns.sampled([0, 1], 100 * ms), name="pair"),
        schedule=ns.Clock(1 * ms),
    )
    found = ns.run(
        net, {"touch": TOUCHED, "reward": REWARDS}, ticks=200, record=["cells.d", "pair.c", "pair.s"]
    )
    return {"d": found["cells.d"][:, 1], "c": found["pair.c"][:, 0], "s": found["pair.s"][:, 0]}


def reward_there():
    defaultclock.dt = 1 * ms
    text = dict(threshold="v > 1", reset="v = 0", method="euler")
    cells = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", **text)
    touch = SpikeGeneratorGroup(2, TOUCHED[1], TOUCHED[0] * ms)
    reward = SpikeGeneratorGroup(1, REWARDS[1], REWARDS[0] * ms)
    touched = Synapses(touch, cells, on_pre="v_post += 2")
    touched.connect(j="i")
    model = (
        TRACES
        + """dd/dt = -d/(50*ms) : 1 (clock-driven)
                        ds/dt = mode*c*d/(10*ms) : 1 (clock-driven)
                        mode : 1"""
    )
    text = dict(on_pre=BEFORE.format(m="mode"), on_post=AFTER.format(m="mode"), method="euler")
    pair = Synapses(cells, cells, model, **text)
    pair.connect(i=0, j=1)
    rewarded = Synapses(reward, pair, on_pre="d_post += 0.5")
    rewarded.connect()
    trace = StateMonitor(pair, ["c", "d", "s"], record=True)
    network = Network(cells, touch, reward, touched, pair, rewarded, trace)
    network.run(100 * ms)
    pair.mode = 1
    network.run(100 * ms)
    return {"d": trace.d[0], "c": trace.c[0], "s": trace.s[0]}


def test_a_reward_that_comes_later_turns_traces_into_weights():
    here = reward_here()
    assert np.ptp(here["s"][:100]) > 0 and np.ptp(here["s"][141:159]) > 0
    assert_alike(here, reward_there())
    assert_no_longer(reward_here, reward_there)


# Calcium decides (after Graupner & Brunel 2012, doi:10.1073/pnas.1109359109).
CALCIUM = """dc/dt = -c/(20*ms) : 1 (clock-driven)
drho/dt = (-rho*(1 - rho)*(0.5 - rho) + 300*(1 - rho)*int(c > 1.3) - 200*rho*int(c > 1)
    + sigma*sqrt(tau)*sqrt(int(c > 1) + int(c > 1.3))*xi)/tau : 1 (clock-driven)
"""


def calcium_here(sigma, n):
    """Synapses to n cells, whose spikes come 20 ms earlier to 20 ms later than that of the sender."""
    sender = ns.Neurons("sender", 1, threshold="t > 25*ms", refractory=1 * second)
    cells = ns.Neurons("cells", n, threshold="t > (5 + 40*i/N)*ms", refractory=1 * second)
    text = dict(model=CALCIUM, on_pre="c += 1", on_post="c += 2", method="heun", sigma=sigma, tau=20 * second)
    s = ns.Synapses(sender, cells, **text, delay=13 * ms, rho="j % 2", name="s")
    return {"rho": ns.run(ns.Network(s, schedule=ns.Clock(1 * ms)), ticks=100, record=["s.rho"])["s.rho"][-1]}


def calcium_there(sigma, n):
    defaultclock.dt = 1 * ms
    sender = NeuronGroup(1, "", threshold="t > 25*ms", refractory=1 * second)
    cells = NeuronGroup(n, "", threshold="t > (5 + 40*i/N)*ms", refractory=1 * second)
    tau = 20 * second
    text = dict(model=CALCIUM, on_pre="c += 1", on_post="c += 2", method="heun")
    s = Synapses(sender, cells, **text, delay=13 * ms, namespace={"sigma": sigma, "tau": tau})
    s.connect()
    s.rho = "j % 2"
    Network(sender, cells, s).run(99 * ms)
    return {"rho": s.rho[:]}


def test_calcium_changes_weights_alike_with_and_without_noise():
    assert_alike(calcium_here(0.0, 20), calcium_there(0.0, 20))
    here, there = calcium_here(2.0, 600)["rho"], calcium_there(2.0, 600)["rho"]
    for begin in range(2):
        one, two = here[begin::2], there[begin::2]
        assert abs(one.mean() - two.mean()) < 4 * np.sqrt((one.var() + two.var()) / 300)
        assert one.std() == pytest.approx(two.std(), rel=0.2)
    assert_no_longer(calcium_here, calcium_there)


# Inhibition that learns by how much a crowd fires (after Zenke et al. 2015, doi:10.1038/ncomms7922).
RATES = [0, 60, 120] * Hz
GATED = """dzi/dt = -zi/(20*ms) : 1 (event-driven)
dzj/dt = -zj/(20*ms) : 1 (event-driven)
"""
PAIRS = ([20, 70, 120], [0, 0, 0])


def gated_here():
    """Synapses grow if the crowd fires at more than 40 Hz when the pair does, and else shrink."""
    counts = dict(
        threshold="phase > 1", reset="phase -= 1", phase="(i + 0.3)/N", rates=ns.sampled(RATES, 50 * ms)
    )
    crowd = ns.Neurons("crowd", 50, equations="dphase/dt = rates(t) : 1", **counts, method="euler")
    pre = ns.Neurons("pre", 1)
    post = ns.Neurons("post", 1, equations="dH/dt = -H/(20*ms) : Hz", threshold="H < 0*Hz", method="exact")
    change = "w += 1*nS*second*(H_post - 40*Hz)*{z}"
    text = dict(on_pre="zj += 1\n" + change.format(z="(zi + 1)"), on_post="zi += 1\n" + change.format(z="zj"))
    gated = ns.Synapses(pre, post, model="w : siemens\n" + GATED, **text, weight=0 * nS, name="gated")
    sensed = ns.Synapses(crowd, post, to="H", weight=1 * Hz)
    net = ns.Network(sensed, gated, schedule=ns.Clock(1 * ms))
    inputs = {"pre": PAIRS, "post": ([21, 71, 121], [0, 0, 0])}
    found = ns.run(net, inputs, ticks=150, record=["post.H", "gated.w"])
    return {"H": found["post.H"][:, 0], "w": found["gated.w"][:, 0]}


def gated_there():
    defaultclock.dt = 1 * ms
    counts = dict(
        threshold="phase > 1", reset="phase -= 1", namespace={"rates": TimedArray(RATES, dt=50 * ms)}
    )
    crowd = NeuronGroup(50, "dphase/dt = rates(t) : 1", **counts, method="euler")
    crowd.phase = "(i + 0.3)/N"
    sense = NeuronGroup(1, "dH/dt = -H/(20*ms) : Hz", method="exact")
    sensed = Synapses(crowd, sense, on_pre="H_post += 1*Hz", name="a_sensed")  # acts first
    sensed.connect()
    pre = SpikeGeneratorGroup(1, PAIRS[1], PAIRS[0] * ms)
    post = SpikeGeneratorGroup(1, PAIRS[1], (PAIRS[0] + np.ones(3)) * ms)
    change = "w += 1*nS*second*(H - 40*Hz)*{z}"
    text = dict(on_pre="zj += 1\n" + change.format(z="(zi + 1)"), on_post="zi += 1\n" + change.format(z="zj"))
    gated = Synapses(pre, post, "w : siemens\nH : Hz (linked)\n" + GATED, **text)
    gated.connect()
    gated.H = linked_var(sense, "H")
    trace = StateMonitor(gated, ["H", "w"], record=True)
    Network(crowd, sense, sensed, pre, post, gated, trace).run(150 * ms)
    return {"H": trace.H[0], "w": trace.w[0]}


def test_a_crowd_gates_what_a_synapse_learns():
    assert_alike(gated_here(), gated_there())
    assert_no_longer(gated_here, gated_there)
