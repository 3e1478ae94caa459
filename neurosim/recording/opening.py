"""Opening a recording file."""

from __future__ import annotations

import os

from neurosim.recording.file_store import open_store
from neurosim.recording.recording import Recording


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """Open a recording file.

    A file whose run was killed, or is still going on, opens up to its last block on disk. Data are read when
    they are asked for, so use the recording in a `with` block, or call its `close`. Nothing in the file is
    executed.

    path: path of an HDF5 file that `ns.run(..., to=path)` or `Recording.to_file` wrote

    Raises RecordingError for a file that is missing, truncated, damaged, or not a recording.
    """
    return Recording.of(open_store(path))
