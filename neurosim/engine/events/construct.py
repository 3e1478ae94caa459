"""Rows of synapses, built in C++ (`core/construct.cpp`) from a plan's pathways straight into the layout that is delivered."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log1p
from typing import Any

import numpy as np

from neurosim.engine.events.background import in_background
from neurosim.engine.events.build import load
from neurosim.errors import EngineError
from neurosim.network.recipe import NumberLaw, Numbers, WireLaw
from neurosim.plan.plan import Sparse
from neurosim.plan.recipe import Edges, Recipe

SOURCE = '#include "core/construct.cpp"\n'
NO_MEMORY = "run: there is not enough memory for these synapses. Use fewer, or precision='mixed' (6 to 8 instead of 10 to 12 bytes each)."
LABEL = "the construction of synapses"
Int = ctypes.c_int64


class _Key(ctypes.Structure):
    _fields_ = (("k0", ctypes.c_uint32), ("k1", ctypes.c_uint32))


class _Part(ctypes.Structure):
    _fields_ = (("size", Int), ("first", Int), ("neuron", ctypes.c_void_p))


class NumbersStruct(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int32), ("key", _Key),
        ("first", ctypes.c_double), ("second", ctypes.c_double), ("low", ctypes.c_double), ("high", ctypes.c_double),
        ("values", ctypes.c_void_p),
    )  # fmt: skip


class _Feed(ctypes.Structure):
    """`Feed` of core/feed.hpp."""

    _fields_ = (
        ("wiring", ctypes.c_int32), ("avoid_self", ctypes.c_int32), ("first_sender", Int),
        ("pre", _Part), ("post", _Part), ("order", ctypes.c_void_p), ("bound", ctypes.c_void_p), ("slot", ctypes.c_void_p),
        ("sender", ctypes.c_void_p), ("receiver", ctypes.c_void_p), ("delays", ctypes.c_void_p), ("weights", ctypes.c_void_p), ("count", Int),
        ("key", _Key), ("counts", _Key), ("number", Int), ("log_miss", ctypes.c_double),
        ("weight", NumbersStruct), ("delay", NumbersStruct), ("dt", ctypes.c_double),
    )  # fmt: skip


class Report(ctypes.Structure):
    """What was built of one pathway: how many synapses, and their shortest and longest delay in ticks (0 of none)."""

    _fields_ = (("synapses", Int), ("shortest", Int), ("longest", Int))
    synapses: int
    shortest: int
    longest: int


@dataclass(frozen=True, eq=False)
class Landing:
    """Where a pathway's sums lie: `bounds` are the first neurons of the target's blocks, and its size (block + 1);
    `slots` is the place of each block's first neuron in the accumulator of that block (block)."""

    bounds: np.ndarray
    slots: np.ndarray


class Rows:
    """The rows of one deliver step. `table(block)` is the address of Row[senders]; the memory lives as long as this object.

    `form` is (narrow, common) of core/rows.hpp.
    """

    def __init__(self, handle: int, form: tuple[bool, bool], blocks: int, reports: Mapping[str, Report]):
        core = library()
        self.form, self.blocks, self.reports = form, blocks, reports
        self.synapses: int = core.neurosim_rows_synapses(handle)
        self.bytes: int = core.neurosim_rows_bytes(handle)
        self._handle = handle
        weakref.finalize(self, core.neurosim_rows_free, handle)

    def table(self, block: int) -> int:
        """The address of the rows into a block of targets, one per sender."""
        return library().neurosim_rows_table(self._handle, block)

    @property
    def longest(self) -> int:
        """The longest delay in ticks."""
        return max((report.longest for report in self.reports.values()), default=0)


def build_rows(
    pathways: Sequence[Sparse],
    landings: Mapping[tuple[str, str | None], Landing],
    first_sender: Mapping[str, int],
    senders: int,
    slots: int,
    weight_dtype: np.dtype,
    threads: int,
) -> Rows:
    """The rows of sparse pathways without text, in network order, that are delivered in one step; recipes are drawn on the way.

    `landings` holds one Landing for each (post, to), `first_sender` the number of each population's first neuron among all
    `senders`; no block has more than `slots` sums. Raises EngineError if there is not enough memory.
    """
    blocks = len(next(iter(landings.values())).slots) if landings else 1
    feeds, alive = (_Feed * len(pathways))(), []
    reports = (Report * len(pathways))(*(Report(0, np.iinfo(np.int64).max, -1) for _ in pathways))
    for feed, pathway in zip(feeds, pathways, strict=True):
        landing = landings[pathway.post, pathway.to]
        feed.first_sender = first_sender[pathway.pre]
        feed.bound, feed.slot = (
            address(landing.bounds, np.int64, alive),
            address(landing.slots, np.int64, alive),
        )
        _fill(feed, pathway, alive)
    form = (slots <= 2**16, all(_one_weight(pathway) for pathway in pathways))
    core, given = (
        library(),
        (feeds, len(pathways), senders, *form, blocks, threads, weight_dtype.itemsize, reports),
    )
    handle = in_background(lambda: (core.neurosim_rows_build(*given), alive)[0], core.neurosim_rows_free)
    if not handle:
        raise EngineError(NO_MEMORY)
    named = {
        p.name: report if report.synapses else Report(0, 0, 0)
        for p, report in zip(pathways, reports, strict=True)
    }
    return Rows(handle, form, blocks, named)


