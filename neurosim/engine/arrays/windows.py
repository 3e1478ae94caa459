"""Convolutions and poolings as products: synapses that share their weights in windows."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.arrays.parts import Part
from neurosim.engine.arrays.products import Product, Target, Weights, single
from neurosim.plan.plan import Plan, Sparse
from neurosim.plan.recipe import Convolution, Pooling, Windows

Transposed = Callable[[jax.Array], tuple[jax.Array]]


def window_product(plan: Plan, pathway: Sparse, reduce: str, ones: bool) -> Product | None:
    """The windows of a pathway as one convolution or pooling.

    None if it has no windows, or if that would give other numbers.

    ones: whether all weights are 1.

    A convolution takes sums only. The transpose of one, which leads from the windows back to the space, is
    not defined for a mean, which counts arrivals, nor for a maximum.
    """
    windows = pathway.windows
    if (
        windows is None
        or (reduce == "max" and not isinstance(windows, Pooling))
        or (windows.turned and reduce != "sum")
    ):
        return None
    senders, slide = Part(pathway.pre_index, plan.groups[pathway.pre].shape), windows.slide
    space, out = (*slide.space, windows.channels), (*slide.out, windows.out_channels)

    def forward(weight: jax.Array, x: jax.Array) -> jax.Array:
        if isinstance(windows, Convolution):
            return _convolved(windows, weight, x)
        return _pooled(windows, reduce, x if ones else x * weight)

    def apply(weight: jax.Array, message: jax.Array) -> jax.Array:
        if not windows.turned:
            return forward(weight, senders.take(message, space))
        shape = jax.ShapeDtypeStruct((message.shape[0], *space), message.dtype)
        transposed = cast(Transposed, jax.linear_transpose(partial(forward, weight), shape))
        return transposed(senders.take(message, out))[0]

    def prepare(weights: Weights) -> jax.Array:
        return weights[pathway.name]

    terms: ArrayLike = 0 if reduce == "sum" else _terms(windows, out)
    target = Target(str(pathway.to), Part(pathway.post_index, plan.groups[pathway.post].shape), terms)
    return Product(pathway.pre, pathway.post, windows.delay, (target,), prepare, single(apply))


def _terms(windows: Windows, out: tuple[int, ...]) -> np.ndarray:
    """How many arrivals each target gets: fewer at the edges, where windows reach beyond the space."""
    inside = np.asarray(_pooled(windows, "sum", jnp.ones((1, *windows.slide.space, 1))))
    return np.broadcast_to(np.rint(inside)[0] * windows.channels_seen, out).astype(np.int64).ravel()


def _padding(windows: Windows) -> list[tuple[int, int]]:
    """Padding before and after each axis; below 0 where the last windows end before the space does."""
    slide = windows.slide
    axes = zip(slide.space, slide.out, slide.kernel, slide.stride, slide.dilation, slide.before, strict=True)
    return [
        (before, (number - 1) * stride + (width - 1) * dilation + 1 - size - before)
        for size, number, width, stride, dilation, before in axes
    ]


def _convolved(windows: Convolution, weight: jax.Array, x: jax.Array) -> jax.Array:
    """The convolution of x (trial, *space, channel) with weight (out channel, channel, *kernel)."""
    slide, padding = windows.slide, _padding(windows)
    # Leading axes along which windows are one wide, such as examples side by side, are treated as trials: it
    # is much faster to slide over fewer axes.
    still = 0
    while (
        still < len(slide.kernel) - 1
        and slide.kernel[still] == slide.stride[still] == 1
        and padding[still] == (0, 0)
    ):
        still += 1
    lead, letters = x.shape[: still + 1], "abcdefghij"[: len(slide.kernel) - still]
    x = x.reshape(-1, *x.shape[still + 1 :])
    weight = weight.reshape(*weight.shape[:2], *weight.shape[still + 2 :])
    form = (f"N{letters}C", f"OI{letters}", f"N{letters}C")
    out = jax.lax.conv_general_dilated(
        x,
        weight,
        slide.stride[still:],
        padding[still:],
        rhs_dilation=slide.dilation[still:],
        dimension_numbers=jax.lax.conv_dimension_numbers(x.shape, weight.shape, form),
        feature_group_count=windows.groups,
    )
    return out.reshape(*lead, *out.shape[1:])


def _pooled(windows: Windows, reduce: str, x: jax.Array) -> jax.Array:
    """The sums or maxima of x (trial, *space, channel) in windows."""
    slide, padding = windows.slide, _padding(windows)
    side_by_side = slide.stride == slide.kernel and all(pair == (0, 0) for pair in padding)
    if side_by_side and set(slide.dilation) == {1}:  # sums along axes are faster than a sliding window
        split = [n for out, width in zip(slide.out, slide.kernel, strict=True) for n in (out, width)]
        axes = tuple(range(2, 2 * len(slide.kernel) + 1, 2))
        tiles = x.reshape(x.shape[0], *split, x.shape[-1])
        return tiles.max(axis=axes) if reduce == "max" else tiles.sum(axis=axes)
    start, combine = (-jnp.inf, jax.lax.max) if reduce == "max" else (0.0, jax.lax.add)
    edges = [(0, 0, 0), *((before, after, 0) for before, after in padding), (0, 0, 0)]
    return jax.lax.reduce_window(
        jax.lax.pad(
            x, jnp.asarray(start, x.dtype), edges
        ),  # unlike reduce_window, it also takes negative padding
        np.asarray(start, x.dtype),
        combine,
        (1, *slide.kernel, 1),
        (1, *slide.stride, 1),
        "VALID",
        window_dilation=(1, *slide.dilation, 1),
    )
