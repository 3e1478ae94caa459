"""Inputs over time, each with a delay of its own, noise that is drawn regularly, and background: plainly here
and in Brian2."""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
)
from plain_side import assert_alike, assert_no_longer, spikes

import neurosim as ns
from neurosim.units import ms

RANDOM = np.random.default_rng(5)

# Two ears hear a sound at times that depend on where it comes from (Jeffress 1948).
SOUND, LAST = RANDOM.normal(0, 8, 1500), 0.63 * ms
EAR = dict(threshold="x > 1", reset="x = 0", refractory=2.5 * ms, method="euler")
HEARS = """dx/dt = (sound(t - late) - x)/(1*ms) : 1 (unless refractory)
late = distance*sin(theta) : second
dtheta/dt = 30/second : 1
"""
DETECTS = dict(threshold="v > 1", reset="v = 0", method="exact")


def ears_here():
    """The time at which each cell detects that its two lines of delays brought spikes at once."""
    sound, distance = ns.sampled(SOUND, 0.02 * ms), [-0.5, 0.5] * LAST
    ears = ns.Neurons("ears", 2, equations=HEARS, **EAR, sound=sound, distance=distance)
    cells = ns.Neurons("cells", 15, equations="dv/dt = -v/(1*ms) : 1", **DETECTS)
    delay = "1.1*last*where(i == 0, j, N_post - 1 - j)/(N_post - 1)"
    lines = ns.Synapses(ears, cells, to="v", weight=0.6, delay=delay, last=LAST)
    recording = ns.run(
        ns.Network(lines, schedule=ns.Clock(0.02 * ms)), duration=30 * ms, record=["cells", "ears.late"]
    )
    found = recording.spikes("cells")
    return {"spikes": spikes(found.time, found.neuron, 0.02 * ms), "late": recording["ears.late"]}


def ears_there():
    defaultclock.dt = 0.02 * ms
    space = {"sound": TimedArray(SOUND, dt=0.02 * ms), "last": LAST}
    ears = NeuronGroup(2, HEARS + "distance : second", **EAR, namespace=space)
    ears.distance = [-0.5, 0.5] * LAST
    cells = NeuronGroup(15, "dv/dt = -v/(1*ms) : 1", **DETECTS)
    lines = Synapses(ears, cells, on_pre="v_post += 0.6", namespace=space)
    lines.connect()
    lines.delay["i == 0"] = "1.1*last*j/(N_post - 1)"
    lines.delay["i == 1"] = "1.1*last*(N_post - 1 - j)/(N_post - 1)"
    found, late = SpikeMonitor(cells), StateMonitor(ears, "late", record=True)
    Network(ears, cells, lines, found, late).run(30 * ms)
    return {"spikes": spikes(found.t, found.i, 0.02 * ms), "late": late.late.T}


def test_two_ears_tell_where_a_sound_comes_from():
    assert_alike(ears_here(), ears_there())
    assert_no_longer(ears_here, ears_there)


# Eight legs feel a wave one after the other, and inhibit those opposite (Sturzl et al. 2000).
TIME = np.arange(400) * 0.1e-3
WAVE = 0.4 * (np.sin(2 * np.pi * 280 * TIME) + np.cos(2 * np.pi * 330 * TIME))
ANGLE = np.radians(22.5 + 45 * np.arange(8))
LATE = 0.5 * (1 - np.cos(2.5 - ANGLE)) * ms
LEG = dict(threshold="v > 1", reset="v = 0", refractory=1 * ms, method="euler")
FEELS = "dv/dt = (0.9 + wave(t - late) - v)/(1*ms) : 1"
COMMANDS = "dv/dt = (x - v)/(1*ms) : 1\ndx/dt = (y - x)/(1.1*ms) : 1\ndy/dt = -y/(1.1*ms) : 1"
OPPOSITE = "abs(((j - i) % N_post) - N_post/2) <= 1"


def legs_here():
    legs = ns.Neurons("legs", 8, equations=FEELS, **LEG, wave=ns.sampled(WAVE, 0.1 * ms), late=LATE)
    cells = ns.Neurons("cells", 8, equations=COMMANDS, threshold="v > 1", reset="v = 0")
    net = ns.Network(
        ns.Synapses(legs, cells, to="y", wiring=ns.one_to_one(), weight=7.0),
        ns.Synapses(legs, cells, to="y", wiring=OPPOSITE, weight=-2.0, delay=0.7 * ms),
        schedule=ns.Clock(0.1 * ms),
    )
    found = ns.run(net, duration=40 * ms, record=["cells"]).spikes("cells")
    return {"spikes": spikes(found.time, found.neuron, 0.1 * ms)}


