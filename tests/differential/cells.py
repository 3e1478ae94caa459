"""Random populations: equations by every method, update text, thresholds, resets, refractoriness, ports."""

from __future__ import annotations

import re
from dataclasses import replace

from differential.case import Cells
from differential.draw import Draw, Stream
from differential.text import Words, bounded, condition, expression

CONSTANTS = ("k0", "k1", "k2")
# equations of v and others: {f} a random expression, {p} a sum of ports and constants; and the methods that
# fit
FORMS = {
    "decay": (
        ("dv/dt = ({p} - v)/tau : 1",),
        ("exact", "euler", "rk2", "rk4", "exponential_euler", "linear", "independent"),
    ),
    "synapse": (
        ("dv/dt = ({p} + g - v)/tau : 1", "dg/dt = -g/(5*ms) : 1"),
        ("exact", "exact", "euler", "rk2", "rk4", "exponential_euler"),
    ),
    "alpha": (
        (
            "dv/dt = ({p} + g - h - v)/tau : 1",
            "dg/dt = (x - g)/(4*ms) : 1",
            "dx/dt = -x/(4*ms) : 1",
            "dh/dt = -h/(9*ms) : 1",
        ),
        ("exact", "exact", "euler", "rk4", "exponential_euler"),
    ),
    "resonator": (
        ("dv/dt = ({p} - v - u)/tau : 1", "du/dt = (k0*v - u)/(15*ms) : 1"),
        ("exact", "euler", "rk2", "rk4"),
    ),
    "volt": (
        (
            "dv/dt = (-60*mV - v + g*(0*mV - v)/(10*nS) + I*(50*Mohm))/tau : volt",
            "dg/dt = -g/(5*ms) : siemens",
            "I : amp",
        ),
        ("exponential_euler", "euler", "rk2", "rk4"),
    ),
    "current": (
        ("dv/dt = (-60*mV - v + I*(50*Mohm) + u)/tau : volt", "du/dt = -u/(6*ms) : volt", "I : amp"),
        ("exact", "euler", "exponential_euler"),
    ),
    "random": (("dv/dt = (-v + {f})/tau : 1",), ("euler", "rk2", "rk4")),
    "pair": (("dv/dt = (-v + {f})/tau : 1", "du/dt = (-u + {f})/(7*ms) : 1"), ("euler", "rk2", "rk4")),
    "spike": (
        ("dv/dt = (v - v**3/3 - u + {p})/tau : 1", "du/dt = (v + 0.7 - 0.8*u)/(12*ms) : 1"),
        ("euler", "rk2", "rk4"),
    ),
    "conditional": (
        ("dv/dt = ({p} + u*{q} - v*(1 + u**2))/tau : 1", "du/dt = (v - u)/(8*ms) : 1"),
        ("exponential_euler", "euler"),
    ),
    "noise": (("dv/dt = ({p} - v)/tau + 0.3*sqrt(2/tau)*xi : 1",), ("euler", "heun", "milstein")),
    "two noises": (
        ("dv/dt = ({p} - v)/tau + 0.3*xi_1/sqrt(tau) : 1", "du/dt = (v - u)/tau + 0.2*xi_2*tau**-0.5 : 1"),
        ("euler", "heun", "milstein"),
    ),
    "multiplied": (("dv/dt = ({p} - v)/tau + 0.2*v*sqrt(1/tau)*xi : 1",), ("heun", "milstein")),
}
ROUNDED = ("random", "pair", "spike", "conditional", "two noises")
PLAIN_TIMES = ("2", "1 + i % 3", "2*k0 + 1")
TIMES = ("2*ms", "(1 + i % 3)*ms", "1*ms + 2*ms*(v > 0.2)", "k0*4*ms")


