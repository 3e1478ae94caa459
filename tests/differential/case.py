"""One random network and how it is run, as plain data: text by lines, everything else as Python source."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Cells:
    """A population: its text by lines (equations, update, threshold, reset), and its other arguments as
    source."""

    name: str
    shape: tuple[int, ...]
    lines: dict[str, list[str]] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)  # how each reduces
    states: tuple[str, ...] = ()
    subexpressions: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)  # of ports and states that are no plain numbers

    @property
    def driven(self) -> bool:
        return not any(self.lines.get(part) for part in ("equations", "update", "threshold"))

    @property
    def spiking(self) -> bool:
        return bool(self.lines.get("threshold"))


@dataclass
class Link:
    """Synapses between populations or parts of them, such as 'a[:3]'."""

    name: str
    pre: str
    post: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> bool:
        return any(self.lines.values())


@dataclass
class Piece:
    """A run of some ticks on one engine, which continues the one before; through a file, or in memory."""

    engine: str
    ticks: int
    threads: int = 1
    file: bool = False


@dataclass
class Case:
    """A network, its inputs and the arguments of its run; `routes` are the ways it is run beside the whole
    run on the reference engine."""

    seed: tuple[int, int]
    schedule: str
    cells: list[Cells]
    links: list[Link]
    inputs: dict[str, str]
    ticks: int
    options: dict[str, str]  # of run: seed, precision, trials, until
    record: dict[str, int]
    start: dict[str, str] = field(default_factory=dict)
    routes: dict[str, list[Piece]] = field(default_factory=dict)
    compiler: str = "g++ -O0"

    @property
    def text(self) -> str:
        """All text and source of the network."""
        items = [*self.cells, *self.links]
        parts = [line for item in items for lines in item.lines.values() for line in lines]
        return "\n".join([*parts, *(f"{key}={value}" for item in items for key, value in item.more.items())])


def base(end: str) -> str:
    """The population of an end of synapses: 'a' of 'a[:3]'."""
    return end.split("[")[0]
