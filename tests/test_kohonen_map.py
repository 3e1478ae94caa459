"""A Kohonen map as an estimator of scikit-learn."""

import pickle

import numpy as np
import pytest
from kohonen_side import RANDOM, apart, codebook, grids, near
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import KohonenMap
from neurosim.models.kohonen import kohonen


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


FEW = dict(shape=(3, 4), n_iter=3)
ESTIMATORS = {
    "batch": KohonenMap(**FEW),
    "bubble": KohonenMap(**FEW, neighbourhood="bubble", grid="hexagonal", init="random"),
    "online": KohonenMap(**FEW, algorithm="online"),
}


def checks():
    """Every check of scikit-learn for every way to learn; none is excepted."""
    for name, estimator in ESTIMATORS.items():
        for estimator_, check in estimator_checks_generator(estimator):
            yield pytest.param(estimator_, check, id=f"{name}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_map_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@grids
def test_the_network_of_a_map_has_its_winners(digits, grid, toroidal):
    X = digits[0][:40]
    som = KohonenMap((4, 5), grid=grid, toroidal=toroidal, random_state=0).fit(digits[0])
    recording = ns.run(som.network_, {"inputs": X}, record=["map", "map.I", "codebook.w"])
    assert np.array_equal(np.asarray(recording["map"]).argmax(axis=1), som.predict(X))
    np.testing.assert_allclose(np.sqrt(recording["map.I"]), som.transform(X), atol=1e-12)
    assert np.array_equal(codebook(recording, 20), som.weights_)


@grids
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_online_learning_is_that_of_the_network(grid, toroidal, neighbourhood):
    X, W = RANDOM(0).random((40, 3)), RANDOM(1).random((20, 3))
    given = dict(grid=grid, toroidal=toroidal, neighbourhood=neighbourhood)
    som = KohonenMap((4, 5), algorithm="online", init=W, shuffle=False, n_iter=3, **given).fit(X)
    radius, rate = som.schedules(120)
    inputs = {"inputs": np.tile(X, (3, 1)), "radius": radius[:, None], "rate": rate[:, None]}
    recording = ns.run(kohonen(3, (4, 5), weights=W, **given), inputs, record=["codebook.w"])
    np.testing.assert_allclose(codebook(recording, 20), som.weights_, atol=1e-12)


def test_a_fitted_map_learns_on_as_a_network():
    X = RANDOM(0).random((50, 2))
    som = KohonenMap((3, 3), random_state=0).fit(X)
    recording = ns.run(som.network_, {"inputs": X + 1, "rate": np.full((50, 1), 0.5)}, record=["codebook.w"])
    assert codebook(recording, 9).mean() > som.weights_.mean() + 0.5


@grids
@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
def test_batches_of_all_rows_are_the_plain_batch_map(grid, toroidal, neighbourhood):
    X, W, far = RANDOM(0).random((60, 3)), RANDOM(1).random((20, 3)), apart((4, 5), grid, toroidal)
    som = KohonenMap(
        (4, 5), grid=grid, toroidal=toroidal, neighbourhood=neighbourhood, init=W, n_iter=4, batch_size=60
    ).fit(X)
    for radius in som.schedules(4)[0]:
        h = near(far[cdist(X, W).argmin(axis=1)], radius, neighbourhood)  # (row, unit)
        reached = h.sum(axis=0) > 0
        W[reached] = (h.T @ X)[reached] / h.sum(axis=0)[reached, None]
    np.testing.assert_allclose(som.weights_, W, atol=1e-10)


def test_small_batches_remember_about_one_pass():
    X = RANDOM(0).random((10, 1))
    som = KohonenMap((1, 1), init=np.zeros((1, 1)), n_iter=1, batch_size=5, shuffle=False).fit(X)
    assert som.weights_.item() == pytest.approx((0.5 * X[:5].sum() + X[5:].sum()) / 7.5)


@grids
def test_errors_and_maps_are_their_definitions(digits, grid, toroidal):
    X, y = digits[0][:300], digits[1][:300]
    som = KohonenMap((6, 5), grid=grid, toroidal=toroidal, n_iter=3, random_state=0).fit(X)
    far, distance = apart((6, 5), grid, toroidal), cdist(X, som.weights_)
    beside = (far > 0) & (far < (1.5 if grid == "rectangular" else 1.1))
    two = distance.argsort(axis=1)[:, :2]
    assert np.array_equal(som.predict(X), two[:, 0])
    np.testing.assert_allclose(som.transform(X), distance, atol=1e-12)
    assert som.quantization_error(X) == pytest.approx(distance.min(axis=1).mean())
    assert som.score(X) == -som.quantization_error(X)
    assert som.topographic_error(X) == pytest.approx(1 - beside[two[:, 0], two[:, 1]].mean())
    between = cdist(som.weights_, som.weights_)
    np.testing.assert_allclose(
        som.u_matrix(), ((between * beside).sum(axis=1) / beside.sum(axis=1)).reshape(6, 5)
    )
    assert np.array_equal(som.hits(X).ravel(), [np.sum(two[:, 0] == unit) for unit in range(30)])
    for unit, label in enumerate(som.labels(X, y).ravel()):
        mine = y[two[:, 0] == unit]
        assert label is None if len(mine) == 0 else np.sum(mine == label) == np.bincount(mine).max()


def test_the_topographic_product_is_its_formula():
    som = KohonenMap((3, 4), n_iter=2, random_state=0).fit(RANDOM(0).random((50, 3)))
    V, A, total = cdist(som.weights_, som.weights_), apart((3, 4), "rectangular", False), 0.0
    for j in range(12):
        others = [k for k in range(12) if k != j]
        by_grid, by_weight = (sorted(others, key=lambda k, far=far: far[j, k]) for far in (A, V))
        product = 1.0
        for k in range(11):
            product *= V[j, by_grid[k]] / V[j, by_weight[k]] * A[j, by_grid[k]] / A[j, by_weight[k]]
            total += np.log(product) / (2 * (k + 1)) / (12 * 11)
    assert som.topographic_product() == pytest.approx(total)


@pytest.mark.parametrize("algorithm", ["batch", "online"])
@pytest.mark.parametrize("grid", ["rectangular", "hexagonal"])
def test_a_map_unfolds_in_a_square(grid, algorithm):
    found = []
    for seed in range(5):
        X = RANDOM(seed).random((1000, 2))
        som = KohonenMap((10, 10), grid=grid, algorithm=algorithm, init="random", random_state=seed)
        before = (
            clone(som).set_params(n_iter=1, radius=0.01, final_radius=0.01).fit(X)
        )  # no neighbours: nothing orders it
        after = som.fit(X)
        a, b = after._grid.neighbours()
        beside = np.linalg.norm(after.weights_[a] - after.weights_[b], axis=1).mean()
        found.append(
            [before.topographic_error(X), after.topographic_error(X), beside, after.topographic_product()]
        )
    before, after, beside, product = np.median(found, axis=0)
    assert before > 0.8
    assert after < 0.06
    assert beside < 0.15  # of units anywhere in a square: 0.52
    assert abs(product) < 0.01


def test_a_chain_is_too_little_for_a_square_and_a_plane_too_much_for_a_line():
    points = RANDOM(0).random((2000, 2))
    chain, square, line = (
        KohonenMap(shape, random_state=0).fit(points * size).topographic_product()
        for shape, size in (((1, 100), (1, 1)), ((10, 10), (1, 1)), ((10, 10), (1, 1e-3)))
    )
    assert chain < -0.02
    assert abs(square) < 0.01
    assert line > 0.02


def test_units_are_as_dense_as_two_thirds_of_a_power_of_the_data():
    """Ritter & Schulten 1986, Biological Cybernetics 54, 99: of a chain of units in one dimension, density ~
    (that of the data)^(2/3)."""
    X = np.sqrt((np.arange(5000)[:, None] + 0.5) / 5000)  # density 2x
    som = KohonenMap((1, 200), radius=20, final_radius=8, n_iter=50, random_state=0).fit(X)
    w = np.sort(som.weights_[:, 0])
    inside = slice(60, 170)  # far from the ends, where half of a neighbourhood is missing
    density = 1 / np.gradient(w)[inside]
    power = np.polyfit(np.log(w[inside]), np.log(density), 1)[0]
    assert power == pytest.approx(2 / 3, abs=0.03)


def test_digits_are_mapped_as_well_as_by_the_best(digits):
    """numbasom: 1.056 and 0.032 after as many passes on the same map."""
    X = digits[0]
    for init in ("pca", "random"):
        maps = [KohonenMap((20, 20), init=init, random_state=seed).fit(X) for seed in range(5)]
        assert np.median([som.quantization_error(X) for som in maps]) <= 1.06
        assert np.median([som.topographic_error(X) for som in maps]) <= 0.035


def test_a_map_of_a_torus_has_no_edge():
    X = RANDOM(0).random((4000, 2))
    angle = 2 * np.pi * X
    torus = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    som = KohonenMap((12, 12), toroidal=True, random_state=0).fit(torus)
    seam = som.u_matrix()
    edge = np.r_[seam[0], seam[-1], seam[:, 0], seam[:, -1]].mean()
    assert edge == pytest.approx(seam[2:-2, 2:-2].mean(), rel=0.15)
    assert som.topographic_error(torus) < 0.1


def test_a_shift_of_the_data_far_from_zero_changes_no_winner():
    X = RANDOM(0).random((200, 3))
    near_, far = (KohonenMap((5, 5), random_state=0).fit(X + shift) for shift in (0.0, 1e7))
    assert np.array_equal(near_.predict(X), far.predict(X + 1e7))


def test_single_precision_stays_single_and_agrees(digits):
    X = digits[0][:400]
    som, single = (
        KohonenMap((6, 6), n_iter=3, random_state=0).fit(data) for data in (X, X.astype(np.float32))
    )
    assert single.weights_.dtype == single.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.weights_, som.weights_, atol=0.05)
    assert single.quantization_error(X) == pytest.approx(som.quantization_error(X), rel=0.01)


