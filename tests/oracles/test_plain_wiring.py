"""Who connects to whom, how strongly and how late, as expressions: plainly here and in Brian2."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, defaultclock
from plain_side import assert_alike, assert_no_longer

import neurosim as ns
from neurosim.units import ms

CHANCE = "0.9*exp(-((x_pre - x_post)**2 + (y_pre - y_post)**2)/(2*(30*um)**2))"


def grid_here():
    """Cells on a grid, all those joined that are near, and some at random, the fewer the farther."""
    grid = ns.Neurons("grid", 100, x="(i // 10 - 5)*20*um", y="(i % 10 - 5)*20*um")
    near = ns.Synapses(
        grid, grid, wiring="sqrt((x_pre - x_post)**2 + (y_pre - y_post)**2) < 50*um", name="near"
    )
    some = ns.Synapses(grid, grid, wiring=ns.probability(CHANCE, where="i != j"), name="some")
    recording = ns.run(ns.Network(near, some, schedule=ns.Clock(1 * ms)), ticks=1)
    return recording.edges("near"), recording.edges("some")


def grid_there():
    grid = NeuronGroup(100, "x : meter\ny : meter")
    grid.x = "(i // 10 - 5)*20*um"
    grid.y = "(i % 10 - 5)*20*um"
    near = Synapses(grid, grid)
    near.connect("sqrt((x_pre - x_post)**2 + (y_pre - y_post)**2) < 50*um")
    some = Synapses(grid, grid)
    some.connect("i != j", p=CHANCE)
    return (near.i[:], near.j[:]), (some.i[:], some.j[:])


def test_positions_on_a_grid_decide_who_connects():
    (near, some), (near_there, some_there) = grid_here(), grid_there()
    np.testing.assert_array_equal(near, near_there)
    place = np.stack(np.divmod(np.arange(100), 10)) * 20
    distance = np.hypot(*(place[:, :, None] - place[:, None]))
    chance = 0.9 * np.exp(-(distance**2) / (2 * 30**2)) * (distance > 0)
    for pre, post in (some, some_there):
        assert (pre != post).all()
        assert abs(len(pre) - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
        assert np.mean(distance[pre, post]) == pytest.approx(
            (chance * distance).sum() / chance.sum(), rel=0.1
        )
    assert_no_longer(grid_here, grid_there)


def values_here():
    """Voltages and weights from expressions of the indices."""
    cells = ns.Neurons(
        "cells", 30, equations="v : volt", threshold="v > -69*mV", v="(sin(2*pi*i/N) - 70 + 0.2*cos(i))*mV"
    )
    fall = ns.Synapses(cells, cells, to="v", weight="int(i > j)*exp(-(i - j)**2/60)*mV", name="fall")
    recording = ns.run(ns.Network(fall, schedule=ns.Clock(0.1 * ms)), ticks=6, record=["cells.v"])
    return {"v": recording["cells.v"], "w": recording.matrix("fall").T}


def values_there():
    defaultclock.dt = 0.1 * ms
    cells = NeuronGroup(30, "v : volt", threshold="v > -69*mV")
    cells.v = "(sin(2*pi*i/N) - 70 + 0.2*cos(i))*mV"
    fall = Synapses(cells, cells, "w : volt", on_pre="v_post += w")
    fall.connect()
    fall.w["i > j"] = "exp(-(i - j)**2/60)*mV"
    trace = StateMonitor(cells, "v", record=True)
    Network(cells, fall, trace).run(0.6 * ms)
    return {"v": trace.v.T, "w": fall.w[:].reshape(30, 30)}


def test_start_values_and_weights_are_expressions():
    assert_alike(values_here(), values_there())
    assert_no_longer(values_here, values_there)


def falling_here():
    """Weights that decay before the spikes arrive, which take longer from cell to cell and vary."""
    text = dict(equations="dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0")
    first = ns.Neurons("first", 300, **text, v=1.2)
    second = ns.Neurons("second", 300, **text)
    model = "dw/dt = -w/(30*ms) : 1 (event-driven)"
    delay = "2*ms + 0.04*ms*i + 0.2*ms*randn()"
    one = ns.probability(0.7, where="j == i")
    falling = ns.Synapses(
        first, second, model=model, on_pre="v_post += w", wiring=one, weight=1.0, delay=delay
    )
    recording = ns.run(ns.Network(falling, schedule=ns.Clock(0.1 * ms)), ticks=200, record=["second.v"])
    return recording["second.v"]


def falling_there():
    defaultclock.dt = 0.1 * ms
    text = dict(model="dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
    first = NeuronGroup(300, **text)
    first.v = 1.2
    second = NeuronGroup(300, **text)
    falling = Synapses(first, second, "dw/dt = -w/(30*ms) : 1 (event-driven)", on_pre="v_post += w")
    falling.connect("i == j", p=0.7)
    falling.delay = "2*ms + 0.04*ms*i + 0.2*ms*randn()"
    falling.w = 1
    trace = StateMonitor(second, "v", record=True)
    Network(first, second, falling, trace).run(20 * ms)
    return trace.v.T


def test_spikes_come_late_by_a_random_delay_and_find_weights_that_have_decayed():
    for v in (falling_here(), falling_there()):
        reached = v.any(axis=0)
        assert abs(reached.sum() - 210) < 4 * np.sqrt(300 * 0.7 * 0.3)
        arrival = (v > 0).argmax(axis=0)[reached] - 1  # records precede arrivals
        late = arrival * 0.1 - (2 + 0.04 * np.flatnonzero(reached))
        assert abs(late.mean()) < 4 * 0.2 / np.sqrt(210)
        assert late.std() == pytest.approx(0.2, rel=0.2)
        np.testing.assert_allclose(v[arrival + 1, reached], np.exp(-arrival / 300), rtol=1e-9)
    assert_no_longer(falling_here, falling_there)
