"""What all ready cells share: defaults, and what the caller gives instead of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from neurosim.errors import DescriptionError, nearest
from neurosim.network.neurons import Neurons

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from neurosim.network.weights import Distribution
    from neurosim.units import Quantity

Shape: TypeAlias = int | tuple[int, ...]
# A constant or a start value, or for an argument of Neurons its text or its names.
Setting: TypeAlias = "ArrayLike | Quantity | Distribution | str | Sequence[str]"

TEXT = ("equations", "update", "threshold", "reset", "refractory", "ports")
ARGUMENTS = (*TEXT, "method", "sends", "learns")


def ready(
    cell: str, name: str, shape: Shape, override: Mapping[str, Setting], /, **defaults: Setting
) -> Neurons:
    """Neurons with the defaults of a cell, except for what `override` gives instead.

    cell: the name of the cell, for error messages.
    name: the name of the population.
    shape: its shape.
    override: arguments of `Neurons`, constants and start values that the caller gives.
    defaults: the same, of the cell. A default constant that is a string is the name of another constant,
        whose value it takes. So v="v_rest" starts v at rest, also if the caller gives another v_rest.

    Raises DescriptionError for a name in `override` that the cell does not have. If `override` has new text,
    this text may have names of its own, and `Neurons` checks them.
    """
    settings: dict[str, Any] = {**defaults, **override}
    for key, value in defaults.items():
        if key not in ARGUMENTS and key not in override and isinstance(value, str):
            # The value itself, but for text: two draws would differ, and so the other constant is named.
            settings[key] = value if isinstance(settings[value], str) else settings[value]
    neurons = Neurons(name, shape, **settings)
    known = {*ARGUMENTS, *defaults, *neurons.states}
    if not set(override) & set(TEXT):
        for key in override:
            if key not in known:
                raise DescriptionError(
                    f"cells.{cell} {name!r}: {key!r} is no constant or variable of this cell. "
                    f"{nearest(key, known)}"
                )
    return neurons
