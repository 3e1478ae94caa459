"""The legend of a diagram: what occurs in it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurosim.figures.anatomy import Box, Wire

SAMPLE = 0.42  # the width of the picture before each entry
ROW = 0.24
START, SPARE = 0.75, 0.25  # the width of the headings, the space after an entry
CELLS = {
    "driven": "driven from outside",
    "spiking": "sends spikes",
    "graded": "sends a value",
    "random": "sends a random draw",
}
WEIGHTS = {
    "fixed": "fixed weights",
    "learned": "learned by training",
    "plastic": "plastic: change while running",
    "message": "message used as weight",
    "tied": "weights shared with other synapses",
}
EFFECTS = {"+": "excites", "-": "inhibits", "+-": "either sign", "delay": "arrives later"}
WIRINGS = {
    "dense": "all to all",
    "sparse": "some pairs only",
    "one": "one to one",
    "nearby": "mostly neighbours",
    "conv": "convolution (shared weights)",
    "pool": "pooling",
    "einsum": "along named axes (shared weights)",
    "private": "sources of its own for each target",
}


@dataclass(frozen=True)
class Entry:
    """One entry: what to draw (such as 'weight:learned') and its words, at a place."""

    sample: str
    text: str
    x: float
    right: float
    row: int


def entries(
    boxes: list[Box], wires: list[Wire], width: float, measure: Callable[[str, str], float]
) -> list[Entry]:
    """The entries that the diagram needs, in rows by group; a group that is too wide goes on in the next row."""
    groups = [(group, items) for group, items in _groups(boxes, wires) if items]
    needs = [START + sum(_needs(text, measure) for _, text in items) for _, items in groups]
    abreast = max((n for n in range(1, len(groups) + 1) if sum(_tabs(needs, n)) <= width + SPARE), default=1)
    tabs = _tabs(needs, abreast) if abreast > 1 else [width + SPARE]
    placed, row = [], 0
    for n in range(0, len(groups), abreast):
        ends = []
        for place, (group, items) in enumerate(groups[n : n + abreast]):
            found = _group(group, items, sum(tabs[:place]), row, tabs[place], measure)
            placed += found
            ends.append(found[-1].row)
        row = max(ends) + 1
    return placed


def _tabs(needs: list[float], abreast: int) -> list[float]:
    """The widths of the columns if so many groups stand side by side."""
    return [max(needs[place::abreast]) + 0.15 for place in range(abreast)]


def _needs(text: str, measure: Callable[[str, str], float]) -> float:
    return SAMPLE + 0.08 + measure(text, "legend") + SPARE


def _group(
    group: str,
    items: list[tuple[str, str]],
    left: float,
    row: int,
    room: float,
    measure: Callable[[str, str], float],
) -> list[Entry]:
    placed = [Entry("heading", group, left, left + START, row)]
    x = left + START
    for sample, text in items:
        needed = _needs(text, measure)
        if x > left + START and x + needed > left + room:
            row, x = row + 1, left + START
        placed.append(Entry(sample, text, x, x + needed - SPARE, row))
        x += needed
    return placed


def _groups(boxes: list[Box], wires: list[Wire]) -> list[tuple[str, list[tuple[str, str]]]]:
    kinds = {wire.kind for wire in wires} | ({"tied"} if any(wire.tied for wire in wires) else set())
    signs = {wire.sign for wire in wires} | (
        {"delay"} if any(wire.delay or (wire.weight and wire.weight[2]) for wire in wires) else set()
    )
    icons = {wire.icon for wire in wires if wire.weight is None}
    cells = {box.kind for box in boxes}
    return [
        ("Cells", [(f"cell:{key}", text) for key, text in CELLS.items() if key in cells]),
        ("Weights", [(f"weight:{key}", text) for key, text in WEIGHTS.items() if key in kinds]),
        ("Messages", [(f"effect:{key}", text) for key, text in EFFECTS.items() if key in signs]),
        ("Wiring", [(f"wiring:{key}", text) for key, text in WIRINGS.items() if key in icons]),
    ]
