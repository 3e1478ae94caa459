"""Compiles generated C++ to a shared library, or takes it from the cache."""

from __future__ import annotations

import ctypes
import os
import sysconfig
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import Any

from neurosim import cache
from neurosim.engine.events.compiler import (
    HEADER_SUFFIX,
    OBJECT_SUFFIX,
    SUFFIX,
    CompilerFailed,
    NotCompiled,
    compile_header,
    compile_library,
    compile_object,
    engine_flags,
    fingerprint,
    is_gcc,
    need_compiler,
    own_flags,
    version,
)
from neurosim.engine.events.compiler import find_compiler as find_compiler
from neurosim.engine.progress import MessageCallback, is_interactive, print_message
from neurosim.errors import EngineError
from neurosim.processor import processor

INCLUDE = Path(__file__).resolve().parent  # where `#include "core/..."` finds the headers

compilations = 0  # how many times this process has run a compiler on a source that is no header
_counting = threading.Lock()
_loaded: dict[str, ctypes.CDLL] = {}
_ahead: dict[str, Future[ctypes.CDLL]] = {}  # libraries that are being loaded, by source
_begun: set[str] = set()  # parts and headers whose compilation in the background has begun
_intact: set[Path] = set()  # compiled headers that this process has found intact; they are large


@dataclass(frozen=True)
class _Toolchain:
    """What a compiled file depends on, beside its source: flags, headers, compiler and processor."""

    command: tuple[str, ...]
    flags: tuple[str, ...]
    headers: str
    made_by: tuple[str, ...]
    gcc: bool

    def key(self, *sources: str) -> str:
        """The name of a file in the cache, by content."""
        return cache.digest(*sources, self.headers, "\n".join(self.flags), *self.made_by)


def _toolchain(flags: Sequence[str]) -> _Toolchain:
    command = need_compiler()
    compiler = cache.digest("compiler", fingerprint(command))
    version_text = cache.cached_text(cache.folder(), compiler, lambda: version(command))
    made_by = ("\n".join(command), version_text, processor(), _system())
    flags = (*engine_flags(version_text), *flags, *own_flags())
    return _Toolchain(command, flags, _headers(), made_by, is_gcc(version_text))


def load_ahead(source: str, label: str) -> None:
    """Start loading a library in the background, for a later call of `load` without flags."""
    if source not in _ahead:
        future: Future[ctypes.CDLL] = Future()
        _ahead[source] = future
        # A daemon, so that a script that ends earlier does not wait for it.
        Thread(target=_load_into, args=(future, source, label), daemon=True).start()


def _load_into(future: Future[ctypes.CDLL], source: str, label: str) -> None:
    try:
        future.set_result(_load(source, label, (), (), lambda line: None))
    except BaseException as error:
        future.set_exception(error)


def compile_ahead(part: str) -> None:
    """Start compiling a part of libraries in the background, for a later call of `load` without flags."""
    if part not in _begun:
        _begun.add(part)
        Thread(target=_compile_part, args=(part,), daemon=True).start()


def _compile_part(part: str) -> None:
    with suppress(OSError, NotCompiled):  # it is tried again, and the error raised, when the part is needed
        tools = _toolchain(())
        _object(cache.folder(), tools, part)


def load(
    source: str,
    label: str,
    *,
    parts: Sequence[str] = (),
    header: str = "",
    flags: Sequence[str] = (),
    announce: MessageCallback | None = None,
) -> ctypes.CDLL:
    """The shared library of a C++ translation unit, compiled or from the cache.

    It is compiled if the cache has no intact entry for this source, these headers, flags, compiler and
    processor. Processes that need the same library at the same time wait for the one that compiles it.

    source: the text of the translation unit
    label: what messages call it
    parts: the texts of translation units that are linked to it. They are kept in the cache as object files,
        so that what many libraries share is compiled once
    header: text with which the source may begin as well, and which many libraries share; it is compiled once,
        too, where the compiler can do so, and saves them to read it
    flags: follow the engine's own flags, and are followed by those of $NEUROSIM_CXXFLAGS
    announce: called with a line of text when a compilation begins; without it, a compilation that takes over
        a second is announced on a terminal or in a notebook

    Raises NotCompiled with the paths of source and log if the compiler fails, and its subclass NoCompiler if
    there is none.
    """
    future = None if flags else _ahead.pop(source, None)
    if future is not None:
        with suppress(Exception):  # it may have been resolved since; if not, it is raised below
            return future.result()
    return _load(source, label, parts, flags, announce, header)


