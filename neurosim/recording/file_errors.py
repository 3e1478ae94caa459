"""What went wrong while a file was written, and what helps against it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from neurosim.errors import NeurosimError, RecordingError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
NUMBER = re.compile(r"errno = (\d+)")  # as HDF5 tells what the system said


@contextlib.contextmanager
def explain_write_errors(path: Path, doing: str, kept: str = "") -> Iterator[None]:
    """Whatever goes wrong while a file is written becomes a RecordingError that says what to do; `kept` is what stays readable.

    What neurosim raises on purpose, as for a description that no file can hold, is left as it is.
    """
    try:
        yield
    except NeurosimError:
        raise
    except Exception as error:
        code = _code(error)
        reason = (
            os.strerror(code) if code else str(error).strip().split("\n")[0][:300] or type(error).__name__
        )
        raise RecordingError(f"{path}: cannot {doing}: {reason}. {_remedy(error, code)}{kept}") from error


def _code(error: Exception) -> int:
    """The number that the system gave to what went wrong; 0 where it was not the system."""
    found = NUMBER.search(str(error))
    return int(found[1]) if found else getattr(error, "errno", None) or 0


def _remedy(error: Exception, code: int) -> str:
    if code in FULL:
        return "Free some room on the disk, or choose another place."
    if code in FORBIDDEN:
        return "Choose a place where you may write."
    if isinstance(error, MemoryError):
        return "There is not enough memory: record less, or in a run of fewer trials."
    if isinstance(error, (OSError, RuntimeError)):  # HDF5's, too
        return "Check the disk, or choose another place."
    return f"This {type(error).__name__} is neurosim's own fault: please report it."
