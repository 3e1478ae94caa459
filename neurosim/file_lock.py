"""Exclusive locks on files, between processes and between threads.

The operating system frees a lock when its holder dies, however it dies. The `filelock` package offers the
same, but not for file systems without locks, nor with lock files that another user cannot replace with a
link. What would be left to write around it is as long as this module.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from neurosim import trust

UNSUPPORTED = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


def acquire(path: Path, *, wait: bool, mode: int = 0o600) -> int | None:
    """Lock a file, made with this `mode` if it is missing; closing the returned descriptor frees it.

    Returns None if another process or thread holds the lock and `wait` is False. Raises OSError if the file
    cannot be made or opened.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | trust.FLAGS, mode)
        try:
            if not _lock(descriptor, wait):
                os.close(descriptor)
                return None
            if is_same_file(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the previous holder deleted this file just before it freed the lock


def is_same_file(path: Path, descriptor: int) -> bool:
    """Whether a path leads to the file that is open under this descriptor, not to a replacement."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock an open file; False if another holds the lock.

    On a file system without locks every process believes that it holds the lock. That is safe, since files
    get their names only when they are complete, but the same code may be compiled twice.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(descriptor, wait)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    return True


def _lock_on_windows(descriptor: int, wait: bool) -> bool:
    import msvcrt

    while True:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            return True
        except OSError:
            if not wait:
                return False
            time.sleep(0.05)
