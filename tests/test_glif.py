"""The generalized integrate-and-fire cells do what their equations say, alike on both engines."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, pA

LEVELS = (1, 2, 3, 4, 5)
DT, TICKS, CURRENT = 0.1, 4000, 200  # ms, ticks, pA


def network():
    cells = [ns.cells.glif(f"cell_{level}", 2, level=level) for level in LEVELS]
    drive = ns.Neurons("drive", 2)  # the second drives too weakly for spikes
    into = [ns.Synapses(drive, cell, wiring=ns.one_to_one(), weight=1 * pA) for cell in cells]
    return ns.Network(into, schedule=ns.Clock(DT * ms))


@pytest.fixture(scope="module")
def recordings():
    drive = np.ones((TICKS, 1)) * [CURRENT, 100]
    record = [f"cell_{level}" for level in LEVELS]
    record += ["cell_1.v", "cell_2.v", "cell_2.theta_s", "cell_3.I_1", "cell_4.I_2", "cell_5.theta_v"]
    return [
        ns.run(network(), {"drive": drive}, record=record, engine=engine)
        for engine in ("reference", "events")
    ]


def spikes(recording, level):
    found = recording.spikes(f"cell_{level}")
    return found.tick[found.neuron == 0]


def test_both_engines_give_the_same(recordings):
    one, two = recordings
    for level in LEVELS:
        assert np.array_equal(spikes(one, level), spikes(two, level))
        assert not np.any(one.spikes(f"cell_{level}").neuron == 1)
    for name in ("cell_2.v", "cell_2.theta_s", "cell_3.I_1", "cell_4.I_2", "cell_5.theta_v"):
        np.testing.assert_allclose(one[name], two[name], rtol=1e-12, atol=1e-20)


def test_level_1_fires_at_the_rate_of_a_lif(recordings):
    interval = 3 + 20 * np.log(40 / (40 - 25))  # R I is 40 mV, the threshold 25 mV above rest
    between = np.diff(spikes(recordings[0], 1)) * DT
    assert np.all(np.abs(between - interval) <= 1.5 * DT)


def test_each_mechanism_slows_the_cell_down(recordings):
    """The currents are negative and thresholds rise, so a level with more mechanisms fires less."""
    counts = {level: len(spikes(recordings[0], level)) for level in LEVELS}
    assert counts[1] > counts[3] > counts[4] > counts[5] > 0
    assert counts[1] > counts[2] > counts[4]


def decayed(ticks, spiking, rate):
    """The sum over earlier spikes of exp(-rate s), s after the spike, in the samples of a recording."""
    s = ticks[:, None] - spiking[None, :] - 1
    return np.where(s >= 0, np.exp(-rate * DT / 1e3 * s), 0).sum(1)


@pytest.mark.parametrize(
    ("level", "name", "jump", "rate"),
    [(2, "theta_s", 3e-3, 20), (3, "I_1", -20e-12, 100), (4, "I_2", -5e-12, 10)],
)
def test_what_spikes_leave_adds_up_and_decays(recordings, level, name, jump, rate):
    found = recordings[0][f"cell_{level}.{name}"][:, 0]
    expected = jump * decayed(np.arange(TICKS), spikes(recordings[0], level), rate)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-18)


def test_level_2_is_reset_to_a_fraction_of_its_voltage(recordings):
    """From the threshold v falls to E_L + 0.4 (v - E_L) - 2 mV; in a tick v moves by less than 0.2 mV."""
    v, theta = recordings[0]["cell_2.v"][:, 0], recordings[0]["cell_2.theta_s"][:, 0]
    for tick in spikes(recordings[0], 2):
        above = 25e-3 + theta[tick]
        assert v[tick + 1] + 75e-3 == pytest.approx(0.4 * above - 2e-3, abs=0.4 * 0.3e-3)


def test_the_threshold_of_level_5_follows_the_voltage(recordings):
    """With a weak current v rises to R I = 20 mV with 20 ms, and theta_v with 20 per second after it."""
    t, b, leak = np.arange(TICKS) * DT / 1e3, 20.0, 50.0
    expected = 3 * 20e-3 * ((1 - np.exp(-b * t)) / b - (np.exp(-leak * t) - np.exp(-b * t)) / (b - leak))
    found = recordings[0]["cell_5.theta_v"][:, 1]
    shift = int(np.argmax(found > 0)) - 1  # the current arrives in a later tick
    np.testing.assert_allclose(found[shift:], expected[: TICKS - shift], rtol=1e-9, atol=1e-15)


def test_another_level_is_refused():
    with pytest.raises(ns.DescriptionError, match="level 6 is not known"):
        ns.cells.glif("cell", 1, level=6)
