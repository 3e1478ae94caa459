"""What of a plan makes another program, as one digest: text, shapes, wiring; not weights, constants, seeds or inputs."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, assert_never

import numpy as np

from neurosim.engine.arrays.ticks import blocks, is_number
from neurosim.plan.plan import AnyOf, Dense, Einsum, Group, Plan, Private, Sparse, Textual


def digest(plan: Plan) -> str:
    """Plans with the same digest run as the same compiled program."""
    found = blake2b(digest_size=16)
    drives = sorted((name, drive.events) for name, drive in plan.drives.items())
    probes = [(p.name, p.owner, p.variable, p.shape, p.events, _bytes(p.index)) for p in plan.probes]
    for part in (str(plan.schedule), plan.dt, plan.program, plan.precision, drives, probes):
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
    text = [(part.name, part.statements, part.writes, sorted(part.frozen)) for part in blocks(group)]
    constants = [
        (name, np.shape(v) if is_number(v) else _bytes(v)) for name, v in sorted(group.constants.items())
    ]
    states = [(name, v.shape) for name, v in sorted(group.states.items())]
    rest = (
        group.ports,
        group.derived,
        group.sends,
        group.of,
        group.refractory and vars(group.refractory),
        sorted(group.frozen),
    )
    return group.name, group.shape, group.driven, group.spiking, text, constants, states, rest


def _pathway(pathway: AnyOf) -> tuple:
    kind = type(pathway).__name__
    ends = (
        pathway.name,
        pathway.pre,
        pathway.post,
        pathway.to,
        kind,
        _bytes(pathway.pre_index),
        _bytes(pathway.post_index),
    )
    shapes = (pathway.pre_shape, pathway.post_shape)
    match pathway:
        case Sparse():
            return (
                *ends,
                *shapes,
                *_stored(pathway),
                *(_text(pathway) if isinstance(pathway, Textual) else ()),
            )
        case Dense():
            return *ends, *shapes, pathway.weight.shape, pathway.delay
        case Einsum():
            sent = pathway.weight_from and (
                pathway.weight_from[0],
                _bytes(pathway.weight_from[1]),
                *pathway.weight_from[2:],
            )
            return *ends, *shapes, pathway.letters, sent, pathway.weight.shape, pathway.delay
        case Private():
            return *ends, *shapes, pathway.sources, pathway.chance
        case _ as unknown:
            assert_never(unknown)


def _stored(pathway: Sparse) -> tuple:
    w = pathway.windows
    if w is not None:
        return (
            type(w).__name__,
            w.slide,
            w.channels,
            w.out_channels,
            w.channels_seen,
            w.turned,
            w.own.shape,
            w.delay,
        )
    return _bytes(pathway.sender), _bytes(pathway.receiver), _bytes(pathway.delay)


def _text(pathway: Textual) -> tuple:
    text = pathway.text
    return text.on_pre and text.on_pre.statements, [(k, _bytes(v)) for k, v in text.constants.items()]
