"""Generated C++ becomes a shared library: compiled once, then taken from the cache by content."""

from __future__ import annotations

import ctypes
import os
import sysconfig
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread

from neurosim import cache
from neurosim.engine.events.compiler import (
    SUFFIX,
    CompilerFailed,
    NotCompiled,
    compile_library,
    engine_flags,
    need_compiler,
    own_flags,
    processor,
    stamp,
    version,
)
from neurosim.engine.events.compiler import find_compiler as find_compiler
from neurosim.engine.progress import MessageCallback, is_interactive, print_message
from neurosim.errors import EngineError

INCLUDE = Path(__file__).resolve().parent  # `#include "core/x.hpp"` is looked for here

compilations = 0  # how many times this process has run a compiler on a source
_counting = threading.Lock()
_loaded: dict[str, ctypes.CDLL] = {}
_ahead: dict[str, Future[ctypes.CDLL]] = {}  # by source: what is on its way


def load_ahead(source: str, label: str) -> None:
    """Begin to load a library that `load` will be asked for, without flags, beside what else there is to do until then."""
    if source not in _ahead:
        _ahead[source] = coming = Future()
        Thread(
            target=_fulfil, args=(coming, source, label), daemon=True
        ).start()  # a script that ends before it does not wait for it


def _fulfil(coming: Future[ctypes.CDLL], source: str, label: str) -> None:
    try:
        coming.set_result(_load(source, label, (), lambda line: None))
    except BaseException as error:
        coming.set_exception(error)


def load(
    source: str, label: str, *, flags: Sequence[str] = (), announce: MessageCallback | None = None
) -> ctypes.CDLL:
    """The shared library of a C++ translation unit, compiled or from the cache.

    It is compiled anew only if the source, a header of `core/`, the flags, the compiler or the processor are not those of an entry of the
    cache, or the entry is damaged. Processes that ask for the same library at the same time wait for the one that compiles it.

    `label` stands in messages. `flags`, then those of $NEUROSIM_CXXFLAGS, follow the engine's own. `announce` is given a line when a compilation
    begins; without it, one that takes over a second is told of on a terminal or in a notebook.

    Raises NotCompiled with the paths of source and log where the compiler fails, and its subclass NoCompiler where there is none.
    """
    coming = None if flags else _ahead.pop(source, None)
    if coming is not None:
        with suppress(Exception):  # of a moment ago: what is wrong now is told below
            return coming.result()
    return _load(source, label, flags, announce)


def _load(source: str, label: str, flags: Sequence[str], announce: MessageCallback | None) -> ctypes.CDLL:
    command = need_compiler()
    where = cache.folder()
    headers = _headers()
    told = cache.cached_text(where, cache.digest("compiler", stamp(command)), lambda: version(command))
    flags = (*engine_flags(told), *flags, *own_flags())
    key = cache.digest(source, headers, "\n".join(flags), "\n".join(command), told, processor(), _system())
    if key in _loaded:
        return _loaded[key]

    def made_in(folder: Path) -> Path:
        entry = cache.Entry(folder, key, SUFFIX)
        cache.make_folder(folder)
        if not entry.is_intact():
            with cache.lock_file(entry.path(".lock")):
                if not entry.is_intact():
                    cache.remove_entries(folder, unused_for=cache.UNUSED)
                    _compile(entry, source, label, command, flags, headers, announce)
        return entry.library

    try:
        library = made_in(where)
    except OSError as problem:  # the folder is read-only, full, no folder
        try:
            library = made_in(cache.temporary_folder(where, problem))
        except OSError as problem:
            raise NotCompiled(
                f"{label}: there is no folder to compile in: {problem}. Set NEUROSIM_CACHE to one that can be written."
            ) from problem
    _loaded[key] = _open(library, label)
    return _loaded[key]


def clean_cache() -> tuple[int, int]:
    """Delete what was compiled: how many files, and bytes. Nothing else in the cache folder is touched, nor what is being compiled now.

    Raises EngineError where the folder does not allow it.
    """
    try:
        return cache.remove_entries(cache.requested_folder())
    except OSError as error:
        raise EngineError(
            f"The cache folder {cache.requested_folder()} cannot be cleaned: {error}. Delete it as a user who may."
        ) from None


def _headers() -> str:
    """All text that a source can include."""
    paths = sorted(path for path in (INCLUDE / "core").rglob("*") if path.suffix in (".hpp", ".cpp"))
    return "".join(
        f"{path.relative_to(INCLUDE).as_posix()}\n{path.read_text(encoding='utf-8')}\n" for path in paths
    )


def _system() -> str:
    libc = (
        os.confstr("CS_GNU_LIBC_VERSION")
        if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ())
        else None
    )
    return f"{sysconfig.get_platform()} {libc}"


def _compile(
    entry: cache.Entry,
    source: str,
    label: str,
    command: Sequence[str],
    flags: Sequence[str],
    headers: str,
    announce: MessageCallback | None,
) -> None:
    """Compile a source into an entry of the cache, its source and log beside it."""
    global compilations
    path, log = entry.path(".cpp"), entry.path(".log")
    cache.write_atomically(path, source.encode())
    line = f"neurosim: compiling {label} ..."
    if announce is not None:
        announce(line)
    with _counting:
        compilations += 1
    try:
        library, text = compile_library(
            command, flags, path, INCLUDE, slow=lambda: None if announce is not None else _say(line)
        )
    except CompilerFailed as failure:
        cache.write_atomically(log, _encoded(failure.log))
        raise NotCompiled(
            f"{label}: the C++ compiler {' '.join(command)} {failure}. Its log is {log}, the source {path}. "
            "Nothing of it is used again: run again, set CXX to another compiler, or give engine='reference'."
        ) from None
    if _headers() != headers:  # what was compiled is not what the key says
        raise NotCompiled(
            f"{label}: the headers in {INCLUDE / 'core'} changed while they were compiled. Run again."
        )
    cache.write_atomically(log, _encoded(text))
    entry.save(library)


def _encoded(log: str) -> bytes:
    """A log as it is written; paths in it may be no UTF-8."""
    return log.encode("utf-8", "backslashreplace")


def _say(line: str) -> None:
    if is_interactive():
        print_message(line)


def _open(library: Path, label: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        with suppress(OSError):
            library.unlink()  # whatever is wrong with it, the next call compiles it anew
        raise NotCompiled(
            f"{label}: {library} was compiled but cannot be loaded: {error}. Its source is {library.with_suffix('.cpp')}. "
            "Run again, or set CXX to another compiler."
        ) from None
