"""Models with random units and with spikes do what their papers say."""

import numpy as np
import pytest
from models_side import RANDOM, example, sigmoid
from scipy.stats import chi2

import neurosim as ns
from neurosim.models.balanced_coba import balanced_coba
from neurosim.models.balanced_cuba import balanced_cuba
from neurosim.models.boltzmann import boltzmann
from neurosim.models.hopfield import hopfield
from neurosim.models.liquid import KINDS, liquid
from neurosim.models.markov_chain import markov_chain
from neurosim.models.restricted_boltzmann import restricted_boltzmann
from neurosim.plan.materialize import materialized
from neurosim.units import ms, second


def fits(counts, p):
    """Chi-square of observed counts against probabilities, states expected fewer than 5 times taken together:
    the p value."""
    expected = p * counts.sum()
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    return chi2.sf(np.sum((observed[keep] - expected[keep]) ** 2 / expected[keep]), keep.sum() - 1)


def all_states(n):
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1


def number_of(states):
    return (states.astype(int) << np.arange(states.shape[-1])).sum(axis=-1)


def digit_patterns():
    from sklearn.datasets import load_digits

    return np.where(load_digits().data[[0, 1, 7]] > 8, 1, -1)


def test_recall_never_raises_the_energy():
    w = RANDOM(0).choice([-1, 1], (30, 100))  # far above what such a net can hold: spurious minima
    net = hopfield(w)
    matrix = w.T @ w / 100 - 0.3 * np.eye(100)
    for seed in range(5):
        probe = RANDOM(seed + 1).choice([-1.0, 1.0], 100)
        states = ns.run(net, ticks=30, record=["cells.s"], start={"cells.s": probe}, seed=seed)["cells.s"]
        states = np.vstack([probe, states])
        energy = -0.5 * np.einsum("ti,ij,tj->t", states, matrix, states)
        assert np.all(np.diff(energy) <= 1e-9)
        assert energy[-1] < energy[0]


@pytest.mark.parametrize("which", range(3))
def test_a_hopfield_net_recalls_digits(which):
    patterns = digit_patterns()
    probe = patterns[which] * np.where(RANDOM(which).random(64) < 0.15, -1, 1)
    recording = ns.run(hopfield(patterns, start=probe), ticks=50, record=["cells.s"], until="stable")
    assert recording.stopped == "stable"
    assert np.array_equal(recording["cells.s"][-1], patterns[which])


def symmetric(n, scale, seed=0):
    w = np.triu(RANDOM(seed).normal(0.0, scale, (n, n)), 1)
    return w + w.T


def test_a_boltzmann_machine_samples_its_distribution():
    w, b, T = symmetric(10, 0.6), RANDOM(1).normal(0.0, 0.5, 10), 1.5
    heat = np.full((1500, 25, 1), T)
    last = ns.run(boltzmann(w, b, temperature=None), {"temperature": heat}, record=["units"], seed=2)[
        "units"
    ][:, -1]
    states = all_states(10)
    counts = np.bincount(number_of(last), minlength=1024)
    right, wrong = (
        np.exp((0.5 * np.einsum("si,ij,sj->s", states, w, states) + states @ b) / heat) for heat in (T, 1.0)
    )
    assert fits(counts, right / right.sum()) > 1e-3
    assert fits(counts, wrong / wrong.sum()) < 1e-3  # the test can tell


def test_a_clamped_boltzmann_machine_samples_the_conditional_distribution():
    w, b = symmetric(5, 1.0), RANDOM(1).normal(0.0, 0.5, 5)
    clamp = np.full((1000, 20, 5), np.nan)
    clamp[:, :, :2] = [1.0, 0.0]
    last = ns.run(boltzmann(w, b), {"units": clamp}, record=["units"], seed=2)["units"][:, -1]
    states = all_states(5)
    p = np.exp(0.5 * np.einsum("si,ij,sj->s", states, w, states) + states @ b) * np.all(
        states[:, :2] == [1, 0], axis=1
    )
    assert np.all(last[:, :2] == [1, 0])
    assert fits(np.bincount(number_of(last), minlength=32), p / p.sum()) > 1e-3


def test_weights_that_are_not_symmetric_make_no_boltzmann_machine():
    with pytest.raises(ValueError, match="symmetric"):
        boltzmann(np.array([[0.0, 1.0], [2.0, 0.0]]))


def test_a_restricted_boltzmann_machine_samples_its_distribution():
    w, v_bias, h_bias = (
        RANDOM(0).normal(0.0, 1.0, (3, 4)),
        np.array([0.3, -0.5, 0.2, 0.0]),
        np.array([-0.4, 0.1, 0.6]),
    )
    net = restricted_boltzmann(4, 3, weights=w, visible_bias=v_bias, hidden_bias=h_bias)
    free = np.full((4000, 30, 4), np.nan)
    recording = ns.run(net, {"visible": free}, record=["visible", "hidden"], seed=2)
    both = np.concatenate([recording["visible"][:, -1], recording["hidden"][:, -1]], axis=1)
    states = all_states(7)
    v, h = states[:, :4], states[:, 4:]
    p = np.exp(np.einsum("sh,hv,sv->s", h, w, v) + v @ v_bias + h @ h_bias)
    assert fits(np.bincount(number_of(both), minlength=128), p / p.sum()) > 1e-3


