"""A Boltzmann machine learns by the exact gradient, its network has the learned distribution, and it learns
codes for the patterns that it must reproduce."""

import numpy as np
import pytest
from build_side import needs_compiler
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import BoltzmannMachine, anneal
from neurosim.models.boltzmann import boltzmann

RANDOM = np.random.default_rng


def all_states(n):
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)


def symmetric(n, scale, seed=0):
    w = np.triu(RANDOM(seed).normal(0.0, scale, (n, n)), 1)
    return w + w.T


def chances(W, b, states, T=1.0):
    p = np.exp((0.5 * np.einsum("si,ij,sj->s", states, W, states) + states @ b) / T)
    return p / p.sum()


def fitted(W, b, visible, **given):
    """An estimator that holds these numbers."""
    made = BoltzmannMachine(len(b) - visible, n_cycles=1, engine="reference", random_state=0, **given).fit(
        np.full((1, visible), 0.5)
    )
    made.weights_, made.biases_ = W, b
    return made


@pytest.mark.parametrize("T", [1.0, 2.0])
def test_clamped_minus_free_is_the_gradient_of_the_log_likelihood(T):
    W, b, X = symmetric(4, 0.8), RANDOM(1).normal(0, 0.5, 4), np.array([[1.0, 0.0], [1.0, 1.0]])
    states = all_states(4)

    def likelihood(W, b):
        p = chances(W, b, states, T)
        return np.mean([np.log(p[np.all(states[:, :2] == row, axis=1)].sum()) for row in X])

    gradient, eps = np.zeros((4, 4)), 1e-5
    for i in range(4):
        for j in range(i, 4):
            change = np.zeros((4, 4))
            change[i, j] = change[j, i] = eps
            dW, db = (np.zeros((4, 4)), np.diag(change)) if i == j else (change, np.zeros(4))
            gradient[i, j] = gradient[j, i] = (likelihood(W + dW, b + db) - likelihood(W - dW, b - db)) / (
                2 * eps
            )
    machine = fitted(
        W.copy(),
        b.copy(),
        2,
        temperatures=[2 * T] * 5 + [T] * 10,
        n_trials=5_000,
        n_collect=1,
        learning_rate=1.0,
    )
    machine.partial_fit(X)
    step = machine.weights_ - W + np.diag(machine.biases_ - b)
    assert np.allclose(step, T * gradient, atol=5 * np.sqrt(0.5 / 5_000))
    assert np.abs(T * gradient).max() > 0.1


def test_steps_of_one_size_have_the_signs_of_the_gradient():
    W, b, X = symmetric(4, 0.8), RANDOM(1).normal(0, 0.5, 4), np.array([[1.0, 0.0], [1.0, 1.0]])
    steps = []
    for rule in ("gradient", "sign"):
        machine = fitted(W.copy(), b.copy(), 2, n_trials=500, learning_rate=0.2, rule=rule).partial_fit(X)
        steps.append(machine.weights_ - W + np.diag(machine.biases_ - b))
    assert np.allclose(steps[1], 0.2 * np.sign(steps[0]))
    assert np.array_equal(steps[1], steps[1].T)


def test_a_machine_learns_the_distribution_of_its_data():
    X = np.array([[1.0, 0.0, 0.0]] * 3 + [[0.0, 1.0, 1.0]] * 2 + [[0.5, 0.5, 0.5]])
    machine = BoltzmannMachine(1, n_trials=60, n_cycles=150, learning_rate=1.0, random_state=0).fit(X)
    states = all_states(4)
    learned = np.bincount(
        (states[:, :3] @ [1, 2, 4]).astype(int), chances(machine.weights_, machine.biases_, states)
    )
    wanted = np.full(8, 1 / 48)
    wanted[1] += 3 / 6
    wanted[6] += 2 / 6
    assert np.sum(wanted * np.log(wanted / learned)) < 0.05
    assert np.sum(wanted * np.log(wanted * 8)) > 0.5  # what knowing nothing costs


def test_connections_that_are_not_there_stay_away():
    joined = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    machine = BoltzmannMachine(1, connections=joined, n_cycles=5, random_state=0).fit(
        [[1.0, 0.0], [0.0, 1.0]]
    )
    assert np.all(machine.weights_[~joined] == 0)
    assert machine.weights_[joined].all()
    assert machine.network_["units_to_units"].wiring.pre.size == 4
    with pytest.raises(ns.DescriptionError, match=r"shape \(3, 3\)"):
        BoltzmannMachine(1, connections=joined[:2, :2]).fit([[1.0, 0.0]])


class OfAnyNumbers(BoltzmannMachine):
    """The checks of scikit-learn use numbers of any size; here they are turned into probabilities, where the
    estimator would raise an error."""

    def _chances(self, X):
        return 1.0 / (1.0 + np.exp(-X))


