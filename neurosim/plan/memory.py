"""Refuses what does not fit into the memory of this machine before it is allocated."""

from __future__ import annotations

import os
from functools import cache

from neurosim.errors import PlanError


def refuse_size(need: float, what: str, remedy: str) -> None:
    """Raise PlanError if something needs more memory than this machine has.

    need: its size in bytes
    what: what needs it, in the plural; opens the message
    remedy: what the user can do
    """
    have = memory()
    if need > have:
        raise PlanError(
            f"{what} need about {need / 2**30:,.0f} GiB of memory,"
            f" this machine has {have / 2**30:,.0f}. {remedy}"
        )


@cache
def memory() -> float:
    """The memory of this machine in bytes; infinity on systems that do not report it."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