def test_a_clamped_visible_layer_drives_the_hidden_one():
    w = RANDOM(0).normal(0.0, 1.0, (3, 4))
    image = np.array([1.0, 0.0, 1.0, 1.0])
    recording = ns.run(
        restricted_boltzmann(4, 3, weights=w),
        {"visible": np.tile(image, (500, 11, 1))},
        record=["visible", "hidden"],
        seed=1,
    )
    p = sigmoid(w @ image)
    assert np.all(recording["visible"] == image)
    assert np.all(np.abs(recording["hidden"][:, 1:].mean(axis=(0, 1)) - p) < 4 * np.sqrt(p * (1 - p) / 5000))


def test_a_markov_chain_visits_its_states_by_its_transitions():
    P = RANDOM(0).dirichlet(np.ones(4), 4)
    free = np.full((500, 40, 4), np.nan)
    state = ns.run(markov_chain(P, start=2), {"state": free}, record=["state"], seed=1)["state"]
    assert np.all(state.sum(axis=2) == 1)
    path = np.column_stack([np.full(500, 2), state.argmax(axis=2)])
    counts = np.zeros((4, 4))
    np.add.at(counts, (path[:, :-1].ravel(), path[:, 1:].ravel()), 1)
    for row in range(4):
        assert fits(counts[row], P[row]) > 1e-3
    values, vectors = np.linalg.eig(P.T)
    stationary = np.real(vectors[:, np.argmax(values.real)])
    assert np.allclose(state[:, 10:].mean(axis=(0, 1)), stationary / stationary.sum(), atol=0.02)


def test_a_chain_that_cannot_choose_goes_round():
    state = ns.run(markov_chain(np.roll(np.eye(3), 1, axis=1)), ticks=5, record=["state"])["state"]
    assert state.argmax(axis=1).tolist() == [1, 2, 0, 1, 2]


def test_rows_that_do_not_sum_to_1_make_no_markov_chain():
    with pytest.raises(ValueError, match="sum to 1"):
        markov_chain([[0.5, 0.4], [0.5, 0.5]])


def test_the_liquid_has_the_published_anatomy():
    net = liquid(2)
    inhibitory = net["II"].pre.indices
    assert net["liquid"].shape == (15, 3, 3)
    assert inhibitory.size == 27
    assert str(net["EE"].delay) == "1.5 ms"
    assert str(net["IE"].delay) == "0.8 ms"
    places = np.stack(np.unravel_index(np.arange(135), (15, 3, 3)), axis=1)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    for kind, (C, *_) in KINDS.items():
        item = net[kind]
        found = np.mean([materialized(net, seed)[kind].wiring.pre.size for seed in range(20)])
        d = distance[np.ix_(item.post.indices, item.pre.indices)]
        p = np.where(d > 0, C * np.exp(-((d / 2) ** 2)), 0.0)
        assert found == pytest.approx(p.sum(), abs=4 * np.sqrt(p.sum() / 20))


def test_the_synapses_of_the_liquid_follow_markram_wang_and_tsodyks():
    item = liquid(1)["EI"]
    source, target = ns.Neurons("source", 1), ns.Neurons("target", 1, equations="I_exc : 1", sends="I_exc")
    synapse = ns.Synapses(
        source,
        target,
        model=item.model,
        on_pre=item.on_pre,
        weight=1.0,
        x=1.0,
        U=0.05,
        D=0.125 * second,
        F=1.2 * second,
    )
    ticks = np.array([0, 200, 400, 500, 2000])
    net = ns.Network(synapse, schedule=ns.Clock(0.1 * ms))
    current = ns.run(net, {"source": (ticks, np.zeros(5, int))}, ticks=2002, record=["target.I_exc"])[
        "target.I_exc"
    ][:, 0]
    u, R, expected = 0.05, 1.0, [0.05]
    for gap in np.diff(ticks) * 1e-4:
        u, R = 0.05 + u * 0.95 * np.exp(-gap / 1.2), 1 + (R - u * R - 1) * np.exp(-gap / 0.125)
        expected.append(u * R)
    assert np.allclose(np.diff(current)[ticks], expected, rtol=1e-10)


@pytest.mark.parametrize("static", [0.0, 0.14])
def test_the_liquid_answers_its_input_and_falls_silent_without(static):
    run = example("liquid") | {"net": liquid(4, static=static), "record": ["liquid"]}
    recording = ns.run(**run)
    assert 10 < recording.rates("liquid").mean() < 30
    silence = ns.run(run["net"], {"inputs": ([], [])}, ticks=4000, record=["liquid"], seed=1)
    assert len(silence.spikes("liquid", start=3000)) == 0


def test_the_current_network_fires_at_its_published_rate():
    recording = ns.run(balanced_cuba(), duration=300 * ms, record=["cells"], seed=1)
    settled = len(recording.spikes("cells", start=1000)) / 4000 / 0.2
    assert 5 < settled < 7


def test_the_conductance_network_fires_at_its_published_rate():
    recording = ns.run(balanced_coba(), duration=300 * ms, record=["cells"], seed=1)
    settled = len(recording.spikes("cells", start=1000)) / 4000 / 0.2
    assert 17 < settled < 25


def test_the_kick_of_the_conductance_network_ends():
    recording = ns.run(balanced_coba(400), duration=100 * ms, record=["kick"], seed=1)
    assert recording.spikes("kick").time.max() < 0.05
    assert len(recording.spikes("kick")) == pytest.approx(100, abs=40)


def test_scaling_a_balanced_network_keeps_its_number_of_synapses_per_neuron():
    for size in (500, 1000):
        net = balanced_cuba(size)
        assert net["excitation"].wiring.p * size == pytest.approx(80)
        assert net["excitation"].pre.size == 0.8 * size
    assert str(net["inhibition"].weight) == "-90 pA"
    assert str(balanced_coba()["inhibition"].weight) == "67 nS"
