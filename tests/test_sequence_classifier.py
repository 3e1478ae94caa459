"""Sequences of any length are classified by a reservoir that follows scikit-learn's conventions; its network
predicts the same; real speech is classified."""

import pickle
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim import tasks
from neurosim.learn import SequenceClassifier

RANDOM = np.random.default_rng
needs_speech = pytest.mark.skipif(
    not (find_spec("sktime") or find_spec("aeon")), reason="the data come with sktime or aeon"
)


def tones(count=24, channels=2, seed=0):
    """Sequences of different lengths, with noise, that rise, fall or swing."""
    random = RANDOM(seed)
    labels = np.arange(count) % 3
    X = []
    for label, length in zip(labels, random.integers(15, 40, count), strict=True):
        way = np.linspace(0, 1, length)[:, None]
        shape = (2 * way - 1, 1 - 2 * way, np.sin(2 * np.pi * way))[label]
        X.append(3 + 5 * shape + random.normal(0, 0.5, (length, channels)))
    return X, np.array(["rising", "falling", "swinging"])[labels]


ESTIMATORS = {
    "mean": SequenceClassifier(20, density=0.3),
    "last": SequenceClassifier(20, density=0.3, features="last", bins=2, standardize=False),
    "model": SequenceClassifier(20, density=0.3, features="model", components=5),
}
ONE_TICK = "the check brings sequences of one tick, which have no next state"
NOT_APPLICABLE = {"model": {"check_fit2d_1feature": ONE_TICK}}


def checks():
    """Every check of scikit-learn for every estimator, called alike in every process."""
    for name, estimator in ESTIMATORS.items():
        for case in estimator_checks_generator(
            estimator, expected_failed_checks=NOT_APPLICABLE.get(name), mark="xfail"
        ):
            values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
            yield pytest.param(*values, marks=marks, id=f"{name}-{values[1].func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_classifier_of_sequences_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "given", [{}, {"bins": 3}, {"features": "last"}, {"features": "last", "bins": 3}, {"features": "model"}]
)
def test_tones_are_told_apart_by_their_course(given):
    (X, y), (X_test, y_test) = tones(60), tones(60, seed=1)
    assert SequenceClassifier(60, random_state=0, **given).fit(X, y).score(X_test, y_test) >= 0.95


