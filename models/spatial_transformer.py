"""A spatial transformer: a network that turns, scales and moves what it sees, before another one reads it.

Source: Jaderberg, Simonyan, Zisserman & Kavukcuoglu 2015, Spatial transformer networks, NeurIPS 28, 2017,
arXiv:1506.02025.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import convolved, largest
from neurosim.models.feed_forward import initial

KERNEL = "w = maximum(0, 1 - abs((I + 1)/2*(n - 1) - place))"


def spatial_transformer(
    shape: tuple[int, int, int] = (28, 28, 1), window: tuple[int, int] | None = None,
    *, n_channels: Sequence[int] = (), kernel: int = 5, n_hidden: Sequence[int] = (32,),
    zoom: float = 1.0, pace: float = 0.1,
) -> ns.Network:  # fmt: skip
    """`image` -> layers that look for an object -> `theta` -> `by_row`, `by_column` -> `window`.

    The pixel of the window at (x, y), both from -1 to 1, is that of the image at (x', y') = theta (x, y, 1),
    by linear interpolation: window_pq = sum over m, n of image_mn max(0, 1 - |y' - m|) max(0, 1 - |x' - n|),
    with x' and y' in pixels. Outside the image there is 0. theta = pace W hidden + bias (2 x 3), where W
    begins at 0. Weights and biases learn. Join a network that reads the window; its loss teaches both.

    Arguments:
        shape: (rows, columns, channels) of the image.
        window: (rows, columns) of the window, at least 2 by 2; default: those of the image.
        n_channels: the numbers of channels of convolutions, each pooled 2 x 2, that look for the object.
        kernel: the side of their windows of weights.
        n_hidden: the numbers of units of the layers between these and `theta`.
        zoom: the window at first, in the middle of the image and as large as `zoom` times the image.
        pace: how fast `theta` learns beside the others, by optimisers whose steps do not depend on the size
            of the gradient; at 1, the window easily leaves the image.

    Raises DescriptionError for an image or a window of fewer than two rows or columns.

    >>> looker = spatial_transformer((20, 20, 1), (8, 8))
    >>> reader = ns.Network(ns.Synapses(looker["window"], cells.unit("digit", 10)), schedule=ns.Layered())
    >>> list(ns.Network(looker, reader, schedule=ns.Layered()).populations)[-2:]
    ['window', 'digit']
    """
    window = shape[:2] if window is None else window
    if min(*window, *shape[:2]) < 2:
        raise ns.DescriptionError(
            f"spatial_transformer: window {window} of an image of {shape[:2]} is too small. Give at least"
            " two rows and columns of both."
        )
    image, items = ns.Neurons("image", shape), []
    theta = ns.Neurons(  # its rows are those of x' and y'
        "theta", (2, 3), update="y = pace*I + bias", pace=pace, bias=zoom * np.eye(2, 3), learns="bias"
    )
    last = image
    for k, channels in enumerate(n_channels, 1):
        last = convolved(last, f"features_{k}", channels, kernel, items, padding="valid")
        last = largest(last, f"pooled_{k}", 2, items)
    for k, size in enumerate(n_hidden, 1):
        unit = cells.unit(f"hidden_{k}", size, "relu", bias=np.zeros(size), learns="bias")
        items.append(ns.Synapses(last, unit, weight=initial("relu", last.size), learns=True))
        last = unit
    items.append(ns.Synapses(last, theta, weight=np.zeros((6, last.size)), learns=True))
    return ns.Network(items, sampled(image, theta, window), schedule=ns.Layered())


def sampled(image: ns.Neurons, theta: ns.Neurons, window: tuple[int, int]) -> list[ns.Synapses]:
    """The population `window`: the image at the points where `theta` puts the pixels of the window."""
    (rows, columns, channels), (height, width) = image.shape, window
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    points = np.stack([x, y, np.ones(window)], axis=-1)  # (row, column, term)
    spread = ns.einsum("term, row column term -> row column place")
    by_row, by_column = (
        ns.Neurons(name, (*window, n), update=KERNEL, n=n, place=np.arange(n))
        for name, n in (("by_row", rows), ("by_column", columns))
    )
    lines = ns.Neurons("lines", (*window, columns, channels), update="y = I")
    seen = ns.Neurons("window", (*window, channels), update="y = I")
    first = ns.einsum("m n channel, row column m -> row column n channel")
    second = ns.einsum("row column n channel, row column n -> row column channel")
    return [
        ns.Synapses(theta[1], by_row, weight=points, wiring=spread),
        ns.Synapses(theta[0], by_column, weight=points, wiring=spread),
        ns.Synapses(image, lines, weight=by_row, wiring=first),
        ns.Synapses(lines, seen, weight=by_column, wiring=second),
    ]


def example() -> dict[str, Any]:
    """Two digits through a network that turns them by 30 degrees and makes them larger."""
    from sklearn.datasets import load_digits

    net = spatial_transformer((8, 8, 1), (6, 6), n_hidden=(4,))
    turn = np.radians(30)
    theta = 0.8 * np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0]])
    net = ns.learn.with_learned(net, {"theta.bias": theta}, partly=True)
    images = load_digits().images[:2, None, :, :, None] / 16.0
    return {"net": net, "inputs": {"image": images}, "record": ["theta", "window"], "seed": 1}
