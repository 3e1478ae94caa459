"""Estimators that learn tick by tick, or by a closed formula, equal their formulas, follow scikit-learn's
conventions, and give a network that predicts the same."""

import numpy as np
import pytest
from build_side import needs_compiler
from scipy.stats import kstest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.utils.estimator_checks import estimator_checks_generator
from test_reservoir_tools import lorenz

import neurosim as ns
from neurosim.learn import (
    NextGenerationReservoir,
    RecursiveLeastSquares,
    force_learning,
    intrinsic_plasticity,
)
from neurosim.models.echo_state import echo_state
from neurosim.models.nvar import monomials, nvar
from neurosim.plan.materialize import materialized, weight_matrix

RANDOM = np.random.default_rng

ESTIMATORS = {
    "nvar": NextGenerationReservoir(),
    "linear": NextGenerationReservoir(1, order=1),
    "rls": RecursiveLeastSquares(alpha=1e-3),
    "forgetful": RecursiveLeastSquares(forgetting=0.99, fit_intercept=False),
}
ORDER = "rows are ticks, and their order is what is learned from"
NOT_APPLICABLE = {
    "nvar": dict.fromkeys(["check_methods_sample_order_invariance", "check_methods_subset_invariance"], ORDER)
}


def checks():
    """Every check of scikit-learn for every estimator, called alike in every process."""
    for name, estimator in ESTIMATORS.items():
        for case in estimator_checks_generator(
            estimator, expected_failed_checks=NOT_APPLICABLE.get(name), mark="xfail"
        ):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{name}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_estimators_that_learn_online_keep_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_taps_hold_the_past_and_products_all_monomials():
    x = RANDOM(0).normal(size=(40, 2))
    found = ns.run(nvar(2, 1, taps=3, stride=2, order=3), {"drive": x}, record=["taps", "products"])
    past = np.vstack([np.zeros((4, 2)), x])
    taps = np.hstack([past[4 - lag : 44 - lag] for lag in (0, 2, 4)])
    assert np.array_equal(found["taps"], taps)
    products = np.stack([taps[:, list(term)].prod(axis=1) for term in monomials(6, 3)[6:]], axis=1)
    assert np.allclose(found["products"], products, rtol=1e-12)
    assert products.shape[1] == 21 + 56  # as many as there are ways to choose 2 and 3 of 6 with repetition


def test_a_next_generation_reservoir_is_a_ridge_regression_of_its_features():
    x = RANDOM(0).normal(size=(100, 2))
    y = x[:, 0] * np.append(0, x[:-1, 1]) + 1
    model = NextGenerationReservoir(2, alpha=0.1).fit(x, y)
    taps = np.hstack([x[1:], x[:-1]])
    features = np.stack([taps[:, list(term)].prod(axis=1) for term in monomials(4, 2)], axis=1)
    expected = Ridge(alpha=0.1, solver="svd").fit(features, y[1:])
    assert np.allclose(model.predict(x)[1:], expected.predict(features))
    assert model.score(x, y) > 0.99
    assert np.array_equal(ns.run(model.network_, {"drive": x}, record=["out"])["out"][:, 0], model.predict(x))


def test_it_forecasts_the_lorenz_system_for_several_lyapunov_times():
    # As Gauthier et al.: 400 points 0.025 apart, two taps, products of two; theirs follow for about five
    # Lyapunov times.
    valid = []
    for seed in range(5):
        series = lorenz(1000, 0.025, seed)
        forecast = (
            NextGenerationReservoir(2, alpha=2.5e-6, change=True)
            .fit(series[:401], series[1:402])
            .forecast(series[:402], 500)
        )
        error = np.linalg.norm(forecast - series[402:902], axis=1) / np.sqrt((series**2).sum(axis=1).mean())
        valid.append(np.argmax(error > 0.4) * 0.025 * 0.9056)
    assert np.median(valid) > 4


def test_the_closed_network_is_the_forecast():
    series = lorenz(500, 0.025)
    model = NextGenerationReservoir(2, stride=2, alpha=1e-3).fit(series[:-1], series[1:])
    forced = ns.run(model.closed_network_, {"out": series[:10]})
    alone = ns.run(model.closed_network_, ticks=20, start=forced, record=["out"])["out"]
    assert np.allclose(alone, model.forecast(series[:10], 20), rtol=1e-9)


