"""A deep belief network consists of its machines, generates what its network generates, and classifies better
when fine-tuned."""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import DeepBelief, DeepBeliefClassifier, RestrictedBoltzmann
from neurosim.models.deep_belief import deep_belief

RANDOM = np.random.default_rng


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def all_states(n):
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)


def fits(counts, p):
    expected = p / p.sum() * counts.sum()
    return chi2.sf(np.sum((counts - expected) ** 2 / expected), len(p) - 1)


def small(random=0):
    """A network of 3, 2, 3 and 2 units with strong weights, and its weights and biases."""
    random = RANDOM(random)
    weights = [random.normal(0, 1.2, shape) for shape in ((2, 3), (3, 2), (2, 3))]
    biases = [random.normal(0, 0.5, n) for n in (3, 2, 3, 2)]
    return (
        weights,
        biases,
        deep_belief((3, 2, 3, 2), weights=weights, down_biases=biases[:3], up_bias=biases[3]),
    )


def distribution(weights, biases):
    """P(visible) of `small`, by summing over all states."""
    memory, middle, visible = (all_states(n) for n in (3, 2, 3))
    p = np.exp(memory @ biases[2] + np.log1p(np.exp(memory @ weights[2].T + biases[3])).sum(axis=1))
    p = p / p.sum()
    for upper, lower, w, b in (
        (memory, middle, weights[1], biases[1]),
        (middle, visible, weights[0], biases[0]),
    ):
        on = sigmoid(upper @ w + b)
        p = p @ np.prod(np.where(lower[None] == 1, on[:, None], 1 - on[:, None]), axis=2)
    return p


def digits(count=400):
    images, labels = load_digits(return_X_y=True)
    return images[:count] / 16, labels[:count]


def test_the_model_generates_by_its_memory_and_draws_it_down():
    weights, biases, net = small()
    visible = ns.run(net, ticks=30, trials=5000, record=["visible"], seed=1)["visible"][:, -1]
    counts = np.bincount((visible @ [1, 2, 4]).astype(int), minlength=8)
    assert fits(counts, distribution(weights, biases)) > 1e-3
    assert fits(counts, np.ones(8)) < 1e-3  # the test can tell


def test_a_clamped_memory_is_drawn_as_what_it_stands_for():
    weights, biases, net = small()
    memory = np.array([1.0, 0.0, 1.0])
    recording = ns.run(net, {"memory": np.tile(memory, (4000, 1, 1))}, record=["layer_1"], seed=1)
    p = sigmoid(memory @ weights[1] + biases[1])
    assert np.all(np.abs(recording["layer_1"][:, 0].mean(axis=0) - p) < 4.5 * np.sqrt(p * (1 - p) / 4000))


@pytest.mark.parametrize(
    ("sizes", "given", "words"),
    [
        ((3, 2), {}, "at least three"),
        ((3, 2, 2), {"weights": [0.1]}, "take 2 weights"),
        ((3, 2, 2), {"visible": "spins"}, "'spins' is not known"),
    ],
)
def test_layers_that_do_not_fit_make_no_model(sizes, given, words):
    with pytest.raises(ValueError, match=words):
        deep_belief(sizes, **given)


def test_each_layer_learns_what_the_one_below_makes_of_the_data():
    X, _ = digits(100)
    machine = RestrictedBoltzmann(n_iter=3, learning_rate=0.05)
    learned = DeepBelief((7, 6, 5), machine=machine, random_state=0).fit(X)
    assert [m.components_.shape for m in learned.machines_] == [(7, 64), (6, 7), (5, 6)]
    middle = learned.machines_[1].transform(learned.machines_[0].transform(X))
    assert np.array_equal(
        clone(learned.machines_[2]).fit(middle).components_, learned.machines_[2].components_
    )
    assert np.array_equal(learned.transform(X), learned.machines_[2].transform(middle))
    assert learned.get_feature_names_out().tolist() == [f"deepbelief{k}" for k in range(5)]


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_network_of_an_estimator_generates_what_it_samples(visible):
    X = (RANDOM(0).random((200, 3)) < [0.8, 0.5, 0.2]).astype(float)
    learned = DeepBelief((3, 3), machine=RestrictedBoltzmann(n_iter=20, visible=visible), random_state=0).fit(
        X
    )
    theirs = ns.run(learned.network_, ticks=40, trials=4000, record=["visible"], seed=2)["visible"][:, -1]
    mine = learned.sample(4000, steps=40)
    error = np.sqrt((mine.var(axis=0) + theirs.var(axis=0)) / 4000)
    assert np.all(np.abs(mine.mean(axis=0) - theirs.mean(axis=0)) < 4.5 * error)
    assert np.allclose(np.cov(mine.T), np.cov(theirs.T), atol=0.1)


