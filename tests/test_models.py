"""Each architecture equals an independent formula of its paper, or obeys the law that the paper proves."""

import json

import numpy as np
import pytest
from models_side import RANDOM, example, matrix, sigmoid

import neurosim as ns
from neurosim import models
from neurosim.models.conv_net import conv_net
from neurosim.models.echo_state import echo_state
from neurosim.models.extreme_learning_machine import extreme_learning_machine
from neurosim.models.feed_forward import feed_forward
from neurosim.models.gru import gru
from neurosim.models.lstm import lstm
from neurosim.models.self_attention import self_attention
from neurosim.models.simple_recurrent import simple_recurrent
from neurosim.plan.materialize import materialized


def softmax(x):
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def weights(net, seed=0):
    """The weights of all synapses that do not share those of others, as a run with this seed uses them."""
    return {
        name: item.weight.number
        for name, item in materialized(net, seed).synapses.items()
        if hasattr(item.weight, "number")
    }


@pytest.mark.parametrize("name", models.NAMES)
def test_every_model_prints_and_survives_json(name):
    net = example(name)["net"]
    back = ns.Network.from_dict(json.loads(json.dumps(net.to_dict())))
    assert back == net
    assert str(back) == str(net)
    assert str(net).startswith("Network of")


@pytest.mark.parametrize("name", models.NAMES)
def test_every_example_runs_and_records_something_small(name):
    recording = ns.run(**example(name))
    spiking = {
        name
        for name in recording.names
        if name in recording.network.populations and recording.network[name].spiking
    }
    size = sum(
        len(recording.spikes(name)) * 16 if name in spiking else recording[name].nbytes
        for name in recording.names
    )
    assert 0 < size < 256_000


def test_the_list_of_models_is_the_folder():
    from pathlib import Path

    assert sorted(
        path.stem for path in Path(models.__file__).parent.glob("*.py") if path.stem != "__init__"
    ) == list(models.NAMES)


def test_a_perceptron_is_its_formula():
    net, x = feed_forward((5, 7, 4, 3)), RANDOM(0).normal(size=(6, 5))
    w, got = weights(net), ns.run(net, {"inputs": x}, record=["out"])["out"]
    hidden = np.maximum(np.maximum(x @ w["inputs_to_layer_1"].T, 0) @ w["layer_1_to_layer_2"].T, 0)
    assert np.allclose(got, softmax(hidden @ w["layer_2_to_out"].T), rtol=1e-12)


def test_an_elman_net_is_its_formula():
    net, x = simple_recurrent(2, 6, 3), RANDOM(0).normal(size=(20, 2))
    w, got = weights(net), ns.run(net, {"inputs": x}, record=["out"])["out"]
    h = np.zeros(6)
    for row, expected in zip(x, got, strict=True):
        h = sigmoid(w["inputs_to_hidden"] @ row + w["hidden_to_hidden"] @ h)
        assert np.allclose(sigmoid(w["hidden_to_out"] @ h), expected, rtol=1e-12)


