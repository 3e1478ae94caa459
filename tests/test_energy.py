"""Restricted Boltzmann machines: partition functions equal the sums that define them, learning follows the
gradient, and networks sample the learned distribution."""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import BernoulliRBM
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import RestrictedBoltzmann, annealed_importance_sampling, free_energy, log_partition
from neurosim.learn.rules.contrastive_divergence import ContrastiveDivergence, Machine
from neurosim.models.restricted_boltzmann import restricted_boltzmann

RANDOM = np.random.default_rng


def all_states(n):
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)


def number_of(states):
    return (states.astype(int) << np.arange(states.shape[-1])).sum(axis=-1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def fits(counts, p):
    """Chi-square of observed counts against probabilities, states expected fewer than 5 times taken together:
    the p value."""
    expected = p * counts.sum()
    rare = expected < 5
    observed, expected = (np.append(x[~rare], x[rare].sum()) for x in (counts, expected))
    keep = expected > 0
    return chi2.sf(np.sum((observed[keep] - expected[keep]) ** 2 / expected[keep]), keep.sum() - 1)


def machine(n_hidden, n_visible, scale=1.0, seed=0):
    """Random W, a and b."""
    random = RANDOM(seed)
    return (
        random.normal(0, scale, (n_hidden, n_visible)),
        random.normal(0, 0.5, n_visible),
        random.normal(0, 0.5, n_hidden),
    )


def fitted(numbers, **given):
    """An estimator that holds these numbers."""
    W, a, b = numbers
    binary = given.get("visible", "binary") == "binary"
    made = RestrictedBoltzmann(len(b), n_iter=1, random_state=0, **given).fit(
        RANDOM(0).random((4, len(a))) if binary else RANDOM(0).normal(size=(4, len(a)))
    )
    made.components_, made.intercept_visible_, made.intercept_hidden_, made._log_partition = W, a, b, None
    return made


def bars(n=4, samples=400, seed=0):
    """Images of n x n pixels in which each row is on or off."""
    return np.repeat(RANDOM(seed).integers(0, 2, (samples, n)), n, axis=1).astype(float)


# --- the partition function ---


@pytest.mark.parametrize(("n_hidden", "n_visible"), [(3, 6), (6, 3)])
def test_the_partition_function_is_the_sum_over_all_joint_states(n_hidden, n_visible):
    W, a, b = machine(n_hidden, n_visible)
    v, h = all_states(n_visible), all_states(n_hidden)
    joint = np.exp(v @ a + (h @ b)[:, None] + h @ W @ v.T)
    found = log_partition(W, a, b)
    assert found.value == pytest.approx(np.log(joint.sum()), rel=1e-12)
    assert found.error == 0
    p = np.exp(-free_energy(v, W, a, b) - found.value)
    assert np.allclose(p, joint.sum(axis=0) / joint.sum(), rtol=1e-10)


def test_the_partition_function_of_gaussian_units_is_their_integral():
    W, a, b = machine(3, 1)
    v = np.linspace(-30, 30, 20001)[:, None]
    integral = np.trapezoid(np.exp(-free_energy(v, W, a, b, visible="gaussian")), v[:, 0])
    assert log_partition(W, a, b, visible="gaussian").value == pytest.approx(np.log(integral), rel=1e-9)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_annealing_finds_the_partition_function_within_its_error(visible):
    W, a, b = machine(10, 14, 0.8)
    exact = log_partition(W, a, b, visible=visible).value
    base = RANDOM(5).normal(0, 0.3, 14)
    found = [
        annealed_importance_sampling(W, a, b, visible=visible, base=base, temperatures=400, random_state=seed)
        for seed in range(20)
    ]
    scores = np.array([(value - exact) / error for value, error in found])
    assert np.abs(scores.mean()) < 4 / np.sqrt(20)
    assert 0.5 < scores.std() < 2  # the error is that of the estimate
    assert max(error for _, error in found) < 0.5


def test_more_temperatures_make_annealing_more_precise():
    W, a, b = machine(10, 14, 1.5)
    errors = [annealed_importance_sampling(W, a, b, temperatures=n, random_state=0).error for n in (20, 2000)]
    assert errors[1] < errors[0] / 3
    same = annealed_importance_sampling(W, a, b, temperatures=np.linspace(0, 1, 2001), random_state=0)
    assert same.error == errors[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"weights": np.zeros(3)}, r"shape \(3,\)"),
        ({"hidden_bias": [0.0]}, r"hidden_bias has shape \(1,\), but the weights ask for \(2,\)"),
        ({"visible_bias": [0.0, np.nan, 0.0]}, "NaN"),
        ({"visible": "spins"}, "visible 'spins' is not known"),
        (
            {"weights": np.zeros((26, 30)), "visible_bias": np.zeros(30), "hidden_bias": np.zeros(26)},
            "annealed_importance_sampling",
        ),
    ],
)
def test_numbers_that_make_no_machine_are_refused(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        log_partition(
            **{"weights": np.zeros((2, 3)), "visible_bias": np.zeros(3), "hidden_bias": np.zeros(2)} | given
        )


@pytest.mark.parametrize(
    "given", [{"temperatures": [0.0, 0.6, 0.4, 1.0]}, {"temperatures": 0}, {"chains": 1}, {"base": [0.0]}]
)
def test_annealing_refuses_what_does_not_rise_or_fit(given):
    with pytest.raises(ns.DescriptionError, match="Give"):
        annealed_importance_sampling(*machine(2, 3), **given)


# --- learning ---


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_long_chains_move_the_weights_along_the_exact_gradient(persistent, visible):
    W, a, b = machine(2, 3, 1.5)
    X = np.repeat(all_states(3)[[1, 5]], 30_000, axis=0)
    if visible == "gaussian":
        h = all_states(2)
        p = np.exp(h @ b + ((h @ W) * (a + 0.5 * h @ W)).sum(axis=1))
        p /= p.sum()
        model = np.einsum("s,sh,sv->hv", p, h, a + h @ W), p @ (a + h @ W), p @ h
    else:
        v = all_states(3)
        p = np.exp(-free_energy(v, W, a, b) - log_partition(W, a, b).value)
        h = sigmoid(v @ W.T + b)
        model = np.einsum("s,sh,sv->hv", p, h, v), p @ v, p @ h
    up = sigmoid(X @ W.T + b)
    gradient = [
        data - free
        for data, free in zip((up.T @ X / len(X), X.mean(axis=0), up.mean(axis=0)), model, strict=True)
    ]
    chains = np.zeros((len(X), 2)) if persistent else None
    moved = Machine(W.copy(), a.copy(), b.copy(), visible, np.random.Generator(np.random.SFC64(0)), chains)
    ContrastiveDivergence(moved, len(X), steps=40, weight_decay=0.0, sparsity=None, sparsity_cost=0.0).learn(
        X, np.arange(len(X)), 1.0
    )
    for new, old, expected in zip((moved.W, moved.a, moved.b), (W, a, b), gradient, strict=True):
        assert np.allclose(new - old, expected, atol=5 / np.sqrt(len(X)))
    assert max(np.abs(expected).max() for expected in gradient) > 0.08  # four times the tolerance


def test_learning_raises_the_likelihood_towards_that_of_the_source():
    X = bars()
    before = RestrictedBoltzmann(8, n_iter=1, learning_rate=0.0, random_state=0).fit(X).score(X)
    after = (
        RestrictedBoltzmann(
            8, n_iter=300, persistent=True, learning_rate=0.05, schedule="linear", random_state=0
        )
        .fit(X)
        .score(X)
    )
    assert before == pytest.approx(-16 * np.log(2), abs=0.1)
    assert after > -4 * np.log(2) - 1.0  # four rows, each a coin


def test_persistent_chains_learn_digits_as_those_of_scikit_learn_do():
    X, given = (load_digits().data[:600] > 8).astype(float), dict(n_iter=30, learning_rate=0.05)
    ours, theirs = [], []
    for seed in range(3):
        ours.append(RestrictedBoltzmann(16, persistent=True, random_state=seed, **given).fit(X).score(X))
        peer = BernoulliRBM(16, random_state=seed, **given).fit(X)
        numbers = peer.components_, peer.intercept_visible_, peer.intercept_hidden_
        theirs.append(-free_energy(X, *numbers).mean() - log_partition(*numbers).value)
    assert np.median(ours) == pytest.approx(
        np.median(theirs), abs=1.0
    )  # both scatter so with single chains and a constant rate


def test_gaussian_units_learn_where_the_data_lie():
    random = RANDOM(0)
    X = random.normal(0, 1, (600, 2)) + np.where(random.random((600, 1)) < 0.5, 3.0, -3.0)
    given = dict(visible="gaussian", learning_rate=0.01, random_state=0)
    learned = RestrictedBoltzmann(2, n_iter=60, persistent=True, **given).fit(X)
    one_bump = -0.5 * np.log(np.linalg.det(2 * np.pi * np.e * np.cov(X.T)))
    assert learned.score(X) > one_bump + 0.5
    assert learned.sample(4000, steps=200).std(axis=0) == pytest.approx(X.std(axis=0), rel=0.1)


def test_sparsity_sets_how_active_hidden_units_are():
    X = (load_digits().data[:300] > 8).astype(float)
    free, sparse = (
        RestrictedBoltzmann(32, n_iter=30, sparsity=s, sparsity_cost=10.0, random_state=0).fit(X)
        for s in (None, 0.05)
    )
    assert sparse.transform(X).mean() == pytest.approx(0.05, abs=0.02)
    assert free.transform(X).mean() > 0.2


def test_weight_decay_and_momentum_are_their_formulas():
    X, rows = np.ones((1, 2)), np.array([0])
    still = dict(steps=1, sparsity=None, sparsity_cost=0.0)

    def moved(rate, decay, momentum, times):
        m = Machine(
            np.full((1, 2), 0.5), np.full(2, 50.0), np.full(1, -50.0), "binary", RANDOM(0), momentum=momentum
        )  # v = 1 and h = 0 always
        if momentum:
            m.velocity[0][:] = 1.0
        for _ in range(times):
            ContrastiveDivergence(m, 1, weight_decay=decay, **still).learn(X, rows, rate)
        return m.W

    assert np.allclose(moved(0.1, 0.2, 0.0, 3), 0.5 * 0.98**3, rtol=1e-10)
    assert np.allclose(moved(0.1, 0.0, 0.5, 3), 0.5 + 0.5 + 0.25 + 0.125, rtol=1e-10)
    assert np.allclose(moved(0.1, 0.2, 0.5, 1), 0.5 * 0.98 + 0.5, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("given", [{}, {"persistent": True}, {"momentum": 0.5}])
def test_learning_keeps_the_precision_of_the_data(dtype, given):
    made = RestrictedBoltzmann(5, n_iter=2, random_state=0, **given).fit(bars().astype(dtype))
    assert {
        x.dtype
        for x in (
            made.components_,
            made.intercept_hidden_,
            made.intercept_visible_,
            made.transform(bars().astype(dtype)),
        )
    } == {np.dtype(dtype)}
    assert np.abs(made.components_).max() > 0.05  # the update in place reached the weights


def test_epochs_one_by_one_are_a_fit():
    X = bars()
    given = dict(persistent=True, momentum=0.3, random_state=0, batch_size=7)
    whole, parts = RestrictedBoltzmann(4, n_iter=3, **given).fit(X), RestrictedBoltzmann(4, **given)
    for _ in range(3):
        parts.partial_fit(X)
    assert np.array_equal(whole.components_, parts.components_)
    assert parts.n_iter_ == 3


# --- what was learned ---


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_network_of_an_estimator_samples_what_its_likelihood_says(visible):
    numbers = machine(3, 4)
    made = fitted(numbers, visible=visible)
    free = np.full((6000, 40, 4), np.nan)
    hidden = ns.run(made.network_, {"visible": free}, record=["hidden"], seed=3)["hidden"][:, -1]
    mine = made.sample(6000, steps=40)
    W, a, b = numbers
    h = all_states(3)
    others = (
        np.prod(1 + np.exp(h @ W + a), axis=1)
        if visible == "binary"
        else np.exp(((h @ W) * (a + 0.5 * h @ W)).sum(axis=1))
    )
    p = np.exp(h @ b) * others
    assert fits(np.bincount(number_of(hidden), minlength=8), p / p.sum()) > 1e-3
    if visible == "binary":
        states = all_states(4)
        assert fits(np.bincount(number_of(mine), minlength=16), np.exp(made.score_samples(states))) > 1e-3
    else:
        assert np.allclose(mine.mean(axis=0), (p / p.sum()) @ (a + h @ W), atol=0.15)


def test_the_network_of_an_estimator_transforms_as_it_does():
    X = bars()
    made = RestrictedBoltzmann(6, n_iter=20, random_state=0).fit(X)
    clamped = np.repeat(X[:4, None], 4000, axis=1)
    hidden = ns.run(made.network_, {"visible": clamped}, record=["hidden"], seed=1)["hidden"]
    p = made.transform(X[:4])
    assert np.all(np.abs(hidden.mean(axis=1) - p) < 4.5 * np.sqrt(p * (1 - p) / 4000) + 1e-3)


def test_a_gaussian_visible_layer_is_normal_around_its_input():
    W, a, b = machine(2, 3)
    on = np.tile([1.0, 0.0], (5000, 1, 1))  # trials of one tick
    recording = ns.run(
        restricted_boltzmann(3, 2, weights=W, visible_bias=a, hidden_bias=b, visible="gaussian"),
        {"hidden": on},
        record=["visible"],
    )
    seen = recording["visible"][:, 0]
    assert np.allclose(seen.mean(axis=0), a + W[0], atol=4 / np.sqrt(5000))
    assert np.allclose(seen.std(axis=0), 1.0, atol=4 / np.sqrt(10000))
    with pytest.raises(ValueError, match="visible 'spins' is not known"):
        restricted_boltzmann(3, 2, visible="spins")


def test_gibbs_sampling_from_clamped_states_keeps_the_distribution():
    made = fitted(machine(3, 4))
    v = all_states(4)
    p = np.exp(made.score_samples(v))
    start = v[RANDOM(0).choice(16, 20000, p=p / p.sum())]
    assert fits(np.bincount(number_of(made.gibbs(start, 3)), minlength=16), p) > 1e-3


def test_a_likelihood_that_is_annealed_agrees_with_the_exact_one():
    X = (load_digits().data[:300] > 8).astype(float)
    made = RestrictedBoltzmann(18, n_iter=10, random_state=0).fit(X)
    exact = log_partition(made.components_, made.intercept_visible_, made.intercept_hidden_)
    assert made.log_partition().error > 0
    assert made.log_partition().value == pytest.approx(exact.value, abs=0.1)


# --- the rules of scikit-learn ---

UNSCALED = "the check brings data outside 0 to 1, which binary visible units refuse"
ESTIMATORS = {
    "gaussian": RestrictedBoltzmann(5, visible="gaussian", n_iter=2, learning_rate=0.01),
    "persistent": RestrictedBoltzmann(
        5, visible="gaussian", n_iter=2, learning_rate=0.01, persistent=True, momentum=0.5, schedule="linear"
    ),
}


def checks():
    for name, estimator in ESTIMATORS.items():
        for estimator_, check in estimator_checks_generator(estimator):
            yield pytest.param(estimator_, check, id=f"{name}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_machine_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_grid_search_finds_the_rate_that_learns():
    search = GridSearchCV(
        RestrictedBoltzmann(6, n_iter=20, random_state=0), {"learning_rate": [1e-5, 0.1]}, cv=2
    ).fit(bars())
    assert search.best_params_ == {"learning_rate": 0.1}
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_components": 0}, "n_components: 0 is below 1"),
        ({"visible": "spins"}, "visible 'spins' is not known"),
        ({"schedule": "cosine"}, "schedule 'cosine' is not known"),
        ({"momentum": 1.0}, "momentum: 1.0 does not fit"),
        ({"learning_rate": -1.0}, "learning_rate: -1.0 does not fit"),
        ({"sparsity": 2.0}, "sparsity: 2.0 does not fit"),
        ({"persistent": 1}, "persistent: 1 is not True or False"),
    ],
)
def test_parameters_out_of_range_are_refused(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        RestrictedBoltzmann(**given).fit(bars())


@pytest.mark.parametrize("X", [2 * bars(), -bars()])
def test_data_that_are_not_scaled_are_refused_in_words(X):
    with pytest.raises(ns.DescriptionError, match="binary visible units take 0 to 1"):
        RestrictedBoltzmann(3).fit(X)
    with pytest.raises(ns.DescriptionError, match="binary visible units take 0 to 1"):
        RestrictedBoltzmann(3, n_iter=1).fit(bars()).transform(X)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_weights_that_grow_beyond_all_bounds_are_an_error():
    with pytest.raises(ns.DescriptionError, match="the weights diverged"):
        RestrictedBoltzmann(3, visible="gaussian", n_iter=200, learning_rate=10.0, random_state=0).fit(
            100 * bars()
        )


def test_constant_columns_and_one_sample_are_learned():
    made = RestrictedBoltzmann(3, n_iter=50, random_state=0).fit([[0.0, 1.0, 1.0]])
    assert np.exp(made.score_samples([[0.0, 1.0, 1.0]])) > 0.3
    assert np.isfinite(made.components_).all()
