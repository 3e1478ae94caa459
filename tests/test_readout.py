"""Features are their formulas, from memory and from a file; a network in scikit-learn keeps scikit-learn's rules."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
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
from neurosim.readout import NetworkTransformer, features, latency, poisson, regular
from neurosim.units import ms, mV

TRIALS, TICKS, EARS = 5, 40, 3


def spiking(n_inputs=1, n_cells=6):
    """Ears that excite a few integrate-and-fire cells, which excite and inhibit each other a millisecond later."""
    ears, cells = ns.Neurons("ears", n_inputs), ns.cells.lif("cells", n_cells)
    into = ns.Synapses(ears, cells, to="v", weight=ns.uniform(0 * mV, 40 * mV))
    return ns.Network(
        into,
        ns.Synapses(cells, cells, to="v", weight=ns.normal(0 * mV, 2 * mV), delay=1 * ms),
        schedule=ns.Clock(1 * ms),
    )


def adder(n=3, noise=0.0):
    """Every cell adds up what it hears, and a random number if told so."""
    x, y = ns.Neurons("x", n), ns.Neurons("y", n, update=f"v = v + I + {noise}*randn()")
    return ns.Network(ns.Synapses(x, y, wiring=ns.one_to_one()), schedule=ns.Layered())


@pytest.fixture(params=["memory", "file"])
def heard(request, tmp_path):
    """The same random spikes of three ears, five trials, recorded in memory and in a file; and their raster."""
    raster = np.random.default_rng(0).random((TRIALS, TICKS, EARS)) < 0.2
    trial, tick, neuron = np.nonzero(raster)
    net = ns.Network(ns.Neurons("ears", EARS), schedule=ns.Clock(1 * ms))
    recording = ns.run(
        net,
        {"ears": (trial, tick, neuron)},
        ticks=TICKS,
        record=["ears", "ears[1:]"],
        to=tmp_path / "heard.h5" if request.param == "file" else None,
    )
    return recording, raster


@pytest.fixture(params=["memory", "file"])
def summed(request, tmp_path):
    """What three adders hold, every tick and every third; and the values themselves."""
    given = np.random.default_rng(0).integers(0, 9, (TRIALS, TICKS, 3)).astype(float)
    recording = ns.run(
        adder(),
        {"x": given},
        record={"y": 1, "y.v": 3},
        to=tmp_path / "summed.h5" if request.param == "file" else None,
    )
    return recording, given.cumsum(axis=1)


def test_counts_are_the_spikes_of_every_neuron_in_every_trial(heard):
    recording, raster = heard
    assert np.array_equal(features(recording, "ears", "counts"), raster.sum(axis=1))


def test_counts_in_bins_stand_bin_after_bin(heard):
    recording, raster = heard
    expected = raster.reshape(TRIALS, 4, TICKS // 4, EARS).sum(axis=2).reshape(TRIALS, -1)
    assert np.array_equal(features(recording, "ears", "counts", bins=4), expected)


def test_bins_that_do_not_divide_the_ticks_differ_by_one_tick_and_lose_nothing(heard):
    recording, raster = heard
    found = features(recording, "ears", "counts", bins=7).reshape(TRIALS, 7, EARS)
    assert np.array_equal(found.sum(axis=1), raster.sum(axis=1))


def test_a_span_of_time_counts_only_its_own_spikes(heard):
    recording, raster = heard
    assert np.array_equal(
        features(recording, "ears", "counts", start=10 * ms, stop=30), raster[:, 10:30].sum(axis=1)
    )


def test_a_part_of_a_population_has_the_features_of_its_neurons(heard):
    recording, raster = heard
    assert np.array_equal(features(recording, "ears[1:]", "counts"), raster.sum(axis=1)[:, 1:])
    assert np.allclose(
        features(recording, "ears[1:]", "trace", tau=9 * ms),
        features(recording, "ears", "trace", tau=9 * ms)[:, 1:],
    )


def test_a_trace_is_the_sum_of_fading_spikes(heard):
    recording, raster = heard
    for at in (39, 17):
        weight = np.where(np.arange(TICKS) <= at, np.exp((np.arange(TICKS) - at) / 12.0), 0.0)
        assert np.allclose(
            features(recording, "ears", "trace", tau=12 * ms, at=at),
            np.einsum("k,tkn->tn", weight, raster),
            rtol=1e-12,
        )


def test_a_trace_at_several_moments_is_that_of_each_side_by_side(heard):
    recording, _ = heard
    one_by_one = [features(recording, "ears", "trace", tau=12 * ms, at=at) for at in (3, 20, 39)]
    assert np.array_equal(
        features(recording, "ears", "trace", tau=12 * ms, at=[3, 20, 39]), np.hstack(one_by_one)
    )
    assert np.array_equal(
        features(recording, "ears", "trace", tau=12 * ms, at=[3, 20, 39] * ms), np.hstack(one_by_one)
    )


def test_traces_have_the_ticks_as_samples_and_agree_with_the_recording(heard):
    recording, _ = heard
    found = features(recording, "ears", "traces", tau=12 * ms, every=5, start=10)
    assert np.allclose(
        found.reshape(TRIALS, -1, EARS), recording.trace("ears", 12 * ms, 5)[:, 2:], rtol=1e-12
    )
    assert np.allclose(
        features(recording, "ears", "trace", tau=12 * ms, at=35),
        found.reshape(TRIALS, -1, EARS)[:, -1],
        rtol=1e-12,
    )


def test_features_of_spikes_never_build_a_raster(heard, monkeypatch):
    recording, _ = heard
    monkeypatch.setattr(
        "neurosim.recording.recording.Raster._take", lambda *_: pytest.fail("a raster was built")
    )
    for kind in ("counts", "trace", "traces"):
        features(recording, "ears", kind, tau=5 * ms)


def test_last_and_mean_are_those_of_the_values(summed):
    recording, values = summed
    assert np.array_equal(features(recording, "y", "last"), values[:, -1])
    assert np.array_equal(features(recording, "y", "last", stop=20), values[:, 19])
    assert np.allclose(features(recording, "y", "mean"), values.mean(axis=1))
    assert np.allclose(
        features(recording, "y", "mean", bins=2),
        np.hstack([values[:, :20].mean(axis=1), values[:, 20:].mean(axis=1)]),
    )


def test_a_mean_that_is_read_in_pieces_is_the_same(summed, monkeypatch):
    recording, values = summed
    monkeypatch.setattr(sys.modules["neurosim.readout.features"], "READ_NUMBERS", 40)
    assert np.allclose(features(recording, "y", "mean"), values.mean(axis=1))


def test_states_have_the_ticks_as_samples_and_trials_end_to_end(summed):
    recording, values = summed
    assert np.array_equal(features(recording, "y", "states"), values.reshape(-1, 3))
    assert np.array_equal(features(recording, "y", "states", start=30), values[:, 30:].reshape(-1, 3))


def test_values_recorded_now_and_then_are_taken_at_their_ticks(summed):
    recording, values = summed
    assert np.array_equal(
        features(recording, "y.v", "states", start=4, stop=13), values[:, [6, 9, 12]].reshape(-1, 3)
    )
    assert np.array_equal(features(recording, "y.v", "last"), values[:, 39])
    assert np.allclose(
        features(recording, "y.v", "mean", start=4, stop=13), values[:, [6, 9, 12]].mean(axis=1)
    )


def test_a_run_without_trials_is_one_sample_and_its_states_are_ticks():
    recording = ns.run(adder(), {"x": np.ones((TICKS, 3))}, record=["y"])
    assert features(recording, "y", "last").tolist() == [[TICKS] * 3]
    assert features(recording, "y", "states").shape == (TICKS, 3)


@pytest.mark.parametrize(
    ("name", "kind", "given", "words"),
    [
        ("eyes", "counts", {}, "there is no population .eyes."),
        ("ears", "count", {}, "Did you mean 'counts'"),
        ("ears", "last", {}, "Use one of: counts, trace, traces"),
        ("ears", "trace", {}, r"Give tau=20\*ms"),
        ("ears", "trace", {"tau": 5}, "has no unit"),
        ("ears", "trace", {"tau": 5 * ms, "at": 40}, "at 40 is not between tick 0 and 39"),
        ("ears", "counts", {"bins": 41}, "Give at most 40"),
        ("ears", "counts", {"start": 20, "stop": 20}, "Give 0 <= start < stop"),
        ("ears", "counts", {"stop": 2.5}, "not a whole number of ticks"),
    ],
)
def test_features_refuse_what_was_not_recorded_and_what_does_not_fit(heard, name, kind, given, words):
    with pytest.raises(ns.NeurosimError, match=words):
        features(heard[0], name, kind, **given)


def test_latency_sends_one_spike_the_sooner_the_larger():
    spikes = latency([[[1.0, 0.9, 0.5, 0.01, 0.0, 7.0]]], 10)
    assert dict(zip(spikes.neuron.tolist(), spikes.tick.tolist(), strict=True)) == {
        0: 0,
        1: 1,
        2: 5,
        3: 9,
        5: 0,
    }


def test_regular_sends_as_many_spikes_as_the_number_says_evenly():
    values = np.array([[[4, 1, 0], [2, 0, 3]]])
    spikes = regular(values, 12)
    assert np.array_equal(
        np.bincount(spikes.tick // 12 * 3 + spikes.neuron, minlength=6).reshape(2, 3), values[0]
    )
    assert spikes.tick[spikes.neuron == 0].tolist() == [1, 4, 7, 10, 15, 21]


def test_poisson_sends_as_many_spikes_on_average():
    values = np.random.default_rng(0).random((400, 1, 20)) * 9 + 1  # all different, so that all draws are
    spikes = poisson(values, 100, seed=2)
    assert len(spikes) == pytest.approx(values.sum(), rel=4 / np.sqrt(values.sum()))
    assert np.array_equal(spikes.sorted().tick, spikes.tick)


def test_poisson_spikes_of_a_trial_depend_on_its_numbers_and_the_seed_alone():
    values = np.random.default_rng(0).random((6, 2, 3)) * 5
    alone, among, other = (
        poisson(values[4:5], 20, seed=1),
        poisson(values, 20, seed=1),
        poisson(values[4:5], 20, seed=2),
    )
    mine = among.trial == 4
    assert np.array_equal(alone.tick, among.tick[mine])
    assert np.array_equal(alone.neuron, among.neuron[mine])
    assert alone.tick.tolist() != other.tick.tolist()


@pytest.mark.parametrize("encoding", [regular, poisson])
@pytest.mark.parametrize("value", [-1.0, 11.0, np.nan])
def test_numbers_of_spikes_that_cannot_be_are_refused(encoding, value):
    with pytest.raises(ns.DescriptionError, match="Scale them|finite"):
        encoding([[[value]]], 10)


# Networks with one input neuron: to these, any number of columns is so many steps, so that every check of scikit-learn applies.
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
    "noisy": dict.fromkeys(["check_methods_sample_order_invariance", "check_methods_subset_invariance"], ROWS),
    "three": dict.fromkeys(
        [
            "check_estimators_overwrite_params", "check_estimators_fit_returns_self", "check_readonly_memmap_input",
            "check_n_features_in_after_fitting", "check_positive_only_tag_during_fit", "check_estimators_dtypes", "check_dtype_object",
            "check_fit2d_1sample", "check_fit2d_1feature", "check_fit_idempotent", "check_fit_check_is_fitted", "check_n_features_in",
        ],
        WIDTH,
    ),
}  # fmt: skip


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
    code = "import sys, neurosim.readout as r; r.features; assert 'sklearn' not in sys.modules; r.NetworkTransformer; assert 'sklearn' in sys.modules"
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
