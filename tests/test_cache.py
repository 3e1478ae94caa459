"""Compiled code in the cache is checked before it is loaded, is stored elsewhere if the folder cannot be
used, and is deleted when it is old."""

import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import pytest
from build_side import (
    CHILD,
    SOURCE,
    SYSTEM,
    alone,
    child,
    compiled,
    names,
    needs_compiler,
    pretender,
    refused,
    the,
    wait_for,
)

from neurosim import cache, trust
from neurosim.engine.events import build
from neurosim.errors import EngineError

pytestmark = needs_compiler


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


DAMAGE = {
    "zero bytes": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"no library",
    "one bit": lambda content: bytes([content[0] ^ 1]) + content[1:],
}


@pytest.mark.parametrize("suffix", [".so", ".sum"])
@pytest.mark.parametrize("damage", ["zero bytes", "truncated", "garbage", "one bit"])
def test_a_damaged_library_is_compiled_anew(folder, damage, suffix):
    compiled()
    path = the(folder, suffix)
    content = path.read_bytes()
    path.unlink()  # the file this process has mapped stays as it is
    path.write_bytes(DAMAGE[damage](content))
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]


@pytest.mark.parametrize("suffix", [".so", ".sum", ".cpp", ".log", ".lock"])
def test_a_missing_file_is_no_trouble(folder, suffix):
    compiled()
    the(folder, suffix).unlink()
    assert compiled() == (42, 1 if suffix in (".so", ".sum") else 0)


def test_a_library_that_may_not_be_read_is_compiled_anew(folder, monkeypatch):
    compiled()
    path, read = the(folder, ".so"), trust.read
    before = path.stat().st_ino

    def forbidden(asked):
        if asked == path and path.stat().st_ino == before:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(asked)

    monkeypatch.setattr(trust, "read", forbidden)
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]


def test_a_library_that_cannot_be_loaded_is_told_and_not_kept(folder):
    undefined = 'int missing(); extern "C" int answer() { return missing(); } int always = missing();'
    message = refused(source=undefined)
    assert "was compiled but cannot be loaded" in message
    assert "missing" in message
    assert not names(folder, ".so")


def test_a_damaged_memory_of_the_compilers_version_is_no_trouble(folder):
    compiled()
    for content in (b"", b"garbage", b"\xff\xfe", b"0" * 32 + b"\nanother version"):
        the(folder, ".txt").write_bytes(content)
        assert compiled() == (42, 0)


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/none", "/dev/null"])
def test_a_folder_that_cannot_be_used_is_replaced_with_one_warning(tmp_path, monkeypatch, where):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / where))
    with pytest.warns(
        RuntimeWarning,
        match=f"The cache folder {tmp_path / where} cannot be used: .* Set NEUROSIM_CACHE to a folder",
    ) as told:
        assert compiled() == (42, 1)
    assert len(told) == 1
    assert str(cache.folder()) in str(told[0].message)
    assert compiled() == (42, 0)
    assert compiled(SOURCE + "\n") == (42, 1)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_from_which_no_program_runs_is_replaced(folder, monkeypatch):
    about = os.statvfs

    def mounted(path):
        found = about(path)
        flags = found.f_flag | os.ST_NOEXEC if Path(path) == folder else found.f_flag & ~os.ST_NOEXEC
        return os.statvfs_result([*found[:8], flags, found[9]])

    monkeypatch.setattr(os, "statvfs", mounted)
    with pytest.warns(RuntimeWarning, match="no program runs from it"):
        assert compiled() == (42, 1)


def test_a_full_disk_is_replaced_with_one_warning(folder, monkeypatch):
    write = trust.write

    def full(path, content):
        if path.parent == folder:
            write(path, content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(trust, "write", full)
    with pytest.warns(RuntimeWarning, match="No space left on device") as told:
        assert compiled() == (42, 1)
    assert len(told) == 1
    assert [name for name in names(folder) if not name.endswith(".lock")] == []


def test_a_disk_that_fills_while_the_library_is_written_keeps_no_half(folder, monkeypatch):
    write = trust.write

    def full(path, content):
        if path.parent == folder and ".so" in path.name:
            write(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(trust, "write", full)
    with pytest.warns(RuntimeWarning, match="No space left on device"):
        assert compiled()[0] == 42
    assert not [name for name in names(folder) if ".so" in name]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("neurosim-", "has no temporary folder to work in"),
        (
            "neurosim-cache-",
            (
                "Net: there is no folder to compile in: [Errno 30] Read-only. "
                "Set NEUROSIM_CACHE to one that can be written."
            ),
        ),
    ],
)
def test_without_any_folder_the_error_says_so(monkeypatch, missing, said):
    make = tempfile.mkdtemp

    def refuse(suffix=None, prefix=None, dir=None):
        if prefix == missing:
            raise OSError(errno.EROFS, "Read-only")
        return make(suffix, prefix, dir)

    monkeypatch.setenv("NEUROSIM_CACHE", "/dev/null")
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    assert said in refused()


