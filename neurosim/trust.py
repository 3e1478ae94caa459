"""Files and folders that only this user can have written.

Compiled code is read back from such files only, and is written so that others cannot change it. On systems
without file owners (Windows), links are refused, and the system's own access rules must do the rest.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
# O_NONBLOCK: opening a pipe must not wait for a writer, so that it can be refused.
FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Untrusted(OSError):
    """Another user may have written this file or folder; `strerror` says why."""

    def __init__(self, reason: str):
        super().__init__(errno.EPERM, reason)


def make_folder(path: Path) -> None:
    """Make a folder that only this user can access, or check an existing one. Raises OSError, Untrusted."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raise Untrusted for a folder that others own, can write to, or can replace."""
    about = os.lstat(path)
    if stat.S_ISLNK(about.st_mode):
        raise Untrusted("It is a symbolic link")
    _check_owner(about)
    for above in Path(os.path.realpath(path)).parents:
        mode = os.stat(above).st_mode
        if os.name == "posix" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise Untrusted(f"All users can write to {above}, and so put another in its place")


def read(path: Path) -> bytes:
    """The content of a regular file of this user, not of a link. Raises OSError, Untrusted."""
    if path.is_symlink():
        raise Untrusted("It is a symbolic link")
    with open(os.open(path, os.O_RDONLY | FLAGS), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise Untrusted("It is no regular file")
        _check_owner(about)
        return file.read()


def write(path: Path, content: bytes) -> None:
    """Make a file that only this user can read or write. Raises OSError if there is a file of this name."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS, 0o600), "wb") as file:
        file.write(content)


def _check_owner(about: os.stat_result) -> None:
    if os.name != "posix":
        return
    if about.st_uid != os.geteuid():
        raise Untrusted("It belongs to another user")
    if about.st_mode & WRITABLE_BY_OTHERS:
        raise Untrusted(f"Others can write to it (mode {stat.S_IMODE(about.st_mode):o})")
