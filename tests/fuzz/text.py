"""Hostile text in every place where a user gives text: it is computed as written, or refused; no part of it
ever runs as code.

    python tests/fuzz/text.py            # 20,000 cases
    python tests/fuzz/text.py 300 SEED   # so many, of a seed

A case is described, planned and written as C++ in a process of its own kind, under limits of memory and time;
the reference engine runs it for two ticks. A payload that should never run carries the word PWNED where only
code could bring it to life.
"""

from __future__ import annotations

import os
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.processes import main

NAMES = [
    *"µ μ é ﬁx x\uff11 inf nan self i lambda int double class_ int64_t M_PI NULL EOF errno I_ Real keys"  # noqa: SIM905
    " element tick context network worker".split(),
    *"_x __x x__y v_old np exp N t dt training random Z Ze9_ constructor main std this template xi w _"  # noqa: SIM905
    " 1a a.b".split(),
    *("x" * 99, "x" * 101, "a b", "a;PWNED()", "a\nPWNED()", "", "a\0b", "\ud800"),
]
NUMBERS = [
    "9" * 400,
    *[
        "1e999",
        "0x10",
        "1_000",
        "1j",
        "0b1",
        "1e-999",
        "'a'",
        "1.",
        "00",
        "1e308*10",
        "-0.0",
        "inf",
        "nan",
        "2**53",
        "1/0",
        "0**-1",
        "True",
    ],
]
# fmt: off
ENDS = [
    "\r", "\r\n", "\n", "\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ufeff",
    "\u200b", "\xa0", ";", "\\", "\\\n", "\\ \\ \n", "??/\n",
]
COMMENTS = [
    "# \\",
    "# \\ \\",
    "# \\\\",
    "# */ PWNED(); /*",
    "# ??/",
    "#\\\nPWNED()",
    "# \u2028PWNED()",
    "# \x0cPWNED()",
    "# \x1cPWNED()",
    "# \x85PWNED()",
    "# \0",
    '# ")"; PWNED(); //',
    '# R"(',
    "# %:include <PWNED>",
    "# \ud800",
    "#error PWNED",
    "#define v PWNED",
    "# \u202e",
    '# _Pragma("PWNED")',
]
CODE = [
    "__import__('os').system('PWNED')", "exec('PWNED')", "(lambda: PWNED)()", "[PWNED for PWNED in (1,)]",
    "v.__class__", "v[0]", "f'{PWNED}'", "v := 1", "print(PWNED)", "import PWNED", "v = 1; PWNED()",
    "v; PWNED", "{PWNED}",
    "v if PWNED else v", "await PWNED", "PWNED", "*v", "v @ v", "v << 2", "...", "sum(v, axis=PWNED())",
    "exp(v, PWNED)", "where(v)",
    "poisson(1e300)", "poisson(inf)",
    "rand() + randn()", "int(v)", "clip(v, 1, 0)", "v.real",
]
# fmt: on
UNITS = [
    "1",
    "volt",
    "volt*PWNED",
    "1; PWNED",
    "1 (constant)",
    "1 # \\ \\",
    "amp**1e9",
    "boolean",
    "integer",
    "1 (PWNED)",
    "__import__('PWNED')",
    "",
]
PLACES = (  # noqa: SIM905
    "name equations update threshold reset refractory constant on_pre on_post model ports sends record to"
).split()


def words(draw: random.Random) -> str:
    """An expression, a number or a name, hostile or not."""
    return draw.choice(
        [draw.choice(NUMBERS), draw.choice(NAMES), draw.choice(CODE), "v", "I", "0.5*v", "v + I"]
    )


def line(draw: random.Random) -> str:
    """An assignment, which may end as no line should, and be followed by a comment."""
    name = draw.choice(["v", "v", "v", draw.choice(NAMES)])
    tail = draw.choice(["", "", " " + draw.choice(COMMENTS), draw.choice(ENDS) + "v = v + 1"])
    return f"{name} {draw.choice(['=', '=', '+=', '**=', ':=', '<<='])} {words(draw)}{tail}"


