"""Closed parts that are equal and follow each other, as one box: the blocks of a transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from neurosim.figures.graph.model import Box, Connection
from neurosim.network.network import Network
from neurosim.network.pictures import TIMES

LEAST = 3  # parts; fewer are drawn one by one
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def stacked(
    net: Network,
    boxes: Sequence[Box],
    connections: Sequence[Connection],
    frames: Mapping[str, set[str]],
) -> tuple[list[Box], list[Connection], dict[str, set[str]]]:
    """The boxes, connections and members of frames, with one box for each stack of equal closed parts."""
    keys: dict[str, Box] = {}
    for stack in _stacks(net, boxes, connections):
        keys |= dict.fromkeys((box.key for box in stack), _one_box(net, stack))
    new_boxes = list(dict.fromkeys(keys.get(box.key, box) for box in boxes))
    new = {key: box.key for key, box in keys.items()}
    moved = [
        replace(c, pre=new.get(c.pre, c.pre), post=new.get(c.post, c.post))
        for c in connections
        if c.pre not in new or new[c.pre] != new.get(c.post)
    ]
    return (
        new_boxes,
        moved,
        {name: {new.get(key, key) for key in members} for name, members in frames.items()},
    )


def _stacks(net: Network, boxes: Sequence[Box], connections: Sequence[Connection]) -> list[list[Box]]:
    """Equal closed parts of which each sends to the next one only, and that receives from nothing else."""
    closed = {box.key: box for box in boxes if box.kind == "closed"}
    after: dict[str, set[str]] = {key: set() for key in closed}
    before: dict[str, set[str]] = {key: set() for key in closed}
    for c in connections:
        for source in (c.pre, c.weight.population if c.weight else c.pre):
            after.setdefault(source, set()).add("" if c.weight or c.delay else c.post)
            before.setdefault(c.post, set()).add("" if c.weight or c.delay else source)
    following = {
        key: closed[other]
        for key, box in closed.items()
        for other in after[key]
        if after[key] == {other}
        and other in closed
        and before[other] == {key}
        and _equal(net, box, closed[other])
    }
    starts = [box for key, box in closed.items() if box not in following.values() and key in following]
    stacks = []
    for box in starts:
        stack = [box]
        while stack[-1].key in following:
            stack.append(following[stack[-1].key])
        stacks.append(stack)
    return [stack for stack in stacks if len(stack) >= LEAST]


def _equal(net: Network, a: Box, b: Box) -> bool:
    """Whether two parts have the same populations and synapses under other names."""
    return _inside(net, a.name) == _inside(net, b.name)


def _inside(net: Network, part: str) -> tuple[Mapping[str, tuple[object, ...]], set[str]]:
    """The shapes and texts of the populations of a part, and the names of its synapses."""
    populations = {name.removeprefix(f"{part}_"): net.populations[name] for name in net.parts[part]}
    texts = {name: (p.shape, p.update, p.equations, p.threshold) for name, p in populations.items()}
    return texts, {name.removeprefix(f"{part}_") for name in _synapses(net, part)}


def _synapses(net: Network, part: str) -> list[str]:
    members = set(net.parts[part])
    return [name for name, s in net.synapses.items() if {s.pre.name, s.post.name} <= members]


def _one_box(net: Network, stack: Sequence[Box]) -> Box:
    """A box for a stack."""
    first, last = stack[0], stack[-1]
    own = set(_synapses(net, first.name))
    shared = all(
        any(net.owner(net.synapses[name]) in own for name in _synapses(net, box.name)) for box in stack[1:]
    )
    text = (f"{len(net.parts[first.name])} populations each", *(["the same weights"] if shared else []))
    name = f"{first.title or first.name} {ELLIPSIS} {last.title or last.name}"
    return Box(name, f"{TIMES} {len(stack)}, one after the other", "closed", text, "", ())