def test_the_same_seed_is_the_same_map_and_another_is_another():
    X = RANDOM(0).random((100, 2))
    maps = [KohonenMap((4, 4), random_state=seed).fit(X).weights_ for seed in (1, 1, 2)]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


def test_a_map_stands_in_a_pipeline_that_a_grid_search_varies():
    X, y = load_iris(return_X_y=True)
    pipe = make_pipeline(
        StandardScaler(), KohonenMap((4, 4), random_state=0), LogisticRegression(max_iter=1000)
    )
    search = GridSearchCV(
        pipe, {"kohonenmap__final_radius": [0.5, 1.0], "kohonenmap__grid": ["hexagonal", "rectangular"]}, cv=3
    ).fit(X, y)
    assert search.best_score_ > 0.9
    best = search.best_estimator_["kohonenmap"]
    assert np.array_equal(pickle.loads(pickle.dumps(best)).weights_, best.weights_)
    assert best.get_feature_names_out()[-1] == "kohonenmap15"


def test_learning_shows_its_progress(capsys):
    KohonenMap((2, 2), n_iter=2, verbose=True, random_state=0).fit(RANDOM(0).random((10, 2)))
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"shape": 3}, r"Give \(rows, columns\)"),
        ({"shape": (0, 3)}, "below 1"),
        ({"grid": "round"}, "grid 'round' is not known"),
        ({"grid": "hexagonal", "shape": (3, 3), "toroidal": True}, "Give an even number of rows"),
        ({"neighbourhood": "gausian"}, "Did you mean 'gaussian'"),
        ({"algorithm": "offline"}, "Did you mean 'online'"),
        ({"schedule": "log"}, "schedule 'log' is not known"),
        ({"radius": 0.5}, "Give a number of at least the final_radius, 0.75"),
        ({"final_radius": 0}, "Give a number above 0"),
        ({"learning_rate": 2}, "Give a number above 0, at most 1"),
        ({"batch_size": 0}, "batch_size: 0 is below 1"),
        ({"n_iter": 1.5}, "n_iter: 1.5 is not a whole number"),
        ({"shuffle": "yes"}, "shuffle: 'yes' is not True or False"),
        ({"init": "kmeans"}, "init 'kmeans' is not known"),
        ({"init": np.zeros((4, 2))}, r"shape \(9, 2\): it has shape \(4, 2\)"),
        ({"init": np.full((9, 2), np.nan)}, "finite numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_before_learning(given, words):
    with pytest.raises(ValueError, match=words):
        KohonenMap(**{"shape": (3, 3)} | given).fit(RANDOM(0).random((20, 2)))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((0, 2)), "minimum of 2"),
        (np.zeros((1, 2)), "minimum of 2"),
        (np.ones((5, 2)), "all rows of X are the same"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), "infinity"),
        (np.array([[1e160, 0.0], [0.0, 1.0]]), "Scale X"),
        (np.array([[1e20, 0.0], [0.0, 1.0]], dtype=np.float32), "Scale X"),
        (np.zeros(5), "Expected 2D"),
    ],
)
def test_data_that_cannot_be_mapped_are_refused(X, words):
    with pytest.raises(ValueError, match=words):
        KohonenMap((3, 3)).fit(X)


