"""What a benchmark is: a row of the results, and the runs that stand side by side in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """A number that runs return: its key, and how the results call and write it."""

    key: str
    heading: str
    digits: int = 3


@dataclass(frozen=True)
class Run:
    """One competitor: a function and its options. `package` must be installed; `on_request` runs only if
    --peers names it."""

    label: str
    function: Callable[..., dict[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    package: str = "neurosim"
    on_request: bool = False
    cache: str = (
        ""  # of compiled code: "empty" for each run, or "filled" by an earlier one; "": the user's own
    )


@dataclass(frozen=True)
class Benchmark:
    """A row: the first column is the time that ratios are made of, `agree` the key in which all runs must
    agree.

    A run whose `agree` is below `alive` counts as a network that has died out, and is tried again with
    another seed. `smoke` replaces options for a run of seconds. `how` says how the numbers came about, where
    the heading of the results does not. `details` writes more tables, from the numbers of all runs by label.
    """

    name: str
    title: str
    bar: str
    how: str
    columns: tuple[Column, ...]
    runs: tuple[Run, ...]
    smoke: Mapping[str, Any]
    agree: str = ""
    alive: float = 0.0
    details: Callable[[Mapping[str, list[dict[str, Any]]]], str] | None = None


RTF = Column("rtf", "RTF")
RATE = Column("rate", "spikes/s")
BUILD = Column("build", "built in (s)", 2)
MEMORY = Column("memory", "peak memory (GB)", 2)
FELT = Column("wall", "script (s)", 2)
