"""The legend of a diagram: what occurs in it, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from neurosim.figures.graph.model import Box, Connection
from neurosim.figures.graph.sizes import Measure
from neurosim.network.pictures import PICTURES, Picture

SAMPLE = 0.42  # the width of the picture before each entry
ROW = 0.24  # the height of a row
HEADING, SPACING = 0.75, 0.25  # the width of the headings, the space after an entry
CELLS = {
    "driven": "driven from outside",
    "spiking": "sends spikes",
    "graded": "sends a value",
    "random": "sends a random draw",
    "closed": "part of several populations",
}
WEIGHTS = {
    "fixed": "fixed weights",
    "learned": "learned by training",
    "plastic": "plastic: change while running",
    "message": "message used as weight",
    "shared": "weights shared with other synapses",
}
EFFECTS = {"+": "excites", "-": "inhibits", "+-": "either sign", "delay": "arrives later"}


@dataclass(frozen=True)
class Sample:
    """What an entry explains: its group ('cell', 'weight', 'effect', 'wiring'), its name, and text."""

    group: str
    name: str
    text: str
    picture: Picture | None = None


@dataclass(frozen=True)
class Entry:
    """A heading (`sample` is None) or a sample with its text, from `x` to `right`, in a row."""

    sample: Sample | None
    text: str
    x: float
    right: float
    row: int


def entries(boxes: list[Box], connections: list[Connection], width: float, measure: Measure) -> list[Entry]:
    """The entries that a diagram needs, group by group, in as many columns of groups as fit into a width."""
    groups = [(heading, samples) for heading, samples in _groups(boxes, connections) if samples]
    widths = [HEADING + sum(_width(sample, measure) for sample in samples) for _, samples in groups]
    columns = max(
        (n for n in range(1, len(groups) + 1) if sum(_columns(widths, n)) <= width + SPACING), default=1
    )
    room = _columns(widths, columns) if columns > 1 else [width + SPACING]
    lefts = list(itertools.accumulate(room, initial=0.0))
    placed, row = [], 0
    for first in range(0, len(groups), columns):
        beside = []
        for n, (heading, samples) in enumerate(groups[first : first + columns]):
            beside += _group(heading, samples, lefts[n], row, room[n], measure)
        placed += beside
        row = max(entry.row for entry in beside) + 1
    return placed


def _columns(widths: list[float], columns: int) -> list[float]:
    """The width of each column if so many groups stand side by side."""
    return [max(widths[n::columns]) + 0.15 for n in range(columns)]


def _width(sample: Sample, measure: Measure) -> float:
    return SAMPLE + 0.08 + measure(sample.text, "legend") + SPACING


def _group(
    heading: str, samples: list[Sample], left: float, row: int, room: float, measure: Measure
) -> list[Entry]:
    """The entries of a group; those that do not fit into its room go into the next row."""
    placed = [Entry(None, heading, left, left + HEADING, row)]
    x = left + HEADING
    for sample in samples:
        width = _width(sample, measure)
        if x > left + HEADING and x + width > left + room:
            row, x = row + 1, left + HEADING
        placed.append(Entry(sample, sample.text, x, x + width - SPACING, row))
        x += width
    return placed


def _groups(boxes: list[Box], connections: list[Connection]) -> list[tuple[str, list[Sample]]]:
    cells = {box.kind for box in boxes}
    weights = {c.kind for c in connections} | {"shared" for c in connections if c.shared}
    effects = {c.sign for c in connections} | {
        "delay" for c in connections if c.delay or (c.weight and c.weight.delay)
    }
    drawn = dict.fromkeys(c.picture for c in connections if c.weight is None and c.picture)
    own = [picture for picture in drawn if picture not in PICTURES]
    wirings = [picture for picture in (*PICTURES, *own) if picture in drawn]
    return [
        ("Cells", [Sample("cell", name, text) for name, text in CELLS.items() if name in cells]),
        ("Weights", [Sample("weight", name, text) for name, text in WEIGHTS.items() if name in weights]),
        ("Messages", [Sample("effect", name, text) for name, text in EFFECTS.items() if name in effects]),
        ("Wiring", [Sample("wiring", p.name, p.caption, p) for p in wirings]),
    ]
