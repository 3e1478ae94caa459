"""Random networks on every engine: the same spikes, and values within what the engines promise."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from differential.case import Case, Cells, Link, Piece
from differential.compare import check
from differential.find import narrowed
from differential.script import script
from differential.tally import Tally
from differential.work import check_structure

import neurosim as ns
from neurosim.engine import driver
from neurosim.engine.events import build

STRUCTURES, VARIANTS = 4, 6


def commit() -> str:
    """The commit that is tested; without git, the version."""
    try:
        return subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            text=True,
            capture_output=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ns.__version__


@pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")
@pytest.mark.timeout(900)
def test_random_networks_are_the_references_on_every_engine(tmp_path, monkeypatch):
    """Twenty-four networks, others for each commit; thousands by `python tests/differential/run.py`."""
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    first = int(sha256(commit().encode()).hexdigest()[:8], 16)
    tally = Tally()
    for structure in range(first, first + STRUCTURES):
        tally.add(check_structure(structure, VARIANTS, None, shrinking=40.0))
    assert not tally.problems, "\n\n".join(
        [tally.summary(), *(problem.get("script", "") for problem in tally.problems)]
    )
    assert tally.compared.total() > STRUCTURES * VARIANTS


def test_what_differs_is_shrunk_to_a_script_of_what_it_takes(monkeypatch):
    """With a fault planted: a continued run loses the value of one variable."""
    restore = driver.restore

    def forgetful(state, resume):
        restore(state, resume)
        state.values["b"]["u"] *= 0

    monkeypatch.setattr(driver, "restore", forgetful)
    lines = {"update": ["v = 0.5*v + I + rand()"], "threshold": ["v > 1"], "reset": ["v = 0"]}
    a = Cells("a", (3,), lines, {"refractory": "2"}, {"I": "sum"}, ("v",))
    b = Cells(
        "b",
        (4,),
        {"update": ["c = c + 1", "u = u + where(c > 2, 2*k, sin(k)) + 0*I"]},
        {"k": "3.0"},
        {"I": "sum"},
        ("c", "u"),
    )
    link = Link(
        "s0", "a", "b", {}, {"wiring": "ns.probability(0.5)", "weight": "ns.normal(0, 1)", "delay": "2"}
    )
    routes = {"joined": [Piece("reference", 9, 2), Piece("reference", 8)]}
    record = {"a": 1, "b.c": 1, "b.u": 1}
    case = Case(
        (0, 0),
        "ns.Synchronous()",
        [a, b],
        [link],
        {},
        17,
        {"seed": "1", "trials": "2"},
        record,
        routes=routes,
    )
    problem = check(case).problems[0]
    smallest, found = narrowed(case, problem, 20.0)
    assert found.text.startswith("b.u")
    assert ([cells.name for cells in smallest.cells], smallest.links, smallest.ticks, smallest.options) == (
        ["b"],
        [],
        2,
        {},
    )
    text = script(smallest, "joined", found.text)
    assert "sin" not in text and "where" not in text and "u = u + " in text
