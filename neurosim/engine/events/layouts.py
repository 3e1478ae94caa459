"""How arrays are laid out for the C++: blocks of neurons, synapses by target, synapses with text by block and sender."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neurosim.engine.delivery import rows_by_target
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
    """The synapses of graded senders into one port, each target's in delivery order."""
    rows = rows_by_target(plan, pathways[0].post, pathways)
    start = rows.start
    groups = -(-(start.size - 1) // LANES)
    lengths = np.zeros(groups * LANES, np.int64)
    lengths[: start.size - 1] = np.diff(start)
    target = np.argsort(lengths, kind="stable")
    count = lengths[target]
    steps = count.reshape(groups, LANES).max(axis=1, initial=0)
    first = np.r_[0, np.cumsum(steps * LANES)]
    place = np.repeat(first[:-1], LANES) + np.tile(np.arange(LANES), groups)  # of each target's first synapse
    step = np.arange(rows.column.size) - np.repeat(np.cumsum(count) - count, count)
    where = np.repeat(place, count) + step * LANES
    source = (
        np.repeat(np.r_[start, np.full(groups * LANES - start.size + 1, start[-1])][target], count) + step
    )
    sender, ordered = np.full(first[-1], rows.columns, np.int32), np.zeros(first[-1], plan.dtype)
    sender[where], ordered[where] = rows.column[source], rows.weight[source]
    return Interleaved(first, target.astype(np.int32), count.astype(np.int32), sender, ordered, rows.segments)


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
    """The synapses of graded senders into one port, each target's in delivery order, and the targets of each sender."""
    rows = rows_by_target(plan, pathways[0].post, pathways)
    target = np.repeat(np.arange(rows.start.size - 1), np.diff(rows.start))
    by_column = np.argsort(rows.column, kind="stable")
    return LocalFieldLayout(
        rows.start,
        rows.column.astype(np.int32),
        rows.weight,
        np.r_[0, np.cumsum(np.bincount(rows.column, minlength=rows.columns))],
        target[by_column].astype(np.int32),
        np.concatenate([rows.segments, rows.first_column[:, None]], axis=1),
    )
