"""Synapses with text, laid out in C++ (`core/construct/textual.cpp`): by block of targets, sender and delay; and by target."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from neurosim.engine.events.background import in_background
from neurosim.engine.events.build import load
from neurosim.engine.events.construct import (
    NO_MEMORY,
    Int,
    NumberRecipeStruct,
    address,
    number_recipe_struct,
    pathway_struct,
    typed,
)
from neurosim.errors import EngineError
from neurosim.plan.plan import Plan, Textual

SOURCE = '#include "core/construct/textual.cpp"\n'
LABEL = "the layout of synapses with text"
CACHE_LINE = 64  # bytes
LONG_AGO = -(2**30)  # a tick, counted from the start of the run, that is earlier than any that matters


class StartValuesStruct(ctypes.Structure):
    """`Start` of core/construct/textual_layout.hpp."""

    _fields_ = (("numbers", NumberRecipeStruct), ("weight", ctypes.c_int32), ("narrow", ctypes.c_int32))


class SynapseArraysStruct(ctypes.Structure):
    """`Laid` of core/construct/textual_layout.hpp."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "row", "group", "first", "post_first", "block_first", "receiver", "by_post", "canonical", "own", "starts",
        )),
        ("fields", ctypes.c_int64), ("real", ctypes.c_int64),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class TextualLayout:
    """The synapses of a pathway with text. `drawn` holds what each remembers at first, unless the plan has it as arrays."""

    row: np.ndarray  # (block, sender + 1) groups
    group: np.ndarray  # (group, 2): delay, count
    first: np.ndarray  # the first synapse of each group
    receiver: np.ndarray
    by_post: np.ndarray  # places of synapses by target, each target's in the order of the plan
    post_first: np.ndarray
    block_first: np.ndarray
    order: np.ndarray | None  # the numbers of the synapses in the plan, if they are not laid in that order
    drawn: np.ndarray | None
    longest: int  # delay in ticks

    @property
    def size(self) -> int:
        """The number of synapses."""
        return self.receiver.size

    @cached_property
    def canonical(self) -> np.ndarray:
        """The number of each synapse in the plan."""
        return np.arange(self.size, dtype=np.int32) if self.order is None else self.order

    @cached_property
    def place(self) -> np.ndarray:
        """Where each synapse of the plan lies."""
        if self.order is None:
            return np.arange(self.size)
        place = np.empty(self.size, np.int64)
        place[self.order] = np.arange(self.size)
        return place

    @cached_property
    def sender(self) -> np.ndarray:
        """The sending neuron of each synapse."""
        owner = np.concatenate([np.repeat(np.arange(row.size - 1), np.diff(row)) for row in self.row])
        return np.repeat(owner, self.group[:, 1]).astype(np.int32)

    @cached_property
    def delay(self) -> np.ndarray:
        """The delay of each synapse in ticks."""
        return np.repeat(self.group[:, 0], self.group[:, 1]).astype(np.int64)

    def in_order(self, values: np.ndarray) -> np.ndarray:
        """Values (trial, synapse) in the order of the plan, in an array of their own."""
        if self.order is None:
            return values.copy()
        ordered = np.empty(values.shape, values.dtype)
        ordered[:, self.order] = values
        return ordered


