"""Synapses whose sums run at every tick, laid out by target (`core/construct/by_target.hpp`).

Sums over the synapses of a target then need no places of targets: its synapses lie in one lane of vectors.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.deferred import split_deferred
from neurosim.engine.events.construct import NO_MEMORY
from neurosim.engine.events.layouts import Array
from neurosim.engine.events.textual_layout import TextualLayout, library
from neurosim.engine.state import spikes_sent
from neurosim.errors import EngineError
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import Block, Plan, Textual

TARGETS, SEGMENTS = 16, 4  # of core/synapses/target_group.hpp
SOME = 512  # synapses
GROUP = np.dtype(  # `TargetGroup` there
    [("first", "i8"), ("lanes", "i4"), ("rows", "i4", SEGMENTS), ("from", "i4", SEGMENTS),
     ("target", "i4", TARGETS), ("degree", "i4", TARGETS), ("unused", "i4")]
)  # fmt: skip


def lies_by_target(plan: Plan, pathway: Textual) -> bool:
    """Whether the synapses lie by target: they set (summed) variables of their targets, and no text that runs
    in all of them changes neurons, which happens in the order of the plan.
    """
    return pathway.name in _by_target(plan)


@once_for_each_plan
def _by_target(plan: Plan) -> frozenset[str]:
    found = {
        p.name
        for p in plan.textual
        if not (p.of or p.delay_from)
        and p.text.summed
        and not any(name.endswith("_pre") for name in p.text.summed)
    }
    return frozenset(found - {p.holder for p in plan.textual if p.holder in found and _keeps_order(plan, p)})


def _keeps_order(plan: Plan, pathway: Textual) -> bool:
    """Whether text that runs in all synapses changes neurons."""
    blocks = (block for block in pathway.text.blocks if not _acts_on_spikes(plan, pathway, block))
    return any(split_deferred(block, pathway.text.variables)[1] for block in blocks)


def _acts_on_spikes(plan: Plan, pathway: Textual, block: Block) -> bool:
    """Whether a block runs in some of the synapses, which are listed in the order of the plan."""
    if block is pathway.text.on_pre:
        return spikes_sent(plan, pathway.pre)
    return block is pathway.text.on_post and plan.sends_spikes(pathway.post)


@dataclass(frozen=True, eq=False)
class ByTarget(TextualLayout):
    """Synapses that lie by target. Their places differ from those in the order of arrivals.

    `row`, `bundle` and `first` are those of `arrivals`; `listed` has the place of each synapse there.
    """

    arrivals: TextualLayout | None = None
    senders: NDArray[np.int32] | None = None  # (synapse)
    before: NDArray[np.int32] | None = None  # (synapse): its place in `arrivals`

    @property
    def arriving(self) -> TextualLayout:
        assert self.arrivals is not None
        return self.arrivals

    @property
    def sender(self) -> NDArray[np.int32]:  # pyright: ignore[reportIncompatibleVariableOverride]
        assert self.senders is not None
        return self.senders

    @property
    def delay(self) -> NDArray[np.int64]:  # pyright: ignore[reportIncompatibleVariableOverride]
        assert self.before is not None
        return self.arriving.delay[self.before]

    @property
    def run(self) -> NDArray[np.int64]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return np.array([self.size], np.int64)  # there are none


def steps_of(values: Array) -> NDArray[np.int64]:
    """For each trial, 0 if the values (trial, synapse) are the same number in all synapses, else 1.

    The C++ then reads the first few of them again and again, which stay in the cache.
    """
    bits = values.view(np.int64 if values.itemsize == 8 else np.int32)
    # Most arrays that differ do so soon.
    differ = [bool((mine[:SOME] != mine[:1]).any() or (mine != mine[:1]).any()) for mine in bits]
    return np.array(differ, np.int64)


class _SynapsesOfTargets(ctypes.Structure):
    """`SynapsesOfTargets` of core/construct/by_target.hpp."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("sender", "by_post", "post_first"))


class _ByTargetArrays(ctypes.Structure):
    """`ByTargetArrays` of core/construct/by_target.hpp."""

    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in ("group", "block_group", "sender", "receiver", "before", "by_post", "listed")
    )


def by_target(layout: TextualLayout, bounds: NDArray[np.int32]) -> ByTarget:
    """The synapses of a layout, by target.

    bounds: the first neuron of each block of targets, and their number (block + 1)

    Raises EngineError if there is not enough memory.
    """
    sender, size = layout.sender, layout.size
    reached = np.r_[0, np.cumsum(np.diff(layout.post_first) > 0)][bounds]  # targets before each bound
    places = {
        name: np.empty(size, np.int32) for name in ("sender", "receiver", "before", "by_post", "listed")
    }
    group = np.empty(int(np.sum(-(-np.diff(reached) // TARGETS))), GROUP)
    block_group = np.zeros(bounds.size, np.int64)
    given = [array.ctypes.data for array in (sender, layout.by_post, layout.post_first)]
    made = [group.ctypes.data, block_group.ctypes.data, *(array.ctypes.data for array in places.values())]
    structs = _SynapsesOfTargets(*given), _ByTargetArrays(*made)
    if not library().neurosim_textual_by_target(
        *map(ctypes.byref, structs), bounds.size - 1, bounds.ctypes.data
    ):
        raise EngineError(NO_MEMORY)
    before = places["before"]
    for values in () if layout.drawn is None else layout.drawn:
        values[...] = values[before]
    return ByTarget(
        row=layout.row,
        bundle=layout.bundle,
        first=layout.first,
        receiver=places["receiver"],
        by_post=places["by_post"],
        post_first=layout.post_first,
        block_first=layout.block_first,
        order=before if layout.order is None else layout.order[before],
        drawn=layout.drawn,
        longest=layout.longest,
        targeted=layout.targeted,
        started=layout.started,
        listed=places["listed"],
        group=group,
        block_group=block_group,
        arrivals=replace(layout, by_post=np.zeros(0, np.int32), drawn=None),
        senders=places["sender"],
        before=before,
    )
