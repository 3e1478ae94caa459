"""Recordings whose bytes were changed are read, or refused. See `fuzz/files.py`."""

import sys

import pytest
from fuzz import files, processes

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="works under limits of memory and time that Windows does not know"
)


def test_changed_recordings_are_read_or_refused():
    found = processes.hunt(files.__file__, 200, processes.seed_of_commit())
    assert not found, "\n".join(found)  # each says its seed: python tests/fuzz/files.py 1 SEED
