"""Layered vision nets learn along their true gradient: that of finite differences, and that of an independent library."""

import numpy as np
import pytest
from layered_side import RANDOM, jolted, numbers, sent

import neurosim as ns
from neurosim import cells
from neurosim.learn import gradient as ns_gradient
from neurosim.models.conv_net import conv_net
from neurosim.models.deconvolutional import deconvolutional
from neurosim.models.feed_forward import feed_forward
from neurosim.models.inception import inception
from neurosim.models.radial_basis import radial_basis
from neurosim.models.residual import residual
from neurosim.network.rebuild import rebuilt
from neurosim.plan.fix import owner_of

pytest.importorskip("jax", reason="training needs JAX: pip install '.[train]'")


def gradient(net, inputs, targets, loss):
    """The gradient of the mean loss by every number that learns."""
    return ns_gradient(net, {name: np.asarray(x)[:, None] for name, x in inputs.items()}, targets, loss=loss)[1]


def learning(net):
    """What learns: the names of synapses, and 'population.constant'."""
    own = [name for name, item in net.synapses.items() if item.learns and owner_of(net, item) is None]
    return [*own, *(f"{name}.{key}" for name, population in net.populations.items() for key in population.learns)]


def cross_entropy(scores, labels):
    scores = scores - scores.max(axis=-1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(axis=-1)) - scores[np.arange(len(scores)), labels])


def settled(net):
    """The network with the weights that it begins with as numbers, and random numbers in its constants that learn."""
    w = numbers(net)
    return jolted(rebuilt(net, {name: {"weight": w[name]} for name in learning(net) if "." not in name}))


def image(random, shape, trials=3):
    return {"image": random.normal(size=(trials, *shape))}


def classifiers():
    """Nets that send scores from `out`, and inputs for them."""
    random = RANDOM(3)
    smooth = dict(output="linear", function="tanh")
    yield "feed_forward", feed_forward((5, 4, 4, 3), **smooth), {"inputs": random.normal(size=(3, 5))}
    yield "softsign", feed_forward((5, 4, 3), function="softsign", output="linear"), {"inputs": random.normal(size=(3, 5))}
    yield "conv_net", conv_net((7, 6, 2), (3, 4), 3, kernel=(3, 2), padding="same", dense=(5,), **smooth), image(random, (7, 6, 2))
    yield "strided", conv_net((7, 6, 2), 3, 3, stride=2, pool=1, **smooth), image(random, (7, 6, 2))
    modules = ((2, 2, 3, 1, 2, 2), (1, 2, 2, 1, 2, 1))
    yield "inception", inception((6, 5, 1), 3, stem=3, modules=modules, output="linear"), image(random, (6, 5, 1))
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
        values.append(loss(sent(rebuilt(net, {population: {constant or "weight": moved}}), inputs, ["out"])["out"]))
    return (values[0] - values[1]) / (2 * step)


@pytest.mark.parametrize("name", NETS)
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
    weights, x = [random.normal(size=(3, 1, 3, 3)), random.normal(size=(2, 3, 2, 2))], random.normal(size=(3, 9, 9, 1))
    biases = [random.normal(size=3), random.normal(size=2)]

    def net(weights):
        return deconvolutional((9, 9, 1), (3, 2), kernel=(3, 2), weights=weights, biases=biases)

    inputs = {"image": x, "mask": np.ones((3, *net(weights)["mask"].shape))}

    def loss(weights):
        return np.mean(np.sum((sent(net(weights), inputs, ["projection"])["projection"] - x) ** 2, axis=(1, 2, 3)))

    slopes = gradient(net(weights), inputs, {"projection": x}, "squared_error")
    for k, name in enumerate(("image_to_features_1", "pooled_1_to_features_2")):
        for flat in (0, 5):
            moved = [[w.copy() for w in weights] for _ in range(2)]
            moved[0][k].flat[flat] += 1e-5
            moved[1][k].flat[flat] -= 1e-5
            assert slopes[name].flat[flat] == pytest.approx((loss(moved[0]) - loss(moved[1])) / 2e-5, rel=1e-5)


