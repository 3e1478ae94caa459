"""The cortical microcircuit has the published anatomy, weights, inputs and activity (Potjans & Diesmann
2014)."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.microcircuit import (
    POPULATIONS,
    RATES,
    input_current,
    mean_weights,
    microcircuit,
    psc_amplitude,
    synapse_numbers,
)
from neurosim.plan.materialize import materialized
from neurosim.units import ms, mV, pA


def between(net):
    """The synapses between populations of the microcircuit, by their places in its table: (post, pre)."""
    order = list(POPULATIONS)
    return {
        (order.index(item.post.name), order.index(item.pre.name)): item
        for item in net.synapses.values()
        if item.pre.name != "background"
    }


def test_the_microcircuit_has_the_published_anatomy():
    net = microcircuit()
    assert sum(net[name].size for name in POPULATIONS) == 77_169
    synapses = {place: item.wiring.n for place, item in between(net).items()}
    assert sum(synapses.values()) == 298_880_970
    assert synapses[0, 0] / 20683 == pytest.approx(
        2200, abs=1
    )  # L23E onto itself: -ln(1 - 0.1009)*20683 synapses per neuron
    assert len(synapses) == 55  # 9 of the 64 probabilities are 0
    assert {item.wiring.n for item in net.synapses.values() if item.pre.name == "background"} == {
        1600,
        1500,
        2100,
        1900,
        2000,
        2900,
    }


def test_the_synapses_of_the_microcircuit_have_the_published_weights_and_delays():
    net = materialized(microcircuit(0.02, in_degree_scale=0.1), 1)
    for (post, pre), item in between(net).items():
        w = item.weight.number * np.sqrt(0.1) * 1e12
        mean = {0: 1.0, 1: -4.0}[pre % 2] * (2.0 if (post, pre) == (0, 2) else 1.0) * 87.81
        assert np.all(np.sign(w) == np.sign(mean))
        assert w.mean() == pytest.approx(mean, abs=4 * 0.1 * abs(mean) / np.sqrt(w.size) + 0.01)
        delay = np.rint(item.delay.number / 1e-4)
        assert delay.min() >= 1
        assert np.median(delay) == pytest.approx(15 if pre % 2 == 0 else 7.5, abs=1 if w.size > 1000 else 9)


def test_a_post_synaptic_potential_of_the_microcircuit_peaks_at_its_published_height():
    source, cell = ns.Neurons("source", 1), microcircuit(0.01)["L4E"]
    constants = {name: cell.constants[name] for name in ("tau_m", "tau_syn", "C_m", "E_L")}
    silent = ns.Neurons(
        "cell",
        1,
        equations=cell.equations.replace("(unless refractory)", ""),
        I_e=0 * pA,
        v=-65 * mV,
        **constants,
    )
    net = ns.Network(
        ns.Synapses(source, silent, to="I_syn", weight=psc_amplitude() * pA), schedule=ns.Clock(0.01 * ms)
    )
    v = ns.run(net, {"source": ([0], [0])}, ticks=600, record=["cell.v"])["cell.v"]
    assert v.max() + 0.065 == pytest.approx(0.15e-3, rel=1e-4)


@pytest.mark.parametrize("drive", ["poisson", "dc"])
@pytest.mark.parametrize(("scale", "in_degree_scale"), [(0.5, None), (0.1, 0.25), (0.01, 0.01)])
def test_scaling_the_microcircuit_keeps_the_mean_input(scale, in_degree_scale, drive):
    net = microcircuit(scale, in_degree_scale=in_degree_scale, drive=drive)
    kept = in_degree_scale or scale
    rates, current = list(RATES.values()), np.zeros(8)
    for (post, pre), item in between(net).items():
        current[post] += item.wiring.n / item.post.size * item.weight.mean.number * rates[pre] * 0.5e-3
    for k, name in enumerate(POPULATIONS):
        current[k] += net[name].constants["I_e"].number
        if drive == "poisson":
            background = net[f"background_to_{name}"]
            current[k] += background.wiring.n * background.weight.number * 8 * 0.5e-3
    assert current * 1e12 == pytest.approx(input_current(), rel=0.02 if scale > 0.01 else 0.1)
    assert mean_weights()[0, 2] / psc_amplitude() == 2
    assert kept * synapse_numbers()[0, 0] * scale == pytest.approx(net["L23E_to_L23E"].wiring.n, abs=1)


def test_the_microcircuit_is_as_active_as_published():
    names = list(POPULATIONS)
    recording = ns.run(microcircuit(0.02, in_degree_scale=0.1), duration=200 * ms, record=names, seed=1)
    seen = sum(len(recording.spikes(name, start=500)) for name in names) / 0.15
    published = sum(recording.network[name].size * RATES[name] for name in names)
    assert seen == pytest.approx(published, rel=0.2)


def test_a_direct_current_replaces_the_background_of_the_microcircuit():
    net = microcircuit(drive="dc")
    assert set(net.populations) == set(POPULATIONS)
    amplitudes = [net[name].constants["I_e"].number * 1e12 for name in POPULATIONS]
    sources = np.array([n for _, n, *_ in POPULATIONS.values()])
    assert amplitudes == pytest.approx(sources * 8 * 0.5e-3 * psc_amplitude())
    plain = microcircuit()
    assert all(plain[name].constants["I_e"].number == 0 for name in POPULATIONS)


def test_the_microcircuit_refuses_scales_and_drives_that_are_none():
    for scale in (0, 1.5):
        with pytest.raises(ValueError, match="above 0"):
            microcircuit(scale)
    with pytest.raises(ValueError, match="drive 'both' is neither 'poisson' nor 'dc'"):
        microcircuit(drive="both")
