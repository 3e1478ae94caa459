"""Faults that are known and being mended: what shows them is left out of the random networks until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from differential.case import Case, Piece

Shows = Callable[[Case, list[Piece]], bool]  # whether a case, run in these pieces, would show a fault


KNOWN: dict[str, Shows] = {}


def without_known(case: Case) -> tuple[Case, list[str]]:
    """The case without the routes that would show a known fault, and these faults."""
    faults = {
        route: next((name for name, shows in KNOWN.items() if shows(case, pieces)), "")
        for route, pieces in case.routes.items()
    }
    routes = {route: pieces for route, pieces in case.routes.items() if not faults[route]}
    return replace(case, routes=routes), [name for name in faults.values() if name]