def _one_weight(pathway: Sparse) -> bool:
    """Whether all synapses have the same weight, so that it need not be stored with each."""
    if pathway.recipe is not None:
        return pathway.recipe.weight.law is NumberLaw.NUMBER
    weight = pathway.edges.weight
    return bool(np.all(weight == weight[:1]))


def draw_edges(recipe: Recipe, weight_dtype: np.dtype, threads: int) -> Edges:
    """The arrays that a recipe gives, drawn in C++: those of `recipe.draw()`. Raises EngineError if there is not enough memory."""
    feed, alive = _Feed(), []
    _prescribe(feed, recipe, alive)
    core = library()
    handle = in_background(
        lambda: (core.neurosim_edges_draw(ctypes.byref(feed), threads), alive)[0], core.neurosim_edges_free
    )
    if not handle:
        raise EngineError(NO_MEMORY)
    try:
        count = core.neurosim_edges_count(handle)
        sender, receiver, delay = (np.empty(count, np.int64) for _ in range(3))
        weight = np.empty(count)
        if not core.neurosim_edges_fill(
            handle, *(array.ctypes.data for array in (sender, receiver, weight, delay))
        ):
            raise EngineError(NO_MEMORY)
    finally:
        core.neurosim_edges_free(handle)
    return Edges(sender, receiver, weight.astype(weight_dtype, copy=False), delay)


def hand_over(pathway: Sparse, alive: list[np.ndarray]) -> _Feed:
    """The synapses of a pathway, as the C++ takes them."""
    feed = _Feed()
    _fill(feed, pathway, alive)
    return feed


def _fill(feed: _Feed, pathway: Sparse, alive: list[np.ndarray]) -> None:
    if pathway.recipe is not None:
        _prescribe(feed, pathway.recipe, alive)
    else:
        _give(feed, pathway.edges, alive)


def _give(feed: _Feed, edges: Edges, alive: list[np.ndarray]) -> None:
    """Hand over synapses as arrays."""
    feed.wiring, feed.count = WireLaw.GIVEN, edges.sender.size
    feed.sender, feed.receiver = (
        address(edges.sender, np.int64, alive),
        address(edges.receiver, np.int64, alive),
    )
    feed.delays, feed.weights = (
        address(edges.delay, np.int64, alive),
        address(edges.weight, np.float64, alive),
    )


def _prescribe(feed: _Feed, recipe: Recipe, alive: list[np.ndarray]) -> None:
    """Hand over synapses as a recipe."""
    wires = recipe.wires
    feed.wiring, feed.avoid_self, feed.number = wires.law, wires.avoid_self, wires.number
    feed.log_miss, feed.dt = log1p(-wires.p), recipe.dt
    feed.key, feed.counts = _Key(*wires.key), _Key(*wires.counts)
    order = None if np.all(np.diff(recipe.pre_index) > 0) else np.argsort(recipe.pre_index)
    feed.order = None if order is None else address(order, np.int64, alive)
    feed.pre = _part(recipe.pre_index if order is None else recipe.pre_index[order], alive)
    feed.post = _part(recipe.post_index, alive)
    feed.weight, feed.delay = numbers_struct(recipe.weight, alive), numbers_struct(recipe.delay, alive)


def _part(index: np.ndarray, alive: list[np.ndarray]) -> _Part:
    run = bool(np.all(np.diff(index) == 1))
    return _Part(index.size, int(index[0]), None if run else address(index, np.int64, alive))


def numbers_struct(given: Numbers, alive: list[np.ndarray]) -> NumbersStruct:
    values = address(given.values, np.float64, alive)
    return NumbersStruct(
        given.law, _Key(*given.key), given.first, given.second, given.low, given.high, values
    )


def address(array: np.ndarray, dtype: Any, alive: list[np.ndarray]) -> int:
    """The address of an array of this type, which is kept in `alive`."""
    alive.append(np.ascontiguousarray(array, dtype=dtype))
    return alive[-1].ctypes.data


@cache
def library() -> ctypes.CDLL:
    """The compiled construction, with the types of its functions declared."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    calls: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "rows_build": (
            pointer,
            (pointer, number, Int, ctypes.c_bool, ctypes.c_bool, number, number, number, pointer),
        ),
        "rows_table": (pointer, (pointer, number)),
        "rows_bytes": (Int, (pointer,)),
        "rows_synapses": (Int, (pointer,)),
        "rows_free": (None, (pointer,)),
        "edges_draw": (pointer, (pointer, number)),
        "edges_count": (Int, (pointer,)),
        "edges_fill": (ctypes.c_bool, (pointer, pointer, pointer, pointer, pointer)),
        "edges_free": (None, (pointer,)),
    }
    return typed(load(SOURCE, LABEL), calls)


def typed(core: ctypes.CDLL, calls: Mapping[str, tuple[Any, tuple[Any, ...]]]) -> ctypes.CDLL:
    """A library with the types of its functions declared: what each returns, and takes."""
    for name, (result, arguments) in calls.items():
        call = getattr(core, f"neurosim_{name}")
        call.restype, call.argtypes = result, arguments
    return core
