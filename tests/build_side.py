"""What tests of compiling share: a cache of their own, programs that stand for compilers, and processes that
compile."""

import shutil
import subprocess
import sys
import time

import pytest

from neurosim import cache
from neurosim.engine.events import build
from neurosim.errors import EngineError

SYSTEM = shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(not SYSTEM, reason="compiles with g++ or clang++, and there is neither")
PART = '#include "core/answer.hpp"\nint part() { return ANSWER; }\n'
WHOLE = 'int part();\nextern "C" int answer() { return part(); }\n'  # with that part
SOURCE = '#include "core/answer.hpp"\nextern "C" int answer() { return ANSWER; }\n'


def alone(place, monkeypatch):
    """An empty cache folder below a path, and a core with one header of the test's own."""
    monkeypatch.setenv("NEUROSIM_CACHE", str(place / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(build, "INCLUDE", place)
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(build, "_ahead", {})
    monkeypatch.setattr(build, "_begun", set())
    monkeypatch.setattr(build, "_intact", set())
    monkeypatch.setattr(cache, "_replacements", {})
    monkeypatch.setattr(cache, "_warned_of", set())
    header(place, 42)
    return place / "cache"


def header(place, answer):
    (place / "core").mkdir(exist_ok=True)
    (place / "core/answer.hpp").write_text(f"#define ANSWER {answer}\n")


def forget():
    """Forget the loaded libraries, as a new process would not know them."""
    build._loaded.clear()
    build._ahead.clear()
    build._begun.clear()
    build._intact.clear()


def compiled(source=SOURCE, **options):
    """What a library returns, and how often the compiler ran for it, as if a new process loaded it."""
    forget()
    before = build.compilations
    answer = build.load(source, "Net", **options).answer()
    return answer, build.compilations - before


def script(place, text):
    """A program that stands for a compiler."""
    path = place / f"compiler-{len(list(place.iterdir()))}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def pretender(place, text):
    """A program that reports its version as a compiler does and then runs a shell script."""
    return script(place, f'[ "$1" = --version ] && echo pretender && exit 0\n{text}')


def names(place, suffix=""):
    return sorted(path.name for path in place.iterdir() if path.name.endswith(suffix))


def the(place, suffix):
    (name,) = names(place, suffix)
    return place / name


CHILD = """
import sys
from pathlib import Path
from neurosim.engine.events import build
build.INCLUDE = Path(sys.argv[1])
print(build.load(sys.argv[2], "Net").answer(), build.compilations)
"""


def child(place, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(place), SOURCE], text=True, stdout=subprocess.PIPE, **options
    )


def wait_for(path):
    give_up = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def refused(**options):
    """The error of loading a library that must be refused."""
    forget()
    with pytest.raises(EngineError) as error:
        build.load(options.pop("source", SOURCE), "Net", **options)
    return str(error.value)
