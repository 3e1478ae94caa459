"""Rows of synapses, built in C++ (`core/construct/rows.cpp`) from a plan's pathways straight into the layout that is delivered."""

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

SOURCE = '#include "core/construct/rows.cpp"\n'
NO_MEMORY = "run: there is not enough memory for these synapses. Use fewer, or precision='mixed' (6 to 8 instead of 10 to 12 bytes each)."
LABEL = "the construction of synapses"
Int = ctypes.c_int64


class KeyStruct(ctypes.Structure):
    _fields_ = (("k0", ctypes.c_uint32), ("k1", ctypes.c_uint32))


class SubpopulationStruct(ctypes.Structure):
    _fields_ = (("size", Int), ("first", Int), ("neuron", ctypes.c_void_p))


class NumberRecipeStruct(ctypes.Structure):
    _fields_ = (
        ("law", ctypes.c_int32), ("key", KeyStruct),
        ("first", ctypes.c_double), ("second", ctypes.c_double), ("low", ctypes.c_double), ("high", ctypes.c_double),
        ("values", ctypes.c_void_p),
    )  # fmt: skip


class PathwayStruct(ctypes.Structure):
    """`Feed` of core/construct/pathway.hpp."""

    _fields_ = (
        ("wiring_law", ctypes.c_int32), ("avoid_self", ctypes.c_int32), ("first_sender", Int),
        ("pre", SubpopulationStruct), ("post", SubpopulationStruct), ("order", ctypes.c_void_p), ("bound", ctypes.c_void_p), ("slot", ctypes.c_void_p),
        ("sender", ctypes.c_void_p), ("receiver", ctypes.c_void_p), ("delays", ctypes.c_void_p), ("weights", ctypes.c_void_p), ("count", Int),
        ("key", KeyStruct), ("counts", KeyStruct), ("number", Int), ("log_miss", ctypes.c_double),
        ("weight", NumberRecipeStruct), ("delay", NumberRecipeStruct), ("dt", ctypes.c_double),
    )  # fmt: skip


class BuildReport(ctypes.Structure):
    """What was built of one pathway: how many synapses, and their shortest and longest delay in ticks (0 of none)."""

    _fields_ = (("synapses", Int), ("shortest", Int), ("longest", Int))
    synapses: int
    shortest: int
    longest: int


@dataclass(frozen=True, eq=False)
class TargetSlots:
    """Where a pathway's sums lie: `bounds` are the first neurons of the target's blocks, and its size (block + 1);
    `slots` is the place of each block's first neuron in the accumulator of that block (block)."""

    bounds: np.ndarray
    slots: np.ndarray


