"""Names that variables and constants in text may have."""

from __future__ import annotations

from neurosim.errors import DescriptionError
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
