"""Which compiler is taken, and what is said of one that does not work."""

import shlex
import sys

import pytest
from build_side import SOURCE, SYSTEM, alone, compiled, needs_compiler, pretender, refused, script, the

from neurosim.engine.events import build, compiler

pytestmark = needs_compiler


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


def only(monkeypatch, *programs):
    """An environment in which only these programs and Python are found."""
    have = {name: f"/bin/{name}" for name in programs}
    monkeypatch.setattr(compiler.shutil, "which", lambda name: have.get(name))


@pytest.mark.parametrize(
    ("chosen", "programs", "ziglang", "command"),
    [
        ("", ["g++", "clang++"], True, ["/bin/g++"]),
        ("", ["clang++"], True, ["/bin/clang++"]),
        ("", [], True, [sys.executable, "-m", "ziglang", "c++"]),
        ("", [], False, None),
        ("icpx", ["icpx", "g++"], True, ["/bin/icpx"]),
        ("ccache g++ -m64", ["ccache", "g++"], True, ["/bin/ccache", "g++", "-m64"]),
        ("none", ["g++"], True, None),
    ],
)
def test_the_compiler_is_the_one_chosen_then_the_systems_then_ziglangs(
    monkeypatch, chosen, programs, ziglang, command
):
    monkeypatch.setenv("CXX", chosen)
    only(monkeypatch, *programs)
    monkeypatch.setattr(compiler, "find_spec", lambda name: object() if ziglang else None)
    found = build.find_compiler()
    assert found == (None if command is None else tuple(command))


def test_a_path_with_spaces_is_one_word(tmp_path, monkeypatch):
    place = tmp_path / "my compilers"
    place.mkdir()
    path = script(place, "exit 0")
    for chosen in (path, shlex.quote(path)):
        monkeypatch.setenv("CXX", chosen)
        assert build.find_compiler() == (path,)


def test_without_a_compiler_the_error_names_the_remedy(monkeypatch):
    only(monkeypatch)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    remedy = (
        r"Install g\+\+ or clang\+\+, or ziglang. Install it: pip install 'neurosim-networks\[compiler\]'"
    )
    with pytest.raises(compiler.NoCompiler, match="There is no C.* " + remedy):
        build.load(SOURCE, "Net")
    monkeypatch.setenv("CXX", "none")
    rule = "CXX is 'none', which is not a command of this machine. Unset it"
    with pytest.raises(compiler.NoCompiler, match=rule):
        build.load(SOURCE, "Net")


@pytest.mark.slow
def test_ziglang_compiles_where_there_is_no_other(monkeypatch):
    pytest.importorskip("ziglang")
    monkeypatch.setenv("CXX", f"{sys.executable} -m ziglang c++")
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]


@pytest.mark.slow
def test_ziglang_needs_no_home(tmp_path, monkeypatch):
    pytest.importorskip("ziglang")
    monkeypatch.setenv("CXX", f"{sys.executable} -m ziglang c++")
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]


def test_a_compiler_that_makes_no_library_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", pretender(tmp_path, "exit 0"))
    assert "left no library" in refused()


def test_a_compiler_that_cannot_be_started_is_told(tmp_path, monkeypatch):
    path = tmp_path / "c++"
    path.write_bytes(b"\x7fELF no program")
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    message = refused()
    assert f"The C++ compiler {path} cannot be started" in message
    assert "Set CXX to one that works" in message
    monkeypatch.setenv("CXX", script(tmp_path, "echo broken licence; exit 3"))
    assert "does not tell its version: broken licence" in refused()


def test_a_processor_the_compiler_does_not_know_costs_speed_only(tmp_path, folder, monkeypatch):
    refuse = (
        "for word in \"$@\"; do [ $word = -march=native ] && echo \"error: bad value 'native' for '-march='\""
        " && exit 1; done"
    )
    monkeypatch.setenv("CXX", pretender(tmp_path, f'{refuse}\nexec {SYSTEM} "$@"'))
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]
    assert "bad value 'native'" in the(folder, ".log").read_text()