NOT_APPLICABLE = {
    "check_methods_sample_order_invariance": "each row is clamped at random, by its place",
    "check_methods_subset_invariance": "each row is clamped at random, by its place",
}


CHECKED = OfAnyNumbers(
    2, n_cycles=2, n_collect=2, temperatures=(2.0, 1.0), engine="reference", random_state=0
)


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(CHECKED, expected_failed_checks=NOT_APPLICABLE, mark="xfail")),
)
def test_a_machine_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("masked", [False, True])
def test_the_network_visits_its_states_as_often_as_the_weights_say(masked):
    joined = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) == 1 if masked else ~np.eye(4, dtype=bool)
    W, b = symmetric(4, 1.0) * joined, RANDOM(1).normal(0, 0.5, 4)
    machine = fitted(W, b, 2, connections=joined if masked else None, temperatures=[2.0, 1.5])
    units = ns.run(machine.network_, ticks=20, trials=4000, record=["units"], seed=1)["units"][:, -1]
    p = chances(W, b, all_states(4), 1.5)
    seen = np.bincount((units @ [1, 2, 4, 8]).astype(int), minlength=16) / 4000
    assert np.all(np.abs(seen - p) < 4.5 * np.sqrt(p / 4000))


def test_hidden_units_and_missing_visible_ones_follow_those_that_are_clamped():
    W, b = symmetric(4, 1.5), RANDOM(1).normal(0, 0.5, 4)
    machine = fitted(W, b, 3, n_collect=5)
    states = all_states(4)
    p = chances(W, b, states)
    for rows, found in (
        ([[1, 0, 1, None]], machine.transform([[1.0, 0.0, 1.0]] * 800)),
        ([[1, 0, None, None]], machine.complete([[1.0, 0.0, np.nan]] * 800)),
    ):
        fits = np.all([states[:, k] == v for k, v in enumerate(rows[0]) if v is not None], axis=0)
        expected = (p[fits] @ states[fits]) / p[fits].sum()
        assert found.mean(axis=0) == pytest.approx(
            expected[3:] if found.shape[1] == 1 else expected[:3], abs=0.05
        )
    assert machine.sample(3000).mean(axis=0) == pytest.approx(p @ states[:, :3], abs=0.05)


def test_annealing_ends_at_its_last_temperature():
    W = np.array([[0.0, 2.0], [2.0, 0.0]])
    kept = anneal(boltzmann(W, -1.0, temperature=None), np.full((3000, 2), np.nan), [5.0, 1.0, 0.5], 8)
    p = chances(W, np.full(2, -1.0), all_states(2), 0.5)
    assert kept.shape == (3000, 8, 2)
    assert kept[:, -1].prod(axis=1).mean() == pytest.approx(p[3], abs=4.5 * np.sqrt(p[3] * (1 - p[3]) / 3000))


def test_cycles_one_by_one_are_a_fit_and_a_seed_is_a_machine():
    X, given = np.array([[1.0, 0.0], [0.3, 0.9]]), dict(engine="reference", random_state=3)
    whole, parts = BoltzmannMachine(1, n_cycles=3, **given).fit(X), BoltzmannMachine(1, **given)
    for _ in range(3):
        parts.partial_fit(X)
    assert np.array_equal(whole.weights_, parts.weights_)
    assert parts.n_cycles_ == 3
    assert np.array_equal(clone(whole).fit(X).weights_, whole.weights_)
    assert whole.get_feature_names_out().tolist() == ["boltzmannmachine0"]


@needs_compiler
def test_engines_learn_the_same():
    X = np.array([[1.0, 0.0], [0.3, 0.9]])
    found = [
        BoltzmannMachine(1, n_cycles=5, engine=engine, random_state=3).fit(X).weights_
        for engine in ("reference", "events")
    ]
    assert np.allclose(*found, atol=1e-12)


@pytest.mark.parametrize(
    ("given", "X", "words"),
    [
        ({}, [[2.0, 0.0]], "probabilities, from 0 to 1"),
        ({}, [[np.nan, 0.0]], "NaN"),
        ({"rule": "hebb"}, [[1.0]], "rule 'hebb' is not known"),
        ({"n_cycles": 0}, [[1.0]], "n_cycles: 0 is below 1"),
        ({"temperatures": [1.0, 0.0]}, [[1.0]], "above 0"),
        ({"engine": "event"}, [[1.0]], "Did you mean 'events'"),
        ({"n_trials": 0}, [[1.0]], "n_trials: 0 is below 1"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(given, X, words):
    with pytest.raises((ValueError, ns.NeurosimError), match=words):
        BoltzmannMachine(1, **given).fit(X)


def test_connections_of_the_model_must_hold_its_weights():
    with pytest.raises(ValueError, match="True wherever weights are not 0"):
        boltzmann(symmetric(3, 1.0), connections=np.eye(3, dtype=bool))
