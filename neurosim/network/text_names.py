"""Names that variables and constants in text may have, and flags that lines of equations may have."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.errors import DescriptionError
from neurosim.network.text import Equation
from neurosim.network.values import identifier

RESERVED = ("dt", "t", "xi", "lastspike", "not_refractory")  # which the simulation sets


def check_name(name: str, subject: str) -> None:
    """Refuse names that the simulation itself sets."""
    identifier(name, subject)
    if name in RESERVED or name.startswith("_"):
        raise DescriptionError(
            f"{subject} {name!r} is a name that the simulation itself sets. Use another name."
        )


def check_variable(name: str, subject: str) -> None:
    """Refuse names of variables that text, or the text of synapses, uses for something else."""
    check_name(name, subject)
    if name.endswith(("_pre", "_post")):
        raise DescriptionError(
            f"{subject} {name!r} ends like a name in the text of synapses,"
            f" where {name!r} belongs to a neuron."
            " Use another ending."
        )


def check_flags(line: Equation, allowed: Mapping[str, tuple[str, ...]], subject: str) -> None:
    """Refuse flags that do not belong to this kind of equation."""
    for flag in line.flags:
        if flag not in allowed[line.kind]:
            known = ", ".join(f"({f})" for f in allowed[line.kind]) or "none"
            raise DescriptionError(
                f"{subject}: {line.name!r} is a {line.kind}, which cannot be marked ({flag}). Leave it out;"
                f" possible here: {known}."
            )
