"""One run, in a process of its own: `child.py network function options-as-JSON`. Prints what it measured as
the last line."""

import importlib
import json
import sys

MARK = "measured: "


def main(network: str, function: str, options: str) -> None:
    """Call the function, and print its numbers and the most memory that this process had."""
    found = getattr(importlib.import_module(f"networks.{network}"), function)(**json.loads(options))
    print(f"\n{MARK}{json.dumps({'memory': peak_memory(), **found})}", flush=True)


def peak_memory() -> float:
    """The most memory this process had so far, in GB; what compilers needed is not in it."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e9 if sys.platform == "darwin" else 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:4])
