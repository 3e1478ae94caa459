"""Runs one Brian2 script unchanged, with shorter runs, and saves what its objects hold at the end.

    python tests/brian/script_run.py SCRIPT OUT.npz --device neurosim --seconds 0.05 --runs 4 --seed 1

`examples.py` starts it in a process of its own. Nothing in the script is changed: `Network.run` is wrapped,
what `surroundings.py` names is put in the place of other devices and of pools of processes, and pictures are
drawn without a screen.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from surroundings import OneRun, Standalone, in_one_process

os.environ["MPLBACKEND"] = "agg"
STEPS = ("_timebins", "_spikespace", "_lastindex", "_period_bins")  # what objects keep for themselves


class EnoughRuns(BaseException):
    """Ends a script that has run often enough."""


class Watch:
    """Wraps `Network.run`, and remembers the objects of every network that ran."""

    def __init__(self, seconds: float | None, runs: int):
        from brian2 import Network

        self.seconds, self.runs, self.done, self.cut = seconds, runs, 0, False
        self.networks: dict[str, list[Any]] = {}
        self.standalone = Standalone(self.count, Network.run)

    def count(self) -> None:
        """Called before each run; ends the script that has run often enough."""
        if self.done >= self.runs:
            self.cut = True
            raise EnoughRuns
        self.done += 1

    def install(self) -> None:
        """Put it in the place of `Network.run`."""
        from brian2 import Network, second
        from brian2.core.namespace import get_local_namespace

        watch, inner = self, Network.run

        def run(net: Any, duration: Any, *args: Any, level: int = 0, **kwargs: Any) -> None:
            watch.count()
            things = watch.networks.setdefault(str(net.id), [])
            things += [thing for thing in net.sorted_objects if not any(thing is known for known in things)]
            short = duration if watch.seconds is None else min(duration, watch.seconds * second)
            watch.cut |= bool(short < duration)
            known = kwargs.get("namespace") or get_local_namespace(level + 1)
            options = {**kwargs, "namespace": known}
            watch.standalone.remember(OneRun(net, short, options, frozenset(net.objects)))
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
    parser.add_argument(
        "--same",
        type=int,
        default=0,
        help="1: the random numbers of Brian2's numpy target (engine reference)",
    )
    args = parser.parse_args()
    script, out = args.script.resolve(), args.out.resolve()
    warnings.simplefilter("ignore")
    import brian2

    brian2.BrianLogger.log_level_error()
    watch = Watch(args.seconds or None, args.runs)
    watch.install()
    watch.standalone.install(args.device, {"engine": args.engine} if args.device == "neurosim" else {})
    in_one_process()
    seeded(args.seed)
    if args.same and args.device == "neurosim":
        from same_numbers import same_random_numbers

        same_random_numbers()
    random = random_runs() if args.device == "neurosim" else []
    error = ""
    sys.argv, sys.path[0] = [str(script)], str(script.parent)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for beside in script.parent.iterdir():  # data that the script reads, away from where it writes
            if beside.is_file() and beside.suffix != ".py":
                shutil.copy(beside, folder)
        os.chdir(folder)
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
    values = {f"value:{key}": value for key, value in found.items()}
    facts = {"error": error, "random": bool(any(random)), "runs": watch.done, "cut": watch.cut}
    np.savez(out, **values, **facts, took=time.monotonic() - begun)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
