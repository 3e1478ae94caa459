"""A Markov chain learns by counting; its stationary distribution, its network and Gibbs sampling agree."""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.learn import MarkovChain

P = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.05, 0.15, 0.8]])


def known(transition=P):
    """A chain with this transition matrix."""
    chain = MarkovChain().fit([list(range(len(transition)))])
    chain.transition_ = np.asarray(transition, dtype=float)
    return chain


def test_transitions_are_counted():
    chain = MarkovChain().fit([list("aabab"), list("ba")])
    assert chain.states_.tolist() == ["a", "b"]
    assert chain.counts_.tolist() == [[1, 2], [2, 0]]
    assert np.allclose(chain.transition_, [[1 / 3, 2 / 3], [1, 0]])
    assert chain.start_.tolist() == [0.5, 0.5]


def test_smoothing_adds_to_every_count():
    chain = MarkovChain(smoothing=0.5, states=["b", "a", "c"]).fit([list("aab")])
    assert chain.states_.tolist() == ["b", "a", "c"]
    assert np.allclose(
        chain.transition_, [[1 / 3, 1 / 3, 1 / 3], [1.5 / 3.5, 1.5 / 3.5, 0.5 / 3.5], [1 / 3, 1 / 3, 1 / 3]]
    )
    assert np.allclose(chain.start_, [0.5 / 2.5, 1.5 / 2.5, 0.5 / 2.5])


def test_samples_teach_the_chain_that_drew_them():
    paths = known().sample(2000, 20, random_state=0)
    learned = MarkovChain().fit(paths)
    error = np.sqrt(P * (1 - P) / learned.counts_.sum(axis=1)[:, None])
    assert np.all(np.abs(learned.transition_ - P) < 4 * error)
    assert np.all(
        np.abs(paths[:, 50:].ravel()[:, None] == [0, 1, 2]).mean(axis=0) - known().stationary_distribution()
        < 0.02
    )
    assert np.all(known().sample(5, 3, start=2, random_state=0)[:, 0] == 2)


def test_the_stationary_distribution_stays_as_it_is():
    pi = known().stationary_distribution()
    assert np.allclose(pi @ P, pi, atol=1e-14)
    assert np.allclose(pi, np.linalg.matrix_power(P, 200)[0], atol=1e-12)
    leaving = known(
        [[0.5, 0.5, 0.0], [0.0, 0.2, 0.8], [0.0, 0.6, 0.4]]
    ).stationary_distribution()  # state 0 is left for good
    assert np.allclose(leaving, [0, 3 / 7, 4 / 7])
    circle = known(np.roll(np.eye(3), 1, axis=1)).stationary_distribution()  # which never settles
    assert np.allclose(circle, 1 / 3)


def test_a_chain_in_two_parts_has_no_single_long_run():
    with pytest.raises(ns.DescriptionError, match="depends on the start"):
        known(np.eye(2)).stationary_distribution()


def test_likelihood_and_perplexity_are_their_formulas():
    chain = MarkovChain(smoothing=1.0).fit([[0, 0, 1, 1, 1, 0]])
    T = chain.transition_
    expected = np.log(chain.start_[0]) + np.log(T[0, 1]) + np.log(T[1, 1])
    assert chain.score_samples([[0, 1, 1], [0, 1, 1]]) == pytest.approx([expected, expected])
    assert chain.perplexity([[0, 1, 1]]) == pytest.approx((T[0, 1] * T[1, 1]) ** -0.5)
    assert known(np.full((3, 3), 1 / 3)).perplexity([[0, 1, 2, 0]]) == pytest.approx(3)
    sure = MarkovChain().fit([[0, 1, 0, 1]])
    assert sure.score_samples([[0, 0]])[0] == -np.inf


def test_the_network_of_a_chain_makes_its_transitions():
    chain = known()
    state = ns.run(chain.network_, {"state": np.full((200, 60, 3), np.nan)}, record=["state"], seed=1)[
        "state"
    ].argmax(axis=2)
    counts = MarkovChain().fit(state).counts_
    expected = P * counts.sum(axis=1)[:, None]
    assert chi2.sf(((counts - expected) ** 2 / expected).sum(), 6) > 1e-3


def test_a_grid_search_finds_the_smoothing_that_new_sequences_need():
    paths = known().sample(4, 12, random_state=1)
    search = GridSearchCV(MarkovChain(states=[0, 1, 2]), {"smoothing": [1e-9, 0.5, 1000.0]}, cv=4).fit(paths)
    assert search.best_params_["smoothing"] == 0.5


@pytest.mark.parametrize(
    ("X", "given", "words"),
    [
        ([[0, 1], []], {}, "empty"),
        ([[0.0, np.nan], [1.0]], {}, "NaN"),
        ([[0.0, np.nan]], {}, "NaN"),
        ([], {}, "2D array|at least one|minimum of 1|Expected"),
        ([[0, 1]], {"smoothing": -1.0}, "smoothing"),
        ([["a", "b"]], {"states": ["a"]}, "'b'.* is not one of the 1 known states"),
        ([["a", "b"]], {"states": ["a", "a", "b"]}, "different states"),
    ],
)
def test_what_is_no_sequence_of_known_states_is_refused(X, given, words):
    with pytest.raises(ValueError, match=words):
        MarkovChain(**given).fit(X)


def test_a_state_that_was_not_learned_is_refused():
    with pytest.raises(ns.DescriptionError, match="is not one of the 2 known states"):
        MarkovChain().fit([["a", "b"]]).score_samples([["a", "c"]])
    with pytest.raises(ns.DescriptionError, match="at least two states"):
        MarkovChain().fit([["a", "b"]]).perplexity([["a"]])


LENGTH = "the columns of X are ticks, and sequences may have any length"
EXCEPTIONS = {
    "check_n_features_in": LENGTH,
    "check_n_features_in_after_fitting": LENGTH,
    "check_dataframe_column_names_consistency": LENGTH,
}


def checks():
    for case in estimator_checks_generator(MarkovChain(), expected_failed_checks=EXCEPTIONS, mark="xfail"):
        values, marks = (case.values, case.marks) if hasattr(case, "marks") else (case, ())
        yield pytest.param(*values, marks=marks, id=values[1].func.__name__)


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_chain_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)
