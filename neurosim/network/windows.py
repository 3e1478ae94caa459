"""Wirings in windows: convolution, whose weights are shared, and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Pairs, Stream, by_sender
from neurosim.network.kinds import keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import CONVOLUTION, POOLING, Picture, sizes_text
from neurosim.network.values import choice, whole
from neurosim.network.wiring import Shape, Wiring

MOST_SIZE = 2**20  # of a kernel, stride, dilation or padding
Sizes = int | tuple[int, ...]  # one for all axes, or one for each
Padding = str | Sizes  # 'valid', 'same', or numbers of zeros


def sizes_per_axis(given: Any, axes: int, subject: str, least: int = 1) -> tuple[int, ...]:
    """Read one whole number for all axes, or one for each; `subject` opens the error for anything else."""
    sizes = tuple(given) if isinstance(given, (tuple, list)) else (given,) * axes
    if len(sizes) != axes:
        raise DescriptionError(
            f"{subject}: {shown(given)} does not fit {axes} axes. Give one number, or one per axis."
        )
    return tuple(whole(n, subject, least=least, most=MOST_SIZE) for n in sizes)


@dataclass(frozen=True)
class Slide:
    """How windows slide over a space; every field has a number for each axis.

    space: size of the space that the windows see.
    out: number of windows.
    kernel: size of a window.
    stride: distance between windows.
    dilation: distance between the elements of a window.
    before: padding before the first element of the space.
    """

    space: tuple[int, ...]
    out: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def index(self) -> list[np.ndarray]:
        """For each axis, the index of the input of each pair (window, kernel element)."""
        parts = zip(self.out, self.kernel, self.stride, self.dilation, self.before, strict=True)
        return [
            np.arange(out)[:, None] * step - before + np.arange(width) * spread
            for out, width, step, spread, before in parts
        ]

    def taps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every (output, kernel element) pair that lies inside the space, without padding.

        Returns three flat indices, each of shape (pair,): of the input, of the output, and of the element of
        the kernel.
        """
        axes = len(self.index)
        grid = np.indices((*self.out, *self.kernel)).reshape(2 * axes, -1)
        place = [index[grid[axis], grid[axes + axis]] for axis, index in enumerate(self.index)]
        inside = np.all([(p >= 0) & (p < n) for p, n in zip(place, self.space, strict=True)], axis=0)
        return (
            np.ravel_multi_index([p[inside] for p in place], self.space),
            np.asarray(np.ravel_multi_index(list(grid[:axes, inside]), self.out)),
            np.asarray(np.ravel_multi_index(list(grid[axes:, inside]), self.kernel)),
        )

    def convolution_pairs(self, channels: int, out_channels: int, groups: int) -> Pairs:
        """The synapses of a convolution, which share weights; groups of channels are not connected."""
        source, target, tap = self.taps()
        per_in, per_out, taps = channels // groups, out_channels // groups, prod(self.kernel)
        out, into = (c.reshape(-1, 1) for c in np.indices((out_channels, per_in)))
        sender = source * channels + (out // per_out) * per_in + into
        shared = (out * per_in + into) * taps + tap
        return by_sender(sender.ravel(), (target * out_channels + out + 0 * into).ravel(), shared.ravel())

    def pooling_pairs(self, channels: int) -> Pairs:
        """The synapses of pooling, which keeps the channels apart."""
        source, target, _ = self.taps()
        channel = np.arange(channels).reshape(-1, 1)
        return by_sender((source * channels + channel).ravel(), (target * channels + channel).ravel())


def _slide(subject: str, wiring: Any, space: tuple[int, ...]) -> Slide:
    kernel, axes = wiring.kernel, len(wiring.kernel)
    stride = sizes_per_axis(wiring.stride or kernel, axes, f"{subject}: stride")
    dilation = sizes_per_axis(getattr(wiring, "dilation", 1), axes, f"{subject}: dilation")
    padding, shape = [], []
    for axis, (size, width, step, spread) in enumerate(zip(space, kernel, stride, dilation, strict=True)):
        reach = (width - 1) * spread + 1
        if wiring.padding == "same":
            out = -(-size // step)
            before = max((out - 1) * step + reach - size, 0) // 2
        else:
            before = (
                0
                if wiring.padding == "valid"
                else sizes_per_axis(wiring.padding, axes, f"{subject}: padding", least=0)[axis]
            )
            out = (size + 2 * before - reach) // step + 1
        if out < 1:
            raise DescriptionError(
                f"{subject}: a window of {reach} does not fit into {size} neurons on axis {axis}."
                " Use a smaller kernel, or padding."
            )
        padding.append(before)
        shape.append(out)
    return Slide(space, tuple(shape), kernel, stride, dilation, tuple(padding))


def _split(shape: tuple[int, ...], axes: int) -> tuple[tuple[int, ...], int]:
    """The shape of the space and the number of channels, whose axis is the last one and may be missing."""
    return (shape, 1) if len(shape) == axes else (shape[:axes], shape[-1])


class Windowed(Wiring):
    """What convolution and pooling share: windows that slide over the leading axes; the channel is the last
    axis.

    `turned` says that the windows slide over the target: each sender spreads over a window.
    """

    kernel: tuple[int, ...]
    stride: Sizes | None
    padding: Padding
    turned = False

    def target_shape(self, shape: tuple[int, ...], channels: int | None = None) -> tuple[int, ...]:
        """The shape of the target of a sender.

        shape: of the sender.
        channels: number of channels of the target; default: as many as the sender has.

        Raises DescriptionError for a shape over which the kernel cannot slide.

        >>> conv((3, 3), stride=2, padding="same").target_shape((28, 28, 1), 16)
        (14, 14, 16)
        """
        name, axes = type(self).__name__, len(self.kernel)
        if len(shape) not in (axes, axes + 1):
            raise DescriptionError(
                f"{name}: kernel {self.kernel} slides over {axes} axes, not over the shape {shape}."
                " Give a size per spatial axis."
            )
        out = _slide(name, self, shape[:axes]).out
        return (*out, *shape[axes:]) if channels is None else (*out, channels)

    def slide(self, pre: Population, post: Population) -> tuple[Slide, int, int]:
        """How the windows slide, and the numbers of channels of the space that they slide over and of the
        windows.

        Raises DescriptionError where the populations do not fit.
        """
        name, axes = type(self).__name__, len(self.kernel)
        pre, post = (post, pre) if self.turned else (pre, post)
        for population in (pre, post):
            if len(population.shape) not in (axes, axes + 1):
                raise DescriptionError(
                    f"{name}: kernel {self.kernel} slides over {axes} axes, but {label(population)} has"
                    f" shape {population.shape}."
                    " Give a kernel size per spatial axis; the channel is the last axis."
                )
        space, channels = _split(pre.shape, axes)
        found = _slide(name, self, space)
        out = found.out
        out_space, out_channels = _split(post.shape, axes)
        if out_space != out:
            raise DescriptionError(
                f"{name}: {label(pre)} of shape {pre.shape} gives windows of shape {out}, but {label(post)}"
                f" has {post.shape}."
                f" Give it shape {(*out, out_channels)}."
            )
        return found, channels, out_channels

    def expected(self, pre: Population, post: Population) -> float:
        windows = pre if self.turned else post
        return float(windows.size) * prod(self.kernel)

    def _in_order(self, forward: Pairs) -> Pairs:
        """The synapses by sender, from those that lead from the space to the windows."""
        return by_sender(forward.post, forward.pre, forward.shared) if self.turned else forward


@named_arguments
@dataclass(frozen=True)
class conv(Windowed):
    """Convolution: windows of shared weights slide over the leading axes of the sender; the last one is the
    channel.

    kernel: size of a window along each axis, a number for one axis or a tuple.
    stride: distance between windows, a number or one for each axis.
    padding: 'valid' (none), 'same' (as many windows as neurons, divided by the stride), or a number of zeros
        on either side of each axis.
    dilation: distance between the elements of a window, a number or one for each axis.
    groups: number of groups of channels that are not connected with each other; it divides both numbers of
        channels.

    out[r, c, o] = sum over a, b, i of w[o, i, a, b] in[r stride + a dilation - padding, c stride + .., i]. As
    in machine learning, the kernel is not mirrored. A weight array has the shape (channel of target, channel
    of sender / groups, *kernel); `target_shape` says the shape of the target.

    Raises DescriptionError for numbers that are not whole or too small; synapses raise it for populations
    whose shapes do not fit.

    Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86, 2278, doi:10.1109/5.726791.

    >>> import neurosim as ns
    >>> kernel = ns.conv((3, 3), padding="same")
    >>> image, maps = ns.Neurons("image", (28, 28, 1)), ns.Neurons("maps", (28, 28, 8), update="v = I")
    >>> kernel.weight_shape(image, maps)
    (8, 1, 3, 3)
    """

    kernel: Any
    stride: Sizes = 1
    padding: Padding = "valid"
    dilation: Sizes = 1
    groups: int = 1
    shares_weights = True

    def __post_init__(self):
        _check_kernel(self)

    def check(self, pre: Population, post: Population) -> None:
        _, channels, out_channels = self.slide(pre, post)
        if channels % self.groups or out_channels % self.groups:
            raise DescriptionError(
                f"conv: {channels} and {out_channels} channels do not divide into {self.groups} groups."
                " Use a divisor of both."
            )

    def picture(self, pre: Population, post: Population) -> Picture:
        return CONVOLUTION

    def note(self, reduction: str) -> str:
        strides = dict.fromkeys(self.stride if isinstance(self.stride, tuple) else (self.stride,))
        step = "" if set(strides) == {1} else f", stride {' '.join(map(str, strides))}"
        return f"conv {sizes_text(self.kernel)}{step}"

    def weight_shape(self, pre: Population, post: Population) -> Shape:
        _, channels, out_channels = self.slide(pre, post)
        return (out_channels, channels // self.groups, *self.kernel)

    def weight_shapes(self, pre: Population, post: Population, given: Shape) -> list[Shape]:
        return [self.weight_shape(pre, post)]

    def expected(self, pre: Population, post: Population) -> float:
        space = post if self.turned else pre
        return super().expected(pre, post) * _split(space.shape, len(self.kernel))[1] / self.groups

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        slide, channels, out_channels = self.slide(pre, post)
        return self._in_order(slide.convolution_pairs(channels, out_channels, self.groups))


@named_arguments
@dataclass(frozen=True)
class pool(Windowed):
    """Pooling: each target sees a window of its own channel, and its port says how that is reduced.

    kernel: size of a window along each axis, a number for one axis or a tuple.
    stride: distance between windows, a number or one for each axis; default: the size of the window.
    padding: 'valid' (none), 'same' (as many windows as neurons, divided by the stride), or a number on either
        side of each axis. Padding adds nothing to a sum, a mean or a maximum.

    The port of the target is declared with ports="I:max" or ports="I:mean"; without, the window is summed.
    All synapses have one weight, a number.

    Raises DescriptionError for numbers that are not whole or too small; synapses raise it for populations
    whose shapes do not fit.

    Source: Boureau, Ponce & LeCun 2010, A theoretical analysis of feature pooling in visual recognition,
    ICML.

    >>> import neurosim as ns
    >>> ns.pool((2, 2)).target_shape((28, 28, 8))
    (14, 14, 8)
    """

    kernel: Any
    stride: Sizes | None = None
    padding: Padding = "valid"
    one_weight = True

    def __post_init__(self):
        _check_kernel(self)

    def check(self, pre: Population, post: Population) -> None:
        _, channels, out_channels = self.slide(pre, post)
        if channels != out_channels:
            raise DescriptionError(
                f"pool: {label(pre)} has {channels} channels, {label(post)} has {out_channels}."
                " Make them equal."
            )

    def number_shapes(self, pre: Population, post: Population) -> list[Shape]:
        return []

    def picture(self, pre: Population, post: Population) -> Picture:
        return POOLING

    def note(self, reduction: str) -> str:
        return f"{reduction} of {sizes_text(self.kernel)}"

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        slide, channels, _ = self.slide(pre, post)
        return self._in_order(slide.pooling_pairs(channels))


def _check_kernel(wiring: Any) -> None:
    name = type(wiring).__name__
    kernel = tuple(wiring.kernel) if isinstance(wiring.kernel, (tuple, list)) else (wiring.kernel,)
    if not kernel:
        raise DescriptionError(
            f"{name}: kernel () has no axes. Give its size on each spatial axis, such as (3, 3)."
        )
    read = {"kernel": sizes_per_axis(kernel, len(kernel), f"{name}: kernel")}
    if prod(read["kernel"]) > MOST_SIZE:
        raise DescriptionError(
            f"{name}: kernel {shown(kernel)} has more than {MOST_SIZE:,} places. Use a smaller one."
        )
    for part in ("stride", "padding", "dilation"):
        given = getattr(wiring, part, None)
        if part == "padding" and isinstance(given, str):
            choice(given, ("valid", "same"), f"{name}: padding")
        elif not (given is None and isinstance(wiring, pool) and part in ("stride", "dilation")):
            read[part] = sizes_per_axis(
                given, len(kernel), f"{name}: {part}", least=0 if part == "padding" else 1
            )
    if isinstance(wiring, conv):
        read["groups"] = whole(wiring.groups, f"{name}: groups", least=1, most=MOST_SIZE)  # type: ignore[assignment]
    keep(wiring, **read)
