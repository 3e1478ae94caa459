"""All variants of a structure, checked; what is wrong is shrunk and kept as a script."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from differential.compare import Outcome, check
from differential.find import narrowed
from differential.generate import draw_case
from differential.known import without_known
from differential.script import script

MOST_SCRIPTS = 40  # a fault that shows everywhere is not shrunk everywhere


def check_structure(
    structure: int, variants: int, folder: Path | None, shrinking: float = 90.0
) -> dict[str, Any]:
    """What became of the variants of a structure, as a line of results; scripts of problems go to
    `folder`."""
    begin = time.process_time(), _children()
    counts: dict[str, Counter] = {part: Counter() for part in ("left_out", "refused", "skipped", "compared")}
    problems, chaotic, networks = [], 0, 0
    for variant in range(variants):
        case, faults = without_known(draw_case(structure, variant))
        counts["left_out"].update(faults)
        if not case.routes:
            continue
        outcome = check(case)
        networks += bool(outcome.compared or outcome.problems)
        chaotic += len(outcome.chaotic)
        _count(counts, outcome)
        for problem in outcome.problems:
            kept = {
                "seed": list(case.seed),
                "route": problem.route,
                "kind": problem.kind,
                "text": problem.text,
            }
            if not any(other["kind"] == problem.kind for other in problems):
                kept["script"] = _keep(folder, case, problem, shrinking)
            problems.append(kept)
    _forget()
    seconds = time.process_time() - begin[0] + _children() - begin[1]
    parts = {part: dict(counter) for part, counter in counts.items()}
    return {
        "structure": structure,
        "networks": networks,
        "seconds": round(seconds, 2),
        "chaotic": chaotic,
        "problems": problems,
        **parts,
    }


def _count(counts: dict[str, Counter], outcome: Outcome) -> None:
    if outcome.refused:
        counts["refused"][outcome.refused] += 1
    counts["skipped"].update(outcome.skipped.values())
    counts["compared"].update(outcome.compared)


def _keep(folder: Path | None, case: Any, problem: Any, seconds: float) -> str:
    """The shrunk script of a problem, which also goes to the folder."""
    if folder is not None and len(list(folder.glob("finding-*.py"))) >= MOST_SCRIPTS:
        return ""
    smaller, found = narrowed(case, problem, seconds)
    text = script(smaller, found.route, found.text)
    if folder is not None:
        (folder / f"finding-{case.seed[0]}-{case.seed[1]}.py").write_text(text)
    return text


def _children() -> float:
    """Seconds that finished processes of this one, its compilers, have computed."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _forget() -> None:
    """Drop what JAX has compiled: it grows without end."""
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
