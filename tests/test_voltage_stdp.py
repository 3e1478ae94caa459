"""Voltage-based STDP reproduces how its sign depends on the rate of pairs, alike on both engines."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, mV, nA

RATES, PAIRS = (10, 20, 40, 50), 5  # Hz; each with the pre spike 10 ms before and 10 ms after
TICKS, COMPARED = 4800, 1000  # of 0.1 ms; both engines run the first ones


def protocol():
    """The pulses of current (tick, neuron) in nA that make targets fire, and the spikes of the senders."""
    pulses, times, senders = np.zeros((TICKS, 2 * len(RATES))), [], []
    for neuron, (rate, lag) in enumerate((rate, lag) for rate in RATES for lag in (100, -100)):
        for pair in range(PAIRS):
            begin = 200 + pair * 10_000 // rate
            pulses[begin : begin + 20, neuron] = 6.0
            times.append(begin + 10 - lag)  # a target spikes about 10 ticks after its pulse has begun
            senders.append(neuron)
    order = np.argsort(times, kind="stable")
    return {"drive": pulses, "pre": (np.array(times)[order], np.array(senders)[order])}


@pytest.fixture(scope="module")
def recordings():
    n = 2 * len(RATES)
    pre, drive, post = ns.Neurons("pre", n), ns.Neurons("drive", n), ns.cells.adex_clopath("post", n)
    net = ns.Network(
        ns.Synapses(drive, post, wiring=ns.one_to_one(), weight=1 * nA),
        ns.synapses.voltage_stdp(pre, post, "v", w_max=1e-9 * mV, wiring=ns.one_to_one(), name="s"),
        schedule=ns.Clock(0.1 * ms),
    )
    given, record = protocol(), ["post", "post.u_minus", "s.w", "s.grown"]
    spikes = given["pre"][0] < COMPARED
    early = {"drive": given["drive"][:COMPARED], "pre": tuple(part[spikes] for part in given["pre"])}
    return (
        ns.run(net, early, record=record, engine="reference", ticks=COMPARED),
        ns.run(net, given, record=record, engine="events", ticks=TICKS),
    )


def test_both_engines_give_the_same(recordings):
    for name in ("post", "post.u_minus", "s.w", "s.grown"):
        one, two = (recording[name][:COMPARED] for recording in recordings)
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


def test_each_pulse_gives_one_spike(recordings):
    assert len(recordings[1].spikes("post")) == PAIRS * 2 * len(RATES)


def test_pairs_at_high_rates_potentiate_whatever_their_order(recordings):
    """Clopath et al. 2010, figure 2: post after pre potentiates, the more the higher the rate; pre after post
    depresses at low rates and potentiates at 40 Hz and above."""
    final = recordings[1].final
    change = final["synapse/s/w"][0] / 1e-12 - 0.5 + final["synapse/s/grown"][0]
    first, second = change.reshape(-1, 2).T
    assert first[0] > 0
    assert np.all(np.diff(first) > 0)
    assert second[0] < 0 and second[1] < 0
    assert second[2] > 0 and second[3] > second[2]


def test_an_arrival_depresses_by_what_the_average_voltage_exceeds(recordings):
    """The last arrival of pre after post at 10 Hz: w falls by w_max A_LTD (u_minus - theta_minus)."""
    recording = recordings[1]
    tick = max(time for time, sender in zip(*protocol()["pre"], strict=True) if sender == 1)
    w, grown = recording["s.w"][:, 1] / 1e-12, recording["s.grown"][:, 1]
    u = (
        1e3 * recording["post.u_minus"][tick + 1, 1]
    )  # as it is when the spike arrives, after this tick's step
    assert w[tick + 1] - w[tick] - grown[tick] == pytest.approx(-14e-5 * (u + 70.6), rel=1e-6)
