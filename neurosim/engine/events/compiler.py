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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
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
    "-shared",
    "-pthread",
)
# GCC (12.2, at -O3) moves a loop's setting of an array to zero before the same loop's reading of it, where the loop sets several arrays
# to zero and no proof tells them apart: it splits the loop and orders the parts wrongly. So loops are not split.
GCC_FLAGS = ("-fno-tree-loop-distribution", "-fno-tree-loop-distribute-patterns")
SUFFIX = ".dll" if sys.platform == "win32" else ".so"
PATIENCE = 600.0  # seconds a compiler may take; ziglang's first call builds its standard library
SOON = 1.0  # seconds after which a user is told what the wait is for

CPU_FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "features", "isa", "cpu")
ARM_FIELDS = ("cpu implementer", "cpu architecture", "cpu variant", "cpu part", "cpu revision")


class NotCompiled(EngineError):
    """Nothing could be compiled; an engine that needs no compiler can run instead."""


class NoCompiler(NotCompiled):
    """This machine has no C++ compiler; an engine that needs none can run instead."""


class CompilerFailed(Exception):
    """A compiler made no library: why, in a few words, and what it printed."""

    def __init__(self, why: str, log: str):
        super().__init__(why)
        self.log = log


def find_compiler() -> tuple[str, ...] | None:
    """The command of the C++ compiler: $CXX, else g++, clang++, else ziglang's; None where there is none."""
    chosen = os.environ.get("CXX", "").strip()
    if chosen:
        try:
            words = [chosen] if shutil.which(chosen) else shlex.split(chosen, posix=os.name == "posix")
        except ValueError:  # quotes that do not close
            return None
        found = shutil.which(words[0])
        return (found, *words[1:]) if found else None
    found = shutil.which("g++") or shutil.which("clang++")
    if found:
        return (found,)
    return (sys.executable, "-m", "ziglang", "c++") if find_spec("ziglang") else None


def need_compiler() -> tuple[str, ...]:
    """The command of the C++ compiler; raises NoCompiler with the remedy."""
    command = find_compiler()
    if command is None and os.environ.get("CXX", "").strip():
        raise NoCompiler(
            f"CXX is {os.environ['CXX']!r}, which is not a command of this machine. Unset it, or set it to a C++ compiler such as g++."
        )
    if command is None:
        raise NoCompiler(
            f"There is no C++ compiler. Install g++ or clang++, or ziglang. {install_hint('compiler')}"
        )
    return command


def engine_flags(told: str) -> tuple[str, ...]:
    """The engine's own flags for the compiler that says this to `--version`."""
    return (*FLAGS, *GCC_FLAGS) if "Free Software Foundation" in told else FLAGS


def own_flags() -> tuple[str, ...]:
    """The user's own flags, $NEUROSIM_CXXFLAGS, such as '-O0 -g' or those of a sanitizer (tests/test_sanitizers.py)."""
    given = os.environ.get("NEUROSIM_CXXFLAGS", "")
    try:
        return tuple(shlex.split(given, posix=os.name == "posix"))
    except ValueError as error:
        raise NotCompiled(
            f"NEUROSIM_CXXFLAGS is {shown(given)}, which cannot be split into words: {error}. Close its quotes."
        ) from None


def stamp(command: Sequence[str]) -> str:
    """What changes when the files behind a command do: path, size and time of change, without starting it."""
    package = find_spec("ziglang") if "ziglang" in command else None
    if package and package.submodule_search_locations:
        paths = [
            str(path) for path in Path(package.submodule_search_locations[0]).glob("zig*") if path.is_file()
        ]
    else:
        paths = [found for word in command if (found := shutil.which(word))]
    lines = list(command)
    for path in paths:
        about = os.stat(path)
        lines.append(f"{os.path.realpath(path)} {about.st_size} {about.st_mtime_ns}")
    return "\n".join(lines)


def version(command: Sequence[str]) -> str:
    """What a compiler says to `--version`."""
    try:
        with _workplace() as folder:
            status, text = _run([*command, "--version"], folder, lambda: None)
    except CompilerFailed as error:
        raise NotCompiled(
            f"The C++ compiler {' '.join(command)} {error}. Set CXX to one that works, such as g++."
        ) from None
    if status:
        raise NotCompiled(
            f"The C++ compiler {' '.join(command)} does not tell its version: {_gist(text)}. Set CXX to one that works, such as g++."
        )
    return text


