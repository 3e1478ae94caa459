"""A digest of what needs another compilation: text, shapes, wiring; not weights, constants or inputs."""

from __future__ import annotations

from hashlib import blake2b
from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.arrays.products import are_ones
from neurosim.engine.arrays.ticks import blocks, is_array
from neurosim.plan.called import Called, Table, UserFunction
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.plan import AnyPathway, Dense, Einsum, Group, Plan, Private, Sparse, Textual

Parts = tuple[object, ...]
"""Plain values, whose `repr` says all there is to say of them."""


def digest(plan: Plan) -> str:
    """32 hexadecimal digits. Plans with the same digest run as the same compiled functions."""
    drives = sorted((name, drive.events) for name, drive in plan.drives.items())
    probes = [(p.name, p.owner, p.variable, p.shape, p.events, _short(p.index)) for p in plan.probes]
    parts: list[object] = [str(plan.schedule), plan.dt, plan.program, plan.precision, drives, probes]
    parts += [_group(group) for group in plan.groups.values()]
    parts += [_pathway(pathway) for pathway in plan.pathways.values()]
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(repr(part).encode())
    return digest.hexdigest()


def _short(value: ArrayLike | None) -> Parts | None:
    """An array as its shape, type and digest, because `repr` leaves out most of a large one."""
    if value is None:
        return None
    array = np.ascontiguousarray(value)
    return array.shape, array.dtype.str, blake2b(array.tobytes(), digest_size=16).hexdigest()


def _constant(value: Numeric) -> Parts | None:
    """What another compilation is needed for: the value of a constant, but not the values of a table."""
    if isinstance(value, Table):
        return value.values.shape, value.dt, value.finer
    if isinstance(value, UserFunction):  # what was compiled with it keeps it, so that no other takes its id
        return (id(value.function),)
    return _short(value)


def _group(group: Group) -> Parts:
    text = [(part.name, part.statements, part.writes, sorted(part.frozen)) for part in blocks(group)]
    constants = [
        (name, np.shape(v) if is_array(v) and not isinstance(v, Called) else _constant(v))
        for name, v in sorted(group.constants.items())
    ]
    states = [(name, v.shape) for name, v in sorted(group.states.items())]
    refractory = group.refractory and vars(group.refractory)
    rest = (group.ports, group.subexpressions, group.sends, group.of, refractory, sorted(group.frozen))
    return group.name, group.shape, group.driven, group.spiking, text, constants, states, rest


def _pathway(pathway: AnyPathway) -> Parts:
    ends = (pathway.name, pathway.pre, pathway.post, pathway.to, type(pathway).__name__)
    places = (_short(pathway.pre_index), _short(pathway.post_index), pathway.pre_shape, pathway.post_shape)
    return ends, places, _synapses(pathway)


def _synapses(pathway: AnyPathway) -> Parts:
    match pathway:
        case Textual():
            return _stored(pathway), _text(pathway)
        case Sparse():
            return _stored(pathway), are_ones(pathway)
        case Dense():
            return pathway.weight.shape, pathway.delay
        case Einsum():
            sent = None
            if pathway.weight_from is not None:
                name, index, shape, ago = pathway.weight_from
                sent = name, _short(index), shape, ago
            return pathway.letters, sent, pathway.weight.shape, pathway.delay
        case Private():
            return pathway.sources, pathway.chance, np.shape(pathway.weight)
        case _ as unknown:
            assert_never(unknown)


def _stored(pathway: Sparse) -> Parts:
    w = pathway.windows
    if w is not None:
        channels = (w.channels, w.out_channels, w.channels_seen)
        return type(w).__name__, w.slide, channels, w.turned, w.own.shape, w.delay
    return _short(pathway.sender), _short(pathway.receiver), _short(pathway.delay)


def _text(pathway: Textual) -> Parts:
    text = pathway.text
    constants = [
        (name, _constant(v), isinstance(v, Table) and _short(v.values)) for name, v in text.constants.items()
    ]
    return text.on_pre and text.on_pre.statements, constants
