"""Random networks on every engine: the same spikes, and values within what the engines promise."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from differential.tally import Tally
from differential.work import check_structure

import neurosim as ns
from neurosim.engine.events import build

pytestmark = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")
STRUCTURES, VARIANTS = 10, 6


def commit() -> str:
    """The commit that is tested; without git, the version."""
    try:
        return subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, text=True, capture_output=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ns.__version__


@pytest.mark.timeout(900)
def test_random_networks_are_the_references_on_every_engine(tmp_path, monkeypatch):
    """Sixty networks, others for each commit; thousands by `python tests/differential/run.py`."""
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    first = int(sha256(commit().encode()).hexdigest()[:8], 16)
    tally = Tally()
    for structure in range(first, first + STRUCTURES):
        tally.add(check_structure(structure, VARIANTS, None, shrinking=40.0))
    assert not tally.problems, "\n\n".join([tally.summary(), *(problem.get("script", "") for problem in tally.problems)])
    assert tally.compared.total() > STRUCTURES * VARIANTS
