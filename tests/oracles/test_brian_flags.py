"""Flags of equations beside Brian2: (shared), (constant over dt), (constant), and lastupdate."""

import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, ms
from brian_side import brian_run, clocked

import neurosim as ns

NEURONS = """
    wave = gain*sin(2*pi*t/(7*ms)) : 1 (shared, constant over dt)
    own = wave*v + i/10 : 1 (constant over dt)
    dv/dt = (own + 1 + total - v)/(5*ms) : 1
    gain : 1 (shared, constant)
    total : 1
"""
SYNAPSES = """
    h = w*t/(10*ms) + v_post : 1 (constant over dt)
    total_post = scale*h : 1 (summed)
    scale : 1 (shared, constant)
    dapre/dt = -apre/(4*ms) : 1 (event-driven)
    seen : second
    w : 1
"""
ON_PRE = "apre += 1\nseen = t - lastupdate"
TIMES, INDICES = np.array([1.0, 3.5, 3.5, 8.0]), np.array([0, 0, 1, 0])
NAMES = ("v", "wave", "own", "total")


@pytest.fixture(scope="module")
def theirs():
    """Traces of neurons and synapses."""
    ears = SpikeGeneratorGroup(2, INDICES, TIMES * ms)
    group = NeuronGroup(3, NEURONS, method="rk4", name="z_group")
    group.gain, group.v = 0.7, [0.1, 0.2, 0.3]
    synapses = Synapses(ears, group, SYNAPSES, on_pre=ON_PRE, name="a_synapses")
    synapses.connect()
    synapses.w, synapses.scale = 0.2, 0.5
    traces = StateMonitor(group, NAMES, record=True), StateMonitor(synapses, ["h", "seen"], record=True)
    brian_run(10 * ms, ears, group, synapses, *traces)
    return traces


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_flags_mean_what_they_mean_in_brian2(engine, theirs):
    ears = ns.Neurons("ears", 2)
    cells = ns.Neurons("cells", 3, equations=NEURONS, method="rk4", gain=0.7, v=[0.1, 0.2, 0.3])
    text = {"model": SYNAPSES, "on_pre": ON_PRE, "scale": 0.5}
    net = clocked(ns.Synapses(ears, cells, weight=0.2, name="join", **text))
    record = [*(f"cells.{name}" for name in NAMES), "join.h", "join.seen"]
    spikes = {"ears": (TIMES * ms, INDICES)}
    found = ns.run(net, spikes, duration=10 * ms, record=record, engine=engine)
    for name in record:
        monitor = theirs[name.startswith("join")]
        wanted = np.asarray(getattr(monitor, name.split(".")[1])).T
        np.testing.assert_allclose(
            found[name], np.broadcast_to(wanted, found[name].shape), rtol=0, atol=1e-12
        )
    assert np.ptp(found["cells.own"], axis=1).max() > 0.5
    np.testing.assert_allclose(found["join.seen"][-1], [4.5e-3] * 3 + [3.5e-3] * 3)


def test_what_is_random_and_constant_over_dt_is_drawn_once_for_a_tick():
    """With rk4, numbers that were drawn anew at each stage would have half the spread."""
    text = "s = rand() : 1 (constant over dt)\ndv/dt = s/ms : 1"
    group = NeuronGroup(3000, text, method="rk4")
    trace = StateMonitor(group, "v", record=True, dt=0.1 * ms)
    brian_run(0.2 * ms, group, trace)
    cells = ns.Neurons("cells", 3000, equations=text, method="rk4")
    ours = ns.run(clocked(cells), ticks=2, record="cells.v")["cells.v"]
    for v in (ours[1], np.asarray(trace.v)[:, 1]):
        assert v.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.05)