def test_an_lstm_is_its_formula():
    net, x = lstm(3, 5, 2), RANDOM(0).normal(size=(30, 3))
    w, recording = weights(net), ns.run(net, {"inputs": x}, record=["cells.c", "cells", "out"])
    h, c = np.zeros(5), np.zeros(5)
    for tick, row in enumerate(x):
        i, f, o, g = (w[f"W_{p}"] @ row + w[f"U_{p}"] @ h for p in "ifog")
        c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        assert np.allclose(recording["cells.c"][tick], c, rtol=1e-12, atol=1e-15)
        assert np.allclose(recording["cells"][tick], h, rtol=1e-12, atol=1e-15)
        assert np.allclose(recording["out"][tick], w["cells_to_out"] @ h, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reset_first", [False, True])
def test_a_gru_is_its_formula(reset_first):
    net, x = gru(3, 5, 2, reset_first=reset_first), RANDOM(0).normal(size=(30, 3))
    w, got = weights(net), ns.run(net, {"inputs": x}, record=["cells"])["cells"]
    h = np.zeros(5)
    for row, expected in zip(x, got, strict=True):
        r, z = (sigmoid(w[f"W_{p}"] @ row + w[f"U_{p}"] @ h) for p in "rz")
        recurrent = w["U_n"] @ (r * h) if reset_first else r * (w["U_n"] @ h)
        h = z * h + (1 - z) * np.tanh(w["W_n"] @ row + recurrent)
        assert np.allclose(h, expected, rtol=1e-12, atol=1e-15)


def test_a_conv_net_is_its_formula():
    net, images = conv_net((8, 6, 2), 3, 4), RANDOM(0).normal(size=(5, 8, 6, 2))
    w, recording = weights(net), ns.run(net, {"image": images}, record=["features_1", "pooled_1", "out"])
    kernel = w["image_to_features_1"]  # (out channel, in channel, 3, 3)
    windows = np.lib.stride_tricks.sliding_window_view(
        images, (3, 3), axis=(1, 2)
    )  # (image, row, column, in channel, 3, 3)
    features = np.maximum(np.einsum("nrcikl,oikl->nrco", windows, kernel), 0)
    pooled = features.reshape(5, 3, 2, 2, 2, 3).max(axis=(2, 4))
    assert np.allclose(recording["features_1"], features, rtol=1e-12, atol=1e-14)
    assert np.allclose(recording["pooled_1"], pooled, rtol=1e-12, atol=1e-14)
    assert np.allclose(recording["out"], softmax(pooled.reshape(5, -1) @ w["pooled_1_to_out"].T), rtol=1e-12)


def test_a_conv_net_shares_its_kernels_over_the_image():
    net = conv_net((8, 6, 2), 3, 4)
    assert weights(net)["image_to_features_1"].shape == (3, 2, 3, 3)
    moved = np.zeros((2, 8, 6, 2))
    moved[0, 2, 2], moved[1, 4, 3] = 1.0, 1.0
    features = ns.run(net, {"image": moved}, record=["features_1"])["features_1"]
    assert np.allclose(features[0, :3, :3], features[1, 2:5, 1:4], rtol=1e-14)


@pytest.mark.parametrize(
    ("heads", "causal", "residual"), [(1, False, False), (2, False, True), (4, True, False)]
)
def test_attention_is_its_formula(heads, causal, residual):
    net = self_attention(5, 8, n_heads=heads, causal=causal, residual=residual)
    x = RANDOM(0).normal(size=(3, 5, 8))
    w, recording = weights(net), ns.run(net, {"tokens": x}, record=["score", "out"])
    q, k, v = (np.einsum("btf,hfp->bhtp", x, w[f"tokens_to_{name}"]) for name in ("query", "key", "value"))
    match = q @ k.transpose(0, 1, 3, 2) / np.sqrt(8 // heads)
    if causal:
        match = np.where(np.tri(5, dtype=bool), match, -np.inf)
    out = np.einsum("bhtp,hpf->btf", softmax(match) @ v, w["mixed_to_out"]) + residual * x
    assert np.allclose(recording["score"], softmax(match), rtol=1e-12, atol=1e-15)
    assert np.allclose(recording["out"], out, rtol=1e-12, atol=1e-14)


def test_causal_attention_never_looks_ahead():
    x = RANDOM(0).normal(size=(2, 5, 8))
    x[1, :3] = x[0, :3]
    out = ns.run(self_attention(5, 8, causal=True), {"tokens": x}, record=["out"])["out"]
    assert np.allclose(out[0, :3], out[1, :3], rtol=1e-14)
    assert not np.allclose(out[0, 3:], out[1, 3:])


def test_a_turing_head_is_its_formula():
    run = example("turing_head")
    recording, x = ns.run(**run), run["inputs"]
    M, w = np.full((8, 5), 1e-3), np.full(8, 1 / 8)
    for tick in range(30):
        key, add, erase, shift = (x[name][tick] for name in ("key", "add", "erase", "shift"))
        beta, gate, gamma = (x[name][tick, 0] for name in ("beta", "gate", "gamma"))
        cosine = M @ key / (np.linalg.norm(M, axis=1) * np.linalg.norm(key) + 1e-8)
        mixed = gate * softmax(beta * cosine) + (1 - gate) * w
        shifted = sum(s * np.roll(mixed, k) for s, k in zip(shift, (-1, 0, 1), strict=True))
        w = (shifted + 1e-12) ** gamma
        w /= w.sum()
        M = M * (1 - np.outer(w, erase)) + np.outer(w, add)
        assert np.allclose(recording["address"][tick], w, rtol=1e-12)
        assert np.allclose(recording["memory"][tick], M, rtol=1e-11, atol=1e-13)
        assert np.allclose(recording["read"][tick], w @ M, rtol=1e-11, atol=1e-13)


def test_an_echo_state_network_is_its_formula():
    net = echo_state(
        2, 40, 3, leak=0.4, bias_scale=0.3, feedback_scale=0.5, readout=RANDOM(1).normal(size=(3, 40)) / 40
    )
    x = RANDOM(0).normal(size=(40, 2))
    recording = ns.run(net, {"drive": x}, record=["pool.v", "out"], seed=5)
    w_in, w, w_out, w_back = (
        matrix(net, name, 5) for name in ("drive_to_pool", "pool_to_pool", "pool_to_out", "out_to_pool")
    )
    bias = materialized(net, 5)["pool"].constants["bias"].number
    v, out = np.zeros(40), np.zeros(3)
    for tick, row in enumerate(x):
        v = 0.6 * v + 0.4 * np.tanh(w_in @ row + w @ v + w_back @ out + bias)
        out = w_out @ v
        assert np.allclose(recording["pool.v"][tick], v, rtol=1e-11, atol=1e-14)
        assert np.allclose(recording["out"][tick], out, rtol=1e-11, atol=1e-14)


def test_the_pool_of_an_echo_state_network_has_the_radius_and_density_asked_for():
    net = echo_state(1, 300, radius=0.7, density=0.05)
    w = matrix(net, "pool_to_pool", 3)
    assert np.abs(np.linalg.eigvals(w)).max() == pytest.approx(0.7, rel=1e-9)
    assert np.mean(w != 0) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95) / 300)
    assert not net["pool_to_pool"].learns


