"""Hands a plan and its state to the C++: what every number of the generated code means, as addresses."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import PRODUCT
from neurosim.engine.delivery import afferents_into
from neurosim.engine.events.construct import Rows, TargetSlots, build_rows
from neurosim.engine.events.layouts import (
    LANES,
    Interleaved,
    LocalFieldLayout,
    block_bounds,
    interleave,
    lay_out_local_field,
    lay_tiles,
)
from neurosim.engine.events.source import Source
from neurosim.engine.events.textual_layout import (
    LONG_AGO,
    TextualLayout,
    aligned_room,
    in_ticks,
    lay_out,
    record_type,
    to_seconds,
    to_ticks,
)
from neurosim.engine.state import NEVER, State, history_depth, spikes_sent
from neurosim.network.program import Do
from neurosim.plan.plan import Dense, Plan, Private, Textual
from neurosim.plan.random import base_key

WORTH_SHARING = (
    2**15
)  # weights of a matrix whose product several threads take a share in (`core/arrivals/dense.hpp`)


class NetworkStruct(ctypes.Structure):
    """`NetworkLayout` of core/run/network.hpp."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "arrays", "stride", "numbers", "integers", "keys", "bounds", "sizes", "rows", "formats", "first_sender", "slots", "longest", "zero_delay",
        )),
        ("first_tick", ctypes.c_int64), ("longest_delay", ctypes.c_int64),
        ("blocks", ctypes.c_int32), ("threads", ctypes.c_int32), ("populations", ctypes.c_int32), ("trials", ctypes.c_int32),
        ("uses_pool", ctypes.c_int32),
        ("dt", ctypes.c_double),
    )  # fmt: skip