class InFlax:
    """The same layers in flax, with our numbers: forward and gradient in double."""

    def __init__(self, layers, names, net, labels):
        self.flax = pytest.importorskip("flax", reason="flax is compared with: pip install flax")
        import jax

        self.jax, self.layers, self.names, self.labels = jax, layers, names, labels
        w = numbers(net)
        self.given = [{ours: w[name] for ours, name in layer.items()} for layer in names]

    def scores(self, parameters, x):
        for layer, own in zip(self.layers, parameters, strict=True):
            x = layer(own, x)
        return x

    def loss(self, parameters, x):
        import jax.numpy as jnp

        scores = self.scores(parameters, x)
        return -jnp.mean(self.jax.nn.log_softmax(scores)[jnp.arange(len(scores)), self.labels])

    def gradient(self, x):
        """Scores, and the gradients by the names of ours."""
        with self.jax.enable_x64(True):
            scores = np.asarray(self.scores(self.given, x))
            slopes = self.jax.grad(self.loss)(self.given, x)
        return scores, {name: np.asarray(slope[ours]) for slope, layer in zip(slopes, self.names, strict=True) for ours, name in layer.items()}


def flax_conv(stride, padding):
    from flax import linen

    def layer(own, x):
        side, channels = own["kernel"].shape[-1], own["kernel"].shape[0]
        module = linen.Conv(channels, (side, side), (stride, stride), padding=padding, param_dtype=x.dtype)
        return module.apply({"params": {"kernel": own["kernel"].transpose(2, 3, 1, 0), "bias": own["bias"]}}, x)

    return layer


def flax_dense(own, x):
    from flax import linen

    return linen.Dense(len(own["kernel"])).apply({"params": {"kernel": own["kernel"].T, "bias": own["bias"]}}, x.reshape(len(x), -1))


def flax_norm(kind):
    from flax import linen

    def layer(own, x):
        module = linen.LayerNorm(epsilon=1e-5, use_fast_variance=False)
        if kind == "batch":
            module = linen.BatchNorm(use_running_average=False, epsilon=1e-5, use_fast_variance=False)
        state = {"batch_stats": {"mean": np.zeros(x.shape[-1]), "var": np.ones(x.shape[-1])}} if kind == "batch" else {}
        made = module.apply({"params": {"scale": own["gain"], "bias": own["shift"]}, **state}, x, mutable=list(state))
        return made[0] if isinstance(made, tuple) else made

    return layer


def agree(net, inputs, theirs, x):
    """Scores and gradients of ours and theirs are the same."""
    scores, slopes = theirs.gradient(x)
    for engine in ("reference", "arrays"):
        assert np.allclose(sent(net, inputs, ["out"], engine)["out"].reshape(scores.shape), scores, rtol=1e-10, atol=1e-12)
    ours = gradient(net, inputs, {"out": theirs.labels}, "cross_entropy")
    assert set(ours) == set(slopes)
    for name, slope in slopes.items():
        assert np.allclose(ours[name], slope, rtol=1e-9, atol=1e-11), name


@pytest.mark.parametrize(("stride", "padding"), [(1, "SAME"), (2, "SAME"), (1, "VALID"), (2, "VALID")])
def test_convolution_pooling_and_layer_normalisation_are_those_of_flax(stride, padding):
    flax = pytest.importorskip("flax", reason="flax is compared with: pip install flax")
    image = ns.Neurons("image", (7, 8, 2))
    wiring = ns.conv((3, 3), stride=stride, padding=padding.lower())
    shape = wiring.target_shape(image.shape, 4)
    features = cells.unit("features", shape, "linear", bias=np.zeros(4), learns="bias")
    norm = cells.layer_norm("norm", shape, "tanh", learns=("gain", "shift"))
    halves = ns.pool((2, 2))
    pooled = ns.Neurons("pooled", halves.target_shape(shape), ports="I:max", update="y = I")
    out = cells.unit("out", 3, "linear", bias=np.zeros(3), learns="bias")
    net = settled(
        ns.Network(
            ns.Synapses(image, features, wiring=wiring, weight=ns.glorot(), learns=True),
            ns.Synapses(features, norm, wiring=ns.one_to_one()),
            ns.Synapses(norm, pooled, wiring=halves),
            ns.Synapses(pooled, out, weight=ns.glorot(), learns=True),
            schedule=ns.Layered(),
        )
    )
    import jax.numpy as jnp

    layers = (flax_conv(stride, padding), flax_norm("layer"), lambda _, x: flax.linen.max_pool(jnp.tanh(x), (2, 2), (2, 2)), flax_dense)
    names = (
        {"kernel": "image_to_features", "bias": "features.bias"}, {"gain": "norm.gain", "shift": "norm.shift"}, {},
        {"kernel": "pooled_to_out", "bias": "out.bias"},
    )  # fmt: skip
    x = RANDOM(5).normal(size=(4, 7, 8, 2))
    agree(net, {"image": x}, InFlax(layers, names, net, np.array([0, 2, 1, 1])), x)


