"""neurosim against Brian2 itself: the same equations, weights, delays and start values give the same
spikes."""

import brian2 as b
import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeMonitor, StateMonitor, Synapses, ms, mV, nS, pA, pF, second
from brian_side import assert_same_spikes, brian_run, clocked, random_synapses

import neurosim as ns

N, EXCITATORY = 400, 320
CUBA = """dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
          dge/dt = -ge/taue : volt
          dgi/dt = -gi/taui : volt"""
CUBA_CONSTANTS = dict(taum=20 * ms, taue=5 * ms, taui=10 * ms, El=-49 * mV, Vt=-50 * mV, Vr=-60 * mV)
COBA = """dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) + Ib)/Cm : volt (unless refractory)
          dge/dt = -ge/taue : siemens
          dgi/dt = -gi/taui : siemens"""
COBA_CONSTANTS = dict(
    gl=10 * nS,
    El=-60 * mV,
    Ee=0 * mV,
    Ei=-80 * mV,
    Cm=200 * pF,
    taue=5 * ms,
    taui=10 * ms,
    Vt=-50 * mV,
    Vr=-60 * mV,
    Ib=150 * pA,
)


@pytest.mark.parametrize(
    ("equations", "constants", "method", "excite", "inhibit"),
    [
        (CUBA, CUBA_CONSTANTS, "exact", 3.24 * mV, -18 * mV),
        (COBA, COBA_CONSTANTS, "exponential_euler", 3.6 * nS, 40 * nS),
    ],
    ids=["CUBA", "COBA"],
)
def test_a_balanced_network_spikes_as_in_brian2(equations, constants, method, excite, inhibit):
    wires = random_synapses(N, 0.1, 3.0, seed=1)
    start = np.random.default_rng(2).uniform(-60, -50, N) * mV
    group = NeuronGroup(
        N,
        equations,
        threshold="v > Vt",
        reset="v = Vr",
        refractory=5 * ms,
        method=method,
        namespace=constants,
    )
    group.v = start
    spikes, trace = SpikeMonitor(group), StateMonitor(group, "v", record=[0, 399])
    objects = [group, spikes, trace]
    cells = ns.Neurons(
        "cells",
        N,
        equations=equations,
        threshold="v > Vt",
        reset="v = Vr",
        refractory=5 * ms,
        method=method,
        v=start,
        **constants,
    )
    ours = []
    for variable, weight, chosen in (
        ("ge", excite, wires.pre < EXCITATORY),
        ("gi", inhibit, wires.pre >= EXCITATORY),
    ):
        synapses = Synapses(
            group,
            group,
            on_pre=f"{variable} += weight",
            namespace={"weight": weight},
            name=f"into_{variable}",
        )
        synapses.connect(i=wires.pre[chosen], j=wires.post[chosen])
        synapses.delay = wires.delay[chosen] * ms
        objects.append(synapses)
        wiring = ns.pairs(wires.pre[chosen], wires.post[chosen])
        ours.append(
            ns.Synapses(
                cells, cells, to=variable, wiring=wiring, weight=weight, delay=wires.delay[chosen] * ms
            )
        )
    brian_run(300 * ms, *objects)
    recording = ns.run(clocked(*ours), duration=300 * ms, record=["cells", "cells[[0, 399]].v"])
    assert_same_spikes(recording, "cells", spikes)
    assert len(recording.spikes("cells")) > 500
    np.testing.assert_allclose(recording["cells[[0, 399]].v"], np.asarray(trace.v).T, atol=1e-12)


def test_an_arrival_at_a_frozen_variable_is_dropped_as_in_brian2():
    equations = "dv/dt = (1.5 - v)/(10*ms) : 1 (unless refractory)"
    wires = random_synapses(30, 0.3, 2.0, seed=3)
    start = np.linspace(0, 0.9, 30)
    group = NeuronGroup(30, equations, threshold="v > 1", reset="v = 0", refractory=3 * ms, method="exact")
    group.v = start
    synapses = Synapses(group, group, on_pre="v += 0.05")
    synapses.connect(i=wires.pre, j=wires.post)
    synapses.delay = wires.delay * ms
    spikes = SpikeMonitor(group)
    brian_run(200 * ms, group, synapses, spikes)
    cells = ns.Neurons(
        "cells", 30, equations=equations, threshold="v > 1", reset="v = 0", refractory=3 * ms, v=start
    )
    ours = ns.Synapses(
        cells, cells, to="v", wiring=ns.pairs(wires.pre, wires.post), weight=0.05, delay=wires.delay * ms
    )
    assert_same_spikes(ns.run(clocked(ours), duration=200 * ms, record="all"), "cells", spikes)


