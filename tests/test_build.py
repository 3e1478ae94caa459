"""Generated C++ is compiled once, by a compiler of this machine, and errors of the compiler are reported."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from build_side import (
    PART,
    SOURCE,
    SYSTEM,
    WHOLE,
    alone,
    child,
    compiled,
    forget,
    header,
    names,
    needs_compiler,
    pretender,
    refused,
    script,
    the,
    wait_for,
)

from neurosim.engine.events import build, compiler

pytestmark = needs_compiler


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


def test_a_library_is_compiled_once_and_then_loaded():
    assert [compiled() for _ in range(3)] == [(42, 1), (42, 0), (42, 0)]


def test_within_a_process_it_is_the_same_object(folder):
    library = build.load(SOURCE, "Net")
    shutil.rmtree(folder)
    assert build.load(SOURCE, "Another name") is library


def test_the_name_of_a_network_is_not_part_of_the_content():
    build.load(SOURCE, "Net")
    forget()
    before = build.compilations
    build.load(SOURCE, "Another name")
    assert build.compilations == before


def test_another_source_header_flag_or_processor_compiles_anew_and_going_back_does_not(tmp_path, monkeypatch):
    def other_processor():
        monkeypatch.setattr(build, "processor", lambda: "another")

    assert compiled() == (42, 1)
    assert compiled(SOURCE.replace("ANSWER;", "ANSWER + 1;")) == (43, 1)
    assert compiled(flags=["-DNOTHING"]) == (42, 1)
    header(tmp_path, 7)
    assert compiled() == (7, 1)
    header(tmp_path, 42)
    assert compiled() == (42, 0)
    other_processor()
    assert compiled() == (42, 1)


def test_a_part_that_libraries_share_is_compiled_once(tmp_path, folder):
    assert compiled(WHOLE, parts=[PART]) == (42, 2)
    assert compiled(WHOLE, parts=[PART]) == (42, 0)
    assert compiled(f"{WHOLE}// another\n", parts=[PART]) == (42, 1)
    header(tmp_path, 7)
    assert compiled(WHOLE, parts=[PART]) == (7, 2)
    for path in folder.glob("*.o"):
        path.write_bytes(b"damaged")
    assert compiled(f"{WHOLE}// a third\n", parts=[PART]) == (7, 2)


def test_a_part_that_is_compiled_in_the_background_is_waited_for(tmp_path, monkeypatch):
    slow = f'sleep 0.3\nexec {SYSTEM} "$@"'
    monkeypatch.setenv("CXX", pretender(tmp_path, slow))
    before = build.compilations
    build.compile_ahead(PART)
    build.compile_ahead(PART)
    wait_until(lambda: build.compilations > before)
    assert compiled(WHOLE, parts=[PART]) == (42, 1)


@pytest.mark.skipif(Path(SYSTEM or "").name != "g++", reason="GCC alone compiles headers for later use")
def test_a_header_that_sources_begin_with_is_compiled_for_the_third(folder):
    folder.mkdir()
    text = '#include "core/answer.hpp"\n'

    def log(number):
        source = f'{text}int part();\nextern "C" int answer() {{ return part() + ANSWER; }}\n// {number}\n'
        before = {*names(folder, ".log")}
        assert compiled(source, parts=[PART], header=text)[0] == 84
        return "".join((folder / name).read_text() for name in {*names(folder, ".log")} - before)

    assert "c++-header" not in log(1)
    assert not names(folder, ".gch")
    assert "-include" not in log(2)
    wait_until(lambda: names(folder, ".gch"))
    assert "-include" in log(3)
    the(folder, ".gch").write_bytes(b"damaged")
    assert "-include" not in log(4)  # and it is made anew


def test_a_header_that_the_compiler_refuses_costs_nothing_but_time(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_header", lambda *given: tmp_path / "none.hpp")
    assert compiled(WHOLE, parts=[PART], header="anything", flags=["-DNOTHING"])[0] == 42


def test_a_part_that_is_wrong_is_told():
    build.compile_ahead("nonsense")  # says nothing
    message = refused(source=WHOLE, parts=["nonsense"])
    assert message.startswith(f"the event engine: the C++ compiler {SYSTEM} failed with exit status 1: ")
    assert compiled(WHOLE, parts=[PART])[0] == 42


def test_a_flag_overrides_the_engines_own(monkeypatch):
    monkeypatch.delenv("NEUROSIM_CXXFLAGS", raising=False)
    source = 'extern "C" int answer() {\n#ifdef __OPTIMIZE__\nreturn 1;\n#else\nreturn 0;\n#endif\n}'
    assert (compiled(source), compiled(source, flags=["-O0"])) == ((1, 1), (0, 1))


def test_another_compiler_compiles_anew_also_under_the_same_path(tmp_path, monkeypatch):
    path = tmp_path / "c++"

    def install(version):
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit 0\nexec {SYSTEM} "$@"\n')
        path.chmod(0o755)

    install("version one")
    monkeypatch.setenv("CXX", str(path))
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]
    install("version 2")
    assert [compiled(), compiled()] == [(42, 1), (42, 0)]


def test_a_known_compiler_is_not_started_to_load_what_is_kept(tmp_path, monkeypatch):
    started = tmp_path / "started"
    monkeypatch.setenv("CXX", script(tmp_path, f'echo "$1" >> {started}\nexec {SYSTEM} "$@"'))
    compiled()
    assert len(started.read_text().splitlines()) == 2
    compiled()
    assert len(started.read_text().splitlines()) == 2


def test_what_is_kept_is_loaded_within_30_ms():
    compiled()

    def seconds():
        forget()
        start = time.perf_counter()
        build.load(SOURCE, "Net")
        return time.perf_counter() - start

    assert min(seconds() for _ in range(10)) < 0.03


def test_the_source_and_the_log_lie_beside_the_library(folder):
    compiled()
    assert the(folder, ".cpp").read_text() == SOURCE
    assert "-std=c++17 -O3 -march=native" in the(folder, ".log").read_text()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_many_processes_at_once_compile_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", pretender(tmp_path, f'sleep 0.5\nexec {SYSTEM} "$@"'))
    children = [child(tmp_path) for _ in range(4)]
    told = sorted(process.communicate(timeout=60)[0].split() for process in children)
    assert told == [["42", "0"]] * 3 + [["42", "1"]]


def test_many_threads_at_once_compile_once():
    before, answers = build.compilations, []
    threads = [
        threading.Thread(target=lambda: answers.append(build.load(SOURCE, "Net").answer())) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers, build.compilations - before) == ([42] * 6, 1)


def test_a_process_killed_while_it_compiles_holds_nobody_up_and_leaves_nothing(tmp_path, folder, monkeypatch):
    begun = tmp_path / "begun"
    slow = pretender(tmp_path, f'if [ ! -e {begun} ]; then touch {begun}; sleep 20; fi\nexec {SYSTEM} "$@"')
    monkeypatch.setenv("CXX", slow)
    with child(tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)}) as process:
        wait_for(begun)
        process.kill()
    start = time.monotonic()
    assert compiled() == (42, 1)
    assert time.monotonic() - start < 10
    assert len(names(folder)) == 6
    assert not names(folder, ".part")


def test_an_error_names_the_first_complaint_the_log_and_the_source(folder):
    message = refused(source='extern "C" int answer() { return nothing; }\n')
    assert message.startswith(f"Net: the C++ compiler {SYSTEM} failed with exit status 1: ")
    assert "nothing" in message.partition(". Its log is")[0]
    assert f"Its log is {the(folder, '.log')}, the source {the(folder, '.cpp')}." in message
    assert "return nothing" in the(folder, ".log").read_text()
    assert not names(folder, ".so")


def test_a_compiler_that_failed_is_asked_again(tmp_path, folder, monkeypatch):
    broken = tmp_path / "broken"
    broken.touch()
    monkeypatch.setenv("CXX", pretender(tmp_path, f'[ -e {broken} ] && exit 1\nexec {SYSTEM} "$@"'))
    assert "failed with exit status" in refused()
    broken.unlink()
    assert compiled() == (42, 1)


def test_a_killed_compiler_is_told_and_leaves_nothing(tmp_path, folder, monkeypatch):
    half = 'while [ "$1" != -o ]; do shift; done\nprintf half > "$2"\nkill -KILL $$'
    monkeypatch.setenv("CXX", pretender(tmp_path, half))
    assert f"was killed by signal {signal.SIGKILL:d}: " in refused()
    assert not names(folder, ".so")
    assert not names(folder, ".part")


def test_a_compiler_that_hangs_is_stopped_with_all_it_started(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(compiler, "LONGEST", 0.3)
    monkeypatch.setattr(compiler, "SLOW", 0.1)
    number = tmp_path / "number"
    monkeypatch.setenv("CXX", pretender(tmp_path, f"sleep 60 & echo $! > {number}\nwait"))
    assert "was stopped after 0 s" in refused()
    wait_until(lambda: not is_running(int(number.read_text())))
    assert not names(folder, ".so")


ENDINGS = {
    "SIGTERM": lambda process: process.terminate(),
    "SIGKILL": lambda process: process.kill(),
    "Ctrl-C": lambda process: process.send_signal(signal.SIGINT),
    "SIGHUP": lambda process: process.send_signal(signal.SIGHUP),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_compiler_ends_with_the_process_that_started_it(tmp_path, monkeypatch, end):
    number, work = tmp_path / "number", tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv(
        "CXX", pretender(tmp_path, f"sleep 60 & echo $! $$ > {number}.part\nmv {number}.part {number}\nwait")
    )
    heard = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a child of `nohup` would not hear it
    process_of = child(tmp_path, stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(work)})
    signal.signal(signal.SIGHUP, heard)
    with process_of as process:
        wait_for(number)
        assert all(is_running(int(pid)) for pid in number.read_text().split())
        end(process)
    assert process.returncode != 0
    wait_until(
        lambda: (
            not any(is_running(int(pid)) for pid in number.read_text().split()) and not list(work.iterdir())
        )
    )


def test_what_is_compiled_ahead_ends_with_a_script_that_does_not_wait_for_it(tmp_path, monkeypatch):
    number = tmp_path / "number"
    monkeypatch.setenv(
        "CXX", pretender(tmp_path, f"echo $$ > {number}.part\nmv {number}.part {number}\nsleep 60")
    )
    code = (
        "import sys, time, pathlib\nfrom neurosim.engine.events import build\nbuild.load_ahead(sys.argv[1],"
        " 'Net')\n"
    )
    code += "while not pathlib.Path(sys.argv[2]).exists(): time.sleep(0.01)"
    subprocess.run([sys.executable, "-c", code, SOURCE, str(number)], check=True, timeout=30)
    wait_until(lambda: not is_running(int(number.read_text())))


def test_a_users_own_handler_of_sigterm_is_left_alone():
    code = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: print('mine'))\n"
    code += "from neurosim.engine.events import build\n"
    code += "build.load(sys.argv[1], 'Net')\nsignal.raise_signal(signal.SIGTERM)"
    source = 'extern "C" int answer() { return 42; }'
    command = [sys.executable, "-c", code, source]
    assert subprocess.run(command, text=True, capture_output=True, check=True).stdout == "mine\n"


def test_without_a_shell_a_compiler_runs_as_well(monkeypatch):
    which = shutil.which
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None if name == "sh" else which(name))
    assert compiled() == (42, 1)


def wait_until(true):
    give_up = time.monotonic() + 10
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def is_running(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_interrupted_compilation_leaves_nothing(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(compiler, "SLOW", 0.1)
    monkeypatch.setenv("CXX", pretender(tmp_path, f'[ -e {tmp_path}/begun ] || sleep 20\nexec {SYSTEM} "$@"'))

    def interrupt(line):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "_print_if_interactive", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compiled()
    (tmp_path / "begun").touch()
    assert not names(folder, ".so")
    monkeypatch.setattr(build, "_print_if_interactive", lambda line: None)
    assert compiled() == (42, 1)


def test_headers_that_change_while_they_are_compiled_keep_nothing(tmp_path, folder, monkeypatch):
    monkeypatch.setenv(
        "CXX",
        pretender(tmp_path, f"echo '#define ANSWER 3' > {tmp_path}/core/answer.hpp\nexec {SYSTEM} \"$@\""),
    )
    assert "changed while they were compiled. Run again." in refused()
    assert not names(folder, ".so")


def test_a_compilation_is_told_and_a_load_is_not(capfd):
    lines = []
    compiled(announce=lines.append)
    compiled(announce=lines.append)
    assert lines == ["neurosim: compiling Net ..."]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("terminal", "shown"), [(True, "neurosim: compiling Net ...\n"), (False, "")])
def test_a_long_compilation_is_told_on_a_terminal(tmp_path, monkeypatch, capsys, terminal, shown):
    monkeypatch.setattr(compiler, "SLOW", 0.1)
    monkeypatch.setenv("CXX", pretender(tmp_path, f'sleep 0.3\nexec {SYSTEM} "$@"'))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    compiled()
    assert capsys.readouterr() == ("", shown)
