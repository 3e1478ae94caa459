"""Capsules that agree on a whole, and networks that choose where to look: the formulas of their papers."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.capsule_net import capsule_net


def disturbed(net, seed=1):
    """The network with numbers that are not those it begins with: biases count."""
    random = np.random.default_rng(seed)
    numbers = {n: v + 0.3 * random.normal(size=v.shape) for n, v in learned(net, seed=seed).items()}
    return with_learned(net, numbers), numbers


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def correlated(image, weight, bias, stride):
    """A convolution of (row, column, channel) with (post, pre, row, column), in loops."""
    side = weight.shape[-1]
    starts = [range(0, size - side + 1, stride) for size in image.shape[:2]]
    return np.array(
        [
            [np.einsum("abc,dcab->d", image[y : y + side, x : x + side], weight) + bias for x in starts[1]]
            for y in starts[0]
        ]
    )


def squash(s):
    square = (s**2).sum(axis=-1, keepdims=True) + 1e-9
    return s * np.sqrt(square) / (1 + square)


def capsules(image, w, stride, rounds, width):
    """The capsules of the classes: section 2 of the paper, procedure 1."""
    features = relu(correlated(image, w["image_to_features"], w["features.bias"], stride))
    maps = correlated(features, w["features_to_maps"], w["maps.bias"], stride)
    primary = squash(maps.reshape(-1, width))
    votes = np.einsum("ip,ipjd->ijd", primary, w["primary_to_votes"])
    b = np.zeros(votes.shape[:2])
    for _ in range(rounds):
        v = squash(np.einsum("ij,ijd->jd", softmax(b), votes))
        b = b + np.einsum("ijd,jd->ij", votes, v)
    return v


SMALL = dict(n_features=3, n_types=2, n_parts=(4, 5), kernel=3, stride=2, decoder=(6,))


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_a_capsule_network_is_its_formula(rounds):
    net, w = disturbed(capsule_net((11, 9, 2), 3, rounds=rounds, cost=0.01, **SMALL))
    random = np.random.default_rng(0)
    image, label = random.random((11, 9, 2)), np.eye(3)[1]
    inputs = {"image": image[None], "label": label[None]}
    run = ns.run(net, inputs, record=["capsules", "out", "margin", "picture", "error"])
    v = capsules(image, w, 2, rounds, 4)
    length = np.sqrt((v**2).sum(axis=1) + 1e-9)
    np.testing.assert_allclose(run["capsules"][0], v, rtol=1e-10)
    np.testing.assert_allclose(run["out"][0], length, rtol=1e-10)
    loss = label * relu(0.9 - length) ** 2 + 0.5 * (1 - label) * relu(length - 0.1) ** 2
    np.testing.assert_allclose(run["margin"][0], loss, rtol=1e-10)
    longest = (np.arange(3) == length.argmax())[:, None]
    hidden = relu(w["chosen_to_hidden_1"] @ (v * longest).ravel() + w["hidden_1.bias"])
    picture = sigmoid(w["hidden_1_to_picture"] @ hidden + w["picture.bias"].ravel()).reshape(11, 9, 2)
    np.testing.assert_allclose(run["picture"][0], picture, rtol=1e-10)
    np.testing.assert_allclose(run["error"][0], 0.01 * (picture - image) ** 2, rtol=1e-10)


def test_one_round_of_routing_needs_no_coupling_and_no_decoder_draws_nothing():
    net = capsule_net((11, 9, 2), 3, **SMALL | dict(rounds=1, decoder=()))
    assert [name for name in net.populations if name.startswith(("coupling", "picture", "error"))] == []


def test_the_decoder_draws_a_capsule_that_is_given():
    net, w = disturbed(capsule_net((11, 9, 2), 3, **SMALL))
    given = np.zeros((1, 3, 5))
    given[0, 2] = np.linspace(-0.3, 0.4, 5)
    inputs = {"image": np.zeros((1, 11, 9, 2)), "capsules": given}
    picture = ns.run(net, inputs, record=["picture"])["picture"][0]
    hidden = relu(w["chosen_to_hidden_1"] @ given.ravel() + w["hidden_1.bias"])
    drawn = sigmoid(w["hidden_1_to_picture"] @ hidden + w["picture.bias"].ravel())
    np.testing.assert_allclose(picture.ravel(), drawn, rtol=1e-9)


def slopes_agree(net, numbers, inputs, names, record, objective, **settings):
    """The gradient of `objective`, a function of a recording, against finite differences."""
    _, slopes = gradient(net, inputs, **settings)
    for name in names:
        shift = np.zeros_like(numbers[name])
        shift.flat[-1] = 1e-5
        higher, lower = (
            objective(ns.run(with_learned(net, {**numbers, name: numbers[name] + s}), inputs, record=record))
            for s in (shift, -shift)
        )
        assert slopes[name].flat[-1] == pytest.approx((higher - lower) / 2e-5, rel=1e-4, abs=1e-9), name


def test_the_gradient_passes_through_all_rounds_of_routing():
    net, w = disturbed(capsule_net((7, 7, 1), 3, **SMALL))
    random = np.random.default_rng(3)
    inputs = {"image": random.random((2, 1, 7, 7, 1)), "label": np.eye(3)[[0, 2], None]}
    slopes_agree(
        net, w, inputs, ("primary_to_votes", "features_to_maps", "image_to_features", "hidden_1_to_picture"),
        ["margin", "error"], lambda run: (run["margin"].sum() + run["error"].sum()) / 2,
        loss={"margin": "sent", "error": "sent"},
    )  # fmt: skip


@pytest.mark.parametrize(("rounds", "message"), [(0, "rounds=0 is below 1"), (-1, "rounds=-1 is below 1")])
def test_capsules_need_a_round_of_routing(rounds, message):
    with pytest.raises(ns.DescriptionError, match=message):
        capsule_net(rounds=rounds)
