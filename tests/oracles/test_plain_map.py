"""A map of directions that grows in two layers of barrels: plainly here and in Brian2.

After the model of Kremer et al. 2011 (doi:10.1523/JNEUROSCI.0321-11.2011), with cells that fire regularly.
"""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, defaultclock
from plain_side import assert_alike, assert_no_longer, spikes

import neurosim as ns
from neurosim.units import ms, mV

TOUCHED = """dphase/dt = rate : 1
rate = int(touched)*clip(cos(direction - favourite), 0, inf)*0.4/ms : Hz
touched = abs((column + 0.5 - bar_x)*cos(direction) + (row + 0.5 - bar_y)*sin(direction)) < 0.6 : boolean
bar_x = 1 + cos(direction)*((t - begun)/(6*ms) - 1.5) : 1 (shared)
bar_y = 1 + sin(direction)*((t - begun)/(6*ms) - 1.5) : 1 (shared)
direction : 1 (shared)
begun : second (shared)
"""
NEW_BAR = "direction = direction + 2.4\nbegun = t"  # a turn by the golden angle
CELL = """dv/dt = (ge + gi - 70*mV - v)/(10*ms) : volt
dge/dt = -ge/(2*ms) : volt
dgi/dt = -gi/(20*ms) : volt
dlimit/dt = (-55*mV - limit)/(50*ms) : volt
"""
STDP = """w : volt
dbefore/dt = -before/(5*ms) : volt (event-driven)
dafter/dt = -after/(25*ms) : volt (event-driven)
"""
ON_PRE = "ge_post += w\nbefore += 1*mV\nw = clip(w + after, 0*mV, 24*mV)"
ON_POST = "after -= 0.8*mV\nw = clip(w + before, 0*mV, 24*mV)"
FIRES = dict(threshold="phase > 1", reset="phase = 0", method="euler")
ADAPTS = dict(threshold="v > limit", reset="v = -70*mV\nlimit += 2*mV", refractory=2 * ms, method="euler")
LEARNS = dict(on_pre=ON_PRE, on_post=ON_POST)
SQUARED = "((x_pre - x_post)**2 + (y_pre - y_post)**2)"


def map_here():
    """Bars move over 2 x 2 barrels of 16 cells, and those above, 16 that excite and 4 that inhibit, learn."""
    place = dict(column="i // 16 % 2", row="i // 32", favourite="2*pi*(i % 16)/16")
    touched = ns.Neurons("touched", 64, equations=TOUCHED, **FIRES, **place, regularly=(24 * ms, NEW_BAR))
    start = dict(v=-70 * mV, limit=-55 * mV, barrel="floor(x) + 2*floor(y)")
    x, y = "where(i < 64, i % 8/4, (i - 64) % 4/2)", "where(i < 64, i // 8/4, (i - 64) // 4/2)"
    cells = ns.Neurons("cells", 80, equations=CELL, **ADAPTS, **start, x=x, y=y)
    excite, inhibit = cells[:64], cells[64:]
    above = ns.probability(0.6, where="column_pre + 2*row_pre == barrel_post")
    near, nearer = (ns.probability(f"{p}*exp(-{SQUARED}/(2*{s}**2))") for p, s in ((0.4, 0.5), (1.0, 0.3)))
    up = ns.Synapses(touched, excite, **LEARNS, model=STDP, wiring=above, weight=12 * mV, name="up")
    out = ns.Synapses(excite, cells, to="ge", wiring=near, weight="where(j < 64, 4*mV, 9*mV)", name="excite")
    back = ns.Synapses(inhibit, excite, to="gi", wiring=nearer, weight=-2 * mV, name="inhibit")
    net = ns.Network(up, out, back, schedule=ns.Clock(0.2 * ms))
    recording = ns.run(net, duration=120 * ms, record=["touched", "cells", "up.w"])
    fired = recording.spikes("cells")
    edges = {name: recording.edges(name) for name in ("up", "excite", "inhibit")}
    return {"spikes": spikes(fired.time, fired.neuron, 0.2 * ms), "w": recording["up.w"][-1]}, edges


def map_there(edges):
    defaultclock.dt = 0.2 * ms
    touched = NeuronGroup(64, TOUCHED + "column : integer\nrow : integer\nfavourite : 1", **FIRES)
    touched.column = "i // 16 % 2"
    touched.row = "i // 32"
    touched.favourite = "2*pi*(i % 16)/16"
    touched.run_regularly(NEW_BAR, dt=24 * ms)
    cells = NeuronGroup(80, CELL + "x : 1\ny : 1\nbarrel : integer", **ADAPTS)
    cells.v, cells.limit = -70 * mV, -55 * mV
    excite, inhibit = cells[:64], cells[64:]
    excite.x, excite.y = "i % 8/4", "i // 8/4"
    inhibit.x, inhibit.y = "i % 4/2", "i // 4/2"
    cells.barrel = "floor(x) + 2*floor(y)"
    up = Synapses(touched, excite, STDP, **LEARNS)
    up.connect(i=edges["up"][0], j=edges["up"][1])
    up.w = 12 * mV
    near = Synapses(excite, cells, "w : volt", on_pre="ge_post += w")
    near.connect(i=edges["excite"][0], j=edges["excite"][1])
    near.w = 4 * mV
    near.w["j >= 64"] = 9 * mV
    nearer = Synapses(inhibit, excite, on_pre="gi_post -= 2*mV")
    nearer.connect(i=edges["inhibit"][0] - 64, j=edges["inhibit"][1])
    fired = SpikeMonitor(cells)
    Network(touched, cells, up, near, nearer, fired).run(120 * ms)
    order = np.lexsort((edges["up"][1], edges["up"][0]))
    return {"spikes": spikes(fired.t, fired.i, 0.2 * ms), "w": up.w[:][order]}


def test_cells_learn_directions_alike():
    here, edges = map_here()
    assert len(here["spikes"]) > 50
    assert_alike(here, map_there(edges))
    assert_no_longer(map_here, map_there)
