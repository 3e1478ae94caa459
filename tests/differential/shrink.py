"""Takes parts of a case away while the problem stays."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from copy import deepcopy

from differential.case import Case, Cells, base

Same = Callable[[Case], bool]


def shrink(case: Case, same: Same, seconds: float) -> Case:
    """The smallest case found within some seconds for which `same` still holds."""
    deadline, tried = time.monotonic() + seconds, set()
    while True:
        for smaller in candidates(case):
            if time.monotonic() > deadline:
                return case
            if (key := repr(smaller)) not in tried:
                tried.add(key)
                if same(smaller):
                    case = smaller
                    break
        else:
            return case


def candidates(case: Case) -> Iterator[Case]:
    """The case without one of its parts, large ones first."""
    for ways in (
        _without_links,
        _without_cells,
        _fewer_ticks,
        _plainer_run,
        _without_lines,
        _without_arguments,
        _smaller,
        _simpler_text,
    ):
        yield from ways(case)


def _without_links(case: Case) -> Iterator[Case]:
    for number, gone in enumerate(case.links):
        smaller = deepcopy(case)
        del smaller.links[number]
        if not any(re.search(rf"\b{gone.name}\b", link.more.get("weight", "")) for link in smaller.links):
            smaller.record = {
                name: every for name, every in case.record.items() if name.split(".")[0] != gone.name
            }
            yield smaller


def _without_cells(case: Case) -> Iterator[Case]:
    for number, gone in enumerate(case.cells):
        used = any(
            gone.name in (base(link.pre), base(link.post), base(link.more.get("weight", "").split(",")[0]))
            for link in case.links
        )
        if used or len(case.cells) == 1:
            continue
        smaller = deepcopy(case)
        del smaller.cells[number]
        for part in ("record", "start", "inputs"):
            kept = {
                key: value
                for key, value in getattr(case, part).items()
                if re.split(r"[.\[]", key)[0] != gone.name
            }
            setattr(smaller, part, kept)
        smaller.schedule = re.sub(
            rf", \[{gone.name}\]|\[{gone.name}\], |, \b{gone.name}\b|\b{gone.name}\b, ", "", case.schedule
        )
        yield smaller


def _fewer_ticks(case: Case) -> Iterator[Case]:
    for route, pieces in case.routes.items():
        for ticks in sorted(
            {max(piece.ticks // 2, 1) for piece in pieces} | {max(piece.ticks - 1, 1) for piece in pieces}
        ):
            for which, piece in enumerate(pieces):
                if ticks < piece.ticks:
                    smaller = deepcopy(case)
                    smaller.routes[route][which].ticks = ticks
                    smaller.ticks = sum(piece.ticks for piece in smaller.routes[route])
                    yield smaller


def _plainer_run(case: Case) -> Iterator[Case]:
    for option in ("trials", "until", "seed", "precision"):
        if option in case.options:
            smaller = deepcopy(case)
            del smaller.options[option]
            yield smaller
    for part in ("start", "record"):
        for key in getattr(case, part):
            smaller = deepcopy(case)
            del getattr(smaller, part)[key]
            yield smaller
    for key, every in case.record.items():
        if every > 1:
            smaller = deepcopy(case)
            smaller.record[key] = 1
            yield smaller
    for route, pieces in case.routes.items():
        for which, piece in enumerate(pieces):
            for name, plain in (("file", False), ("threads", 1)):
                if getattr(piece, name) != plain:
                    smaller = deepcopy(case)
                    setattr(smaller.routes[route][which], name, plain)
                    yield smaller


def _items(case: Case) -> list:
    return [*case.cells, *case.links]


def _without_lines(case: Case) -> Iterator[Case]:
    for place, item in enumerate(_items(case)):
        for part, lines in item.lines.items():
            for number in range(len(lines)):
                smaller = deepcopy(case)
                del _items(smaller)[place].lines[part][number]
                yield tidy(smaller)


def _without_arguments(case: Case) -> Iterator[Case]:
    for place, item in enumerate(_items(case)):
        for key in item.more:
            smaller = deepcopy(case)
            del _items(smaller)[place].more[key]
            yield tidy(smaller)
            for plain in {
                "weight": ("1",),
                "delay": ("0", "1", "0.5*ms"),
                "wiring": ("ns.one_to_one()", "ns.all_to_all()"),
            }.get(key, ("1", "1.0")):
                if item.more[key] != plain and key not in ("to", "ports", "method", "sends", "refractory"):
                    smaller = deepcopy(case)
                    _items(smaller)[place].more[key] = plain
                    yield smaller
        for end in ("pre", "post"):
            if "[" in getattr(item, end, ""):
                smaller = deepcopy(case)
                setattr(_items(smaller)[place], end, base(getattr(item, end)))
                yield smaller


def _smaller(case: Case) -> Iterator[Case]:
    """Other sizes, wherever a shape stands in the source."""
    for shape in {item.shape for item in case.cells}:
        for fewer in (
            {(n,) for n in (1, 2, 3, shape[0] - 1) if 0 < n < shape[0]}
            if len(shape) == 1
            else {shape[:1], shape[1:]}
        ):
            smaller = deepcopy(case)
            for item in smaller.cells:
                item.shape = fewer if item.shape == shape else item.shape
            old, new = (", ".join(map(str, given)) for given in (shape, fewer))
            smaller.inputs = {
                key: re.sub(rf"\(([\d, ]*?){old},? ?\)", rf"(\g<1>{new})", value)
                for key, value in case.inputs.items()
            }
            for item in _items(smaller):
                item.more = {
                    key: value.replace(f"({old})", f"({new})").replace(f"({old},)", f"({new},)")
                    for key, value in item.more.items()
                }
            yield smaller


def _simpler_text(case: Case) -> Iterator[Case]:
    for place, item in enumerate(_items(case)):
        for part, lines in item.lines.items():
            for number, line in enumerate(lines):
                for plainer in simpler_line(line, part):
                    smaller = deepcopy(case)
                    _items(smaller)[place].lines[part][number] = plainer
                    yield tidy(smaller)


def simpler_line(line: str, part: str) -> Iterator[str]:
    """The line with a part of its expression in the place of the whole."""
    before, after = "", ""
    if part != "threshold":
        before, sign, line = (
            re.split(r"((?<![<>=!])=(?!=) ?)", line, maxsplit=1) if "=" in line else ("", "", line)
        )
        before += sign
    if part in ("equations", "model"):
        line, colon, after = line.partition(" : ")
        after = colon + after
    try:
        tree = ast.parse(line.strip(), mode="eval")
    except SyntaxError:
        return
    for number, node in enumerate(ast.walk(tree)):
        for which, child in enumerate(ast.iter_child_nodes(node)):
            if (
                isinstance(node, ast.expr)
                and isinstance(child, ast.expr)
                and not (isinstance(node, ast.Call) and child is node.func)
            ):
                yield before + _lifted(tree, number, which) + after


def _lifted(tree: ast.AST, number: int, which: int) -> str:
    """The text of a tree with a node's child in the place of the node."""
    own = deepcopy(tree)
    node = list(ast.walk(own))[number]
    child = list(ast.iter_child_nodes(node))[which]
    for parent in ast.walk(own):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, child)
            elif isinstance(value, list):
                setattr(parent, name, [child if part is node else part for part in value])
    return ast.unparse(own)


def tidy(case: Case) -> Case:
    """The case without constants, records and start values of what is gone."""
    for item in _items(case):
        text = "\n".join(line for lines in item.lines.values() for line in lines) + item.more.get(
            "refractory", ""
        )
        if isinstance(item, Cells):
            item.states = tuple(
                state for state in item.states if re.search(rf"(?m)^d?{state}(/dt)? *[-+*/]?=", text)
            )
            if not item.lines.get("threshold"):
                item.lines.pop("reset", None)
                item.more.pop("refractory", None)
            if not item.lines.get("equations"):
                item.more.pop("method", None)
        kept = ("method", "ports", "refractory", "sends", "to", "wiring", "weight", "delay")
        item.more = {
            key: value for key, value in item.more.items() if key in kept or re.search(rf"\b{key}\b", text)
        }
    return case
