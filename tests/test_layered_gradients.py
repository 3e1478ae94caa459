"""Layered vision nets learn along their gradient, which equals finite differences (and that of flax:
tests/oracles/test_flax.py)."""

import numpy as np
import pytest
from layered_side import RANDOM, gradient, numbers, sent, settled

import neurosim as ns
from neurosim.models.conv_net import conv_net
from neurosim.models.deconvolutional import deconvolutional
from neurosim.models.feed_forward import feed_forward
from neurosim.models.inception import inception
from neurosim.models.radial_basis import radial_basis
from neurosim.models.residual import residual
from neurosim.network.rebuild import rebuilt

pytest.importorskip("jax", reason="training needs JAX: pip install '.[train]'")


def cross_entropy(scores, labels):
    scores = scores - scores.max(axis=-1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=-1)) - scores[np.arange(len(scores)), labels])


def image(random, shape, trials=3):
    return {"image": random.normal(size=(trials, *shape))}


def classifiers():
    """Nets that send scores from `out`, and inputs for them."""
    random = RANDOM(3)
    smooth = dict(output="linear", function="tanh")
    yield "feed_forward", feed_forward((5, 4, 4, 3), **smooth), {"inputs": random.normal(size=(3, 5))}
    yield (
        "softsign",
        feed_forward((5, 4, 3), function="softsign", output="linear"),
        {"inputs": random.normal(size=(3, 5))},
    )
    yield (
        "conv_net",
        conv_net((7, 6, 2), (3, 4), 3, kernel=(3, 2), padding="same", dense=(5,), **smooth),
        image(random, (7, 6, 2)),
    )
    yield "strided", conv_net((7, 6, 2), 3, 3, stride=2, pool=1, **smooth), image(random, (7, 6, 2))
    modules = ((2, 2, 3, 1, 2, 2), (1, 2, 2, 1, 2, 1))
    yield (
        "inception",
        inception((6, 5, 1), 3, stem=3, modules=modules, output="linear"),
        image(random, (6, 5, 1)),
    )
    yield "residual", residual((5, 4, 1), (3, 4), 3, blocks=1, **smooth), image(random, (5, 4, 1))
    yield "bare residual", residual((5, 4, 1), 3, 3, blocks=2, norm=False, **smooth), image(random, (5, 4, 1))
    yield "dense residual", residual(5, 4, 3, blocks=3, **smooth), {"inputs": random.normal(size=(3, 5))}
    rows = random.normal(size=(4, 5))
    learned = radial_basis(rows, np.full(4, 1.5), 3, readout=random.normal(size=(3, 4)), learns=True)
    yield "radial_basis", learned, {"inputs": random.normal(size=(3, 5))}


NETS = {name: (net, inputs) for name, net, inputs in classifiers()}


def differences(net, name, flat, inputs, loss, step=1e-5):
    """The slope of the loss by one number, from two runs of the reference engine."""
    at = numbers(net)[name].copy()
    values = []
    for sign in (1, -1):
        moved = at.copy()
        moved.flat[flat] += sign * step
        population, _, constant = name.partition(".")
        values.append(
            loss(sent(rebuilt(net, {population: {constant or "weight": moved}}), inputs, ["out"])["out"])
        )
    return (values[0] - values[1]) / (2 * step)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n in ("inception", "residual", "dense residual") else n
        for n in NETS
    ],
)
def test_the_gradient_is_that_of_finite_differences(name):
    net, inputs = NETS[name]
    net, labels = settled(net), np.array([2, 0, 1])
    slopes = gradient(net, inputs, {"out": labels}, "cross_entropy")
    assert any(np.abs(slope).max() > 1e-3 for slope in slopes.values())
    for key, slope in slopes.items():
        flat = int(np.abs(slope).argmax())  # where there is most to see, and one more
        for place in {flat, slope.size // 2}:
            wanted = differences(net, key, place, inputs, lambda scores: cross_entropy(scores, labels))
            assert slope.flat[place] == pytest.approx(wanted, rel=1e-5, abs=1e-8), key


def test_the_gradient_of_tied_and_transposed_weights_is_that_of_finite_differences():
    random = RANDOM(4)
    weights, x = (
        [random.normal(size=(3, 1, 3, 3)), random.normal(size=(2, 3, 2, 2))],
        random.normal(size=(3, 9, 9, 1)),
    )
    biases = [random.normal(size=3), random.normal(size=2)]

    def net(weights):
        return deconvolutional((9, 9, 1), (3, 2), kernel=(3, 2), weights=weights, biases=biases)

    inputs = {"image": x, "mask": np.ones((3, *net(weights)["mask"].shape))}

    def loss(weights):
        return np.mean(
            np.sum((sent(net(weights), inputs, ["projection"])["projection"] - x) ** 2, axis=(1, 2, 3))
        )

    slopes = gradient(net(weights), inputs, {"projection": x}, "squared_error")
    for k, name in enumerate(("image_to_features_1", "pooled_1_to_features_2")):
        for flat in (0, 5):
            moved = [[w.copy() for w in weights] for _ in range(2)]
            moved[0][k].flat[flat] += 1e-5
            moved[1][k].flat[flat] -= 1e-5
            assert slopes[name].flat[flat] == pytest.approx(
                (loss(moved[0]) - loss(moved[1])) / 2e-5, rel=1e-5
            )


def test_a_radial_basis_net_learns_its_centres_and_widths_too():
    """On the diabetes data the net in which all numbers learn is better than the one in which only the
    readout learns."""
    from sklearn.datasets import load_diabetes
    from sklearn.preprocessing import scale

    x, y = scale(load_diabetes().data), scale(load_diabetes().target)
    net = radial_basis(x[:10], np.full(10, 3.0), learns=True)
    losses = {}
    for learns in (None, ["hidden_to_out", "out.bias"]):
        _, history = ns.train(
            net,
            {"inputs": x[:, None]},
            {"out": y[:, None]},
            loss="squared_error",
            learns=learns,
            rate=0.01,
            epochs=40,
            progress=False,
        )
        losses[learns is None] = history.loss[-1]
    assert losses[True] < 0.5 < 0.54 < losses[False] < 1


def test_a_deconvolutional_net_learns_to_lay_digits_back():
    """As a convolutional autoencoder with tied weights: all of the top is let through."""
    from sklearn.datasets import load_digits

    images = load_digits().images[:300, None, :, :, None] / 16
    net = deconvolutional(n_channels=8, padding="same", biases=[0.0])
    given = {"image": images, "mask": np.ones((300, 1, *net["mask"].shape))}
    trained, history = ns.train(
        net, given, {"projection": images}, loss="squared_error", rate=1e-2, epochs=30, progress=False
    )
    assert history.loss[-1] < 0.25 * np.mean(np.sum(images**2, axis=(1, 2, 3, 4)))
    back = ns.run(trained, given, record=["projection"], engine="reference")["projection"]
    assert np.mean(np.sum((back - images) ** 2, axis=(1, 2, 3, 4))) == pytest.approx(
        history.loss[-1], rel=0.1
    )
