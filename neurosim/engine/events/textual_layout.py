"""The layout of synapses with text, built by C++ (`core/construct/textual.cpp`)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.delivery import delivery_order
from neurosim.engine.events.background import in_background
from neurosim.engine.events.build import load
from neurosim.engine.events.construct import (
    NO_MEMORY,
    Int,
    NumberRecipeStruct,
    address,
    declare,
    number_recipe_struct,
    pathway_struct,
)
from neurosim.engine.events.keys import TextualPart
from neurosim.engine.events.layouts import Array
from neurosim.errors import EngineError
from neurosim.plan.plan import Plan, Textual
from neurosim.recording.allocation import aligned_empty

SOURCE = '#include "core/construct/textual.cpp"\n'
LABEL = "the layout of synapses with text"
SHORT_RUN = 16  # synapses; below that, runs take as long as looking at each
LONG_AGO = -(2**30)  # a tick, counted from the start of the run, that is earlier than any that matters


class StartValuesStruct(ctypes.Structure):
    """`StartValues` of core/construct/textual_layout.hpp."""

    _fields_ = (("numbers", NumberRecipeStruct), ("weight", ctypes.c_int32), ("narrow", ctypes.c_int32))


class SynapseArraysStruct(ctypes.Structure):
    """`SynapseArrays` of core/construct/textual_layout.hpp."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "row", "bundle", "first", "post_first", "block_first", "receiver", "by_post", "canonical", "own",
            "starts",
        )),
        *((name, ctypes.c_int64) for name in ("variables", "real", "step", "apart")),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class TextualLayout:
    """The synapses of a pathway with text.

    The place of a synapse is its position here: by block of targets, then sender, then delay. A bundle is the
    synapses of one block, sender and delay.
    """

    row: NDArray[np.int64]  # (block, sender + 1): the first bundle of each sender
    bundle: NDArray[np.uint32]  # (bundle, 2): delay in ticks, number of synapses
    first: NDArray[np.int64]  # (bundle): the place of its first synapse
    receiver: NDArray[np.int32]  # (synapse): target neuron
    by_post: NDArray[np.int32]  # (synapse): places by target, those of each target in the order of the plan
    post_first: NDArray[np.int64]  # (target + 1): where each target's synapses begin in `by_post`
    block_first: NDArray[np.int64]  # (block + 1): the first place of each block
    order: NDArray[np.int32] | None  # (synapse): its number in the plan; None if places are these numbers
    # The start values: records (1, synapse), or arrays (variable, synapse) for synapses that `lie_in_arrays`;
    # None if the plan has them
    drawn: Array | None
    longest: int  # delay in ticks
    targeted: NDArray[np.uint8]  # (neuron): whether it is in the part that the synapses lead to
    started: NDArray[np.uint8]  # (neuron): whether it is in the part that the synapses start at
    # See `TextualPart`; of some synapses only.
    listed: NDArray[np.int32] | None = None
    group: Array | None = None
    block_group: NDArray[np.int64] | None = None

    @property
    def size(self) -> int:
        """The number of synapses."""
        return self.receiver.size

    @property
    def arriving(self) -> TextualLayout:
        """The layout whose places the bundles mean."""
        return self

    @cached_property
    def canonical(self) -> NDArray[np.int32]:
        """The number of each synapse in the plan: (synapse)."""
        return np.arange(self.size, dtype=np.int32) if self.order is None else self.order

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """The place of each synapse of the plan: (synapse of the plan)."""
        if self.order is None:
            return np.arange(self.size)
        place = np.empty(self.size, np.int64)
        place[self.order] = np.arange(self.size)
        return place

    @cached_property
    def sender(self) -> NDArray[np.int32]:
        """The sending neuron of each synapse: (synapse)."""
        blocks, bundles = len(self.row), np.diff(self.row).reshape(-1)
        sender = np.tile(np.arange(int(self.row.shape[1]) - 1), blocks)
        return np.repeat(np.repeat(sender, bundles), self.bundle[:, 1]).astype(np.int32)

    @cached_property
    def delay(self) -> NDArray[np.int64]:
        """The delay of each synapse in ticks: (synapse)."""
        return np.repeat(self.bundle[:, 0], self.bundle[:, 1]).astype(np.int64)

    @cached_property
    def run(self) -> NDArray[np.int64]:
        """Where each run begins, which is synapses of one sender onto consecutive targets, and the end.

        Only the end if runs are short on average.
        """
        begins = np.ones(self.size + 1, bool)
        begins[1:-1] = (np.diff(self.receiver) != 1) | (np.diff(self.sender) != 0)
        begins[self.block_first] = True
        run = np.flatnonzero(begins).astype(np.int64)
        return run if self.size >= SHORT_RUN * (run.size - 1) and self.size else run[-1:]

    def part(self, part: TextualPart) -> Array:
        """The array that the generated code asks for."""
        match part:
            case TextualPart.ROW:
                return self.row
            case TextualPart.BUNDLE:
                return self.bundle
            case TextualPart.FIRST:
                return self.first
            case TextualPart.BY_POST:
                return self.by_post
            case TextualPart.POST_FIRST:
                return self.post_first
            case TextualPart.BLOCK_FIRST:
                return self.block_first
            case TextualPart.SENDER:
                return self.sender
            case TextualPart.RECEIVER:
                return self.receiver
            case TextualPart.DELAY:
                return self.delay
            case TextualPart.CANONICAL:
                return self.canonical
            case TextualPart.TARGETED:
                return self.targeted
            case TextualPart.STARTED:
                return self.started
            case TextualPart.RUN:
                return self.run
            case TextualPart.BLOCK_RUN:
                return np.searchsorted(self.run, self.block_first).astype(np.int64) * (self.run.size > 1)
            case TextualPart.LISTED:
                assert self.listed is not None
                return self.listed
            case TextualPart.GROUP:
                assert self.group is not None
                return self.group
            case TextualPart.BLOCK_GROUP:
                assert self.block_group is not None
                return self.block_group

    def in_plan_order(self, values: Array) -> Array:
        """A copy of values (trial, synapse) in the order of the plan."""
        if self.order is None:
            return values.copy()
        ordered = np.empty(values.shape, values.dtype)
        ordered[:, self.order] = values
        return ordered


