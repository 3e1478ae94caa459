"""Assembles C++ functions with a loop over neurons or synapses from the lines before the loop and in it.

Names in a function with the user's text cannot be confused, because three kinds have endings of their own. A
constant that holds what the text assigns ends in an underscore and a number, `v_1`. A name that is made of a
user's name ends in an underscore and a word, `v_old`, `I_read`, `liquid_v_at`; before the loop, `declare`
keeps these apart. All other names, such as `span` and `deferred0`, end in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from neurosim.engine.events.keys import ArrayKey
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.sharing import marked_name
from neurosim.network.functions import random_calls
from neurosim.network.text import Statement
from neurosim.plan.plan import Plan


@dataclass
class Loop:
    """The parts of a function with a loop.

    `index` is C++ for the neuron, `element` for the number that its random draws are counted by. `before`
    holds the lines before the loop, by the name that each declares; `body` those in it. `calls` is the number
    of random calls so far, `keys` C++ for their keys. `unmoved` are the populations that have yet to move in
    the tick when the function runs: they are as refractory as they were, and have not read their ports.
    """

    plan: Plan
    numbering: Numbering
    index: str = "i"
    element: str = "i"
    before: dict[str, str] = field(default_factory=dict[str, str])
    body: list[str] = field(default_factory=list[str])
    calls: int = 0
    keys: list[str] = field(default_factory=list[str])
    unmoved: frozenset[str] = frozenset()

    def pointer(self, name: str, cpp_type: str, key: ArrayKey, *, const: bool = False) -> str:
        """Declare a pointer to an array with elements of the C++ type `cpp_type`; returns its name."""
        return self.declare(
            f"{'const ' if const else ''}{cpp_type}* const __restrict",
            name,
            self.numbering.pointer(cpp_type, key),
        )

    def declare(self, cpp_type: str, name: str, value: str) -> str:
        """Declare a constant before the loop; returns its name, which no constant with another value has."""
        while name in self.before and self.before[name] != _declaration(cpp_type, name, value):
            name += "_"
        self.before[name] = _declaration(cpp_type, name, value)
        return name

    def random(self, owner: str, block: str, statements: Iterable[Statement]) -> int:
        """Take keys for a block's random calls; returns the number of the first of them."""
        first, count = self.calls, random_calls(statements)
        self.keys += [self.numbering.random_key(owner, block, call) for call in range(count)]
        self.calls += count
        return first

    def key_lines(self) -> list[str]:
        """Lines before the loop by which its text draws random numbers."""
        if not self.keys:
            return []
        keys = f"const Key keys[] = {{{', '.join(self.keys)}}};"
        return [keys, "const uint32_t tick = context.counter();"]

    def element_lines(self) -> list[str]:
        """Lines in the loop by which its text draws random numbers."""
        return [f"const uint32_t element = static_cast<uint32_t>({self.element});"] if self.keys else []

    def function(
        self,
        title: str,
        name: str,
        opening: str,
        prelude: Iterable[str] = (),
        *,
        outer: OuterLoop | None = None,
        template: str = "",
        parameters: str = "Context& context",
    ) -> list[str]:
        """The text of the function; `opening` opens the loop, which may stand in an `outer` one."""
        lines = [opening, *indented((*self.element_lines(), *self.body)), "}"]
        if outer is not None:
            lines = [*outer.opening, *indented((*lines, *outer.after)), "}"]
        body = (*prelude, *self.key_lines(), *self.before.values(), *lines)
        return function(title, f"{template}void {name}({parameters})", body)


@dataclass(frozen=True)
class OuterLoop:
    """An outer loop: the lines that open it, and those after the inner loop."""

    opening: tuple[str, ...]
    after: tuple[str, ...] = ()


def _declaration(cpp_type: str, name: str, value: str) -> str:
    return f"{cpp_type} {name} = {value};"


def function(title: str, signature: str, body: Iterable[str]) -> list[str]:
    """The text of a C++ function as one part of the source, with a title above and an empty line below."""
    return ["\n".join([f"// {title}", f"{signature} {{", *indented(body), "}", ""])]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines, indented by one level."""
    return [f"    {line}" for line in lines]


def for_each_trial(lines: Sequence[str]) -> list[str]:
    """A loop over the trials (and blocks) that a worker moves; one line stands behind it."""
    opening = "for (Context& context : worker)"
    if len(lines) == 1:
        return [f"{opening} {lines[0]}"]
    return [f"{opening} {{", *indented(lines), "}"]


@lru_cache(maxsize=4096)
def identifier(name: str) -> str:
    """A name of the network as part of C++ identifiers: unique for each name, and plain names as they are.

    It is marked (`sharing.py`).

    >>> from neurosim.engine.events.sharing import plain
    >>> [plain(identifier(name)) for name in ("liquid_1", "Z", "é")]
    ['liquid_1', 'ZZ', 'Ze9_']
    """
    return marked_name(
        "".join(
            c.replace("Z", "ZZ") if c.isascii() and (c.isalnum() or c == "_") else f"Z{ord(c):x}_"
            for c in name
        )
    )
