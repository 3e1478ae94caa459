"""Synapses that share weights: windows, contractions, messages as weights, the weights of other synapses,
private sources."""

from __future__ import annotations

import re
from math import prod

from differential.case import Cells, Link
from differential.draw import Draw


def windows(draw: Draw, link: Link, pre: Cells, post: Cells) -> bool:
    """Make it a convolution or a pooling, if the shapes fit."""
    v, pool = draw.v, draw.s.chance(0.4)
    if pre.shape[0] != post.shape[0] or "[" in link.pre + link.post:
        return False
    width = v.whole(1, min(3, pre.shape[0]))
    if pool:
        if pre.shape != post.shape:
            return False
        link.more["wiring"] = f"ns.pool(({width},), stride=1, padding='same')"
        link.more["weight"] = str(v.number(0.2, 1))
        return True
    dilation = v.pick((1, 1, 2))
    link.more["wiring"] = f"ns.conv(({width},), padding='same', dilation={dilation})"
    link.more["weight"] = v.pick(("ns.glorot()", f"ns.normal(0, {v.number(0.1, 0.6)})", "0.4"))
    return True


def contraction(draw: Draw, link: Link, pre: Cells, post: Cells, graded: list[Cells]) -> bool:
    """Make it a contraction by letters, or let a population's messages be its weights; for populations that
    do not spike."""
    s, v = draw.s, draw.v
    if "[" in link.pre + link.post:
        return False
    fitting = [cells for cells in graded if prod(cells.shape) == prod(post.shape)]
    if s.chance(0.5) and fitting and prod(pre.shape) == prod(post.shape):
        other = v.pick(fitting)
        link.more["wiring"] = "ns.one_to_one()"
        link.more["weight"] = other.name if v.chance(0.5) else f"ns.delayed({other.name}, {v.whole(1, 3)})"
        return True
    if len(pre.shape) == 1:
        letters = ("i, o i -> o", "i, i o -> o") if len(post.shape) == 1 else ("i, i o p -> o p",)
    elif len(post.shape) == 1:
        letters = ("t i, i o -> o", "t i, t i o -> o")
    else:
        letters = (
            ("t i, i o -> t o", "t i, o i -> t o")
            if pre.shape[0] == post.shape[0]
            else ("t i, t i o p -> o p",)
        )
    link.more["wiring"] = f"ns.einsum({v.pick(letters)!r})"
    link.more["weight"] = v.pick(
        (f"ns.normal(0, {v.number(0.1, 0.6)})", "ns.uniform(-0.5, 0.5)", str(v.number(0.1, 0.5)))
    )
    return True


def tied(draw: Draw, links: list[Link], cells: dict[str, Cells]) -> Link | None:
    """Synapses that share the weights of earlier ones, in their direction or back."""
    s = draw.s
    others = re.compile(r"\bs\d|\b[a-d]\b|delayed|private|einsum|pool")
    owners = [
        link
        for link in links
        if not link.text and not others.search(link.more["weight"] + link.more["wiring"])
    ]
    if not owners:
        return None
    owner = s.pick(owners)
    link = Link(f"s{len(links)}", owner.pre, owner.post, more=dict(owner.more))
    link.more["weight"] = owner.name
    back = cells[owner.pre.split("[")[0]]
    ports = [port for port in back.ports if port not in back.units]
    if s.chance(0.5) and ports and not back.driven:
        link.pre, link.post = owner.post, owner.pre
        link.more |= {"weight": f"{owner.name}.T", "to": repr(s.pick(ports))}
    return link


def private_sender(draw: Draw, clocked: bool) -> Cells:
    """One neuron that spikes at random, without a past."""
    ways = [("rand() < p", {"p": str(draw.v.number(0, 1))})]
    ways += [("rand() < p*dt", {"p": f"{draw.v.whole(0, 900)}*Hz"})] if clocked else []
    threshold, constant = draw.s.pick(ways)
    return Cells("n", (1,), {"threshold": [threshold]}, constant)
