"""Modern and continuous Hopfield nets equal the formulas of their papers, never raise their energy, and store
as many patterns as claimed."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import ModernHopfieldMemory
from neurosim.learn.rules import modern_recall
from neurosim.models.continuous_hopfield import continuous_hopfield, example
from neurosim.models.modern_hopfield import modern_hopfield

RANDOM = np.random.default_rng


def patterns_of(count, n, seed=0):
    return RANDOM(seed).choice([-1.0, 1.0], (count, n))


def flipped(patterns, share, seed=1):
    ranks = RANDOM(seed).random(patterns.shape).argsort(axis=1)
    return np.where(ranks < round(share * patterns.shape[1]), -patterns, patterns)


def settled(net, name, start, ticks):
    """States (trial, tick, neuron), the first being the start itself."""
    clamp = np.full((len(start), ticks, start.shape[1]), np.nan)
    clamp[:, 0] = start
    return ns.run(net, {name: clamp}, record=[name])[name]


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0])
def test_binary_units_take_the_sign_at_which_the_energy_is_lower(beta):
    patterns, start = patterns_of(12, 10), patterns_of(8, 10, seed=3)
    found = settled(modern_hopfield(patterns, beta=beta, units="binary"), "state", start, 2)[:, 1]
    for s, new in zip(start, found, strict=True):
        for i in range(10):
            up, down = (
                np.exp(beta * patterns @ np.where(np.arange(10) == i, sign, s)).sum() for sign in (1, -1)
            )
            assert new[i] == (1 if up > down else -1)


def test_continuous_units_are_attention_over_the_patterns():
    patterns, start = RANDOM(0).normal(size=(7, 5)), RANDOM(1).normal(size=(4, 5))
    states = settled(modern_hopfield(patterns, beta=1.7), "state", start, 4)
    s = start
    for tick in (1, 2, 3):
        score = np.exp(1.7 * s @ patterns.T)
        s = score / score.sum(axis=1, keepdims=True) @ patterns
        assert np.allclose(states[:, tick], s, rtol=1e-12)


def test_the_energy_of_continuous_units_never_rises():
    patterns, start = RANDOM(0).normal(size=(30, 8)), 3 * RANDOM(1).normal(size=(10, 8))
    memory = ModernHopfieldMemory(beta=2.0).fit(patterns)
    states = settled(memory.network_, "state", start, 20)
    energy = memory.energy(states.reshape(-1, 8)).reshape(10, 20)
    assert np.diff(energy, axis=1).max() < 1e-9
    assert np.all(energy[:, -1] < energy[:, 0])


@pytest.mark.parametrize("units", ["binary", "continuous"])
def test_ten_times_as_many_patterns_as_neurons_are_recalled_from_noise(units):
    patterns = patterns_of(1000, 100)
    recalled = ModernHopfieldMemory(units).fit(patterns).predict(flipped(patterns, 0.1))
    assert np.array_equal(np.sign(recalled), patterns)


def test_rows_are_recalled_alone_as_they_are_with_many_others(monkeypatch):
    patterns = patterns_of(20, 30)
    memory = ModernHopfieldMemory("binary").fit(patterns)
    probes = flipped(patterns, 0.2)
    together = memory.predict(probes)
    monkeypatch.setattr(modern_recall, "SCORES", 3 * len(patterns))
    assert np.array_equal(memory.predict(probes), together)
    assert np.array_equal(memory.predict(probes[:1]), together[:1])


def test_half_a_picture_brings_back_the_whole():
    images = normalize(load_digits().data[:200] - 8)  # of one length, or the longest would win
    halves = np.where(np.arange(64) < 32, images, 0.0)
    recalled = ModernHopfieldMemory(beta=200.0).fit(images).predict(halves)
    assert np.mean(np.abs(recalled - images).max(axis=1) < 0.02) > 0.85


@pytest.mark.parametrize("units", ["binary", "continuous"])
def test_the_network_recalls_what_the_estimator_does(units):
    patterns = patterns_of(20, 30)
    memory = ModernHopfieldMemory(units, beta=0.5, steps=19).fit(patterns)
    probes = flipped(patterns, 0.2)
    recalled = memory.predict(probes)
    assert np.allclose(settled(memory.network_, "state", probes, 20)[:, -1], recalled, rtol=1e-12)
    assert np.allclose(memory.set_params(engine="reference").predict(probes), recalled, rtol=1e-12)
    assert ns.Network.from_dict(memory.network_.to_dict()) == memory.network_


def test_the_score_is_the_overlap():
    patterns = patterns_of(10, 40)
    memory = ModernHopfieldMemory("binary").fit(patterns)
    assert memory.score(patterns) == pytest.approx(1)
    assert memory.score(patterns, flipped(patterns, 0.1)) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="Give one row for each of X"):
        memory.score(patterns, patterns[:, 0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"units": "grey"}, "binary, continuous"),
        ({"beta": 0}, "beta"),
        ({"steps": 1.5}, "steps"),
        ({"units": "binary", "binarize": None}, "X holds 0.5"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given, words):
    with pytest.raises(ValueError, match=words):
        ModernHopfieldMemory(**given).fit([[0.5, 1.0, -1.0]])
    if "binarize" not in given and "steps" not in given:
        with pytest.raises(ValueError, match=words.split(",")[0]):
            modern_hopfield([[1.0, -1.0]], **given)


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_recall_that_is_cut_short_says_so(engine):
    memory = ModernHopfieldMemory("binary", beta=0.02, steps=1, engine=engine).fit(patterns_of(40, 20))
    with pytest.warns(ConvergenceWarning, match="still changing after 1 updates"):
        memory.predict(patterns_of(20, 20, seed=2))


def energy_of(weights, current, gain, V):
    """Hopfield's 1984: quadratic form, current, and the integral of the inverse of V = tanh(gain u)."""
    cost = [sum(quad(lambda v: np.arctanh(v) / gain, 0, end)[0] for end in state) for state in V]
    return -0.5 * np.einsum("ki,ij,kj->k", V, weights, V) - V @ current + cost


