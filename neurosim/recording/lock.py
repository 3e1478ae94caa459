"""A lock that lets one run at a time write a recording to a path."""

from __future__ import annotations

import os
from pathlib import Path

from neurosim.errors import RecordingError
from neurosim.file_lock import acquire


class WriterLock:
    """Holds the lock of a path until `release`. The lock is on a hidden file `.NAME.lock` in the same folder.

    Raises RecordingError if another run holds it, in this process or another, and OSError if the hidden file
    cannot be made.
    """

    def __init__(self, path: Path):
        self._path = path.with_name(f".{path.name}.lock")
        self._descriptor = acquire(self._path, wait=False, mode=0o666)
        if self._descriptor is None:
            raise RecordingError(
                f"{path}: another run is writing it. Choose another path, or wait for that run."
            )

    def release(self) -> None:
        """Let others write to the path."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if os.name == "nt":  # Windows does not delete an open file
            os.close(descriptor)
            self._path.unlink(missing_ok=True)
        else:
            self._path.unlink(missing_ok=True)
            os.close(descriptor)
