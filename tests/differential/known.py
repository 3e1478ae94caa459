"""Faults that are known and being mended: what shows them is left out of the random networks until then."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from differential.case import Case, Cells, Piece, base

Shows = Callable[[Case, list[Piece]], bool]  # whether a case, run in these pieces, would show a fault


def _cells(case: Case) -> dict[str, Cells]:
    return {cells.name: cells for cells in case.cells}


def _arrays(pieces: list[Piece]) -> bool:
    return any(piece.engine == "arrays" for piece in pieces)


def _sigmoid_on_arrays(case: Case, pieces: list[Piece]) -> bool:
    return _arrays(pieces) and "sigmoid(" in case.text


def _sender_read_where_changed(case: Case, pieces: list[Piece]) -> bool:
    """Text within one population that reads x_pre and changes x_post, or the other way round."""
    for link in case.links:
        if base(link.pre) == base(link.post):
            text = "\n".join(line for lines in link.lines.values() for line in lines)
            changed = set(re.findall(r"(?m)^(\w+?)_(?:pre|post) *[-+*/]?=", text))
            if changed & set(re.findall(r"(\w+?)_(?:pre|post)\b", re.sub(r"(?m)^.*?=", "", text))):
                return True
    return False


def _dense_in_pieces(case: Case, pieces: list[Piece]) -> bool:
    values = {cells.name for cells in case.cells if not cells.spiking}
    return len(pieces) > 1 and any(base(link.pre) in values and "all_to_all" in link.more.get("wiring", "") for link in case.links)


def _pieces_of_trials_without_variables(case: Case, pieces: list[Piece]) -> bool:
    return len(pieces) > 1 and not any(cells.states for cells in case.cells)


def _clamped_subexpression(case: Case, pieces: list[Piece]) -> bool:
    cells = _cells(case)
    return any(name in cells and cells[name].more.get("sends") in map(repr, cells[name].derived) for name in case.inputs)


def _summed_into_a_part(case: Case, pieces: list[Piece]) -> bool:
    return any("[" in link.post and "(summed)" in str(link.lines) for link in case.links)


KNOWN: dict[str, Shows] = {
    "arrays: sigmoid of whole numbers": _sigmoid_on_arrays,
    "text that reads x_pre and changes x_post within one population": _sender_read_where_changed,
    "dense graded synapses in pieces": _dense_in_pieces,
    "trials of networks without variables, continued": _pieces_of_trials_without_variables,
    "a clamped population that sends a subexpression": _clamped_subexpression,
    "(summed) into a part": _summed_into_a_part,
}


def without_known(case: Case) -> tuple[Case, list[str]]:
    """The case without the routes that would show a known fault, and these faults."""
    faults = {route: next((name for name, shows in KNOWN.items() if shows(case, pieces)), "") for route, pieces in case.routes.items()}
    routes = {route: pieces for route, pieces in case.routes.items() if not faults[route]}
    return replace(case, routes=routes), [name for name in faults.values() if name]
