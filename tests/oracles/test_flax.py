"""Layers are those of flax, an independent library, forward and backward, with the same numbers in double."""

import numpy as np
import pytest
from layered_side import RANDOM, gradient, numbers, sent, settled

import neurosim as ns
from neurosim import cells, learn
from neurosim.models.gru import gru
from neurosim.models.lstm import lstm
from neurosim.models.self_attention import self_attention

jax = pytest.importorskip("jax", reason="gradients need jax: pip install '.[train]'")
linen = pytest.importorskip("flax.linen", reason="flax is not installed")
jnp = jax.numpy


def conv(stride, padding, dilation=1):
    def layer(own, x):
        side, channels = own["kernel"].shape[-1], own["kernel"].shape[0]
        steps = dict(strides=(stride, stride), kernel_dilation=(dilation, dilation))
        module = linen.Conv(channels, (side, side), padding=padding, param_dtype=x.dtype, **steps)
        return module.apply(
            {"params": {"kernel": own["kernel"].transpose(2, 3, 1, 0), "bias": own["bias"]}}, x
        )

    return layer


def dense(own, x):
    return linen.Dense(len(own["kernel"])).apply(
        {"params": {"kernel": own["kernel"].T, "bias": own["bias"]}}, x.reshape(len(x), -1)
    )


def layer_norm(own, x):
    return linen.LayerNorm(epsilon=1e-5, use_fast_variance=False).apply(
        {"params": {"scale": own["gain"], "bias": own["shift"]}}, x
    )


def batch_norm(own, x):
    module = linen.BatchNorm(use_running_average=False, epsilon=1e-5, use_fast_variance=False)
    running = {"mean": np.zeros(x.shape[-1]), "var": np.ones(x.shape[-1])}
    return module.apply(
        {"params": {"scale": own["gain"], "bias": own["shift"]}, "batch_stats": running},
        x,
        mutable=["batch_stats"],
    )[0]


def in_flax(layers, names, net, x, labels):
    """The scores of layers that use our numbers, and the gradients of their cross-entropy, by our names."""
    w = numbers(net)
    given = [{theirs: w[ours] for theirs, ours in layer.items()} for layer in names]

    def scores(given):
        y = x
        for layer, own in zip(layers, given, strict=True):
            y = layer(own, y)
        return y

    def loss(given):
        return -jnp.mean(jax.nn.log_softmax(scores(given))[jnp.arange(len(labels)), labels])

    with jax.enable_x64(True):
        found, slopes = np.asarray(scores(given)), jax.grad(loss)(given)
    return found, {
        ours: np.asarray(slope[theirs])
        for slope, layer in zip(slopes, names, strict=True)
        for theirs, ours in layer.items()
    }


def agree(ours, theirs):
    assert set(ours) == set(theirs)
    for name, slope in theirs.items():
        assert np.abs(slope).max() > 1e-4, name
        np.testing.assert_allclose(ours[name], slope, rtol=1e-9, atol=1e-11, err_msg=name)


IMAGES = [(2, "SAME", 1, "mean"), (1, "VALID", 2, "max")]


@pytest.mark.parametrize(("stride", "padding", "dilation", "pooling"), IMAGES)
def test_convolution_pooling_and_layer_normalisation_are_those_of_flax(stride, padding, dilation, pooling):
    image = ns.Neurons("image", (7, 8, 2))
    wiring = ns.conv((3, 3), stride=stride, padding=padding.lower(), dilation=dilation)
    shape = wiring.target_shape(image.shape, 4)
    features = cells.unit("features", shape, "linear", bias=np.zeros(4), learns="bias")
    norm = cells.layer_norm("norm", shape, "tanh", learns=("gain", "shift"))
    halves = ns.pool((2, 2))
    pooled = ns.Neurons("pooled", halves.target_shape(shape), ports=f"I:{pooling}", update="y = I")
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
    pool = {"max": linen.max_pool, "mean": linen.avg_pool}[pooling]
    layers = (
        conv(stride, padding, dilation),
        layer_norm,
        lambda _, x: pool(jnp.tanh(x), (2, 2), (2, 2)),
        dense,
    )
    names = (
        {"kernel": "image_to_features", "bias": "features.bias"},
        {"gain": "norm.gain", "shift": "norm.shift"},
        {},
        {"kernel": "pooled_to_out", "bias": "out.bias"},
    )
    x, labels = RANDOM(5).normal(size=(4, 7, 8, 2)), np.array([0, 2, 1, 1])
    scores, slopes = in_flax(layers, names, net, x, labels)
    for engine in ("reference", "arrays"):
        np.testing.assert_allclose(
            sent(net, {"image": x}, ["out"], engine)["out"], scores, rtol=1e-10, atol=1e-12
        )
    agree(gradient(net, {"image": x}, {"out": labels}, "cross_entropy"), slopes)


