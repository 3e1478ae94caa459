"""(summed) variables: which variable of the target they set, and that only one object sets each neuron's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.synapses import Synapses


def summed_variables(item: Synapses) -> tuple[str, ...]:
    """The variables of the target that synapses set to sums, such as 'I' for `I_post = ... (summed)`."""
    return tuple(line.name.removesuffix("_post") for line in item.lines if "summed" in line.flags)


def check_sums(synapses: Iterable[Synapses]) -> None:
    """Refuse two objects that set one variable of the same neurons: the second would undo the first."""
    seen: dict[tuple[str, str], list[Synapses]] = {}
    for item in synapses:
        for variable in summed_variables(item):
            others = seen.setdefault((item.post.name, variable), [])
            for other in others:
                if np.intersect1d(item.post.indices, other.post.indices).size:
                    raise DescriptionError(
                        f"{item.label}: sets '{variable}_post' (summed) of neurons for which {other.label}"
                        f" sets it too. Give {item.post.name!r} a variable for each, such as"
                        f" '{variable}_2', and add them up in its text; or sum into parts without a common"
                        " neuron."
                    )
            others.append(item)
