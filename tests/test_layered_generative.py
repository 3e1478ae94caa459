"""Autoencoders, variational and adversarial networks, and inverse graphics are their formulas, on every
engine, and learn what they are for."""

import numpy as np
import pytest
from generative_side import RANDOM, biases, close, relu, sigmoid, weights
from scipy.stats import norm

import neurosim as ns
from neurosim.models.autoencoder import autoencoder
from neurosim.models.generative_adversarial import generative_adversarial
from neurosim.models.inverse_graphics import inverse_graphics
from neurosim.models.variational_autoencoder import prior_codes, variational_autoencoder
from neurosim.network.rebuild import rebuilt
from neurosim.plan.materialize import materialized


@pytest.fixture(params=["reference", "arrays"])
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax: pip install '.[train]'")
    return request.param


def softplus(x):
    return np.logaddexp(0, x)


def run(net, inputs, record, engine, **given):
    return ns.run(net, inputs, record=record, engine=engine, precision="double", **given)


def test_an_autoencoder_with_tied_weights_is_its_formula(engine):
    b = biases((5, 3, 5, 7))
    net, x = autoencoder((7, 5, 3), biases=b), RANDOM(1).random((6, 1, 7))
    w = weights(net)
    assert set(w) == {"inputs_to_layer_1", "layer_1_to_code"}
    code = sigmoid(x @ w["inputs_to_layer_1"].T + b[0]) @ w["layer_1_to_code"].T + b[1]
    out = sigmoid(sigmoid(code @ w["layer_1_to_code"] + b[2]) @ w["inputs_to_layer_1"] + b[3])
    found = run(net, {"inputs": x}, ["code", "out"], engine)
    close(found["code"], code)
    close(found["out"], out)


def test_an_autoencoder_with_weights_of_its_own_on_the_way_back_is_its_formula(engine):
    net, x = (
        autoencoder((7, 3), tied=False, function="tanh", code="tanh", output="linear"),
        RANDOM(1).normal(size=(6, 1, 7)),
    )
    w = weights(net)
    close(
        run(net, {"inputs": x}, ["out"], engine)["out"],
        np.tanh(x @ w["inputs_to_code"].T) @ w["code_to_out"].T,
    )


def test_a_sparse_autoencoder_pays_the_divergence_of_its_mean_activity(engine):
    net = autoencoder((7, 4), code="sigmoid", cost=0.3, sparsity=0.1, group=5)
    x = RANDOM(1).random((2, 1, 5, 7))
    code = sigmoid(x @ weights(net)["inputs_to_code"].T)
    share = code.mean(axis=2, keepdims=True)
    divergence = 0.1 * np.log(0.1 / share) + 0.9 * np.log(0.9 / (1 - share))
    found = run(net, {"inputs": x}, ["code", "penalty", "out"], engine)
    close(found["code"], code)
    close(found["penalty"], np.broadcast_to(0.3 * divergence, code.shape))
    close(found["out"], sigmoid(code @ weights(net)["inputs_to_code"]))


def test_a_group_shares_the_weights_that_single_examples_use():
    b = biases((4, 3, 4, 6))
    x = RANDOM(1).random((1, 1, 5, 6))
    grouped = materialized(autoencoder((6, 4, 3), code="sigmoid", cost=0.3, sparsity=0.1, group=5, biases=b))
    single = autoencoder(
        (6, 4, 3),
        code="sigmoid",
        biases=b,
        weights=[w for name, w in weights(grouped).items() if grouped[name].learns],
    )
    alone = ns.run(single, {"inputs": x[0, 0, :, None]}, record=["out"])["out"]
    close(ns.run(grouped, {"inputs": x}, record=["out"])["out"][0, 0], alone[:, 0])


def test_the_plain_penalty_is_the_sum_of_activity(engine):
    net, x = autoencoder((7, 4), code="tanh", cost=0.3), RANDOM(1).normal(size=(6, 1, 7))
    found = run(net, {"inputs": x}, ["code", "penalty"], engine)
    close(found["penalty"], 0.3 * np.abs(found["code"]))


def test_inputs_are_masked_only_while_training(engine):
    net, x = autoencoder((7, 4), noise=0.5), RANDOM(1).random((6, 1, 7))
    close(run(net, {"inputs": x}, ["seen"], engine)["seen"], x)