def test_without_fine_tuning_a_classifier_is_logistic_regression_on_the_features():
    X, y = digits()
    made = DeepBeliefClassifier(
        (30, 20), machine=RestrictedBoltzmann(n_iter=5), n_iter=0, C=10.0, random_state=0
    ).fit(X, y)
    top = made.machines_[1].transform(made.machines_[0].transform(X))
    mean = top.mean(axis=0)
    regression = LogisticRegression(C=10.0, max_iter=1000).fit(top - mean, y)
    assert np.allclose(made.predict_proba(X), regression.predict_proba(top - mean), atol=1e-8)


def test_fine_tuning_makes_a_classifier_better():
    X, y = digits(900)
    given = dict(machine=RestrictedBoltzmann(n_iter=10), batch_size=20, learning_rate=3e-3, random_state=0)
    right = [
        DeepBeliefClassifier((60, 60), n_iter=n, **given).fit(X[:600], y[:600]).score(X[600:], y[600:])
        for n in (0, 25)
    ]
    assert right[1] > right[0] + 0.03
    assert right[1] > 0.78


@pytest.mark.parametrize("classes", [2, 4])
def test_the_network_of_a_classifier_gives_its_probabilities(classes):
    X, y = digits()
    X, y = X[y < classes], y[y < classes]
    made = DeepBeliefClassifier((12, 8), machine=RestrictedBoltzmann(n_iter=2), n_iter=2, random_state=0).fit(
        X, y
    )
    out = ns.run(made.network_, {"inputs": X[:20]}, record=["out"])["out"]
    p = made.predict_proba(X[:20])
    assert np.allclose(out, p if classes > 2 else p[:, 1:], atol=1e-12)


def test_a_grid_search_varies_the_settings_of_all_layers():
    X, y = digits(200)
    search = GridSearchCV(
        DeepBeliefClassifier((16,), machine=RestrictedBoltzmann(n_iter=3), n_iter=0, C=100.0, random_state=0),
        {"machine__learning_rate": [1e-6, 0.1]}, cv=2,
    ).fit(X, y)  # fmt: skip
    assert search.best_estimator_.machines_[0].learning_rate == search.best_params_["machine__learning_rate"]
    assert len(set(search.cv_results_["mean_test_score"])) == 2


MACHINE = RestrictedBoltzmann(visible="gaussian", n_iter=2, learning_rate=0.01)
ESTIMATORS = (
    DeepBelief((4, 3), machine=MACHINE),
    DeepBeliefClassifier((8,), machine=MACHINE, n_iter=60, learning_rate=0.02, batch_size=10),
)


def checks():
    for estimator in ESTIMATORS:
        for estimator_, check in estimator_checks_generator(estimator):
            yield pytest.param(estimator_, check, id=f"{type(estimator).__name__}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_deep_belief_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (DeepBelief((5,)), "too few"),
        (DeepBelief(5), "no list of sizes"),
        (DeepBelief((5, 0)), "layers: 0 is below 1"),
        (DeepBelief((5, 5), machine=3), "no RestrictedBoltzmann"),
        (DeepBelief((5, 5), machine=RestrictedBoltzmann(momentum=2)), "momentum"),
        (DeepBeliefClassifier((5,), C=0.0), "C: 0.0 does not fit"),
        (DeepBeliefClassifier((5,), n_iter=-1), "n_iter: -1 is below 0"),
    ],
)
def test_what_makes_no_network_is_refused(made, words):
    with pytest.raises(ns.DescriptionError, match=words):
        made.fit(*digits(20))


def test_data_that_are_not_scaled_and_single_classes_are_refused():
    X = digits(20)[0]
    with pytest.raises(ns.DescriptionError, match="binary visible units take 0 to 1"):
        DeepBelief((5, 5)).fit(16 * X)
    with pytest.raises(ns.DescriptionError, match="y has 1 class"):
        DeepBeliefClassifier((5,)).fit(X, np.zeros(20))
