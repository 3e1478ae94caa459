"""What the array engine hands from tick to tick, and what it holds while it computes ticks.

All arrays begin with the trial axis unless said otherwise; populations keep their shape, (trial, *shape).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import jax

PortKey = tuple[str, str]
"""A population, and one of its ports or variables."""

Numbers = dict[str, Any]
"""The numbers of a plan as a tree of arrays, of which gradients can be taken.

'weights': by pathway. 'synapses': variables of synapses that are recorded, by probe. 'constants' and
'start' (values): by population and name. 'keys': those of random numbers, by population or pathway and
block, (call, 2).
"""


class Carry(TypedDict):
    """What a network remembers from one tick to the next."""

    # Population -> variable.
    values: dict[str, dict[str, jax.Array]]
    # Population -> its last message, (trial, *shape), or past ones, (tick modulo depth, trial, *shape).
    sent: dict[str, jax.Array]
    # What waits at a port between ticks: total, and how many arrivals.
    ports: dict[PortKey, tuple[jax.Array, jax.Array]]
    last_spike: dict[str, jax.Array]
    not_refractory: dict[str, jax.Array]


@dataclass
class TickState:
    """One tick while it is computed. Steps replace entries of its dictionaries; they change no array.

    tick: a number, or (trial,) where ticks and trials lie on one axis.
    trials: their numbers.
    numbers: those of the plan.
    carry: what the tick began with.
    inputs: of this tick, by population.
    pending: what spikes of an earlier run bring at this tick, and how many.
    weights: what each product made of its weights (`Product.prepare`).
    values, not_refractory, last_spike, ports: as in the carry.
    sent: messages of this tick.
    read: what updates read at ports.
    samples: what probes recorded, by name.
    """

    tick: jax.Array
    trials: jax.Array
    numbers: Numbers
    carry: Carry
    inputs: Mapping[str, jax.Array]
    pending: Mapping[PortKey, tuple[jax.Array, jax.Array]]
    weights: list[jax.Array | None]
    values: dict[str, dict[str, jax.Array]]
    not_refractory: dict[str, jax.Array]
    last_spike: dict[str, jax.Array]
    ports: dict[PortKey, tuple[jax.Array, jax.Array]]
    sent: dict[str, jax.Array] = field(default_factory=dict[str, jax.Array])
    read: dict[PortKey, jax.Array] = field(default_factory=dict[PortKey, jax.Array])
    samples: dict[str, jax.Array] = field(default_factory=dict[str, jax.Array])


@dataclass
class BlockState:
    """A block of ticks while it is computed, stage after stage (see `stages.py`).

    inputs, sent and samples begin with the axes (tick, trial); `values`, before the block, and `last`,
    after it, with that of trials. weights: what each product made of its weights.
    """

    numbers: Numbers
    weights: list[jax.Array | None]
    inputs: Mapping[str, jax.Array]
    ticks: jax.Array
    trials: jax.Array
    values: Mapping[str, dict[str, jax.Array]]
    sent: dict[str, jax.Array] = field(default_factory=dict[str, jax.Array])
    last: dict[str, dict[str, jax.Array]] = field(default_factory=dict[str, dict[str, jax.Array]])
    samples: dict[str, jax.Array] = field(default_factory=dict[str, jax.Array])

    def since(self, first: int) -> BlockState:
        """The block without its first ticks, of which nothing is asked any more."""

        def cut(arrays: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
            return {name: value[first:] for name, value in arrays.items()}

        later = replace(self, inputs=cut(self.inputs), sent=cut(self.sent), samples=cut(self.samples))
        return replace(later, ticks=self.ticks[first:])


def empty_carry(values: dict[str, dict[str, jax.Array]]) -> Carry:
    """A carry that holds these values of populations and nothing else."""
    return Carry(values=values, sent={}, ports={}, last_spike={}, not_refractory={})
