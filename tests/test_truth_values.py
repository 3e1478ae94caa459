"""Functions of text take whole numbers and truth values as the numbers they stand for, on every engine."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.network.functions import ALONG, ELEMENTWISE, named

MORE = {"maximum": ", 0.5", "minimum": ", 0.5", "clip": ", 0.25, 0.75", "where": ", 1, 2"}
CALLS = [name for name in named(ELEMENTWISE) if name != "timestep"]


def values(calls, arguments, engine, precision="double"):
    """The value of each function for each argument, for three neurons."""
    lines = {
        f"y{n}": f"{call}({argument}{MORE.get(call, '')})"
        for n, (call, argument) in enumerate((c, a) for a in arguments for c in calls)
    }
    text = "\n".join(["u = 0.7*i", *(f"{name} = {call}" for name, call in lines.items())])
    cells = ns.Neurons("cells", 3, update=text)
    with np.errstate(all="ignore"):
        asked = {
            "ticks": 1,
            "record": [f"cells.{name}" for name in lines],
            "engine": engine,
            "precision": precision,
        }
        found = ns.run(ns.Network(cells, schedule=ns.Synchronous()), **asked)
    return {call: found[f"cells.{name}"][0] for name, call in lines.items()}


@pytest.mark.parametrize("precision", ["double", "single"])
def test_functions_take_truth_values_and_whole_numbers_as_numbers(engine, precision):
    calls = CALLS if engine == "events" else [*CALLS, *named(ALONG)]
    found = values(calls, ["u > 1", "i - 1", "1"], engine, precision)
    wanted = values(calls, ["1.0*(u > 1)", "1.0*i - 1.0", "1.0"], "reference")
    for (call, value), want in zip(found.items(), wanted.values(), strict=True):
        close = {"rtol": 1e-12, "atol": 0} if precision == "double" else {"rtol": 1e-5, "atol": 1e-6}
        assert np.allclose(value, want, equal_nan=True, **close), call
