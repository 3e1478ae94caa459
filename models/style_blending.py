"""A picture with the content of one image and the style of another, which is itself what learns.

Source: Gatys, Ecker & Bethge 2015, A neural algorithm of artistic style, arXiv:1508.06576; with the roughness
of Mahendran & Vedaldi 2015, Understanding deep image representations by inverting them, CVPR,
arXiv:1412.0035.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.models.conv_net import convolved, per_block


def style_blending(
    shape: tuple[int, int, int] = (64, 64, 3),
    n_channels: int | Sequence[int] = (16, 32),
    *,
    kernel: int | Sequence[int] = 3,
    content: int = 2,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    roughness_weight: float = 0.0,
    picture: ArrayLike = 0.5,
) -> ns.Network:
    """`image`, whose pixels learn, -> `features_1` -> `pooled_1` -> ... -> `content` and `style_k`.

    `features_k` are convolutions with rectifiers, as in `conv_net`, and `pooled_k` is the mean of squares of
    2 x 2. F_k are features_k, with N_k channels at M_k positions. `content` sends sqrt(content_weight/2) F of
    one block, and `style_k` sends sqrt(style_weight/K) G/(2 N_k M_k), where G = F_k' F_k, (channel, channel),
    are the products of the channels, summed over all positions, and K is the number of blocks. The squared
    distances of these from those of two other images are the losses of the paper. An image that a run gives
    takes the place of the picture, so the same network says what the targets are:

        wanted = {"content": ns.run(net, {"image": photo}, record=["content"])["content"], ...}
        ns.train(net, None, wanted, trials=1, ticks=1, loss=dict.fromkeys(wanted, "squared_error"),
                 learns=["image.pixels"])

    Take the features from a `conv_net` that was trained: their names are the same, `learn.with_learned(net,
    learn.learned(classifier), partly=True)`.

    Arguments:
        shape: (rows, columns, colours) of the images.
        n_channels: the number of channels of each block; one number is one block.
        kernel: the side of the windows of weights, one number or one per block.
        content: the block of which the features are the content, from 1.
        content_weight, style_weight: of the two losses.
        roughness_weight: of the squared differences between neighbouring pixels, which `rough` sends to be
            added to the loss, `loss={..., "rough": "sent"}`. 0: as in the paper, there is no `rough`.
        picture: the pixels to begin with, one number or shape (rows, columns, colours).

    Raises DescriptionError for a `content` that is no block.

    >>> style_blending()["style_2"].shape
    (32, 32)
    """
    channels = per_block("style_blending: n_channels", n_channels)
    kernels = per_block("style_blending: kernel", kernel, len(channels))
    if not 1 <= content <= len(channels):
        raise ns.DescriptionError(
            f"style_blending: content={content} is no block. Give a number from 1 to {len(channels)}."
        )
    pixels = np.asarray(picture, dtype=float) + np.zeros(shape)
    last = ns.Neurons("image", shape, update="y = pixels", pixels=pixels, learns=("pixels",))
    synapses: list[ns.Synapses] = []
    for k, (n, side) in enumerate(zip(channels, kernels, strict=True), 1):
        features = convolved(last, f"features_{k}", n, side, synapses)
        scale = np.sqrt(style_weight / len(channels)) / (2 * features.size)
        style = ns.Neurons(f"style_{k}", (n, n), update="y = scale*I", scale=scale)
        products = ns.einsum("row column one, row column other -> one other")
        synapses.append(ns.Synapses(features, style, weight=features, wiring=products))
        if k == content:
            scale = np.sqrt(content_weight / 2)
            sent = ns.Neurons("content", features.shape, update="y = scale*I", scale=scale)
            synapses.append(ns.Synapses(features, sent, wiring=ns.one_to_one()))
        if k < len(channels):
            halved = ns.pool((2, 2))
            last = ns.Neurons(
                f"pooled_{k}", halved.target_shape(features.shape), ports="I:mean", update="y = I"
            )
            synapses.append(ns.Synapses(features, last, wiring=halved))
    if roughness_weight:
        synapses.append(_roughness(synapses[0].pre, roughness_weight))
    return ns.Network(synapses, schedule=ns.Layered())


def _roughness(image: Any, weight: float) -> ns.Synapses:
    """Convolution with the differences of neighbours below and beside, whose squares `rough` sends."""
    colours = image.shape[-1]
    windows = np.zeros((2, colours, colours, 2, 2))
    for direction, place in enumerate(((1, 0), (0, 1))):
        windows[direction, :, :, 0, 0] = -np.eye(colours)
        windows[(direction, slice(None), slice(None), *place)] = np.eye(colours)
    wiring = ns.conv((2, 2))
    shape = wiring.target_shape(image.shape, 2 * colours)
    rough = ns.Neurons("rough", shape, update="y = weight*I**2", weight=weight)
    return ns.Synapses(image, rough, wiring=wiring, weight=windows.reshape(-1, colours, 2, 2))


def example() -> dict[str, Any]:
    """What two blocks with random weights see in a grey picture and in a digit."""
    from sklearn.datasets import load_digits

    digits = np.stack([np.full((8, 8), 0.5), load_digits().images[0] / 16.0])[:, None, :, :, None]
    net = style_blending((8, 8, 1), (4, 6))
    return {"net": net, "inputs": {"image": digits}, "record": ["content", "style_1", "style_2"], "seed": 1}
