"""Perceptrons, the delta rule, radial basis functions and extreme learning machines learn what their papers
say."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import (
    DeltaRuleClassifier,
    DeltaRuleRegressor,
    ExtremeLearningClassifier,
    ExtremeLearningRegressor,
    Perceptron,
    RadialBasisClassifier,
    RadialBasisRegressor,
)
from neurosim.models.perceptron import perceptron
from neurosim.models.radial_basis import radial_basis

RANDOM = np.random.default_rng
CLASSIFIERS = (Perceptron(), DeltaRuleClassifier(), RadialBasisClassifier(20), ExtremeLearningClassifier(50))
REGRESSORS = (DeltaRuleRegressor(), RadialBasisRegressor(20), ExtremeLearningRegressor(50))


def separable(rows=200, features=5, margin=0.1, seed=0):
    """Rows of length 1 or less on both sides of a plane through 0, none nearer to it than the margin; and
    their sides, -1 and 1."""
    x = RANDOM(seed).uniform(-1, 1, (20 * rows, features))
    x /= np.maximum(1, np.linalg.norm(x, axis=1, keepdims=True))
    plane = RANDOM(seed + 1).normal(size=features)
    distance = x @ plane / np.linalg.norm(plane)
    x = x[np.abs(distance) >= margin][:rows]
    return x, np.sign(x @ plane)


def sent(estimator, X, what="out"):
    return ns.run(estimator.network_, {"inputs": X}, record=[what])[what]


@pytest.mark.parametrize("margin", [0.3, 0.05])
def test_a_perceptron_makes_no_more_mistakes_than_the_theorem_allows(margin):
    """Novikoff 1962: at most (R/margin)^2, R^2 = 2 being the largest |x|^2 with the bias's input of 1,
    however often the rows come."""
    x, sides = separable(rows=50, margin=margin)
    passes = {"inputs": np.tile(x, (40, 1)), "teacher": np.tile(sides, 40)[:, None]}
    answers = ns.run(perceptron(5, rate=0.5), passes, record=["out"], progress=False)["out"][:, 0]
    wrong = answers != passes["teacher"][:, 0]
    assert 0 < wrong.sum() <= 2 / margin**2
    assert not wrong[-len(x) :].any()


def test_perceptrons_divide_what_can_be_divided():
    x, sides = separable(margin=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert Perceptron(tol=None, max_iter=500, random_state=0).fit(x, sides).score(x, sides) == 1


def test_the_estimators_learn_what_the_network_learns_while_it_runs():
    x, sides = separable(rows=40)
    x, sides = (
        x[np.argsort(-sides, kind="stable")],
        -np.sort(-sides),
    )  # at h = 0 the network answers -1, scikit-learn calls it a mistake
    y = x @ np.arange(5) + 3
    once = dict(shuffle=False, tol=None, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pairs = [
            (Perceptron(rate=0.4, **once).fit(x, sides), sides, 0.2),
            (DeltaRuleRegressor(rate=0.4, **once).fit(x, y), y, 0.4),
        ]
    for estimator, target, rate in pairs:
        net = perceptron(5, function=estimator.function, rate=rate)
        taught = ns.run(
            net,
            {"inputs": np.tile(x, (2, 1)), "teacher": np.tile(target, 2)[:, None]},
            record=["weights.w", "out.b"],
        )
        assert np.allclose(taught["weights.w"][-1].ravel(), estimator.coef_[0], rtol=1e-10, atol=1e-12)
        assert np.allclose(taught["out.b"][-1], estimator.intercept_, rtol=1e-10, atol=1e-12)


def test_the_delta_rule_comes_to_least_squares():
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), np.column_stack([y, X[:, 0]])
    found = DeltaRuleRegressor(rate=2e-4, max_iter=3000, tol=1e-9, random_state=0).fit(X, y)
    exact = LinearRegression().fit(X, y)
    assert np.mean((found.predict(X) - exact.predict(X)) ** 2, axis=0)[0] < 1e-2 * np.var(y[:, 0])
    assert found.score(X, y) == pytest.approx(exact.score(X, y), abs=5e-3)


def test_a_rate_that_is_too_large_is_an_error_that_says_which_would_do():
    with pytest.raises(ValueError, match=r"rate 1, which must stay below 2/\|x\|\^2, here"):
        DeltaRuleRegressor(rate=1.0).fit(100 * RANDOM(0).normal(size=(50, 3)), np.arange(50))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("classes", [2, 3])
def test_the_network_of_a_classifier_gives_its_answers(estimator, classes):
    X, y = load_iris(return_X_y=True)
    X, y = (
        StandardScaler().fit_transform(X)[y < classes],
        np.array(["setosa", "versicolor", "virginica"])[y[y < classes]],
    )
    fitted = clone(estimator).set_params(random_state=0).fit(X, y)
    found = sent(fitted, X, "out.h" if isinstance(fitted, Perceptron) else "out")
    assert np.allclose(
        found if classes > 2 else found[:, 0], fitted.decision_function(X), rtol=1e-9, atol=1e-9
    )
    winners = found.argmax(axis=1) if classes > 2 else (found[:, 0] > 0).astype(int)
    assert np.array_equal(fitted.classes_[winners], fitted.predict(X))
    assert fitted.score(X, y) > 0.75
    assert ns.Network.from_dict(fitted.network_.to_dict()) == fitted.network_


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_the_network_of_a_regressor_gives_its_answers(estimator):
    X = RANDOM(0).uniform(-1, 1, (80, 2))
    Y = np.column_stack([X @ [1, -2], X[:, 0] + 3])
    fitted = clone(estimator).set_params(random_state=0).fit(X, Y)
    assert np.allclose(sent(fitted, X), fitted.predict(X), rtol=1e-9, atol=1e-9)
    assert fitted.predict(X).shape == (80, 2)
    assert fitted.score(X, Y) > 0.9
    assert clone(fitted).fit(X, Y[:, 0]).predict(X).shape == (80,)


@pytest.mark.parametrize("rows", [300, 30])
@pytest.mark.parametrize("alpha", [1.0, 1e-3, 0.0])
def test_the_readout_is_that_of_ridge(rows, alpha):
    X, y = RANDOM(0).normal(size=(rows, 3)), RANDOM(1).normal(size=rows)
    machine = ExtremeLearningRegressor(40, alpha=alpha, random_state=0).fit(X, y)
    hidden = 1 / (1 + np.exp(-X @ machine.weights_.T - machine.bias_))
    assert np.allclose(
        machine.predict(X), Ridge(alpha, solver="svd").fit(hidden, y).predict(hidden), rtol=1e-6, atol=1e-6
    )


def test_a_radial_basis_network_is_its_formula():
    centres, width = RANDOM(0).normal(size=(6, 3)), RANDOM(1).uniform(0.5, 2, 6)
    readout, x = RANDOM(2).normal(size=(2, 6)), RANDOM(3).normal(size=(9, 3))
    net = radial_basis(centres, width, 2, readout=readout, bias=[0.5, -1.0])
    hidden = np.exp(-((x[:, None] - centres) ** 2).sum(axis=2) / (2 * width**2))
    assert np.allclose(
        ns.run(net, {"inputs": x}, record=["out"])["out"], hidden @ readout.T + [0.5, -1.0], rtol=1e-12
    )


def test_with_a_centre_on_every_row_a_radial_basis_network_interpolates():
    """Broomhead & Lowe 1988: with as many centres as rows and without ridge, every row is met exactly."""
    X, y = RANDOM(0).uniform(-1, 1, (40, 2)), RANDOM(1).normal(size=40)
    exact = RadialBasisRegressor(40, centres="data", width=0.2, alpha=0.0).fit(X, y)
    assert np.allclose(exact.predict(X), y, atol=1e-6)


def test_centres_are_means_of_clusters_or_rows_and_widths_reach_their_neighbours():
    X, y = load_iris(return_X_y=True)
    means = RadialBasisClassifier(8, neighbours=2, random_state=0).fit(X, y)
    assert means.centres_.shape == (8, 4)
    assert -KMeans(8, init=means.centres_, n_init=1, max_iter=1).fit(X).inertia_ == pytest.approx(
        KMeans(8, random_state=0).fit(X).score(X), rel=0.2
    )
    apart = np.sort(np.linalg.norm(means.centres_[:, None] - means.centres_, axis=2), axis=1)
    assert np.allclose(means.widths_, np.sqrt((apart[:, 1] ** 2 + apart[:, 2] ** 2) / 2))
    rows = RadialBasisClassifier(8, centres="data", width=1.5, random_state=0).fit(X, y)
    assert all(np.any(np.all(centre == X, axis=1)) for centre in rows.centres_)
    assert np.all(rows.widths_ == 1.5)


@pytest.mark.parametrize(
    ("estimator", "least"),
    [
        (ExtremeLearningClassifier(300, random_state=0), 0.93),
        (RadialBasisClassifier(100, random_state=0), 0.93),
    ],
)
def test_digits_are_read(estimator, least):
    X, y = load_digits(return_X_y=True)
    assert cross_val_score(estimator, X / 16, y, cv=3).mean() > least


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "relu"])
def test_extreme_learning_fits_a_curve_with_every_function(function):
    X = np.linspace(-1, 1, 100)[:, None]
    y = np.sin(4 * X[:, 0])
    machine = ExtremeLearningRegressor(200, function=function, scale=4.0, alpha=1e-6, random_state=0).fit(
        X, y
    )
    assert machine.score(X, y) > 0.99


def test_extreme_learning_warns_where_its_units_are_flat():
    X, y = 1000 * RANDOM(0).normal(size=(30, 4)), np.arange(30) % 2
    with pytest.warns(UserWarning, match="where sigmoid is flat. Scale X"):
        ExtremeLearningClassifier(20).fit(X, y)


def test_a_grid_search_goes_through_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), RadialBasisClassifier(random_state=0))
    search = GridSearchCV(pipe, {"radialbasisclassifier__n_centres": [1, 20]}, cv=3).fit(X, y)
    assert search.best_params_ == {"radialbasisclassifier__n_centres": 20}


@pytest.mark.parametrize("estimator", [*CLASSIFIERS, *REGRESSORS], ids=lambda e: type(e).__name__)
def test_clones_and_pickles_answer_the_same(estimator):
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    fitted = clone(estimator).set_params(random_state=1).fit(X, y)
    assert np.array_equal(clone(fitted).fit(X, y).predict(X), fitted.predict(X))
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    with pytest.raises(AttributeError):
        _ = clone(estimator).network_


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (ExtremeLearningClassifier(0), "ExtremeLearningClassifier: n_hidden: 0 is below 1"),
        (ExtremeLearningClassifier(5, function="sigmoidal"), "Did you mean 'sigmoid'"),
        (ExtremeLearningRegressor(5, scale=0), "ExtremeLearningRegressor: scale"),
        (ExtremeLearningRegressor(5, alpha=-1), "Give a number of 0 or more"),
        (RadialBasisClassifier(2.5), "RadialBasisClassifier: n_centres: 2.5 is not a whole number"),
        (RadialBasisClassifier(2, centres="means"), "Did you mean 'kmeans'"),
        (RadialBasisRegressor(2, width=0.0), "Give a distance above 0"),
        (RadialBasisRegressor(2, width="next"), "neighbours"),
        (RadialBasisRegressor(2, neighbours=0), "neighbours: 0 is below 1"),
        (Perceptron(rate=0), "Perceptron: rate"),
        (DeltaRuleClassifier(rate=-1), "DeltaRuleClassifier: rate"),
        (DeltaRuleRegressor(max_iter=0), "max_iter"),
    ],
)
def test_parameters_out_of_their_range_are_refused(estimator, words):
    with pytest.raises(ValueError, match=words):
        estimator.fit([[0.0], [1.0], [2.0]], [0, 1, 1])


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_one_class_is_refused(estimator):
    with pytest.raises(ValueError, match="y has 1 class, 1"):
        estimator.fit([[0.0], [1.0]], [1, 1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: perceptron(2, function="step"), "'step' is not known"),
        (lambda: radial_basis([1.0, 2.0], 1.0), "shape"),
        (lambda: radial_basis([[1.0], [2.0]], [1.0, 0.0]), "every width must be above 0"),
    ],
)
def test_networks_that_cannot_be_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def checks():
    for estimator in (*CLASSIFIERS, *REGRESSORS):
        for checked, check in estimator_checks_generator(estimator):
            yield pytest.param(checked, check, id=f"{type(estimator).__name__}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_an_estimator_keeps_the_rules_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # some checks' data are not meant to be learned
        warnings.filterwarnings("ignore", ".*is flat", UserWarning)  # nor are they scaled
        check(estimator)
