"""Which parts of a network are open in a diagram; those that are closed become one box each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.figures.graph.model import Box, Connection, MessageWeight, WeightKind
from neurosim.figures.graph.polarity import EITHER
from neurosim.figures.graph.stacks import stacked
from neurosim.network.network import Network

Closed = bool | str | Collection[str] | None
STRONGEST: tuple[WeightKind, ...] = ("plastic", "learned", "message", "fixed")


def chosen_parts(net: Network, closed: Closed) -> list[frozenset[str]]:
    """The sets of closed parts to try, one after the other, until a diagram fits on a page.

    Only one if `closed` says which; otherwise none is closed at first, then the innermost, and so on.
    """
    if closed is True:
        return [frozenset(net.parts)]
    if closed is False:
        return [frozenset()]
    if closed is None:
        depths = {name: len(_around(net, name)) for name in net.parts}
        levels = range(max(depths.values(), default=-1) + 1, -1, -1)
        return [frozenset(name for name, depth in depths.items() if depth >= level) for level in levels]
    names = [closed] if isinstance(closed, str) else list(closed)
    for name in names:
        if name not in net.parts:
            raise DescriptionError(
                f"diagram: closed={shown(closed)}: there is no part {shown(name)}. {nearest(name, net.parts)}"
            )
    return [frozenset(names)]


def _around(net: Network, name: str) -> list[str]:
    """The parts in which a part stands."""
    names, own = list(net.parts), set(net.parts[name])
    return [
        other
        for other, members in net.parts.items()
        if own < set(members) or (own == set(members) and names.index(other) < names.index(name))
    ]


def close_parts(
    net: Network, boxes: Sequence[Box], connections: Sequence[Connection], closed: Collection[str]
) -> tuple[list[Box], list[Connection], dict[str, set[str]]]:
    """Boxes and connections with one box for each closed part, and the keys of the boxes in open parts."""
    hidden = {name for name in net.parts if any(other in closed for other in _around(net, name))}
    parts = [_closed_box(net, name) for name in net.parts if name in closed and name not in hidden]
    owner = {member: part for part in parts for member in net.parts[part.name]}
    new_boxes = dict.fromkeys(owner.get(box.name, box) for box in boxes)
    keys = {name: part.key for name, part in owner.items()}
    frames = {
        name: {keys.get(member, member) for member in members}
        for name, members in net.parts.items()
        if name not in closed and name not in hidden
    }
    moved = [_moved(connection, keys) for connection in connections]
    innermost = sorted(frames, key=lambda name: len(_around(net, name)))
    titles = {key: name for name in innermost for key in frames[name]}
    titled = [
        replace(box, title=box.name.removeprefix(f"{titles[box.key]}_")) if box.key in titles else box
        for box in new_boxes
    ]
    return stacked(net, titled, _merged([c for c in moved if c is not None]), frames)


def _closed_box(net: Network, name: str) -> Box:
    members = net.parts[name]
    neurons = sum(net.populations[member].size for member in members)
    text = f"{len(members)} population{'s' if len(members) > 1 else ''}"
    return Box(name, f"{neurons:,} neuron{'s' if neurons > 1 else ''}", "closed", (text,), "", ())


def _moved(c: Connection, owner: Mapping[str, str]) -> Connection | None:
    """A connection whose ends in closed parts are these parts; None if it is within one."""
    pre, post = owner.get(c.pre, c.pre), owner.get(c.post, c.post)
    if pre != c.pre:
        c = replace(c, pre=pre, pre_part="", variable="")
    if post != c.post:
        c = replace(c, post=post, post_part="", ports=("",))
    if c.weight is None:
        return None if pre == post and _is_closed(pre) else c
    weight = c.weight
    if weight.population in owner:
        weight = weight._replace(population=owner[weight.population], part="", variable="")
    joined = {pre, post, weight.population}
    if len(joined) == 1 and _is_closed(pre):
        return None
    c = replace(c, weight=weight)
    if len(joined) == 3 or not any(_is_closed(end) for end in (pre, post, weight.population)):
        return c
    return _without_product(c, weight)


def _without_product(c: Connection, weight: MessageWeight) -> Connection:
    """A connection with a message as its weight, where two of the three ends are one closed part."""
    bare = replace(c, weight=None, picture=None, notes=())
    if c.pre == c.post and _is_closed(
        c.pre
    ):  # the product is in the part: only the weight comes from outside
        bare = replace(bare, pre=weight.population, pre_part=weight.part, variable=weight.variable)
        return replace(bare, delay=weight.delay, instant=not weight.delay)
    if weight.population in (c.pre, c.post) and _is_closed(weight.population):
        return replace(bare, kind="fixed")
    return c


def _is_closed(key: str) -> bool:
    return key.startswith("{")


def _merged(connections: Sequence[Connection]) -> list[Connection]:
    """One connection for all from or to a closed part that have the same ends and the same delay."""
    groups: dict[tuple[object, ...], list[Connection]] = {}
    for c in connections:
        ends = (c.pre, c.pre_part, c.variable, c.post, c.post_part, c.ports, c.weight, c.delay, c.instant)
        key = ends if _is_closed(c.pre) or _is_closed(c.post) else c.names
        groups.setdefault(key, []).append(c)
    return [_one(group) for group in groups.values()]


def _one(group: list[Connection]) -> Connection:
    """One connection for several; where they differ, no claim is made."""
    first, *others = group
    if not others:
        return first
    names = tuple(name for c in group for name in c.names)
    return replace(
        first,
        names=names,
        kind=min((c.kind for c in group), key=STRONGEST.index),
        sign=first.sign if all(c.sign == first.sign for c in others) else EITHER,
        picture=first.picture if all(c.picture == first.picture for c in others) else None,
        shared=all(c.shared for c in group),
        notes=(f"{len(group)} connections",),
    )