def legs_there():
    defaultclock.dt = 0.1 * ms
    wave = TimedArray(WAVE, dt=0.1 * ms)
    legs = NeuronGroup(8, FEELS + "\nlate : second", **LEG, namespace={"wave": wave})
    legs.late = LATE
    cells = NeuronGroup(8, COMMANDS, threshold="v > 1", reset="v = 0", method="exact")
    excite = Synapses(legs, cells, on_pre="y_post += 7")
    excite.connect(j="i")
    inhibit = Synapses(legs, cells, on_pre="y_post -= 2", delay=0.7 * ms)
    inhibit.connect(OPPOSITE)
    found = SpikeMonitor(cells)
    Network(legs, cells, excite, inhibit, found).run(40 * ms)
    return {"spikes": spikes(found.t, found.i, 0.1 * ms)}


def test_eight_legs_feel_where_a_wave_comes_from():
    assert_alike(legs_here(), legs_there())
    assert_no_longer(legs_here, legs_there)


# A pulse at each spike lasts for a tick (Izhikevich 2003, doi:10.1109/TNN.2003.820440).
CELL = "dv/dt = (0.04*v**2 + 5*v + 140 - u + I + 4*noise(t, i))/ms : 1\ndu/dt = a*(b*v - u)/ms : 1"
SPIKES = dict(threshold="v >= 30", reset="v = c\nu += d", method="euler")
NOISE, R = RANDOM.normal(size=(100, 20)), RANDOM.random(20)
WEIGHTS = np.where(np.arange(20) < 16, 3.0, -4.0) * RANDOM.random((20, 20))  # (post, pre)
VALUES = dict(
    a="where(i < 16, 0.02, 0.02 + 0.08*r)",
    b="where(i < 16, 0.2, 0.25 - 0.05*r)",
    c="where(i < 16, -65 + 15*r**2, -65)",
    d="where(i < 16, 8 - 6*r**2, 2)",
)


def pulses_here():
    """Cells of two kinds; the port I holds what has arrived since the last tick."""
    text = dict(equations=CELL, **SPIKES, noise=ns.sampled(NOISE, 1 * ms))
    cells = ns.Neurons("cells", 20, **text, v=-65, u="b*v", **VALUES, r=R)
    net = ns.Network(ns.Synapses(cells, cells, weight=WEIGHTS), schedule=ns.Clock(1 * ms))
    recording = ns.run(net, ticks=100, record=["cells", "cells.v"])
    found = recording.spikes("cells")
    return {"spikes": spikes(found.time, found.neuron, 1 * ms), "v": recording["cells.v"][:, 0]}


def pulses_there():
    defaultclock.dt = 1 * ms
    model = CELL + "\nI : 1\na : 1\nb : 1\nc : 1\nd : 1"
    cells = NeuronGroup(20, model, **SPIKES, namespace={"noise": TimedArray(NOISE, dt=1 * ms)})
    excite, inhibit = cells[:16], cells[16:]
    excite.a, excite.b, excite.c, excite.d = 0.02, 0.2, -65 + 15 * R[:16] ** 2, 8 - 6 * R[:16] ** 2
    inhibit.a, inhibit.b, inhibit.c, inhibit.d = 0.02 + 0.08 * R[16:], 0.25 - 0.05 * R[16:], -65, 2
    cells.v = -65
    cells.u = "b*v"
    pulses = {"up": "I_post += w", "down": "I_post -= w"}
    joined = Synapses(cells, cells, "w : 1", on_pre=pulses, delay={"up": 0 * ms, "down": 1 * ms})
    joined.connect()
    joined.w = WEIGHTS.T.ravel()
    found, v = SpikeMonitor(cells), StateMonitor(cells, "v", record=[0])
    Network(cells, joined, found, v).run(100 * ms)
    return {"spikes": spikes(found.t, found.i, 1 * ms), "v": v.v[0]}


def test_pulses_last_for_a_tick():
    here, there = pulses_here(), pulses_there()
    assert len(here["spikes"]) > 5
    assert_alike(here, there, 1e-6)  # 'down' leaves rounding errors in I
    assert_no_longer(pulses_here, pulses_there)