def in_cache(source: str, *, parts: Sequence[str] = ()) -> bool:
    """Whether the cache has the shared library that `load` would compile."""
    try:
        key = _toolchain(()).key(source, *parts)
    except NotCompiled:  # there is no compiler to ask for its version
        return False
    return key in _loaded or cache.Entry(cache.folder(), key, SUFFIX).is_intact()


def _load(
    source: str,
    label: str,
    parts: Sequence[str],
    flags: Sequence[str],
    announce: MessageCallback | None,
    header: str = "",
) -> ctypes.CDLL:
    tools = _toolchain(flags)
    key = tools.key(source, *parts)
    if key in _loaded:
        return _loaded[key]

    def library_in(folder: Path) -> Path:
        entry = cache.Entry(folder, key, SUFFIX)
        # Asked for last, so that parts that are being compiled in the background are not waited for before.
        objects = (lambda: [_object(folder, tools, part) for part in parts]) if parts else None

        def make(*words: Any, **options: Any) -> tuple[bytes, str]:
            ahead = _header(folder, tools, header, parts) if header and tools.gcc else None
            return compile_library(*words, **options, objects=objects, header=ahead)

        _ensure(entry, source, label, tools, make, announce)
        return entry.library

    cache_folder = cache.folder()
    try:
        library = library_in(cache_folder)
    except OSError as problem:  # the folder is read-only, full, or not a folder
        try:
            library = library_in(cache.temporary_folder(cache_folder, problem))
        except OSError as problem:
            raise NotCompiled(
                f"{label}: there is no folder to compile in: {problem}. "
                "Set NEUROSIM_CACHE to one that can be written."
            ) from problem
    _loaded[key] = _open(library, label)
    return _loaded[key]


def _object(folder: Path, tools: _Toolchain, part: str) -> Path:
    """The object file of a part of libraries, in a folder."""
    entry = _entry_of_part(folder, tools, part)
    _ensure(entry, part, "the event engine", tools, compile_object, lambda line: None)
    return entry.library


def _entry_of_part(folder: Path, tools: _Toolchain, part: str) -> cache.Entry:
    return cache.Entry(folder, tools.key(part), OBJECT_SUFFIX)


def _header(folder: Path, tools: _Toolchain, header: str, parts: Sequence[str]) -> Path | None:
    """The path of a header that is compiled in a folder, as `#include` names it; None if it is not yet.

    It takes longer to compile than it saves one library. So its compilation begins, in the background, where
    this is not the first one that is made with these parts.
    """
    entry = cache.Entry(folder, tools.key(header), f".hpp{HEADER_SUFFIX}")
    if entry.library in _intact or entry.is_intact():
        _intact.add(entry.library)
        return entry.path(".hpp")
    if header not in _begun and all(_entry_of_part(folder, tools, part).is_intact() for part in parts):
        _begun.add(header)
        Thread(target=_compile_header, args=(entry, header, tools), daemon=True).start()
    return None


def _compile_header(entry: cache.Entry, header: str, tools: _Toolchain) -> None:
    with suppress(OSError, NotCompiled):  # libraries are made without it
        _ensure(entry, header, "the event engine", tools, compile_header, lambda line: None)


