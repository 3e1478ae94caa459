"""Every refusal is reached by a test: a whole run of the tests fails where a `raise` of neurosim never ran.

A plugin of pytest. Each module of neurosim is compiled with a note before every `raise`, so that errors of
any type count, and nothing else changes.
"""

import ast
import builtins
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path

import pytest
from beyond_tests import BEYOND

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"neurosim": ROOT / "neurosim", "neurosim.models": ROOT / "models"}
NOTE = "__raised_in_a_test__"
raised: set[tuple[str, int]] = set()


@dataclass(frozen=True)
class Site:
    """A `raise` statement: its file, its line and the source of what it raises, on one line."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text if len(self.text) <= 150 else self.text[:147] + '...'}"

    def is_named_by(self, file: str, part: str) -> bool:
        return self.file == file and part in self.text


@cache
def sites() -> tuple[Site, ...]:
    """Every `raise` of the library and of the models, but for those that raise again what they caught."""
    found = []
    for folder in PACKAGES.values():
        for path in sorted(folder.rglob("*.py")):
            nodes = (
                node
                for node in ast.walk(ast.parse(path.read_bytes()))
                if isinstance(node, ast.Raise) and node.exc
            )
            found += [
                Site(path.relative_to(ROOT).as_posix(), node.lineno, ast.unparse(node.exc)) for node in nodes
            ]
    return tuple(sorted(found, key=lambda site: (site.file, site.line)))


class Noting(ast.NodeTransformer):
    """Inserts a note of the line before every `raise`."""

    def __init__(self, file: str) -> None:
        self.file = file

    def visit_Raise(self, node: ast.Raise):
        note = ast.parse(f"{NOTE}(({self.file!r}, {node.lineno}))").body[0]
        for part in ast.walk(note):
            ast.copy_location(part, node)
        return [note, node] if node.exc else node


class NotingLoader(SourceFileLoader):
    """Compiles a module with the notes. It neither reads nor writes cached bytecode."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = Noting(Path(path).relative_to(ROOT).as_posix()).visit(ast.parse(self.get_data(path)))
        return compile(tree, path, "exec", dont_inherit=True)


class NotingFinder:
    """Finds the modules of this folder's neurosim as the other finders do, and gives those that raise the
    loader above."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] != "neurosim":
            return None
        others = (
            finder for finder in sys.meta_path if finder is not NotingFinder and hasattr(finder, "find_spec")
        )
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        source = Path(spec.origin) if spec and type(spec.loader) is SourceFileLoader and spec.origin else None
        if source and source.is_relative_to(ROOT) and b"raise " in source.read_bytes():
            spec.loader = NotingLoader(spec.loader.name, spec.loader.path)
        return spec


setattr(builtins, NOTE, raised.add)
sys.meta_path.insert(0, NotingFinder)


def is_whole(config) -> bool:
    """Whether this run includes all tests but the slow ones, and none is skipped because a compiler, JAX or
    PyNN is missing."""
    option = config.option
    if not ((shutil.which("g++") or shutil.which("clang++")) and find_spec("jax") and find_spec("pyNN")):
        return False
    chosen = (
        option.keyword
        or option.deselect
        or option.ignore
        or option.ignore_glob
        or getattr(option, "lf", False)
        or option.collectonly
        or option.usepdb
    )
    return not chosen and option.markexpr == "not slow" and config.args_source.name == "TESTPATHS"


def gaps() -> list[str]:
    """What is wrong with the coverage of refusals: sites that no test reached, and exceptions that are not
    needed."""
    unseen = [site for site in sites() if (site.file, site.line) not in raised]
    lines = [f"{site}" for site in unseen if not any(site.is_named_by(*key) for key in BEYOND)]
    needless = [key for key in BEYOND if not any(site.is_named_by(*key) for site in unseen)]
    return lines + [
        f"tests/beyond_tests.py: {file}: {part!r} is reached by a test, or is no more. Take it from the list."
        for file, part in needless
    ]


def pytest_sessionfinish(session, exitstatus):
    """A worker of pytest-xdist hands over what it saw. The main process judges it, if all tests passed."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["raised"] = sorted(raised)
    elif exitstatus == pytest.ExitCode.OK and is_whole(session.config) and gaps():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    raised.update(map(tuple, getattr(node, "workeroutput", {}).get("raised", ())))


def pytest_addoption(parser):
    parser.addoption(
        "--gaps",
        action="store_true",
        help="list the raise statements of neurosim that this run did not reach, whatever was run",
    )


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    whole = is_whole(config) and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if not (config.option.gaps or whole):
        return
    if missing := gaps():
        terminalreporter.section("refusals that no test reached", red=True)
        terminalreporter.line("\n".join(missing))