def test_spike_timing_dependent_plasticity_changes_weights_as_in_brian2():
    model = """w : 1
               dapre/dt = -apre/taupre : 1 (event-driven)
               dapost/dt = -apost/taupost : 1 (event-driven)"""
    on_pre = "ge_post += w\napre += 0.01\nw = clip(w + apost, 0, 0.3)"
    on_post = "apost -= 0.0105\nw = clip(w + apre, 0, 0.3)"
    constants = dict(taupre=20 * ms, taupost=15 * ms)
    equations = "dv/dt = (ge + 1.05 - v)/(10*ms) : 1\ndge/dt = -ge/(5*ms) : 1"
    wires = random_synapses(40, 0.3, 3.0, seed=4)
    start = np.linspace(0, 0.99, 40)
    group = NeuronGroup(40, equations, threshold="v > 1", reset="v = 0", method="exact")
    group.v = start
    synapses = Synapses(group, group, model, on_pre=on_pre, on_post=on_post, namespace=constants)
    synapses.connect(i=wires.pre, j=wires.post)
    synapses.w, synapses.pre.delay = 0.1, wires.delay * ms
    spikes = SpikeMonitor(group)
    brian_run(300 * ms, group, synapses, spikes)
    cells = ns.Neurons("cells", 40, equations=equations, threshold="v > 1", reset="v = 0", v=start)
    ours = ns.Synapses(
        cells,
        cells,
        wiring=ns.pairs(wires.pre, wires.post),
        weight=0.1,
        delay=wires.delay * ms,
        model=model,
        on_pre=on_pre,
        on_post=on_post,
        name="plastic",
        **constants,
    )
    recording = ns.run(clocked(ours), duration=300 * ms, record=["cells", "plastic.w"])
    assert_same_spikes(recording, "cells", spikes)
    theirs = np.asarray(synapses.w)[np.lexsort((np.asarray(synapses.j), np.asarray(synapses.i)))]
    np.testing.assert_allclose(recording.final["synapse/plastic/w"][0], theirs, rtol=1e-12)
    assert np.ptp(theirs) > 0.1


def test_short_term_plasticity_is_brian2s():
    model = """w : 1
               dx/dt = (1 - x)/taud : 1 (event-driven)
               du/dt = (U - u)/tauf : 1 (event-driven)"""
    on_pre = "u += U*(1 - u)\nge_post += w*u*x\nx -= u*x"
    constants = dict(taud=200 * ms, tauf=50 * ms, U=0.3)
    times, index = np.arange(5, 150, 7.0), np.arange(21) % 3
    sources = b.SpikeGeneratorGroup(3, index, times * ms)
    group = NeuronGroup(4, "dge/dt = -ge/(5*ms) : 1", method="exact")
    synapses = Synapses(sources, group, model, on_pre=on_pre, namespace=constants)
    synapses.connect()
    synapses.w, synapses.x, synapses.u = 2.0, 1.0, 0.3
    trace = StateMonitor(group, "ge", record=True)
    brian_run(200 * ms, sources, group, synapses, trace)
    ears = ns.Neurons("ears", 3)
    cells = ns.Neurons("cells", 4, equations="dge/dt = -ge/(5*ms) : 1")
    ours = ns.Synapses(ears, cells, weight=2.0, model=model, on_pre=on_pre, x=1.0, u=0.3, **constants)
    recording = ns.run(clocked(ours), {"ears": (times * ms, index)}, duration=200 * ms, record=["cells.ge"])
    np.testing.assert_allclose(recording["cells.ge"], np.asarray(trace.ge).T, atol=1e-13)
    assert recording["cells.ge"].max() > 0.5


