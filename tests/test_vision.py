"""Capsules that agree on a whole, and networks that choose where to look: the formulas of their papers."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.capsule_net import capsule_net
from neurosim.models.recurrent_attention import recurrent_attention
from neurosim.models.spatial_transformer import spatial_transformer


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


def looked_at(image, theta, window):
    """The pixels of a window by scipy's linear interpolation, at the points of equation 1 of the paper."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in window), indexing="ij")
    across, down = np.einsum("at,tij->aij", theta, np.array([x, y, np.ones(window)]))
    points = [(down + 1) / 2 * (image.shape[0] - 1), (across + 1) / 2 * (image.shape[1] - 1)]
    return np.stack(
        [map_coordinates(c, points, order=1, mode="grid-constant") for c in image.T.swapaxes(1, 2)], 2
    )


@pytest.mark.parametrize("n_channels", [(), (2,)])
def test_a_spatial_transformer_is_its_formula(n_channels):
    settings = dict(n_channels=n_channels, kernel=4, n_hidden=(6,), pace=0.5)
    net, w = disturbed(spatial_transformer((9, 12, 2), (4, 5), **settings))
    image = np.random.default_rng(0).random((9, 12, 2))
    run = ns.run(net, {"image": image[None]}, record=["theta", "window"])
    below = image
    if n_channels:
        features = relu(correlated(image, w["image_to_features_1"], w["features_1.bias"], 1))
        below = features[:6, :8].reshape(3, 2, 4, 2, 2).max(axis=(1, 3))
    into = w[f"{'pooled_1' if n_channels else 'image'}_to_hidden_1"]
    hidden = relu(into @ below.ravel() + w["hidden_1.bias"])
    theta = 0.5 * (w["hidden_1_to_theta"] @ hidden).reshape(2, 3) + w["theta.bias"]
    np.testing.assert_allclose(run["theta"][0], theta, rtol=1e-10)
    np.testing.assert_allclose(run["window"][0], looked_at(image, theta, (4, 5)), rtol=1e-9, atol=1e-12)


def test_a_spatial_transformer_begins_by_seeing_the_whole_image():
    image = np.random.default_rng(0).random((1, 5, 7, 1))
    seen = ns.run(spatial_transformer((5, 7, 1)), {"image": image}, record=["window"])["window"]
    np.testing.assert_allclose(seen, image, atol=1e-12)


def test_a_zoom_is_the_size_of_the_first_window():
    image = np.random.default_rng(0).random((1, 9, 9, 1))
    net = spatial_transformer((9, 9, 1), (5, 5), zoom=0.5)
    seen = ns.run(net, {"image": image}, record=["window"])["window"]
    np.testing.assert_allclose(seen, image[:, 2:7, 2:7], atol=1e-12)


def test_a_spatial_transformer_sees_nothing_beside_the_image():
    image = np.ones((1, 5, 7, 1))
    theta = np.array([[[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]]])
    seen = ns.run(spatial_transformer((5, 7, 1)), {"image": image, "theta": theta}, record=["window"])[
        "window"
    ]
    assert not seen.any()


def test_the_loss_of_a_reader_moves_the_window():
    looker = spatial_transformer((6, 6, 1), (4, 4), n_hidden=(3,))
    digit = ns.Neurons("digit", 2, update="y = I")
    read = ns.Synapses(looker["window"], digit, weight=ns.normal(0, 1), learns=True)
    net, w = disturbed(ns.Network(looker, read, schedule=ns.Layered()))
    inputs = {"image": np.random.default_rng(0).random((2, 1, 6, 6, 1))}
    slopes_agree(
        net, w, inputs, ("hidden_1_to_theta", "theta.bias", "image_to_hidden_1", "window_to_digit"),
        ["digit"], lambda run: run["digit"].sum() / 2, loss={"digit": "sent"},
    )  # fmt: skip


def test_a_window_needs_two_rows_and_columns():
    with pytest.raises(ns.DescriptionError, match=r"window \(1, 5\) of an image of \(6, 6\) is too small"):
        spatial_transformer((6, 6, 1), (1, 5))


def glimpse(image, place, size, n_scales, factor=3.0):
    """Patches around a place: each pixel is the mean, by a triangle, of the image around its centre."""
    centre = (place + 1) / 2 * (np.array(image.shape[:2]) - 1)
    patches = []
    for scale in factor ** np.arange(n_scales):
        at = [c + scale * (np.arange(size) - (size - 1) / 2) for c in centre]
        row, column = (
            relu(1 - abs(a[:, None] - np.arange(n)) / scale) / scale
            for a, n in zip(at, image.shape, strict=False)
        )
        patches.append(np.einsum("rm,cn,mnk->rck", row, column, image))
    return np.array(patches)