def test_batch_normalisation_is_that_of_flax():
    """The batch is an axis of the populations; the network has one trial."""
    batch = 6
    rows, hidden = (
        ns.Neurons("rows", (batch, 5)),
        cells.batch_norm("hidden", (batch, 4), "tanh", learns=("gain", "shift")),
    )
    out = cells.unit("out", (batch, 3), "linear", bias=np.zeros(3), learns="bias")
    shared = dict(weight=ns.glorot(), wiring=ns.einsum("row into, out into -> row out"), learns=True)
    net = settled(
        ns.Network(
            ns.Synapses(rows, hidden, **shared), ns.Synapses(hidden, out, **shared), schedule=ns.Layered()
        )
    )
    layers = (lambda own, x: x @ own["kernel"].T, batch_norm, lambda _, x: jnp.tanh(x), dense)
    names = (
        {"kernel": "rows_to_hidden"},
        {"gain": "hidden.gain", "shift": "hidden.shift"},
        {},
        {"kernel": "hidden_to_out", "bias": "out.bias"},
    )
    x, labels = RANDOM(6).normal(2, 3, (batch, 5)), np.array([0, 2, 1, 1, 0, 2])
    scores, slopes = in_flax(layers, names, net, x, labels)
    np.testing.assert_allclose(
        sent(net, {"rows": x[None]}, ["out"], "arrays")["out"][0], scores, rtol=1e-10, atol=1e-12
    )
    ours = gradient(net, {"rows": x[None]}, {"out": labels[None, None]}, "cross_entropy")
    agree(
        {name: slope / batch for name, slope in ours.items()}, slopes
    )  # ours is a sum over neurons, here the rows


# Parts of a flax cell, with or without a bias -> weights from the inputs and from the cells.
LSTM = {f"i{gate}": (f"W_{gate}", None) for gate in "ifgo"} | {
    f"h{gate}": (f"U_{gate}", f"cells.b_{gate}") for gate in "ifgo"
}
GRU = {"ir": ("W_r", "cells.b_r"), "iz": ("W_z", "cells.b_z"), "in": ("W_n", "cells.b_n")} | {
    "hr": ("U_r", None), "hz": ("U_z", None), "hn": ("U_n", "cells.b_u")
}  # fmt: skip


@pytest.mark.parametrize(
    ("build", "peer", "parts"),
    [(lstm, linen.OptimizedLSTMCell, LSTM), (gru, linen.GRUCell, GRU)],
    ids=["lstm", "gru"],
)
def test_recurrent_cells_are_those_of_flax(build, peer, parts):
    """Their whole sequence, with a squared error at every tick."""
    net = settled(build(3, 4, 2))
    w, x, wanted = numbers(net), RANDOM(7).normal(size=(5, 6, 3)), RANDOM(8).normal(size=(5, 6, 2))
    given = {
        part: {"kernel": w[kernel].T} | ({"bias": w[bias]} if bias else {})
        for part, (kernel, bias) in parts.items()
    }
    given["out"] = {"kernel": w["cells_to_out"].T, "bias": w["out.bias"]}

    def answer(given):
        own = {"params": {part: given[part] for part in parts}}
        sequence = linen.RNN(peer(4, dtype="float64", param_dtype="float64")).apply(
            {"params": {"cell": own["params"]}}, x
        )
        return sequence @ given["out"]["kernel"] + given["out"]["bias"]

    with jax.enable_x64(True):
        outputs = np.asarray(answer(given))
        slopes = jax.grad(lambda given: ((answer(given) - wanted) ** 2).sum() / 5)(given)
    theirs = {
        name: np.asarray(slopes[part]["kernel"]).T
        for part, (name, _) in (parts | {"out": ("cells_to_out", None)}).items()
    }
    theirs |= {
        name: np.asarray(slopes[part]["bias"])
        for part, (_, name) in (parts | {"out": (None, "out.bias")}).items()
        if name
    }
    for engine in ("reference", "arrays", "events"):
        np.testing.assert_allclose(
            ns.run(net, {"inputs": x}, record=["out"], engine=engine)["out"], outputs, rtol=1e-10, atol=1e-12
        )
    _, ours = learn.gradient(net, {"inputs": x}, {"out": wanted}, loss={"out": "squared_error"})
    agree({name: slope * 6 for name, slope in ours.items()}, theirs)


def test_attention_is_that_of_flax():
    net = settled(self_attention(5, 8, n_heads=2, causal=True, residual=True))
    x, wanted = RANDOM(0).normal(size=(3, 5, 8)), RANDOM(1).normal(size=(3, 5, 8))
    w = numbers(net)
    names = {
        "query": "tokens_to_query",
        "key": "tokens_to_key",
        "value": "tokens_to_value",
        "out": "mixed_to_out",
    }
    peer = linen.MultiHeadDotProductAttention(
        num_heads=2, qkv_features=8, use_bias=False, dtype="float64", param_dtype="float64"
    )
    mask = linen.make_causal_mask(np.ones((3, 5)))

    def turned(part, kernel):  # flax has (feature, head, part), and (head, part, feature) on the way out
        return kernel if part == "out" else kernel.swapaxes(0, 1)

    def answer(given):
        return peer.apply(given, x, x, mask=mask) + x

    with jax.enable_x64(True):
        given = {"params": {part: {"kernel": turned(part, w[name])} for part, name in names.items()}}
        outputs = np.asarray(answer(given))
        slopes = jax.grad(lambda given: ((answer(given) - wanted) ** 2).sum() / 3)(given)["params"]
    for engine in ("reference", "arrays"):
        np.testing.assert_allclose(
            sent(net, {"tokens": x}, ["out"], engine)["out"], outputs, rtol=0, atol=1e-10
        )
    ours = gradient(net, {"tokens": x}, {"out": wanted[:, None]}, {"out": "squared_error"})
    agree(ours, {name: turned(part, np.asarray(slopes[part]["kernel"])) for part, name in names.items()})
