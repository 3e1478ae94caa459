"""Faults that are known and being mended: what shows them is left out of the random networks until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from differential.case import Case, Piece, base

Shows = Callable[[Case, list[Piece]], bool]  # whether a case, run in these pieces, would show a fault


def _dense_in_pieces(case: Case, pieces: list[Piece]) -> bool:
    values = {cells.name for cells in case.cells if not cells.spiking}
    return len(pieces) > 1 and any(base(link.pre) in values and "all_to_all" in link.more.get("wiring", "") for link in case.links)


def _pieces_of_trials_without_variables(case: Case, pieces: list[Piece]) -> bool:
    return len(pieces) > 1 and not any(cells.states for cells in case.cells)


def _summed_into_a_part(case: Case, pieces: list[Piece]) -> bool:
    return any("[" in link.post and "(summed)" in str(link.lines) for link in case.links)


KNOWN: dict[str, Shows] = {
    "dense graded synapses in pieces": _dense_in_pieces,
    "trials of networks without variables, continued": _pieces_of_trials_without_variables,
    "(summed) into a part": _summed_into_a_part,
}


def without_known(case: Case) -> tuple[Case, list[str]]:
    """The case without the routes that would show a known fault, and these faults."""
    faults = {route: next((name for name, shows in KNOWN.items() if shows(case, pieces)), "") for route, pieces in case.routes.items()}
    routes = {route: pieces for route, pieces in case.routes.items() if not faults[route]}
    return replace(case, routes=routes), [name for name in faults.values() if name]
