"""Generative networks learn: gradients, turns, and what is refused."""

import numpy as np
import pytest
from generative_side import RANDOM, biases, close, weights
from sklearn.datasets import load_digits

import neurosim as ns
from neurosim.models.autoencoder import autoencoder
from neurosim.models.generative_adversarial import DISCRIMINATOR, GENERATOR, generative_adversarial
from neurosim.models.inverse_graphics import inverse_graphics
from neurosim.models.variational_autoencoder import variational_autoencoder
from neurosim.network.values import as_value
from neurosim.plan.materialize import materialized


@pytest.fixture
def train():
    pytest.importorskip("jax", reason="training needs jax: pip install '.[train]'")
    pytest.importorskip("optax", reason="training needs optax: pip install '.[train]'")
    return ns.train


@pytest.fixture
def gradients(train):
    """The gradient of the loss for everything that learns: (net, inputs, targets, ...) -> arrays by name."""
    from neurosim.learn import gradient

    return lambda *given, **settings: gradient(*given, **settings)[1]


def changes(before, after):
    """How much everything that may learn fell."""
    found = {
        name: item.weight.number - after[name].weight.number
        for name, item in before.synapses.items()
        if item.learns
    }
    for population in before.populations.values():
        for constant in population.learns:
            new = after[population.name].constants[constant].number
            found[f"{population.name}.{constant}"] = population.constants[constant].number - new
    return found


def nudged(net, name, step):
    """The network with one weight array or constant moved by an array."""
    owner, _, constant = name.partition(".")
    made = ns.Network.from_dict(materialized(net).to_dict())
    if constant:
        number = made[owner].constants[constant].number + step
        object.__setattr__(
            made[owner], "constants", {**made[owner].constants, constant: as_value(number, name)}
        )
    else:
        object.__setattr__(made[owner], "weight", as_value(made[owner].weight.number + step, name))
    return made


def loss_of(net, inputs, sent, targets=None):
    """The mean over trials of what populations send, and of the Bernoulli loss of `out`."""
    recording = ns.run(
        net, inputs, record=[*sent, *(["out"] if targets is not None else [])], engine="reference"
    )
    total = sum(recording[name].sum() for name in sent)
    if targets is not None:
        p = recording["out"]
        total -= (targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum()
    return total / len(next(iter(inputs.values())))


def descends(gradients, net, inputs, sent, targets=None, only=None):
    """Every gradient is the slope of the loss along a random direction."""
    loss = dict.fromkeys(sent, "sent") | ({} if targets is None else {"out": "bernoulli"})
    found = gradients(net, inputs, {} if targets is None else {"out": targets}, loss=loss, learns=only)
    for name, gradient in found.items():
        way = RANDOM(len(name)).normal(size=gradient.shape)
        ends = [loss_of(nudged(net, name, h * way), inputs, sent, targets) for h in (1e-5, -1e-5)]
        assert np.sum(gradient * way) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-7), name


def test_the_gradient_of_a_tied_sparse_autoencoder_is_the_slope_of_its_loss(gradients):
    net = autoencoder((7, 5, 3), code="sigmoid", cost=0.3, sparsity=0.1, group=4, biases=biases((5, 3, 5, 7)))
    x = RANDOM(1).random((3, 1, 4, 7))
    descends(gradients, net, {"inputs": x}, ["penalty"], x)


@pytest.mark.parametrize("n_classes", [0, 2])
def test_the_gradients_of_an_adversarial_pair_are_the_slopes_of_their_losses(gradients, n_classes):
    net = generative_adversarial((3, 6, 5), (4, 3), n_classes=n_classes)
    inputs = {"real": RANDOM(1).random((4, 1, 5)), "noise": RANDOM(2).normal(size=(4, 1, 3))}
    inputs |= {"label": np.eye(2)[[0, 1, 1, 0], None]} if n_classes else {}
    descends(gradients, net, inputs, ["discriminator_loss"], only=list(DISCRIMINATOR))
    descends(gradients, net, inputs, ["generator_loss"], only=list(GENERATOR))


def test_the_gradients_of_a_variational_autoencoder_on_either_side_of_its_code_are_slopes(gradients):
    net, x = variational_autoencoder((7, 5, 3)), RANDOM(1).random((4, 1, 7))
    descends(gradients, net, {"inputs": x, "code": RANDOM(2).normal(size=(4, 1, 3))}, ["kl"], x)


def test_the_gradient_of_a_mixture_is_a_slope(gradients):
    net, x = variational_autoencoder((5, 4, 2), mixture=3), RANDOM(1).random((4, 1, 5))
    descends(
        gradients,
        net,
        {"inputs": x, "code": RANDOM(2).normal(size=(4, 1, 2))},
        ["kl"],
        only=["near.*", "*log_variance*"],
    )


def test_the_gradient_reaches_mean_and_variance_through_the_draw(gradients):
    net, n = materialized(variational_autoencoder((1, 1, 1), function="linear", output="linear")), 40000
    x = np.full((n, 1, 1), 0.7)
    w = {name: number.item() for name, number in weights(net).items()}
    mean, log_variance = (
        w["inputs_to_layer_1"] * 0.7 * w[f"layer_1_to_{name}"] for name in ("mean", "log_variance")
    )
    slope = w["code_to_back_1"] * w["back_1_to_out"]
    found = gradients(net, {"inputs": x}, {"out": x}, loss={"out": "squared_error"})
    assert found["mean.bias"].item() == pytest.approx(2 * slope * (slope * mean - 0.7), abs=0.03)
    assert found["log_variance.bias"].item() == pytest.approx(slope**2 * np.exp(log_variance), rel=0.05)