def test_gap_junctions_by_summed_variables_are_brian2s():
    equations = "dv/dt = (drive + Igap - v)/(10*ms) : 1\nIgap : 1\ndrive : 1"
    model = "g : 1\nIgap_post = g*(v_pre - v_post) : 1 (summed)"
    wires = random_synapses(12, 0.4, 0.0, seed=5)
    strength = np.linspace(0.05, 0.3, wires.pre.size)
    drive = np.linspace(0.8, 1.6, 12)
    group = NeuronGroup(12, equations, threshold="v > 1", reset="v = 0", method="euler")
    group.drive = drive
    synapses = Synapses(group, group, model)
    synapses.connect(i=wires.pre, j=wires.post)
    synapses.g = strength
    spikes, trace = SpikeMonitor(group), StateMonitor(group, "v", record=True)
    brian_run(100 * ms, group, synapses, spikes, trace)
    cells = ns.Neurons(
        "cells", 12, equations=equations, threshold="v > 1", reset="v = 0", method="euler", drive=drive
    )
    ours = ns.Synapses(cells, cells, wiring=ns.pairs(wires.pre, wires.post), model=model, g=strength)
    recording = ns.run(clocked(ours), duration=100 * ms, record=["cells", "cells.v"])
    assert_same_spikes(recording, "cells", spikes)
    np.testing.assert_allclose(recording["cells.v"], np.asarray(trace.v).T, atol=1e-12)


def test_a_driven_population_is_brian2s_timed_array():
    values = np.random.default_rng(6).random((500, 3))
    stimulus = b.TimedArray(values, dt=0.1 * ms)
    group = NeuronGroup(
        3, "dv/dt = (stimulus(t, i) - v)/(2*ms) : 1", method="euler", namespace={"stimulus": stimulus}
    )
    trace = StateMonitor(group, "v", record=True)
    brian_run(50 * ms, group, trace)
    drive = ns.Neurons("drive", 3)
    cells = ns.Neurons("cells", 3, equations="dv/dt = (I - v)/(2*ms) : 1", method="euler")
    recording = ns.run(
        clocked(ns.Synapses(drive, cells, wiring=ns.one_to_one())), {"drive": values}, record=["cells.v"]
    )
    np.testing.assert_allclose(recording["cells.v"], np.asarray(trace.v).T, atol=1e-12)


def test_clock_driven_synapses_are_brian2s():
    model = "ds/dt = -s/(4*ms) : 1 (clock-driven)\nI_post = w*s : 1 (summed)\nw : 1"
    equations = "dv/dt = (I + 1.2 - v)/(10*ms) : 1\nI : 1"
    wires = random_synapses(15, 0.3, 2.0, seed=7)
    start = np.linspace(0, 0.9, 15)
    group = NeuronGroup(15, equations, threshold="v > 1", reset="v = 0", method="euler", name="a_group")
    group.v = start
    synapses = Synapses(group, group, model, on_pre="s += 1", method="exact")
    synapses.connect(i=wires.pre, j=wires.post)
    synapses.w, synapses.delay = 0.2, wires.delay * ms
    spikes = SpikeMonitor(group)
    brian_run(100 * ms, group, synapses, spikes)
    cells = ns.Neurons(
        "cells", 15, equations=equations, ports="x", threshold="v > 1", reset="v = 0", method="euler", v=start
    )
    ours = ns.Synapses(
        cells,
        cells,
        wiring=ns.pairs(wires.pre, wires.post),
        weight=0.2,
        delay=wires.delay * ms,
        model=model,
        on_pre="s += 1",
    )
    assert_same_spikes(ns.run(clocked(ours), duration=100 * ms, record="all"), "cells", spikes)


def test_noise_has_the_variance_of_its_equation():
    cells = ns.Neurons(
        "cells",
        2000,
        equations="dv/dt = -v/tau + sigma*sqrt(2/tau)*xi : 1",
        method="euler",
        tau=5 * ms,
        sigma=0.7,
    )
    v = ns.run(ns.Network(cells, schedule=ns.Clock(0.05 * ms)), duration=40 * ms, record={"cells.v": 800})[
        "cells.v"
    ]
    end = ns.run(ns.Network(cells, schedule=ns.Clock(0.05 * ms)), duration=40 * ms).final["state/cells/v"]
    assert v.shape == (1, 2000)
    assert abs(end.std() - 0.7) < 0.03
    assert float(second) == 1.0
