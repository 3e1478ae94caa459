"""A deep convolutional inverse graphics network: an autoencoder whose codes learn one property each.

Source: Kulkarni, Whitney, Kohli & Tenenbaum 2015, NeurIPS 28, 2539, arXiv:1503.03167.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

DRAW = """centre = mean(mu, axis=0)
z = where(vary > 0.5, mu + exp(log_var/2)*randn(), stop(centre))"""
DIVERGENCE = "kl = -0.5*vary*(1 + log_var - mu**2 - exp(log_var))"
STILL = "still = cost/2*(1 - vary)*(mu - stop(mean(mu, axis=0)))**2"


def inverse_graphics(
    shape: tuple[int, int, int] = (16, 16, 1),
    n_codes: int = 8,
    *,
    group: int = 1,
    channels: Sequence[int] = (16, 32),
    kernel: int = 3,
    n_hidden: int = 128,
    cost: float = 0.01,
) -> ns.Network:
    """A variational autoencoder of groups of images in which only one property varies.

    `image` -> convolutions and pooling -> `mean`, `log_variance` -> `code` -> unpooling and convolutions ->
    `out`, and the losses `kl` and `still`.

    A group of images is on the first axis of every population. The driven population `vary`, one number for
    each code, says with 1 which codes may differ within the group: such a code is mean + exp(log_variance/2)
    N(0, 1). Every other code (0) is its mean over the group, the same for all images. If the images of a
    group differ in one known property only, and only one code may vary, this code learns the property and the
    others learn to ignore it.

    `kl` sends the divergence of the varying codes from N(0, 1), in nats. `still` sends cost/2 (mean - mean
    over the group)^2 of the other codes; its gradient, the difference from the mean of the group, is all that
    teaches the encoder about them, as in the paper. Train with loss={"out": "bernoulli", "kl": "sent",
    "still": "sent"}.

    With `group=1` and `vary` 0 the network encodes an image without noise. Clamp `code` to draw the image of
    a given code. Weights are Glorot's; they and all biases learn.

    Arguments:
        shape: (rows, columns, channels) of the image; rows and columns must be divisible by 2 for each of
            `channels`.
        n_codes: the number of codes.
        group: the number of images in a group.
        channels: the number of channels of each convolution.
        kernel: the side of the windows of weights.
        n_hidden: the number of units of `encoder` and of `decoder`, on either side of the code.
        cost: the weight of `still`; 1/100 in the paper.

    Raises DescriptionError for a shape that cannot be halved as often.

    >>> inverse_graphics((16, 16, 1), 8, group=2)["code"].shape  # (image, code)
    (2, 8)
    """
    rows, columns, colours = shape
    if rows % 2 ** len(channels) or columns % 2 ** len(channels):
        raise ns.DescriptionError(
            f"inverse_graphics: {rows} x {columns} cannot be halved {len(channels)} times. "
            f"Give multiples of {2 ** len(channels)}."
        )
    window, halved = ns.conv((1, kernel, kernel), padding="same"), ns.pool((1, 2, 2))
    synapses: list[ns.Synapses] = []
    pools: list[ns.Synapses] = []
    below = ns.Neurons("image", (group, *shape))
    for k, n in enumerate(channels, 1):
        features = _learned_unit(f"features_{k}", (group, rows, columns, n), "relu")
        rows, columns = rows // 2, columns // 2
        pooled = ns.Neurons(f"pooled_{k}", (group, rows, columns, n), ports="I:max", update="y = I")
        pools.append(ns.Synapses(features, pooled, wiring=halved))
        synapses += [ns.Synapses(below, features, wiring=window, weight=ns.glorot(), learns=True), pools[-1]]
        below = pooled
    above, of_code = _code(below, group, n_codes, n_hidden, cost)
    synapses += of_code
    for k in range(len(channels), 0, -1):
        unpooled = ns.Neurons(f"unpooled_{k}", pools[k - 1].pre.shape, update="y = I")
        n = channels[k - 2] if k > 1 else colours
        name, function = (f"drawn_{k - 1}", "relu") if k > 1 else ("out", "sigmoid")
        drawn = _learned_unit(name, (*unpooled.shape[:3], n), function)
        synapses += [
            ns.Synapses(above, unpooled, wiring=halved, weight=pools[k - 1].T),
            ns.Synapses(unpooled, drawn, wiring=window, weight=ns.glorot(), learns=True),
        ]
        above = drawn
    return ns.Network(synapses, schedule=ns.Layered())


def _learned_unit(name: str, shape: tuple[int, ...], function: str, bias: float = 0.0) -> ns.Neurons:
    """Units with one learned bias per channel, which begins at `bias`."""
    return cells.unit(name, shape, function, bias=np.full(shape[-1], bias), learns="bias")


def _code(
    pooled: ns.Neurons, group: int, n_codes: int, n_hidden: int, cost: float
) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """From the last feature maps through the code and back to maps of the same shape.

    Returns the last population, and all synapses.
    """
    flat = ns.einsum("image row column map, unit row column map -> image unit")
    dense = ns.einsum("image pre, post pre -> image post")
    unflat = ns.einsum("image unit, unit row column map -> image row column map")
    vary = ns.Neurons("vary", n_codes)
    encoder, decoder = (_learned_unit(name, (group, n_hidden), "relu") for name in ("encoder", "decoder"))
    mean = _learned_unit("mean", (group, n_codes), "linear")
    # With little noise at first, no code is given up before it has learned something.
    log_variance = _learned_unit("log_variance", (group, n_codes), "linear", bias=-3.0)
    code = ns.Neurons("code", (group, n_codes), ports="mu log_var vary", update=DRAW, sends="z")
    kl = ns.Neurons("kl", (group, n_codes), ports="mu log_var vary", update=DIVERGENCE)
    still = ns.Neurons("still", (group, n_codes), ports="mu vary", update=STILL, cost=cost)
    maps = _learned_unit(f"drawn_{pooled.name.removeprefix('pooled_')}", pooled.shape, "relu")
    synapses = [ns.Synapses(pooled, encoder, wiring=flat, weight=ns.glorot(), learns=True)]
    synapses += [
        ns.Synapses(encoder, post, wiring=dense, weight=ns.glorot(), learns=True)
        for post in (mean, log_variance)
    ]
    for target in (code, kl, still):
        synapses.append(ns.Synapses(mean, target, to="mu", wiring=ns.one_to_one()))
        synapses.append(ns.Synapses(vary, target, to="vary", wiring=ns.einsum("code, code -> image code")))
        if target is not still:
            synapses.append(ns.Synapses(log_variance, target, to="log_var", wiring=ns.one_to_one()))
    synapses += [
        ns.Synapses(code, decoder, wiring=dense, weight=ns.glorot(), learns=True),
        ns.Synapses(decoder, maps, wiring=unflat, weight=ns.glorot(), learns=True),
    ]
    return maps, synapses


def example() -> dict[str, Any]:
    """Three groups of two digits through an untrained network; in each group one code may vary."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:6].reshape(3, 1, 2, 8, 8, 1) / 16.0
    vary = np.eye(3)[:, None]
    net = inverse_graphics((8, 8, 1), 3, group=2, channels=(3, 4), n_hidden=8)
    return {
        "net": net,
        "inputs": {"image": digits, "vary": vary},
        "record": ["mean", "code", "kl", "still", "out"],
        "seed": 1,
    }
