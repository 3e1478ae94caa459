"""Slow receptors, transmitter that reaches astrocytes, and events: plainly here and in Brian2."""

import numpy as np
from brian2 import (
    EventMonitor,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
)
from plain_side import assert_alike, assert_no_longer, spikes

import neurosim as ns
from neurosim.units import Hz, ms, mV, second, umolar

# Working memory (after Brunel & Wang 2001, doi:10.1023/A:1011204814320). The background is so dense that all
# its sources fire in each tick, here as there.
CELL = """dv/dt = (-70*mV - v - drive*v)/(20*ms) : volt (unless refractory)
drive = 0.02*s_out + 0.05*s_fast + 0.8*s_slow/(1 + exp(-0.062*v/mV)/3.57) : 1
ds_out/dt = -s_out/(2*ms) : 1
ds_fast/dt = -s_fast/(2*ms) : 1
s_slow : 1
"""
FIRES = dict(threshold="v > -50*mV", reset="v = -55*mV", refractory=2 * ms, method="euler")
SLOW = """ds/dt = -s/(80*ms) + x*(1 - s)/(2*ms) : 1 (clock-driven)
dx/dt = -x/(2*ms) : 1 (clock-driven)
w : 1
s_slow_post = w*s : 1 (summed)
"""
CUE = [0, 1, 1, 0, 0, 0, 0, 0]


def memory_here():
    """Twelve cells, of which a cue excites three; the weights are larger within each three."""
    cells = ns.Neurons("cells", 12, equations=CELL, **FIRES, v=-70 * mV)
    dense = dict(threshold="rand() < rate(t)*dt", rate=ns.sampled(np.array(CUE) / (0.2 * ms), 10 * ms))
    cue, noise = ns.Neurons("cue", 1, **dense), ns.Neurons("noise", 1, threshold="rand() < 5000*Hz*dt")
    slow = dict(model=SLOW, on_pre="s_fast_post += w\nx += 1", method="euler", wiring="i != j")
    net = ns.Network(
        ns.Synapses(noise, cells, to="s_out", wiring=ns.private(8), weight=0.22),
        ns.Synapses(cue, cells[3:6], to="s_out", wiring=ns.private(9), weight=0.22),
        ns.Synapses(cells, cells, **slow, weight="where(i//3 == j//3, 1.5, 0.4)", name="slow"),
        schedule=ns.Clock(0.2 * ms),
    )
    recording = ns.run(net, duration=80 * ms, record=["cells", "cells.s_slow"])
    found = recording.spikes("cells")
    return {"spikes": spikes(found.time, found.neuron, 0.2 * ms), "s": recording["cells.s_slow"]}


def memory_there():
    defaultclock.dt = 0.2 * ms
    cells = NeuronGroup(12, CELL, **FIRES)
    cells.v = -70 * mV
    noise = PoissonInput(cells, "s_out", 8, 5000 * Hz, 0.22)
    cue_on = TimedArray(CUE, dt=10 * ms)
    cue = PoissonInput(cells[3:6], "s_out", 9, 5000 * Hz, "0.22*cue_on(t)")
    slow = Synapses(cells, cells, SLOW, on_pre="s_fast_post += w\nx += 1", method="euler", name="a_slow")
    slow.connect("i != j")
    slow.w = 0.4
    for first in range(0, 12, 3):
        slow.w[f"i >= {first} and i < {first} + 3 and j >= {first} and j < {first} + 3"] = 1.5
    found, s = SpikeMonitor(cells), StateMonitor(cells, "s_slow", record=True)
    Network(cells, noise, cue, slow, found, s).run(80 * ms, namespace={"cue_on": cue_on})
    return {"spikes": spikes(found.t, found.i, 0.2 * ms), "s": s.s_slow.T}


def test_a_cue_excites_some_of_the_cells():
    here = memory_here()
    assert len(here["spikes"]) > 20
    assert_alike(here, memory_there())
    assert_no_longer(memory_here, memory_there)


# Transmitter reaches astrocytes (after Stimberg et al. 2019, doi:10.1007/978-3-030-00817-8_18).
ASTROCYTE = """dG/dt = 0.3/umolar/second*Y*(1 - G) - 0.5/second*(1 + 10*C/(C + 0.5*umolar))*G : 1
dC/dt = 2*umolar/second*G*h - 0.9*umolar/second*C**2/(C**2 + (0.1*umolar)**2) : mmolar
dh/dt = (1/(1 + C/umolar) - h)/tau_h*(1 + noise*xi*tau_h**0.5) : 1
Y : mmolar
"""


