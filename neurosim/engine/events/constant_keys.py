"""Keys of constants: numbers, arrays, and tables of values over time. See `keys.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True)
class Constant:
    """A constant of a population."""

    population: str
    name: str


@dataclass(frozen=True)
class CallAddress:
    """The address of a function that a step calls, by its name."""

    name: str


@dataclass(frozen=True)
class SynapseConstant:
    """A constant of synapses with text."""

    pathway: str
    name: str


class TablePart(Enum):
    """Which number of a table of values over time: `Table` of core/numbers/table.hpp."""

    GRID = auto()
    FINER = auto()


class TableCount(Enum):
    """Which size of a table of values over time."""

    SAMPLES = auto()
    COLUMNS = auto()


@dataclass(frozen=True)
class TableArray:
    """The values of a constant that is a table: (sample, column)."""

    constant: Constant | SynapseConstant


@dataclass(frozen=True)
class TableNumber:
    """A number of a constant that is a table."""

    constant: Constant | SynapseConstant
    part: TablePart


@dataclass(frozen=True)
class TableSize:
    """A size of a constant that is a table."""

    constant: Constant | SynapseConstant
    count: TableCount
