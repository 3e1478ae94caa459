"""How arrays are laid out for the C++: blocks of neurons, synapses by target, synapses with text by block and sender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.plan.plan import Pathway, Plan

ALIGNED = 32  # neurons: blocks begin at multiples of it
LANES = 8  # targets that are summed side by side (`core/graded.hpp`)


def block_bounds(size: int, blocks: int) -> np.ndarray:
    """The first neuron of each block, and the size: (blocks + 1)."""
    cuts = np.arange(blocks + 1) * size / blocks
    bounds = np.minimum(np.ceil(cuts / ALIGNED).astype(np.int64) * ALIGNED, size)
    bounds[-1] = size
    return bounds


@dataclass(frozen=True, eq=False)
class Interleaved:
    """Stored synapses by target for `core/graded.hpp`: groups of eight targets with about as many synapses each."""

    first: np.ndarray
    common: np.ndarray
    target: np.ndarray
    extra: np.ndarray
    sender: np.ndarray
    weight: np.ndarray
    segments: np.ndarray  # (segment, 2): delay, population; oldest message first


def interleave(plan: Plan, pathways: tuple[Pathway, ...]) -> Interleaved:
    """The synapses of graded senders into one port, each target's in the contract's order."""
    start, column, weight, segments = _by_target(plan, pathways)
    lengths = np.diff(start)
    ranked = np.argsort(lengths, kind="stable")
    ranked = ranked[lengths[ranked] > 0]
    groups = -(-ranked.size // LANES)
    target = np.full(groups * LANES, -1, np.int64)
    target[: ranked.size] = ranked
    target = target.reshape(groups, LANES)
    count = np.where(target >= 0, lengths[target], 0)
    common = np.where((target >= 0).all(axis=1), count.min(axis=1, initial=np.iinfo(np.int64).max), 0) if groups else np.zeros(0, np.int64)
    extra = count - common[:, None]
    first = np.r_[0, np.cumsum(count.sum(axis=1))]
    # where each synapse of each target goes: the common ones in turns, the rest target by target
    owner = np.repeat(np.arange(groups * LANES), count.reshape(-1))
    step = np.arange(owner.size) - np.repeat(np.cumsum(count.reshape(-1)) - count.reshape(-1), count.reshape(-1))
    group, lane = owner // LANES, owner % LANES
    rest = common * LANES
    before = np.cumsum(extra, axis=1) - extra
    place = first[group] + np.where(step < common[group], step * LANES + lane, rest[group] + before.reshape(-1)[owner] + step - common[group])
    source = start[target.reshape(-1)[owner]] + step
    sender, ordered = np.empty(owner.size, np.int32), np.empty(owner.size, plan.dtype)
    sender[place], ordered[place] = column[source], weight[source]
    narrow = (first, common.astype(np.int32), target.reshape(-1).astype(np.int32), extra.reshape(-1).astype(np.int32))
    return Interleaved(*narrow, sender, ordered, segments)


def _by_target(plan: Plan, pathways: tuple[Pathway, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row starts, columns (messages of all segments one after the other), weights, segments (delay, population)."""
    names = list(plan.groups)
    size = plan.groups[pathways[0].post].size
    delay = np.concatenate([p.delay for p in pathways])
    rank = np.concatenate([np.full(p.sender.size, names.index(p.pre)) for p in pathways])
    found, which = np.unique(-delay * len(names) + rank, return_inverse=True)
    segments = np.stack([-(found // len(names)), found % len(names)], axis=1).astype(np.int64)
    sizes = np.array([plan.groups[names[number]].size for number in segments[:, 1]], dtype=np.int64)
    column = (np.cumsum(sizes) - sizes)[which] + np.concatenate([p.sender for p in pathways])
    row = np.concatenate([p.receiver for p in pathways])
    weight = np.concatenate([p.weight for p in pathways]).astype(plan.dtype)
    ranked = np.lexsort((column, row))
    start = np.r_[0, np.cumsum(np.bincount(row, minlength=size))]
    return start, column[ranked], weight[ranked], segments


@dataclass(frozen=True, eq=False)
class Field:
    """Stored synapses into one port by target and by sender, for `core/sweep.hpp`."""

    start: np.ndarray
    column: np.ndarray
    weight: np.ndarray
    out_start: np.ndarray
    out_target: np.ndarray
    segments: np.ndarray  # (segment, 3): delay, population, first column; oldest message first


def lay_out_field(plan: Plan, pathways: tuple[Pathway, ...]) -> Field:
    """The synapses of graded senders into one port, each target's in the contract's order, and the targets of each sender."""
    start, column, weight, segments = _by_target(plan, pathways)
    size = start.size - 1
    names = list(plan.groups)
    sizes = np.array([plan.groups[names[number]].size for number in segments[:, 1]], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    target = np.repeat(np.arange(size), np.diff(start))
    by_column = np.argsort(column, kind="stable")
    out_start = np.r_[0, np.cumsum(np.bincount(column, minlength=int(sizes.sum())))]
    return Field(
        start, column.astype(np.int32), weight, out_start, target[by_column].astype(np.int32), np.concatenate([segments, offsets[:, None]], axis=1)
    )
