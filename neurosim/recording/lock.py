"""One writer to a path at a time: a lock that ends with its process, however that ends, and wherever process numbers begin anew."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from neurosim.errors import RecordingError

HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what systems say of a lock that another holds


class Lock:
    """Holds the lock of a path until `release`: a hidden file beside it, of which only the system's lock on it counts.

    Raises RecordingError where another run holds it, in this process or another, and OSError where no file can be made.
    """

    def __init__(self, where: Path):
        self._path = where.with_name(f".{where.name}.lock")
        self._number: int | None = None
        while self._number is None:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            try:
                _lock(number)
                if leads_to(self._path, number):  # else its holder has just removed it
                    self._number = number
            except OSError as error:
                if error.errno in HELD:
                    raise RecordingError(
                        f"{where}: another run is writing it. Choose another path, or wait for that run."
                    ) from None
                self._number = number  # a file system without locks
            finally:
                if self._number is None:
                    os.close(number)

    def release(self) -> None:
        """Let others write to the path."""
        if self._number is None:
            return
        number, self._number = self._number, None
        if os.name == "nt":  # a file that is open cannot be removed there
            os.close(number)
            self._path.unlink(missing_ok=True)
        else:
            self._path.unlink(missing_ok=True)
            os.close(number)


def leads_to(path: Path, number: int) -> bool:
    """Whether a path still leads to the file that is open under a number."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except FileNotFoundError:
        return False


def _lock(number: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