@pytest.mark.parametrize("gain", [1.0, 4.0])
def test_the_energy_of_a_continuous_net_never_rises(gain):
    w = RANDOM(0).normal(size=(8, 8))
    w, current = (w + w.T) / 4, RANDOM(1).normal(0, 0.3, 8)
    net = continuous_hopfield(w, current=current, gain=gain, start=RANDOM(2).normal(0, 0.5, 8))
    V = ns.run(net, ticks=1500, record={"cells.V": 10})["cells.V"]
    energy = energy_of(w, current, gain, V)
    assert np.diff(energy).max() < 1e-9
    assert energy[0] - energy[-1] > 0.5


def test_a_continuous_net_follows_its_differential_equation():
    w = RANDOM(0).normal(size=(5, 5))
    w, start = (w + w.T) / 2, RANDOM(1).normal(size=5)
    u = ns.run(continuous_hopfield(w, current=0.2, gain=2.0, start=start), ticks=300, record=["cells.u"])[
        "cells.u"
    ]
    exact = solve_ivp(
        lambda t, u: (-u + w @ np.tanh(2 * u) + 0.2) / 10,
        (0, 29.9),
        start,
        rtol=1e-9,
        t_eval=np.arange(300) / 10,
    ).y.T
    assert np.abs(u - exact).max() < 0.02


def test_a_continuous_net_cuts_a_graph_nearly_as_well_as_can_be():
    run = example()
    w = -np.asarray(run["net"]["cells_to_cells"].weight.number)
    corners = np.array(list(product([-1, 1], repeat=12)))
    cuts = (w.sum() - np.einsum("si,ij,sj->s", corners, w, corners)) / 4
    found = []
    for seed in range(20):
        start = {"cells.u": RANDOM(seed).uniform(-0.01, 0.01, 12)}
        V = np.sign(ns.run(run["net"], ticks=1500, record={"cells.V": 1499}, start=start)["cells.V"][-1])
        found.append((w.sum() - V @ w @ V) / 4)
    assert max(found) == cuts.max()
    assert np.median(found) >= 0.9 * cuts.max() > 1.2 * cuts.mean()


def test_a_continuous_net_of_high_gain_recalls_patterns():
    patterns = patterns_of(4, 60)
    w = ns.hebbian(patterns).matrix()
    for pattern, probe in zip(patterns, flipped(patterns, 0.2), strict=True):
        V = ns.run(continuous_hopfield(w, gain=20.0, start=0.1 * probe), ticks=1000, record={"cells.V": 999})[
            "cells.V"
        ][-1]
        assert np.array_equal(np.sign(V), pattern)
        assert np.abs(V).min() > 0.9


@pytest.mark.parametrize(
    ("given", "words"),
    [({"weights": [[0.0, 1.0], [2.0, 0.0]]}, "symmetric"), ({"weights": np.eye(2), "gain": 0}, "gain 0")],
)
def test_a_continuous_net_that_cannot_be_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        continuous_hopfield(**given)


NUMBERS = "y of score are the wanted rows, and the check gives numbers"
NOT_APPLICABLE = {"check_fit_score_takes_y": NUMBERS, "check_pipeline_consistency": NUMBERS}


def checks():
    for units in ("binary", "continuous"):
        memory = clone(ModernHopfieldMemory(units))
        for case in estimator_checks_generator(memory, expected_failed_checks=NOT_APPLICABLE, mark="xfail"):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{units}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_memory_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)
