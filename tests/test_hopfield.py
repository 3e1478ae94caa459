"""Hopfield nets store and recall as their papers say, and their estimators follow scikit-learn's
conventions."""

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import HopfieldMemory, gardner, pseudo_inverse, storkey
from neurosim.learn.estimators.hopfield import RULES
from neurosim.models.hopfield import hopfield

RANDOM = np.random.default_rng


def patterns_of(count, n, seed=0):
    return RANDOM(seed).choice([-1.0, 1.0], (count, n))


def flipped(patterns, share, seed=1):
    """Each row with the signs of the same number of its units changed."""
    ranks = RANDOM(seed).random(patterns.shape).argsort(axis=1)
    return np.where(ranks < round(share * patterns.shape[1]), -patterns, patterns)


def fields(weights, patterns):
    """The input of each unit in each pattern times its state: positive if the unit keeps its state."""
    return patterns * (patterns @ weights.T)


def test_storkeys_rule_is_its_formula():
    patterns = patterns_of(4, 9)
    w = np.zeros((9, 9))
    for x in patterns:
        h = np.array(
            [[sum(w[i, k] * x[k] for k in range(9) if k not in (i, j)) for j in range(9)] for i in range(9)]
        )
        w = w + (np.outer(x, x) - x[:, None] * h.T - h * x[None, :]) / 9
        np.fill_diagonal(w, 0)
    assert np.allclose(storkey(patterns), w, rtol=1e-12, atol=1e-14)


def test_the_pseudo_inverse_projects_onto_the_patterns():
    patterns = patterns_of(60, 80)
    whole = patterns.T @ np.linalg.solve(patterns @ patterns.T, patterns)
    w = pseudo_inverse(patterns)
    assert np.allclose(w, whole - np.diag(np.diag(whole)), rtol=1e-9, atol=1e-12)
    assert fields(w, patterns).min() > 0


def test_the_pseudo_inverse_takes_patterns_that_repeat_and_their_negatives():
    patterns = patterns_of(5, 40)
    assert np.allclose(
        pseudo_inverse(np.vstack([patterns, patterns[:2], -patterns])), pseudo_inverse(patterns), atol=1e-12
    )


@pytest.mark.parametrize(("load", "margin"), [(0.3, 1.0), (0.4, 1.0), (1.5, 0.0)])
def test_gardners_rule_keeps_every_pattern_with_its_margin(load, margin):
    patterns = patterns_of(int(load * 200), 200)
    w = gardner(patterns, margin=margin)
    assert (fields(w, patterns) / np.linalg.norm(w, axis=1)).min() > margin
    assert not np.any(np.diag(w))


def test_gardners_rule_says_when_there_is_too_much_to_store():
    with pytest.warns(ConvergenceWarning, match="within the margin 1"):
        gardner(patterns_of(80, 100), margin=1.0, max_iter=50)


@pytest.mark.parametrize("rule", [pseudo_inverse, storkey, gardner])
@pytest.mark.parametrize(
    "patterns", [[[1.0, 0.5]], [1.0, -1.0], [[1.0, np.nan]], np.zeros((0, 3)), [[True, False]]]
)
def test_what_is_no_pattern_is_refused(rule, patterns):
    with pytest.raises(ns.DescriptionError, match=rule.__name__):
        rule(patterns)


def test_rules_hold_more_the_more_they_know():
    """At 0.3 N patterns, started at the patterns: Hebb's rule loses them, Storkey's keeps most, the
    pseudo-inverse and Gardner's keep all."""
    patterns = patterns_of(90, 300)
    kept = {rule: HopfieldMemory(rule, random_state=0).fit(patterns).score(patterns) for rule in RULES}
    assert kept["hebb"] < 0.6
    assert kept["hebb"] + 0.2 < kept["storkey"]
    assert kept["pseudo_inverse"] == kept["perceptron"] == 1


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_recalls_digits_from_noise(rule):
    patterns = np.where(load_digits().data[:4] >= 8, 1, -1)
    noisy = np.repeat(flipped(patterns, 0.06), 5, axis=0)
    recalled = HopfieldMemory(rule, random_state=0).fit(patterns).score(noisy, np.repeat(patterns, 5, axis=0))
    assert recalled > (0.8 if rule == "hebb" else 0.99)


@pytest.mark.parametrize("rule", ["hebb", "pseudo_inverse", "storkey"])
def test_energy_never_rises_with_symmetric_weights_and_thresholds(rule):
    patterns, threshold = patterns_of(20, 60), RANDOM(5).normal(0, 0.3, 60)
    memory = HopfieldMemory(rule, threshold=threshold, random_state=0).fit(patterns)
    clamp = np.full((10, 15, 60), np.nan)
    clamp[:, 0] = patterns_of(10, 60, seed=3)
    states = ns.run(memory.network_, {"cells": clamp}, record=["cells"], seed=1)["cells"]
    energy = memory.energy(states.reshape(-1, 60)).reshape(10, 15)
    s, w = states[0, 0], memory.weights_
    assert energy[0, 0] == pytest.approx(-0.5 * s @ w @ s + threshold @ s)
    assert np.diff(energy, axis=1).max() < 1e-9
    assert np.all(energy[:, -1] < energy[:, 0])


