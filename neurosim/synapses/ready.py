"""What all ready synapses share: text, default constants, and what the caller gives beside or instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from neurosim.network.expression import Expression
    from neurosim.network.weights import Distribution
    from neurosim.network.wiring import Wiring
    from neurosim.units import Quantity

# A constant, a start value, or an argument of Synapses.
Setting: TypeAlias = "ArrayLike | Quantity | Distribution | Expression | Wiring | str"


def ready(
    pre: Population,
    post: Population,
    given: Mapping[str, Setting],
    texts: Mapping[str, Any],
    /,
    **constants: Any,
) -> Synapses:
    """Synapses with the text and the constants of a rule, except for what the caller gives instead.

    given: arguments and constants of the caller; a constant that the text does not use is refused.
    texts: the arguments of `Synapses` that make the rule.
    constants: the default constants of the rule, of which those count that the text uses.
    """
    settings: dict[str, Any] = {**texts, **given}
    settings["namespace"] = {**constants, **settings.get("namespace", {})}
    return Synapses(pre, post, **settings)