@cache
def processor() -> str:
    """The model and the abilities of this machine's processor, which -march=native compiles for."""
    fields = []
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon and fields:
                break  # the first core speaks for all; a file of a hundred takes milliseconds
            if name.strip().lower() in CPU_FIELDS + ARM_FIELDS:
                fields.append(f"{name.strip()}: {value.strip()}")
    if not fields:
        import platform

        fields = [platform.machine(), platform.processor()]
    return "\n".join(fields)


def compile_library(
    command: Sequence[str], flags: Sequence[str], source: Path, include: Path, slow: Callable[[], None]
) -> tuple[bytes, str]:
    """The shared library of a source file, and the compiler's log; `slow()` is called when it takes over a second.

    Works in a temporary folder, so that nothing half done is ever beside the source. Raises CompilerFailed.
    """
    with _workplace() as folder:
        made = Path(folder) / f"library{SUFFIX}"
        words = [*command, *flags, f"-I{include}", str(source), "-o", str(made)]
        status, text = _run(words, folder, slow)
        log = f"{shlex.join(words)}\n{text}"
        if status and NATIVE in flags and "march" in text:  # not every compiler knows every processor
            words.remove(NATIVE)
            status, text = _run(words, folder, slow)
            log += f"{shlex.join(words)}\n{text}"
        if status:
            raise CompilerFailed(f"{_ending(status)}: {_gist(text)}", log)
        try:
            return made.read_bytes(), log
        except OSError as error:
            raise CompilerFailed(f"left no library: {error}", log) from None


def _workplace() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="neurosim-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CompilerFailed(f"has no temporary folder to work in: {error}", "") from None


def _run(words: Sequence[str], folder: str, slow: Callable[[], None]) -> tuple[int, str]:
    """The exit status and the output of a command that is killed, with all it started, on any interruption and when this process ends."""
    with ExitStack() as held:
        group = held.enter_context(_guarded(folder))
        process = held.enter_context(_start(words, folder, group))
        held.callback(_kill, process, group)  # nothing that it started is left, whatever the end
        try:
            try:
                text, _ = process.communicate(timeout=SOON)
            except subprocess.TimeoutExpired:
                slow()
                text, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise CompilerFailed(
                f"was stopped after {PATIENCE:.0f} s", (late.output or b"").decode(errors="replace")
            ) from None
    return process.returncode, text.decode(errors="replace")


def _start(words: Sequence[str], folder: str, group: int | None) -> subprocess.Popen[bytes]:
    """Start a command in a group of processes, or in a session of its own, with nothing to read."""
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


# Waits until the pipe is closed, which the system does when the process that compiles ends, however it ends; then stops its own group
# of processes, which is that of the compiler, and removes what it worked on.
GUARD = "read nothing; trap '' TERM; kill -TERM 0; rm -rf -- \"$1\"; kill -KILL 0"


@contextmanager
def _guarded(folder: str) -> Iterator[int | None]:
    """The group of processes in which a command ends with this process, and which Ctrl-C on a terminal does not reach.

    None where there is no shell: then a command can outlive a process that is killed.
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
    """Whether ziglang finds a place for its standard library, built at its first call; without one it fails or never ends."""
    if os.name != "posix":
        return True
    place = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "zig")
    try:
        os.makedirs(place, exist_ok=True)
    except OSError:
        return False
    return os.access(place, os.W_OK)


def _kill(process: subprocess.Popen[bytes], group: int | None) -> None:
    """Kill a compiler and the processes it started."""
    if group is not None:
        _kill_group(group)
    elif process.poll() is None and hasattr(os, "killpg"):
        _kill_group(process.pid)
    else:
        process.kill()


def _kill_group(number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
        os.killpg(number, signal.SIGKILL)


def _ending(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"failed with exit status {status}"


def _gist(text: str) -> str:
    """The first line of a log that tells of an error, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it printed nothing"]
    return next((line for line in lines if re.search(r"\b(error|killed)\b", line, re.IGNORECASE)), lines[-1])
