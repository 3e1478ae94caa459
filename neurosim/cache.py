"""The folder that keeps compiled code, and answers about text that take long to find, between processes.

A file gets its name only when it is complete: it is written under another name and renamed. What is read back
is compared with a checksum. So a process that is killed, a full disk or a damaged file costs a compilation
and nothing else. Files that another user can have written are not read (`trust.py`), since they hold code.
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
UNUSED = 90 * DAY  # seconds after which an entry that was not used may be deleted
# All names of files that are written here.
CACHE_FILES = re.compile(
    r"((?:code|text)-[0-9a-f]{32})\.(?:cpp|o|so|dll|hpp\.gch|log|sum|lock|txt)(?:\.\d+-[0-9a-f]{8}\.part)?"
)

_replacements: dict[Path, Path] = {}  # temporary folders that this process uses instead of unusable ones
_warned_of: set[Path] = set()  # files that this process has warned of
_guard = threading.Lock()


def digest(*parts: str | bytes) -> str:
    """32 hexadecimal digits that depend on all parts, and on where each of them ends."""
    state = blake2b(digest_size=16)
    for part in parts:
        # Surrogates come from paths that are not valid UTF-8.
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def requested_folder() -> Path:
    """The folder that the user wants: $NEUROSIM_CACHE, else the system's cache folder for this user."""
    chosen = os.environ.get("NEUROSIM_CACHE", "").strip()
    if not chosen:
        from platformdirs import user_cache_dir

        chosen = user_cache_dir("neurosim")
    return Path(os.path.abspath(os.path.expanduser(chosen)))


def folder() -> Path:
    """The folder in use: the requested one, or the temporary folder that replaces it."""
    requested = requested_folder()
    return _replacements.get(requested, requested)


def temporary_folder(unusable: Path, problem: OSError) -> Path:
    """Make a folder that replaces an unusable one in this process; warn once, and delete it at exit."""
    import shutil
    import tempfile

    with _guard:
        if unusable in _replacements:
            return _replacements[unusable]
        made, process = Path(tempfile.mkdtemp(prefix="neurosim-cache-")), os.getpid()
        _replacements[unusable] = made

    def delete() -> None:
        if os.getpid() == process:  # a fork of the process must not delete it
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(delete)
    warnings.warn(
        f"The cache folder {unusable} cannot be used: {problem.strerror or problem}."
        f" Compiled code is kept in {made}"
        " until this process ends. Set NEUROSIM_CACHE to a folder of your own that can be written.",
        RuntimeWarning,
        stacklevel=3,
    )
    return made


@dataclass(frozen=True)
class Entry:
    """A compiled library, or part of one, with its source, compile log and checksum: files of one name.

    folder: the cache folder
    key: digest of all that the library depends on
    suffix: that of libraries on this system, such as '.so', or of object files
    """

    folder: Path
    key: str
    suffix: str

    def path(self, suffix: str) -> Path:
        return self.folder / f"code-{self.key}{suffix}"

    @property
    def library(self) -> Path:
        return self.path(self.suffix)

    def is_intact(self) -> bool:
        """Whether the library is there as this user saved it; if so, marks it as used now."""
        checksum = _read_trusted(self.path(".sum"))
        library = None if checksum is None else _read_trusted(self.library)
        if library is None or self._checksum(library) != checksum:
            return False
        with suppress(OSError):
            os.utime(self.library)
        return True

    def save(self, library: bytes) -> None:
        """Write the library and its checksum."""
        write_atomically(self.path(".sum"), self._checksum(library))
        write_atomically(self.library, library)

    def _checksum(self, library: bytes) -> bytes:
        return digest(self.key, library).encode()


def _read_trusted(path: Path) -> bytes | None:
    """The content of a file; None if it is missing, or, with a warning, if others may have written it."""
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


def cached_text(directory: Path, key: str, make: Callable[[], str]) -> str:
    """A text that takes long to make: read from the folder if it is there, else made and saved."""
    text = load_text(directory, key)
    if text is None:
        text = make()
        save_text(directory, key, text)
    return text


def load_text(directory: Path, key: str) -> str | None:
    """A cached text, or None; marks it as used now."""
    path = _text_path(directory, key)
    with suppress(OSError, ValueError):
        trust.check_folder(directory)
        checksum, _, text = (_read_trusted(path) or b"").decode().partition("\n")
        if checksum == digest(key, text):
            with suppress(OSError):
                os.utime(path)
            return text
    return None


def save_text(directory: Path, key: str, text: str) -> None:
    """Cache a text, if the folder can be written."""
    with suppress(OSError):
        make_folder(directory)
        write_atomically(_text_path(directory, key), f"{digest(key, text)}\n{text}".encode())


def _text_path(directory: Path, key: str) -> Path:
    return directory / f"text-{key}.txt"


def make_folder(directory: Path) -> None:
    """Make a folder that only this user can access and from which libraries can be loaded. Raises OSError."""
    trust.make_folder(directory)
    if hasattr(os, "statvfs") and os.statvfs(directory).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise OSError(errno.EACCES, "It is mounted so that no program runs from it")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, so that nobody reads half a file."""
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
    """Hold the lock on a file; yields False if `wait` is False and another process or thread holds it."""
    descriptor = acquire(path, wait=wait)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def remove_entries(directory: Path, unused_for: float = 0.0) -> tuple[int, int]:
    """Delete entries that were not used for so many seconds; returns the number of files and their bytes.

    Entries that are being made are left. Raises OSError if everything is to be deleted and something cannot
    be.
    """
    count = size = 0
    for name, files in _entries(directory).items():
        with suppress(OSError if unused_for else FileNotFoundError):  # another process may delete them first
            last_used = max(file.stat(follow_symlinks=False).st_mtime for file in files)
            if unused_for and last_used > time.time() - unused_for:
                continue
            lock = directory / f"{name}.lock"
            if lock.is_symlink():
                lock.unlink()
            with lock_file(lock, wait=False) as locked:
                for file in files if locked else ():
                    about = file.stat(follow_symlinks=False)
                    os.unlink(file)
                    count, size = count + 1, size + about.st_size
                if locked:
                    lock.unlink(missing_ok=True)
    return count, size


def _entries(directory: Path) -> dict[str, list[os.DirEntry[str]]]:
    """The files of each entry in a folder, without files that are not the cache's."""
    entries: dict[str, list[os.DirEntry[str]]] = {}
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as files:
        for file in files:
            match = CACHE_FILES.fullmatch(file.name)
            if match and not file.is_dir(follow_symlinks=False):
                entries.setdefault(match[1], []).append(file)
    return entries
