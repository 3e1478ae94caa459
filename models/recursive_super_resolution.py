"""Super-resolution by one convolution that is applied again and again.

Source: Kim, Lee & Lee 2016, Deeply-recursive convolutional network for image super-resolution, CVPR,
arXiv:1511.04491.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def recursive_super_resolution(
    shape: tuple[int, int, int] = (24, 24, 1), n_channels: int = 16, *, recursions: int = 4, kernel: int = 3
) -> ns.Network:
    """A blurred image -> a sharp one: `image` -> `embed_1` -> `embed_2` -> parts `step_1` ... -> `out`.

    The parts are copies that share all numbers. In part d: state = relu(W x + bias), where x is the state of
    the part before it, at first `embed_2`; rebuilt = relu(V state + bias); guess = U rebuilt + bias + image.
    out = w_1 guess_1 + ... + w_D guess_D. W, V and U are windows of weights that reach over the edge. All
    weights and biases learn. They begin as in the paper, W as the identity and the others as He's; but U
    begins small, so that a guess begins as the image, and w_d as 1/D.

    Train with the sharp image as the target of `out` and of each `step_d_guess`, as the paper does, so that
    the gradient does not fade. No number depends on the size of the image: what was learned from small
    patches works for whole images: `learn.with_learned(large, learn.learned(small))`.

    Arguments:
        shape: (rows, columns, colours) of the image, enlarged to its final size, as by `interpolate`.
        n_channels: the number of channels of all hidden units.
        recursions: how often the convolution W is applied.
        kernel: the side of the windows of weights.

    Raises DescriptionError for less than one recursion.

    >>> net = recursive_super_resolution(recursions=3)
    >>> list(net.parts), len(ns.learn.learned(net))
    (['step_1', 'step_2', 'step_3'], 13)
    """
    if recursions < 1:
        raise ns.DescriptionError(
            f"recursive_super_resolution: recursions={recursions} is none. Give 1 or more."
        )
    hidden = (*shape[:2], n_channels)
    image, out = ns.Neurons("image", shape), ns.Neurons("out", shape, update="y = I")
    embed_1, embed_2 = (_units(f"embed_{k}", hidden, "relu") for k in (1, 2))
    step = _step(hidden, shape[2], kernel)
    items: list[Any] = [_window(image, embed_1, kernel), _window(embed_1, embed_2, kernel)]
    first, below = None, embed_2
    mix = np.eye(shape[2])[:, :, None, None] / recursions
    for d in range(1, recursions + 1):
        part = step.named(f"step_{d}", tied=first)
        first = first or part
        items += [
            part,
            ns.Synapses(below, part["x"], wiring=ns.one_to_one()),
            ns.Synapses(image, part["guess"], wiring=ns.one_to_one()),
            ns.Synapses(part["guess"], out, wiring=ns.conv((1, 1)), weight=mix, learns=True),
        ]
        below = part["state"]
    return ns.Network(items, schedule=ns.Layered())


def _step(shape: tuple[int, ...], colours: int, kernel: int) -> ns.Network:
    """What is done again and again: `x` -> `state` -> `rebuilt` -> `guess`."""
    x = ns.Neurons("x", shape)
    state, rebuilt = _units("state", shape, "relu"), _units("rebuilt", shape, "relu")
    guess = _units("guess", (*shape[:2], colours), "linear")
    same = np.zeros((shape[2], shape[2], kernel, kernel))
    same[:, :, (kernel - 1) // 2, (kernel - 1) // 2] = np.eye(shape[2])
    return ns.Network(
        _window(x, state, kernel, weight=same),
        _window(state, rebuilt, kernel),
        _window(rebuilt, guess, kernel, scale=0.03),
        schedule=ns.Layered(),
    )


def _units(name: str, shape: tuple[int, ...], function: str) -> ns.Neurons:
    return cells.unit(name, shape, function, bias=np.zeros(shape[-1]), learns="bias")


def _window(
    pre: ns.Neurons, post: ns.Neurons, kernel: int, *, scale: float = 1.0, weight: Any = None
) -> ns.Synapses:
    """Convolution with learned weights, which begin normal with variance scale^2 2/fan_in, unless given."""
    if weight is None:
        weight = ns.normal(0.0, scale * np.sqrt(2.0 / (pre.shape[-1] * kernel**2)))
    wiring = ns.conv((kernel, kernel), padding="same")
    return ns.Synapses(pre, post, wiring=wiring, weight=weight, learns=True)


def example() -> dict[str, Any]:
    """A digit, halved and enlarged again, through an untrained network of two recursions."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:1] / 16.0
    small = digits.reshape(1, 4, 2, 4, 2).mean(axis=(2, 4))
    images = np.repeat(np.repeat(small, 2, axis=1), 2, axis=2)[:, None, :, :, None]
    net = recursive_super_resolution((8, 8, 1), 4, recursions=2)
    record = ["step_2_state", "step_1_guess", "out"]
    return {"net": net, "inputs": {"image": images}, "record": record, "seed": 1}
