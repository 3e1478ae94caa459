"""Faults that are known and being mended: what shows them is left out of the random networks until then."""

from __future__ import annotations

import re
from collections.abc import Callable

from differential.case import Case, base

Shows = Callable[[Case], bool]


def _arrays(case: Case) -> bool:
    return "arrays" in case.routes


def _reduced_spikes_on_arrays(case: Case) -> bool:
    if not (_arrays(case) and "Clock" in case.schedule):
        return False
    reduces = {(cells.name, repr(port)): reduce for cells in case.cells for port, reduce in cells.ports.items()}
    return any(reduces.get((base(link.post), link.more.get("to", ""))) in ("max", "mean") for link in case.links)


def _sigmoid_of_whole_numbers_on_arrays(case: Case) -> bool:
    return _arrays(case) and bool(re.search(r"sigmoid\(", case.text))


KNOWN: dict[str, Shows] = {
    "arrays under Clock: ports with max or mean": _reduced_spikes_on_arrays,
    "arrays: sigmoid of whole numbers": _sigmoid_of_whole_numbers_on_arrays,
}


def known_fault(case: Case) -> str:
    """The known fault that this case would show; '' for none."""
    return next((name for name, shows in KNOWN.items() if shows(case)), "")
