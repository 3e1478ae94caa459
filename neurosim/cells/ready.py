"""What all ready cells share: defaults, and what the caller gives instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons

Shape = int | tuple[int, ...]
TEXT = ("equations", "update", "threshold", "reset", "refractory", "ports")
ARGUMENTS = (*TEXT, "method", "sends", "learns")


def ready(cell: str, name: str, shape: Shape, override: Mapping[str, Any], /, **defaults: Any) -> Neurons:
    """Neurons with the defaults of a cell, but for what `override` gives instead.

    A default constant that is text stands for the constant of that name: v="v_rest" starts v there.

    Raises DescriptionError for a name that neither the cell nor new text in `override` knows.
    """
    given = {**defaults, **override}
    for key, value in defaults.items():
        if key not in ARGUMENTS and key not in override and isinstance(value, str):
            given[key] = given[value]
    neurons = Neurons(name, shape, **given)
    known = {*ARGUMENTS, *defaults, *neurons.states}
    if not set(override) & set(TEXT):
        for key in override:
            if key not in known:
                raise DescriptionError(
                    f"cells.{cell} {name!r}: {key!r} is no constant or variable of this cell. {nearest(key, known)}"
                )
    return neurons
