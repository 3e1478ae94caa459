"""Networks with the numbers that scikit-learn learned give its answers, and learning ends where its own
ends."""

import numpy as np
import pytest
from layered_side import gradient, sent
from scipy.special import expit, softmax
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

import neurosim as ns
from neurosim import learn
from neurosim.models.feed_forward import feed_forward
from neurosim.models.restricted_boltzmann import restricted_boltzmann

X, LABELS = load_iris(return_X_y=True)
X = scale(X)
FUNCTIONS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)  # two passes are enough to compare


def in_neurosim(mlp):
    """The same layers, the last one linear."""
    numbers = dict(weights=[w.T for w in mlp.coefs_], biases=mlp.intercepts_)
    return feed_forward(
        [len(mlp.coefs_[0]), *map(len, mlp.intercepts_)],
        function=FUNCTIONS[mlp.activation],
        output="linear",
        **numbers,
    )


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_a_feed_forward_net_answers_as_an_mlp(activation):
    peer = MLPClassifier((5, 4), activation=activation, max_iter=2, random_state=0).fit(X, LABELS)
    scores = sent(in_neurosim(peer), {"inputs": X}, ["out"])["out"]
    np.testing.assert_allclose(softmax(scores, axis=1), peer.predict_proba(X), rtol=1e-10)


def test_a_feed_forward_net_answers_as_an_mlp_that_regresses(engine):
    X, y = load_diabetes(return_X_y=True)
    peer = MLPRegressor(hidden_layer_sizes=(5,), max_iter=2, random_state=0).fit(X, np.stack([y, -y], axis=1))
    np.testing.assert_allclose(
        sent(in_neurosim(peer), {"inputs": X}, ["out"], engine)["out"], peer.predict(X), rtol=1e-10
    )


def test_a_softmax_layer_has_no_gradient_where_logistic_regression_ended():
    pytest.importorskip("jax", reason="gradients need jax: pip install '.[train]'")
    rows = np.r_[0:150:3]  # a part of the flowers, with the ridge's share of the slope
    peer = LogisticRegression(C=2.0, tol=1e-12, max_iter=10_000).fit(X[rows], LABELS[rows])
    net = feed_forward((4, 3), output="linear", weights=[peer.coef_], biases=[peer.intercept_])
    slopes = gradient(net, {"inputs": X[rows]}, {"out": LABELS[rows]}, "cross_entropy")
    np.testing.assert_allclose(slopes["inputs_to_out"] * len(rows), -peer.coef_ / 2.0, atol=1e-5)
    np.testing.assert_allclose(slopes["out.bias"], 0, atol=1e-6)


def test_a_restricted_boltzmann_machine_has_the_energies_and_hidden_units_of_bernoulli_rbm():
    """Free energies differ by what scikit-learn's own pseudo-likelihood tells of them, flip by flip."""
    V = (X > 0).astype(float)
    peer = BernoulliRBM(6, n_iter=3, random_state=0).fit(V)
    numbers = peer.components_, peer.intercept_visible_, peer.intercept_hidden_
    flipped = V.copy()
    flipped[:, 0] = 1 - flipped[:, 0]
    gap = learn.free_energy(flipped, *numbers) - learn.free_energy(V, *numbers)
    random = _AlwaysFirst(0)
    peer.random_state = random
    np.testing.assert_allclose(peer.score_samples(V), -V.shape[1] * np.log1p(np.exp(-gap)), rtol=1e-10)
    net = restricted_boltzmann(4, 6, weights=numbers[0], visible_bias=numbers[1], hidden_bias=numbers[2])
    heard = ns.run(net, {"visible": np.stack([V, V], axis=1)}, record=["hidden.I"])["hidden.I"][:, 1]
    np.testing.assert_allclose(expit(heard + numbers[2]), peer.transform(V), rtol=1e-10)


class _AlwaysFirst(np.random.RandomState):
    """Flips the first visible unit of every row."""

    def randint(self, low, high=None, size=None, dtype=int):
        return np.zeros(size, dtype)


def test_a_map_without_a_neighbourhood_is_k_means():
    first = X[::25]
    peer = KMeans(6, init=first, n_init=1, tol=0, max_iter=300).fit(X)
    som = learn.KohonenMap(
        (2, 3), init=first, batch_size=len(X), radius=1e-3, final_radius=1e-3, n_iter=peer.n_iter_ + 1
    ).fit(X)
    np.testing.assert_allclose(som.weights_, peer.cluster_centers_, rtol=1e-10)
    np.testing.assert_array_equal(som.predict(X), peer.labels_)
