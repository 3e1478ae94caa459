"""Checks of the paths that a user gives for files."""

from __future__ import annotations

import os
from pathlib import Path

from neurosim.errors import DescriptionError, RecordingError, shown


def existing_file(path: str | os.PathLike[str]) -> Path:
    """The path, refused if it is not a path, or if there is no file at it."""
    try:
        checked = Path(path)
        exists = checked.is_file()
    except TypeError:
        raise DescriptionError(f"path {shown(path)} is not a path. Give one such as 'run.h5'.") from None
    except OSError as error:
        raise RecordingError(f"{shown(path)}: cannot be opened: {error.strerror}. Check the path.") from None
    if not exists:
        reason = "is a folder" if checked.is_dir() else "there is no such file"
        raise RecordingError(f"{shown(str(checked), 500)[1:-1]}: {reason}. Check the path.")
    return checked


def resolved_path(path: str | os.PathLike[str]) -> Path:
    """The absolute path with links followed; refused if it is not a path or its folder does not exist."""
    try:
        resolved = Path(os.path.realpath(path))
    except (TypeError, ValueError):
        raise DescriptionError(f"path {path!r} is not a path. Give one such as 'run.h5'.") from None
    try:
        folder_exists = resolved.parent.is_dir()
        resolved.exists()  # raises OSError for names that are too long
    except OSError as error:
        message = f"path {shown(path)} cannot be written: {error.strerror}. Choose another path."
        raise RecordingError(message) from None
    if not folder_exists:
        raise RecordingError(f"{resolved}: there is no folder {resolved.parent}. Make it first.")
    return resolved
