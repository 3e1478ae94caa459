"""A deconvolutional network: it shows which parts of an image activated the units of a convolutional network.

Source: Zeiler & Fergus 2014, Visualizing and understanding convolutional networks, ECCV,
doi:10.1007/978-3-319-10590-1_53 (arXiv:1311.2901).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import convolved, largest, per_block


def deconvolutional(
    shape: tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = 8,
    *,
    kernel: int | Sequence[int] = 3,
    padding: str = "valid",
    pool: int = 2,
    weights: Sequence[ArrayLike] | None = None,
    biases: Sequence[ArrayLike] | None = None,
) -> ns.Network:
    """A convolutional network and its way back, from chosen units to the image.

    `image` -> `features_1` -> `pooled_1` -> ... -> `chosen`, and back -> `unpooled_1` -> `projection`, the
    blocks in reverse.

    The way up is that of `conv_net`: convolution with rectifiers, then the maximum of squares. `chosen` is
    the topmost `pooled_k` times `mask`, a driven population of the same shape: 1 keeps a unit, 0 drops it. On
    the way down `unpooled_k` puts each number where the maximum was (the switches: the units of `features_k`
    that equal their `pooled_k`; equal ones all get it), rectified. `filtered_k`, in the end `projection`, of
    the shape of the image, spreads it by the transposed weights of the way up. Weights and biases learn, as
    in a convolutional autoencoder whose code is `chosen`.

    Arguments:
        shape: (rows, columns, channels) of the image.
        n_channels: the number of channels of each block; one number is one block.
        kernel: the side of the windows of weights, one number or one per block.
        padding: 'same' lets windows reach over the edge, 'valid' keeps them within.
        pool: the side of the squares of which the maximum is taken.
        weights: those of the blocks, such as of a trained `conv_net`, shape (channel, channel below, kernel,
            kernel); by default He's.
        biases: those of the blocks, one per channel; default: 0.

    Raises DescriptionError for a wrong number of weights or biases.

    >>> deconvolutional()["projection"].shape == (8, 8, 1)
    True
    """
    channels = per_block("deconvolutional: n_channels", n_channels)
    kernels = per_block("deconvolutional: kernel", kernel, len(channels))
    for name, arrays in (("weights", weights), ("biases", biases)):
        if arrays is not None and len(arrays) != len(channels):
            raise ns.DescriptionError(
                f"deconvolutional: {len(channels)} blocks take as many {name}, not {len(arrays)}. "
                "Give one for each block."
            )
    up: list[ns.Synapses] = []
    blocks, last = [], ns.Neurons("image", shape)
    for k, (n, side) in enumerate(zip(channels, kernels, strict=True)):
        weight, bias = (None if weights is None else weights[k]), (0.0 if biases is None else biases[k])
        features = convolved(
            last, f"features_{k + 1}", n, side, up, padding=padding, weight=weight, bias=bias
        )
        pooled = largest(features, f"pooled_{k + 1}", pool, up)
        blocks.append((last, features, pooled))
        last = pooled
    mask = ns.Neurons("mask", last.shape)
    chosen = ns.Neurons("chosen", last.shape, ports="I mask", update="y = I*mask")
    down = [
        ns.Synapses(sender, chosen, to=port, wiring=ns.one_to_one())
        for sender, port in ((last, "I"), (mask, "mask"))
    ]
    back = chosen
    for k in reversed(range(len(blocks))):
        back = _descend(back, k, *blocks[k], up[2 * k], up[2 * k + 1], down)
    return ns.Network(up, down, schedule=ns.Layered())


def _descend(
    sender: ns.Neurons,
    k: int,
    below: ns.Neurons,
    features: ns.Neurons,
    pooled: ns.Neurons,
    conv: ns.Synapses,
    pool: ns.Synapses,
    down: list[ns.Synapses],
) -> ns.Neurons:
    """The way back through a block: unpooling by its switches, then its convolution, transposed."""
    unpooled = ns.Neurons(
        f"unpooled_{k + 1}", features.shape, ports="I top x", update="y = relu(where(x == top, I, 0))"
    )
    name = f"filtered_{k}" if k else "projection"
    filtered = cells.unit(name, below.shape, "linear")
    down += [
        ns.Synapses(sender, unpooled, to="I", wiring=pool.wiring, weight=pool.T),
        ns.Synapses(pooled, unpooled, to="top", wiring=pool.wiring, weight=pool.T),
        ns.Synapses(features, unpooled, to="x", wiring=ns.one_to_one()),
        ns.Synapses(unpooled, filtered, wiring=conv.wiring, weight=conv.T),
    ]
    return filtered


def example() -> dict[str, Any]:
    """Eight digits as two blocks with random weights see them, through one channel of the top."""
    from sklearn.datasets import load_digits

    net = deconvolutional(n_channels=(6, 4), padding="same")
    mask = np.zeros((8, *net["mask"].shape))
    mask[..., 1] = 1.0
    digits = load_digits().images[:8, :, :, None] / 16.0
    return {
        "net": net,
        "inputs": {"image": digits, "mask": mask},
        "record": ["chosen", "filtered_1", "projection"],
        "seed": 1,
    }