def test_a_variational_autoencoder_is_its_formula(engine):
    net, x = variational_autoencoder((7, 5, 3)), RANDOM(1).random((6, 1, 7))
    w, z = weights(net), RANDOM(2).normal(size=(6, 1, 3))
    h = np.tanh(x @ w["inputs_to_layer_1"].T)
    mean, log_variance = h @ w["layer_1_to_mean"].T, h @ w["layer_1_to_log_variance"].T
    out = sigmoid(np.tanh(z @ w["code_to_back_1"].T) @ w["back_1_to_out"].T)
    found = run(net, {"inputs": x, "code": z}, ["mean", "log_variance", "kl", "out"], engine)
    close(found["mean"], mean)
    close(found["log_variance"], log_variance)
    close(found["kl"], 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance))
    close(found["out"], out)


def test_a_code_is_drawn_from_the_examples_own_distribution(engine):
    net, x = variational_autoencoder((7, 5, 2)), np.tile(RANDOM(1).random(7), (4000, 1, 1))
    found = run(net, {"inputs": x}, ["mean", "log_variance", "code"], engine, seed=3)
    mean, deviation = found["mean"][0, 0], np.exp(found["log_variance"][0, 0] / 2)
    standard = (found["code"][:, 0] - mean) / deviation
    assert np.abs(standard.mean(axis=0)).max() < 4.5 / np.sqrt(4000)
    assert np.abs(standard.var(axis=0) - 1).max() < 4.5 * np.sqrt(2 / 4000)


def test_every_engine_draws_the_same_code(engine):
    net, x = variational_autoencoder((7, 5, 2)), RANDOM(1).random((5, 3, 7))
    close(
        run(net, {"inputs": x}, ["out"], engine, seed=3)["out"],
        run(net, {"inputs": x}, ["out"], "reference", seed=3)["out"],
    )


def test_the_divergence_is_that_of_the_drawn_codes():
    net, x = variational_autoencoder((7, 5, 2)), np.tile(3 * RANDOM(1).random(7), (40000, 1, 1))
    found = ns.run(net, {"inputs": x}, record=["mean", "log_variance", "code", "kl"], seed=3)
    z, mean, log_variance = (found[name][:, 0] for name in ("code", "mean", "log_variance"))
    ratio = 0.5 * (z**2 - (z - mean) ** 2 / np.exp(log_variance) - log_variance).sum(
        axis=-1
    )  # log q(z | x) - log p(z)
    assert abs(ratio.mean() - found["kl"][0, 0].sum()) < 4.5 * ratio.std() / np.sqrt(40000)


def test_the_divergence_from_a_mixture_is_that_of_the_drawn_codes(engine):
    net = materialized(variational_autoencoder((7, 5, 2), mixture=3))
    centre, log_width = net["near"].constants["centre"].number, RANDOM(0).normal(size=(3, 2))
    net = rebuilt(net, {"near": {"log_width": log_width}})
    found = run(
        net, {"inputs": RANDOM(1).random((6, 4, 7))}, ["mean", "log_variance", "code", "kl"], engine, seed=3
    )
    z, width = found["code"], np.exp(found["log_variance"] / 2)
    parts = norm.pdf(z[..., None, :], centre, np.exp(log_width / 2)).prod(axis=-1)
    close(
        found["kl"].sum(axis=-1),
        norm.logpdf(z, found["mean"], width).sum(axis=-1) - np.log(parts.mean(axis=-1)),
    )


def test_codes_of_the_prior_come_from_its_mixture():
    net = materialized(variational_autoencoder((7, 5, 2), mixture=3))
    net = rebuilt(
        net,
        {"near": {"centre": [[-9.0, 0.0], [0.0, 0.0], [9.0, 9.0]], "log_width": np.log([[1.0, 4.0]] * 3)}},
    )
    codes = prior_codes(net, 9000)
    for low, high, centre in ((-20, -4.5, (-9, 0)), (-4.5, 4.5, (0, 0)), (4.5, 20, (9, 9))):
        part = codes[(low < codes[:, 0]) & (codes[:, 0] < high)]
        assert len(part) == pytest.approx(3000, abs=200)
        assert part.mean(axis=0) == pytest.approx(centre, abs=0.2)
        assert part.std(axis=0) == pytest.approx([1, 2], rel=0.1)
    assert prior_codes(variational_autoencoder((7, 5, 2)), 5000).std(axis=0) == pytest.approx(1, rel=0.06)


