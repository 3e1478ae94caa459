"""The ready cells do what their papers say."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns
from neurosim import cells
from neurosim.units import Hz, Mohm, cm, ms, mV, nA, nS, pA, uA

ALL = sorted(name for name, value in vars(cells).items() if callable(value))
CLOCKED = {
    "lif",
    "lif_exponential",
    "lif_alpha",
    "lif_conductance",
    "lif_nmda",
    "adex_clopath",
    "glif",
    "adex",
    "izhikevich",
    "hodgkin_huxley",
    "traub_miles",
    "poisson",
}


def drive(cell, current, seconds, record=(), dt=0.1 * ms):
    """The recording of a cell with an injected current: one number, or one per tick."""
    source = ns.Neurons("current", 1)
    net = ns.Network(ns.Synapses(source, cell), schedule=ns.Clock(dt))
    ticks = round(seconds / float(dt))
    given = current * np.ones(ticks) if np.ndim(current) == 0 else current
    return ns.run(net, {"current": given.reshape(ticks, 1)}, record=["cells", *record])


def after_a_spike(cell, target, weight, seconds, record, tick=10):
    """The recording of a cell that receives one spike; the arrays begin with the tick in which it arrives."""
    source = ns.Neurons("source", 1)
    net = ns.Network(ns.Synapses(source, cell, to=target, weight=weight), schedule=ns.Clock(0.1 * ms))
    ticks = tick + 1 + round(seconds / 1e-4)
    recording = ns.run(net, {"source": ([tick], [0])}, ticks=ticks, record=record)
    return {name: recording[name][tick + 1 :, 0] for name in record}


def intervals(recording, neuron=0):
    """Times between the spikes of one neuron, in milliseconds."""
    spikes = recording.spikes("cells")
    return np.diff(spikes.time[spikes.neuron == neuron]) * 1e3


def test_importing_the_cells_does_not_import_brian2():
    code = "import sys, neurosim.cells; sys.exit('brian2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ALL)
def test_every_cell_runs_and_its_units_agree(name):
    schedule = ns.Clock(0.05 * ms) if name in CLOCKED else ns.Synchronous()
    cell = getattr(cells, name)("cells", (2, 3) if name == "batch_norm" else 3)
    if name == "categorical":
        cell = ns.Synapses(cell, cell, delay=1, weight=np.eye(3))
    recording = ns.run(ns.Network(cell, schedule=schedule), ticks=3, record="all")
    assert recording.ticks == 3


def test_every_cell_names_its_source():
    assert all(
        "Source: " in getattr(cells, name).__doc__ for name in ALL if name not in ("categorical", "poisson")
    )


def test_constants_text_and_start_values_can_be_given():
    cell = cells.lif("cells", 2, tau=10 * ms, v_rest=-60 * mV, refractory=3 * ms)
    assert str(cell.constants["tau"]) == "10 ms"
    assert str(cell.constants["v"]) == "-60 mV"
    assert str(cell.refractory) == "3 ms"


def test_a_misspelt_constant_is_refused():
    with pytest.raises(ns.DescriptionError, match="Did you mean 'tau'"):
        cells.lif("cells", 1, taum=10 * ms)


def test_an_unknown_kind_of_firing_is_refused():
    with pytest.raises(ns.DescriptionError, match="Did you mean 'chattering'"):
        cells.izhikevich("cells", 1, "chatering")


def test_lif_fires_at_the_rate_of_its_formula():
    currents = np.array([2.1, 2.5, 3.0, 5.0, 8.0])
    cell = cells.lif("cells", 5, I_b=currents * nA)
    recording = ns.run(ns.Network(cell, schedule=ns.Clock(0.05 * ms)), ticks=20000, record=["cells"])
    expected = 2.0 + 8.0 * np.log(
        (10 * currents - 5.0) / (10 * currents - 20.0)
    )  # ms: refractory + tau log(...)
    for neuron in range(5):
        assert np.ptp(intervals(recording, neuron)) < 0.06
        assert intervals(recording, neuron).mean() == pytest.approx(expected[neuron], abs=0.06)


def test_lif_below_rheobase_settles_where_ohm_says():
    recording = drive(cells.lif("cells", 1), 1.5 * nA, 0.2, ["cells.v"])
    assert len(recording.spikes("cells")) == 0
    assert recording["cells.v"][-1, 0] == pytest.approx(-55e-3, rel=1e-9)


def test_a_spike_to_v_jumps_the_membrane_by_its_weight():
    v = after_a_spike(cells.lif("cells", 1), "v", 4 * mV, 0.02, ["cells.v"])["cells.v"]
    time = np.arange(v.size) * 1e-4
    assert np.allclose(v, -70e-3 + 4e-3 * np.exp(-time / 8e-3), rtol=1e-12)


def test_an_exponential_current_gives_the_known_potential():
    got = after_a_spike(
        cells.lif_exponential("cells", 1), "I_exc", 100 * pA, 0.03, ["cells.v", "cells.I_exc"]
    )
    time, tau, fall = np.arange(300) * 1e-4, 10e-3, 2e-3
    assert np.allclose(got["cells.I_exc"], 100e-12 * np.exp(-time / fall), rtol=1e-12)
    expected = 40e6 * 100e-12 * fall / (tau - fall) * (np.exp(-time / tau) - np.exp(-time / fall))
    assert np.allclose(got["cells.v"] + 70e-3, expected, rtol=0, atol=1e-15)


def test_an_alpha_current_peaks_at_its_weight_after_its_time_constant():
    current = after_a_spike(cells.lif_alpha("cells", 1), "x_exc", 100 * pA, 0.03, ["cells.I_exc"])[
        "cells.I_exc"
    ]
    time = np.arange(300) * 1e-4
    assert np.allclose(current, 100e-12 * time / 2e-3 * np.exp(1 - time / 2e-3), rtol=1e-11)
    assert current.argmax() == 20
    assert current.max() == pytest.approx(100e-12, rel=1e-12)


@pytest.mark.parametrize("rise", [2e-3, 10e-3])  # 10 ms equals the membrane's: a limit of the formula
def test_an_alpha_current_gives_the_known_potential(rise):
    cell = cells.lif_alpha("cells", 1, tau_exc=rise * 1e3 * ms)
    v = after_a_spike(cell, "x_exc", 100 * pA, 0.03, ["cells.v"])["cells.v"] + 70e-3
    time, tau = np.arange(300) * 1e-4, 10e-3
    factor, gap = 40e6 / tau * 100e-12 * np.e / rise, 1 / tau - 1 / rise
    decay = np.exp(-time / rise)
    expected = (
        factor * time**2 / 2 * decay
        if rise == tau
        else factor * (time * decay / gap - (decay - np.exp(-time / tau)) / gap**2)
    )
    assert np.allclose(v, expected, rtol=0, atol=1e-14)


def test_inhibition_mirrors_excitation():
    up = after_a_spike(cells.lif_alpha("cells", 1), "x_exc", 100 * pA, 0.02, ["cells.v"])["cells.v"]
    down = after_a_spike(cells.lif_alpha("cells", 1), "x_inh", -100 * pA, 0.02, ["cells.v"])["cells.v"]
    assert np.allclose(up + 70e-3, -(down + 70e-3), rtol=0, atol=1e-13)


@pytest.mark.parametrize(("target", "reversal", "fall"), [("ge", 0.0, 5e-3), ("gi", -80e-3, 10e-3)])
def test_a_conductance_pulls_towards_its_reversal_potential(target, reversal, fall):
    v = after_a_spike(cells.lif_conductance("cells", 1), target, 6 * nS, 0.05, ["cells.v"])["cells.v"]

    def slope(time, v):
        return (10e-9 * (-60e-3 - v) + 6e-9 * np.exp(-time / fall) * (reversal - v)) / 200e-12

    exact = solve_ivp(slope, (0, 0.05), [-60e-3], t_eval=np.arange(500) * 1e-4, rtol=1e-10, atol=1e-12).y[0]
    assert np.abs(v - exact).max() < 0.02 * np.abs(exact + 60e-3).max()
    assert np.sign(v[50] + 60e-3) == np.sign(reversal + 60e-3)


def test_adex_begins_to_fire_at_its_rheobase():
    # Naud, Marcille, Clopath & Gerstner 2008, Biol. Cybern. 99, 335: type II, a/g_L > tau_m/tau_w.
    a, leak, ratio = 4e-9, 30e-9, 281e-12 / 30e-9 / 144e-3
    rheobase = (leak + a) * (20.2e-3 - 2e-3 + 2e-3 * np.log(1 + ratio)) + 2e-3 * leak * (a / leak - ratio)
    ramp = np.append(np.linspace(0.0, 0.6, 10000), np.linspace(0.6, 0.66, 20000))
    recording = drive(cells.adex("cells", 1), ramp * nA, 3.0)
    first = ramp[recording.spikes("cells").tick[0]]
    assert first * 1e-9 == pytest.approx(rheobase, rel=0.02)


def test_adex_adapts():
    gaps = intervals(drive(cells.adex("cells", 1), 1.0 * nA, 1.0))
    assert gaps.size > 5
    assert np.all(np.diff(gaps[:4]) > 0)
    assert gaps[-1] > 2 * gaps[0]


def test_adex_resets_and_raises_w_at_a_spike():
    recording = drive(cells.adex("cells", 1), 1.0 * nA, 0.1, ["cells.v", "cells.w"])
    tick = recording.spikes("cells").tick[0]
    assert recording["cells.v"][tick + 1, 0] == pytest.approx(-70.6e-3)
    assert recording["cells.w"][tick + 1, 0] - recording["cells.w"][tick, 0] == pytest.approx(
        80.5e-12, rel=0.05
    )


def izhikevich_intervals(firing, seconds=1.0):
    return intervals(drive(cells.izhikevich("cells", 1, firing), 10 * mV / ms, seconds))


def test_regular_spiking_neurons_adapt_to_a_steady_rate():
    gaps = izhikevich_intervals("regular_spiking")
    assert gaps[0] < 0.7 * gaps[-1]
    assert np.ptp(gaps[3:]) < 0.05 * gaps[-1]
    assert 15 < 1e3 / gaps[-1] < 40


def test_fast_spiking_neurons_fire_faster_and_hardly_adapt():
    gaps = izhikevich_intervals("fast_spiking")
    assert gaps[-1] < 0.5 * izhikevich_intervals("regular_spiking")[-1]
    assert np.ptp(gaps[2:]) < 0.1 * gaps[-1]


def test_chattering_neurons_fire_bursts():
    gaps = izhikevich_intervals("chattering")
    within, between = gaps[gaps < 10], gaps[gaps > 20]
    assert within.size + between.size == gaps.size
    assert between.size >= 5
    assert within.size > 2 * between.size


def test_intrinsically_bursting_neurons_burst_once_and_then_fire_singly():
    gaps = izhikevich_intervals("intrinsically_bursting")
    assert gaps[:2].max() < 8
    assert gaps[4:].min() > 15


def test_a_resonator_rests_without_current_and_starts_where_it_says():
    cell = cells.izhikevich("cells", 1, "resonator")
    recording = ns.run(ns.Network(cell, schedule=ns.Clock(0.1 * ms)), ticks=5, record=["cells.v", "cells.u"])
    assert recording["cells.v"][0, 0] == pytest.approx(-70e-3)
    assert recording["cells.u"][0, 0] == pytest.approx(0.26 * -70.0)  # mV/ms is V/s


def squid(current, seconds=0.15):
    return drive(cells.hodgkin_huxley("cells", 1), current * uA / cm**2, seconds, ["cells.v"], dt=0.05 * ms)


def test_the_squid_axon_rests_at_minus_65_mV():
    v = squid(0.0, 0.1)["cells.v"]
    assert np.abs(v + 65e-3).max() < 0.1e-3


def test_the_squid_axon_spikes_to_about_40_mV():
    recording = squid(10.0)
    assert 35e-3 < recording["cells.v"].max() < 45e-3
    assert -80e-3 < recording["cells.v"][1000:].min() < -70e-3


def test_the_squid_axon_fires_repetitively_at_10_but_once_at_most_at_3():
    assert 1e3 / intervals(squid(10.0))[-1] == pytest.approx(68.0, rel=0.05)
    assert len(squid(3.0).spikes("cells")) <= 1


def test_a_spike_of_the_squid_axon_counts_once():
    recording = squid(10.0)
    v = recording["cells.v"][:, 0]
    assert len(recording.spikes("cells")) == np.sum((v[:-1] <= 0) & (v[1:] > 0))


def test_a_traub_miles_neuron_fires_by_itself_until_it_is_inhibited():
    source = ns.Neurons("source", 1)
    cell = cells.traub_miles("cells", 1)
    net = ns.Network(ns.Synapses(source, cell, to="gi", weight=5 * nS), schedule=ns.Clock(0.1 * ms))
    arrivals = np.arange(2500, 5000, 50)
    recording = ns.run(net, {"source": (arrivals, 0 * arrivals)}, ticks=5000, record=["cells", "cells.v"])
    assert intervals(recording)[0] == pytest.approx(74.0, rel=0.02)  # as the same text in Brian2
    assert recording.spikes("cells").tick.max() < 2500
    assert 40e-3 < recording["cells.v"].max() < 50e-3


def test_leaky_tanh_follows_its_recursion():
    u = np.random.default_rng(0).normal(size=(50, 3))
    source, cell = ns.Neurons("source", 3), cells.leaky_tanh("cells", 3, leak=0.3, bias=0.1)
    net = ns.Network(ns.Synapses(source, cell, wiring=ns.one_to_one()), schedule=ns.Layered())
    got = ns.run(net, {"source": u}, record=["cells"])["cells"]
    v = np.zeros(3)
    for row, expected in zip(u, got, strict=True):
        v = 0.7 * v + 0.3 * np.tanh(row + 0.1)
        assert np.allclose(v, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        ("linear", lambda x: x),
        ("tanh", np.tanh),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("relu", lambda x: np.maximum(x, 0)),
        ("softsign", lambda x: x / (1 + np.abs(x))),
        ("softmax", lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    ],
)
def test_a_unit_is_its_function_of_input_plus_bias(function, formula):
    x = np.random.default_rng(0).normal(size=(5, 2, 4))
    source, cell = ns.Neurons("source", (2, 4)), cells.unit("cells", (2, 4), function, bias=np.arange(4.0))
    net = ns.Network(ns.Synapses(source, cell, wiring=ns.one_to_one()), schedule=ns.Layered())
    assert np.allclose(
        ns.run(net, {"source": x}, record=["cells"])["cells"],
        formula(x + np.arange(4.0)),
        rtol=1e-14,
        atol=1e-15,
    )


def test_an_unknown_function_of_a_unit_is_refused():
    with pytest.raises(ns.DescriptionError, match="Did you mean 'relu'"):
        cells.unit("cells", 2, "relo")


def test_peepholes_of_weight_0_change_nothing():
    x = np.random.default_rng(0).normal(size=(20, 2))
    sent = []
    for make in (cells.lstm, cells.peephole_lstm):
        source, cell = ns.Neurons("source", 2), make("cells", 2)
        net = ns.Network(
            [ns.Synapses(source, cell, to=port, wiring=ns.one_to_one()) for port in "ifog"],
            schedule=ns.Layered(),
        )
        sent.append(ns.run(net, {"source": x}, record=["cells"])["cells"])
    assert np.array_equal(*sent)


def test_peepholes_see_the_content_of_the_cell():
    x = np.random.default_rng(0).normal(size=(20, 4))
    source, cell = ns.Neurons("source", 4), cells.peephole_lstm("cells", 1, p_i=0.5, p_f=-0.3, p_o=0.8)
    net = ns.Network(
        [ns.Synapses(source[k : k + 1], cell, to=port) for k, port in enumerate("ifog")],
        schedule=ns.Layered(),
    )
    got = ns.run(net, {"source": x}, record=["cells"])["cells"][:, 0]
    c = 0.0
    for (i, f, o, g), expected in zip(x, got, strict=True):
        c = c / (1 + np.exp(-(f - 0.3 * c + 1))) + np.tanh(g) / (1 + np.exp(-(i + 0.5 * c)))
        assert np.tanh(c) / (1 + np.exp(-(o + 0.8 * c))) == pytest.approx(expected, rel=1e-12)


def test_threshold_units_take_the_sign_and_stay_at_0():
    source, cell = ns.Neurons("source", 3), cells.threshold_binary("cells", 3, s=np.array([1.0, -1.0, -1.0]))
    net = ns.Network(ns.Synapses(source, cell, wiring=ns.one_to_one()), schedule=ns.Synchronous())
    sent = ns.run(net, {"source": [[0.0, 0.0, 0.2], [-3.0, 0.0, 0.0]]}, record=["cells"])["cells"]
    assert sent.tolist() == [[1, -1, 1], [-1, -1, 1]]


@pytest.mark.parametrize("driven", [False, True])
def test_stochastic_units_are_on_as_often_as_the_sigmoid_says(driven):
    field = np.array([-2.0, 0.0, 1.0])
    constants = {} if driven else {"T": 2.0}
    cell = cells.stochastic_binary("cells", 3, b=0.5, driven_temperature=driven, **constants)
    source, heat = ns.Neurons("source", 3), ns.Neurons("heat", 1)
    synapses = [ns.Synapses(source, cell, to="I", wiring=ns.one_to_one())] + (
        [ns.Synapses(heat, cell, to="T")] if driven else []
    )
    inputs = {"source": np.tile(field, (2000, 10, 1))} | (
        {"heat": np.full((2000, 10, 1), 2.0)} if driven else {}
    )
    sent = ns.run(ns.Network(synapses, schedule=ns.Synchronous()), inputs, record=["cells"], seed=1)[
        "cells"
    ].reshape(-1, 3)
    p = 1 / (1 + np.exp(-(field + 0.5) / 2))
    assert np.all(np.abs(sent.mean(axis=0) - p) < 4 * np.sqrt(p * (1 - p) / 20000))
    assert set(np.unique(sent)) == {0.0, 1.0}


def test_categorical_units_are_drawn_by_their_probabilities():
    p = np.array([0.5, 0.2, 0.3])
    source, cell = ns.Neurons("source", 3), cells.categorical("cells", 3)
    net = ns.Network(ns.Synapses(source, cell, wiring=ns.one_to_one()), schedule=ns.Synchronous())
    sent = ns.run(net, {"source": np.tile(p, (2000, 10, 1))}, record=["cells"], seed=1)["cells"].reshape(
        -1, 3
    )
    assert np.all(sent.sum(axis=1) == 1)
    assert np.all(np.abs(sent.mean(axis=0) - p) < 4 * np.sqrt(p * (1 - p) / 20000))


def test_poisson_neurons_fire_at_their_rate():
    cell = cells.poisson("cells", 200, rate=50 * Hz)
    recording = ns.run(ns.Network(cell, schedule=ns.Clock(0.5 * ms)), ticks=4000, record=["cells"], seed=1)
    counts = recording.rates("cells") * 2.0  # spikes in two seconds
    assert counts.mean() == pytest.approx(100.0, abs=4 * np.sqrt(100.0 / 200))
    assert counts.var() == pytest.approx(100.0 * (1 - 50 * 0.5e-3), rel=0.4)


def test_a_resistance_scales_the_response_to_a_current():
    recording = drive(cells.lif("cells", 1, R=5 * Mohm), 1.0 * nA, 0.2, ["cells.v"])
    assert recording["cells.v"][-1, 0] == pytest.approx(-65e-3, rel=1e-9)
