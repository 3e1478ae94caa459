"""A memo of what Brian2 and sympy compute from text, in this process and, through the cache folder, the next.

Importing Brian2 and sympy takes seconds, and compiling equations with them takes more. A result is therefore
kept under everything that it depends on, including the versions of the packages. All results about one
network are kept in one file. If all results are known, neither package is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from neurosim.cache import digest, folder, load_text, save_text
from neurosim.network.functions import added
from neurosim.versions import version

Json: TypeAlias = Any  # plain data: None, numbers, text, and lists and dicts of these

MOST_RESULTS = 20_000  # that a process keeps in memory
# The modules on which the results depend.
SOURCES = (
    "network/function_table.py",
    "network/functions.py",
    "network/text.py",
    "network/values.py",
    "plan/brian.py",
    "plan/codegen/numpy_code.py",
    "plan/codegen/writer.py",
    "plan/constant_folding.py",
    "plan/dimensions.py",
    "plan/equations.py",
)

_results: dict[str, str] = {}  # key -> result, both as JSON
_stored: dict[tuple[Path, str], frozenset[str]] = {}  # (folder, name of a file) -> the keys in it
_used: ContextVar[set[str] | None] = ContextVar("used", default=None)  # the keys used in a persistent memo


def memoized(key: list[Json], compute: Callable[[], Json]) -> Json:
    """The result of `compute()`, which is called only if the result under this key is not known yet.

    key: everything that the result depends on, as plain data
    compute: returns plain data; a tuple comes back as a list
    """
    text = json.dumps(key)
    result = _results.get(text)
    if result is None:
        if len(_results) >= MOST_RESULTS:
            _results.clear()
        result = _results[text] = json.dumps(compute())
    used = _used.get()
    if used is not None:
        used.add(text)
    return json.loads(result)


@contextmanager
def persistent_memo(texts: Iterable[str]) -> Generator[None]:
    """Within this context, results are read from the cache folder, and new ones are added to it.

    texts: all text of the network; networks of the same text share one file
    """
    file = folder(), digest("questions", *_dependencies(), *added(), *texts)
    if file not in _stored:
        _stored[file] = _load(*file)
    used: set[str] = set()
    token = _used.set(used)
    try:
        yield
    finally:
        _used.reset(token)
    if not used <= _stored[file]:
        _stored[file] = frozenset(used & _results.keys())
        save_text(*file, json.dumps({key: _results[key] for key in sorted(_stored[file])}))


def _load(parent: Path, name: str) -> frozenset[str]:
    """Read the results in a file into memory, and return their keys."""
    # `load_text` returns nothing for a file that was damaged, so that this is what was written.
    results: dict[str, str] = json.loads(load_text(parent, name) or "{}")
    _results.update(results)
    return frozenset(results)


@cache
def _dependencies() -> tuple[str, ...]:
    """The versions and the source code on which all results depend."""
    package = Path(__file__).resolve().parent.parent
    return (
        sys.version,
        version("brian2"),
        version("sympy"),
        version("numpy"),
        *(package.joinpath(name).read_text("utf-8") for name in SOURCES),
    )
