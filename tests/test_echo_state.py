"""Echo state networks as regressors: they follow scikit-learn's conventions, predict what their network
sends, and forecast well."""

import numpy as np
import pytest
from echo_state_side import RANDOM, matrices
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim import tasks
from neurosim.learn import EchoStateRegressor
from neurosim.models.echo_state import echo_state

ORDER = "rows are the steps of one sequence, so what comes before a row matters"
ESTIMATORS = {
    "plain": EchoStateRegressor(60, random_state=0, engine="reference"),
    "deep": EchoStateRegressor(
        20, layers=2, wiring="orthogonal", feedback_scale=0.1, noise=1e-3, random_state=0, engine="reference"
    ),
}
NOT_APPLICABLE = dict.fromkeys(
    ["check_methods_sample_order_invariance", "check_methods_subset_invariance"], ORDER
)


def checks():
    for name, estimator in ESTIMATORS.items():
        for case in estimator_checks_generator(
            estimator, expected_failed_checks=NOT_APPLICABLE, mark="xfail"
        ):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{name}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_it_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def sines(steps, sequences=None, seed=0):
    """Sums of two sines with random phases, (step, 1) or (sequence, step, 1)."""
    phase = RANDOM(seed).uniform(0, 7, (2, sequences or 1, 1))
    t = np.arange(steps)
    found = (np.sin(t / 4 + phase[0]) + np.sin(t / 7 + phase[1]))[..., None] / 2
    return found if sequences else found[0]


def test_the_network_of_an_estimator_answers_as_the_estimator_does():
    x = sines(200)
    model = EchoStateRegressor(40, washout=30, random_state=1).fit(x[:-5], np.c_[x[5:], x[:-5] ** 2])
    recording = ns.run(model.network_, {"drive": x}, record=["pool", "out"], seed=99)
    assert np.allclose(recording["out"], model.predict(x), rtol=1e-12)
    assert np.allclose(
        recording["pool"] @ model.coef_.T + model.intercept_, model.predict(x), rtol=1e-9, atol=1e-12
    )
    assert ns.Network.from_dict(model.network_.to_dict()) == model.network_


@pytest.mark.parametrize(
    "given",
    [
        dict(),
        dict(layers=2),
        dict(groups=3, leak=(0.2, 0.5, 1.0)),
        dict(fit_intercept=False, solver="cholesky"),
    ],
)
def test_the_readout_is_the_ridge_regression_of_the_states(given):
    x = sines(150, 4)
    y = np.roll(x, 3, axis=1)
    model = EchoStateRegressor(25, washout=30, alpha=0.01, random_state=1, **given).fit(x, y)
    pools = [name for name in model.network_.populations if name.startswith("pool")]
    recording = ns.run(model.network_, {"drive": x}, record=pools)
    states = np.concatenate([recording[name][:, 30:] for name in pools], axis=2).reshape(-1, 25 * len(pools))
    ridge = Ridge(0.01, fit_intercept=given.get("fit_intercept", True)).fit(states, y[:, 30:].reshape(-1, 1))
    assert np.allclose(model.coef_, ridge.coef_, atol=1e-8)
    assert np.allclose(model.intercept_, ridge.intercept_, atol=1e-8)


def test_teacher_forcing_feeds_back_what_is_taught():
    x, y = RANDOM(0).normal(size=(80, 2)), RANDOM(1).normal(size=(80, 1))
    model = EchoStateRegressor(20, feedback_scale=0.7, alpha=0.1, random_state=3).fit(x, y)
    w, bias = matrices(model.network_), model.network_["pool"].constants["bias"].number
    v, states = np.zeros(20), []
    for heard, fed in zip(x, np.r_[[[0.0]], y[:-1]], strict=True):
        v = np.tanh(w["drive_to_pool"] @ heard + w["pool_to_pool"] @ v + w["out_to_pool"] @ fed + bias)
        states.append(v)
    assert np.allclose(model.coef_, Ridge(0.1, solver="svd").fit(states, y).coef_, rtol=1e-8, atol=1e-12)


def test_sequences_begin_at_rest_and_do_not_hear_each_other():
    x = sines(60, 5)
    model = EchoStateRegressor(20, random_state=1).fit(x, x[..., 0])
    together = model.predict(x)
    assert together.shape == (5, 60)
    for one, alone in zip(x, together, strict=True):
        assert np.allclose(model.predict(one), alone, rtol=1e-10, atol=1e-12)


def test_one_sequence_is_learned_alike_with_and_without_its_axis():
    x = sines(80)
    alone = EchoStateRegressor(20, random_state=1, washout=10).fit(x, x[:, 0])
    stacked = EchoStateRegressor(20, random_state=1, washout=10).fit(x[None], x[None])
    assert np.array_equal(alone.coef_, stacked.coef_)
    assert alone.predict(x).shape == (80,)
    assert stacked.predict(x[None]).shape == (1, 80, 1)
    assert alone.score(x, x[:, 0]) == stacked.score(x[None], x[None])


