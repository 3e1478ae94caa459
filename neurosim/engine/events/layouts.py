"""How arrays are laid out for the C++: blocks of neurons, synapses by target, synapses with text by block and sender."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neurosim.plan.plan import Plan, Sparse

ALIGNED = 32  # neurons: blocks begin at multiples of it
LANES = 8  # targets that are summed side by side (`core/numbers/vectors.hpp`)
MOST_WIDE = 64  # targets of a tile of a matrix (`core/arrivals/dense.hpp`)


def block_bounds(size: int, blocks: int) -> np.ndarray:
    """The first neuron of each block, and the size: (blocks + 1)."""
    cuts = np.arange(blocks + 1) * size / blocks
    bounds = np.minimum(np.ceil(cuts / ALIGNED).astype(np.int64) * ALIGNED, size)
    bounds[-1] = size
    return bounds


@dataclass(frozen=True, eq=False)
class Interleaved:
    """Stored synapses by target for `core/arrivals/graded.hpp`: groups of eight targets with about as many synapses each."""

    first: np.ndarray  # (groups + 1)
    target: np.ndarray  # (groups, 8): all neurons, then the slots behind them
    count: np.ndarray  # (groups, 8): synapses of each target, without the filling
    sender: np.ndarray  # (step, 8) of each group; the filling has the place behind all messages
    weight: np.ndarray
    segments: np.ndarray  # (segment, 2): delay, population; oldest message first


def interleave(plan: Plan, pathways: tuple[Sparse, ...]) -> Interleaved:
    """The synapses of graded senders into one port, each target's in the contract's order."""
    start, column, weight, segments = _by_target(plan, pathways)
    groups = -(-(start.size - 1) // LANES)
    lengths = np.zeros(groups * LANES, np.int64)
    lengths[: start.size - 1] = np.diff(start)
    target = np.argsort(lengths, kind="stable")
    count = lengths[target]
    steps = count.reshape(groups, LANES).max(axis=1, initial=0)
    first = np.r_[0, np.cumsum(steps * LANES)]
    place = np.repeat(first[:-1], LANES) + np.tile(np.arange(LANES), groups)  # of each target's first synapse
    step = np.arange(column.size) - np.repeat(np.cumsum(count) - count, count)
    where = np.repeat(place, count) + step * LANES
    source = (
        np.repeat(np.r_[start, np.full(groups * LANES - start.size + 1, start[-1])][target], count) + step
    )
    messages = sum(plan.groups[list(plan.groups)[number]].size for number in segments[:, 1])
    sender, ordered = np.full(first[-1], messages, np.int32), np.zeros(first[-1], plan.dtype)
    sender[where], ordered[where] = column[source], weight[source]
    return Interleaved(first, target.astype(np.int32), count.astype(np.int32), sender, ordered, segments)


def lay_tiles(weight: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The weights (post, pre) of a matrix in tiles of 64 targets, the last ones of 32, 16 and 8, each (pre, target); see `core/arrivals/dense.hpp`."""
    targets, senders = weight.shape
    padded = np.zeros((-(-targets // LANES) * LANES, senders), dtype)
    padded[:targets] = weight
    cuts, width = [0], MOST_WIDE
    while cuts[-1] < len(padded):
        while width > len(padded) - cuts[-1]:
            width //= 2
        cuts.append(cuts[-1] + width)
    return np.concatenate([padded[a:b].T.reshape(-1) for a, b in pairwise(cuts)])


def _by_target(
    plan: Plan, pathways: tuple[Sparse, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
class LocalFieldLayout:
    """Stored synapses into one port by target and by sender, for `core/sweeps/sweep.hpp`."""

    start: np.ndarray
    column: np.ndarray
    weight: np.ndarray
    out_start: np.ndarray
    out_target: np.ndarray
    segments: np.ndarray  # (segment, 3): delay, population, first column; oldest message first


def lay_out_local_field(plan: Plan, pathways: tuple[Sparse, ...]) -> LocalFieldLayout:
    """The synapses of graded senders into one port, each target's in the contract's order, and the targets of each sender."""
    start, column, weight, segments = _by_target(plan, pathways)
    size = start.size - 1
    names = list(plan.groups)
    sizes = np.array([plan.groups[names[number]].size for number in segments[:, 1]], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes
    target = np.repeat(np.arange(size), np.diff(start))
    by_column = np.argsort(column, kind="stable")
    out_start = np.r_[0, np.cumsum(np.bincount(column, minlength=int(sizes.sum())))]
    return LocalFieldLayout(
        start,
        column.astype(np.int32),
        weight,
        out_start,
        target[by_column].astype(np.int32),
        np.concatenate([segments, offsets[:, None]], axis=1),
    )
