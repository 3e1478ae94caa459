"""Runs one Brian2 script unchanged, with shorter runs, and saves what its objects hold at the end.

    python tests/brian/script_run.py SCRIPT OUT.npz --device neurosim --seconds 0.05 --runs 4 --seed 1

`examples.py` starts it in a process of its own. Nothing in the script is changed: `Network.run` is wrapped,
other devices that the script asks for are ignored, and pictures are drawn without a screen.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

os.environ["MPLBACKEND"] = "agg"
STEPS = ("_timebins", "_spikespace", "_lastindex", "_period_bins")  # what objects keep for themselves


class EnoughRuns(BaseException):
    """Ends a script that has run often enough."""


class Watch:
    """Wraps `Network.run`, and remembers the objects of every network that ran."""

    def __init__(self, seconds: float | None, runs: int):
        self.seconds, self.runs, self.done = seconds, runs, 0
        self.networks: dict[str, list[Any]] = {}

    def install(self) -> None:
        from brian2 import Network, second

        inner, watch = Network.run, self

        def run(net: Any, duration: Any, *args: Any, level: int = 0, **kwargs: Any) -> None:
            if watch.done >= watch.runs:
                raise EnoughRuns
            watch.done += 1
            things = watch.networks.setdefault(str(net.id), [])
            things += [thing for thing in net.sorted_objects if not any(thing is known for known in things)]
            short = duration if watch.seconds is None else min(duration, watch.seconds * second)
            inner(net, short, *args, level=level + 1, **kwargs)

        Network.run = run


def collected(networks: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """The arrays of all objects, by the number of the network, the name of the object and the variable."""
    from brian2.core.variables import ArrayVariable

    found: dict[str, np.ndarray] = {}
    for number, things in enumerate(networks.values()):
        for thing in things:
            variables = getattr(thing, "variables", {})
            for name, variable in dict(variables).items():
                mine = isinstance(variable, ArrayVariable) and variable.owner.name == thing.name
                if mine and name not in STEPS and not (name.startswith("_") and "synaptic" not in name):
                    found[f"{number}/{type(thing).__name__}/{thing.name}/{name}"] = np.array(
                        variable.get_value()
                    )
    return found


def ignore_devices(chosen: str, options: dict[str, Any]) -> None:
    """Take the chosen device, and let the script's own choice be without effect."""
    import brian2
    from brian2.devices import device as proxy  # noqa: F401

    if chosen == "neurosim":
        import neurosim.brian  # noqa: F401

        brian2.set_device("neurosim", **options)
    else:
        brian2.prefs.codegen.target = chosen
    active = brian2.get_device()
    active.build = lambda *args, **kwargs: None
    for module in (brian2, sys.modules["brian2.devices"], sys.modules["brian2.devices.device"]):
        module.set_device = lambda *args, **kwargs: None
    active.delete = active.reinit = lambda *args, **kwargs: None


def seeded(seed: int) -> None:
    """Set all seeds; those that the script sets are shifted, so that they differ between runs, too."""
    import brian2

    own, numpys = brian2.seed, np.random.seed
    np.random.seed(seed)
    own(seed)

    def brian2_seed(given: int | None = None) -> None:
        own(seed if given is None else given + seed - 1)

    def numpy_seed(given: Any = None) -> None:
        numpys(seed if given is None else given + seed - 1)

    brian2.seed, np.random.seed = brian2_seed, numpy_seed


def random_runs() -> list[bool]:
    """A list that fills with whether each run on the device draws random numbers."""
    from neurosim.brian import seeds

    found: list[bool] = []
    inner = seeds.is_random

    def is_random(plan: Any) -> bool:
        found.append(inner(plan))
        return found[-1]

    seeds.is_random = is_random
    return found


def main() -> None:
    """Run a script as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("script", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--device", default="neurosim", help="'neurosim', or a target of Brian2 such as 'numpy'"
    )
    parser.add_argument("--engine", default="auto")
    parser.add_argument(
        "--seconds", type=float, default=0.05, help="how long each run may be; 0: as in the script"
    )
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    script, out = args.script.resolve(), args.out.resolve()
    warnings.simplefilter("ignore")
    import brian2

    brian2.BrianLogger.log_level_error()
    watch = Watch(args.seconds or None, args.runs)
    watch.install()
    ignore_devices(args.device, {"engine": args.engine} if args.device == "neurosim" else {})
    seeded(args.seed)
    random = random_runs() if args.device == "neurosim" else []
    error = ""
    sys.argv, sys.path[0] = [str(script)], str(script.parent)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(script.parent if any(script.parent.glob("*.txt")) else folder)
        try:
            runpy.run_path(str(script), run_name="__main__")
        except (EnoughRuns, SystemExit):
            pass
        except BaseException as problem:
            chain = [problem, problem.__cause__ or problem.__context__]
            error = next((f"{type(e).__name__}: {e}" for e in chain if type(e).__name__ == "Refused"), "")
            error = error or f"{type(problem).__name__}: {chain[1] or problem}"
            traceback.print_exc()
        os.chdir(tempfile.gettempdir())
    found = collected(watch.networks)
    np.savez(out, **{f"value:{key}": value for key, value in found.items()}, error=error,
             random=bool(any(random)), runs=watch.done)  # fmt: skip
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
