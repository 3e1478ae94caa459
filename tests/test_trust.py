"""Compiled code that another user can have put into the cache never runs."""

import os
import stat
import warnings

import pytest
from build_side import SOURCE, alone, compiled, names, needs_compiler, the

from neurosim import cache, trust
from neurosim.engine.events import build

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(os.name != "posix", reason="asks for owners and modes of files"),
]
STRANGER = 54321
only_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() != 0, reason="only root can give files away"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


def plant(folder, monkeypatch):
    """Replace the library that returns 42 by one that returns 13, with a valid checksum."""
    monkeypatch.setenv(
        "NEUROSIM_CACHE", str(folder.with_name("elsewhere"))
    )  # what is loaded is known by its path
    compiled()
    right = the(folder.with_name("elsewhere"), ".so")
    assert compiled(SOURCE.replace("ANSWER;", "13;")) == (13, 1)
    wrong = next(path for path in right.parent.glob("code-*.so") if path != right)
    trust.make_folder(folder)
    planted = cache.Entry(folder, right.stem.removeprefix("code-"), ".so")
    planted.save(wrong.read_bytes())
    assert planted.is_intact()
    monkeypatch.setenv("NEUROSIM_CACHE", str(folder))
    return planted.library


def give_away(path):
    os.chown(path, STRANGER, -1)


def link(path):
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


SUSPECT = {
    "of the group": (lambda path: path.chmod(0o660), r"Others can write to it \(mode 660\)"),
    "of everybody": (lambda path: path.chmod(0o602), r"Others can write to it \(mode 602\)"),
    "a link": (link, "It is a symbolic link"),
    "a pipe": (pipe, "It is no regular file"),
    "of a stranger": (give_away, "It belongs to another user"),
}
CASES = [
    pytest.param(*case, id=name, marks=only_root if name == "of a stranger" else ())
    for name, case in SUSPECT.items()
]


@pytest.mark.parametrize(("spoil", "why"), CASES)
@pytest.mark.parametrize("suffix", [".so", ".sum"])
def test_a_file_that_another_can_have_written_is_compiled_anew_with_one_warning(
    folder, monkeypatch, spoil, why, suffix
):
    path = plant(folder, monkeypatch).with_suffix(suffix)
    spoil(path)
    with pytest.warns(
        RuntimeWarning, match=rf"{path} in the cache is not used, and made anew: {why}"
    ) as told:
        assert compiled() == (42, 1)
    assert len(told) == 1
    assert compiled() == (42, 0)


@pytest.mark.parametrize(("spoil", "why"), [case for case in CASES if case.id != "a pipe"])
def test_a_folder_that_another_can_write_to_is_replaced_with_one_warning(folder, monkeypatch, spoil, why):
    plant(folder, monkeypatch)
    spoil(folder)
    if folder.is_dir() and not folder.is_symlink():
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o100)
    before = names(folder)
    with pytest.warns(
        RuntimeWarning,
        match=f"The cache folder {folder} cannot be used: .*Set NEUROSIM_CACHE to a folder of your own",
    ) as told:
        assert compiled() == (42, 1)
    assert len(told) == 1
    assert compiled() == (42, 0)
    assert names(folder) == before


def test_a_folder_in_whose_place_anybody_can_put_another_is_replaced(tmp_path, monkeypatch):
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setenv("NEUROSIM_CACHE", str(open_to_all / "cache"))
    with pytest.warns(
        RuntimeWarning, match=f"All users can write to {open_to_all}, and so put another in its place"
    ):
        assert compiled() == (42, 1)
    monkeypatch.setattr(cache, "_replacements", {})
    open_to_all.chmod(0o1777)  # as /tmp: each can remove only what is his own
    assert compiled() == (42, 1)


def test_what_is_written_is_the_users_alone_whatever_the_umask(folder):
    before = os.umask(0)
    try:
        compiled()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_library_of_another_key_is_not_taken(folder):
    """Otherwise somebody who can rename files, but not write them, could choose which code runs."""
    compiled()
    path = the(folder, ".so")
    compiled(SOURCE.replace("ANSWER;", "13;"))
    other = next(p for p in folder.glob("code-*.so") if p != path)
    for suffix in (".so", ".sum"):
        os.replace(other.with_suffix(suffix), path.with_suffix(suffix))
    assert compiled() == (42, 1)


def test_text_that_another_can_have_written_is_not_taken(folder):
    key = "0" * 32
    cache.save_text(folder, key, "mine")
    assert cache.load_text(folder, key) == "mine"
    folder.chmod(0o770)
    assert cache.load_text(folder, key) is None
    folder.chmod(0o700)
    the(folder, ".txt").chmod(0o666)
    with pytest.warns(RuntimeWarning, match="is not used, and made anew"):
        assert cache.load_text(folder, key) is None


def test_a_pipe_is_refused_without_waiting_for_what_comes_out_of_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(trust.Untrusted, match="no regular file"):
        trust.read(tmp_path / "pipe")


def test_a_file_is_never_written_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        trust.write(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("suffix", [".lock", ".cpp", ".log"])
def test_a_link_or_a_pipe_in_the_place_of_another_file_is_no_trouble(tmp_path, folder, suffix):
    (tmp_path / "mine").write_text("mine")
    for make in (lambda path: path.symlink_to(tmp_path / "mine"), os.mkfifo):
        compiled()
        path = the(folder, suffix)
        the(folder, ".so").unlink()
        path.unlink()
        make(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a link is no lock: then another folder is taken
            assert compiled() == (42, 1)
        cache._replacements.clear()
        build.clean_cache()
        assert not names(folder)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", [b"caf\xe9", b"a b'c\"d\\e\n$(f)", "雪".encode(), b"-I", b"%s{}"])
def test_the_folder_may_have_any_name(tmp_path, monkeypatch, name):
    monkeypatch.setenv("NEUROSIM_CACHE", os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]
