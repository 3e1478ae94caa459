"""The headers of the event engine, compiled once for all tests: reading them takes most of the time in which
a small network is compiled."""

import os
import shutil
import subprocess
import time
from hashlib import blake2b
from pathlib import Path

FLAGS = ("-O1",)  # see conftest.py
# What core/run/code.hpp includes, but for compiled_once.hpp, which depends on the precision.
INCLUDED = (
    "arrivals/dense",
    "arrivals/private",
    "numbers/math",
    "records/sampling",
    "sweeps/sweep",
    "synapses/all_synapses",
    "synapses/changing_delays",
    "synapses/textual",
)
DAY = 86400.0


def flags() -> str:
    """Flags for $NEUROSIM_CXXFLAGS with which g++ reads compiled headers before each source.

    g++ reads them only with the very flags that they were compiled with, and else their text. What it makes
    of a source has the same bytes either way. Other compilers get no such flag.
    """
    from neurosim.engine.events import build, compiler

    command = compiler.find_compiler()
    version = compiler.version(command) if command else ""
    if "Free Software Foundation" not in version or not hasattr(os, "getuid"):
        return " ".join(FLAGS)
    words = [*command, *compiler.engine_flags(version), *FLAGS]
    text = "".join(f'#include "core/{name}.hpp"\n' for name in INCLUDED)
    headers = [path.read_text() for path in sorted((build.INCLUDE / "core").rglob("*.hpp"))]
    depends = "\n".join([*words, version, compiler.processor(), text, *headers])
    header = _folder() / blake2b(depends.encode(), digest_size=16).hexdigest() / "headers.hpp"
    if header.exists():
        os.utime(header.parent)
    else:
        _compile([*words, f"-I{build.INCLUDE}"], header, text)
    return " ".join([*FLAGS, "-include", str(header)])


def _folder() -> Path:
    """A folder of this user, since what is compiled with these headers is run. Those of other versions of
    the headers that no test used for a day are deleted."""
    from platformdirs import user_cache_dir

    folder = Path(user_cache_dir("neurosim-tests"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.stat().st_mtime < time.time() - DAY:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _compile(words: list[str], header: Path, text: str) -> None:
    """Write a header and what g++ makes of it into a folder, which gets its name when it is complete."""
    made = header.parent.with_name(f"{header.parent.name}.{os.getpid()}")
    made.mkdir(mode=0o700)
    (made / header.name).write_text(text)
    compiled = made / f"{header.name}.gch"
    subprocess.run([*words, "-x", "c++-header", str(made / header.name), "-o", str(compiled)], check=True)
    try:
        made.rename(header.parent)
    except OSError:  # another process was faster
        shutil.rmtree(made)