def attention(image, w, ticks, places=None):
    """Scores, places, and what is guessed at each tick."""
    core, found = np.zeros(len(w["core.bias"])), []
    for t in range(ticks):
        mean = np.tanh(w["core_to_place"] @ core + w["place.bias"])
        place = mean if places is None else places[t]
        guess = w["core_to_guess"] @ core + w["guess.bias"]
        patches = glimpse(image, place, 3, 2)
        into = w["glimpse_to_seen"] @ patches.ravel() + w["place_to_seen"] @ place + w["seen.bias"]
        core = relu(w["seen_to_core"] @ relu(into) + w["core_to_core"] @ core + w["core.bias"])
        found.append((w["core_to_out"] @ core + w["out.bias"], place, mean, guess[0]))
    return [np.array(values) for values in zip(*found, strict=True)]


LOOK = dict(n_glimpses=4, size=3, n_scales=2, factor=3.0, n_hidden=6, spread=0.2)


def test_recurrent_attention_is_its_formula():
    net, w = disturbed(recurrent_attention((7, 9, 2), 3, **LOOK))
    image = np.random.default_rng(0).random((7, 9, 2))
    run = ns.run(net, {"image": np.tile(image, (4, 1, 1, 1))}, record=["out", "place", "glimpse"])
    scores, places, _, _ = attention(image, w, 4)
    np.testing.assert_allclose(run["place"], places, rtol=1e-9)
    np.testing.assert_allclose(run["glimpse"][2], glimpse(image, places[2], 3, 2), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(run["out"], scores, rtol=1e-9)


@pytest.mark.parametrize("last", [True, False])
def test_places_learn_from_rewards_by_the_gradient_of_reinforce(last):
    net, w = disturbed(recurrent_attention((7, 9, 2), 3, last=last, cost=0.4, **LOOK))
    random = np.random.default_rng(0)
    image, places, label = random.random((7, 9, 2)), random.uniform(-1, 1, (4, 2)), np.eye(3)[1]
    inputs = {"image": np.tile(image, (4, 1, 1, 1)), "place": places, "label": np.tile(label, (4, 1))}
    inputs = {name: given[None] for name, given in inputs.items()}

    def rewards(numbers):
        scores, _, mean, guess = attention(image, numbers, 4, places)
        counts = [0, 0, 0, 1] if last else [0, 1, 1, 1]
        to_come = np.cumsum((softmax(scores)[:, 1] * counts)[::-1])[::-1]
        return to_come, guess, -((places - mean) ** 2).sum(axis=1) / (2 * 0.2**2)

    to_come, guessed, _ = rewards(w)

    def loss(numbers):  # what the gradient is of: rewards, and what was guessed of them, stay as they are
        _, guess, chance = rewards(numbers)
        return 0.4 * ((guess - to_come) ** 2 - (to_come - guessed) * chance).sum()

    value, slopes = gradient(net, inputs, loss={"teacher": "sent"})
    assert value == pytest.approx(loss(w) - 0.4 * (to_come**2).sum())
    for name in ("core_to_place", "place.bias", "core_to_guess", "core_to_core"):
        shift = np.zeros_like(w[name])
        shift.flat[1 if shift.size > 1 else 0] = 1e-6
        higher, lower = (loss({**w, name: w[name] + s}) for s in (shift, -shift))
        at = slopes[name].flat[1 if shift.size > 1 else 0]
        assert at == pytest.approx((higher - lower) / 2e-6, rel=1e-4, abs=1e-8), name


def test_places_are_drawn_in_training_only():
    net = recurrent_attention((7, 9, 2), 3, **LOOK)
    inputs = {"image": np.zeros((4, 4, 7, 9, 2)), "label": np.tile(np.eye(3)[1], (4, 4, 1))}
    assert not ns.run(net, inputs, record=["place"])["place"].any()  # the middle, where the mean begins
    slopes = gradient(net, inputs, loss={"teacher": "sent"})[1]
    assert not slopes["place.bias"].any()  # no place differs from its mean
    trained, _ = ns.train(net, inputs, loss={"teacher": "sent"}, epochs=1)
    assert learned(trained)["place.bias"].all()


@pytest.mark.parametrize("name", ["spread", "n_glimpses", "size", "n_scales"])
def test_a_network_that_looks_needs_glimpses_pixels_and_a_spread(name):
    with pytest.raises(ns.DescriptionError, match=f"recurrent_attention: {name} too small"):
        recurrent_attention(**{name: 0})
