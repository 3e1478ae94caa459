"""What Brian2 and sympy found out about text: asked once, then known in this process, and from the cache folder in the next ones.

A question is kept with all that its answer depends on, the versions included; the questions about one network lie in one file. Where all
are known, neither package is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from neurosim.cache import digest, folder, load_text, save_text
from neurosim.network.functions import added
from neurosim.versions import version

MOST = 20_000  # questions that a process keeps in mind
ANSWERING = (
    "network/functions.py", "network/text.py", "network/values.py", "plan/brian.py", "plan/dimensions.py", "plan/equations.py", "plan/constant_folding.py",
    "plan/codegen/numpy_code.py",
)  # fmt: skip

_known: dict[str, str] = {}  # question -> answer, both as JSON
_kept: dict[tuple[Path, str], frozenset[str]] = {}  # the questions in a file
_asked: ContextVar[set[str] | None] = ContextVar("asked", default=None)


def memoized(question: list[Any], make: Callable[[], Any]) -> Any:
    """The answer to a question, both plain data (lists, numbers, text): `make()` is called where it is not known."""
    key = json.dumps(question)
    answer = _known.get(key)
    if answer is None:
        if len(_known) >= MOST:
            _known.clear()
        answer = _known[key] = json.dumps(make())
    asked = _asked.get()
    if asked is not None:
        asked.add(key)
    return json.loads(answer)


@contextmanager
def persistent_memo(texts: Iterable[str]) -> Iterator[None]:
    """In this block, questions are answered from the cache folder where they were asked before in a block with these texts; new ones are kept."""
    place = folder(), digest("questions", *_answering(), *added(), *texts)
    if place not in _kept:
        _kept[place] = _recall(*place)
    asked: set[str] = set()
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)
    if not asked <= _kept[place]:
        _kept[place] = frozenset(asked & _known.keys())
        save_text(*place, json.dumps({key: _known[key] for key in sorted(_kept[place])}))


def _recall(where: Path, key: str) -> frozenset[str]:
    """Bring the questions of a file to mind: which they are."""
    found = json.loads(load_text(where, key) or "{}")  # the seal says that it is what was written
    _known.update(found)
    return frozenset(found)


@cache
def _answering() -> tuple[str, ...]:
    """What answers: its versions, and the text of the modules here."""
    root = Path(__file__).resolve().parent.parent
    return (
        sys.version,
        version("brian2"),
        version("sympy"),
        version("numpy"),
        *(root.joinpath(name).read_text("utf-8") for name in ANSWERING),
    )