def _ensure(
    entry: cache.Entry,
    source: str,
    label: str,
    tools: _Toolchain,
    make: Callable[..., tuple[bytes, str]],
    announce: MessageCallback | None,
) -> None:
    """Compile a source into an entry of the cache, unless the entry is intact."""
    cache.make_folder(entry.folder)
    if not entry.is_intact():
        with cache.lock_file(entry.path(".lock")):
            if not entry.is_intact():
                cache.remove_entries(entry.folder, unused_for=cache.UNUSED)
                _compile(entry, source, label, tools, make, announce)


def clean_cache() -> tuple[int, int]:
    """Delete all compiled libraries, and return how many files and bytes that were.

    Other files in the cache folder, and what is being compiled now, stay. Raises EngineError if the folder
    does not allow it.
    """
    try:
        return cache.remove_entries(cache.requested_folder())
    except OSError as error:
        raise EngineError(
            f"The cache folder {cache.requested_folder()} cannot be cleaned: {error}. "
            "Delete it as a user who may."
        ) from None


def _headers() -> str:
    """The text of all headers that a source can include, with their paths."""
    found: list[tuple[str, int, int]] = []
    for folder, _, names in os.walk(INCLUDE / "core"):
        for path in [os.path.join(folder, name) for name in names if name.endswith((".hpp", ".cpp"))]:
            status = os.stat(path)
            found.append((path, status.st_mtime_ns, status.st_size))
    return _text_of(INCLUDE, tuple(found))


@lru_cache(maxsize=1)
def _text_of(place: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """The text of files, of which the time of the last change and the size are given, read once."""
    paths = sorted(Path(path) for path, _, _ in files)
    return "".join(
        f"{path.relative_to(place).as_posix()}\n{path.read_text(encoding='utf-8')}\n" for path in paths
    )


def _system() -> str:
    """The platform and the version of its C library."""
    known = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ())
    return f"{sysconfig.get_platform()} {os.confstr('CS_GNU_LIBC_VERSION') if known else None}"


def _compile(
    entry: cache.Entry,
    source: str,
    label: str,
    tools: _Toolchain,
    make: Callable[..., tuple[bytes, str]],
    announce: MessageCallback | None,
) -> None:
    """Compile a source into an entry of the cache; its text and the compiler's log lie beside the library."""
    global compilations
    path, log = entry.path(".cpp"), entry.path(".log")
    cache.write_atomically(path, source.encode())
    line = f"neurosim: compiling {label} ..."
    if announce is not None:
        announce(line)
    with _counting:
        compilations += make is not compile_header
    try:
        compiled, text = make(
            tools.command,
            tools.flags,
            path,
            INCLUDE,
            on_slow=lambda: None if announce is not None else _print_if_interactive(line),
        )
    except CompilerFailed as failure:
        cache.write_atomically(log, _encoded(failure.log))
        raise NotCompiled(
            f"{label}: the C++ compiler {' '.join(tools.command)} {failure}. "
            f"Its log is {log}, the source {path}. Nothing of it is used again: "
            "run again, set CXX to another compiler, or give engine='reference'."
        ) from None
    if _headers() != tools.headers:  # the key of the entry would not be that of what was compiled
        raise NotCompiled(
            f"{label}: the headers in {INCLUDE / 'core'} changed while they were compiled. Run again."
        )
    cache.write_atomically(log, _encoded(text))
    entry.save(compiled)


def _encoded(log: str) -> bytes:
    """The bytes of a log; paths in it need not be UTF-8."""
    return log.encode("utf-8", "backslashreplace")


def _print_if_interactive(line: str) -> None:
    if is_interactive():
        print_message(line)


def _open(library: Path, label: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        with suppress(OSError):
            library.unlink()  # so that the next call compiles it again
        raise NotCompiled(
            f"{label}: {library} was compiled but cannot be loaded: {error}. Its source is "
            f"{library.with_suffix('.cpp')}. Run again, or set CXX to another compiler."
        ) from None
