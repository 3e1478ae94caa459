"""What does not change while a plan runs: the layout of its synapses for the C++, and its constants."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.delivery import afferents_into
from neurosim.engine.events.batch_image import BatchImage
from neurosim.engine.events.by_target import by_target, lies_by_target
from neurosim.engine.events.constant_keys import CallAddress, TableArray
from neurosim.engine.events.construct import Rows, TargetSlots, build_rows
from neurosim.engine.events.feeding import Feed, feed_of
from neurosim.engine.events.keys import (
    ArrayKey,
    Constant,
    ConstantKey,
    DenseArray,
    DenseCount,
    DensePart,
    DensePlaces,
    DenseSize,
    DriveStride,
    End,
    GradedArray,
    GradedCount,
    GradedPart,
    GradedSize,
    HistoryDepth,
    IntegerKey,
    LinkIndex,
    LocalFieldPart,
    LocalFieldSegments,
    NumberKey,
    PopulationSize,
    PrivateArray,
    PrivateCount,
    PrivateSize,
    PrivateWeight,
    RefractoryTicks,
    SlotStarts,
    SynapseConstant,
    TableCount,
    TableNumber,
    TablePart,
    TableSize,
    TextualArray,
    TickLength,
)
from neurosim.engine.events.layouts import (
    Array,
    Integers,
    block_bounds,
    interleave,
    lay_tiles,
    local_field,
    private_array,
)
from neurosim.engine.events.source import Source
from neurosim.engine.events.stages import Stage
from neurosim.engine.events.sum_places import SumPlaces
from neurosim.engine.events.textual_layout import TextualLayout, lay_out, list_pathway
from neurosim.engine.state import history_depth, spikes_sent
from neurosim.network.program import Do
from neurosim.plan.called import Table
from neurosim.plan.plan import Dense, Plan, Private, Sparse, Textual
from neurosim.plan.random import base_key
from neurosim.recording.allocation import aligned_empty

SUMS_OF_A_LINE = 16  # float sums in a cache line


class NetworkLayout:
    """The layout of a plan for `blocks` blocks of neurons and `threads` threads, which all batches share.

    `slots` holds, for each stage, where the sums of each port or variable begin: (place, block);
    `slot_counts` how many sums there are: (stage, block); `first_sender` the number of each population's
    first neuron among all.
    """

    def __init__(self, plan: Plan, source: Source, blocks: int, threads: int):
        self.plan, self.source, self.blocks, self.threads = plan, source, blocks, threads
        self.names = list(plan.groups)
        self.sizes = np.array([group.size for group in plan.groups.values()], np.int32)
        self.bounds = np.stack([block_bounds(int(size), blocks) for size in self.sizes]).astype(np.int32)
        self.first_sender = np.r_[0, np.cumsum(self.sizes)].astype(np.int64)
        self.textual = {p.name: self._lay_out_textual(p) for p in plan.textual if not p.of}
        self.textual |= {p.name: list_pathway(plan, p, self.textual[p.of]) for p in plan.textual if p.of}
        self.kept = False  # whether later runs use it again
        self._arrays: dict[ArrayKey, Array] = {}
        self.images: dict[int, BatchImage] = {}  # of batches of so many trials
        # What is recorded, by the number of trials of a batch and the name: `ProbeStruct`, and its arrays.
        self.probes: dict[tuple[int, str], tuple[bytes, list[Array]]] = {}
        self.call_length = 1  # ticks of the first call of a run; later runs begin with what has proved good
        self.slots: dict[int, Integers] = {}
        self.rows: dict[int, Rows] = {}
        self.slot_counts = np.zeros((len(source.stages), blocks), np.int64)
        for stage in source.stages:
            self._place_sums(stage)
            if stage.pathways:
                self.rows[stage.number] = self._build_rows(stage)
        delivered = [a for stage in source.stages for a in stage.afferents if a.graded]
        self.graded = {(a.post, a.entry): interleave(plan, a.graded) for a in delivered}
        swept = [name for step in plan.program if step.kind is Do.SWEEP for name in step.populations]
        summed = [a for a in afferents_into(plan, tuple(swept)) if a.graded]
        self.local_fields = {(a.post, a.to): local_field(plan, a.graded) for a in summed}

    @cached_property
    def size(self) -> int:
        """How many neurons, and synapses with text, one trial has."""
        return int(self.sizes.sum()) + sum(layout.size for layout in self.textual.values())

    @property
    def synapses(self) -> int:
        """How many synapses lie in rows, or have text."""
        textual = sum(layout.size for layout in self.textual.values())
        return textual + sum(rows.synapses for rows in self.rows.values())

    @cached_property
    def sum_places(self) -> SumPlaces:
        """Where the sums lie at which spikes arrive."""
        return SumPlaces(self)

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """Where the C++ looks for the input of each population that has one."""
        drives, numbering = self.plan.drives, self.source.numbering
        return {name: feed_of(numbering, name, drive.events) for name, drive in drives.items()}

    def bounds_of(self, population: str) -> NDArray[np.int32]:
        """The first neuron of each block of a population, and its size: (block + 1)."""
        return self.bounds[self.plan.numbers[population]]

    def _lay_out_textual(self, pathway: Textual) -> TextualLayout:
        by_delay = spikes_sent(self.plan, pathway.pre) and not (pathway.text.summed or pathway.delay_from)
        bounds = self.bounds_of(pathway.post)
        layout = lay_out(self.plan, pathway, bounds, self.threads, by_delay=by_delay)
        return by_target(layout, bounds) if lies_by_target(self.plan, pathway) else layout

    def _place_sums(self, stage: Stage) -> None:
        spans = np.stack([np.diff(self.bounds_of(a.post)) for a in stage.afferents]).astype(np.int64)
        # Sums begin at cache lines, and vectors of eight may write behind the last one.
        padded = -(-spans // SUMS_OF_A_LINE) * SUMS_OF_A_LINE
        self.slots[stage.number] = np.cumsum(padded, axis=0) - padded
        self.slot_counts[stage.number] = padded.sum(axis=0)

    def _build_rows(self, stage: Stage) -> Rows:
        target_slots: dict[tuple[str, str | None], TargetSlots] = {
            (a.post, a.to): TargetSlots(self.bounds_of(a.post).astype(np.int64), slots)
            for a, slots in zip(stage.afferents, self.slots[stage.number], strict=True)
        }
        delivered = {pathway.name for pathway in stage.pathways}
        return build_rows(
            [p for p in self.plan.of_class(Sparse) if p.name in delivered],
            target_slots,
            {name: int(first) for name, first in zip(self.names, self.first_sender, strict=False)},
            senders=int(self.first_sender[-1]),
            slots=int(self.slot_counts[stage.number].max()),
            weight_dtype=self.plan.weight_dtype,
            threads=self.threads,
            half=self.plan.precision == "half",
        )

    @cached_property
    def longest_delay(self) -> int:
        """The longest delay of all."""
        return int(self.longest_delays.max(initial=0))

    @cached_property
    def longest_delays(self) -> Integers:
        """The longest delay in ticks of each stage, then of each pathway with text."""
        stages = [self.rows[s.number].longest if s.number in self.rows else 0 for s in self.source.stages]
        textual = [
            self.textual[p.name].longest
            if p.text.on_pre and spikes_sent(self.plan, p.pre) and not p.delay_from
            else 0
            for p in self.plan.textual
        ]
        return np.array([*stages, *textual], np.int64)

    @cached_property
    def has_zero_delays(self) -> NDArray[np.uint8]:
        """For each stage, whether some synapse has no delay."""
        shortest = [
            any(r.synapses and r.shortest == 0 for r in self.rows[stage.number].reports.values())
            if stage.number in self.rows
            else False
            for stage in self.source.stages
        ]
        return np.array(shortest, np.uint8)

    @cached_property
    def row_formats(self) -> NDArray[np.uint8]:
        """For each stage, (narrow, common, half) of `RowFormat` in core/arrivals/rows.hpp."""
        stages = self.source.stages
        formats = [self.rows[s.number].format if s.number in self.rows else (False,) * 3 for s in stages]
        return np.array(formats, np.uint8)

    @cached_property
    def row_tables(self) -> NDArray[np.uint64]:
        """The address of the rows of each stage into each block, (stage, block); 0 if it has none."""
        stages, blocks = self.source.stages, range(self.blocks)
        tables = [
            self.rows[s.number].table(b) if s.number in self.rows else 0 for s in stages for b in blocks
        ]
        return np.array(tables, np.uint64)

    @cached_property
    def random_keys(self) -> NDArray[np.uint32]:
        """The key of each random call of the generated code, (call, 2)."""
        keys = [base_key(self.plan.seed, *key) for key in self.source.numbering.random_keys]
        return np.array(keys, np.uint32).reshape(-1, 2)

    @cached_property
    def spike_uses(self) -> NDArray[np.uint8]:
        """For each population, 1 if its spikes are recorded, plus 2 if they travel through synapses."""
        recorded = {probe.owner for probe in self.plan.probes if probe.events}
        senders = {pathway.pre for pathway in self.plan.of_class(Sparse)}
        return np.array([(name in recorded) + 2 * (name in senders) for name in self.names], np.uint8)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The numbers that the generated code asks for."""
        return np.array([self.number(key) for key in self.source.numbering.numbers], np.float64)

    @cached_property
    def integers(self) -> Integers:
        """The integers that the generated code asks for."""
        return np.array([self.integer(key) for key in self.source.numbering.integers], np.int64)

    def array(self, key: ArrayKey) -> Array:
        """An array that does not change, and that all batches share."""
        if key not in self._arrays:
            self._arrays[key] = np.ascontiguousarray(self._find(key))
        return self._arrays[key]

    def _find(self, key: ArrayKey) -> Array:
        plan = self.plan
        match key:
            case LinkIndex():
                return self.link_index(key)
            case Constant(population, _):
                return np.broadcast_to(self.constant(key), plan.groups[population].shape)
            case SynapseConstant(pathway, _):
                return np.asarray(self.constant(key))[self.textual[pathway].canonical]
            case TextualArray(pathway, part):
                return self.textual[pathway].part(part)
            case SlotStarts(stage):
                return self.slots[stage]
            case GradedArray(post, entry, part):
                return self.graded[post, entry][part]
            case DensePlaces(pathway, end):
                return _dense_places(plan, plan.pathway(pathway, Dense), end)
            case DenseArray(pathway, DensePart.ROWS):
                return plan.pathway(pathway, Dense).weight.T.astype(plan.dtype)
            case DenseArray(pathway, DensePart.TILES):
                return aligned(lay_tiles(plan.pathway(pathway, Dense).weight, plan.dtype))
            case DenseArray(pathway, DensePart.PRE):
                return plan.pathway(pathway, Dense).pre_index.astype(np.int64)
            case DenseArray(pathway, DensePart.POST):
                return plan.pathway(pathway, Dense).post_index.astype(np.int64)
            case PrivateArray(pathway, part):
                bounds = self.bounds_of(plan.pathways[pathway].post)
                return private_array(plan, plan.pathway(pathway, Private), part, bounds)
            case _:
                assert isinstance(key, TableArray), key
                return self.table(key.constant).values

    def constant(self, key: ConstantKey) -> Any:
        """The value of a constant as the user gave it."""
        match key:
            case Constant(population, name):
                return self.plan.groups[population].constants[name]
            case SynapseConstant(pathway, name):
                return self.plan.pathway(pathway, Textual).text.constants[name]

    def link_index(self, key: LinkIndex) -> NDArray[np.int64]:
        """The neuron whose variable a name means: for each neuron, or for each synapse in its place."""
        if not key.of_synapses:
            return self.plan.groups[key.owner].links[key.name].index.astype(np.int64)
        index = self.plan.pathway(key.owner, Textual).text.links[key.name].index
        return index[self.textual[key.owner].canonical].astype(np.int64)

    def table(self, key: ConstantKey) -> Table:
        """The value of a constant that is a table."""
        table = self.constant(key)
        assert isinstance(table, Table)
        return table

    def number(self, key: NumberKey) -> float:
        """The value of a number that the generated code asks for."""
        match key:
            case TickLength():
                return self.plan.dt or 1.0
            case PrivateWeight(pathway):
                return float(self.plan.pathway(pathway, Private).weight)
            case Constant() | SynapseConstant():
                return float(self.constant(key))
            case TableNumber(constant, part):
                table = self.table(constant)
                return table.grid if part is TablePart.GRID else float(table.finer)

    def integer(self, key: IntegerKey) -> int:
        """The value of an integer that the generated code asks for."""
        match key:
            case Constant() | SynapseConstant():
                return int(self.constant(key))
            case RefractoryTicks(population):
                rule = self.plan.groups[population].refractory
                return rule.ticks if rule is not None else 0
            case PopulationSize(population):
                return self.plan.groups[population].size
            case HistoryDepth(population):
                return history_depth(self.plan, population)
            case GradedSize(post, entry, count):
                return self._graded_size(post, entry, count)
            case LocalFieldSegments(post, to):
                return len(self.local_fields[post, to][LocalFieldPart.SEGMENTS])
            case DenseSize(pathway, count):
                return _dense_size(self.plan.pathway(pathway, Dense), count)
            case PrivateSize(pathway, count):
                return self._private_size(self.plan.pathway(pathway, Private), count)
            case TableSize(constant, count):
                table = self.table(constant)
                return len(table.values) if count is TableCount.SAMPLES else table.columns
            case DriveStride() | CallAddress():
                return 0  # each batch has its own; see batch.py and calls.py

    def _graded_size(self, post: str, entry: str, count: GradedCount) -> int:
        match count:
            case GradedCount.SEGMENTS:
                return len(self.graded[post, entry][GradedPart.SEGMENTS])
            case GradedCount.OCTETS:
                return len(self.graded[post, entry][GradedPart.FIRST]) - 1

    def _private_size(self, pathway: Private, count: PrivateCount) -> int:
        match count:
            case PrivateCount.SOURCES:
                return pathway.sources
            case PrivateCount.NUMBER:
                return [p.name for p in self.plan.of_class(Private)].index(pathway.name)
            case PrivateCount.SENDER:
                return int(pathway.pre_index[0])


def _dense_places(plan: Plan, pathway: Dense, end: End) -> Integers:
    match end:
        case End.PRE:
            index, population = pathway.pre_index, pathway.pre
        case End.POST:
            index, population = pathway.post_index, pathway.post
    places = np.full(plan.groups[population].size, -1, np.int64)
    places[index] = np.arange(index.size)
    return places


def aligned(array: Array) -> Array:
    """A copy that begins at a cache line, so that no vector of numbers lies across two."""
    copy = aligned_empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def _dense_size(pathway: Dense, count: DenseCount) -> int:
    match count:
        case DenseCount.SENDERS:
            return pathway.pre_index.size
        case DenseCount.TARGETS:
            return pathway.post_index.size
        case DenseCount.DELAY:
            return pathway.longest
        case DenseCount.PRE_RUN:
            return _run(pathway.pre_index)
        case DenseCount.POST_RUN:
            return _run(pathway.post_index)


def _run(index: Integers) -> int:
    """The first of consecutive neurons, -1 if they are not consecutive."""
    consecutive = index.size > 0 and bool(np.all(np.diff(index) == 1))
    return int(index[0]) if consecutive else -1