def test_a_grid_search_finds_the_taps_that_are_needed():
    x = RANDOM(0).normal(size=(300, 1))
    y = np.convolve(x[:, 0], [0, 0, 0, 1.0])[:300]  # three ticks ago
    search = GridSearchCV(NextGenerationReservoir(order=1), {"taps": [1, 2, 4]}, cv=TimeSeriesSplit(3)).fit(
        x, y
    )
    assert search.best_params_ == {"taps": 4}


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (NextGenerationReservoir(0), "taps"),
        (NextGenerationReservoir(order=1.5), "order"),
        (NextGenerationReservoir(alpha=-1.0), "alpha"),
        (NextGenerationReservoir(40), "the first 39 have no complete past"),
        (NextGenerationReservoir(4, order=8), "features. Take fewer"),
        (NextGenerationReservoir(change=True), "learns y - X"),
        (RecursiveLeastSquares(0.0), "alpha"),
        (RecursiveLeastSquares(forgetting=1.1), "forgetting"),
    ],
)
def test_parameters_that_cannot_be_are_refused_in_words(estimator, words):
    with pytest.raises(ValueError, match=words):
        estimator.fit(RANDOM(0).normal(size=(30, 5)), np.arange(30.0))


def test_a_forecast_needs_outputs_that_are_inputs_and_enough_past():
    x = RANDOM(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match="y had 1 columns and X 2"):
        NextGenerationReservoir().fit(x, x[:, 0]).forecast(x, 5)
    with pytest.raises(ValueError, match="but 4 are needed"):
        NextGenerationReservoir(2, stride=3).fit(x[:-1], x[1:]).forecast(x[:3], 5)


@pytest.mark.parametrize("intercept", [True, False])
def test_recursive_least_squares_is_a_ridge_regression_whatever_the_portions(intercept):
    X, y = RANDOM(0).normal(size=(60, 4)) + 1, RANDOM(1).normal(size=(60, 2))
    rows = np.column_stack([X, np.ones(60)]) if intercept else X
    expected = Ridge(alpha=0.3, fit_intercept=False, solver="svd").fit(rows, y).predict(rows)
    whole = RecursiveLeastSquares(0.3, fit_intercept=intercept).fit(X, y)
    parts = RecursiveLeastSquares(0.3, fit_intercept=intercept)
    for first in range(0, 60, 17):
        parts.partial_fit(X[first : first + 17], y[first : first + 17])
    assert np.allclose(whole.predict(X), expected, rtol=1e-8)
    assert np.allclose(parts.predict(X), expected, rtol=1e-8)
    assert np.allclose(
        ns.run(whole.network_, {"inputs": X}, record=["out"])["out"], whole.predict(X), rtol=1e-12
    )


def test_forgetting_weighs_samples_down_and_follows_what_changes():
    X, y = RANDOM(0).normal(size=(80, 3)), RANDOM(1).normal(size=80)
    weight = 0.9 ** np.arange(79, -1, -1)
    model = RecursiveLeastSquares(1e-6, forgetting=0.9, fit_intercept=False).fit(X, y)
    expected = Ridge(alpha=1e-6 * 0.9**80, fit_intercept=False, solver="svd").fit(X, y, sample_weight=weight)
    assert np.allclose(model.coef_, expected.coef_, rtol=1e-6)


def test_other_columns_than_before_are_refused():
    model = RecursiveLeastSquares().partial_fit(np.eye(3), np.arange(3.0))
    with pytest.raises(ValueError, match="3 features"):
        model.partial_fit(np.eye(4), np.arange(4.0))
    with pytest.raises(ValueError, match="y has 2 columns, but 1"):
        model.partial_fit(np.eye(3), np.ones((3, 2)))


def pool(**given):
    return echo_state(
        1,
        **{
            "n_neurons": 40,
            "n_outputs": 1,
            "radius": 1.2,
            "leak": 0.3,
            "bias_scale": 0.3,
            "feedback_scale": 1.0,
            **given,
        },
    )


