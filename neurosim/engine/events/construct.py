"""Rows of synapses, drawn by C++ (`core/construct/rows.cpp`) straight into the layout that is delivered."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.engine.events.background import in_background
from neurosim.engine.events.build import load
from neurosim.engine.events.layouts import Array
from neurosim.errors import EngineError
from neurosim.network.draws import Key
from neurosim.network.recipe import NumberLaw, NumberRecipe, WiringLaw
from neurosim.plan.plan import Sparse
from neurosim.plan.precision import is_half
from neurosim.plan.recipe import Edges, Recipe

SOURCE = '#include "core/construct/rows.cpp"\n'
NO_MEMORY = (
    "run: there is not enough memory for these synapses. Use fewer, or precision='mixed' (6 to 8 instead of "
    "10 to 12 bytes each)."
)
LABEL = "the construction of synapses"
Int = ctypes.c_int64


class KeyStruct(ctypes.Structure):
    """`Key` of core/numbers/random.hpp."""

    _fields_ = (("k0", ctypes.c_uint32), ("k1", ctypes.c_uint32))


class SubpopulationStruct(ctypes.Structure):
    """`Subpopulation` of core/construct/pathway.hpp."""

    _fields_ = (("size", Int), ("first", Int), ("neuron", ctypes.c_void_p))


class NumberRecipeStruct(ctypes.Structure):
    """`NumberRecipe` of core/construct/pathway.hpp."""

    _fields_ = (
        ("law", ctypes.c_int32), ("key", KeyStruct),
        ("first", ctypes.c_double), ("second", ctypes.c_double),
        ("low", ctypes.c_double), ("high", ctypes.c_double),
        ("values", ctypes.c_void_p),
    )  # fmt: skip


class PathwayStruct(ctypes.Structure):
    """`Pathway` of core/construct/pathway.hpp."""

    _fields_ = (
        ("wiring_law", ctypes.c_int32), ("avoid_self", ctypes.c_int32), ("first_sender", Int),
        ("pre", SubpopulationStruct), ("post", SubpopulationStruct), ("order", ctypes.c_void_p),
        ("bound", ctypes.c_void_p), ("slot", ctypes.c_void_p),
        ("sender", ctypes.c_void_p), ("receiver", ctypes.c_void_p), ("delays", ctypes.c_void_p),
        ("weights", ctypes.c_void_p), ("count", Int),
        ("key", KeyStruct), ("counts", KeyStruct), ("number", Int), ("log_miss", ctypes.c_double),
        ("weight", NumberRecipeStruct), ("delay", NumberRecipeStruct), ("dt", ctypes.c_double),
        ("half", ctypes.c_int32),
    )  # fmt: skip


class BuildReport(ctypes.Structure):
    """How many synapses of a pathway were built, and their shortest and longest delay in ticks.

    The delays are 0 if there are no synapses.
    """

    _fields_ = (("synapses", Int), ("shortest", Int), ("longest", Int))
    synapses: int
    shortest: int
    longest: int


@dataclass(frozen=True, eq=False)
class TargetSlots:
    """Where the sums of one port or variable of a population lie.

    bounds: the first neuron of each block of the population, and its size, (block + 1).
    slots: the slot of each block's first neuron among the sums of that block, (block,).
    """

    bounds: NDArray[np.int64]
    slots: NDArray[np.int64]


class Rows:
    """The rows of one deliver step, in memory that lives as long as this object.

    handle: what `neurosim_rows_build` returned
    format: (narrow, common, half) of `RowFormat` in core/arrivals/rows.hpp
    blocks: the number of blocks of targets
    reports: one report for each pathway, by name
    """

    def __init__(
        self, handle: int, format: tuple[bool, bool, bool], blocks: int, reports: Mapping[str, BuildReport]
    ):
        core = library()
        self.format, self.blocks, self.reports = format, blocks, reports
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
    weight_dtype: np.dtype[Any],
    threads: int,
    half: bool = False,
) -> Rows:
    """The rows of sparse pathways without text that are delivered in one step; recipes are drawn on the way.

    pathways: in network order
    target_slots: where the sums of each (post, to) lie
    first_sender: the number of each population's first neuron among all `senders`
    slots: the number of sums of the largest block
    half: whether weights are stored in 16 bits where these hold all of them

    Raises EngineError if there is not enough memory.
    """
    blocks = len(next(iter(target_slots.values())).slots) if target_slots else 1
    keep_alive: list[Array] = []
    structs = (PathwayStruct * len(pathways))()
    reports = (BuildReport * len(pathways))(*(BuildReport(0, np.iinfo(np.int64).max, -1) for _ in pathways))
    targets = {
        end: (address(t.bounds, np.int64, keep_alive), address(t.slots, np.int64, keep_alive))
        for end, t in target_slots.items()
    }
    ends = Ends(keep_alive)
    for struct, pathway in zip(structs, pathways, strict=True):
        struct.first_sender = first_sender[pathway.pre]
        struct.bound, struct.slot = targets[pathway.post, pathway.to]
        _fill(struct, pathway, ends)
    common = all(_has_one_weight(pathway) for pathway in pathways)
    format = (slots <= 2**16, common, half and not common and all(_in_half(p) for p in pathways))
    core = library()
    arguments = (structs, len(pathways), senders, *format, blocks, threads, weight_dtype.itemsize, reports)
    # The call holds on to the arrays: interrupted, it goes on in the background.
    handle = in_background(
        lambda: (core.neurosim_rows_build(*arguments), keep_alive)[0], core.neurosim_rows_free
    )
    if not handle:
        raise EngineError(NO_MEMORY)
    named = {
        p.name: report if report.synapses else BuildReport(0, 0, 0)
        for p, report in zip(pathways, reports, strict=True)
    }
    return Rows(handle, format, blocks, named)


def _has_one_weight(pathway: Sparse) -> bool:
    """Whether all synapses have the same weight, so that it need not be stored with each."""
    if pathway.recipe is not None:
        return pathway.recipe.weight.law is NumberLaw.NUMBER
    weight = pathway.edges.weight
    return bool(np.all(weight == weight[:1]))


def _in_half(pathway: Sparse) -> bool:
    """Whether 16 bits hold each weight."""
    recipe = pathway.recipe
    if recipe is not None:
        return recipe.half or (recipe.weight.law is NumberLaw.NUMBER and is_half(recipe.weight.first))
    return is_half(pathway.edges.weight)


def draw_edges(recipe: Recipe, weight_dtype: np.dtype[Any], threads: int) -> Edges:
    """The arrays that a recipe gives, those of `recipe.draw()`, drawn in C++.

    Raises EngineError if there is not enough memory.
    """
    struct, keep_alive = PathwayStruct(), list[Array]()
    _fill_recipe(struct, recipe, Ends(keep_alive))
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
        addresses = (array.ctypes.data for array in (sender, receiver, weight, delay))
        if not core.neurosim_edges_fill(handle, *addresses):
            raise EngineError(NO_MEMORY)
    finally:
        core.neurosim_edges_free(handle)
    return Edges(sender, receiver, weight.astype(weight_dtype, copy=False), delay)


def pathway_struct(pathway: Sparse, keep_alive: list[Array]) -> PathwayStruct:
    """The synapses of a pathway for the C++; the arrays that it points to are added to `keep_alive`."""
    struct = PathwayStruct()
    _fill(struct, pathway, Ends(keep_alive))
    return struct


class Ends:
    """The parts of populations that pathways join, for the C++. Many pathways may join the same ones.

    keep_alive: takes the arrays that the structs point to.
    """

    def __init__(self, keep_alive: list[Array]):
        self.keep_alive = keep_alive
        self._senders: dict[int, tuple[int | None, SubpopulationStruct]] = {}
        self._targets: dict[int, SubpopulationStruct] = {}

    def senders(self, index: Array) -> tuple[int | None, SubpopulationStruct]:
        """Senders by rising neuron, and the address of their local numbers: None if these rise, too."""
        if id(index) not in self._senders:
            self.keep_alive.append(index)  # so that no other array gets its id
            order = None if (index[1:] > index[:-1]).all() else np.argsort(index)
            rising = self._subpopulation(index if order is None else index[order])
            address_of_order = None if order is None else address(order, np.int64, self.keep_alive)
            self._senders[id(index)] = address_of_order, rising
        return self._senders[id(index)]

    def targets(self, index: Array) -> SubpopulationStruct:
        """Targets in local order."""
        if id(index) not in self._targets:
            self.keep_alive.append(index)
            self._targets[id(index)] = self._subpopulation(index)
        return self._targets[id(index)]

    def _subpopulation(self, index: Array) -> SubpopulationStruct:
        consecutive = (index[1:] - index[:-1] == 1).all()
        neurons = None if consecutive else address(index, np.int64, self.keep_alive)
        return SubpopulationStruct(index.size, int(index[0]), neurons)


def _fill(struct: PathwayStruct, pathway: Sparse, ends: Ends) -> None:
    if pathway.recipe is not None:
        _fill_recipe(struct, pathway.recipe, ends)
    else:
        _fill_edges(struct, pathway.edges, ends.keep_alive)


def _fill_edges(struct: PathwayStruct, edges: Edges, keep_alive: list[Array]) -> None:
    struct.wiring_law, struct.count = WiringLaw.GIVEN, edges.sender.size
    struct.sender = address(edges.sender, np.int64, keep_alive)
    struct.receiver = address(edges.receiver, np.int64, keep_alive)
    struct.delays = address(edges.delay, np.int64, keep_alive)
    struct.weights = address(edges.weight, np.float64, keep_alive)


def _fill_recipe(struct: PathwayStruct, recipe: Recipe, ends: Ends) -> None:
    wires, keep_alive = recipe.wires, ends.keep_alive
    struct.wiring_law, struct.avoid_self, struct.number = wires.law, wires.avoid_self, wires.number
    struct.log_miss, struct.dt, struct.half = log1p(-wires.p), recipe.dt, recipe.half
    struct.key, struct.counts = KeyStruct(*wires.key), KeyStruct(*wires.counts)
    # The C++ reads senders by rising neuron; `order` says which local sender each is.
    struct.order, struct.pre = ends.senders(recipe.pre_index)
    struct.post = ends.targets(recipe.post_index)
    struct.weight = number_recipe_struct(recipe.weight, keep_alive)
    struct.delay = number_recipe_struct(recipe.delay, keep_alive)


def number_recipe_struct(recipe: NumberRecipe, keep_alive: list[Array]) -> NumberRecipeStruct:
    """How weights, delays or start values are drawn, as the C++ takes it."""
    numbers = (recipe.law, recipe.key, recipe.first, recipe.second, recipe.low, recipe.high)
    if recipe.values.size:
        return _number_recipe_struct(*numbers, address(recipe.values, np.float64, keep_alive))
    # To a cache, 0 and -0 are one number.
    return _without_values(*numbers) if recipe.first else _number_recipe_struct(*numbers)


def _number_recipe_struct(
    law: int, key: Key, first: float, second: float, low: float, high: float, values: int | None = None
) -> NumberRecipeStruct:
    return NumberRecipeStruct(law, KeyStruct(*key), first, second, low, high, values)


_without_values = lru_cache(maxsize=64)(
    _number_recipe_struct
)  # many pathways have the same weights and delays


def address(array: Array, dtype: DTypeLike, keep_alive: list[Array]) -> int:
    """The address of an array of this type, contiguous, which is added to `keep_alive`."""
    keep_alive.append(np.ascontiguousarray(array, dtype=dtype))
    return keep_alive[-1].ctypes.data


@cache
def library() -> ctypes.CDLL:
    """The compiled construction, with the types of its functions declared."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    yes_or_no = ctypes.c_bool
    sizes = (number, number, number)
    return declare(
        load(SOURCE, LABEL),
        {
            "rows_build": (pointer, (pointer, number, Int, yes_or_no, yes_or_no, yes_or_no, *sizes, pointer)),
            "rows_table": (pointer, (pointer, number)),
            "rows_bytes": (Int, (pointer,)),
            "rows_synapses": (Int, (pointer,)),
            "rows_free": (None, (pointer,)),
            "edges_draw": (pointer, (pointer, number)),
            "edges_count": (Int, (pointer,)),
            "edges_fill": (ctypes.c_bool, (pointer, pointer, pointer, pointer, pointer)),
            "edges_free": (None, (pointer,)),
        },
    )


CType = type[ctypes.c_void_p] | type[ctypes.c_int] | type[ctypes.c_int64] | type[ctypes.c_bool]
Signature = tuple[CType | None, tuple[CType, ...]]  # of what it returns and takes


def declare(core: ctypes.CDLL, functions: Mapping[str, Signature]) -> ctypes.CDLL:
    """The library, with the types of its functions declared."""
    for name, (result, arguments) in functions.items():
        call = getattr(core, f"neurosim_{name}")
        call.restype, call.argtypes = result, arguments
    return core
