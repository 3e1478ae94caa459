"""A dict of parameters that several populations and synapses share: each takes what its text uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from neurosim.errors import DescriptionError, shown
from neurosim.network.text import calls_in, names_in, parse_expression
from neurosim.network.text_names import RESERVED


def with_used(
    named: Mapping[str, Any],
    namespace: Mapping[str, Any] | None,
    texts: Iterable[str],
    own: Collection[str],
    subject: str,
) -> dict[str, Any]:
    """Constants together with what text uses of a namespace.

    named: the constants that were given by name, which win over the namespace
    texts: the expressions of the text
    own: the names of variables and ports of the text, which win, too
    subject: opens error messages

    Raises DescriptionError for a namespace that is no dict with names as keys.
    """
    if namespace is None:
        return dict(named)
    if not isinstance(namespace, Mapping) or not all(isinstance(name, str) for name in namespace):
        raise DescriptionError(
            f"{subject}: namespace {shown(namespace)} is not a dict of constants. Give one, such as"
            " {'tau': 10*ms}."
        )
    found = dict(named)
    waiting = [*texts, *(value for value in named.values() if isinstance(value, str))]
    while waiting:
        text = waiting.pop()
        parse_expression(text, subject)
        for name in sorted({*names_in(text), *calls_in(text)} & namespace.keys()):
            if name not in found and name not in own and name not in RESERVED:
                found[name] = namespace[name]
                waiting += [found[name]] if isinstance(found[name], str) else []
    return found