def draw_cells(
    draw: Draw, name: str, shape: tuple[int, ...], *, clocked: bool, spikes: bool, rounded: bool, along: bool
) -> Cells:
    """A population with text; `spikes` allows a threshold, `along` functions of the whole population."""
    s = draw.s
    ports = _ports(s, spikes)
    cells = Cells(name, shape, ports=ports)
    if clocked and s.chance(0.6):
        _equations(s, cells, rounded)
    if not cells.states or s.chance(0.25):
        _update(s, cells, clocked, rounded, along and s.chance(0.5))
    if s.chance(0.15):
        cells.lines.setdefault("equations", []).append("y : 1")
        cells.states = (*cells.states, "y")
    if spikes and s.chance(0.65):
        _spikes(s, cells, clocked, rounded)
    _subexpressions(s, cells, rounded)
    _sends(s, cells)
    cells.more["ports"] = repr(
        " ".join(name if reduce == "sum" else f"{name}:{reduce}" for name, reduce in cells.ports.items())
    )
    if not cells.ports:
        cells.more["ports"] = "''"
    _constants(draw, cells)
    return cells


def _ports(s: Stream, spikes: bool) -> dict[str, str]:
    names = s.pick((("I",), ("I", "J"), ("J", "I", "K"), ()), (6, 3, 1.5, 0.3))
    return {name: s.pick(("sum", "max", "mean"), (7, 2, 1.5)) for name in names}


def _words(
    s: Stream,
    cells: Cells,
    *,
    clocked: bool,
    rounded: bool,
    random: bool = False,
    along: bool = False,
    ports: bool = True,
) -> Words:
    names = [
        name
        for name in (*cells.states, *cells.states, *(cells.ports if ports else ()), *CONSTANTS)
        if name not in cells.units
    ]
    names += ["t/ms", "dt/ms"] if clocked else ["t"]
    return Words(tuple(names), rounded=rounded, random=random, along=along)


def _equations(s: Stream, cells: Cells, rounded: bool) -> None:
    form = s.pick([form for form in FORMS if rounded or form not in ROUNDED])
    lines, methods = FORMS[form]
    if not rounded:
        methods = [method for method in methods if method not in ("exponential_euler", "independent")]
    if form in ("volt", "current"):
        cells.ports = {"I": "sum", **{name: reduce for name, reduce in cells.ports.items() if name != "I"}}
        cells.units = {"I": "pA", "v": "mV", "g": "nS", "u": "mV"}
    cells.states = tuple(
        name for name in ("v", "g", "u", "x", "h") if any(line.startswith(f"d{name}/dt") for line in lines)
    )
    words = _words(s, cells, clocked=True, rounded=rounded)
    written = []
    for line in lines:
        pushes = " + ".join(
            ["k0", *(f"{s.number(0.3, 2)}*{port}" for port in cells.ports if port not in cells.units)]
        )
        line = (
            line.replace("{p}", pushes)
            .replace("{q}", s.pick(("tanh(u)", "exp(-u**2)", "cos(k1)", "k1")))
            .replace("{f}", f"clip({expression(s, words)}, -3, 3)")
        )
        if line.startswith("d") and s.chance(0.4):
            line += " (unless refractory)"  # means nothing without a refractory period
        written.append(line)
    cells.lines["equations"] = written
    cells.more["method"] = repr(s.pick(methods))


def _update(s: Stream, cells: Cells, clocked: bool, rounded: bool, along: bool) -> None:
    names = s.some(("a", "b"), 0.4) or ["c"]
    old = cells.states
    cells.states = (*old, *names)
    words = _words(s, cells, clocked=clocked, rounded=rounded, random=s.chance(0.5), along=along)
    lines = []
    for name in (*names, *s.some([name for name in old if name not in cells.units], 0.15)):
        value = bounded(s, words)
        ports = [port for port in cells.ports if port not in cells.units and s.chance(0.6)]
        heard = "".join(f" + {s.number(0.2, 1.2)}*{port}" for port in ports)
        ways = (
            f"{name} = {value}{heard}",
            f"{name} = {s.number(0.1, 0.95)}*{name} + {value}{heard}",
            f"{name} += clip({value}, -1, 1) - 0.3*{name}",
            f"{name} *= 0.5\n{name} += {value}{heard}",
            f"{name} = ({name} + 1) % {s.whole(2, 9)}",
        )
        lines += s.pick(ways, (3, 4, 1, 1, 1)).split("\n")
    cells.lines["update"] = lines


