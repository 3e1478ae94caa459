"""The C++ compiler of this machine: which one it is, and one run of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from neurosim.errors import EngineError, install_hint, shown

NATIVE = "-march=native"
FLAGS = (
    "-std=c++17",
    "-O3",
    NATIVE,
    "-mprefer-vector-width=512",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-pthread",
)
# GCC 12.2 at -O3 splits loops that read an array and set it to zero, and may put the part that sets it before
# the part that reads it, if the loop sets several arrays that might overlap. These flags keep loops whole.
# Partial redundancy elimination (tree-pre) computes what follows a choice of a constant, as in exp(v)**0.1,
# in a branch of its own, and loops with branches do not run in vectors.
GCC_FLAGS = ("-fno-tree-loop-distribution", "-fno-tree-loop-distribute-patterns", "-fno-tree-pre")
SUFFIX = ".dll" if sys.platform == "win32" else ".so"
OBJECT_SUFFIX = ".o"
HEADER_SUFFIX = (
    ".gch"  # of a header that GCC has compiled; it is found beside the header, whose name it follows
)
LONGEST = 600.0  # seconds that a compiler may take; the first call of ziglang builds its standard library
SLOW = 1.0  # seconds after which a compilation is announced


class NotCompiled(EngineError):
    """The C++ of a network could not be compiled. Engines that need no compiler can run it."""


class NoCompiler(NotCompiled):
    """This machine has no C++ compiler. Engines that need none can run the network."""


class CompilerFailed(Exception):
    """A compiler made no library. The text says why in a few words, `log` is what it printed."""

    def __init__(self, why: str, log: str):
        super().__init__(why)
        self.log = log


def find_compiler() -> tuple[str, ...] | None:
    """The command of the C++ compiler: $CXX, else g++, clang++ or that of ziglang; None if there is none."""
    chosen = os.environ.get("CXX", "").strip()
    if chosen:
        try:
            words = [chosen] if shutil.which(chosen) else shlex.split(chosen, posix=os.name == "posix")
        except ValueError:  # quotes that do not close
            return None
        path = shutil.which(words[0])
        return (path, *words[1:]) if path else None
    path = shutil.which("g++") or shutil.which("clang++")
    if path:
        return (path,)
    return (sys.executable, "-m", "ziglang", "c++") if find_spec("ziglang") else None


def need_compiler() -> tuple[str, ...]:
    """The command of the C++ compiler; raises NoCompiler with the remedy."""
    command = find_compiler()
    if command is None and os.environ.get("CXX", "").strip():
        raise NoCompiler(
            f"CXX is {os.environ['CXX']!r}, which is not a command of this machine. "
            "Unset it, or set it to a C++ compiler such as g++."
        )
    if command is None:
        raise NoCompiler(
            f"There is no C++ compiler. Install g++ or clang++, or ziglang. {install_hint('compiler')}"
        )
    return command


def is_gcc(version_text: str) -> bool:
    """Whether the compiler that prints this text for `--version` is GCC."""
    return "Free Software Foundation" in version_text


def engine_flags(version_text: str) -> tuple[str, ...]:
    """The engine's own flags for the compiler that prints this text for `--version`."""
    return (*FLAGS, *GCC_FLAGS) if is_gcc(version_text) else FLAGS


def own_flags() -> tuple[str, ...]:
    """The user's flags, $NEUROSIM_CXXFLAGS, such as '-O0 -g' (see also tests/test_sanitizers.py)."""
    flags = os.environ.get("NEUROSIM_CXXFLAGS", "")
    try:
        return tuple(shlex.split(flags, posix=os.name == "posix"))
    except ValueError as error:
        raise NotCompiled(
            f"NEUROSIM_CXXFLAGS is {shown(flags)}, which cannot be split into words: {error}. "
            "Close its quotes."
        ) from None


