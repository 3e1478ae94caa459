"""The folder in which compiled code, and what is known of text, is kept: whole entries, locks, and their removal.

A file appears under its name only when it is complete (it is written beside and renamed), and what is read back is compared with a digest.
So a process that dies, a full disk or a damaged file costs a compilation and nothing else. What another user can have written is not read at
all (`trust.py`): it might be code.
"""

from __future__ import annotations

import atexit
import errno
import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from neurosim import trust
from neurosim.file_lock import acquire

DAY = 86400.0
UNUSED = 90 * DAY  # seconds after which an entry that nobody used may go
CACHE_FILES = re.compile(
    r"((?:code|text)-[0-9a-f]{32})\.(?:cpp|so|dll|log|sum|lock|txt)(?:\.\d+-[0-9a-f]{8}\.part)?"
)  # all names that are written here

_replacements: dict[Path, Path] = {}  # what stands in for a folder that cannot be used, in this process
_warned_of: set[Path] = set()  # the files that this process has warned of
_guard = threading.Lock()


def digest(*parts: str | bytes) -> str:
    """32 hexadecimal digits that say what the parts are, and where each ends."""
    state = blake2b(digest_size=16)
    for part in parts:
        given = (
            part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        )  # of paths that are no UTF-8
        state.update(b"%d:" % len(given))
        state.update(given)
    return state.hexdigest()


def requested_folder() -> Path:
    """The folder that is asked for: $NEUROSIM_CACHE, else this user's cache folder."""
    chosen = os.environ.get("NEUROSIM_CACHE", "").strip()
    if not chosen:
        from platformdirs import user_cache_dir

        chosen = user_cache_dir("neurosim")
    return Path(os.path.abspath(os.path.expanduser(chosen)))


def folder() -> Path:
    """The folder in use: the one asked for, or what stands in for it."""
    named = requested_folder()
    return _replacements.get(named, named)


def temporary_folder(unusable: Path, problem: OSError) -> Path:
    """A folder of this process that stands in for one that cannot be used; deleted at exit, warned of once."""
    import shutil
    import tempfile

    with _guard:
        if unusable in _replacements:
            return _replacements[unusable]
        made, owner = Path(tempfile.mkdtemp(prefix="neurosim-cache-")), os.getpid()
        _replacements[unusable] = made

    def delete() -> None:
        if os.getpid() == owner:  # not a fork of it
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(delete)
    warnings.warn(
        f"The cache folder {unusable} cannot be used: {problem.strerror or problem}. Compiled code is kept in {made} until this process ends. "
        "Set NEUROSIM_CACHE to a folder of your own that can be written.",
        RuntimeWarning,
        stacklevel=3,
    )
    return made


@dataclass(frozen=True)
class Entry:
    """One library with its source, its compile log and its digest: files of one name."""

    folder: Path
    key: str
    suffix: str

    def path(self, suffix: str) -> Path:
        return self.folder / f"code-{self.key}{suffix}"

    @property
    def library(self) -> Path:
        return self.path(self.suffix)

    def is_intact(self) -> bool:
        """Whether the library is there as it was kept, by this user; marks it as used."""
        wanted = _read_trusted(self.path(".sum"))
        library = None if wanted is None else _read_trusted(self.library)
        if library is None or self._checksum(library) != wanted:
            return False
        with suppress(OSError):
            os.utime(self.library)
        return True

    def save(self, library: bytes) -> None:
        write_atomically(self.path(".sum"), self._checksum(library))
        write_atomically(self.library, library)

    def _checksum(self, library: bytes) -> bytes:
        return digest(self.key, library).encode()


def _read_trusted(path: Path) -> bytes | None:
    """What is in a file of the cache; None where it is not there, or another user may have written it, of which a warning tells."""
    with suppress(OSError):
        try:
            return trust.read(path)
        except trust.Untrusted as problem:
            if path not in _warned_of:
                _warned_of.add(path)
                warnings.warn(
                    f"{path} in the cache is not used, and made anew: {problem.strerror}.",
                    RuntimeWarning,
                    stacklevel=3,
                )
    return None


def cached_text(where: Path, key: str, make: Callable[[], str]) -> str:
    """A text that is expensive to make: read from a file of the cache, else made and written where that is possible."""
    text = load_text(where, key)
    if text is None:
        text = make()
        save_text(where, key, text)
    return text


def load_text(where: Path, key: str) -> str | None:
    """A text as it was kept, else None; marks it as used."""
    path = _text_path(where, key)
    with suppress(OSError, ValueError):
        trust.check_folder(where)
        seal, _, text = (_read_trusted(path) or b"").decode().partition("\n")
        if seal == digest(key, text):
            with suppress(OSError):
                os.utime(path)
            return text
    return None


def save_text(where: Path, key: str, text: str) -> None:
    """Write a text where that is possible; where it is not, it will be made again."""
    with suppress(OSError):
        make_folder(where)
        write_atomically(_text_path(where, key), f"{digest(key, text)}\n{text}".encode())


def _text_path(where: Path, key: str) -> Path:
    return where / f"text-{key}.txt"


def make_folder(where: Path) -> None:
    """Make a folder, for this user alone, from which libraries can be loaded; raises OSError."""
    trust.make_folder(where)
    if hasattr(os, "statvfs") and os.statvfs(where).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise OSError(errno.EACCES, "It is mounted so that no program runs from it")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is never seen half written, under a name of its own until it is complete."""
    part = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        trust.write(part, content)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


@contextmanager
def lock_file(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock between processes and threads; yields False where `wait` is False and another holds it."""
    descriptor = acquire(path, wait=wait)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def remove_entries(where: Path, unused_for: float = 0.0) -> tuple[int, int]:
    """Delete what was put into a folder here and not used for so many seconds; how many files, and bytes. What is being made stays.

    Raises OSError where all is to go and cannot.
    """
    entries: dict[str, list[os.DirEntry[str]]] = {}
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(where) as found:
        for file in found:
            match = CACHE_FILES.fullmatch(file.name)
            if match and not file.is_dir(follow_symlinks=False):
                entries.setdefault(match[1], []).append(file)
    count = size = 0
    for name, files in entries.items():
        lock = where / f"{name}.lock"
        with suppress(OSError if unused_for else FileNotFoundError):  # another process may be faster
            if (
                unused_for
                and max(file.stat(follow_symlinks=False).st_mtime for file in files)
                > time.time() - unused_for
            ):
                continue
            if lock.is_symlink():
                lock.unlink()
            with lock_file(lock, wait=False) as held:
                for file in files if held else ():
                    about = file.stat(follow_symlinks=False)
                    os.unlink(file)
                    count, size = count + 1, size + about.st_size
                if held:
                    lock.unlink(missing_ok=True)
    return count, size