def test_the_synapses_of_a_force_network_learn_by_recursive_least_squares():
    net, teacher = materialized(pool(), 3), np.sin(np.arange(80) / 4)[:, None]
    W, back = weight_matrix(net, "pool_to_pool").number, weight_matrix(net, "out_to_pool").number[:, 0]
    bias, v, y, errors = net["pool"].constants["bias"].number, np.zeros(40), 0.0, []
    model = RecursiveLeastSquares(2.0, fit_intercept=False)
    for target in teacher:
        v = 0.7 * v + 0.3 * np.tanh(W @ v + back * y + bias)
        y = model.predict(v[None])[0] if errors else 0.0
        errors.append(y - target[0])
        model.partial_fit(v[None], target)
    found = force_learning(net, teacher, alpha=2.0, engine="reference")
    assert np.allclose(found.errors[:, 0], errors, rtol=1e-7, atol=1e-9)


@needs_compiler
def test_force_learning_makes_a_network_produce_a_sum_of_sinusoids_by_itself():
    t = np.arange(4500) / 30
    teacher = (1.3 * np.sin(t) + 0.65 * np.sin(2 * t) + 0.43 * np.sin(3 * t)) / 1.5
    net = pool(n_neurons=100, radius=1.2, leak=0.2, density=0.1)
    found = force_learning(net, teacher[:4000], seed=1, engine="events", progress=False)
    assert np.abs(found.errors[-400:]).mean() < 0.03
    free = ns.run(found.network, {"drive": np.zeros((500, 1))}, record=["out"], start=found.start, seed=1)[
        "out"
    ][:, 0]
    assert np.corrcoef(free, teacher[4000:])[0, 1] > 0.98
    assert np.sqrt(np.mean((free - teacher[4000:]) ** 2)) < 0.15 * teacher.std()


@pytest.mark.parametrize(
    ("net", "teacher", "given", "words"),
    [
        (echo_state(1, 10, density=0.5), np.ones(5), {}, "has no 'out'"),
        (pool(), np.ones((5, 2)), {}, r"not \(tick, 1\)"),
        (pool(), [np.nan, 1.0], {}, "finite"),
        (pool(), np.ones(5), {"alpha": 0.0}, "alpha"),
        (pool(), np.ones(5), {"forgetting": 2.0}, "forgetting"),
    ],
)
def test_force_learning_refuses_what_it_cannot_teach(net, teacher, given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        force_learning(net, teacher, **given)


def test_intrinsic_plasticity_brings_the_states_near_to_the_normal_distribution():
    drive = {"drive": RANDOM(0).uniform(-1, 1, (4000, 1))}
    net = echo_state(1, 30, radius=0.9, density=0.3, input_scale=1.0, bias_scale=0.8)
    adapted = intrinsic_plasticity(net, drive, mean=0.1, sd=0.2, rate=1e-3, passes=2, progress=False)
    before, after = (ns.run(n, drive, record=["pool"])["pool"][500:] for n in (net, adapted))
    distance = [
        np.median([kstest(v, "norm", args=(0.1, 0.2)).statistic for v in states.T])
        for states in (before, after)
    ]
    assert distance[1] < 0.1 < distance[0]
    assert np.abs(after.mean(axis=0) - 0.1).mean() < 0.03
    assert after.std(axis=0) == pytest.approx(0.2, abs=0.06)
    assert list(adapted.synapses) == list(net.synapses)
    assert adapted["pool"].update == net["pool"].update


def test_no_time_to_adapt_changes_nothing_much():
    drive = {"drive": RANDOM(0).uniform(-1, 1, (50, 1))}
    net = echo_state(1, 20, density=0.3, bias_scale=0.3, leak=0.4)
    same = intrinsic_plasticity(net, drive, rate=1e-12, progress=False)
    assert np.allclose(
        ns.run(same, drive, record=["pool"])["pool"], ns.run(net, drive, record=["pool"])["pool"], atol=1e-8
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"population": "out"}, "cells.leaky_tanh"),
        ({"sd": 0.0}, "sd"),
        ({"rate": -1.0}, "rate"),
        ({"passes": 0}, "passes"),
        ({"mean": 3.0}, "mean"),
    ],
)
def test_intrinsic_plasticity_refuses_what_it_cannot_adapt(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        intrinsic_plasticity(pool(), {"drive": np.ones((5, 1))}, **given)


def test_clones_of_what_learns_online_learn_the_same():
    X, y = RANDOM(0).normal(size=(30, 2)), np.arange(30.0)
    for estimator in ESTIMATORS.values():
        assert np.array_equal(clone(estimator).fit(X, y).predict(X), clone(estimator).fit(X, y).predict(X))