def test_noise_is_added_while_learning_and_never_after():
    x = sines(300)
    quiet, noisy = (
        EchoStateRegressor(30, noise=noise, alpha=1e-12, random_state=1).fit(x, x[:, 0]) for noise in (0, 0.1)
    )
    assert np.abs(noisy.coef_).max() < np.abs(quiet.coef_).max() / 10  # noise is a ridge
    assert str(noisy.network_) == str(quiet.network_)
    assert np.array_equal(noisy.predict(x), noisy.predict(x))


def test_an_integer_seed_makes_it_repeatable_and_another_one_another_network():
    x = sines(60)
    first, again, other = (EchoStateRegressor(20, random_state=seed).fit(x, x[:, 0]) for seed in (1, 1, 2))
    assert np.array_equal(first.coef_, again.coef_)
    assert first.network_ == again.network_
    assert not np.array_equal(
        matrices(first.network_)["pool_to_pool"], matrices(other.network_)["pool_to_pool"]
    )


def test_grid_search_and_pipelines_take_it():
    x = 50 + 9 * sines(300)
    y = x[:, 0] ** 2
    pipe = make_pipeline(StandardScaler(), EchoStateRegressor(20, washout=10, random_state=0))
    grid = {"echostateregressor__leak": [0.2, 1.0], "echostateregressor__wiring": ["ring", "random"]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3)).fit(x, y)
    assert search.best_score_ > 0.9
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    assert clone(search.best_estimator_).fit(x, y).score(x, y) > 0.9


@pytest.fixture(scope="module")
def wave():
    """A network trained on three sums of sines at once, without X, so that it continues them by itself."""
    series = sines(400, 3)
    settings = dict(
        radius=0.5, feedback_scale=0.5, bias_scale=0.5, leak=0.6, washout=50, alpha=1e-12, random_state=0
    )
    return EchoStateRegressor(80, **settings).fit(None, series[:, :300]), series


def test_it_goes_on_from_where_learning_ended(wave):
    model, series = wave
    found = model.forecast(100)
    assert found.shape == (3, 100, 1)
    assert np.abs(found - series[:, 300:]).max() < 0.01


def test_it_goes_on_from_what_it_hears(wave):
    model, _ = wave
    other = sines(300, 4, seed=5)
    assert np.abs(model.forecast(100, other[:, :200]) - other[:, 200:]).max() < 0.01
    one = model.forecast(100, other[2, :200])
    assert one.shape == (100, 1)
    assert np.allclose(one, model.forecast(100, other[:, :200])[2], atol=1e-9)
    assert model.forecast(7, other[0, :200, 0]).shape == (7,)


def test_a_forecast_is_the_network_running_on_its_own(wave):
    model, series = wave
    heard = ns.run(model.network_, {"out": series[:, :300]}, record=["out"])
    alone = ns.run(model.network_, ticks=100, start=heard, record=["out"])["out"]
    assert np.array_equal(alone, model.forecast(100, series[:, :300]))
    assert np.allclose(alone, model.forecast(100), atol=1e-9)


def test_a_forecast_is_one_run_not_one_run_per_step(wave, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "neurosim.learn.sequences.echo_state.run", lambda *a, **k: calls.append(1) or ns.run(*a, **k)
    )
    wave[0].forecast(50)
    assert len(calls) == 1


def test_a_forecast_may_hear_other_input():
    x = sines(500)
    y = np.zeros(500)
    for t in range(1, 500):
        y[t] = 0.8 * y[t - 1] + 0.2 * x[t, 0]
    settings = dict(feedback_scale=0.5, input_scale=0.5, washout=50, alpha=1e-8, random_state=0)
    model = EchoStateRegressor(60, **settings).fit(x[:400], y[:400])
    assert np.abs(model.forecast(100, X=x[400:]) - y[400:]).max() < 0.01
    assert np.abs(model.forecast(100, y[200:400], x[200:500]) - y[400:]).max() < 0.01


def test_mackey_glass_is_forecast_84_steps_ahead():
    series = np.tanh(tasks.mackey_glass(4500, seed=7) - 1)
    settings = dict(
        density=0.05,
        leak=0.7,
        bias_scale=0.2,
        feedback_scale=1.0,
        washout=500,
        alpha=1e-13,
        fit_intercept=False,
    )
    model = EchoStateRegressor(200, **settings, random_state=1).fit(None, series[:2500])
    starts = series[2500:].reshape(4, 500, 1)
    error = model.forecast(84, starts[:, :416])[:, -1] - starts[:, -1]
    assert np.median(np.abs(error)) / np.std(series) < 0.02


@pytest.mark.parametrize("given", [dict(), dict(layers=2, leak=(0.9, np.float64(0.4)))])
def test_a_saved_estimator_goes_on_where_it_was(tmp_path, given):
    x = sines(200, 2)
    model = EchoStateRegressor(20, feedback_scale=0.3, washout=20, random_state=np.int64(4), **given).fit(
        x, x[..., 0]
    )
    model.save(tmp_path / "model.h5")
    again = EchoStateRegressor.load(tmp_path / "model.h5")
    assert again.network_ == model.network_ == ns.load(tmp_path / "model.h5")
    assert np.array_equal(again.predict(x), model.predict(x))
    assert np.array_equal(again.forecast(9, X=x[:, :9]), model.forecast(9, X=x[:, :9]))
    assert {**again.get_params(), "leak": 0} == {**model.get_params(), "leak": 0}
    assert np.array_equal(clone(again).fit(x, x[..., 0]).coef_, model.coef_)
    again.save(tmp_path / "model.h5")


