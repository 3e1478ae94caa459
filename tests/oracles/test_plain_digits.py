"""Cells compete for images and learn them, with weights normalised in between: plainly here and in Brian2.

After Diehl & Cook 2015 (doi:10.3389/fncom.2015.00099).
"""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, TimedArray, defaultclock
from plain_side import assert_alike, assert_no_longer, spikes

import neurosim as ns
from neurosim.units import Hz, ms, mV

IMAGES = (
    np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 1, 0], [0, 0, 1, 0, 1, 0, 1, 0, 0]])
    * 250
    * Hz
)
START = np.random.default_rng(3).uniform(0.3, 0.6, (9, 4))
CELL = """dv/dt = (-65*mV - v - ge*v - gi*(v + 100*mV))/(50*ms) : volt (unless refractory)
dge/dt = -ge/(2*ms) : 1
dgi/dt = -gi/(3*ms) : 1
dtheta/dt = -theta/(10*second) : volt
"""
REST = "dv/dt = (-60*mV - v - ge*v)/(10*ms) : volt\ndge/dt = -ge/(1*ms) : 1"
FIRES = dict(
    threshold="v > -52*mV + theta", reset="v = -65*mV\ntheta += 1*mV", refractory=4 * ms, method="euler"
)
INHIBITS = dict(threshold="v > -45*mV", reset="v = -60*mV", method="euler")
TRACES = """w : 1
dx/dt = -x/(20*ms) : 1 (event-driven)
dy/dt = -y/(20*ms) : 1 (event-driven)
"""
ON_PRE = "ge_post += w\nx = 1\nw = clip(w - 0.002*y, 0, 1)"
ON_POST = "y = 1\nw = clip(w + 0.1*x, 0, 1)"
SENDS = "dphase/dt = image(t, i) : 1"
EYE = dict(threshold="phase > 1", reset="phase -= 1", method="euler")


def digits_here():
    """Each image is shown for 100 ms; before it, the weights of every cell are made to sum to 5."""
    image = ns.sampled(IMAGES, 100 * ms)
    eye = ns.Neurons("eye", 9, equations=SENDS, **EYE, phase="i/20", image=image)
    cells = ns.Neurons("cells", 4, equations=CELL, **FIRES, v=-65 * mV)
    others = ns.Neurons("others", 4, equations=REST, **INHIBITS, v=-60 * mV)
    net = ns.Network(
        ns.Synapses(eye, cells, model=TRACES, on_pre=ON_PRE, on_post=ON_POST, weight=START.T, name="up"),
        ns.Synapses(cells, others, to="ge", wiring=ns.one_to_one(), weight=8.0),
        ns.Synapses(others, cells, to="gi", wiring="i != j", weight=12.0),
        schedule=ns.Clock(0.5 * ms),
    )
    with ns.session(net, record=["cells"], engine="reference") as session:
        for _ in range(3):
            w = session["up.w"].reshape(9, 4)
            session["up.w"] = (w * 5 / w.sum(axis=0)).ravel()
            session.advance(100 * ms)
    fired, end = session.recording.spikes("cells"), session.recording.matrix("up")
    return {"spikes": spikes(fired.time, fired.neuron, 0.5 * ms), "w": end.T.ravel()}


def digits_there():
    defaultclock.dt = 0.5 * ms
    image = TimedArray(IMAGES, dt=100 * ms)
    eye = NeuronGroup(9, SENDS, **EYE, namespace={"image": image})
    eye.phase = "i/20"
    cells = NeuronGroup(4, CELL, **FIRES)
    cells.v = -65 * mV
    others = NeuronGroup(4, REST, **INHIBITS)
    others.v = -60 * mV
    up = Synapses(eye, cells, TRACES, on_pre=ON_PRE, on_post=ON_POST)
    up.connect()
    up.w = START.ravel()
    excite = Synapses(cells, others, on_pre="ge_post += 8")
    excite.connect(j="i")
    inhibit = Synapses(others, cells, on_pre="gi_post += 12")
    inhibit.connect("i != j")
    fired = SpikeMonitor(cells)
    network = Network(eye, cells, others, up, excite, inhibit, fired)
    for _ in range(3):
        w = up.w[:].reshape(9, 4)
        up.w = (w * 5 / w.sum(axis=0)).ravel()
        network.run(100 * ms)
    return {"spikes": spikes(fired.t, fired.i, 0.5 * ms), "w": up.w[:]}


def test_cells_learn_images_alike():
    here = digits_here()
    assert len(here["spikes"]) > 10
    assert_alike(here, digits_there())
    assert_no_longer(digits_here, digits_there)