def lay_out(
    plan: Plan, pathway: Textual, bounds: np.ndarray, threads: int, *, by_delay: bool
) -> TextualLayout:
    """The layout of a pathway with text whose targets are split at `bounds`; a recipe is drawn on the way.

    `by_delay` may change the order of synapses within a sender's row. Raises EngineError if there is not enough memory.
    """
    n_pre, n_post, blocks = plan.groups[pathway.pre].size, plan.groups[pathway.post].size, bounds.size - 1
    keep_alive: list[np.ndarray] = []
    struct = pathway_struct(pathway, keep_alive)
    struct.bound = address(bounds, np.int64, keep_alive)
    counted = np.zeros(4, np.int64)
    keep_alive.append(counted)
    core, given = library(), (n_pre, n_post, blocks, threads, not by_delay, counted.ctypes.data)
    handle = in_background(
        lambda: (core.neurosim_textual_count(ctypes.byref(struct), *given), keep_alive)[0],
        core.neurosim_textual_free,
    )
    if not handle:
        raise EngineError(NO_MEMORY)
    try:
        synapses, groups, longest, in_order = (int(number) for number in counted)
        if synapses >= 2**31:
            raise EngineError(
                f"run: synapses {pathway.name!r} with text are {synapses:,}, more than {2**31 - 1:,}. Use fewer."
            )
        laid = TextualLayout(
            row=np.empty((blocks, n_pre + 1), np.int64),
            group=np.empty((groups, 2), np.uint32),
            first=np.empty(groups, np.int64),
            receiver=np.empty(synapses, np.int32),
            by_post=np.empty(synapses, np.int32),
            post_first=np.empty(n_post + 1, np.int64),
            block_first=np.empty(blocks + 1, np.int64),
            order=None if in_order else np.empty(synapses, np.int32),
            drawn=aligned_room((1, synapses), record_type(plan, pathway))
            if pathway.recipe is not None
            else None,
            longest=longest,
        )
        if not library().neurosim_textual_fill(
            handle, ctypes.byref(_struct(plan, pathway, laid, keep_alive))
        ):
            raise EngineError(NO_MEMORY)
    finally:
        library().neurosim_textual_free(handle)
    return laid


def _struct(
    plan: Plan, pathway: Textual, laid: TextualLayout, keep_alive: list[np.ndarray]
) -> SynapseArraysStruct:
    text = pathway.text
    starts = (StartValuesStruct * len(text.states))()
    for start, name in zip(starts, text.states, strict=True):
        if pathway.recipe is not None:
            start.numbers = number_recipe_struct(text.drawn[name], keep_alive)
            start.weight, start.narrow = name == "w", name == "w" and plan.weight_dtype.itemsize == 4
    names = ("row", "group", "first", "post_first", "block_first", "receiver", "by_post")
    return SynapseArraysStruct(
        **{name: getattr(laid, name).ctypes.data for name in names},
        canonical=None if laid.order is None else laid.order.ctypes.data,
        own=None if laid.drawn is None else laid.drawn.ctypes.data,
        starts=ctypes.cast(starts, ctypes.c_void_p),
        fields=len(starts),
        real=plan.dtype.itemsize,
    )


def record_type(plan: Plan, pathway: Textual) -> np.dtype:
    """What the C++ keeps of each synapse, one variable beside the other."""
    return np.dtype(
        [(name, np.dtype(np.int32) if in_ticks(plan, name) else plan.dtype) for name in pathway.text.states]
    )


def in_ticks(plan: Plan, name: str) -> bool:
    """Whether the C++ keeps a variable of synapses in ticks of the run, not in seconds (`Moment` of core/synapses/moment.hpp)."""
    return name == "lastupdate" and plan.dtype.itemsize == 4


def to_ticks(plan: Plan, seconds: np.ndarray) -> np.ndarray:
    """Times as ticks counted from the start of the run."""
    return np.maximum(np.rint(seconds / (plan.dt or 1.0)) - plan.first_tick, LONG_AGO).astype(np.int32)


def to_seconds(plan: Plan, ticks: np.ndarray) -> np.ndarray:
    """Ticks counted from the start of the run as times."""
    return (ticks.astype(np.float64) + plan.first_tick) * (plan.dt or 1.0)


def aligned_room(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array to be filled, which begins at a cache line."""
    length = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(length + CACHE_LINE, np.uint8)
    start = -room.ctypes.data % CACHE_LINE
    return room[start : start + length].view(dtype).reshape(shape)


@cache
def library() -> ctypes.CDLL:
    """The compiled layout, with the types of its functions declared."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    calls = {
        "textual_count": (pointer, (pointer, Int, Int, number, number, ctypes.c_bool, pointer)),
        "textual_fill": (ctypes.c_bool, (pointer, pointer)),
        "textual_free": (None, (pointer,)),
    }
    return typed(load(SOURCE, LABEL), calls)
