"""Faults that are known and being mended: what shows them is left out of the random networks until then."""

from __future__ import annotations

import re
from collections.abc import Callable

from differential.case import Case, base

Shows = Callable[[Case], bool]


def _unfed_port_before_a_fed_one(case: Case) -> bool:
    if "-O3" not in case.compiler or "g++" not in case.compiler:
        return False
    for cells in case.cells:
        fed = [any(base(link.post) == cells.name and link.more.get("to") == repr(port) for link in case.links) for port in cells.ports]
        if any(not first and any(fed[place + 1 :]) for place, first in enumerate(fed)):
            return True
    return False


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
    "g++ -O3 loses a port behind one that nothing feeds": _unfed_port_before_a_fed_one,
    "arrays under Clock: ports with max or mean": _reduced_spikes_on_arrays,
    "arrays: sigmoid of whole numbers": _sigmoid_of_whole_numbers_on_arrays,
}


def known_fault(case: Case) -> str:
    """The known fault that this case would show; '' for none."""
    return next((name for name, shows in KNOWN.items() if shows(case)), "")