def _spikes(s: Stream, cells: Cells, clocked: bool, rounded: bool) -> None:
    main = cells.states[0]
    words = _words(s, cells, clocked=clocked, rounded=rounded, random=s.chance(0.4), ports=s.chance(0.3))
    words = replace(words, names=(*words.names, "int(not_refractory)"))
    level = "-50*mV" if cells.units.get(main) else str(s.number(0.2, 1.2))
    plain = f"{main} {s.pick(('>', '>='))} {level}"
    cells.lines["threshold"] = [
        s.pick((plain, condition(s, words), f"({plain}) or rand() < 0.1", "rand() < 0.2"), (5, 2, 1, 0.7))
    ]
    if s.chance(0.8):
        lines = []
        for name in s.some(cells.states, 0.5) or [main]:
            zero = "-60*mV" if cells.units.get(name) == "mV" else "0*nS" if name in cells.units else "0"
            changes = (
                f"{name} = {zero}",
                f"{name} = {bounded(s, words, 2)}",
                f"{name} -= 0.7",
                f"{name} += 0.4",
                f"{name} *= 0.5",
            )
            lines.append(f"{name} = {zero}" if name in cells.units else s.pick(changes, (4, 1, 1, 1, 1)))
        cells.lines["reset"] = lines
    if s.chance(0.6):
        times = TIMES if clocked else PLAIN_TIMES
        way = s.pick(("period", "text", "condition"), (3, 2, 2))
        holds = plain if cells.units.get(main) else f"{main} > {s.number(-0.5, 0.5)}"
        text = s.pick(
            [
                time
                for time in times
                if not (cells.units.get("v") and "v >" in time) and ("v >" not in time or "v" in cells.states)
            ]
        )
        cells.more["refractory"] = {
            "period": "2*ms" if clocked else "2",
            "text": repr(text),
            "condition": repr(holds),
        }[way]


def _subexpressions(s: Stream, cells: Cells, rounded: bool) -> None:
    if not s.chance(0.25):
        return
    words = _words(s, cells, clocked=False, rounded=rounded, ports=s.chance(0.3))
    words = Words(tuple(name for name in words.names if name != "t"), rounded=rounded)
    cells.lines.setdefault("equations", []).append(f"z = {expression(s, words, 2)} : 1")
    cells.subexpressions = ("z",)
    for part in ("threshold", "update"):
        if cells.lines.get(part) and s.chance(0.5):
            cells.lines[part][-1] = cells.lines[part][-1].replace("k0", "z").replace("k1", "z")


def _sends(s: Stream, cells: Cells) -> None:
    sendable = [name for name in (*cells.states, *cells.subexpressions) if name not in cells.units]
    if not cells.spiking and sendable and (cells.units or s.chance(0.3)):
        cells.more["sends"] = repr(s.pick(sendable))


def _constants(draw: Draw, cells: Cells) -> None:
    s, v = draw.s, draw.v
    text = "\n".join(
        [*(line for lines in cells.lines.values() for line in lines), cells.more.get("refractory", "")]
    )
    for name in (*CONSTANTS, "tau"):
        if re.search(rf"\b{name}\b", text):
            cells.more[name] = (
                f"{v.whole(3, 20)}*ms"
                if name == "tau"
                else constant(v, cells.shape, s.pick(("number", "whole", "array"), (4, 2, 3)))
            )
    for name in s.some(cells.states, 0.4):
        unit = cells.units.get(name)
        cells.more[name] = {"mV": "ns.uniform(-65*mV, -48*mV)", "nS": "2*nS", None: constant(v, cells.shape)}[
            unit
        ]


def constant(v: Stream, shape: tuple[int, ...], kind: str = "any") -> str:
    """A number, a whole one, an array or a distribution."""
    array = f"np.random.default_rng({v.whole(0, 99)}).uniform(-0.5, 1.5, {shape}).round(2)"
    number, whole = str(v.number(-0.5, 1.5)), str(v.whole(0, 3))
    arrays = v.pick((array, "ns.uniform(0, 1)", "ns.normal(0.5, 0.3)"), (2, 2, 1))
    return {"number": number, "whole": whole, "array": arrays, "any": v.pick((number, whole, arrays))}[kind]
