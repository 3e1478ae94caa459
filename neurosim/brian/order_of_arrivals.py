"""Where Brian2's targets disagree: several spikes arrive in one tick, and their order matters.

The numpy target runs each statement of `on_pre` or `on_post` for all arrivals before the next statement,
unless a statement changes what it or an earlier one has read; then it runs all statements for one arrival
after the other, as Cython, standalone mode and neurosim always do. The results differ if one arrival changes
a variable of neurons, and another reads it: behind the change, or by another name (`v_pre` and `v_post`).
Brian2's own `check_for_order_independence` asks something else: whether the order of the arrivals matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.names import Names, label
from neurosim.brian.private_names import ArrayVariable, Subexpression, Variable, edges_of, log
from neurosim.network.text import names_in

INPLACE = ("+=", "-=", "*=", "/=")
ENDS = ("_pre", "_post")


def warn_of_disagreement(actions: Iterable[Action]) -> None:
    """Warn of each text of synapses for which numpy and Cython give different results."""
    for action in actions:
        if action.does in (Does.DELIVER_TEXT, Does.SENT):
            found = disagreeing(action)
            if found:
                log.warn(_warning(action, found), once=True)


def _warning(action: Action, found: str) -> str:
    return (
        f"{label(action.thing.synapses)}: where several spikes arrive in one tick, Brian2's targets give"
        f" different results for {action.thing.code!r}, which changes {found!r} and reads it."
        " neurosim runs all statements for one arrival after the other, as Cython does; numpy runs each"
        " statement for all arrivals."
    )


def disagreeing(action: Action) -> str:
    """The variable of neurons for which the targets disagree; "" if there is none."""
    text = action.text
    assert text is not None
    reads: dict[str, Variable] = {}
    written: dict[str, Variable] = {}
    for statement in text.statements:
        for name in names_in(statement.expression) - text.temporary:
            reads |= _of_neurons(text.names, name)
        target = {} if statement.name in text.temporary else _of_neurons(text.names, statement.name)
        if target.keys() & reads.keys() or (target and statement.op not in ("=", *INPLACE)):
            return ""  # numpy, too, runs the statements for one arrival after the other
        written |= target
    return next(
        (
            one
            for one, variable in written.items()
            if any(variable is read and _meet(action, one, other) for other, read in reads.items())
        ),
        "",
    )


def _of_neurons(names: Names, name: str) -> dict[str, Variable]:
    """The arrays that a name means, if they are not of the synapses; by name, subexpressions taken apart."""
    variable = names[name]
    if isinstance(variable, Subexpression):
        own = variable.owner.name == names.group.name
        known = names if own else Names(variable.owner, names.namespace)
        end = "" if own else next((end for end in ENDS if name.endswith(end)), "_post")
        inner: Iterator[Mapping[str, Variable]] = (
            _of_neurons(known, part) for part in sorted(names_in(variable.expr))
        )
        return {f"{part}{end}": found for each in inner for part, found in each.items()}
    if not isinstance(variable, ArrayVariable) or variable.scalar:
        return {}
    synapses: Any = names.group
    indices = getattr(synapses.variables, "indices", {})
    own = hasattr(synapses, "target") and indices.get(name) == "_idx"
    return {} if own else {_full(name, indices.get(name)): variable}


def _full(name: str, index: str | None) -> str:
    """A variable of neurons by a name that says of which: `v` in the text of synapses means `v_post`."""
    ended = name.endswith(ENDS)
    return name if ended or index not in ("_presynaptic_idx", "_postsynaptic_idx") else f"{name}_post"


def _meet(action: Action, one: str, other: str) -> bool:
    """Whether two synapses of those that may act in one tick have one neuron under these names."""
    sender, receiver = edges_of(action.thing.synapses)
    ends = [sender if name.endswith("_pre") else receiver for name in (one, other)]
    if one == other:
        return bool(np.unique(ends[0]).size < ends[0].size)
    return bool(np.isin(ends[0], ends[1]).any())