def test_clamped_codes_teach_the_encoder_to_stand_still_alone(gradients):
    net = inverse_graphics((4, 4, 1), 2, group=3, channels=(2,), n_hidden=4, cost=0.5)
    inputs = {"image": RANDOM(1).random((2, 1, 3, 4, 4, 1)), "vary": np.zeros((2, 1, 2))}
    loss = {"out": "bernoulli", "kl": "sent", "still": "sent"}
    found = gradients(net, inputs, {"out": inputs["image"]}, loss=loss)
    sent = ns.run(net, inputs, record=["mean", "encoder"], engine="reference")
    mean, encoder = sent["mean"][:, 0], sent["encoder"][:, 0]
    away = (
        0.5 * (mean - mean.mean(axis=1, keepdims=True)) / 2
    )  # the paper's gradient: the difference from the group's mean
    close(found["encoder_to_mean"], np.einsum("tgo,tgi->oi", away, encoder))
    close(found["log_variance.bias"], np.zeros(2))
    assert np.abs(found["code_to_decoder"]).max() > 0


def test_networks_in_turns_change_what_they_may_alone(train):
    net = generative_adversarial((3, 6, 5), (4,))
    x = {"real": RANDOM(1).random((8, 1, 5))}
    given = dict(epochs=1, batch=4, precision="double")
    sides = [
        ({"discriminator_loss": "sent"}, list(DISCRIMINATOR)),
        ({"generator_loss": "sent"}, list(GENERATOR)),
    ]
    for loss, learns in sides:
        moved = {
            name
            for name, by in changes(
                materialized(net), train(net, x, loss=loss, learns=learns, **given).network
            ).items()
            if np.abs(by).max() > 0
        }
        assert {name.startswith(("generator", "made")) for name in moved} == {learns == list(GENERATOR)}
    both = changes(
        materialized(net),
        train(
            net, x, loss=[loss for loss, _ in sides], learns=[learns for _, learns in sides], **given
        ).network,
    )
    assert all(np.abs(by).max() > 0 for by in both.values())


def digits(count):
    return load_digits().data[:count, None] / 16


def test_an_autoencoder_that_saw_masked_digits_mends_them_better(train):
    x = digits(600)
    torn = x[500:] * (RANDOM(0).random((100, 1, 64)) > 0.3)
    error = []
    for noise in (0.0, 0.3):
        net = autoencoder((64, 48), function="relu", code="relu", noise=noise)
        mended, _ = train(
            net, {"inputs": x[:500]}, {"out": x[:500]}, loss="bernoulli", epochs=60, rate=3e-3, seed=1
        )
        error.append(np.mean((ns.run(mended, {"inputs": torn}, record=["out"])["out"] - x[500:]) ** 2))
    assert error[1] < 0.75 * error[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{"cost": 0.3}, {"cost": 1.0, "sparsity": 0.05, "group": 25}])
def test_a_penalty_makes_a_sparse_code(train, kind):
    group = kind.get("group")
    x = digits(500)
    x = x if group is None else x.reshape(-1, 1, group, 64)
    active = {}
    for cost in (0.0, kind["cost"]):
        given = {**kind, "cost": cost} if cost else {"group": group}
        net = autoencoder((64, 60), code="sigmoid", **given)
        loss = {"out": "bernoulli"} | ({"penalty": "sent"} if cost else {})
        made, _ = train(
            net,
            {"inputs": x},
            {"out": x},
            loss=loss,
            epochs=60,
            batch=32 if group is None else 2,
            rate=3e-3,
            seed=1,
        )
        active[bool(cost)] = np.mean(ns.run(made, {"inputs": x}, record=["code"])["code"] > 0.5)
    assert active[True] < 0.5 * active[False]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: autoencoder((5,)), "name no code"),
        (lambda: autoencoder((5, 3), noise=1.0), "noise 1.0 is not a share"),
        (lambda: autoencoder((5, 3), cost=-1.0), "cost -1.0"),
        (lambda: autoencoder((5, 3), cost=1.0, sparsity=0.1), "Give code='sigmoid'"),
        (lambda: autoencoder((5, 3), cost=1.0, sparsity=1.5), "sparsity 1.5 is not a share"),
        (lambda: autoencoder((5, 3), weights=[0.1, 0.2]), "take 1 weights and 2 biases, not 2"),
        (lambda: variational_autoencoder((5, 3)), "too few"),
        (lambda: variational_autoencoder((5, 4, 3), mixture=-1), "mixture -1 is below 0"),
        (lambda: variational_autoencoder((5, 4, 3), dropout=1), "dropout 1 is not a share"),
        (lambda: generative_adversarial((5,), (3,)), "too few"),
        (lambda: generative_adversarial((3, 5), (3,), blur=-1), "blur -1 cannot be"),
        (lambda: generative_adversarial((3, 5), (3,), n_classes=-1), "n_classes -1 is below 0"),
        (lambda: inverse_graphics((6, 8, 1)), "cannot be halved 2 times"),
    ],
)
def test_what_makes_no_network_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
