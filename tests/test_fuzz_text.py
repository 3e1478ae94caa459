"""Malicious text in every argument that takes text is computed as written, or refused; it never runs as code.
See `fuzz/text.py`."""

import sys

import pytest
from fuzz import processes, text

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="works under limits of memory and time that Windows does not know"
)


def test_hostile_text_is_computed_or_refused_and_never_run():
    found = processes.hunt(text.__file__, 200, processes.seed_of_commit())
    assert not found, "\n".join(found)  # each says its seed: python tests/fuzz/text.py 1 SEED
