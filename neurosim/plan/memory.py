"""What does not fit into this machine is refused before it is asked for."""

from __future__ import annotations

import os

from neurosim.errors import PlanError


def refuse_size(need: float, what: str, remedy: str) -> None:
    """Refuse what needs more memory, in bytes, than this machine has."""
    have = memory()
    if need > have:
        raise PlanError(
            f"{what} need about {need / 2**30:,.0f} GiB of memory, this machine has {have / 2**30:,.0f}. {remedy}"
        )


def memory() -> float:
    """The memory of this machine in bytes; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
