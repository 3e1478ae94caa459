"""Any network is a classifier, regressor or encoder of scikit-learn: it follows scikit-learn's conventions
and predicts what its network sends."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import (
    DeepBelief,
    NetworkClassifier,
    NetworkEncoder,
    NetworkRegressor,
    RestrictedBoltzmann,
)
from neurosim.models.autoencoder import autoencoder
from neurosim.models.conv_net import conv_net
from neurosim.models.feed_forward import feed_forward
from neurosim.models.gru import gru
from neurosim.models.variational_autoencoder import variational_autoencoder

pytest.importorskip("jax", reason="training needs jax: pip install '.[train]'")
pytest.importorskip("optax", reason="training needs optax: pip install '.[train]'")
RANDOM = np.random.default_rng


def digits(count=600):
    images, labels = load_digits(return_X_y=True)
    return images[:count] / 16, labels[:count]


def tones(count=60, channels=2, seed=0):
    """Sequences of different lengths, with noise, that rise or fall."""
    random = RANDOM(seed)
    labels = np.arange(count) % 2
    X = []
    for label, length in zip(labels, random.integers(8, 14, count), strict=True):
        X.append(
            (2 * label - 1) * np.linspace(-1, 1, length)[:, None] + random.normal(0, 0.3, (length, channels))
        )
    return X, np.array(["falling", "rising"])[labels]


def last_sent(net, inputs, name):
    return ns.run(net, inputs, record=[name])[name][:, -1]


def softmax(x):
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def test_the_default_network_reads_digits_and_gives_the_classifiers_answers():
    X, y = digits()
    made = NetworkClassifier(epochs=30, rate=3e-3, random_state=0).fit(X[:450], y[:450])
    assert made.score(X[450:], y[450:]) > 0.85
    chances = made.predict_proba(X[450:])
    assert np.allclose(
        chances, softmax(last_sent(made.network_, {"inputs": X[450:, None]}, "out").astype(float)), atol=1e-6
    )
    assert np.allclose(chances.sum(axis=1), 1)
    assert np.array_equal(made.predict(X[450:]), made.classes_[chances.argmax(axis=1)])


def test_probabilities_of_softmax_units_are_what_they_send():
    X, y = digits(300)
    made = NetworkClassifier(feed_forward((64, 20, 10)), epochs=5, random_state=0).fit(X, y)
    assert np.allclose(
        made.predict_proba(X), last_sent(made.network_, {"inputs": X[:, None]}, "out"), atol=1e-6
    )


@pytest.mark.slow
def test_labels_may_be_words_and_classes_two():
    X, y = digits(400)
    words = np.array(["zero", "one"])[y[y < 2]]
    made = NetworkClassifier(epochs=20, rate=3e-3, random_state=0).fit(X[y < 2], words)
    assert made.classes_.tolist() == ["one", "zero"]
    assert made.predict_proba(X[y < 2]).shape == (len(words), 2)
    assert made.score(X[y < 2], words) > 0.98


def test_images_are_the_shape_of_the_population_that_takes_them():
    X, y = digits(300)
    made = NetworkClassifier(conv_net, network_params={"n_channels": 4}, epochs=15, rate=5e-3, random_state=0)
    square = made.fit(X.reshape(-1, 8, 8, 1), y).predict_proba(X.reshape(-1, 8, 8, 1))
    assert made.score(X.reshape(-1, 8, 8, 1), y) > 0.8
    assert np.array_equal(made.fit(X, y).predict_proba(X), square)


def test_sequences_of_any_length_are_read_to_their_own_end():
    (X, y), (unseen, wanted) = tones(), tones(seed=1)
    made = NetworkClassifier(gru, network_params={"n_cells": 8}, epochs=25, rate=1e-2, random_state=0).fit(
        X, y
    )
    assert made.score(unseen, wanted) > 0.9
    together = made.predict_proba(unseen)
    for k in (0, 5):
        assert np.allclose(made.predict_proba(unseen[k][None]), together[k], atol=1e-5)
    assert made.n_features_in_ == 2


def test_a_recurrent_network_regresses_on_sequences():
    X = RANDOM(0).uniform(-1, 1, (300, 6, 1))
    y = X[:, :, 0].sum(axis=1)
    made = NetworkRegressor(gru, network_params={"n_cells": 12}, epochs=40, rate=1e-2, random_state=0).fit(
        X[:250], y[:250]
    )
    assert made.score(X[250:], y[250:]) > 0.9
    assert made.predict(X[250:]).shape == (50,)


@pytest.mark.slow
def test_a_regressor_answers_with_as_many_numbers_as_it_learned():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    y = (y - y.mean()) / y.std()
    for targets, shape in ((y, (442,)), (np.column_stack([y, -y]), (442, 2))):
        made = make_pipeline(
            StandardScaler(),
            NetworkRegressor(epochs=20, network_params={"hidden": (20,)}, rate=3e-3, random_state=0),
        )
        assert made.fit(X, targets).predict(X).shape == shape
        assert made.score(X, targets) > 0.45


def test_an_encoder_gives_the_code_and_takes_it_back():
    X, _ = digits(400)
    made = NetworkEncoder(network_params={"n_codes": 12}, epochs=40, rate=3e-3, random_state=0)
    Z = made.fit_transform(X)
    assert Z.shape == (400, 12)
    assert np.allclose(Z, last_sent(made.network_, {"inputs": X[:, None]}, "code"), atol=1e-6)
    assert np.mean((made.inverse_transform(Z) - X) ** 2) < 0.4 * X.var(axis=0).mean()
    assert made.get_feature_names_out()[:2].tolist() == ["networkencoder0", "networkencoder1"]


@pytest.mark.slow
def test_an_encoder_may_be_variational():
    X, _ = digits(300)
    net = variational_autoencoder((64, 40, 6))
    made = NetworkEncoder(
        net, code="mean", loss={"out": "bernoulli", "kl": "sent"}, epochs=30, rate=3e-3, random_state=0
    )
    Z = made.fit_transform(X)
    assert Z.shape == (300, 6)
    assert np.array_equal(Z, made.transform(X))  # no noise


def test_a_deep_belief_network_is_unrolled_into_a_network_that_begins_where_it_ended():
    X, _ = digits(200)
    learned = DeepBelief((20, 12), machine=RestrictedBoltzmann(n_iter=5), random_state=0).fit(X)
    net = learned.unrolled(10)
    assert [*net.populations] == ["inputs", "layer_1", "layer_2", "out"]
    assert np.allclose(
        ns.run(net, {"inputs": X[:, None]}, record=["layer_2"])["layer_2"][:, 0],
        learned.transform(X),
        rtol=1e-12,
    )
    back = ns.run(learned.unrolled(), {"inputs": X[:, None]}, record=["code", "out"])
    assert np.allclose(back["code"][:, 0], learned.transform(X), rtol=1e-12)
    drawn = learned.transform(X)
    for machine in reversed(learned.machines_):
        drawn = 1 / (1 + np.exp(-(drawn @ machine.components_ + machine.intercept_visible_)))
    assert np.allclose(back["out"][:, 0], drawn, rtol=1e-12)


def test_fine_tuning_an_unrolled_deep_belief_network_makes_it_better():
    X, y = digits(900)
    learned = DeepBelief((60, 60), machine=RestrictedBoltzmann(n_iter=10), random_state=0).fit(X[:600])
    only_out, whole = (
        NetworkClassifier(learned.unrolled(10), learns=learns, epochs=30, rate=3e-3, random_state=0).fit(
            X[:600], y[:600]
        )
        for learns in (["layer_2_to_out", "out.bias"], None)
    )
    kept = only_out.network_["inputs_to_layer_1"].weight.number
    assert np.allclose(kept, learned.machines_[0].components_)
    assert whole.score(X[600:], y[600:]) > only_out.score(X[600:], y[600:]) + 0.03
    assert whole.score(X[600:], y[600:]) > 0.85


@pytest.mark.slow
def test_fine_tuning_an_unrolled_autoencoder_lowers_what_is_lost():
    X, _ = digits(400)
    net = DeepBelief((30, 12), machine=RestrictedBoltzmann(n_iter=10), random_state=0).fit(X).unrolled()
    tuned = NetworkEncoder(net, loss="bernoulli", epochs=20, rate=3e-3, random_state=0).fit(X)
    before, after = (
        np.mean((last_sent(one, {"inputs": X[:, None]}, "out") - X) ** 2) for one in (net, tuned.network_)
    )
    assert after < 0.75 * before


def test_the_same_random_state_learns_the_same_network():
    X, y = digits(200)
    made = NetworkClassifier(epochs=3, random_state=3).fit(X, y)
    assert np.array_equal(clone(made).fit(X, y).predict_proba(X), made.predict_proba(X))
    assert np.array_equal(pickle.loads(pickle.dumps(made)).predict_proba(X), made.predict_proba(X))
    assert not np.array_equal(
        clone(made).set_params(random_state=4).fit(X, y).predict_proba(X), made.predict_proba(X)
    )


@pytest.mark.slow
def test_a_grid_search_varies_training_and_network():
    X, y = digits(200)
    grid = {"rate": [1e-6, 1e-2], "network__hidden": [(8,), (16,)]}
    search = GridSearchCV(NetworkClassifier(epochs=8, random_state=0), grid, cv=2).fit(X, y)
    assert search.best_params_["rate"] == 1e-2
    assert search.best_estimator_.network_["layer_1"].size == search.best_params_["network__hidden"][0]


@pytest.mark.slow
def test_a_share_of_the_data_decides_when_to_stop():
    X, y = digits(300)
    made = NetworkClassifier(validation=0.2, patience=3, epochs=200, rate=1e-2, random_state=0).fit(X, y)
    assert made.score(X, y) > 0.85


TWO = ns.Network(
    ns.Synapses(ns.Neurons("a", 3), ns.cells.unit("x", 2)),
    ns.Synapses(ns.Neurons("b", 3), ns.cells.unit("y", 2)),
    schedule=ns.Layered(),
)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            NetworkClassifier(feed_forward((64, 10)), network_params={"function": "tanh"}),
            "but network is a Network",
        ),
        (NetworkClassifier(7), "neither a Network nor a function"),
        (NetworkClassifier(lambda: {"nothing": 0}), "made dict, not a Network"),
        (NetworkClassifier(gru, network_params={"n_cell": 3}), "Did you mean 'n_cells'"),
        (NetworkClassifier(TWO), "driven populations are: a, b"),
        (NetworkClassifier(TWO, input="a"), "populations that send to no other are: x, y"),
        (NetworkClassifier(TWO, input="c"), "input 'c' is no population"),
        (NetworkClassifier(TWO, input="a", output="z"), "output 'z' is no population"),
        (NetworkClassifier(feed_forward((64, 3))), "3 neurons for 10 classes"),
        (NetworkClassifier(feed_forward((60, 10))), "does not fit 'inputs'"),
        (NetworkRegressor(feed_forward((64, 3))), "3 neurons for 1 targets"),
        (NetworkEncoder(autoencoder((64, 3)), code="cod"), "Did you mean 'code'"),
    ],
)
def test_networks_that_do_not_fit_are_refused(made, words):
    with pytest.raises(ns.DescriptionError if "does not fit" not in words else ValueError, match=words):
        made.fit(*digits(100))


def test_codes_and_classes_that_do_not_fit_are_refused():
    X = digits(50)[0]
    with pytest.raises(ns.DescriptionError, match="y has 1 class, 3"):
        NetworkClassifier().fit(X, np.full(50, 3))
    with pytest.raises(ValueError, match="is None"):
        NetworkClassifier().fit(X, None)
    encoder = NetworkEncoder(epochs=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"Give \(sample, 2\)"):
        encoder.inverse_transform(np.zeros((3, 5)))


ESTIMATORS = (
    NetworkClassifier(epochs=30, rate=2e-2, network_params={"hidden": (16,)}),
    NetworkRegressor(epochs=60, rate=1e-2, network_params={"hidden": (16,)}),
    NetworkEncoder(epochs=2),
)
QUICK = ("check_estimator_cloneable", "check_no_attributes_set_in_init", "check_n_features_in")


def checks():
    for estimator in ESTIMATORS:
        for estimator_, check in estimator_checks_generator(estimator):
            quick = check.func.__name__ in QUICK or check.func.__name__.startswith("check_estimator_")
            yield pytest.param(
                estimator_,
                check,
                id=f"{type(estimator).__name__}-{check.func.__name__}",
                marks=() if quick else pytest.mark.slow,
            )


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_networks_keep_the_rules_of_scikit_learn(estimator, check):
    check(estimator)