def lay_out(
    plan: Plan, pathway: Textual, bounds: NDArray[np.int32], threads: int, *, by_delay: bool
) -> TextualLayout:
    """The layout of a pathway with text; a recipe is drawn on the way.

    bounds: the first neuron of each block of targets, and their number (block + 1)
    by_delay: whether a sender's synapses may be sorted by delay, which changes their order

    Raises EngineError if there is not enough memory, or more synapses than 32 bits can number.
    """
    n_pre, n_post, blocks = plan.groups[pathway.pre].size, plan.groups[pathway.post].size, bounds.size - 1
    counted = np.zeros(4, np.int64)
    keep_alive: list[Array] = [counted]
    struct = pathway_struct(pathway, keep_alive)
    struct.bound = address(bounds, np.int64, keep_alive)
    core, sizes = library(), (n_pre, n_post, blocks, threads, not by_delay, counted.ctypes.data)
    # The call holds on to the arrays: interrupted, it goes on in the background.
    handle = in_background(
        lambda: (core.neurosim_textual_count(ctypes.byref(struct), *sizes), keep_alive)[0],
        core.neurosim_textual_free,
    )
    if not handle:
        raise EngineError(NO_MEMORY)
    try:
        synapses, bundles, longest, in_order = (int(number) for number in counted)
        if synapses >= 2**31:
            raise EngineError(
                f"run: synapses {pathway.name!r} with text are {synapses:,}, more than {2**31 - 1:,}. "
                "Use fewer."
            )
        is_drawn = pathway.recipe is not None
        layout = TextualLayout(
            row=np.empty((blocks, n_pre + 1), np.int64),
            bundle=np.empty((bundles, 2), np.uint32),
            first=np.empty(bundles, np.int64),
            receiver=np.empty(synapses, np.int32),
            by_post=np.empty(synapses, np.int32),
            post_first=np.empty(n_post + 1, np.int64),
            block_first=np.empty(blocks + 1, np.int64),
            order=None if in_order else np.empty(synapses, np.int32),
            drawn=_empty_starts(plan, pathway, synapses) if is_drawn else None,
            longest=longest,
            targeted=_mask(n_post, pathway.post_index),
            started=_mask(n_pre, pathway.pre_index),
        )
        arrays = _arrays_struct(plan, pathway, layout, keep_alive)
        if not library().neurosim_textual_fill(handle, ctypes.byref(arrays)):
            raise EngineError(NO_MEMORY)
    finally:
        library().neurosim_textual_free(handle)
    return layout


