"""Autoencoders, variational and adversarial networks, and inverse graphics are their formulas, on every engine, and learn what they are for."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_digits

import neurosim as ns
from neurosim.models.autoencoder import autoencoder
from neurosim.models.generative_adversarial import DISCRIMINATOR, GENERATOR, generative_adversarial
from neurosim.models.inverse_graphics import inverse_graphics
from neurosim.models.variational_autoencoder import prior_codes, variational_autoencoder
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import as_value
from neurosim.plan.materialize import materialized

RANDOM = np.random.default_rng


@pytest.fixture(params=["reference", "arrays"])
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax: pip install '.[train]'")
    return request.param


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


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def softplus(x):
    return np.logaddexp(0, x)


def close(found, expected):
    assert np.shape(found) == np.shape(expected)
    assert np.allclose(found, expected, rtol=0, atol=1e-10)


def run(net, inputs, record, engine, **given):
    return ns.run(net, inputs, record=record, engine=engine, precision="double", **given)


def weights(net, seed=0):
    """The numbers of every synapse object that has its own weights, as a run with this seed uses them."""
    return {
        name: item.weight.number
        for name, item in materialized(net, seed).synapses.items()
        if hasattr(item.weight, "number")
    }


def biases(sizes, seed=0):
    random = RANDOM(seed)
    return [random.normal(0, 0.5, n) for n in sizes]


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