class Rows:
    """The rows of one deliver step. `table(block)` is the address of Row[senders]; the memory lives as long as this object.

    `form` is (narrow, common) of core/arrivals/rows.hpp.
    """

    def __init__(self, handle: int, form: tuple[bool, bool], blocks: int, reports: Mapping[str, BuildReport]):
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
    target_slots: Mapping[tuple[str, str | None], TargetSlots],
    first_sender: Mapping[str, int],
    senders: int,
    slots: int,
    weight_dtype: np.dtype,
    threads: int,
) -> Rows:
    """The rows of sparse pathways without text, in network order, that are delivered in one step; recipes are drawn on the way.

    `target_slots` holds one TargetSlots for each (post, to), `first_sender` the number of each population's first neuron among all
    `senders`; no block has more than `slots` sums. Raises EngineError if there is not enough memory.
    """
    blocks = len(next(iter(target_slots.values())).slots) if target_slots else 1
    structs, keep_alive = (PathwayStruct * len(pathways))(), []
    reports = (BuildReport * len(pathways))(*(BuildReport(0, np.iinfo(np.int64).max, -1) for _ in pathways))
    for struct, pathway in zip(structs, pathways, strict=True):
        slots_of_target = target_slots[pathway.post, pathway.to]
        struct.first_sender = first_sender[pathway.pre]
        struct.bound, struct.slot = (
            address(slots_of_target.bounds, np.int64, keep_alive),
            address(slots_of_target.slots, np.int64, keep_alive),
        )
        _fill(struct, pathway, keep_alive)
    form = (slots <= 2**16, all(_one_weight(pathway) for pathway in pathways))
    core, given = (
        library(),
        (structs, len(pathways), senders, *form, blocks, threads, weight_dtype.itemsize, reports),
    )
    handle = in_background(lambda: (core.neurosim_rows_build(*given), keep_alive)[0], core.neurosim_rows_free)
    if not handle:
        raise EngineError(NO_MEMORY)
    named = {
        p.name: report if report.synapses else BuildReport(0, 0, 0)
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
    struct, keep_alive = PathwayStruct(), []
    _fill_recipe(struct, recipe, keep_alive)
    core = library()
    handle = in_background(
        lambda: (core.neurosim_edges_draw(ctypes.byref(struct), threads), keep_alive)[0],
        core.neurosim_edges_free,
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


def pathway_struct(pathway: Sparse, keep_alive: list[np.ndarray]) -> PathwayStruct:
    """The synapses of a pathway, as the C++ takes them."""
    struct = PathwayStruct()
    _fill(struct, pathway, keep_alive)
    return struct


def _fill(struct: PathwayStruct, pathway: Sparse, keep_alive: list[np.ndarray]) -> None:
    if pathway.recipe is not None:
        _fill_recipe(struct, pathway.recipe, keep_alive)
    else:
        _fill_edges(struct, pathway.edges, keep_alive)


def _fill_edges(struct: PathwayStruct, edges: Edges, keep_alive: list[np.ndarray]) -> None:
    """Hand over synapses as arrays."""
    struct.wiring_law, struct.count = WireLaw.GIVEN, edges.sender.size
    struct.sender, struct.receiver = (
        address(edges.sender, np.int64, keep_alive),
        address(edges.receiver, np.int64, keep_alive),
    )
    struct.delays, struct.weights = (
        address(edges.delay, np.int64, keep_alive),
        address(edges.weight, np.float64, keep_alive),
    )


def _fill_recipe(struct: PathwayStruct, recipe: Recipe, keep_alive: list[np.ndarray]) -> None:
    """Hand over synapses as a recipe."""
    wires = recipe.wires
    struct.wiring_law, struct.avoid_self, struct.number = wires.law, wires.avoid_self, wires.number
    struct.log_miss, struct.dt = log1p(-wires.p), recipe.dt
    struct.key, struct.counts = KeyStruct(*wires.key), KeyStruct(*wires.counts)
    order = None if np.all(np.diff(recipe.pre_index) > 0) else np.argsort(recipe.pre_index)
    struct.order = None if order is None else address(order, np.int64, keep_alive)
    struct.pre = _subpopulation(recipe.pre_index if order is None else recipe.pre_index[order], keep_alive)
    struct.post = _subpopulation(recipe.post_index, keep_alive)
    struct.weight, struct.delay = (
        number_recipe_struct(recipe.weight, keep_alive),
        number_recipe_struct(recipe.delay, keep_alive),
    )


def _subpopulation(index: np.ndarray, keep_alive: list[np.ndarray]) -> SubpopulationStruct:
    run = bool(np.all(np.diff(index) == 1))
    return SubpopulationStruct(
        index.size, int(index[0]), None if run else address(index, np.int64, keep_alive)
    )


def number_recipe_struct(given: Numbers, keep_alive: list[np.ndarray]) -> NumberRecipeStruct:
    values = address(given.values, np.float64, keep_alive)
    return NumberRecipeStruct(
        given.law, KeyStruct(*given.key), given.first, given.second, given.low, given.high, values
    )


def address(array: np.ndarray, dtype: Any, keep_alive: list[np.ndarray]) -> int:
    """The address of an array of this type, which is kept in `keep_alive`."""
    keep_alive.append(np.ascontiguousarray(array, dtype=dtype))
    return keep_alive[-1].ctypes.data


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
