"""Runs one Brian2 script unchanged under a target: `script_start.py TARGET SCRIPT FOLDER`.

`speed.py` starts it in a process of its own. FOLDER keeps compiled code.
"""

import runpy
import sys


def main(target: str, script: str, folder: str) -> None:
    """Run the script as a user would who chooses the target in its first lines."""
    if target == "neurosim":
        import neurosim.brian  # noqa: F401
    import brian2

    if target in ("neurosim", "cpp_standalone"):
        options = {"directory": f"{folder}/standalone"} if target == "cpp_standalone" else {}
        brian2.set_device(target, **options)
    else:
        brian2.prefs.codegen.target = target
        brian2.prefs.codegen.runtime.cython.cache_dir = f"{folder}/cython"
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:4])
