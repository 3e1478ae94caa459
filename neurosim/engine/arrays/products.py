"""What arrives at ports: messages times weights, each kind of synapses in the form that an array machine does best.

`prepare` turns the weights of the plan into what every tick uses, once and through which gradients pass; `arrive` takes the
messages of a tick, (trial, *sender), and gives what arrives at each end, (trial, *population).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, assert_never

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.parts import Part
from neurosim.network.text import names_in
from neurosim.plan.codegen.jax_code import jax_block
from neurosim.plan.plan import Dense, Einsum, Plan, Private, Sparse, Textual
from neurosim.plan.recipe import Convolution, Pooling, Windows

MOST_DENSE = 2**24  # entries up to which a sparse matrix is multiplied as a dense one
LETTERS = "abcdefghijklmnopqrstuvwxyABCDEFGHIJKLMNOPQRSTUVWXY"  # z is kept for the trial axis
Numbers = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class End:
    """Where a product ends: port or variable `to`, which neurons of the target, and how many terms each sum has."""

    to: str
    part: Part
    terms: Any
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Product:
    """Messages of `pre`, sent `delay` ticks ago, times weights, as what arrives at each end.

    `apply` gives one array, `split` what of it arrives at each end. `counted`: what arrives comes with how many spikes did,
    because that changes from tick to tick.
    """

    pre: str
    post: str
    delay: int
    ends: tuple[End, ...]
    prepare: Callable[[Numbers], Any]
    apply: Callable[..., Any]
    sent: tuple[str, int] | None = (
        None  # the population whose messages are the weights, and how many ticks ago
    )
    counted: bool = False
    split: Callable[[Any], list[Any]] = lambda value: [value]


def products_into(plan: Plan, post: str, spiking: Callable[[str], bool]) -> list[Product]:
    """The products that end at a population; matrices with the same sender and delay are multiplied together."""
    matrices: dict[tuple, list[_Matrix]] = {}
    found: list[Product] = []
    for pathway in plan.pathways.values():
        if pathway.post != post:
            continue
        reduce = plan.groups[post].ports.get(str(pathway.to), "sum")
        match pathway:
            case Textual():
                found += [_text(plan, pathway)] if pathway.text.on_pre is not None else []
            case Einsum():
                found.append(_einsum(plan, pathway, reduce))
            case Dense() if reduce == "max":
                found.append(_largest(plan, pathway))
            case Dense():
                matrix = _Matrix(
                    pathway.name,
                    pathway.pre_index,
                    pathway.post_index,
                    itemgetter(pathway.name),
                    None,
                    None,
                    pathway.delay,
                )
                matrices.setdefault((pathway.pre, pathway.pre_index.tobytes(), matrix.delay), []).append(
                    matrix
                )
            case Sparse() if reduce != "sum" and spiking(pathway.pre):
                delays = np.unique(pathway.delay)
                found += [
                    _spikes(plan, pathway, np.flatnonzero(pathway.delay == delay), int(delay), reduce)
                    for delay in delays
                ]
            case Sparse():
                for piece in _of_windows(plan, pathway, reduce) or _pieces(plan, pathway, reduce):
                    if isinstance(piece, _Matrix):
                        matrices.setdefault((pathway.pre, piece.pre_index.tobytes(), piece.delay), []).append(
                            piece
                        )
                    else:
                        found.append(piece)
            case Private():  # drawn step by step; see ticks.py
                pass
            case _ as unknown:
                assert_never(unknown)
    return found + [
        _fused(plan, plan.pathways[group[0].name].pre, post, group) for group in matrices.values()
    ]


def _of_windows(plan: Plan, pathway: Sparse, reduce: str) -> list[Product]:
    """Windows as one convolution or pooling; none where that cannot give what their synapses give one by one."""
    windows = pathway.windows
    if (
        windows is None
        or (reduce == "max" and not isinstance(windows, Pooling))
        or (windows.turned and reduce != "sum")
    ):
        return []
    return [_windows(plan, pathway, windows, reduce)]


def _weights_of(pathway: Sparse, chosen: np.ndarray) -> Callable[[Numbers], Any]:
    """The weights of these synapses, one each, also where windows share them."""
    number = chosen if pathway.windows is None else pathway.windows.number()[chosen]
    return lambda numbers: numbers[pathway.name].reshape(-1)[number]


@dataclass(frozen=True, eq=False)
class _Matrix:
    """A matrix (post_index, pre_index): the `weights` of a dense pathway, or of synapses one by one, laid out in `row` and `column`."""

    name: str
    pre_index: np.ndarray
    post_index: np.ndarray
    weights: Callable[[Numbers], Any]
    row: np.ndarray | None
    column: np.ndarray | None
    delay: int

    def prepare(self, numbers: Numbers) -> Any:
        weight = self.weights(numbers)
        if self.row is None:
            return weight
        empty = jnp.zeros((self.post_index.size, self.pre_index.size), weight.dtype)
        return empty.at[self.row, self.column].add(weight)


def _fused(plan: Plan, pre: str, post: str, group: list[_Matrix]) -> Product:
    senders, target = Part(group[0].pre_index, plan.groups[pre].shape), plan.groups[post].shape
    ends = []
    for matrix in group:
        terms: Any = matrix.pre_index.size
        if matrix.row is not None:
            terms = np.bincount(matrix.row, minlength=matrix.post_index.size)
        ends.append(
            End(
                str(plan.pathways[matrix.name].to),
                Part(matrix.post_index, target),
                terms,
                (matrix.post_index.size,),
            )
        )
    cuts = np.cumsum([m.post_index.size for m in group])[:-1].tolist()

    def prepare(numbers: Numbers) -> Any:
        return jnp.concatenate([m.prepare(numbers) for m in group]).T

    def apply(weight: Any, message: Any) -> Any:
        return senders.take(message, (senders.index.size,)) @ weight

    return Product(
        pre,
        post,
        group[0].delay,
        tuple(ends),
        prepare,
        apply,
        split=lambda value: jnp.split(value, cuts, axis=-1),
    )


def _pieces(plan: Plan, pathway: Sparse, reduce: str) -> list[Product | _Matrix]:
    """The synapses of a sparse pathway, delay by delay."""
    found: list[Product | _Matrix] = []
    for delay in np.unique(pathway.delay):
        chosen = np.flatnonzero(pathway.delay == delay)
        sender, receiver = pathway.sender[chosen], pathway.receiver[chosen]
        senders, receivers = np.unique(sender), np.unique(receiver)
        if chosen.size == senders.size == receivers.size and np.all(np.diff(receiver) > 0):
            found.append(_pairs(plan, pathway, chosen, int(delay)))
        elif reduce != "max" and senders.size * receivers.size <= MOST_DENSE:
            row, column = np.searchsorted(receivers, receiver), np.searchsorted(senders, sender)
            found.append(
                _Matrix(
                    pathway.name, senders, receivers, _weights_of(pathway, chosen), row, column, int(delay)
                )
            )
        else:
            found.append(_scattered(plan, pathway, chosen, int(delay), reduce))
    return found


def _pairs(plan: Plan, pathway: Sparse, chosen: np.ndarray, delay: int) -> Product:
    """Synapses that join neurons in pairs, in the same order on both sides."""
    sender, receiver = (
        Part(pathway.sender[chosen], plan.groups[pathway.pre].shape),
        Part(pathway.receiver[chosen], plan.groups[pathway.post].shape),
    )
    end = End(str(pathway.to), receiver, 1, (chosen.size,))

    def apply(weight: Any, message: Any) -> Any:
        return sender.take(message, (chosen.size,)) * weight

    return Product(pathway.pre, pathway.post, delay, (end,), _weights_of(pathway, chosen), apply)


def _scattered(plan: Plan, pathway: Sparse, chosen: np.ndarray, delay: int, reduce: str) -> Product:
    """Synapses one by one."""
    sender, receiver = pathway.sender[chosen], pathway.receiver[chosen]
    group = plan.groups[pathway.post]
    end = End(
        str(pathway.to),
        Part(np.arange(group.size), group.shape),
        np.bincount(receiver, minlength=group.size),
        group.shape,
    )

    def apply(weight: Any, message: Any) -> Any:
        value = message.reshape(message.shape[0], -1)[:, sender] * weight
        if reduce == "max":
            return jnp.full((message.shape[0], group.size), -jnp.inf, value.dtype).at[:, receiver].max(value)
        return jnp.zeros((message.shape[0], group.size), value.dtype).at[:, receiver].add(value)

    return Product(pathway.pre, pathway.post, delay, (end,), _weights_of(pathway, chosen), apply)


def _spikes(plan: Plan, pathway: Sparse, chosen: np.ndarray, delay: int, reduce: str) -> Product:
    """Spikes into a port that takes the maximum or mean of those that arrive."""
    sender, receiver = pathway.sender[chosen], pathway.receiver[chosen]
    group = plan.groups[pathway.post]
    end = End(str(pathway.to), Part(np.arange(group.size), group.shape), 0, group.shape)

    def apply(weight: Any, message: Any) -> Any:
        spikes = message.reshape(message.shape[0], -1)[:, sender]
        empty = jnp.zeros((message.shape[0], group.size), spikes.dtype)
        count = empty.at[:, receiver].add(spikes)
        if reduce == "mean":
            return (empty.at[:, receiver].add(spikes * weight), count)
        return (
            (empty - jnp.inf).at[:, receiver].max(jnp.where(spikes > 0, spikes * weight, -jnp.inf)),
            count,
        )

    return Product(
        pathway.pre, pathway.post, delay, (end,), _weights_of(pathway, chosen), apply, counted=True
    )


def _largest(plan: Plan, pathway: Dense) -> Product:
    """The largest of all weighted messages."""
    senders = Part(pathway.pre_index, plan.groups[pathway.pre].shape)
    end = End(
        str(pathway.to),
        Part(pathway.post_index, plan.groups[pathway.post].shape),
        senders.index.size,
        (pathway.post_index.size,),
    )

    def apply(weight: Any, message: Any) -> Any:
        return (weight * senders.take(message, (1, senders.index.size))).max(axis=2)

    return Product(
        pathway.pre, pathway.post, pathway.shortest, (end,), lambda numbers: numbers[pathway.name], apply
    )


def _einsum(plan: Plan, pathway: Einsum, reduce: str) -> Product:
    sender, weights, target = pathway.letters
    letter = dict(zip(dict.fromkeys((*sender, *weights, *target)), LETTERS, strict=False))
    senders = Part(pathway.pre_index, plan.groups[pathway.pre].shape)
    given, sent = pathway.weight_from, None
    shape = pathway.weight.shape
    if given is not None:
        shape, sent = given[2], (given[0], given[3])
        source = Part(given[1], plan.groups[given[0]].shape)
    known = [axis for axis in target if axis in sender or axis in weights]
    summed = [axis for axis in dict.fromkeys((*sender, *weights)) if axis not in target]
    size = dict(zip(sender, pathway.pre_shape, strict=True)) | dict(zip(weights, shape, strict=True))
    kept = known if reduce != "max" else known + summed
    first, second, result = ("".join(letter[axis] for axis in axes) for axes in (sender, weights, kept))
    formula = f"z{first},{'z' if sent else ''}{second}->z{result}"
    length = dict(zip(target, pathway.post_shape, strict=True))
    places = tuple(length[axis] if axis in known else 1 for axis in target)
    terms = int(np.prod([size[axis] for axis in summed]))
    end = End(
        str(pathway.to), Part(pathway.post_index, plan.groups[pathway.post].shape), terms, pathway.post_shape
    )

    def apply(weight: Any, message: Any) -> Any:
        if given is not None:
            weight = source.take(weight, given[2])
        value = jnp.einsum(formula, senders.take(message, pathway.pre_shape), weight)
        if reduce == "max" and summed:
            value = value.max(axis=tuple(range(-len(summed), 0)))
        count = message.shape[0]
        return jnp.broadcast_to(value.reshape(count, *places), (count, *pathway.post_shape))

    def prepare(numbers: Numbers) -> Any:
        return numbers[pathway.name] if given is None else None

    return Product(pathway.pre, pathway.post, pathway.delay, (end,), prepare, apply, sent)


def _windows(plan: Plan, pathway: Sparse, windows: Windows, reduce: str) -> Product:
    senders = Part(pathway.pre_index, plan.groups[pathway.pre].shape)
    slide = windows.slide
    space, out = (*slide.space, windows.channels), (*slide.out, windows.out_channels)
    terms: Any = 0
    if reduce != "sum":
        inside = _pooled(windows, "sum", jnp.ones((1, *slide.space, 1)))
        each = windows.channels_seen
        terms = np.broadcast_to(np.rint(np.asarray(inside))[0] * each, out).astype(np.int64).ravel()
    end = End(
        str(pathway.to), Part(pathway.post_index, plan.groups[pathway.post].shape), terms, pathway.post_shape
    )

    def forward(weight: Any, x: Any) -> Any:
        if isinstance(windows, Convolution):
            return _conv(windows, weight, x)
        return _pooled(windows, reduce, x * weight)

    def apply(weight: Any, message: Any) -> Any:
        count = message.shape[0]
        if not windows.turned:
            return forward(weight, senders.take(message, space))
        turn = jax.linear_transpose(
            partial(forward, weight), jax.ShapeDtypeStruct((count, *space), message.dtype)
        )
        return turn(senders.take(message, out))[0]

    return Product(
        pathway.pre, pathway.post, windows.delay, (end,), lambda numbers: numbers[pathway.name], apply
    )


def _after(windows: Windows) -> list[tuple[int, int]]:
    """Padding before and after each axis; below 0 where the last windows end before the space does."""
    slide = windows.slide
    parts = zip(slide.space, slide.out, slide.kernel, slide.stride, slide.dilation, slide.before, strict=True)
    return [
        (before, (n - 1) * step + (width - 1) * spread + 1 - size - before)
        for size, n, width, step, spread, before in parts
    ]


def _conv(windows: Convolution, weight: Any, x: Any) -> Any:
    slide, padding = windows.slide, _after(windows)
    still = 0  # leading axes along which windows are one wide (examples side by side) are as trials: fewer axes to slide over are much faster
    while (
        still < len(slide.kernel) - 1
        and slide.kernel[still] == slide.stride[still] == 1
        and padding[still] == (0, 0)
    ):
        still += 1
    lead, axes = x.shape[: still + 1], "abcdefghij"[: len(slide.kernel) - still]
    x, weight = (
        x.reshape(-1, *x.shape[still + 1 :]),
        weight.reshape(*weight.shape[:2], *weight.shape[still + 2 :]),
    )
    form = jax.lax.conv_dimension_numbers(x.shape, weight.shape, (f"N{axes}C", f"OI{axes}", f"N{axes}C"))
    out = jax.lax.conv_general_dilated(
        x, weight, slide.stride[still:], padding[still:], rhs_dilation=slide.dilation[still:], dimension_numbers=form,
        feature_group_count=windows.groups,
    )  # fmt: skip
    return out.reshape(*lead, *out.shape[1:])


def _pooled(windows: Windows, reduce: str, x: Any) -> Any:
    slide, padding = windows.slide, _after(windows)
    evenly = (
        slide.stride == slide.kernel
        and all(pair == (0, 0) for pair in padding)
        and set(slide.dilation) == {1}
    )
    if evenly:  # windows side by side: a sum or maximum along axes, faster than a sliding window
        split = [n for out, width in zip(slide.out, slide.kernel, strict=True) for n in (out, width)]
        axes = tuple(range(2, 2 * len(slide.kernel) + 1, 2))
        tiles = x.reshape(x.shape[0], *split, x.shape[-1])
        return tiles.max(axis=axes) if reduce == "max" else tiles.sum(axis=axes)
    start, combine = (-jnp.inf, jax.lax.max) if reduce == "max" else (0.0, jax.lax.add)
    trimmed = jax.lax.pad(
        x, jnp.asarray(start, x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in padding), (0, 0, 0)]
    )
    return jax.lax.reduce_window(
        trimmed,
        np.asarray(start, x.dtype),
        combine,
        (1, *slide.kernel, 1),
        (1, *slide.stride, 1),
        "VALID",
        window_dilation=(1, *slide.dilation, 1),
    )


def _text(plan: Plan, pathway: Textual) -> Product:
    """Synapses whose text only adds to one port, such as `I_post += (v_pre - w)**2`; see support.py."""
    assert pathway.text.on_pre is not None
    (statement,) = pathway.text.on_pre.statements
    to = statement.name.removesuffix("_post")
    group, sender, receiver = plan.groups[pathway.post], pathway.sender, pathway.receiver
    term = jax_block((type(statement)("value", "=", statement.expression),), ("value",))
    arriving = [name for name in names_in(statement.expression) if name.endswith("_pre")]
    end = End(
        to, Part(np.arange(group.size), group.shape), np.bincount(receiver, minlength=group.size), group.shape
    )
    fixed = dict(pathway.text.constants)
    square = (
        pathway.sender.size == plan.groups[pathway.pre].size * group.size
    )  # every pair, by sender, targets in order

    def apply(weight: Any, message: Any) -> Any:
        flat = message.reshape(message.shape[0], -1)
        each = flat[:, sender]
        value = term({**fixed, "w": weight, **dict.fromkeys(arriving, each)}, None, None)["value"]
        value = jnp.broadcast_to(value, each.shape)
        if square and np.array_equal(receiver, np.tile(np.arange(group.size), plan.groups[pathway.pre].size)):
            return value.reshape(message.shape[0], -1, group.size).sum(axis=1)
        return jnp.zeros((message.shape[0], group.size), value.dtype).at[:, receiver].add(value)

    return Product(
        pathway.pre, pathway.post, pathway.shortest, (end,), lambda numbers: numbers[pathway.name], apply
    )
