"""A network as a transformer of scikit-learn."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from readout_side import adder
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import neurosim as ns
from neurosim.models.echo_state import echo_state
from neurosim.readout import NetworkTransformer, features, latency
from neurosim.units import ms, mV


def spiking(n_inputs=1, n_cells=6):
    """Ears that excite a few integrate-and-fire cells, which excite and inhibit each other with a delay of a
    millisecond."""
    ears, cells = ns.Neurons("ears", n_inputs), ns.cells.lif("cells", n_cells)
    into = ns.Synapses(ears, cells, to="v", weight=ns.uniform(0 * mV, 40 * mV))
    return ns.Network(
        into,
        ns.Synapses(cells, cells, to="v", weight=ns.normal(0 * mV, 2 * mV), delay=1 * ms),
        schedule=ns.Clock(1 * ms),
    )


# Networks with one input neuron: to these, any number of columns is so many steps, so that every check of
# scikit-learn applies.
ESTIMATORS = {
    "plain": NetworkTransformer(echo_state, network_params={"n_neurons": 6, "density": 0.5}),
    "given": NetworkTransformer(echo_state(1, 6, density=0.5), features="mean"),
    "latency": NetworkTransformer(spiking, encoding="latency", ticks=5 * ms),
    "regular": NetworkTransformer(spiking(), encoding="regular", scale=0.1, ticks=20),
    "poisson": NetworkTransformer(
        spiking(), encoding="poisson", scale=0.1, ticks=20, features="trace", tau=5 * ms
    ),
    "noisy": NetworkTransformer(adder, network_params={"n": 1, "noise": 1.0}),
    "three": NetworkTransformer(adder),
}
ROWS = "the network's own text draws random numbers, which belong to the place of a row in X"
WIDTH = "the check brings data of its own width, and this network has three input neurons"
NOT_APPLICABLE = {
    "noisy": dict.fromkeys(
        ["check_methods_sample_order_invariance", "check_methods_subset_invariance"], ROWS
    ),
    "three": dict.fromkeys(
        [
            "check_estimators_overwrite_params",
            "check_estimators_fit_returns_self",
            "check_readonly_memmap_input",
            "check_n_features_in_after_fitting",
            "check_positive_only_tag_during_fit",
            "check_estimators_dtypes",
            "check_dtype_object",
            "check_fit2d_1sample",
            "check_fit2d_1feature",
            "check_fit_idempotent",
            "check_fit_check_is_fitted",
            "check_n_features_in",
        ],
        WIDTH,
    ),
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
def test_a_network_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_row_becomes_what_a_run_of_it_leaves():
    X = np.random.default_rng(0).random((4, 6))
    inputs = np.repeat(X.reshape(4, 2, 3), 5, axis=1)  # two steps of five ticks each
    expected = ns.run(adder(), {"x": inputs}, record=["y"])["y"][:, -1]
    assert np.array_equal(NetworkTransformer(adder(), ticks=5).fit_transform(X), expected)


def test_what_nobody_else_hears_is_read_where_no_output_is_named():
    ears, hidden, cells = (
        ns.Neurons("ears", 1),
        ns.Neurons("hidden", 1, update="h = I"),
        ns.Neurons("cells", 1, update="y = I"),
    )
    joined = [
        ns.Synapses(hidden, cells, weight=2.0),
        ns.Synapses(cells, cells, weight=0.0, delay=1),
        ns.Synapses(ears, hidden),
    ]
    net = ns.Network(*joined, schedule=ns.Layered())
    assert NetworkTransformer(net).fit_transform([[3.0]]).tolist() == [[6.0]]
    other = ns.Network(
        *joined, ns.Synapses(hidden, ns.Neurons("more", 1, update="y = I")), schedule=ns.Layered()
    )
    with pytest.raises(ns.DescriptionError, match=r"send to no other are: cells, more. Give output='name'"):
        NetworkTransformer(other).fit([[3.0]])
    assert NetworkTransformer(other, output="more").fit_transform([[3.0]]).tolist() == [[3.0]]
    back = ns.Network(*joined, ns.Synapses(cells, hidden, delay=1), schedule=ns.Layered())
    with pytest.raises(ns.DescriptionError, match="send to no other are: none"):
        NetworkTransformer(back).fit([[3.0]])


def test_spikes_into_a_network_are_those_of_the_encoding():
    X = np.random.default_rng(0).random((4, 6))
    spikes = latency(X.reshape(4, 3, 2), 8)
    expected = features(
        ns.run(spiking(2), {"ears": spikes}, ticks=24, record=["cells"]), "cells", "counts", bins=3
    )
    found = NetworkTransformer(
        spiking(2), input="ears", output="cells", encoding="latency", ticks=8 * ms, bins=3
    ).fit_transform(X)
    assert np.array_equal(found, expected)
    assert found.any()


def test_sequences_may_come_with_an_axis_of_their_own():
    X = np.random.default_rng(0).random((4, 5, 3))
    assert np.array_equal(
        NetworkTransformer(adder).fit_transform(X), NetworkTransformer(adder).fit_transform(X.reshape(4, -1))
    )
    with pytest.raises(ValueError, match=r"rows of shape \(5, 2\)"):
        NetworkTransformer(adder).fit(X).transform(X[..., :2])


def test_rows_that_send_no_spike_keep_their_place():
    X = np.zeros((5, 1))
    X[2] = 1.0
    found = NetworkTransformer(spiking, encoding="latency", ticks=20).fit_transform(X)
    assert found.shape == (5, 6)
    assert found.any(axis=1).tolist() == [False, False, True, False, False]
    assert not NetworkTransformer(spiking, encoding="latency", ticks=20).fit_transform(np.zeros((3, 1))).any()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"encoding": "latency", "ticks": 4}, ["cells_0", "cells_1"]),
        (
            {"encoding": "latency", "ticks": 4, "bins": 2},
            ["cells_0_bin_0", "cells_1_bin_0", "cells_0_bin_1", "cells_1_bin_1"],
        ),
        (
            {"encoding": "latency", "ticks": 4, "features": "trace", "tau": 1 * ms, "at": [1, 3]},
            [f"cells_{n}_tick_{k}" for k in (1, 3) for n in (0, 1)],
        ),
        ({"output": "cells[1:].v"}, ["cells.v_1"]),
    ],
)
def test_features_have_names(given, names):
    transformer = NetworkTransformer(spiking, network_params={"n_cells": 2}, **given).fit([[0.5], [1.0]])
    assert transformer.get_feature_names_out().tolist() == names
    assert transformer.transform([[0.5]]).shape == (1, len(names))


def test_names_of_other_columns_than_those_fitted_are_refused():
    transformer = NetworkTransformer(adder).fit(np.eye(3))
    assert transformer.get_feature_names_out(["a", "b", "c"]).tolist() == ["y_0", "y_1", "y_2"]
    with pytest.raises(ValueError, match="should have length"):
        transformer.get_feature_names_out(["a", "b"])
    transformer.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)  # as after fitting a data frame
    with pytest.raises(ValueError, match="is not equal to feature_names_in_"):
        transformer.get_feature_names_out(["a", "c", "b"])


def test_a_grid_search_varies_the_network():
    X, y = load_iris(return_X_y=True)
    pool = NetworkTransformer(echo_state, network_params={"n_neurons": 20, "density": 0.3})
    search = GridSearchCV(
        make_pipeline(StandardScaler(), pool, LogisticRegression()),
        {"networktransformer__network__radius": [0.1, 1.2]},
        cv=3,
    )
    best = search.fit(X, y).best_estimator_["networktransformer"]
    assert best.network_params["radius"] == search.best_params_["networktransformer__network__radius"]
    assert best.network_params["n_neurons"] == 20
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    assert pool.network_params == {"n_neurons": 20, "density": 0.3}


def test_a_spiking_network_separates_irises():
    X, y = load_iris(return_X_y=True)
    cells = NetworkTransformer(
        spiking, network_params={"n_inputs": 4, "n_cells": 30}, encoding="regular", scale=8.0, ticks=30
    )
    scores = cross_val_score(
        make_pipeline(MinMaxScaler(clip=True), cells, LogisticRegression(max_iter=500)), X, y, cv=3
    )
    assert scores.mean() > 0.9


def test_clones_and_pickles_compute_the_same():
    X = np.random.default_rng(0).random((4, 6))
    for transformer in (ESTIMATORS["given"], ESTIMATORS["latency"], ESTIMATORS["poisson"]):
        expected = clone(transformer).fit_transform(X)
        assert np.array_equal(pickle.loads(pickle.dumps(clone(transformer).fit(X))).transform(X), expected)


def test_parameters_of_the_network_are_parameters():
    transformer = NetworkTransformer(echo_state, network_params={"radius": 0.5})
    assert transformer.get_params()["network__radius"] == 0.5
    assert transformer.get_params()["network__leak"] == 1.0
    assert "network__radius" not in transformer.get_params(deep=False)
    assert transformer.set_params(network__leak=0.3, ticks=2).network_params == {"radius": 0.5, "leak": 0.3}


def test_another_seed_is_another_network():
    X = np.random.default_rng(0).random((4, 6))
    assert not np.allclose(
        clone(ESTIMATORS["plain"]).fit_transform(X),
        clone(ESTIMATORS["plain"]).set_params(seed=1).fit_transform(X),
    )


@pytest.mark.parametrize(
    "X", [csr_array(np.eye(3)), [[1.0, np.nan, 0.0]], [[1.0, np.inf, 0.0]], np.zeros((0, 3))]
)
def test_sparse_missing_and_no_data_are_refused(X):
    with pytest.raises((TypeError, ValueError), match="parse|NaN|infinity|minimum of 1"):
        NetworkTransformer(adder).fit(X)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"network": 3}, "neither a Network nor a function"),
        ({"network": lambda: 3}, "made int, not a Network"),
        ({"network": adder(), "network_params": {"n": 3}}, "network is a Network"),
        ({"network_params": {"m": 3}}, "network__m is no parameter"),
        ({"input": "ears"}, "'ears' is no population"),
        ({"output": "z"}, "no population 'z'"),
        ({"features": "counts"}, "has values"),
        ({"encoding": "rate"}, "encoding 'rate' is not known"),
        ({"ticks": 0}, "less than one tick"),
        ({"bins": 2, "features": "mean"}, "cannot be split into bins=2"),
        ({"network": adder(2)}, "Give a multiple of 2 columns"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_when_fitting(given, words):
    with pytest.raises(ValueError, match=words):
        NetworkTransformer(**{"network": adder, **given}).fit([[1.0, 2.0, 3.0]])


def test_a_misspelt_parameter_of_the_network_is_refused_when_it_is_set():
    with pytest.raises(ValueError, match="Did you mean 'radius'"):
        clone(ESTIMATORS["plain"]).set_params(network__radios=0.5)


def test_readout_is_imported_without_scikit_learn():
    code = (
        "import sys, neurosim.readout as r; r.features; assert 'sklearn' not in sys.modules;"
        " r.NetworkTransformer; assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_transformer_runs_on_the_engine_and_in_the_precision_that_it_is_given():
    x = np.random.default_rng(0).normal(size=(4, 10, 1))
    made = [
        NetworkTransformer(
            echo_state(1, 6, density=0.5), features="mean", engine=engine, precision=precision
        ).fit_transform(x)
        for engine, precision in (("reference", "double"), ("events", "double"), ("reference", "single"))
    ]
    np.testing.assert_allclose(made[1], made[0], rtol=1e-12)
    np.testing.assert_allclose(made[2], made[0], rtol=1e-4, atol=1e-5)
    assert not np.array_equal(made[2], made[0])
