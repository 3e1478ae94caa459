"""Layouts for the C++: blocks of neurons, stored synapses of graded senders by target, matrices in tiles."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.engine.delivery import rows_by_target
from neurosim.engine.events.keys import GradedPart, LocalFieldPart, PrivatePart
from neurosim.plan.plan import Plan, Private, Sparse

Array = NDArray[Any]
Integers = NDArray[np.int64]

ALIGNED = 32  # neurons: blocks begin at multiples of it
LANES = 8  # targets that are summed side by side (`core/numbers/vectors.hpp`)
MOST_WIDE = 64  # targets of a tile of a matrix (`core/arrivals/dense.hpp`)


def block_bounds(size: int, blocks: int) -> Integers:
    """The first neuron of each block, and the size: (block + 1)."""
    cuts = np.arange(blocks + 1) * size / blocks
    bounds = np.minimum(np.ceil(cuts / ALIGNED).astype(np.int64) * ALIGNED, size)
    bounds[-1] = size
    return bounds


def interleave(plan: Plan, pathways: tuple[Sparse, ...]) -> Mapping[GradedPart, Array]:
    """The synapses of graded senders into one port, those of each target in the order of the tick contract.

    Targets are sorted by their number of synapses, so that octets need little padding.
    """
    rows = rows_by_target(plan, pathways[0].post, pathways)
    start = rows.start
    octets = -(-(start.size - 1) // LANES)
    lengths = np.zeros(octets * LANES, np.int64)
    lengths[: start.size - 1] = np.diff(start)
    target = np.argsort(lengths, kind="stable")
    count = lengths[target]
    steps = count.reshape(octets, LANES).max(axis=1, initial=0)
    first = np.r_[0, np.cumsum(steps * LANES)]
    # Synapse number `step` of a target goes to the place of the target's first one plus 8 * step.
    first_place = np.repeat(first[:-1], LANES) + np.tile(np.arange(LANES), octets)
    step = np.arange(rows.column.size) - np.repeat(np.cumsum(count) - count, count)
    place = np.repeat(first_place, count) + step * LANES
    first_synapse = np.r_[start, np.full(octets * LANES - start.size + 1, start[-1])][target]
    synapse = np.repeat(first_synapse, count) + step
    sender, ordered = np.full(first[-1], rows.columns, np.int32), np.zeros(first[-1], plan.dtype)
    sender[place], ordered[place] = rows.column[synapse], rows.weight[synapse]
    return {
        GradedPart.FIRST: first,
        GradedPart.TARGET: target.astype(np.int32),
        GradedPart.COUNT: count.astype(np.int32),
        GradedPart.SENDER: sender,
        GradedPart.WEIGHT: ordered,
        GradedPart.SEGMENTS: rows.segments,
    }


def lay_tiles(weight: Array, dtype: np.dtype[Any]) -> Array:
    """The weights (post, pre) of a matrix in tiles, each (pre, target), one after the other.

    A tile has 64 targets; the last ones have 32, 16 and 8 (`core/arrivals/dense.hpp`).
    """
    targets, senders = weight.shape
    padded = np.zeros((-(-targets // LANES) * LANES, senders), dtype)
    padded[:targets] = weight
    cuts, width = [0], MOST_WIDE
    while cuts[-1] < len(padded):
        while width > len(padded) - cuts[-1]:
            width //= 2
        cuts.append(cuts[-1] + width)
    return np.concatenate([padded[a:b].T.reshape(-1) for a, b in pairwise(cuts)])


def local_field(plan: Plan, pathways: tuple[Sparse, ...]) -> Mapping[LocalFieldPart, Array]:
    """The synapses of graded senders into one port, by target and by sender, in the contract's order."""
    rows = rows_by_target(plan, pathways[0].post, pathways)
    target = np.repeat(np.arange(rows.start.size - 1), np.diff(rows.start))
    by_column = np.argsort(rows.column, kind="stable")
    return {
        LocalFieldPart.START: rows.start,
        LocalFieldPart.COLUMN: rows.column.astype(np.int32),
        LocalFieldPart.WEIGHT: rows.weight,
        LocalFieldPart.OUT_START: np.r_[0, np.cumsum(np.bincount(rows.column, minlength=rows.columns))],
        LocalFieldPart.OUT_TARGET: target[by_column].astype(np.int32),
        LocalFieldPart.SEGMENTS: np.concatenate([rows.segments, rows.first_column[:, None]], axis=1),
    }


def private_array(plan: Plan, pathway: Private, part: PrivatePart, bounds: NDArray[np.int32]) -> Array:
    """An array of private sources, whose targets are sorted: a part may list its neurons in any order.

    bounds: the first neuron of each block of the target, and their number (block + 1)
    """
    order = np.argsort(pathway.post_index, kind="stable")
    post = pathway.post_index[order].astype(np.int64)
    match part:
        case PrivatePart.POST:
            return post
        case PrivatePart.FIRST:
            return np.searchsorted(post, bounds).astype(np.int64)
        case PrivatePart.WEIGHT:
            return np.asarray(pathway.weight, plan.dtype)[order]
