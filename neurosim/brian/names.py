"""What names mean in the text of one object of Brian2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.brian.functions_of_scripts import without_binomial
from neurosim.brian.private_names import (
    ArrayVariable,
    AuxiliaryVariable,
    BrianObject,
    Subexpression,
    Variable,
    is_known_function,
)
from neurosim.brian.refusal import Refused
from neurosim.network.functions import functions
from neurosim.network.text import Statement, calls_in, names_in

FREE = "free"  # the subexpression by which monitors record whether neurons are not refractory
LAST_SPIKE = "lastspike"  # a variable only of groups whose text or monitors read it


class Names:
    """What names mean in the text of a group.

    group: the group
    namespace: the names of the script that text may use
    more: variables that only some of its text knows
    """

    def __init__(
        self, group: BrianObject, namespace: Mapping[str, Any], more: Mapping[str, Variable] | None = None
    ):
        self.group, self.namespace, self.more = group, namespace, more or {}
        self._known: dict[str, Variable] = {}

    @property
    def label(self) -> str:
        """How messages name the group."""
        return label(self.group)

    def __getitem__(self, name: str) -> Variable:
        """What a name means. Raises KeyError as Brian2 does for a name that nothing defines."""
        if name not in self._known:
            found = self.group.resolve_all(
                [name], self.namespace, user_identifiers=set(), additional_variables=dict(self.more)
            )
            self._known.update(found)
        return self._known[name]

    def __contains__(self, name: str) -> bool:
        """Whether a name is a variable of the group, not one of the script or a temporary one of Brian2."""
        own = self.group.variables.get(name, self.more.get(name))
        return own is not None and not isinstance(own, AuxiliaryVariable)

    def resolve(self, names: Iterable[str]) -> dict[str, Variable]:
        """What some names mean."""
        return {name: self[name] for name in names}

    def plain(self, expression: str) -> str:
        """An expression as the engines read it. Refuses functions whose names mean others to them."""
        called = {name: self[name] for name in calls_in(expression)}
        for name, known in called.items():
            if name in functions() and not is_known_function(name, known):
                raise Refused(self.label, f"its text calls a function of its own by the name {name!r}")
        return without_binomial(expression, called)

    def read_by(self, expression: str) -> set[Variable]:
        """The arrays that an expression reads, also those in the subexpressions that it names."""
        found: set[Variable] = set()
        for name in names_in(expression):
            variable = self[name]
            if isinstance(variable, Subexpression):
                own = variable.owner.name == self.group.name
                more = self.more if own else None  # what a pathway refers to in its synapses has names there
                found |= Names(variable.owner, self.namespace, more).read_by(variable.expr)
            elif isinstance(variable, ArrayVariable):
                found.add(variable)
        return found


def label(thing: BrianObject) -> str:
    """How messages name an object of Brian2."""
    return f"{thing.__class__.__name__} {thing.name!r}"  # runners hold proxies of groups


def root_of(group: BrianObject) -> BrianObject:
    """The group itself, or the one that it is a part of."""
    return group.source if hasattr(group, "source") and hasattr(group, "start") else group


def part_of(group: BrianObject) -> np.ndarray:
    """The indices, in the whole group, of the neurons of a group or a part of one."""
    start = int(getattr(group, "start", 0))
    return np.arange(start, start + len(group))


@dataclass(frozen=True, eq=False)
class Text:
    """Statements of an object of Brian2, and what the names in them mean.

    statements: with temporary names that begin with an underscore
    names: the meanings
    temporary: the names that are no variables
    """

    statements: tuple[Statement, ...]
    names: Names
    temporary: frozenset[str]

    @cached_property
    def used(self) -> frozenset[str]:
        """The names of variables and constants that the statements read or assign."""
        read = {name for s in self.statements for name in names_in(s.expression)}
        return frozenset(read | {s.name for s in self.statements}) - self.temporary

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The names of the variables that they assign."""
        return frozenset(s.name for s in self.statements) - self.temporary

    @cached_property
    def writes(self) -> frozenset[Variable]:
        """The arrays that they change."""
        return frozenset(self.names[name] for name in self.assigned)

    @cached_property
    def only_adds(self) -> frozenset[Variable]:
        """The arrays that they change by additions alone."""
        set_to = {s.name for s in self.statements if s.op not in ("+=", "-=")}
        return frozenset(self.names[name] for name in self.assigned - set_to) - self.reads

    @cached_property
    def reads(self) -> frozenset[Variable]:
        """The arrays that they read."""
        found: set[Variable] = set()
        for statement in self.statements:
            for name in names_in(statement.expression) - self.temporary:
                found |= self.names.read_by(name)
            if statement.op not in ("=", "+=", "-=") and statement.name not in self.temporary:
                found.add(self.names[statement.name])
        return frozenset(found)