def test_batch_normalisation_is_that_of_flax():
    """The batch is an axis of the populations; the network has one trial."""
    pytest.importorskip("flax", reason="flax is compared with: pip install flax")
    import jax.numpy as jnp

    batch = 6
    rows, hidden = ns.Neurons("rows", (batch, 5)), cells.batch_norm("hidden", (batch, 4), "tanh", learns=("gain", "shift"))
    out = cells.unit("out", (batch, 3), "linear", bias=np.zeros(3), learns="bias")
    shared = dict(weight=ns.glorot(), wiring=ns.einsum("row into, out into -> row out"), learns=True)
    net = settled(ns.Network(ns.Synapses(rows, hidden, **shared), ns.Synapses(hidden, out, **shared), schedule=ns.Layered()))
    layers = (lambda own, x: x @ own["kernel"].T, flax_norm("batch"), lambda _, x: jnp.tanh(x), flax_dense)
    names = ({"kernel": "rows_to_hidden"}, {"gain": "hidden.gain", "shift": "hidden.shift"}, {}, {"kernel": "hidden_to_out", "bias": "out.bias"})
    x, labels = RANDOM(6).normal(2, 3, (batch, 5)), np.array([0, 2, 1, 1, 0, 2])
    theirs = InFlax(layers, names, net, labels)
    scores, slopes = theirs.gradient(x)
    assert np.allclose(sent(net, {"rows": x[None]}, ["out"], "arrays")["out"][0], scores, rtol=1e-10, atol=1e-12)
    ours = gradient(net, {"rows": x[None]}, {"out": labels[None, None]}, "cross_entropy")
    for name, slope in slopes.items():
        assert np.allclose(ours[name] / batch, slope, rtol=1e-9, atol=1e-11), name  # ours is a sum over neurons, here the rows


def test_a_radial_basis_net_learns_its_centres_and_widths_too():
    """On the diabetes data the net with all of its numbers learned is better than the one whose readout alone learns."""
    from sklearn.datasets import load_diabetes
    from sklearn.preprocessing import scale

    x, y = scale(load_diabetes().data), scale(load_diabetes().target)
    net = radial_basis(x[:10], np.full(10, 3.0), learns=True)
    losses = {}
    for learns in (None, ["hidden_to_out", "out.bias"]):
        _, history = ns.train(
            net, {"inputs": x[:, None]}, {"out": y[:, None]}, loss="squared_error", learns=learns, rate=0.01, epochs=40, progress=False
        )
        losses[learns is None] = history.loss[-1]
    assert losses[True] < 0.5 < 0.54 < losses[False] < 1


def test_a_deconvolutional_net_learns_to_lay_digits_back():
    """As a convolutional autoencoder with tied weights: all of the top is let through."""
    from sklearn.datasets import load_digits

    images = load_digits().images[:300, None, :, :, None] / 16
    net = deconvolutional(n_channels=8, padding="same", biases=[0.0])
    given = {"image": images, "mask": np.ones((300, 1, *net["mask"].shape))}
    trained, history = ns.train(net, given, {"projection": images}, loss="squared_error", rate=1e-2, epochs=30, progress=False)
    assert history.loss[-1] < 0.25 * np.mean(np.sum(images**2, axis=(1, 2, 3, 4)))
    back = ns.run(trained, given, record=["projection"], engine="reference")["projection"]
    assert np.mean(np.sum((back - images) ** 2, axis=(1, 2, 3, 4))) == pytest.approx(history.loss[-1], rel=0.1)
