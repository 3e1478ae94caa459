"""A case as a script: the same source is run by the tester and printed where something differs."""

from __future__ import annotations

from typing import Any

from differential.case import Case, Cells, Link

IMPORTS = "import numpy as np\nimport neurosim as ns\nfrom neurosim.units import *\n"


def describe(case: Case) -> str:
    """Source that defines `net`, `inputs` and `options`."""
    names = ", ".join([*(cells.name for cells in case.cells), *(link.name for link in case.links)])
    options = {"ticks": str(case.ticks), "record": repr(case.record), **case.options}
    if case.start:
        options["start"] = "{" + ", ".join(f"{key!r}: {value}" for key, value in case.start.items()) + "}"
    return "\n".join(
        [
            IMPORTS,
            *(_cells(cells) for cells in case.cells),
            *(_link(link) for link in case.links),
            f"net = ns.Network({names}, schedule={case.schedule})",
            "inputs = {" + ", ".join(f"{name!r}: {value}" for name, value in case.inputs.items()) + "}",
            f"options = dict({', '.join(f'{key}={value}' for key, value in options.items())})",
            "",
        ]
    )


def _arguments(lines: dict[str, list[str]], more: dict[str, str]) -> list[str]:
    texts = [f"{key}={chr(10).join(found)!r}" for key, found in lines.items() if found]
    return [*texts, *(f"{key}={value}" for key, value in more.items())]


def _cells(cells: Cells) -> str:
    shape = cells.shape[0] if len(cells.shape) == 1 else cells.shape
    return (
        f"{cells.name} ="
        f" ns.Neurons({', '.join([repr(cells.name), repr(shape), *_arguments(cells.lines, cells.more)])})"
    )


def _link(link: Link) -> str:
    return (
        f"{link.name} ="
        " "
        "ns.Synapses("
        + ", ".join([link.pre, link.post, *_arguments(link.lines, link.more), f"name={link.name!r}"])
        + ")"
    )


def build(case: Case) -> dict[str, Any]:
    """What the source defines."""
    scope: dict[str, Any] = {}
    exec(describe(case), scope)
    return scope


def script(case: Case, route: str, problem: str) -> str:
    """A script that shows the problem."""
    shown = "".join(
        f"# {line}\n"
        for line in [f"Seed {case.seed}, compiler {case.compiler}, {route}:", *problem.splitlines()]
    )
    whole = "whole = ns.run(net, inputs, engine='reference', **options)\n"
    return (
        shown
        + describe(case)
        + whole
        + _pieces(case, route)
        + "for name in whole.names:\n    print(name, whole[name][:], found[name][:])\n"
    )


def _pieces(case: Case, route: str) -> str:
    pieces = case.routes[route]
    if len(pieces) == 1:
        return (
            f"found = ns.run(net, inputs, engine={pieces[0].engine!r}, threads={pieces[0].threads},"
            " **options)\n"
        )
    lines = ["from differential.compare import cut, records  # tests/ must be on the path"]
    lines += ["done, last = [], options.pop('start', None)", "del options['ticks']"]
    begin = 0
    for number, piece in enumerate(pieces):
        end = begin + piece.ticks
        how = f"engine={piece.engine!r}, threads={piece.threads}" + (
            f", to='piece{number}.h5'" if piece.file else ""
        )
        lines.append(
            f"last = ns.run(net, cut(inputs, net, {begin}, {end}), ticks={piece.ticks}, start=last, {how}, "
            "**options)"
        )
        lines.append("done.append(last)")
        begin = end
    return "\n".join([*lines, "found = records(done)", ""])
