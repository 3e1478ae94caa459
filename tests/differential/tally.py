"""What a run of many networks found, counted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Tally:
    """Counts over structures: networks compared, refusals by reason, comparisons by route, and problems."""

    done: set[int] = field(default_factory=set)
    networks: int = 0
    seconds: float = 0.0
    left_out: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    skipped: Counter = field(default_factory=Counter)
    compared: Counter = field(default_factory=Counter)
    chaotic: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)

    @staticmethod
    def read(path: Path) -> Tally:
        """The tally of the lines of a file, one a structure; a last line that was not finished is left
        out."""
        tally = Tally()
        for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
            if line.endswith("\n"):
                tally.add(json.loads(line))
        return tally

    def add(self, line: dict[str, Any]) -> None:
        """Count what became of one structure."""
        if line["structure"] in self.done:
            return
        self.done.add(line["structure"])
        self.networks += line["networks"]
        self.seconds += line["seconds"]
        self.chaotic += line["chaotic"]
        for part in ("left_out", "refused", "skipped", "compared"):
            getattr(self, part).update(line[part])
        self.problems += line["problems"]

    def summary(self) -> str:
        """All counts, as text."""
        lines = [
            f"{self.networks} networks of {len(self.done)} structures, "
            f"{self.seconds / max(self.networks, 1):.2f} core-seconds each."
        ]
        lines.append(
            f"{self.compared.total()} comparisons with the reference engine, {self.chaotic} of them "
            "explained by rounding that grows:"
        )
        lines += [f"  {count:6} {route}" for route, count in self.compared.most_common()]
        for title, counts in (
            ("Networks that the reference engine refused", self.refused),
            ("Runs that another engine does not take", self.skipped),
            ("Runs left out for a known fault", self.left_out),
        ):
            lines += [
                f"{title}: {counts.total()}",
                *(f"  {count:6} {reason}" for reason, count in counts.most_common()),
            ]
        lines.append(f"{len(self.problems)} problems")
        lines += [
            f"  {problem['seed']} {problem['route']} {problem['kind']}: {problem['text'][:200]}"
            for problem in self.problems
        ]
        return "\n".join(lines)
