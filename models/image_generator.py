"""A generator of pictures: from a class, and what else is known of the picture, to its pixels.

Source: Dosovitskiy, Springenberg & Brox 2015, Learning to generate chairs with convolutional neural networks,
CVPR, doi:10.1109/CVPR.2015.7298761 (arXiv:1411.5928); transposed convolutions with strides in place of
unpooling: Radford, Metz & Chintala 2016, ICLR, arXiv:1511.06434.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.feed_forward import initial


def image_generator(
    n_classes: int,
    shape: tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = (16, 8),
    *,
    n_codes: int = 0,
    n_hidden: int = 32,
    kernel: int = 4,
    unpool: bool = False,
    function: str = "relu",
    output: str = "sigmoid",
) -> ns.Network:
    """A convolutional network turned round: from a class to a picture.

    `label` (and `code`) -> `hidden` -> `maps` -> `drawn_1` -> ... -> `out`. hidden = f(W label + V code + b),
    maps = f(W hidden + b), a small picture with `n_channels[0]` channels. Each further layer has twice as
    many rows and columns: drawn_k = f(W^T drawn_(k-1) + b), the transposed convolution of windows that move
    by 2, and the last one, `out`, is the picture. f is `function`, that of `out` is `output`. There is a
    layer for each of `n_channels`.

    All weights and biases (one per channel) learn: train with pictures as targets, such as loss="bernoulli",
    and the one-hot label of each as input. With a label alone the network learns the mean picture of each
    class.

    Arguments:
        n_classes: the number of classes.
        shape: (rows, columns, channels) of the picture; rows and columns must be divisible by 2 for each of
            `n_channels`.
        n_channels: the number of channels of `maps`, `drawn_1`, ...; one number is one layer.
        n_codes: how many numbers `code` has, such as the view or style of a picture; 0: there is no `code`.
        n_hidden: the number of units of `hidden`.
        kernel: the side of the windows, an even number.
        unpool: whether each layer repeats every number in a square of 2 x 2, `enlarged_k`, before a
            convolution with windows of `kernel` - 1, in place of the transposed convolution.
        function: the activation function of all units but `out`, as in `cells.unit`.
        output: the function of `out`.

    Raises DescriptionError for a shape that cannot be halved as often, and for an odd kernel.

    >>> net = image_generator(10, (28, 28, 1))
    >>> net["maps"].shape, net["drawn_1"].shape, net["out"].shape
    ((7, 7, 16), (14, 14, 8), (28, 28, 1))
    """
    channels = (n_channels,) if isinstance(n_channels, int) else tuple(n_channels)
    parts = 2 ** len(channels)
    if not channels or shape[0] % parts or shape[1] % parts:
        raise ns.DescriptionError(
            f"image_generator: {shape[0]} x {shape[1]} cannot be halved {len(channels)} times (n_channels). "
            f"Give multiples of {parts}."
        )
    if kernel % 2 or kernel < 2:
        raise ns.DescriptionError(f"image_generator: kernel={kernel} is not even. Give an even number.")
    units = lambda name, size, f: cells.unit(  # noqa: E731
        name, size, f, bias=np.zeros(size if isinstance(size, int) else size[-1]), learns="bias"
    )
    hidden = units("hidden", n_hidden, function)
    last = units("maps", (shape[0] // parts, shape[1] // parts, channels[0]), function)
    known = [ns.Neurons("label", n_classes)] + ([ns.Neurons("code", n_codes)] if n_codes else [])
    pairs = [*((sender, hidden) for sender in known), (hidden, last)]
    synapses = [
        ns.Synapses(pre, post, weight=initial(function, pre.size), learns=True) for pre, post in pairs
    ]
    for k, count in enumerate([*channels[1:], shape[2]], 1):
        name, f = (f"drawn_{k}", function) if k < len(channels) else ("out", output)
        post = units(name, (2 * last.shape[0], 2 * last.shape[1], count), f)
        if unpool:
            enlarged = ns.Neurons(f"enlarged_{k}", (*post.shape[:2], last.shape[2]))
            synapses.append(ns.Synapses(last, enlarged, wiring=ns.unpool((2, 2))))
            last, wiring, side = enlarged, ns.conv((kernel - 1, kernel - 1), padding="same"), kernel - 1
        else:
            wiring = ns.transposed_conv((kernel, kernel), stride=2, padding=kernel // 2 - 1)
            side = kernel // 2  # a unit is reached by a quarter of the windows
        weight = initial(f, last.shape[-1] * side**2)
        synapses.append(ns.Synapses(last, post, wiring=wiring, weight=weight, learns=True))
        last = post
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """A picture of each of four classes, by a network that has learned nothing."""
    return {
        "net": image_generator(4, (8, 8, 1), (6, 4), n_codes=2, n_hidden=12),
        "inputs": {"label": np.eye(4)[:, None], "code": np.ones((4, 1, 2))},
        "record": ["hidden", "maps", "drawn_1", "out"],
        "seed": 1,
    }
