"""The legend of a diagram: what occurs in it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neurosim.figures.anatomy import Box, Wire

SAMPLE = 0.42  # the width of the picture before each entry
ROW = 0.24
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


def entries(boxes: list[Box], wires: list[Wire], width: float, measure: Callable[[str, str], float]) -> list[Entry]:
    """The entries that the diagram needs, in rows by group; a group that is too wide goes on in the next row."""
    placed, row = [], -1
    for group, items in _groups(boxes, wires):
        if not items:
            continue
        row += 1
        placed.append(Entry("heading", group, 0.0, 0.7, row))
        x = start = 0.75
        for sample, text in items:
            needed = SAMPLE + 0.08 + measure(text, "legend") + 0.25
            if x > start and x + needed > width + 0.25:
                row, x = row + 1, start
            placed.append(Entry(sample, text, x, x + needed - 0.25, row))
            x += needed
    return placed


def _groups(boxes: list[Box], wires: list[Wire]) -> list[tuple[str, list[tuple[str, str]]]]:
    kinds = {wire.kind for wire in wires} | ({"tied"} if any(wire.tied for wire in wires) else set())
    signs = {wire.sign for wire in wires} | ({"delay"} if any(wire.delay or (wire.weight and wire.weight[2]) for wire in wires) else set())
    icons = {wire.icon for wire in wires if wire.weight is None}
    cells = {box.kind for box in boxes}
    return [
        ("Cells", [(f"cell:{key}", text) for key, text in CELLS.items() if key in cells]),
        ("Weights", [(f"weight:{key}", text) for key, text in WEIGHTS.items() if key in kinds]),
        ("Messages", [(f"effect:{key}", text) for key, text in EFFECTS.items() if key in signs]),
        ("Wiring", [(f"wiring:{key}", text) for key, text in WIRINGS.items() if key in icons]),
    ]
