"""The network of an echo state machine: wirings, layers and noise."""

import numpy as np
import pytest
from echo_state_side import RANDOM, matrices

import neurosim as ns
from neurosim.models.deep_echo_state import deep_echo_state
from neurosim.models.echo_state import WIRINGS, echo_state
from neurosim.network.rebuild import rebuilt
from neurosim.plan.materialize import materialized, weight_matrix


@pytest.mark.parametrize("wiring", WIRINGS)
def test_every_wiring_has_the_spectral_radius_asked_for(wiring):
    W = weight_matrix(echo_state(1, 60, radius=0.7, wiring=wiring), "pool_to_pool", 2).number
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(0.7, rel=1e-10)


def test_a_pool_of_orthogonal_wiring_loses_no_activity_on_its_way():
    W = weight_matrix(echo_state(1, 60, radius=0.7, wiring="orthogonal"), "pool_to_pool", 2).number
    assert np.allclose(W @ W.T, 0.49 * np.eye(60), atol=1e-13)


def test_a_ring_hands_on_from_each_neuron_to_the_next():
    W = weight_matrix(echo_state(1, 5, radius=0.7, wiring="ring"), "pool_to_pool").number
    assert np.array_equal(W @ np.arange(5), 0.7 * np.array([4, 0, 1, 2, 3]))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_deep_network_is_its_formula(layers):
    leak = np.linspace(0.3, 0.9, 2 * layers).reshape(2, layers)
    readout = RANDOM(1).normal(size=(2, 2 * layers * 15)) / 30
    net = materialized(
        deep_echo_state(
            3,
            15,
            2,
            layers=layers,
            groups=2,
            leak=leak,
            density=0.3,
            bias_scale=0.3,
            feedback_scale=0.5,
            readout=readout,
            intercept=0.2,
        ),
        4,
    )
    x = RANDOM(0).normal(size=(20, 3))
    got, w = ns.run(net, {"drive": x}, record=["out"])["out"], matrices(net)
    v, out = np.zeros((2 * layers, 15)), np.zeros(2)
    for tick, row in enumerate(x):
        for k in range(2 * layers):
            below = (
                w[f"pool_{k}_to_pool_{k + 1}"] @ v[k - 1] if k % layers else w[f"drive_to_pool_{k + 1}"] @ row
            )
            name = f"pool_{k + 1}"
            heard = (
                below
                + w[f"{name}_to_{name}"] @ v[k]
                + w[f"out_to_{name}"] @ out
                + net[name].constants["bias"].number
            )
            v[k] = (1 - leak.flat[k]) * v[k] + leak.flat[k] * np.tanh(heard)
        out = readout @ v.ravel() + 0.2
        assert np.allclose(got[tick], out, rtol=1e-11, atol=1e-13)


def test_noise_moves_the_pool_as_much_as_it_says():
    quiet, noisy = (
        ns.run(
            echo_state(0, 400, noise=noise, radius=0.0, wiring="ring"), ticks=200, record=["pool"], seed=3
        )["pool"]
        for noise in (0, 0.01)
    )
    assert not quiet.any()
    assert noisy.std() == pytest.approx(0.01, rel=0.02)
    assert abs(np.corrcoef(noisy[:-1].ravel(), noisy[1:].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(wiring="randon"), "Did you mean 'random'"),
        (dict(wiring="small_world", density=1.0), "too few for k=20"),
    ],
)
def test_wirings_that_do_not_fit_are_refused(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        echo_state(1, 20, **given)


def test_options_per_pool_that_do_not_fit_are_refused():
    with pytest.raises(ns.DescriptionError, match=r"leak of shape \(3,\) does not fit 2 groups of 2 layers"):
        deep_echo_state(1, 20, layers=2, groups=2, leak=(1, 1, 1))


def test_rebuilt_parts_are_the_only_ones_that_change():
    net = materialized(echo_state(1, 8, 2, feedback_scale=0.5, density=0.5))
    new = rebuilt(net, {"pool_to_out": {"weight": np.ones((2, 8))}, "out": {"bias": [1.0, 2.0]}})
    assert np.array_equal(matrices(new).pop("pool_to_out"), np.ones((2, 8)))
    assert new["out"].constants["bias"].number.tolist() == [1.0, 2.0]
    back = {"pool_to_out": {"weight": net["pool_to_out"].weight.number}, "out": {"bias": 0.0}}
    assert rebuilt(new, back) == net
    with pytest.raises(ns.DescriptionError, match="Did you mean 'pool_to_out'"):
        rebuilt(net, {"pool_to_ou": {"weight": 1.0}})
