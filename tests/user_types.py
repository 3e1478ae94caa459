"""Checks the types of neurosim, and what a type checker knows of it for a user: `python tests/user_types.py`.

Pyright is called once, on `neurosim/` with the settings of `pyproject.toml` and on a script of a user's that
names every public function, class and method. What is printed is what pyright says of `neurosim/`, and each
public name that pyright does not know, whose type it cannot tell, or that returns `Any`. Exit status 1 if
there is an error in `neurosim/`, or such a name.
"""

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import neurosim as ns

ROOT = Path(__file__).parent.parent
MODULES = {"ns": ns} | {
    f"ns.{name}": getattr(ns, name) for name in ("learn", "readout", "cells", "figures", "tasks", "units")
}
# Made by scikit-learn; a constructor from JSON; and names of Brian2.
UNTYPED = (r"\.set_\w+_request$", r"\.get_metadata_routing$", r"\.of_fields$", r"^ns\.units\.")


def main() -> int:
    expressions = list(public_names())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        revealed = "\n".join(f"reveal_type({expression})" for expression in expressions)
        script.write_text(f"import neurosim as ns\n{revealed}\n")
        diagnostics = pyright(ROOT / "neurosim", script)
    errors, problems = 0, []
    for diagnostic in diagnostics:
        message, severity = diagnostic["message"], diagnostic["severity"]
        line = diagnostic["range"]["start"]["line"]
        if diagnostic["file"] != str(script):
            errors += severity == "error"
            rule = diagnostic.get("rule", "syntax")
            print(f"{diagnostic['file']}:{line + 1}: {severity}: {message} ({rule})")
        elif is_vague(message, severity) and not any(re.search(p, expressions[line - 1]) for p in UNTYPED):
            problems.append(f"{expressions[line - 1]}: {message}")
    print(f"{errors} errors of pyright in neurosim/")
    print("\n".join(problems) or f"{len(expressions)} public names have types.")
    return int(bool(errors or problems))


def pyright(*paths: Path) -> list[dict]:
    """The diagnostics of pyright for these files and folders, by the settings of `pyproject.toml`.

    Raises RuntimeError if pyright did not check at least as many files as there are.
    """
    program = os.environ.get("PYRIGHT", Path(sys.executable).with_name("pyright"))
    options = ["--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([program, *options, *paths], text=True, capture_output=True, cwd=ROOT)
    report = json.loads(done.stdout)
    number = sum(len(list(path.rglob("*.py"))) if path.is_dir() else 1 for path in paths)
    if report["summary"]["filesAnalyzed"] < number:
        raise RuntimeError(f"pyright checked {report['summary']['filesAnalyzed']} of {number} files")
    return report["generalDiagnostics"]


def is_vague(message: str, severity: str) -> bool:
    """Whether a message of pyright's is an error, or tells of a type that says nothing."""
    return (
        severity != "information"
        or "Unknown" in message
        or bool(re.search(r'(-> |is ")(Any|object)"$', message))
    )


def public_names():
    """Every public name as an expression, and every public method and attribute of neurosim's classes."""
    for prefix, module in MODULES.items():
        for name in sorted(getattr(module, "__all__", None) or dir(module)):
            value = getattr(module, name)
            if name.startswith("_") or inspect.ismodule(value):
                continue
            yield f"{prefix}.{name}"
            if inspect.isclass(value):
                yield from (f"{prefix}.{name}.{member}" for member in members(value))


def members(kind: type) -> list[str]:
    """The public members that a class has from neurosim."""
    own = [base for base in kind.__mro__ if base.__module__.startswith("neurosim")]
    return sorted({name for base in own for name in vars(base) if not name.startswith("_")})


if __name__ == "__main__":
    sys.exit(main())