def test_an_adversarial_pair_is_its_formula(engine):
    net = generative_adversarial((3, 6, 5), (4, 3))
    x, z, w = RANDOM(1).random((6, 1, 5)), RANDOM(2).normal(size=(6, 1, 3)), weights(net)
    made = sigmoid(relu(z @ w["generator_w1"].T) @ w["generator_w2"].T)

    def score(seen):
        for name in ("discriminator_w1", "discriminator_w2"):
            seen = seen @ w[name].T
            seen = np.maximum(seen, 0.2 * seen)
        return seen @ w["discriminator_w3"].T

    found = run(
        net, {"real": x, "noise": z}, ["made", "score", "discriminator_loss", "generator_loss"], engine
    )
    close(found["made"], made)
    close(found["score"], np.stack([score(x), score(made)], axis=2))
    close(found["discriminator_loss"], np.stack([softplus(-score(x)), softplus(score(made))], axis=2))
    close(found["generator_loss"], softplus(-score(made)))


def test_classes_reach_the_first_layer_of_both_networks(engine):
    net = generative_adversarial((3, 6, 5), (4,), n_classes=2)
    x, z, w = RANDOM(1).random((6, 1, 5)), RANDOM(2).normal(size=(6, 1, 3)), weights(net)
    label = np.eye(2)[[0, 1, 1, 0, 1, 0], None]
    made = sigmoid(relu(z @ w["generator_w1"].T + label @ w["generator_label"].T) @ w["generator_w2"].T)

    def score(seen):
        felt = seen @ w["discriminator_w1"].T + label @ w["discriminator_label"]
        return np.maximum(felt, 0.2 * felt) @ w["discriminator_w2"].T

    found = run(net, {"real": x, "noise": z, "label": label}, ["made", "score"], engine)
    close(found["made"], made)
    close(found["score"], np.stack([score(x), score(made)], axis=2))


def windowed(images, kernel):
    """'same' convolution of images (group, row, column, channel) with a kernel (out, in, 1, size, size)."""
    reach = kernel.shape[-1] // 2
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[-2:], axis=(1, 2))
    return np.einsum("nrcikl,oikl->nrco", windows, kernel[:, :, 0])


def test_inverse_graphics_is_its_formula(engine):
    net = inverse_graphics((8, 12, 2), 4, group=3, channels=(3, 5), n_hidden=6)
    images, vary, w = (
        RANDOM(1).random((2, 1, 3, 8, 12, 2)),
        np.array([[[1.0, 0, 0, 0]], [[0, 0, 1, 1]]]),
        weights(net),
    )
    drawn = RANDOM(2).normal(size=(2, 1, 3, 4))
    found = run(
        net,
        {"image": images, "vary": vary, "code": drawn},
        ["mean", "log_variance", "kl", "still", "out"],
        engine,
    )
    for trial in range(2):
        x = images[trial, 0]
        for k in (1, 2):
            x = relu(windowed(x, w[f"{'image' if k == 1 else 'pooled_1'}_to_features_{k}"]))
            x = x.reshape(3, x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1).max(axis=(2, 4))
        h = relu(np.einsum("nrcf,urcf->nu", x, w["pooled_2_to_encoder"]))
        mean, log_variance = h @ w["encoder_to_mean"].T, h @ w["encoder_to_log_variance"].T - 3
        y = relu(
            np.einsum(
                "nu,urcf->nrcf", relu(drawn[trial, 0] @ w["code_to_decoder"].T), w["decoder_to_drawn_2"]
            )
        )
        y = relu(windowed(y.repeat(2, axis=1).repeat(2, axis=2), w["unpooled_2_to_drawn_1"]))
        y = sigmoid(windowed(y.repeat(2, axis=1).repeat(2, axis=2), w["unpooled_1_to_out"]))
        close(found["mean"][trial, 0], mean)
        close(found["log_variance"][trial, 0], log_variance)
        close(found["kl"][trial, 0], 0.5 * vary[trial] * (np.exp(log_variance) + mean**2 - 1 - log_variance))
        close(found["still"][trial, 0], 0.005 * (1 - vary[trial]) * (mean - mean.mean(axis=0)) ** 2)
        close(found["out"][trial, 0], y)


def test_codes_that_may_not_vary_are_their_mean_over_the_group(engine):
    net = inverse_graphics((8, 8, 1), 3, group=50, channels=(3,), n_hidden=6)
    images = RANDOM(1).random((1, 1, 50, 8, 8, 1))
    found = run(net, {"image": images, "vary": [[[0.0, 1.0, 0.0]]]}, ["mean", "log_variance", "code"], engine)
    mean, code = found["mean"][0, 0], found["code"][0, 0]
    close(code[:, [0, 2]], np.tile(mean[:, [0, 2]].mean(axis=0), (50, 1)))
    standard = (code[:, 1] - mean[:, 1]) / np.exp(found["log_variance"][0, 0, :, 1] / 2)
    assert 0.5 < standard.std() < 1.5
