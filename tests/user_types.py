"""Checks what a type checker knows of neurosim: `python tests/user_types.py`, which takes pyright some ten
seconds.

A script of a user's that names every public function, class and method is written and given to pyright. What
is printed is each name that pyright does not know, whose type it cannot tell, or that returns `Any`. Exit
status 1 if there is one.
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
        pyright = [
            os.environ.get("PYRIGHT", Path(sys.executable).with_name("pyright")),
            "--outputjson",
            "--pythonpath",
            sys.executable,
        ]
        done = subprocess.run([*pyright, script], text=True, capture_output=True, cwd=ROOT)
    problems = []
    for found in json.loads(done.stdout)["generalDiagnostics"]:
        expression = expressions[found["range"]["start"]["line"] - 1]
        if is_vague(found["message"], found["severity"]) and not any(
            re.search(p, expression) for p in UNTYPED
        ):
            problems.append(f"{expression}: {found['message']}")
    print("\n".join(problems) or f"{len(expressions)} public names have types.")
    return int(bool(problems))


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