def test_constant_columns_and_fewer_rows_than_units_are_mapped():
    X = np.stack([np.arange(4.0), np.ones(4)], axis=1)
    som = KohonenMap((3, 3), final_radius=0.2, n_iter=20, random_state=0).fit(X)
    np.testing.assert_allclose(som.weights_[:, 1], 1.0)
    assert som.quantization_error(X) < 0.05


def test_what_a_map_cannot_tell_it_says():
    X = RANDOM(0).random((20, 2))
    one, same = (
        KohonenMap((1, 1)).fit(X),
        KohonenMap((2, 2), neighbourhood="bubble", radius=3.0, final_radius=3.0).fit(X),
    )
    with pytest.raises(ValueError, match="no second nearest"):
        one.topographic_error(X)
    with pytest.raises(ValueError, match="no neighbours"):
        one.topographic_product()
    with pytest.raises(ValueError, match="two units have the same weights"):
        same.topographic_product()
    with pytest.raises(ValueError, match="Give one label for each"):
        one.labels(X, [1, 2])
    with pytest.raises(NotFittedError):
        _ = KohonenMap().network_


@pytest.fixture
def figures():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    yield ns.figures
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize(("grid", "corners"), [("rectangular", 4), ("hexagonal", 6)])
def test_a_u_matrix_is_drawn_as_the_cells_of_its_grid(figures, grid, corners):
    X = RANDOM(0).random((60, 2))
    som = KohonenMap((4, 5), grid=grid, random_state=0).fit(X)
    labels = som.labels(X, np.arange(60) % 2)
    ax = figures.u_matrix(som, labels=labels)
    (units,) = ax.collections
    np.testing.assert_array_equal(units.get_array(), som.u_matrix().ravel())
    outlines = [path.vertices[:corners] for path in units.get_paths()]
    middles = np.array([outline.mean(axis=0) for outline in outlines])
    a, b = som._grid.neighbours()
    shared = [
        np.sum(cdist(outlines[i], outlines[j]) < 1e-9) for i, j in zip(a, b, strict=True)
    ]  # corners, diagonal neighbours one
    assert set(shared) == ({2} if grid == "hexagonal" else {1, 2})
    np.testing.assert_allclose(cdist(middles, middles), apart((4, 5), grid, False), atol=1e-9)
    assert [text.get_text() for text in ax.texts] == [
        str(label) for label in labels.ravel() if label is not None
    ]
    assert ax.yaxis_inverted()


def test_a_picture_of_what_is_no_map_is_refused(figures):
    som = KohonenMap((3, 3))
    with pytest.raises(NotFittedError):
        figures.u_matrix(som)
    som.fit(RANDOM(0).random((20, 2)))
    with pytest.raises(ns.DescriptionError, match="labels of shape"):
        figures.u_matrix(som, labels=np.zeros((2, 2)))
    with pytest.raises(ns.DescriptionError, match="is not a Kohonen map"):
        figures.u_matrix(som.network_)
