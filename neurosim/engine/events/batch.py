"""The arrays of a batch of trials, handed to the C++ and taken back after the run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.checkpoint import PRODUCT, held_in, restore, restore_products
from neurosim.engine.events.batch_image import BatchImage, fits
from neurosim.engine.events.by_target import steps_of
from neurosim.engine.events.feeding import drive_stride, fed_arrays
from neurosim.engine.events.keys import (
    ArrayKey,
    DenseArray,
    DensePart,
    DriveEvents,
    DriveValues,
    EventPart,
    HistoryArray,
    HistoryPart,
    LastSpike,
    LocalFieldArray,
    LocalFieldPart,
    NotRefractory,
    PortCount,
    PortRead,
    PortTotal,
    StateArray,
    SubexpressionArray,
    SynapseRecords,
    SynapseStep,
    is_per_trial,
)
from neurosim.engine.events.layouts import LANES, Array, Integers
from neurosim.engine.events.network_layout import NetworkLayout, aligned
from neurosim.engine.events.network_struct import NetworkStruct
from neurosim.engine.events.order import stores_refractoriness
from neurosim.engine.events.textual_layout import (
    LONG_AGO,
    in_ticks,
    lie_in_arrays,
    record_type,
    to_seconds,
    to_ticks,
)
from neurosim.engine.state import NEVER, State, start_state
from neurosim.plan.plan import Dense, Drive, Plan, Textual
from neurosim.recording.allocation import address, aligned_empty

# Weights: products of smaller matrices are not shared between threads (`core/arrivals/dense.hpp`).
WORTH_SHARING = 2**15
KEPT_OF_PRODUCTS = {DensePart.SEEN: PRODUCT[0], DensePart.PRODUCT: PRODUCT[1]}  # their names in a checkpoint


class Batch:
    """The arrays that the C++ works on for a batch of trials, and the struct that passes them to it.

    `arrays` holds the array of each key for which the generated code asks. Arrays of the state are those of
    `state` itself where the C++ can work on them; `take_back` puts the others back into the state.

    The image of the first batch of a plan that is kept stays with the layout; later ones begin with a copy.
    """

    def __init__(self, network: NetworkLayout, plan: Plan, trials: Integers):
        self.network, self.plan, self.trials, self.count = network, plan, trials, len(trials)
        self.keep_alive: list[Array] = []
        self.inputs: dict[int, tuple[ArrayKey, Array]] = {}  # those that have been exchanged, by handle
        from_start = network.kept and not plan.resume
        self.image = network.images.get(self.count) if from_start else None
        if self.image is not None:
            self.block, self.addresses = self.image.begin()
            self.integers = network.integers.copy()
            self.feed(plan.drives)
            self.struct = self._struct_of(self.image)
            return
        self.arrays = {}
        for key in network.source.numbering.arrays:
            self.array(key)
        self.struct = self._new_struct()
        if from_start and fits(self.arrays):
            network.images[self.count] = self._new_image()

    @cached_property
    def arrays(self) -> dict[ArrayKey, Array]:
        """The array of each key; of a batch that began with an image, made when they are first asked for."""
        assert self.image is not None
        return self.image.arrays(self.block) | dict(self.inputs.values())

    @cached_property
    def state(self) -> State:
        """The state of the trials; of a batch that began with an image, made when it is first asked for."""
        state = start_state(self.plan, self.trials, draw=False)
        if self.plan.resume:
            restore(state, self.plan.resume, pending=False)
            restore_products(state, self.plan.resume)
        for key, array in self.arrays.items() if self.image is not None else ():
            match key:
                case StateArray(population, variable):
                    state.values[population][variable] = array
                case PortTotal(population, name):
                    state.ports[population][name].total = array
                case PortCount(population, name):
                    state.ports[population][name].count = array
                case _:
                    pass
        return state

    def _new_image(self) -> BatchImage:
        struct = NetworkStruct.from_buffer_copy(self.struct)
        struct.longest = self._address(self.network.longest_delays)  # the next run may be longer
        return BatchImage(self.arrays, bytes(struct), self.keep_alive)

    def _struct_of(self, image: BatchImage) -> NetworkStruct:
        """The struct of a batch that began with an image."""
        struct = NetworkStruct.from_buffer_copy(image.struct)
        struct.arrays, struct.integers = self._address(self.addresses), self._address(self.integers)
        if self.network.longest_delay > self.plan.ticks:
            struct.longest = self._address(self._longest)
        return struct

    @property
    def _longest(self) -> Integers:
        """The longest delay of each stage; none is longer than the run."""
        longest, ticks = self.network.longest_delays, self.plan.ticks
        return longest if self.network.longest_delay <= ticks else longest.clip(max=ticks)

    def _new_struct(self) -> NetworkStruct:
        network, plan, at = self.network, self.plan, self._address
        numbering = network.source.numbering
        arrays = [self.arrays[key] for key in numbering.arrays]
        self.addresses = np.array([address(array) for array in arrays], np.uint64)
        self.integers = network.integers.copy()
        for population, drive in plan.drives.items():
            if (handle := network.feeds[population].stride) is not None:
                self.integers[handle] = drive_stride(drive)
        strides = [self._stride(key) for key in numbering.arrays]
        return NetworkStruct(
            arrays=at(self.addresses),
            stride=at(np.array(strides, np.int64)),
            numbers=at(network.numbers),
            integers=at(self.integers),
            keys=at(network.random_keys),
            bounds=at(network.bounds),
            sizes=at(network.sizes),
            rows=at(network.row_tables),
            formats=at(network.row_formats),
            first_sender=at(network.first_sender),
            slots=at(network.slot_counts),
            longest=at(self._longest),
            zero_delay=at(network.has_zero_delays),
            first_tick=plan.first_tick,
            longest_delay=network.longest_delay,
            blocks=network.blocks,
            threads=network.threads,
            populations=len(network.names),
            trials=self.count,
            uses_pool=any(p.weight.size >= WORTH_SHARING for p in plan.of_class(Dense)),
            dt=plan.dt or 1.0,
        )

    def _address(self, array: Array) -> int:
        self.keep_alive.append(np.ascontiguousarray(array))
        return address(self.keep_alive[-1])

    def _stride(self, key: ArrayKey) -> int:
        """How many elements lie between two trials; 0 if all trials share the array."""
        return self.arrays[key].size // self.count if is_per_trial(key) else 0

    def array(self, key: ArrayKey) -> Array:
        """The array of a key, found once."""
        if self.image is not None and key in self.image.places:
            return self.image.array(self.block, key)
        if key not in self.arrays:
            self.arrays[key] = np.ascontiguousarray(self._find(key))
        return self.arrays[key]

    def _find(self, key: ArrayKey) -> Array:
        network, state, plan = self.network, self.state, self.plan
        match key:
            case StateArray(population, variable):
                values = state.values[population]
                values[variable] = aligned(values[variable])
                return values[variable]
            case PortTotal(population, name):
                port = state.ports[population][name]
                port.total = aligned(port.total)
                return port.total
            case PortCount(population, name):
                port = state.ports[population][name]
                port.count = np.ascontiguousarray(port.count)
                return port.count
            case PortRead(population, _) | SubexpressionArray(population, _, False):
                return np.zeros((state.count, plan.groups[population].size), plan.dtype)
            case SubexpressionArray(owner, _):
                return np.zeros((state.count, network.textual[owner].size), plan.dtype)
            case LastSpike(population):
                ago = state.last_spike[population].reshape(state.count, -1) - plan.first_tick
                return aligned(np.maximum(ago, LONG_AGO).astype(self._integer))
            case NotRefractory(population):
                return state.not_refractory[population].astype(self._integer)
            case DriveValues(population):
                return fed_arrays(plan.drives[population], plan.trials)[0]
            case DriveEvents(population, part):
                return fed_arrays(plan.drives[population], plan.trials)[list(EventPart).index(part)]
            case HistoryArray(population, part):
                return self._history(population, part)
            case SynapseRecords(pathway, variable):
                return self._synapse_array(pathway, variable) if variable else self._records(pathway)
            case SynapseStep(pathway, variable):
                return steps_of(self.array(SynapseRecords(pathway, variable)))
            case LocalFieldArray(post, to, part):
                return self._local_field(post, to, part)
            case DenseArray(pathway, part):
                return self._dense(plan.pathway(pathway, Dense), part)
            case _:  # the others do not change
                return network.array(key)

    @property
    def _integer(self) -> type[np.int32] | type[np.int64]:
        """Integers as wide as the plan's floats: `Integer` of the generated code."""
        return np.int32 if self.plan.dtype.itemsize == 4 else np.int64

    def feed(self, drives: Mapping[str, Drive]) -> None:
        """Hand other inputs to the C++, in place of those before."""
        for population, drive in drives.items():
            feed, arrays = self.network.feeds[population], fed_arrays(drive, self.plan.trials)
            for number, key, handle in feed.places:
                self._exchange(key, handle, arrays[number])
            if feed.stride is not None:
                self.integers[feed.stride] = drive_stride(drive)

    def _exchange(self, key: ArrayKey, handle: int, array: Array) -> None:
        """Let the C++ use another array for a key."""
        self.inputs[handle] = key, array
        self.addresses[handle] = address(array)
        if "arrays" in vars(self):
            self.arrays[key] = array

    def _history(self, population: str, part: HistoryPart) -> Array:
        past = self.state.history[population]
        depth = len(past.messages)
        match part:
            case HistoryPart.MESSAGES:  # the message of tick k goes to place k modulo depth
                return np.roll(np.stack(past.messages, axis=1), self.plan.first_tick % depth, axis=1)
            case HistoryPart.NEWEST:
                return np.full(self.state.count, past.last % depth, np.int64)
            case HistoryPart.LAST:
                return np.full(self.state.count, past.last, np.int64)

    def _records(self, pathway: str) -> Array:
        values, layout = self.state.synapses[pathway], self.network.textual[pathway]
        if not values and layout.drawn is not None and self.plan.trials == 1 and not self.network.kept:
            return layout.drawn
        dtype = record_type(self.plan, self.plan.pathway(pathway, Textual))
        records = aligned_empty((self.state.count, layout.size), dtype)
        if not values and layout.drawn is not None:
            records[...] = layout.drawn
        for name, value in values.items():
            stored = to_ticks(self.plan, value) if in_ticks(self.plan, name) else value
            records[name] = stored if layout.order is None else stored[:, layout.order]
        return records

    def _synapse_array(self, pathway: str, variable: str) -> Array:
        """The values of one variable of synapses, by place."""
        values, layout = self.state.synapses[pathway], self.network.textual[pathway]
        if variable in values:
            found = values[variable]
            stored = to_ticks(self.plan, found) if in_ticks(self.plan, variable) else found
            return aligned(stored if layout.order is None else stored[:, layout.order])
        assert layout.drawn is not None
        drawn = layout.drawn[list(self.plan.pathway(pathway, Textual).text.states).index(variable)]
        drawn = drawn.view(np.int32) if in_ticks(self.plan, variable) else drawn
        if self.plan.trials == 1 and not self.network.kept:
            return drawn[None]
        return aligned(np.tile(drawn, (self.state.count, 1)))

    def _local_field(self, post: str, to: str, part: LocalFieldPart) -> Array:
        layout, trials = self.network.local_fields[post, to], self.state.count
        targets = layout[LocalFieldPart.START].size - 1
        columns = layout[LocalFieldPart.OUT_START].size - 1
        match part:
            case LocalFieldPart.MESSAGE:  # NaN differs from any message, so the first sweep takes all of them
                return np.full((trials, columns), np.nan, self.plan.dtype)
            case LocalFieldPart.SUM:
                return np.zeros((trials, targets), self.plan.dtype)
            case LocalFieldPart.STALE:
                return np.ones((trials, targets), np.uint8)
            case _:
                return layout[part]

    def _dense(self, pathway: Dense, part: DensePart) -> Array:
        if part not in KEPT_OF_PRODUCTS:
            return self.network.array(DenseArray(pathway.name, part))
        size = pathway.pre_index.size
        if part is DensePart.PRODUCT:
            size = -(-pathway.post_index.size // LANES) * LANES
        values = aligned(np.zeros((self.state.count, size), self.plan.dtype))
        if pathway.name in self.state.products:
            resumed = self.state.products[pathway.name][KEPT_OF_PRODUCTS[part]]
            values[:, : resumed.shape[1]] = resumed
        return values

    def held(self, ticks: int) -> dict[str, Array]:
        """The checkpoint of the trials after so many ticks, without spikes on their way."""
        self.take_back(ticks)
        return held_in(self.state, pending=False)

    def take_back(self, ticks: int) -> None:
        """Put the arrays into the state, in the form that all engines share, after a run of so many ticks.

        The C++ can go on with its arrays afterwards.
        """
        self.state.tick = self.plan.first_tick + ticks
        for key, array in self.arrays.items():
            match key:
                case LastSpike(population):
                    self.release_refractory(population, ticks)
                case SynapseRecords(pathway, ""):
                    self._release_records(pathway, array)
                case SynapseRecords(pathway, variable):
                    self.state.synapses[pathway][variable] = self.synapse_values(pathway, variable)
                case DenseArray(name, DensePart.SEEN | DensePart.PRODUCT as part):
                    pathway = self.plan.pathways[name]
                    size = (pathway.pre_index if part is DensePart.SEEN else pathway.post_index).size
                    products = self.state.products.setdefault(name, {})
                    products[KEPT_OF_PRODUCTS[part]] = array[:, :size].copy()
                case HistoryArray(population, HistoryPart.MESSAGES):
                    self.release_history(population)
                case _:
                    pass

    def release_refractory(self, population: str, ticks: int) -> None:
        """Put last spikes, and which neurons are not refractory, into the state, after so many ticks."""
        state, rule = self.state, self.plan.groups[population].refractory
        if LastSpike(population) not in self.arrays:
            return
        last: Integers = self.arrays[LastSpike(population)].astype(np.int64)
        last = np.where(last <= LONG_AGO, NEVER, last + self.plan.first_tick)
        state.last_spike[population] = last.reshape(state.last_spike[population].shape)
        if ticks and rule is not None and not stores_refractoriness(self.plan, self.plan.groups[population]):
            ago = state.tick - 1 - state.last_spike[population]
            state.not_refractory[population] = ago >= rule.ticks
        elif NotRefractory(population) in self.arrays:
            active = self.arrays[NotRefractory(population)].astype(bool)
            state.not_refractory[population] = active.reshape(state.last_spike[population].shape)

    def change_refractory(self, population: str) -> None:
        """Take over the last spikes, and which neurons are not refractory, from the state."""
        for key in (LastSpike(population), NotRefractory(population)):
            if key in self.arrays:
                held = self.arrays[key]
                held[...] = self._find(key).reshape(held.shape)

    def _release_records(self, pathway: str, records: Array) -> None:
        layout, plan = self.network.textual[pathway], self.plan
        ordered = {name: layout.in_plan_order(records[name]) for name in records.dtype.names or ()}
        self.state.synapses[pathway] = {
            name: to_seconds(plan, values) if in_ticks(plan, name) else values
            for name, values in ordered.items()
        }

    def release_history(self, population: str) -> None:
        """Put the past messages of a population into the state."""
        messages: NDArray[Any] = self.arrays[HistoryArray(population, HistoryPart.MESSAGES)]
        past, depth = self.state.history[population], messages.shape[1]
        newest = int(self.arrays[HistoryArray(population, HistoryPart.NEWEST)][0])
        past.messages = [messages[:, (newest + 1 + age) % depth].copy() for age in range(depth)]
        past.last = int(self.arrays[HistoryArray(population, HistoryPart.LAST)][0])

    def replace_message(self, population: str, message: Array) -> None:
        """Let another message stand for the one that a population sent last."""
        newest = int(self.arrays[HistoryArray(population, HistoryPart.NEWEST)][0])
        messages = self.arrays[HistoryArray(population, HistoryPart.MESSAGES)]
        messages[:, newest] = message.reshape(messages[:, newest].shape)

    def held_values(self, pathway: str, variable: str) -> Array:
        """The memory of a variable of synapses with text, by place: (trial, synapse)."""
        if lie_in_arrays(self.plan.pathway(pathway, Textual)):
            return self.array(SynapseRecords(pathway, variable))
        return self.array(SynapseRecords(pathway))[variable]

    def synapse_values(self, pathway: str, variable: str) -> Array:
        """The values of a variable of synapses with text, in the order of the plan: (trial, synapse)."""
        values = self.network.textual[pathway].in_plan_order(self.held_values(pathway, variable))
        return to_seconds(self.plan, values) if in_ticks(self.plan, variable) else np.array(values)

    def change_synapses(self, pathway: str, variable: str, values: Array) -> None:
        """Put other values of a variable of synapses with text, in the order of the plan."""
        order = self.network.textual[pathway].order
        stored = to_ticks(self.plan, values) if in_ticks(self.plan, variable) else values
        held = self.held_values(pathway, variable)
        held[...] = (stored if order is None else stored[:, order]).reshape(held.shape)
        step = SynapseStep(pathway, variable)
        if step in self.arrays:
            self.arrays[step][...] = self._find(step)