class NetworkLayout:
    """The arrays of a batch of trials as the generated code wants them. They live as long as this object."""

    def __init__(self, plan: Plan, source: Source, blocks: int, threads: int):
        self.plan, self.source, self.blocks, self.threads = plan, source, blocks, threads
        self.names = list(plan.groups)
        self.sizes = np.array([group.size for group in plan.groups.values()], np.int32)
        self.bounds = np.stack([block_bounds(int(size), blocks) for size in self.sizes]).astype(np.int32)
        self.first_sender = np.r_[0, np.cumsum(self.sizes)].astype(np.int64)
        self.textual = {p.name: self._plastic(p) for p in plan.textual}
        self.slots: dict[int, np.ndarray] = {}  # stage -> (accumulator, block)
        self.rows: dict[int, Rows] = {}
        self.slot_counts = np.zeros((len(source.stages), blocks), np.int64)
        for stage in source.stages:
            self._lay_out_stage(stage.number)
        self.graded = self._graded()
        self.local_fields = self._local_fields()

    def _plastic(self, pathway: Textual) -> TextualLayout:
        by_delay = spikes_sent(self.plan, pathway.pre) and not pathway.text.summed
        bounds = self.bounds[self.names.index(pathway.post)]
        return lay_out(self.plan, pathway, bounds, self.threads, by_delay=by_delay)

    def _lay_out_stage(self, number: int) -> None:
        """Give the sums of a stage their places, and build its rows."""
        stage, plan = self.source.stages[number], self.plan
        spans = np.stack(
            [np.diff(self.bounds[self.names.index(accumulator.post)]) for accumulator in stage.accumulators]
        ).astype(np.int64)
        padded = -(-spans // 16) * 16  # sums begin at cache lines, and vectors of eight may overlap the end
        self.slots[number] = np.cumsum(padded, axis=0) - padded
        self.slot_counts[number] = padded.sum(axis=0)
        chosen = [p for p in plan.pathways.values() if p in stage.pathways]
        if chosen:
            target_slots: dict[tuple[str, str | None], TargetSlots] = {
                (accumulator.post, accumulator.to): TargetSlots(
                    self.bounds[self.names.index(accumulator.post)].astype(np.int64),
                    self.slots[number][place],
                )
                for place, accumulator in enumerate(stage.accumulators)
            }
            first = {name: int(self.first_sender[place]) for place, name in enumerate(self.names)}
            self.rows[number] = build_rows(
                chosen,
                target_slots,
                first,
                int(self.first_sender[-1]),
                int(self.slot_counts[number].max()),
                plan.weight_dtype,
                self.threads,
            )

    def _graded(self) -> dict[tuple[str, str], Interleaved]:
        accumulators = [
            accumulator
            for stage in self.source.stages
            for accumulator in stage.accumulators
            if accumulator.graded
        ]
        return {
            (accumulator.post, accumulator.to): interleave(self.plan, accumulator.graded)
            for accumulator in accumulators
        }

    def _local_fields(self) -> dict[tuple[str, str], LocalFieldLayout]:
        swept = [name for step in self.plan.program if step.kind is Do.SWEEP for name in step.populations]
        accumulators = [
            accumulator for accumulator in afferents_into(self.plan, tuple(swept)) if accumulator.graded
        ]
        return {
            (accumulator.post, accumulator.to): lay_out_local_field(self.plan, accumulator.graded)
            for accumulator in accumulators
        }

    @property
    def longest(self) -> np.ndarray:
        """The longest delay of each stage, then of each pathway with text."""
        stages = [self.rows[s.number].longest if s.number in self.rows else 0 for s in self.source.stages]
        texts = [(p, p.text) for p in self.plan.textual]
        awaited = [
            self.textual[p.name].longest if text.on_pre and spikes_sent(self.plan, p.pre) else 0
            for p, text in texts
        ]
        return np.array([*stages, *awaited], np.int64)


class Batch:
    """A network with the state of a batch of trials: the structure that C++ takes, and the arrays that it works on."""

    def __init__(self, network: NetworkLayout, state: State):
        self.network, self.state, self.plan = network, state, network.plan
        self.held: dict[tuple[Any, ...], np.ndarray] = {}
        self.keep_alive: list[np.ndarray] = []
        numbering, plan = network.source.numbering, self.plan
        arrays = [self._array(key) for key in numbering.arrays]
        strides = [
            array.size // state.count if _per_trial(key) else 0
            for key, array in zip(numbering.arrays, arrays, strict=True)
        ]
        longest = network.longest
        rows = [
            network.rows[stage.number].table(block) if stage.number in network.rows else 0
            for stage in network.source.stages
            for block in range(network.blocks)
        ]
        keys = [base_key(plan.seed, *key) for key in numbering.keys]
        zero_delay = [any(r.synapses and r.shortest == 0 for r in network.rows[s.number].reports.values()) if s.number in network.rows else False
                   for s in network.source.stages]  # fmt: skip
        self.struct = NetworkStruct(
            arrays=self._address(np.array([array.ctypes.data for array in arrays], np.uint64)),
            stride=self._address(np.array(strides, np.int64)),
            numbers=self._address(np.array([self._number(key) for key in numbering.numbers], np.float64)),
            integers=self._address(np.array([self._integer(key) for key in numbering.integers], np.int64)),
            keys=self._address(np.array(keys, np.uint32).reshape(-1, 2)),
            bounds=self._address(network.bounds),
            sizes=self._address(network.sizes),
            rows=self._address(np.array(rows, np.uint64)),
            formats=self._address(
                np.array(
                    [
                        network.rows[s.number].form if s.number in network.rows else (0, 0)
                        for s in network.source.stages
                    ],
                    np.uint8,
                )
            ),
            first_sender=self._address(network.first_sender),
            slots=self._address(network.slot_counts),
            longest=self._address(np.minimum(longest, plan.ticks)),
            zero_delay=self._address(np.array(zero_delay, np.uint8)),
            first_tick=plan.first_tick,
            longest_delay=int(longest.max(initial=0)),
            blocks=network.blocks,
            threads=network.threads,
            populations=len(network.names),
            trials=state.count,
            uses_pool=any(
                isinstance(p, Dense) and p.weight.size >= WORTH_SHARING for p in plan.pathways.values()
            ),
            dt=plan.dt or 1.0,
        )

    def _address(self, array: np.ndarray) -> int:
        self.keep_alive.append(np.ascontiguousarray(array))
        return self.keep_alive[-1].ctypes.data

    def _array(self, key: tuple[Any, ...]) -> np.ndarray:
        """The array that a key means, kept in `held`."""
        self.held[key] = np.ascontiguousarray(self._found(key))
        return self.held[key]

    def _found(self, key: tuple[Any, ...]) -> np.ndarray:
        match key:
            case ("state", population, name):
                return self._state(population, name)
            case ("port", population, name):
                return self._port(population, name)
            case ("count", population, name):
                return self._count(population, name)
            case ("read" | "derived", population, _):
                return np.zeros((self.state.count, self.plan.groups[population].size), self.plan.dtype)
            case ("last_spike", population):
                return self._last_spike(population)
            case ("not_refractory", population):
                return self.state.not_refractory[population].astype(self._whole)
            case ("constant", population, name):
                group = self.plan.groups[population]
                return np.broadcast_to(group.constants[name], group.shape)
            case ("drive", population):
                return self._drive(population)
            case ("events", population, part):
                return self._events(population, part)
            case ("history", population, part):
                return self._history(population, part)
            case ("own", pathway):
                return self.records(pathway)
            case ("synapse constant", pathway, name):
                return self._synapse_constant(pathway, name)
            case ("plastic", pathway, part):
                return getattr(self.network.textual[pathway], part)
            case ("slot first", stage):
                return self.network.slots[stage]
            case ("graded", post, to, part):
                return getattr(self.network.graded[post, to], part)
            case ("field", post, to, part):
                return self._local_field(post, to, part)
            case ("dense place", pathway, end):
                return self._dense_place(pathway, end)
            case ("dense", pathway, part):
                return self._dense(pathway, part)
            case ("private", pathway, part):
                return self._private(pathway, part)
        raise AssertionError(f"generated code asks for {key}, which nothing gives")

    def _state(self, population: str, name: str) -> np.ndarray:
        values = self.state.values[population]
        values[name] = aligned(values[name])
        return values[name]

    def _port(self, population: str, name: str) -> np.ndarray:
        port = self.state.ports[population][name]
        port.total = aligned(port.total)
        return port.total

    def _count(self, population: str, name: str) -> np.ndarray:
        port = self.state.ports[population][name]
        port.count = np.ascontiguousarray(port.count)
        return port.count

    def _last_spike(self, population: str) -> np.ndarray:
        ago = self.state.last_spike[population].reshape(self.state.count, -1) - self.plan.first_tick
        return aligned(np.maximum(ago, LONG_AGO).astype(self._whole))

    @property
    def _whole(self) -> Any:
        """The whole numbers as wide as the plan's floats: `Whole` of the generated code."""
        return np.int32 if self.plan.dtype.itemsize == 4 else np.int64

    def _drive(self, population: str) -> np.ndarray:
        values = self.plan.drives[population].values
        assert values is not None
        return (values[:1] if self._alike(population) else values).astype(np.float64, copy=False)

    def _alike(self, population: str) -> bool:
        values = self.plan.drives[population].values
        return values is not None and (values.strides[0] == 0 or len(values) == 1)

    def _events(self, population: str, part: str) -> np.ndarray:
        source = self.plan.drives[population]
        assert source.trial is not None and source.tick is not None and source.neuron is not None
        if part == "start":
            return np.searchsorted(source.trial, np.arange(self.plan.trials + 1)).astype(np.int64)
        return (source.tick if part == "tick" else source.neuron).astype(np.int64)

    def _history(self, population: str, part: str) -> np.ndarray:
        past = self.state.history[population]
        if part == "messages":
            return np.roll(
                np.stack(past.messages, axis=1), self.plan.first_tick % len(past.messages), axis=1
            )  # tick k at place k
        return np.full(
            self.state.count, past.last % len(past.messages) if part == "newest" else past.last, np.int64
        )

    def records(self, pathway: str) -> np.ndarray:
        """The variables of each synapse together, in the order of the C++: (trial, synapse)."""
        values, laid = self.state.synapses[pathway], self.network.textual[pathway]
        if not values and laid.drawn is not None and self.plan.trials == 1:
            return laid.drawn
        records = aligned_room(
            (self.state.count, laid.size), record_type(self.plan, self.plan.pathway(pathway, Textual))
        )
        if not values and laid.drawn is not None:
            records[...] = laid.drawn
        for name, value in values.items():
            kept = to_ticks(self.plan, value) if in_ticks(self.plan, name) else value
            records[name] = kept if laid.order is None else kept[:, laid.order]
        return records

    def _synapse_constant(self, pathway: str, name: str) -> np.ndarray:
        text = self.plan.pathway(pathway, Textual).text
        return np.asarray(text.constants[name])[self.network.textual[pathway].canonical]

    def _local_field(self, post: str, to: str, part: str) -> np.ndarray:
        found, trials = self.network.local_fields[post, to], self.state.count
        targets, columns = found.start.size - 1, found.out_start.size - 1
        if part == "message":
            return np.full((trials, columns), np.nan, self.plan.dtype)
        if part == "sum":
            return np.zeros((trials, targets), self.plan.dtype)
        return np.ones((trials, targets), np.uint8) if part == "stale" else getattr(found, part)

    def _dense_place(self, pathway: str, end: str) -> np.ndarray:
        chosen = self.plan.pathways[pathway]
        index, owner = (chosen.pre_index, chosen.pre) if end == "pre" else (chosen.post_index, chosen.post)
        place = np.full(self.plan.groups[owner].size, -1, np.int64)
        place[index] = np.arange(index.size)
        return place

    def _dense(self, pathway: str, part: str) -> np.ndarray:
        chosen, trials = self.plan.pathway(pathway, Dense), self.state.count
        if part == "rows":
            return chosen.weight.T.astype(self.plan.dtype)
        if part == "tiles":
            return aligned(lay_tiles(chosen.weight, self.plan.dtype))
        if part in ("pre", "post"):
            return (chosen.pre_index if part == "pre" else chosen.post_index).astype(np.int64)
        size = chosen.pre_index.size if part == "seen" else -(-chosen.post_index.size // LANES) * LANES
        room = aligned(np.zeros((trials, size), self.plan.dtype))
        if pathway in self.state.products:
            kept = self.state.products[pathway][part]
            room[:, : kept.shape[1]] = kept
        return room

    def _private(self, pathway: str, part: str) -> np.ndarray:
        post = self.plan.pathways[pathway].post_index.astype(np.int64)
        bounds = self.network.bounds[self.network.names.index(self.plan.pathways[pathway].post)]
        return post if part == "post" else np.searchsorted(post, bounds).astype(np.int64)

    def _number(self, key: tuple[Any, ...]) -> float:
        if key[0] == "dt":
            return self.plan.dt or 1.0
        if key[0] == "private":
            return self.plan.pathway(key[1], Private).weight
        return float(self._given(key))

    def _integer(self, key: tuple[Any, ...]) -> int:
        kind, name = key[0], key[1]
        if kind in ("constant", "synapse constant"):
            return int(self._given(key))
        if kind == "refractory":
            rule = self.plan.groups[name].refractory
            return rule.ticks if rule is not None else 0
        if kind == "size":
            return self.plan.groups[name].size
        if kind == "drive stride":
            return 0 if self._alike(name) else self.plan.groups[name].size * self.plan.ticks
        if kind == "history depth":
            return history_depth(self.plan, name)
        if kind == "graded":
            found = self.network.graded[name, key[2]]
            return len(found.segments) if key[3] == "segments" else len(found.first) - 1
        if kind == "field":
            return len(self.network.local_fields[name, key[2]].segments)
        if kind == "dense":
            pathway = self.plan.pathway(name, Dense)
            sizes = {
                "senders": pathway.pre_index.size,
                "targets": pathway.post_index.size,
                "delay": pathway.longest,
            }
            return (
                sizes[key[2]]
                if key[2] in sizes
                else _run(pathway.pre_index if key[2] == "pre run" else pathway.post_index)
            )
        pathway, privates = self.plan.pathway(name, Private), [p.name for p in self.plan.of_kind(Private)]
        return {
            "sources": pathway.sources,
            "number": privates.index(name),
            "sender": int(pathway.pre_index[0]),
        }[key[2]]

    def _given(self, key: tuple[Any, ...]) -> Any:
        owner: Any = (
            self.plan.groups[key[1]] if key[0] == "constant" else self.plan.pathway(key[1], Textual).text
        )
        constants: Mapping[str, Any] = owner.constants
        return constants[key[2]]

    def release(self, ticks: int) -> None:
        """Give the state back as every engine knows it, after so many ticks."""
        state, plan = self.state, self.plan
        state.tick = plan.first_tick + ticks
        for key, array in self.held.items():
            if key[0] == "last_spike":
                last = array.astype(np.int64)
                back = np.where(last <= LONG_AGO, NEVER, last + plan.first_tick)
                state.last_spike[key[1]] = back.reshape(state.last_spike[key[1]].shape)
                rule = plan.groups[key[1]].refractory
                if ticks and rule is not None and not rule.time and not rule.condition:
                    state.not_refractory[key[1]] = state.tick - 1 - state.last_spike[key[1]] >= rule.ticks
            elif key[0] == "not_refractory":
                state.not_refractory[key[1]] = array.astype(bool)
            elif key[0] == "own":
                ordered = {
                    name: self.network.textual[key[1]].in_order(array[name])
                    for name in array.dtype.names or ()
                }
                state.synapses[key[1]] = {
                    k: to_seconds(plan, v) if in_ticks(plan, k) else v for k, v in ordered.items()
                }
            elif key[0] == "dense" and key[2] in PRODUCT:
                pathway = plan.pathways[key[1]]
                index = pathway.pre_index if key[2] == "seen" else pathway.post_index
                state.products.setdefault(key[1], {})[key[2]] = array[:, : index.size].copy()
            elif key[0] == "history" and key[2] == "messages":
                newest = int(self.held["history", key[1], "newest"][0])
                past, depth = state.history[key[1]], array.shape[1]
                past.messages = [array[:, (newest + 1 + place) % depth] for place in range(depth)]
                past.last = int(self.held["history", key[1], "last"][0])


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins at a cache line, so that no vector of numbers straddles two."""
    copy = aligned_room(array.shape, array.dtype)
    copy[...] = array
    return copy


def _run(index: np.ndarray) -> int:
    """The first of neurons that are neighbours, -1 where they are not."""
    return (
        int(index[0])
        if index.size and np.array_equal(index, np.arange(index[0], index[0] + index.size))
        else -1
    )


FIELD_STATE = ("message", "sum", "stale")
PER_TRIAL = frozenset(
    {"state", "port", "count", "read", "derived", "last_spike", "not_refractory", "history", "own"}
)


def _per_trial(key: tuple[Any, ...]) -> bool:
    return key[0] in PER_TRIAL or (key[0], key[-1]) in {("dense", "seen"), ("dense", "product")} | {
        ("field", part) for part in FIELD_STATE
    }
