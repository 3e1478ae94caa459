"""Opening a recording file."""

from __future__ import annotations

import os

from neurosim.recording.file_store import open_store
from neurosim.recording.recording import Recording


def open_recording(path: str | os.PathLike) -> Recording:
    """Open a recording file; also one whose run was killed or is still going, up to its last block on disk.

    Everything is read when it is asked for; use `with`, or close() it. Nothing in the file is executed.

    Raises RecordingError for a file that is missing, foreign, cut off or damaged.
    """
    return Recording.of(open_store(path))
