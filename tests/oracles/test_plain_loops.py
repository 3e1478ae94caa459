"""Runs that are changed while they go on, or repeated in finer steps: plainly here and in Brian2."""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    network_operation,
)
from plain_side import assert_alike, assert_no_longer, spikes

import neurosim as ns
from neurosim.units import ms, second

RISE = dict(threshold="v > 1", reset="v = 0", method="exact")


def stopped_here():
    """Cells fire until there are 25 spikes, which is checked every 2 ms."""
    cells = ns.Neurons("cells", 10, equations="dv/dt = (1.4 - v)/(9*ms) : 1", **RISE, v="(i + 0.5)/N")
    with ns.session(
        ns.Network(cells, schedule=ns.Clock(0.1 * ms)), record=["cells"], engine="reference"
    ) as session:
        spiked = 0
        while spiked < 25 and session.ticks < 1000:
            session.advance(2 * ms)
            spiked += len(session.spikes("cells"))
    found = session.recording.spikes("cells")
    return {"spikes": spikes(found.time, found.neuron, 0.1 * ms), "ticks": [session.ticks, 0]}


def stopped_there():
    defaultclock.dt = 0.1 * ms
    cells = NeuronGroup(10, "dv/dt = (1.4 - v)/(9*ms) : 1", **RISE)
    cells.v = "(i + 0.5)/N"
    found = SpikeMonitor(cells)

    @network_operation(dt=2 * ms)
    def check():
        if found.num_spikes >= 25:
            network.stop()

    network = Network(cells, found, check)
    network.run(100 * ms)
    return {"spikes": spikes(found.t, found.i, 0.1 * ms), "ticks": [round(network.t / (0.1 * ms)) - 1, 0]}


def test_a_run_stops_when_there_are_enough_spikes():
    assert_alike(stopped_here(), stopped_there())
    assert_no_longer(stopped_here, stopped_there)


# FORCE: a readout is fed back and learns (after Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3).
N, RANDOM = 40, np.random.default_rng(2)
FEEDBACK, FIRST = RANDOM.uniform(-12, 12, N), RANDOM.uniform(-65, -40, N)
OMEGA = RANDOM.normal(0, 0.1, (N, N)) * (RANDOM.random((N, N)) < 0.3)
LEAKY = """dv/dt = (-39 - v + current + I)/(10*ms) : 1 (unless refractory)
dcurrent/dt = -current/(2*ms) + h : 1
dh/dt = -h/(20*ms) : 1/second
dr/dt = -r/(2*ms) + hr : 1
dhr/dt = -hr/(20*ms) : 1/second
"""
FIRES = dict(threshold="v >= -40", reset="v = -65\nhr += 25/second", refractory=2 * ms, method="euler")


def force_here():
    """The decoder `phi` that recursive least squares finds, and what is read out with it in each tick."""
    cells = ns.Neurons("cells", N, equations=LEAKY, **FIRES, v=FIRST)
    inner = ns.Synapses(cells, cells, to="h", weight=OMEGA * 25 / second)
    back = ns.Synapses(ns.Neurons("readout", 1), cells, weight=FEEDBACK[:, None])
    phi, P, out = np.zeros(N), 0.01 * np.eye(N), np.zeros(300)
    with ns.session(ns.Network(inner, back, schedule=ns.Clock(0.2 * ms)), engine="reference") as session:
        for tick in range(300):
            r = session["cells.r"]
            out[tick] = phi @ r
            if tick % 10 == 0:
                k = P @ r
                phi -= k * (out[tick] - np.sin(0.05 * tick))
                P -= np.outer(k, k) / (1 + r @ k)
            session.advance(1, {"readout": out[tick]})
    return {"phi": phi, "z": out}


def force_there():
    defaultclock.dt = 0.2 * ms
    cells = NeuronGroup(N, LEAKY + "I = feedback*z : 1\nfeedback : 1\nz : 1 (shared)", **FIRES)
    cells.feedback, cells.v = FEEDBACK, FIRST
    inner = Synapses(cells, cells, "w : 1", on_pre="h_post += w*25/second")
    inner.connect()
    inner.w = OMEGA.T.ravel()
    phi, P, out = np.zeros(N), 0.01 * np.eye(N), np.zeros(300)

    @network_operation(dt=0.2 * ms)
    def read(t):
        tick = round(t / (0.2 * ms))
        r = cells.r[:]
        cells.z = out[tick] = phi @ r
        if tick % 10 == 0:
            k = P @ r
            phi[:] -= k * (out[tick] - np.sin(0.05 * tick))
            P[:] -= np.outer(k, k) / (1 + r @ k)

    Network(cells, inner, read).run(60 * ms)
    return {"phi": phi, "z": out}


def test_a_readout_that_is_fed_back_learns_in_the_loop():
    assert_alike(force_here(), force_there(), 1e-7)  # least squares make differences of rounding larger
    assert_no_longer(force_here, force_there)


# Cells whose start and time constant change regularly, exactly and in ever finer steps.
FALLS = "dv/dt = (5 - v)/tau : 1\nr : 1\ntau : second"
AGAIN = "r = 3.9*r*(1 - r)\nv = r\ntau = 0.5*ms + 5*ms*r"


def steps_here():
    """The largest error of 'rk2' by length of the steps, which is halved until it is below 0.02."""

    def traces(method, dt):
        text = dict(equations=FALLS, regularly=(4 * ms, AGAIN), method=method)
        cells = ns.Neurons("cells", 20, **text, r="(i + 1)/(N + 1)")
        net = ns.Network(cells, schedule=ns.Clock(dt))
        return ns.run(net, duration=20 * ms, record={"cells.v": 1 * ms}, engine="reference")["cells.v"]

    exact, errors, dt = traces("exact", 1 * ms), {}, 0.5 * ms
    while not errors or min(errors.values()) > 0.02:
        errors[float(dt)] = np.abs(traces("rk2", dt) - exact).max()
        dt = dt / 2
    return {"exact": exact, "dt": list(errors), "error": list(errors.values())}


def steps_there():
    def traces(method, dt):
        cells = NeuronGroup(20, FALLS, method=method, dt=dt)
        cells.r = "(i + 1)/(N + 1)"
        cells.run_regularly(AGAIN, dt=4 * ms)
        trace = StateMonitor(cells, "v", record=True, dt=1 * ms)
        Network(cells, trace).run(20 * ms)
        return trace.v.T

    exact, errors, dt = traces("exact", 1 * ms), {}, 0.5 * ms
    while not errors or min(errors.values()) > 0.02:
        errors[float(dt)] = np.abs(traces("rk2", dt) - exact).max()
        dt = dt / 2
    return {"exact": exact, "dt": list(errors), "error": list(errors.values())}


def test_finer_steps_come_nearer_to_the_exact_solution():
    assert_alike(steps_here(), steps_there())
    assert_no_longer(steps_here, steps_there)
