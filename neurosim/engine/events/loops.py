"""A C++ function with a loop over neurons or synapses, put together from what stands before the loop and what stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from neurosim.engine.events.numbering import Numbering
from neurosim.network.functions import random_calls
from neurosim.network.text import Statement
from neurosim.plan.plan import Plan


@dataclass
class Loop:
    """The parts of a function over neurons: what stands before the loop, and in it. `index` is the neuron's number.

    `unmoved` are the populations that have yet to move in the tick when the function runs: they are as refractory as they
    were, and have not read their ports.
    """

    plan: Plan
    numbering: Numbering
    index: str = "i"
    element: str = "i"  # what numbers its random draws
    before: dict[str, None] = field(default_factory=dict)  # lines, each once
    body: list[str] = field(default_factory=list)
    calls: int = 0  # random calls so far
    keys: list[str] = field(default_factory=list)
    unmoved: frozenset[str] = frozenset()

    def pointer(self, name: str, kind: str, *key: Any, const: bool = False) -> str:
        """The name of a pointer to an array, declared before the loop."""
        return self.declare(
            f"{'const ' if const else ''}{kind}* const __restrict", name, self.numbering.pointer(kind, *key)
        )

    def declare(self, kind: str, name: str, value: str) -> str:
        """Declare a constant before the loop; returns its name, which is not that of another value."""
        while any(f" {name} = " in line and not line.endswith(f" {name} = {value};") for line in self.before):
            name += "_"
        self.before[f"{kind} {name} = {value};"] = None
        return name

    def random(self, owner: str, block: str, statements: Iterable[Statement]) -> int:
        """Declare the keys of a block's random calls; returns the number of its first one."""
        first, count = self.calls, random_calls(statements)
        self.keys += [
            f"context.key({self.numbering.random_key(owner, block, call)})" for call in range(count)
        ]
        self.calls += count
        return first

    def function(
        self, title: str, name: str, loop: str, prelude: Iterable[str] = (), *, within: Within | None = None, template: str = "",
        parameters: str = "Context& context",
    ) -> list[str]:  # fmt: skip
        """The whole function; `loop` opens the loop, which may stand `within` another one. `template` stands before the function."""
        keys = (
            [f"const Key keys[] = {{{', '.join(self.keys)}}};", "const uint32_t tick = context.counter();"]
            if self.keys
            else []
        )
        element = [f"const uint32_t element = static_cast<uint32_t>({self.element});"] if self.keys else []
        lines = [loop, *indented((*element, *self.body)), "}"]
        if within is not None:
            lines = [*within.opening, *indented((*lines, *within.after)), "}"]
        return [
            f"// {title}",
            f"{template}void {name}({parameters}) {{",
            *indented((*prelude, *keys, *self.before, *lines)),
            "}",
            "",
        ]


@dataclass(frozen=True)
class Within:
    """An outer loop: what opens it, and what follows the inner loop in it."""

    opening: tuple[str, ...]
    after: tuple[str, ...] = ()


def indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def identifier(name: str) -> str:
    """What stands for a name of the network within C++ identifiers, another one for each name; plain names stand for themselves.

    >>> [identifier(name) for name in ("liquid_1", "Z", "é")]
    ['liquid_1', 'ZZ', 'Ze9_']
    """
    return "".join(
        c.replace("Z", "ZZ") if c.isascii() and (c.isalnum() or c == "_") else f"Z{ord(c):x}_" for c in name
    )
