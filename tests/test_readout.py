"""Features equal their formulas, from memory and from a file; a network within scikit-learn follows its
conventions."""

import sys

import numpy as np
import pytest
from readout_side import adder

import neurosim as ns
from neurosim.readout import features, latency, poisson, regular
from neurosim.units import ms

TRIALS, TICKS, EARS = 5, 40, 3


@pytest.fixture(params=["memory", "file"])
def heard(request, tmp_path):
    """The same random spikes of three ears in five trials, recorded in memory and in a file; and their
    raster."""
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
    """The values of three adders, recorded in every tick and in every third; and the values themselves."""
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