@pytest.mark.parametrize("features", ["last", "mean"])
@pytest.mark.parametrize("bins", [1, 3])
def test_the_network_gives_the_classifiers_own_answer(features, bins):
    X, y = tones()
    model = SequenceClassifier(30, features=features, bins=bins, random_state=1).fit(X, y)
    for sequence, expected in zip(X[:5], model.decision_function(X[:5]), strict=True):
        out = ns.run(model.network_, {"drive": sequence}, record=["out"])["out"].reshape(
            len(sequence), bins, 3
        )
        edges = [len(sequence) * k // bins for k in range(bins + 1)]
        spans = [slice(*edge) for edge in pairwise(edges)]
        parts = [
            out[span, k].mean(axis=0) if features == "mean" else out[span, k][-1]
            for k, span in enumerate(spans)
        ]
        assert np.allclose(sum(parts), expected, rtol=1e-8, atol=1e-9)


def test_the_model_of_a_sequence_is_what_foretells_its_next_state():
    X, y = tones()
    model = SequenceClassifier(12, features="model", components=12, model_alpha=1e-9, random_state=1).fit(
        X, y
    )
    states = ns.run(model.network_, {"drive": X[0]}, record=["pool"])["pool"]
    found = model._features([X[0]])[0]
    A, b = found[: 12 * 12].reshape(12, 12), found[12 * 12 :]
    h = model._components.transform(states)
    assert np.abs(h[:-1] @ A.T + b - h[1:]).max() < 0.05 * np.abs(h).max()


def test_the_answer_to_a_sequence_does_not_depend_on_its_neighbours(monkeypatch):
    X, y = tones()
    model = SequenceClassifier(30, random_state=1).fit(X, y)
    together = model.decision_function(X)
    assert np.allclose(model.decision_function(X[3:4]), together[3], rtol=1e-12)
    monkeypatch.setattr("neurosim.learn.sequences.ragged.MOST_NUMBERS", 30 * 40 * 5)  # five at a time
    assert np.allclose(model.decision_function(X), together, rtol=1e-12)


def test_lists_arrays_and_arrays_of_arrays_are_the_same_sequences():
    X = RANDOM(0).normal(size=(12, 9, 2))
    y = np.arange(12) % 2
    boxed = np.empty(12, dtype=object)
    boxed[:] = list(X)
    expected = SequenceClassifier(20, random_state=0).fit(X, y).decision_function(X)
    for given in (list(X), tuple(X), boxed, X.tolist()):
        assert np.array_equal(
            SequenceClassifier(20, random_state=0).fit(given, y).decision_function(given), expected
        )
    flat = X[..., 0]
    assert np.array_equal(
        SequenceClassifier(20, random_state=0).fit(flat, y).decision_function(flat),
        SequenceClassifier(20, random_state=0).fit(list(flat), y).decision_function(flat[..., None]),
    )


def test_standardizing_is_what_doing_it_beforehand_is():
    X, y = tones()
    ticks = np.concatenate(X)
    scaled = [(sequence - ticks.mean(axis=0)) / ticks.std(axis=0) for sequence in X]
    plain = SequenceClassifier(30, standardize=False, random_state=1).fit(scaled, y).decision_function(scaled)
    assert np.allclose(
        SequenceClassifier(30, random_state=1).fit(X, y).decision_function(X), plain, rtol=1e-6, atol=1e-8
    )


def test_a_channel_that_never_changes_does_no_harm():
    X, y = tones()
    model = SequenceClassifier(30, random_state=1).fit(
        [np.hstack([x, np.full((len(x), 1), 7.0)]) for x in X], y
    )
    assert np.isfinite(model.coef_).all()


def test_clones_and_pickles_answer_the_same():
    X, y = tones()
    model = SequenceClassifier(20, random_state=3).fit(X, y)
    assert np.array_equal(clone(model).fit(X, y).decision_function(X), model.decision_function(X))
    assert np.array_equal(pickle.loads(pickle.dumps(model)).decision_function(X), model.decision_function(X))


def test_a_grid_search_chooses_settings_of_reservoir_and_readout():
    X, y = tones(48)
    search = GridSearchCV(
        SequenceClassifier(20, random_state=0),
        {"leak": [0.01, 0.5], "features": ["last", "mean"]},
        cv=StratifiedKFold(3),
    )
    search.fit(X, y)
    assert search.best_score_ > search.cv_results_["mean_test_score"].min()
    assert search.best_estimator_.leak == search.best_params_["leak"]


def test_optuna_finds_better_settings_than_the_worst_that_it_tried():
    optuna = pytest.importorskip("optuna", reason="optuna is not installed: pip install '.[search]'")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X, y = tones(30)

    def score(trial):
        given = {
            "leak": trial.suggest_float("leak", 0.01, 1.0, log=True),
            "radius": trial.suggest_float("radius", 0.1, 1.2),
        }
        return cross_val_score(
            SequenceClassifier(20, density=0.3, random_state=0, **given), X, y, cv=StratifiedKFold(3)
        ).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(score, n_trials=8)
    assert study.best_value > min(trial.value for trial in study.trials)
    assert study.best_value > 0.8


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([np.ones((5, 2)), np.ones((4, 3))], "sequences of 2 and 3 channels"),
        ([np.ones((5, 2)), np.ones((0, 2))], r"sequence 1: has shape \(0, 2\)"),
        ([np.ones((5, 2)), np.full((4, 2), np.nan)], "sequence 1 contains NaN"),
        ([np.ones((5, 2)), np.ones((4, 2, 2))], r"sequence 1: has shape \(4, 2, 2\)"),
        ([np.ones((5, 2)), np.array([["a", "b"]])], "sequence 1: is not an array of numbers"),
        ([], "at least one|Expected 2D|minimum of 1"),
    ],
)
def test_sequences_that_cannot_be_are_refused(X, words):
    with pytest.raises(ValueError, match=words):
        SequenceClassifier(10, density=0.5).fit(X, np.arange(len(X)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"features": "men"}, "Did you mean 'mean'"),
        ({"bins": 0}, "bins"),
        ({"n_neurons": 0}, "n_neurons"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": np.nan}, "alpha"),
        ({"standardize": "yes"}, "standardize"),
        ({"radius": -1.0}, "radius"),
        ({"leak": np.nan}, "leak"),
        ({"density": 1.5}, "probability"),
    ],
)
def test_parameters_that_cannot_be_are_refused_in_words(given, words):
    X, y = tones(6)
    with pytest.raises(ValueError, match=words):
        SequenceClassifier(**{"n_neurons": 10, "density": 0.5, **given}).fit(X, y)


def test_other_data_than_those_fitted_are_refused():
    X, y = tones(6)
    model = SequenceClassifier(10, density=0.5, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="sequences of 1 channels, but was fitted with 2"):
        model.predict([x[:, :1] for x in X])
    with pytest.raises(ValueError, match="1 class"):
        SequenceClassifier(10, density=0.5).fit(X, ["a"] * 6)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SequenceClassifier(10, density=0.5).fit(X, y[:-1])


@needs_speech
def test_the_speech_is_what_its_source_says():
    speech = tasks.japanese_vowels()
    assert np.array_equal(np.bincount(speech.train_speakers), [0] + [30] * 9)
    assert np.array_equal(np.bincount(speech.test_speakers), [0, 31, 35, 88, 44, 29, 24, 40, 50, 29])
    lengths = [len(utterance) for utterance in speech.train + speech.test]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert {utterance.shape[1] for utterance in speech.train + speech.test} == {12}
    assert speech.train[0][0, 0] == 1.860936


def test_without_the_packages_that_bring_it_the_speech_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(tasks.speech, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install sktime"):
        tasks.japanese_vowels()