def list_pathway(plan: Plan, pathway: Textual, holder: TextualLayout) -> TextualLayout:
    """The layout of one more pathway of synapses, which lie in memory as `holder` says.

    It lists them by block, neuron that spikes, and delay; the place of a synapse is that in this list.
    """
    blocks, senders = holder.block_first.size - 1, plan.groups[pathway.pre].size
    block = np.searchsorted(holder.block_first[1:-1], holder.place, side="right")
    delay = np.zeros_like(pathway.delay) if pathway.delay_from else pathway.delay
    order = delivery_order(block, pathway.sender, delay)
    keys = np.stack([block[order], pathway.sender[order], delay[order]])
    first = np.flatnonzero(np.r_[True, np.any(np.diff(keys, axis=1) != 0, axis=0)][: order.size])
    row = np.searchsorted(
        keys[0, first] * (senders + 1) + keys[1, first], np.arange(blocks * (senders + 1)), side="left"
    )
    bundle = np.stack([keys[2, first], np.diff(np.r_[first, order.size])], axis=1)
    return TextualLayout(
        row=row.reshape(blocks, senders + 1).astype(np.int64),
        bundle=bundle.astype(np.uint32),
        first=first.astype(np.int64),
        receiver=pathway.receiver[order].astype(np.int32),
        by_post=np.zeros(0, np.int32),
        post_first=np.zeros(0, np.int64),
        block_first=holder.block_first,
        order=order.astype(np.int32),
        drawn=None,
        longest=pathway.longest,
        targeted=holder.targeted,
        started=holder.started,
        listed=holder.place[order].astype(np.int32),
    )


def _mask(size: int, chosen: Array) -> NDArray[np.uint8]:
    """1 for the chosen ones of so many neurons, 0 for the others."""
    mask = np.zeros(size, np.uint8)
    mask[chosen] = 1
    return mask


def _arrays_struct(
    plan: Plan, pathway: Textual, layout: TextualLayout, keep_alive: list[Array]
) -> SynapseArraysStruct:
    """The arrays of a layout, which the C++ fills."""
    text = pathway.text
    starts = (StartValuesStruct * len(text.states))()
    for start, name in zip(starts, text.states, strict=True):
        if pathway.recipe is not None:
            start.numbers = number_recipe_struct(text.laws[name], keep_alive)
            start.weight, start.narrow = name == "w", name == "w" and plan.weight_dtype.itemsize == 4
    return SynapseArraysStruct(
        row=layout.row.ctypes.data,
        bundle=layout.bundle.ctypes.data,
        first=layout.first.ctypes.data,
        post_first=layout.post_first.ctypes.data,
        block_first=layout.block_first.ctypes.data,
        receiver=layout.receiver.ctypes.data,
        by_post=layout.by_post.ctypes.data,
        canonical=None if layout.order is None else layout.order.ctypes.data,
        own=None if layout.drawn is None else layout.drawn.ctypes.data,
        starts=ctypes.cast(starts, ctypes.c_void_p),
        variables=len(starts),
        real=plan.dtype.itemsize,
        step=1 if lie_in_arrays(pathway) else len(starts),
        apart=layout.size if lie_in_arrays(pathway) else 1,
    )


def _empty_starts(plan: Plan, pathway: Textual, synapses: int) -> Array:
    if lie_in_arrays(pathway):
        return aligned_empty((len(pathway.text.states), synapses), plan.dtype)
    return aligned_empty((1, synapses), record_type(plan, pathway))


def lie_in_arrays(holder: Textual) -> bool:
    """Whether each variable of these synapses has an array of its own; else those of a synapse are a record.

    Arrays suit text that runs in all synapses at every tick, records suit arrivals at a few of them.
    """
    return holder.text.integrate is not None or bool(holder.text.summed)


def record_type(plan: Plan, pathway: Textual) -> np.dtype[Any]:
    """The record of one synapse's variables, as the C++ stores it."""
    return np.dtype(
        [(name, np.dtype(np.int32) if in_ticks(plan, name) else plan.dtype) for name in pathway.text.states]
    )


def in_ticks(plan: Plan, name: str) -> bool:
    """Whether the C++ stores a variable of synapses in ticks of the run, not in seconds.

    See `Moment` in core/synapses/moment.hpp.
    """
    return name == "lastupdate" and plan.dtype.itemsize == 4


def to_ticks(plan: Plan, seconds: Array) -> NDArray[np.int32]:
    """Times as ticks counted from the start of the run."""
    return np.maximum(np.rint(seconds / (plan.dt or 1.0)) - plan.first_tick, LONG_AGO).astype(np.int32)


def to_seconds(plan: Plan, ticks: Array) -> NDArray[np.float64]:
    """Ticks counted from the start of the run as times."""
    return (ticks.astype(np.float64) + plan.first_tick) * (plan.dt or 1.0)


@cache
def library() -> ctypes.CDLL:
    """The compiled layout, with the types of its functions declared."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    return declare(
        load(SOURCE, LABEL),
        {
            "textual_count": (pointer, (pointer, Int, Int, number, number, ctypes.c_bool, pointer)),
            "textual_fill": (ctypes.c_bool, (pointer, pointer)),
            "textual_free": (None, (pointer,)),
            "textual_by_target": (ctypes.c_bool, (pointer, pointer, number, pointer)),
        },
    )