def astrocytes_here():
    """A cell releases transmitter at its synapse to two astrocytes, one of them with noise."""
    cell = ns.Neurons(
        "cell", 1, equations="dx/dt = 4*Hz : 1", threshold="x > 1", reset="x = 0", method="euler"
    )
    constants = dict(tau_h=2 * second, noise=[0, 1], h=0.9, C=0.05 * umolar)
    astrocytes = ns.Neurons("astrocytes", 2, equations=ASTROCYTE, method="milstein", **constants)
    release = ns.Synapses(
        cell,
        astrocytes,
        model="dY_S/dt = -Y_S/(25*ms) : mmolar (clock-driven)\nY_post = Y_S : mmolar (summed)",
        on_pre="Y_S += 500*umolar",
        method="exact",
    )
    net = ns.Network(release, schedule=ns.Clock(5 * ms))
    found = ns.run(net, duration=3 * second, record=["astrocytes.C", "astrocytes.Y"], engine="reference")
    return {name: found[f"astrocytes.{name}"] for name in "CY"}


def astrocytes_there():
    defaultclock.dt = 5 * ms
    cell = NeuronGroup(1, "dx/dt = 4*Hz : 1", threshold="x > 1", reset="x = 0", method="euler")
    target = NeuronGroup(1, "")
    model = ASTROCYTE + "noise : 1 (constant)"
    astrocytes = NeuronGroup(2, model, method="milstein", namespace={"tau_h": 2 * second})
    astrocytes.h = 0.9
    astrocytes.C = 0.05 * umolar
    astrocytes.noise = [0, 1]
    text = dict(on_pre="Y_S += 500*umolar", method="exact")
    release = Synapses(cell, target, "dY_S/dt = -Y_S/(25*ms) : mmolar (clock-driven)", **text)
    release.connect()
    reach = Synapses(release, astrocytes, "Y_post = Y_S_pre : mmolar (summed)")
    reach.connect()
    found = StateMonitor(astrocytes, ["C", "Y"], record=True)
    Network(cell, target, astrocytes, release, reach, found).run(3 * second)
    return {"C": found.C.T, "Y": found.Y.T}


def test_transmitter_reaches_astrocytes():
    here, there = astrocytes_here(), astrocytes_there()
    assert_alike(*({name: trace[:, 0] for name, trace in found.items()} for found in (here, there)))
    assert np.ptp(here["C"][:, 1] - here["C"][:, 0]) > 0  # noise
    assert_no_longer(astrocytes_here, astrocytes_there)


# Events beside spikes: g crosses 1, which another variable of the target sees.
RISES = ([4, 7, 9, 40, 43, 80, 83, 85, 88, 90], [0] * 10)
BOTH = "dv/dt = (g - v)/(6*ms) : 1\ndg/dt = -g/(12*ms) : 1"
HEARD = "dx/dt = -x/(10*ms) : 1\ndy/dt = -y/(10*ms) : 1"
RISES_TO = dict(threshold="v > 1", method="exact")


def events_here():
    """A spike adds to x; when g has risen above 1, that adds to y."""
    touch = ns.Neurons("touch", 1)
    cell = ns.Neurons("cell", 1, equations=BOTH, **RISES_TO, reset="v = 0\ng = 0")
    rise = ns.Neurons("rise", 1, update="was = now\nnow = int(I > 1)", threshold="now > was")
    heard = ns.Neurons("heard", 1, equations=HEARD)
    net = ns.Network(
        ns.Synapses(touch, cell, to="g", weight=0.8),
        ns.Synapses(cell.sending("g"), rise),
        ns.Synapses(cell, heard, to="x"),
        ns.Synapses(rise, heard, to="y"),
        schedule=ns.Clock(1 * ms),
    )
    found = ns.run(net, {"touch": RISES}, ticks=120, record=["rise", "cell", "heard.x", "heard.y"])
    ticks = [found.spikes(name).tick for name in ("cell", "rise")]
    return {"spikes": ticks[0], "rises": ticks[1], "x": found["heard.x"][:, 0], "y": found["heard.y"][:, 0]}


def events_there():
    defaultclock.dt = 1 * ms
    touch = SpikeGeneratorGroup(1, RISES[1], RISES[0] * ms)
    events = {"rise": "g > 1 and not above", "fall": "g <= 1 and above"}
    reset = "v = 0; g = 0; above = False"
    cell = NeuronGroup(1, BOTH + "\nabove : boolean", **RISES_TO, reset=reset, events=events)
    cell.run_on_event("rise", "above = True")
    cell.run_on_event("fall", "above = False")
    heard = NeuronGroup(1, HEARD, method="exact")
    touched = Synapses(touch, cell, on_pre="g_post += 0.8")
    touched.connect()
    paths = {"pre": "x_post += 1", "risen": "y_post += 1"}
    hears = Synapses(cell, heard, on_pre=paths, on_event={"pre": "spike", "risen": "rise"})
    hears.connect()
    trace = StateMonitor(heard, ["x", "y"], record=True)
    found, rises = SpikeMonitor(cell), EventMonitor(cell, "rise")
    Network(touch, cell, heard, touched, hears, trace, found, rises).run(120 * ms)
    ticks = [np.rint(monitor.t / (1 * ms)).astype(int) for monitor in (found, rises)]
    return {"spikes": ticks[0], "rises": ticks[1], "x": trace.x[0], "y": trace.y[0]}


def test_events_beside_spikes_reach_another_variable():
    assert_alike(events_here(), events_there())
    assert_no_longer(events_here, events_there)