def test_a_synchronous_net_is_its_formula_and_may_go_in_circles():
    patterns = patterns_of(20, 50)
    net = hopfield(patterns, update="synchronous", start=patterns_of(1, 50, seed=4)[0])
    w, s = ns.hebbian(patterns).matrix(), patterns_of(1, 50, seed=4)[0]
    for state in ns.run(net, ticks=10, record=["cells"])["cells"]:
        s = np.where(w @ s == 0, s, np.sign(w @ s))
        assert np.array_equal(state, s)
    pair = HopfieldMemory(update="synchronous", sweeps=11).fit([[1, 1]])
    with pytest.warns(ConvergenceWarning, match="still changing after 11 sweeps"):
        assert pair.predict([[1, -1]]).tolist() == [[-1, 1]]


@pytest.mark.parametrize("temperature", [0.4, 0.7, 1.5])
def test_at_a_temperature_the_overlap_is_that_of_the_theory(temperature):
    """One pattern: m = tanh(m/T), which is 0 above T = 1 (Amit, Gutfreund & Sompolinsky 1985)."""
    n, x = 1500, patterns_of(1, 1500)
    clamp = np.full((1, 80, n), np.nan)
    clamp[:, 0] = x
    states = ns.run(
        HopfieldMemory(temperature=temperature).fit(x).network_, {"cells": clamp}, record=["cells"], seed=1
    )["cells"][0]
    expected = brentq(lambda m: m - np.tanh(m / temperature), 0.05, 1.0) if temperature < 1 else 0.0
    assert (states[20:] @ x[0] / n).mean() == pytest.approx(expected, abs=0.03)


def test_a_threshold_decides_where_the_field_is_weaker():
    memory = HopfieldMemory(threshold=[0, 0, 2.0, -2.0]).fit([[1, 1, 1, -1]])
    assert memory.predict([[1, 1, 1, 1]])[0, 2:].tolist() == [-1, 1]


def test_the_network_recalls_what_the_estimator_does():
    patterns = patterns_of(6, 70)
    memory = HopfieldMemory("storkey", random_state=3).fit(patterns)
    probes = flipped(patterns, 0.2)
    clamp = np.full((6, 30, 70), np.nan)
    clamp[:, 0] = probes
    recording = ns.run(memory.network_, {"cells": clamp}, record=["cells"], until="stable", seed=memory.seed_)
    assert np.array_equal(recording["cells"][:, -1], memory.predict(probes))
    assert ns.Network.from_dict(memory.network_.to_dict()) == memory.network_


def test_numbers_are_cut_at_binarize():
    images = load_digits().data[:3]
    memory = HopfieldMemory("pseudo_inverse", binarize=8.0).fit(images)
    assert np.array_equal(memory.patterns_, np.where(images > 8, 1, -1))
    assert memory.score(np.where(images > 8, 16, 0), images) == 1


def test_a_grid_search_finds_the_better_rule():
    patterns = patterns_of(30, 100)
    search = GridSearchCV(
        HopfieldMemory(random_state=0),
        {"rule": ["hebb", "pseudo_inverse"]},
        cv=[(np.arange(30), np.arange(30))],
    )
    assert search.fit(patterns).best_params_ == {"rule": "pseudo_inverse"}


def test_the_same_random_state_is_the_same_recall():
    patterns = patterns_of(30, 60)
    probes = patterns_of(20, 60, seed=7)
    memory = HopfieldMemory(random_state=1).fit(patterns)
    assert np.array_equal(memory.predict(probes), clone(memory).fit(patterns).predict(probes))
    assert not np.array_equal(
        memory.predict(probes), HopfieldMemory(random_state=2).fit(patterns).predict(probes)
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "hebbian"}, "Did you mean 'hebb'"),
        ({"update": "sync"}, "asynchronous, synchronous"),
        ({"temperature": -1.0}, "temperature"),
        ({"threshold": [1.0, 2.0]}, r"shape \(2,\) does not fit X with 3 features"),
        ({"sweeps": 0}, "sweeps"),
        ({"binarize": None}, "X holds 0.5, not only -1 and 1"),
        ({"rule": "perceptron", "margin": -1.0}, "margin"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given, words):
    with pytest.raises(ValueError, match=words):
        HopfieldMemory(**given).fit([[0.5, 1.0, -1.0]])


def test_wanted_rows_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="Give one row of y for each of X"):
        HopfieldMemory().fit(patterns_of(2, 8)).score(patterns_of(2, 8), [1, 2])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "either patterns"),
        ({"weights": np.eye(2), "update": "both"}, "'both'"),
        ({"weights": np.eye(2), "temperature": -1}, "-1"),
    ],
)
def test_a_hopfield_net_that_is_not_described_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        hopfield(**given)


PLACE = "the order of updates belongs to the place of a row in X"
NUMBERS = "y of score are the wanted rows, and the check gives numbers"
NOT_APPLICABLE = {
    "check_methods_sample_order_invariance": PLACE, "check_methods_subset_invariance": PLACE,
    "check_fit_score_takes_y": NUMBERS, "check_pipeline_consistency": NUMBERS,
}  # fmt: skip


def checks():
    for rule in RULES:
        memory = HopfieldMemory(
            rule, update="synchronous" if rule == "storkey" else "asynchronous", margin=0.0
        )
        for case in estimator_checks_generator(memory, expected_failed_checks=NOT_APPLICABLE, mark="xfail"):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{rule}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_memory_keeps_the_rules_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the checks' data are not meant to be stored
        check(estimator)