def test_the_folder_that_stands_in_is_deleted_at_exit(tmp_path):
    code = CHILD + "from neurosim import cache\nprint(cache.folder())"
    words, surroundings = (
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path), SOURCE],
        os.environ | {"NEUROSIM_CACHE": "/dev/null"},
    )
    told = subprocess.run(words, text=True, capture_output=True, env=surroundings)
    answer, place = told.stdout.splitlines()
    assert answer == "42 1"
    assert "neurosim-cache-" in place
    assert not Path(place).exists()


def test_the_cache_is_the_users_unless_the_environment_names_another(tmp_path, monkeypatch):
    import platformdirs

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROSIM_CACHE", "here")
    assert cache.folder() == tmp_path / "here"
    monkeypatch.setenv("NEUROSIM_CACHE", "")
    assert cache.folder() == Path(platformdirs.user_cache_dir("neurosim"))


def test_cleaning_removes_what_was_compiled_and_nothing_else(folder):
    compiled()
    compiled(SOURCE + "\n")
    ours = names(folder)
    sizes = sum(path.stat().st_size for path in folder.iterdir())
    theirs = ["notes.txt", "code.so", "code-42.so", f"my{ours[0]}", f"{ours[0]}.bak", "text-x.txt"]
    for name in theirs:
        (folder / name).write_text("mine")
    (folder / f"code-{'0' * 32}.cpp").mkdir()
    assert build.clean_cache() == (len(ours), sizes)
    assert names(folder) == sorted([*theirs, f"code-{'0' * 32}.cpp"])
    assert build.clean_cache() == (0, 0)
    assert compiled() == (42, 1)


@pytest.mark.parametrize("where", ["none", "file", "file/below"])
def test_cleaning_what_is_no_folder_removes_nothing(tmp_path, monkeypatch, where):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / where))
    assert build.clean_cache() == (0, 0)
    assert (tmp_path / "file").read_text() == "mine"


def test_cleaning_what_may_not_be_removed_is_refused(folder, monkeypatch):
    def refuse(path, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    compiled()
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(
        EngineError,
        match=(
            f"The cache folder {folder} cannot be cleaned: .*Read-only file system. Delete it as a user who"
            " may."
        ),
    ):
        build.clean_cache()


def test_cleaning_leaves_what_is_being_compiled(tmp_path, folder, monkeypatch):
    begun, go = tmp_path / "begun", tmp_path / "go"
    monkeypatch.setenv(
        "CXX",
        pretender(tmp_path, f'touch {begun}\nwhile [ ! -e {go} ]; do sleep 0.05; done\nexec {SYSTEM} "$@"'),
    )
    with child(tmp_path) as process:
        wait_for(begun)
        build.clean_cache()
        go.touch()
        assert process.communicate(timeout=60)[0] == "42 1\n"
    assert compiled() == (42, 0)


def test_what_nobody_used_for_90_days_goes_when_something_is_compiled(folder):
    compiled()
    compiled(SOURCE + "\n")
    old, long_ago = set(folder.glob("code-*")), time.time() - 100 * cache.DAY
    for path in folder.iterdir():
        os.utime(path, times=(long_ago, long_ago))
    assert compiled() == (42, 0)
    compiled(SOURCE + "\n\n")
    left = old & set(folder.iterdir())
    assert len(left) == 5
    assert {path.read_text() for path in left if path.suffix == ".cpp"} == {SOURCE}


def test_parts_of_the_key_do_not_run_into_each_other():
    assert (
        len({cache.digest("ab", "c"), cache.digest("a", "bc"), cache.digest("abc"), cache.digest("abc", "")})
        == 4
    )


def test_a_lock_that_its_holder_removed_is_taken_anew(tmp_path):
    path, order = tmp_path / "x.lock", []

    def second():
        with cache.lock_file(path):
            order.append("second")
            assert path.exists()

    with cache.lock_file(path) as held:
        assert held
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        path.unlink()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_without_locks_on_the_file_system_each_works_for_itself(monkeypatch):
    import fcntl

    def no_locks(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [compiled(), compiled()] == [(42, 1), (42, 0)]
