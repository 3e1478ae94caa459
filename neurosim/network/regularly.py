"""The argument `regularly` of populations and synapses: text that runs at regular times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neurosim.errors import DescriptionError, shown
from neurosim.network.text import Statement, read_statements
from neurosim.network.values import PLAIN, Numeric, Value, as_value, plain_text

Given = tuple[Numeric, str]
Regularly = Given | Sequence[Given]  # what the argument takes
REMEDY = "Give a period and text, such as (10*ms, 'v = 0*mV'), or a list of such pairs."


@dataclass(frozen=True, eq=False)
class Regular:
    """Text that runs once in a period, beginning with tick 0.

    name: of its block: 'regularly', and 'regularly_2' and so on for further ones.
    period: a time under `Clock`, otherwise a number of ticks.
    text: what the user wrote.
    statements: its assignments.
    """

    name: str
    period: Value
    text: str
    statements: tuple[Statement, ...]

    def ticks(self, seconds: float | None) -> int:
        """The period in ticks, whose length is given in seconds (None: they have none)."""
        return round(float(self.period.number) / (seconds or 1.0))


def read_regularly(given: Any, subject: str) -> tuple[tuple[Value, str], ...]:
    """Read the argument: a pair of a period and text, or a list of pairs; `subject` opens the errors.

    Raises DescriptionError for anything else.
    """
    if not isinstance(given, tuple | list):
        raise DescriptionError(f"{subject}: regularly {shown(given)} does not read. {REMEDY}")
    single = len(given) == 2 and isinstance(given[1], str)
    read: list[tuple[Value, str]] = []
    for pair in [given] if single else given:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DescriptionError(f"{subject}: regularly {shown(pair)} is no pair. {REMEDY}")
        period = as_value(pair[0], f"{subject}: regularly: period")
        if not period.scalar or not 0 < period.number < float("inf"):
            raise DescriptionError(f"{subject}: regularly: the period {period} is not above 0. {REMEDY}")
        if period.dim == PLAIN and float(period.number) < 1:
            raise DescriptionError(f"{subject}: regularly: the period {period} is below one tick. {REMEDY}")
        read.append((period, plain_text(pair[1], f"{subject}: regularly")))
    return tuple(read)


def regular_blocks(given: Sequence[tuple[Value, str]], subject: str) -> tuple[Regular, ...]:
    """The blocks of the argument, as it was read."""
    blocks: list[Regular] = []
    for number, (period, text) in enumerate(given, 1):
        name = "regularly" if number == 1 else f"regularly_{number}"
        statements = read_statements(text, f"{subject}: {name}")
        if not statements:
            raise DescriptionError(f"{subject}: {name} has no text. {REMEDY}")
        blocks.append(Regular(name, period, text, statements))
    return tuple(blocks)


def statements_of(blocks: Sequence[Regular]) -> tuple[Statement, ...]:
    """The assignments of all blocks."""
    return tuple(statement for block in blocks for statement in block.statements)
