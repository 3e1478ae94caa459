"""Runs PyNN's scenario tests with the backend of neurosim, and lists each that does not pass with its reason.

    python tests/pynn/scenarios.py PATH_TO_PYNN/test [words] [--simulator brian2]

The path is that of the folder `test` in PyNN's repository. Every scenario runs, also those that PyNN marks
for other simulators only; `words` choose some of them, as `pytest -k` does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import neurosim.pynn  # noqa: F401  (makes pyNN.neurosim)

# Scenarios of what this backend does not have.
NOT_APPLICABLE = {
    "test_mc.py": "cells of several compartments",
    "test_scenario5.py": "cells of several compartments",
    "test_issue259": "spikes between time steps (spike_precision='off_grid')",
}


class Results:
    """Collects what came out for each scenario."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out what does not apply."""
        for item in list(items):
            reason = NOT_APPLICABLE.get(item.originalname) or NOT_APPLICABLE.get(item.path.name)
            if reason:
                self.left_out[item.originalname] = reason
                items.remove(item)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        outcome = yield
        report = outcome.get_result()
        if report.when == "call" and report.passed:
            self.passed.append(item.originalname)
        elif report.skipped:
            self.skipped[item.originalname] = str(report.longrepr[2])
        elif report.failed:
            lines = [line for line in str(call.excinfo.value).splitlines() if line.strip()]
            problem = f"{type(call.excinfo.value).__name__}: {' '.join(lines)[:300]}"
            self.failed[item.originalname] = problem
            print(f"\n{item.originalname}: {problem}", flush=True)


def main() -> None:
    """Run the scenarios and print what came out."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("path", type=Path)
    parser.add_argument("words", nargs="?", default="")
    parser.add_argument("--simulator", default="neurosim")
    args = parser.parse_args()
    folder = args.path.resolve() / "system"
    sys.path.insert(0, str(args.path.resolve()))
    from system.scenarios import fixtures  # type: ignore[import-not-found]

    every = fixtures.run_with_simulators
    fixtures.run_with_simulators = lambda *_: every(args.simulator)
    results = Results()
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        "-W",
        "ignore",
        f"--rootdir={folder}",
        "-c",
        "/dev/null",
    ]
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.chdir(scratch)  # scenarios write files
        pytest.main([*options, "-k", args.words, str(folder / "scenarios")], plugins=[results])
    print(f"\n{len(results.passed)} passed, {len(results.failed)} failed", end="")
    print(f", {len(results.skipped)} skipped, {len(results.left_out)} not applicable")
    for title in ("failed", "skipped", "left_out"):
        for name, reason in sorted(getattr(results, title).items()):
            print(f"  {title.replace('_', ' ')}: {name}: {reason}")


if __name__ == "__main__":
    main()