def fingerprint(command: Sequence[str]) -> str:
    """Paths, sizes and times of the files behind a command, which change when the compiler is replaced."""
    package = find_spec("ziglang") if "ziglang" in command else None
    if package and package.submodule_search_locations:
        paths = [
            str(path) for path in Path(package.submodule_search_locations[0]).glob("zig*") if path.is_file()
        ]
    else:
        paths = [path for word in command if (path := shutil.which(word))]
    lines = list(command)
    for path in paths:
        about = os.stat(path)
        lines.append(f"{os.path.realpath(path)} {about.st_size} {about.st_mtime_ns}")
    return "\n".join(lines)


def version(command: Sequence[str]) -> str:
    """What a compiler prints for `--version`."""
    try:
        with _workplace() as folder:
            status, text = _run([*command, "--version"], folder, lambda: None)
    except CompilerFailed as error:
        raise NotCompiled(
            f"The C++ compiler {' '.join(command)} {error}. Set CXX to one that works, such as g++."
        ) from None
    if status:
        raise NotCompiled(
            f"The C++ compiler {' '.join(command)} does not tell its version: {_gist(text)}. "
            "Set CXX to one that works, such as g++."
        )
    return text


def compile_object(
    command: Sequence[str], flags: Sequence[str], source: Path, include: Path, on_slow: Callable[[], None]
) -> tuple[bytes, str]:
    """The object file of a source file, and the compiler's log. See `compile_library`."""
    with _workplace() as folder:
        result = Path(folder) / f"object{OBJECT_SUFFIX}"
        return _make(result, command, flags, [*_to_object(source, include)], folder, on_slow)


def compile_header(
    command: Sequence[str], flags: Sequence[str], source: Path, include: Path, on_slow: Callable[[], None]
) -> tuple[bytes, str]:
    """What GCC makes of a header, which it reads faster, and its log. See `compile_library`."""
    with _workplace() as folder:
        result, words = (
            Path(folder) / f"header{HEADER_SUFFIX}",
            ["-x", "c++-header", f"-I{include}", str(source)],
        )
        return _make(result, command, flags, words, folder, on_slow)


def compile_library(
    command: Sequence[str],
    flags: Sequence[str],
    source: Path,
    include: Path,
    on_slow: Callable[[], None],
    objects: Callable[[], Sequence[Path]] | None = None,
    header: Path | None = None,
) -> tuple[bytes, str]:
    """The shared library of a source file, and the compiler's log; calls `on_slow()` if it takes over a
    second.

    It is compiled in a temporary folder, so that no incomplete file is ever beside the source.

    objects: returns object files to link with it; called when the source is compiled, so that they may be
        compiled at the same time
    header: the path of a header that the source begins with, if it is compiled already (`compile_header`)

    Raises CompilerFailed.
    """
    with _workplace() as folder:
        result, shared = Path(folder) / f"library{SUFFIX}", [*flags, "-shared"]
        if objects is None:
            return _make(result, command, shared, [f"-I{include}", str(source)], folder, on_slow)
        own, words = Path(folder) / f"object{OBJECT_SUFFIX}", _to_object(source, include)
        try:
            ahead = [] if header is None else ["-include", str(header)]
            _, log = _make(own, command, flags, [*ahead, *words], folder, on_slow)
        except CompilerFailed:
            if header is None:
                raise
            _, log = _make(own, command, flags, words, folder, on_slow)  # it may be the header's fault
        linked = map(str, [own, *objects()])
        library, more = _make(result, command, shared, linked, folder, on_slow)
        return library, log + more


def _to_object(source: Path, include: Path) -> list[str]:
    return ["-c", f"-I{include}", str(source)]


def _make(
    result: Path,
    command: Sequence[str],
    flags: Sequence[str],
    words: Iterable[str],
    folder: str,
    on_slow: Callable[[], None],
) -> tuple[bytes, str]:
    """What a compiler writes to the path `result`, and its log. Raises CompilerFailed."""
    words = [*command, *flags, *words, "-o", str(result)]
    status, text = _run(words, folder, on_slow)
    log = f"{shlex.join(words)}\n{text}"
    if status and NATIVE in flags and "march" in text:  # not every compiler knows every processor
        words.remove(NATIVE)
        status, text = _run(words, folder, on_slow)
        log += f"{shlex.join(words)}\n{text}"
    if status:
        raise CompilerFailed(f"{_ending(status)}: {_gist(text)}", log)
    try:
        return result.read_bytes(), log
    except OSError as error:
        raise CompilerFailed(f"left no library: {error}", log) from None


