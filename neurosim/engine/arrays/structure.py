"""What of a plan makes another program, as one digest: text, shapes, wiring; not weights, constants, seeds or inputs."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np

from neurosim.engine.arrays.ticks import blocks, is_number
from neurosim.plan.plan import Group, Pathway, Plan


def digest(plan: Plan) -> str:
    """Plans with the same digest run as the same compiled program."""
    found = blake2b(digest_size=16)
    drives = sorted((name, drive.events) for name, drive in plan.drives.items())
    probes = [(p.name, p.owner, p.variable, p.shape, p.events, _bytes(p.index)) for p in plan.probes]
    for part in (plan.schedule, plan.dt, plan.program, plan.precision, drives, probes):
        found.update(repr(part).encode())
    for group in plan.groups.values():
        found.update(repr(_group(group)).encode())
    for pathway in plan.pathways.values():
        found.update(repr(_pathway(pathway)).encode())
    return found.hexdigest()


def _bytes(value: Any) -> Any:
    """An array in short."""
    if value is None:
        return None
    array = np.ascontiguousarray(value)
    return array.shape, array.dtype.str, blake2b(array.tobytes(), digest_size=16).hexdigest()


def _group(group: Group) -> tuple:
    text = [(part.name, part.statements, part.writes, sorted(part.guarded)) for part in blocks(group)]
    constants = [(name, np.shape(v) if is_number(v) else _bytes(v)) for name, v in sorted(group.constants.items())]
    states = [(name, v.shape) for name, v in sorted(group.states.items())]
    rest = (group.ports, group.derived, group.message, group.refractory and vars(group.refractory), sorted(group.frozen))
    return group.name, group.shape, group.driven, group.spiking, text, constants, states, rest


def _pathway(pathway: Pathway) -> tuple:
    ends = (pathway.name, pathway.pre, pathway.post, pathway.to, pathway.kind, _bytes(pathway.pre_index), _bytes(pathway.post_index))
    sent = pathway.weight_from and (pathway.weight_from[0], _bytes(pathway.weight_from[1]), *pathway.weight_from[2:])
    text = pathway.text and (pathway.text.on_pre and pathway.text.on_pre.statements, [(k, _bytes(v)) for k, v in pathway.text.constants.items()])
    rest = (pathway.pre_shape, pathway.post_shape, pathway.letters, sent, pathway.sources, pathway.chance, text)
    if pathway.windows is not None:
        w = pathway.windows
        return *ends, *rest, w.kind, w.slide, w.channels, w.out_channels, w.groups, w.turned, w.own.shape, w.delay
    if pathway.kind == "sparse":
        return *ends, *rest, _bytes(pathway.sender), _bytes(pathway.receiver), _bytes(pathway.delay)
    return *ends, *rest, pathway.weight.shape, _bytes(pathway.delay)