def case(seed: int) -> dict[str, str]:
    """What stands in each place; the other places hold what works."""
    draw = random.Random(seed)
    texts: dict[str, str] = {}
    for place in draw.sample(PLACES, draw.choice([1, 1, 2, 3])):
        if place in ("name", "sends", "to", "constant"):
            texts[place] = draw.choice(NAMES)
        elif place == "record":
            texts[place] = draw.choice(["{}", "pool.{}", "pool[{}]", "pool[:1].{}", "wires.{}"]).format(
                draw.choice([*NAMES, *CODE, "v"])
            )
        elif place == "ports":
            texts[place] = f"I {draw.choice(NAMES)}{draw.choice(['', ':max', ':PWNED', ':'])}"
        elif place == "equations":
            left, right = draw.choice(["v", "v", draw.choice(NAMES)]), words(draw)
            texts[place] = f"d{left}/dt = ({right})/ms : {draw.choice(UNITS)} {draw.choice(['', *COMMENTS])}"
        elif place == "model":
            texts[place] = (
                f"w : 1\n{draw.choice(NAMES)} : "
                f"{draw.choice(UNITS)}{draw.choice(['', *ENDS])}{draw.choice(['', *COMMENTS])}"
            )
        elif place in ("threshold", "refractory"):
            texts[place] = f"{words(draw)} > {words(draw)} {draw.choice(['', *COMMENTS])}"
        else:
            texts[place] = "\n".join(line(draw) for _ in range(draw.choice([1, 1, 2])))
    return texts


def plan_of(texts: dict[str, str]):
    """The network of a case, and its plan."""
    import neurosim as ns
    from neurosim.network.probes import read_record
    from neurosim.plan.inputs import read_inputs
    from neurosim.plan.lower import lower
    from neurosim.units import ms

    given = {
        key: texts[key]
        for key in ("equations", "threshold", "reset", "refractory", "ports", "sends")
        if key in texts
    }
    if "equations" in given:
        given["method"] = "euler"
    else:
        given["update"] = texts.get("update", "v = 0.5*v + I")
    if "reset" in given and "threshold" not in given:
        given["threshold"] = "v > 1"
    constants = {texts["constant"]: 2.0} if "constant" in texts else {}
    if constants:
        given["update" if "update" in given else "reset"] = f"v = v + {texts['constant']}"
    pool = ns.Neurons(texts.get("name", "pool"), 2, **given, **constants)
    synaptic = {key: texts[key] for key in ("model", "on_pre", "on_post") if key in texts} | (
        {"to": texts["to"]} if "to" in texts else {}
    )
    wires = ns.Synapses(pool, pool, delay=1 * ms, name="wires", **synaptic)
    net = ns.Network(wires, schedule=ns.Clock(1 * ms))
    read = read_inputs(net, None, 2, None, None, 0)
    record = texts.get("record", pool.name)
    return net, lower(net, read, probes=read_record(net, [record], read.spiking), seed=1), record


def code_of(source: str) -> str:
    """A source without its comments; refused where one reaches into the next line, or is not the plain text
    that it should be."""
    for number, text in enumerate(source.split("\n")):
        comment = text.partition("//")[2]
        if re.search(r"(\\|\?\?/)\s*$", text) or not all(c.isprintable() for c in comment):
            raise AssertionError(f"line {number} of the C++ ends its comment early: {text!r}")
    return re.sub(r"//.*", "", source)


def attempt(texts: dict[str, str]) -> str:
    """'refused', 'ran' or 'ran, not on events'; anything else is raised."""
    import neurosim as ns
    from neurosim.engine.events.source import write_source
    from neurosim.engine.events.support import unsupported

    try:
        net, plan, record = plan_of(texts)
        ns.run(net, ticks=2, record=[record], engine="reference", seed=1)
        if unsupported(plan):
            return "ran, not on events"
        source = write_source(plan).text
    except ns.NeurosimError:
        return "refused"
    if "PWNED" in code_of(source):
        raise AssertionError("a payload stands in the C++ as code")
    source.encode()
    return "ran"


def attempt_in_place(seed: int) -> str:
    """One case; that no payload has made a file is part of it."""
    before, texts = set(os.listdir()), case(seed)
    try:
        how = attempt(texts)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {str(error)[:200]} of {texts!a}") from error
    if set(os.listdir()) != before:
        raise AssertionError(f"a file was made, of {texts!a}")
    return how


if __name__ == "__main__":
    main(__file__, attempt_in_place)
