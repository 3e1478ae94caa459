"""Runs Brian2's own test suite with the device, and lists each test that does not pass with its reason.

    python tests/brian/suite.py [names] [--device neurosim] [--standalone]

The tests are those of the installed Brian2. `--standalone` takes those that it marks as working in standalone
mode; otherwise all others that need no device of their own run. Tests of what does not run (parsing, units,
code generators) do not depend on a device and are left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import pytest
from brian2.tests import PreferencePlugin

import neurosim.brian  # noqa: F401

MARKS = {
    True: "standalone_compatible and not long and not gsl",
    False: "not standalone_only and not codegen_independent and not standalone_compatible"
    " and not long and not gsl",
}
# Test files of Brian2 that do not concern how networks run.
LEFT_OUT = ("test_cpp_standalone", "test_numpy_codegen", "test_preferences", "test_logger", "test_morphology")
# Tests that do not apply, with the reason.
NOT_APPLICABLE = {
    "test_spatialneuron.py": "SpatialNeuron is refused",
    "test_multiple_noise_variables_deterministic_noise": "it replaces the generator of Brian2's own code",
    "test_pure_noise_deterministic": "it replaces the generator of Brian2's own code",
    "test_refractory_stochastic": "it replaces the generator of Brian2's own code",
    "test_ufunc_at_vectorisation": "it reads what Brian2's numpy code logs",
    "test_declare_types": "it reads the types that Brian2's numpy code checks",
    "test_profile": "it reads the times of Brian2's code objects",
}


class Results:
    """Collects what came out for each test."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: dict[str, str] = {}
        self.skipped: list[str] = []
        self.left_out: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out the tests that do not apply."""
        for item in list(items):
            why = [why for name, why in NOT_APPLICABLE.items() if name in item.nodeid]
            if why:
                items.remove(item)
                self.left_out[why[0]] += 1

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        outcome = yield
        report = outcome.get_result()
        name = item.nodeid.rpartition("/")[2]
        if report.when == "call" and report.passed:
            self.passed.append(name)
        elif report.skipped:
            self.skipped.append(name)
        elif report.failed:
            self.failed[name] = reason(call.excinfo.value)
            print(f"\n{name}: {self.failed[name]}", flush=True)


def reason(problem: BaseException) -> str:
    """Why a test failed: the refusal of the device, if there was one."""
    seen: BaseException | None = problem
    while seen is not None:
        if type(seen).__name__ == "Refused":
            return f"refused: {str(seen).split(', which the neurosim device')[0]}"
        seen = seen.__cause__ or seen.__context__
    lines = [line for line in str(problem).splitlines() if line.strip()]
    return f"{type(problem).__name__}: {' '.join(lines)[:200]}"


def main() -> None:
    """Run the tests and print what came out."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*", help="names of test files such as 'test_network'; default: all")
    parser.add_argument("--device", default="neurosim")
    parser.add_argument("--standalone", action="store_true")
    args = parser.parse_args()
    brian2.BrianLogger.log_level_error()
    folder = Path(brian2.__file__).parent / "tests"
    files = [
        str(path)
        for path in sorted(folder.glob("test_*.py"))
        if path.stem not in LEFT_OUT and (not args.names or path.stem in args.names)
    ]
    brian2.prefs.reset_to_defaults()
    brian2.prefs.codegen.target = "numpy"
    plugin = PreferencePlugin(brian2.prefs, True)
    plugin.device, plugin.device_options = args.device, {}
    results = Results()
    options = ["-c", str(folder / "pytest.ini"), "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    options += [
        "-p",
        "no:logging",
        "-W",
        "ignore",
        "-rN",
        "-m",
        MARKS[args.standalone],
        "--confcutdir",
        str(folder.parent),
    ]
    pytest.main([*files, *options], plugins=[plugin, results])
    print_results(results, np.__version__)


def print_results(results: Results, numpy_version: str) -> None:
    """The numbers, and the reasons by how often they occur."""
    done = len(results.passed) + len(results.failed)
    print(f"\n{len(results.passed)} of {done} pass ({len(results.passed) / max(done, 1):.1%}),", end=" ")
    print(f"{len(results.skipped)} are skipped; Brian2 {brian2.__version__}, numpy {numpy_version}\n")
    for text, count in results.left_out.items():
        print(f"{count:4d}  left out: {text}")
    for text, count in Counter(results.failed.values()).most_common():
        print(f"{count:4d}  {text}")


if __name__ == "__main__":
    main()
