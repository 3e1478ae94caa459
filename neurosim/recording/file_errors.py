"""Errors of files, turned into RecordingErrors that name the file, the reason and a remedy."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from neurosim.errors import NeurosimError, RecordingError

DAMAGED = "The file was damaged or changed by hand. Take another copy of it."
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if hasattr(errno, "EDQUOT") else (errno.ENOSPC, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
HDF5_ERRNO = re.compile(r"errno = (\d+)")  # HDF5 hides the error number of the system in its message


@contextlib.contextmanager
def explain_read_errors(path: Path, action: str, remedy: str = DAMAGED) -> Iterator[None]:
    """Turn every error in this block into a RecordingError that says what could not be done with the file.

    A damaged file makes HDF5, JSON and the description raise errors of a dozen types, so all are caught.
    """
    try:
        yield
    except RecordingError as error:
        if str(path) in str(error):
            raise
        raise RecordingError(f"{path}: {error}") from error
    except Exception as error:
        raise RecordingError(f"{path}: cannot {action}: {_first_line(error)}. {remedy}") from error


@contextlib.contextmanager
def explain_write_errors(path: Path, action: str, consequence: str = "") -> Iterator[None]:
    """Turn every error in this block into a RecordingError that says what to do about it.

    action: what could not be done, such as 'create it'
    consequence: a last sentence for the message, such as what can still be read

    Errors of neurosim, as for a description that no file can hold, stay as they are.
    """
    try:
        yield
    except NeurosimError:
        raise
    except Exception as error:
        number = _error_number(error)
        reason = os.strerror(number) if number else _first_line(error)
        message = f"{path}: cannot {action}: {reason}. {_remedy(error, number)}{consequence}"
        raise RecordingError(message) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300] or type(error).__name__


def _error_number(error: Exception) -> int:
    """The system's number of an error; 0 if the system did not raise it."""
    hidden = HDF5_ERRNO.search(str(error))
    return int(hidden[1]) if hidden else getattr(error, "errno", None) or 0


def _remedy(error: Exception, number: int) -> str:
    if number in FULL:
        return "Free some room on the disk, or choose another place."
    if number in FORBIDDEN:
        return "Choose a place where you may write."
    if isinstance(error, MemoryError):
        return "There is not enough memory: record less, or in a run of fewer trials."
    if isinstance(error, (OSError, RuntimeError)):  # HDF5 raises both
        return "Check the disk, or choose another place."
    return f"This {type(error).__name__} is neurosim's own fault: please report it."
