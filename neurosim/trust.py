"""Files and folders that nobody but this user can have written: only such are read back as code, and what is written is made so.

Where a system knows no owners (Windows), links are refused and the rest is left to its own rules.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

OTHERS = stat.S_IWGRP | stat.S_IWOTH
FLAGS = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)  # a pipe is opened, and refused, without waiting


class Untrusted(OSError):
    """Another user may have written this; the reason is its `strerror`."""

    def __init__(self, why: str):
        super().__init__(errno.EPERM, why)


def make_folder(where: Path) -> None:
    """Make a folder for this user alone, or check that it is such a one; raises OSError, and its subclass Untrusted."""
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(where)


def check_folder(where: Path) -> None:
    """Refuse a folder that another user owns, can write to, or can put another folder in the place of."""
    about = os.lstat(where)
    if stat.S_ISLNK(about.st_mode):
        raise Untrusted("It is a symbolic link")
    _check_owner(about)
    for above in Path(os.path.realpath(where)).parents:
        mode = os.stat(above).st_mode
        if os.name == "posix" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise Untrusted(f"All users can write to {above}, and so put another in its place")


def read(path: Path) -> bytes:
    """What is in a regular file of this user; raises OSError, and its subclass Untrusted. Links are not followed."""
    if path.is_symlink():
        raise Untrusted("It is a symbolic link")
    with open(os.open(path, os.O_RDONLY | FLAGS), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise Untrusted("It is no regular file")
        _check_owner(about)
        return file.read()


def write(path: Path, content: bytes) -> None:
    """Make a file that only this user can read or write; raises OSError where there is one of that name."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS, 0o600), "wb") as file:
        file.write(content)


def _check_owner(about: os.stat_result) -> None:
    if os.name != "posix":
        return
    if about.st_uid != os.geteuid():
        raise Untrusted("It belongs to another user")
    if about.st_mode & OTHERS:
        raise Untrusted(f"Others can write to it (mode {stat.S_IMODE(about.st_mode):o})")