def test_an_echo_state_network_forgets_its_start():
    drive = {"drive": RANDOM(0).uniform(-1, 1, (200, 1))}
    ends = [
        ns.run(echo_state(1, 50), drive, record=["pool.v"], start={"pool.v": np.full(50, v)})["pool.v"][-1]
        for v in (-1.0, 1.0)
    ]
    assert np.allclose(*ends, rtol=0, atol=1e-6)


def test_an_extreme_learning_machine_is_its_formula_and_classifies_digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = x / 16.0
    net = extreme_learning_machine(64, 400, 10)
    hidden = ns.run(net, {"inputs": x}, record=["hidden"])["hidden"]
    bias = materialized(net, 0)["hidden"].constants["bias"].number
    assert np.allclose(hidden, sigmoid(x @ matrix(net, "inputs_to_hidden").T + bias), rtol=1e-12)
    readout = np.linalg.lstsq(hidden[:1200], np.eye(10)[y[:1200]], rcond=None)[0].T
    guess = ns.run(
        extreme_learning_machine(64, 400, 10, readout=readout), {"inputs": x[1200:]}, record=["out"]
    )["out"]
    assert np.mean(guess.argmax(axis=1) == y[1200:]) > 0.9


def test_only_the_readout_of_an_extreme_learning_machine_learns():
    net = extreme_learning_machine(3, 4, 2)
    assert [name for name, item in net.synapses.items() if item.learns] == ["hidden_to_out"]
    assert not any(population.learns for population in net.populations.values())