def test_names_of_columns_are_kept(tmp_path):
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame(np.c_[sines(30), sines(30, seed=1)], columns=["up", "down"])
    EchoStateRegressor(5, density=0.9, random_state=0).fit(x, x).save(tmp_path / "model.h5")
    again = EchoStateRegressor.load(tmp_path / "model.h5")
    assert again.feature_names_in_.tolist() == ["up", "down"]
    with pytest.raises(ValueError, match="feature names"):
        again.predict(x[["down", "up"]])


def test_a_file_that_lacks_something_is_refused(tmp_path):
    from neurosim.recording.safe_hdf5 import h5

    x = sines(30)
    for part in ("kind", "facts", "arrays", "arrays/coef_"):
        EchoStateRegressor(5, density=0.9, random_state=0).fit(x, x).save(tmp_path / "model.h5")
        with h5().File(tmp_path / "model.h5", "r+") as file:
            del file["neurosim/estimator"][part]
        with pytest.raises(ns.RecordingError, match="cannot read the estimator|damaged"):
            EchoStateRegressor.load(tmp_path / "model.h5")


def test_other_files_are_refused(tmp_path):
    ns.save(echo_state(), tmp_path / "net.h5")
    with pytest.raises(ns.RecordingError, match="holds a network, but no EchoStateRegressor"):
        EchoStateRegressor.load(tmp_path / "net.h5")
    with pytest.raises(ns.DescriptionError, match=r"random_state: .* cannot be kept in a file"):
        EchoStateRegressor(5, density=0.9, random_state=np.random.RandomState(0)).fit(
            [[0.0], [1.0]], [0, 1]
        ).save(tmp_path / "model.h5")
    assert not (tmp_path / "model.h5").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(n_neurons=0), "n_neurons: 0 is below 1"),
        (dict(layers=1.5), "layers: 1.5 is not a whole number"),
        (dict(leak=0), "leak 0 does not fit"),
        (dict(leak=1.2), "leak 1.2 does not fit"),
        (dict(leak=(0.1, 0.2)), r"leak has shape \(2,\)"),
        (dict(radius=-1), "Give a radius of 0 or more"),
        (dict(alpha=-1e-9), "alpha: -1e-09 does not fit"),
        (dict(noise=float("nan")), "noise"),
        (dict(solver="lsqr"), "solver 'lsqr' is not known"),
        (dict(wiring="rings"), "Did you mean 'ring'"),
        (dict(input_scale=-1), "input_scale -1 does not fit"),
        (dict(washout=50), "washout=50 leaves none of 50 steps"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(given, words):
    x = sines(50)
    with pytest.raises(ValueError, match=words):
        EchoStateRegressor(**{"n_neurons": 20, "random_state": 0, **given}).fit(x, x)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.zeros((0, 1)), np.zeros(0), "minimum of 1 is required"),
        (np.array([[np.nan], [1.0]]), np.ones(2), "NaN"),
        (np.ones((2, 1)), np.array([np.inf, 1.0]), "infinity"),
        (np.ones((3, 1)), np.ones(2), "inconsistent numbers of samples"),
        (np.ones(3), np.ones(3), "Expected 2D array"),
        (np.ones((2, 5, 1)), np.ones((5, 2)), r"y of shape \(5, 2\) does not fit 2 sequences of 5 steps"),
        (np.ones((2, 5, 1, 1)), np.ones((2, 5)), "dim"),
        (None, np.ones(5), "Give feedback_scale above 0"),
        (np.ones((3, 1)), None, "requires y to be passed"),
    ],
)
def test_data_that_do_not_fit_are_refused(X, y, words):
    with pytest.raises(ValueError, match=words):
        EchoStateRegressor(20, random_state=0).fit(X, y)


def test_forecasts_that_cannot_be_are_refused(wave):
    model, series = wave
    x = sines(50)
    driven = EchoStateRegressor(20, feedback_scale=0.1, random_state=0).fit(x, x)
    for call, words in (
        (
            lambda: EchoStateRegressor(20, random_state=0).fit(x, x).forecast(3),
            "has no feedback from its output",
        ),
        (lambda: model.forecast(0), "is below 1"),
        (lambda: model.forecast(3, series[..., [0, 0]]), "y has 2 outputs, but 1 were learned"),
        (lambda: model.forecast(3, X=x), "was fitted without X. Leave X out"),
        (lambda: model.predict(x), r"Use forecast\(steps\)"),
        (lambda: driven.forecast(3), "needs X too. Give 3 steps"),
        (lambda: driven.forecast(3, x[:5], x[:7]), "1 sequences of 7 steps, not 1 of 8"),
        (lambda: driven.predict(np.ones((5, 2))), "2 features"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
