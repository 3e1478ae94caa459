"""Scripts written for Brian2's standalone mode, which repeat their runs with other values."""

from collections.abc import Generator

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms

import neurosim.brian  # noqa: F401
from neurosim import NeurosimError


@pytest.fixture(autouse=True)
def standalone() -> Generator[None]:
    """The device is chosen as a script of the standalone mode chooses it."""
    b2.set_device("neurosim", engine="reference", build_on_run=False)
    b2.defaultclock.dt = 0.1 * ms
    yield
    b2.set_device("runtime")


def test_runs_are_repeated_from_the_beginning_with_other_values():
    drive = b2.TimedArray([1.0, 3.0], dt=2 * ms)
    cells = b2.NeuronGroup(2, "dv/dt = (drive(t) - v)/tau : 1\ngain : 1", method="exact", name="repeated")
    record = b2.StateMonitor(cells, "v", record=True)
    b2.run(2 * ms, namespace={"tau": 5 * ms, "drive": drive})
    b2.run(2 * ms, namespace={"tau": 10 * ms, "drive": drive})
    b2.device.build(run=False)

    def after(begins: float, low: float, high: float) -> float:
        one = low + (begins - low) * np.exp(-2 / 5)
        return float(high + (one - high) * np.exp(-2 / 10))

    np.testing.assert_allclose(cells.v[:], after(0.0, 1.0, 3.0))
    b2.device.run(run_args={cells.v: [0.5, 2.0], drive: np.array([4.0, 6.0])})
    np.testing.assert_allclose(cells.v[:], [after(0.5, 4.0, 6.0), after(2.0, 4.0, 6.0)])
    assert record.v.shape == (2, 40)
    b2.device.run(directory=None, results_directory="not_written", with_output=False)
    np.testing.assert_allclose(cells.v[:], after(0.0, 1.0, 3.0))


def test_what_cannot_be_repeated_is_refused():
    with pytest.raises(NeurosimError, match="there is no run to repeat"):
        b2.device.run()
    cells = b2.NeuronGroup(1, "v : 1", name="not_repeated")
    b2.run(0.1 * ms)
    with pytest.raises(NeurosimError, match="texts for a compiled program"):
        b2.device.run(run_args=["cells.v=1"])
    with pytest.raises(NeurosimError, match="Give variables such as cells.v"):
        b2.device.run(run_args={"v": 1.0})
    assert cells.v[0] == 0.0
