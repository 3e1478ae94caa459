"""The ready synapses do what their papers say, alike on both engines.

All rules stand in one network, driven by given spikes, so that one run on each engine serves all tests.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

import neurosim as ns
from neurosim import synapses
from neurosim.units import Hz, ms, mV, nS, pF

LAGS = [-40, -20, -10, -3, 2, 10, 25, 50]  # ms from the pre spike to the post spike, one pair each
RATES = [10, 20, 40, 50]  # Hz, each with the lags +10 and -10 ms
PAIRS = 10  # at each rate
TICKS = 1100  # of 1 ms
TOP = 2.0


def trains():
    """The ticks at which the two neurons of each pair spike."""
    found = [([60], [60 + lag]) for lag in LAGS]
    for rate in RATES:
        beats = 60 + np.arange(PAIRS) * (1000 // rate)
        found += [(list(beats), list(beats + lag)) for lag in (10, -10)]
    return found


def events(spikes):
    return np.concatenate(spikes), np.concatenate(
        [np.full(len(train), neuron) for neuron, train in enumerate(spikes)]
    )


def network():
    pre = ns.Neurons("pre", len(trains()))
    post = ns.Neurons(
        "post",
        len(trains()),
        equations="dv/dt = -v/(10*ms) : volt\ndopamine : Hz",
        dopamine=2 * Hz,
        threshold="v > 1*volt",
        method="exact",
    )
    sums = ns.Neurons("sums", len(trains()), equations="tired : volt\neager : volt", ports="")
    opened = ns.cells.lif_nmda("opened", len(trains()))
    passive = ns.Neurons(
        "passive", 2, equations="du/dt = (g_L*(E - u) + I_near)/C : volt\nI_near : amp", ports="",
        g_L=10 * nS, C=100 * pF, E=[10, 0] * mV, method="euler",
    )  # fmt: skip
    one = dict(wiring=ns.one_to_one(), weight=1.0 * mV)
    top = TOP * mV
    return ns.Network(
        synapses.pair_stdp(pre, post, "v", w_max=top, name="pair", tau_minus=30 * ms, **one),
        synapses.pair_stdp(pre, post, "v", w_max=top, name="steep", A_plus=0.6, A_minus=0.6, wiring="i == j"),
        synapses.triplet_stdp(pre, post, "v", w_max=top, name="triplet", A3_minus=2.3e-4, **one),
        synapses.depressing(pre, sums, "tired", name="depressing", U=0.4, **one),
        synapses.facilitating(pre, sums, "eager", name="facilitating", U=0.1, **one),
        synapses.nmda(pre, opened, to="g_NMDA", name="nmda", wiring=ns.one_to_one(), weight=1 * nS),
        synapses.gap_junction(passive, passive, to="I_near", v="u", wiring="i != j", weight=5 * nS),
        synapses.scaling(pre, post, "v", name="scaling", beta=0.3, tau=200 * ms, **one),
        synapses.reward_stdp(
            pre, post, "v", reward="dopamine", w_max=top, name="rewarded", tau_c=300 * ms, **one
        ),
        schedule=ns.Clock(1 * ms),
    )


@pytest.fixture(scope="module")
def recordings():
    pre, post = zip(*trains(), strict=True)
    given = {"pre": events(pre), "post": events(post)}
    return [
        ns.run(network(), given, ticks=TICKS, record=["nmda.s"], engine=engine)
        for engine in ("reference", "events")
    ]


@pytest.fixture(scope="module")
def final(recordings):
    """The variables of all synapses at the end, on the reference engine."""
    return recordings[0].final


def change(final, name):
    """The change of each weight as a fraction of w_max."""
    return (final[f"synapse/{name}/w"][0] * 1e3 - 1.0) / TOP


def test_both_engines_give_the_same(recordings):
    reference, fast = (recording.final for recording in recordings)
    for key, values in reference.items():
        np.testing.assert_allclose(fast[key], values, rtol=1e-12, atol=1e-300, err_msg=key)


def test_pair_stdp_has_the_window_of_song_miller_and_abbott(final):
    lags = np.array(LAGS)
    window = np.where(lags >= 0, 0.005 * np.exp(-lags / 20), -1.05 * 0.005 * np.exp(lags / 30))
    np.testing.assert_allclose(change(final, "pair")[: len(LAGS)], window, rtol=1e-9)


def test_pair_stdp_adds_up_all_pairs(final):
    def expected(pre, post):
        s = np.subtract.outer(post, pre)
        return np.where(s >= 0, 0.005 * np.exp(-s / 20), -1.05 * 0.005 * np.exp(s / 30)).sum()

    np.testing.assert_allclose(change(final, "pair"), [expected(*pair) for pair in trains()], rtol=1e-9)


def test_pair_stdp_keeps_weights_between_0_and_w_max(final):
    weights = final["synapse/steep/w"] * 1e3
    assert weights.min() == 0
    assert weights.max() == pytest.approx(TOP)
    assert np.all((weights >= 0) & (weights <= TOP * (1 + 1e-12)))


def test_triplet_stdp_is_the_sum_over_pairs_and_triplets(final):
    """Pfister & Gerstner 2006, equations 2 to 5, summed over spikes instead of by traces."""

    def decayed(time, spikes, tau):
        return sum(np.exp(-(time - spike) / tau) for spike in spikes if spike < time)

    def expected(pre, post):
        rise = sum(decayed(t, pre, 16.8) * 6.5e-3 * decayed(t, post, 114) for t in post)
        fall = sum(decayed(t, post, 33.7) * (7.1e-3 + 2.3e-4 * decayed(t, pre, 101)) for t in pre)
        return rise - fall

    np.testing.assert_allclose(
        change(final, "triplet"), [expected(*pair) for pair in trains()], rtol=1e-9, atol=1e-12
    )


def test_triplet_stdp_potentiates_at_high_rates_what_it_depresses_at_low_ones(final):
    """The shape of figure 3 of Sjöström, Turrigiano & Nelson 2001, which pairs alone do not have."""
    first, second = change(final, "triplet")[len(LAGS) :].reshape(-1, 2).T  # post after pre, and before
    assert np.all(np.diff(first) > 0)
    assert second[0] < 0 < second[-1]
    assert change(final, "pair")[-1] < 0


def test_a_depressing_synapse_tires_as_tsodyks_and_markram_say(final):
    """x before spike n of a regular train tends to its limit by the factor (1 - U) e at each spike."""
    for neuron, rate in enumerate(RATES):
        e = np.exp(-1 / (rate * 0.8))
        limit = (1 - e) / (1 - 0.6 * e)
        x = limit + (1 - limit) * (0.6 * e) ** np.arange(PAIRS)
        sent = final["state/sums/tired"][0][len(LAGS) + 2 * neuron] * 1e3
        assert sent == pytest.approx(0.4 * x.sum(), rel=1e-12)
        assert final["synapse/depressing/x"][0][len(LAGS) + 2 * neuron] == pytest.approx(0.6 * x[-1])


def test_a_facilitating_synapse_grows_stronger_as_far_as_its_resources_last(final):
    """u at spike n is U times a geometric series, which tends to U/(1 - (1 - U) exp(-T/tau_facil))."""
    for neuron, rate in enumerate(RATES):
        keep, e = 0.9 * np.exp(-1 / (rate * 0.53)), np.exp(-1 / (rate * 0.13))
        u = 0.1 / (1 - keep) * (1 - keep ** np.arange(1, PAIRS + 1))
        x = [1.0]
        for release in u[:-1]:
            x.append(1 + (x[-1] * (1 - release) - 1) * e)
        place = len(LAGS) + 2 * neuron
        assert final["synapse/facilitating/u"][0][place] == pytest.approx(u[-1], rel=1e-12)
        assert final["state/sums/eager"][0][place] * 1e3 == pytest.approx(np.dot(u, x), rel=1e-12)
        assert u[1] * x[1] > u[0] * x[0]


def test_nmda_receptors_open_slowly_and_saturate(recordings):
    """One spike: x decays from 1, and s is the integral that solves its linear equation."""
    s = recordings[0]["nmda.s"][60:160, 0]  # nothing else arrives there

    def opened(t):  # x = exp(-t/2), alpha = 0.5: the closing factor between u and t is elementary
        def rise(u):
            return 0.5 * np.exp(-u / 2 - (t - u) / 100 - (np.exp(-u / 2) - np.exp(-t / 2)))

        return quad(rise, 0, t)[0]

    expected = [opened(t) for t in range(100)]
    first = int(np.argmax(s > 0))
    np.testing.assert_allclose(s[first : first + 50], expected[1:51], rtol=2e-3)
    assert recordings[0]["nmda.s"].max() < 1
    np.testing.assert_allclose(
        recordings[0].final["state/opened/g_NMDA"], 1e-9 * recordings[0]["nmda.s"][-1:], rtol=1e-12
    )


def test_the_magnesium_block_sets_the_voltage_at_which_an_nmda_conductance_rests():
    cell = ns.cells.lif_nmda("cell", 2, g_NMDA=[5, 40] * nS, v_threshold=100 * mV)
    net = ns.Network(cell, schedule=ns.Clock(0.1 * ms))
    v = ns.run(net, ticks=5000, record=["cell.v"], engine="reference")["cell.v"][-1] * 1e3

    def current(v, g):
        return 25 * (-70 - v) - g * v / (1 + np.exp(-0.062 * v) / 3.57)

    expected = [brentq(current, -70, -60, (5,)), brentq(current, -70, 0, (40,))]
    np.testing.assert_allclose(v, expected, rtol=1e-4)


def test_a_gap_junction_couples_passive_cells_by_its_coefficient(final):
    """E differs by 10 mV, so the cells rest at 10 (w + g_L)/(2 w + g_L) and 10 w/(2 w + g_L)."""
    v = final["state/passive/u"][0] * 1e3
    np.testing.assert_allclose(v, [10 * 15 / 20, 10 * 5 / 20], rtol=1e-6)
    assert v[1] / v[0] == pytest.approx(5 / (5 + 10))  # the coupling coefficient


def test_scaling_moves_weights_by_what_the_rate_lacks(final):
    """The logarithm of w is beta times the integral of goal - a, up to the last event of the synapse."""
    weights = final["synapse/scaling/w"][0] * 1e3
    for (pre, post), w in zip(trains(), weights, strict=True):
        last = max(pre + post)
        integral = sum(1 - np.exp(-(last - t) / 200) for t in post)
        assert w == pytest.approx(np.exp(0.3 * (0.005 * last - integral)), rel=1e-12)
    assert weights[0] > 1  # it fired once, which is too little
    assert weights[-1] < 1  # 50 spikes a second are too many


def test_a_reward_turns_the_eligibility_that_pairs_have_left_into_weight(final):
    """One pair leaves c, and every 10 ms w rises by w_max c d 10 ms, a geometric series."""
    for (pre, post), grown in zip(trains()[: len(LAGS)], change(final, "rewarded"), strict=False):
        lag, last = post[0] - pre[0], max(pre + post)
        c = 0.1 * np.exp(-lag / 20) if lag >= 0 else -0.15 * np.exp(lag / 20)
        first = last // 10 * 10 + 10  # the text runs before the spikes of its tick
        expected = sum(2 * 0.01 * c * np.exp(-(t - last) / 300) for t in range(first, TICKS, 10))
        assert grown == pytest.approx(expected, rel=1e-9)


def test_a_setting_that_the_rule_does_not_have_is_refused():
    cells = ns.Neurons("cells", 2)
    with pytest.raises(ns.DescriptionError, match="'tau_pluss' is neither an argument"):
        synapses.pair_stdp(cells, cells, "I", w_max=1.0, tau_pluss=3)


def test_the_weight_is_not_a_variable_w_of_the_target():
    cells = ns.cells.adex("cells", 2)
    net = ns.Network(synapses.pair_stdp(cells, cells, "v", w_max=2 * mV), schedule=ns.Clock(0.1 * ms))
    recording = ns.run(net, ticks=1, record="cells_to_cells.w", engine="reference")
    np.testing.assert_allclose(recording["cells_to_cells.w"], 1e-3)  # half of w_max


def test_a_cell_without_the_variable_that_synapses_sum_into_is_told_how_to_get_it():
    cells = ns.cells.lif("cells", 2)
    net = ns.Network(synapses.gap_junction(cells, cells, wiring="i != j"), schedule=ns.Clock(1 * ms))
    with pytest.raises(ns.DescriptionError, match="declare it with its unit in the equations of 'cells'"):
        ns.run(net, ticks=1)
