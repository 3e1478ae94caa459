"""Random synapses: parts, wirings, weights, delays, and text."""

from __future__ import annotations

from math import prod

from differential.case import Cells, Link
from differential.draw import Draw, Stream


def draw_link(
    draw: Draw, name: str, pre: Cells, post: Cells, *, messages: str, clocked: bool, least: int
) -> Link:
    """Synapses without text from `pre`, whose messages are 'spikes' or 'values'; `least` is the shortest
    delay in ticks."""
    s, v = draw.s, draw.v
    link = Link(name, _end(draw, pre), _end(draw, post))
    free = [state for state in post.states if state not in post.units or messages == "spikes" or pre.driven]
    target = s.pick([*post.ports, *post.ports, *post.ports, *free]) if post.ports or free else ""
    if not target:
        return link
    link.more["to"] = repr(target)
    unit = post.units.get(target, "")
    link.more["wiring"] = wiring(
        draw, pre, post, link, dense=s.chance(0.35) if messages == "values" else v.chance(0.2)
    )
    link.more["weight"] = weight(
        v,
        unit,
        whole=link.pre == pre.name and link.post == post.name,
        pre=pre,
        post=post,
        wiring=link.more["wiring"],
    )
    link.more["delay"] = delay(draw, clocked, least)
    return link


def _end(draw: Draw, cells: Cells) -> str:
    """The population, or a part of it."""
    n = cells.shape[0]
    if not draw.s.chance(0.2) or n < 2:
        return cells.name
    half = max(1, n // 2)
    parts = [f"[:{half}]", f"[{half}:]", "[::2]", "[[0]]", f"[[{n - 1}, 0]]"] + (
        ["[:, 0]"] if len(cells.shape) > 1 else []
    )
    return cells.name + draw.v.pick(parts)


def size_of(end: str, cells: Cells) -> int:
    """How many neurons a part has."""
    import numpy as np

    part = end.removeprefix(cells.name)
    numbers = np.arange(prod(cells.shape)).reshape(cells.shape)
    return int(np.size(eval(f"numbers{part}", {"numbers": numbers}) if part else numbers))


def wiring(draw: Draw, pre: Cells, post: Cells, link: Link, *, dense: bool) -> str:
    """The source of a wiring that fits the ends."""
    v = draw.v
    if dense:
        return "ns.all_to_all()"
    n, m = size_of(link.pre, pre), size_of(link.post, post)
    same = pre.name == post.name
    alike = same and link.pre == link.post
    away = ", to_self=False" if alike and n > 1 and v.chance(0.3) else ""
    options = [f"ns.probability({v.number(0.05, 0.9)}{away})"] * 3
    options += [
        f"ns.indegree({v.whole(0, 4)}{away})",
        f"ns.outdegree({v.whole(1, 4)}{away})",
        f"ns.total({v.whole(0, 12)})",
    ]
    options += [
        f"ns.probability({v.pick((0, 1))})",
        f"ns.all_to_all({away[2:]})" if away else "ns.probability(0.5)",
    ]
    options += ["ns.one_to_one()"] * 3 if n == m else []
    torus = ", torus=True" if v.chance(0.3) else ""
    options += (
        [f"ns.nearby({v.number(0.5, 2.5)}, {v.number(0.3, 1)}{torus})"]
        if len(pre.shape) == len(post.shape)
        else []
    )
    options += [f"ns.small_world(2, {v.number(0, 1)})"] if alike and n > 2 else []
    senders, targets = ([v.whole(0, size - 1) for _ in range(6)] for size in (n, m))
    options.append(f"ns.pairs({senders}, {targets})")
    return v.pick(options)


def weight(v: Stream, unit: str, *, whole: bool, pre: Cells, post: Cells, wiring: str) -> str:
    """The source of a weight, in the unit of the target."""
    size = {"mV": 8.0, "nS": 6.0, "pA": 200.0}.get(unit, 1.0)
    of = f"*{unit}" if unit else ""

    def q(low: float, high: float) -> str:
        return f"{v.number(low * size, high * size, 3)}{of}"

    low, high, spread = q(-0.1, 0), q(0.5, 0.9), q(0.1, 0.5)
    options = [
        q(-0.5, 1.2),
        q(0.1, 1),
        f"ns.normal({q(0, 0.5)}, {spread})",
        f"ns.uniform({q(-0.6, 0)}, {high})",
        f"ns.gamma({q(0.2, 0.8)}, {spread})",
        f"ns.bounded_normal({q(0.3, 0.5)}, {spread}, low={q(0, 0.1)})",
        f"ns.normal({q(0, 0.5)}, {spread}, low={low}, high={high})",
        f"ns.dale({q(0.2, 0.6)}, {q(-0.6, -0.2)}, inhibitory={v.number(0, 1)})",
    ]
    if not unit:
        options += ["ns.glorot()", str(v.whole(0, 2))]
        if pre.name == post.name and whole and wiring in ("ns.all_to_all()", "ns.probability(1)"):
            options += [f"ns.spectral_radius({v.number(0.3, 0.95)})", "ns.orthogonal(0.8)"]
            options.append(
                f"ns.hebbian(np.sign(np.random.default_rng({v.whole(0, 9)}).normal(0, 1, (2, "
                f"{prod(pre.shape)}))))"
            )
    if whole and wiring not in ("ns.one_to_one()",) and "pairs" not in wiring:
        options.append(
            f"np.random.default_rng({v.whole(0, 99)}).normal(0, {size / 2}, ({prod(post.shape)}, "
            f"{prod(pre.shape)})).round(3){of}"
        )
    return v.pick(options)


def delay(draw: Draw, clocked: bool, least: int) -> str:
    """The source of a delay of at least so many ticks; under Clock a tick is 0.5 ms."""
    v, unit = draw.v, "*0.5*ms" if clocked else ""
    kind = v.pick(("least", "fixed", "drawn", "normal"), (4, 3, 3, 1))
    if kind == "least":
        return f"{least}{unit}" if least else "0"
    if kind == "fixed":
        return f"{least + v.whole(0, 6)}{unit}"
    high = least + v.whole(0, 9)
    if kind == "drawn":
        return f"ns.uniform({least}{unit}, {high}{unit})"
    return f"ns.normal({least + 2}{unit}, 1{unit}, low={least}{unit}, high={least + 8}{unit})"
