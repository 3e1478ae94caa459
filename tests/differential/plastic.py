"""Random text of synapses: variables, what arrivals do, and what targets that have sent do."""

from __future__ import annotations

from differential.case import Cells, Link
from differential.draw import Draw, Stream
from differential.text import Words, expression

TRACES = ("dbefore/dt = -before/(9*ms) : 1 ({flag})", "dafter/dt = -after/(14*ms) : 1 ({flag})")


def add_text(
    draw: Draw, link: Link, pre: Cells, post: Cells, *, messages: str, clocked: bool, rounded: bool
) -> None:
    """Give synapses text in the place of a target."""
    s = draw.s
    link.more.pop("to", None)
    targets = [f"{name}_post" for name in (*post.ports, *post.ports, *post.states) if name not in post.units]
    own = ["w"]
    model = s.some(("w : 1", "q : 1"), 0.5)
    own += ["q"] if "q : 1" in model else []
    if clocked and s.chance(0.6):
        flag = s.pick(("event-driven", "event-driven", "clock-driven"))
        model += [line.replace("{flag}", flag) for line in TRACES]
        own += ["before", "after"]
    names = [*own, *own, *(f"{name}_pre" for name in pre.states if name not in pre.units)]
    names += [f"{name}_post" for name in post.states if name not in post.units] + ["kappa"]
    if pre.driven and messages == "values":
        names += ["v_pre", "v_pre"]
    words = Words(tuple(names), whole=("i", "j"), rounded=rounded, random=s.chance(0.25))
    link.lines = {
        "model": model,
        "on_pre": _acts(s, words, own, targets, pre),
        "on_post": _acts(s, words, own, targets[-1:], post) if s.chance(0.4) else [],
    }
    free = [name for name in post.states if name not in post.units]
    if free and s.chance(0.15):
        quiet = Words(tuple(name for name in names if name != "v_pre"), whole=("i", "j"), rounded=rounded)
        model.append(f"{s.pick(free)}_post = {expression(s, quiet, 2)} : 1 (summed)")
    text = "\n".join(line for lines in link.lines.values() for line in lines)
    if "kappa" in text:
        link.more["kappa"] = draw.v.pick((str(draw.v.number(-0.5, 0.5)), str(draw.v.whole(0, 2))))
    for name in ("before", "after", "q"):
        if name in own and s.chance(0.2):
            link.more[name] = str(draw.v.number(0, 1)) if s.chance(0.5) else "ns.uniform(0, 1)"


def _acts(s: Stream, words: Words, own: list[str], targets: list[str], cells: Cells) -> list[str]:
    """Assignments at an arrival, or when the target has sent."""
    lines = []
    for target in s.some(targets, 0.4) or targets[:1]:
        state = target.removesuffix("_post") in cells.states
        op = s.pick(("+=", "+=", "+=", "-=", "=", "*=") if state and s.chance(0.3) else ("+=",))
        value = s.pick(
            (f"w*({expression(s, words, 1)})", "w", f"clip({expression(s, words, 2)}, -1, 1)", "0.3")
        )
        lines.append(f"{target} {op} {value}")
    for name in s.some(own, 0.5):
        way = s.pick(
            (
                f"{name} += {s.number(0, 0.5)}",
                f"{name} = clip({name} + 0.1*({expression(s, words, 2)}), -1, 1)",
                f"{name} *= 0.9",
            )
        )
        lines.insert(s.whole(0, len(lines)), way)
    return lines