def _workplace() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="neurosim-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CompilerFailed(f"has no temporary folder to work in: {error}", "") from None


def _run(words: Sequence[str], folder: str, on_slow: Callable[[], None]) -> tuple[int, str]:
    """Run a command; returns its exit status and its output.

    It is killed, with all processes that it started, on any interruption and when this process ends.
    """
    with ExitStack() as held:
        group = held.enter_context(_guarded(folder))
        process = held.enter_context(_start(words, folder, group))
        held.callback(_kill, process, group)  # leaves no process that it started, however it ends
        try:
            try:
                text, _ = process.communicate(timeout=SLOW)
            except subprocess.TimeoutExpired:
                on_slow()
                text, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired as late:
            raise CompilerFailed(
                f"was stopped after {LONGEST:.0f} s", (late.output or b"").decode(errors="replace")
            ) from None
    return process.returncode, text.decode(errors="replace")


def _start(words: Sequence[str], folder: str, group: int | None) -> subprocess.Popen[bytes]:
    """Start a command in a process group, or in a session of its own if there is none, without input."""
    surroundings = os.environ | {"LC_ALL": "C", "TMPDIR": folder}
    if "ziglang" in words and "ZIG_GLOBAL_CACHE_DIR" not in surroundings and not _has_home():
        surroundings["ZIG_GLOBAL_CACHE_DIR"] = os.path.join(folder, "zig")
    out, nothing, alone = subprocess.PIPE, subprocess.DEVNULL, group is None
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=surroundings,
            stdin=nothing,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=group,
            start_new_session=alone,
        )
    except OSError as error:
        raise CompilerFailed(f"cannot be started: {error}", "") from None


# A shell script that waits until its pipe is closed, which the system does when the process that compiles
# ends, however it ends. Then it stops its own process group, which is that of the compiler, and removes the
# compiler's folder.
GUARD = "read nothing; trap '' TERM; kill -TERM 0; rm -rf -- \"$1\"; kill -KILL 0"


@contextmanager
def _guarded(folder: str) -> Generator[int | None, None, None]:
    """A process group that is stopped when this process ends, and that Ctrl-C on a terminal does not reach.

    None if there is no shell: then a command can outlive this process if that is killed.
    """
    shell = shutil.which("sh") if os.name == "posix" else None
    if shell is None:
        yield None
        return
    theirs, ours = os.pipe()
    try:
        try:
            guard = subprocess.Popen(
                [shell, "-c", GUARD, "sh", folder],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            raise CompilerFailed(f"cannot be started: {error}", "") from None
        finally:
            os.close(theirs)
        try:
            yield guard.pid
        finally:
            _kill_group(guard.pid)
            guard.wait()
    finally:
        os.close(ours)


def _has_home() -> bool:
    """Whether ziglang finds a folder for its standard library, which its first call builds.

    Without one it fails or never ends.
    """
    if os.name != "posix":
        return True
    place = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "zig")
    try:
        os.makedirs(place, exist_ok=True)
    except OSError:
        return False
    return os.access(place, os.W_OK)


def _kill(process: subprocess.Popen[bytes], group: int | None) -> None:
    """Kill a compiler and the processes that it started."""
    if group is not None:
        _kill_group(group)
    elif process.poll() is None and hasattr(os, "killpg"):
        _kill_group(process.pid)
    else:
        process.kill()


def _kill_group(number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS raises the latter for a group that has ended
        os.killpg(number, signal.SIGKILL)


def _ending(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"failed with exit status {status}"


def _gist(text: str) -> str:
    """The first line of a log that reports an error, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it printed nothing"]
    return next((line for line in lines if re.search(r"\b(error|killed)\b", line, re.IGNORECASE)), lines[-1])
