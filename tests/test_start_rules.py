"""What a continued run takes from the recording, and what from the network that it is given."""

import numpy as np
import pytest
from refusals_side import D, check

import neurosim as ns
from neurosim.units import ms, mV

EARS = {"ears": (np.array([1]), np.array([0]))}


def network(drive=1.0, weight=2.0, gain=3.0, first=0.5, declared=True, text="hits = hits + 1"):
    lines = "dv/dt = (drive - v)/(5*ms) : 1\nhits : 1" + ("\ndrive : 1" if declared else "")
    cells = ns.Neurons(
        "cells", 2, equations=lines, drive=drive, hits=first, threshold="v > 0.15", reset=f"v = 0\n{text}"
    )
    plastic = ns.Synapses(
        ns.Neurons("ears", 2), cells, name="plastic", weight=weight, gain=gain, count=first,
        model="gain : 1\ncount : 1", on_pre="v_post += w*gain\ncount += 1",
    )  # fmt: skip
    return ns.Network(plastic, schedule=ns.Clock(1 * ms))


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_parameters_come_from_the_network_and_what_text_writes_from_the_recording(engine):
    first = ns.run(network(), EARS, ticks=4, engine=engine)
    then = network(drive=50.0, weight=7.0, gain=9.0, first=100.0)
    found = ns.run(then, EARS, ticks=0, start=first, engine=engine).final
    np.testing.assert_array_equal(found["state/cells/drive"], [[50, 50]])
    np.testing.assert_array_equal(found["synapse/plastic/w"], [[7] * 4])
    np.testing.assert_array_equal(found["synapse/plastic/gain"], [[9] * 4])
    for key in ("state/cells/hits", "state/cells/v", "synapse/plastic/count"):
        np.testing.assert_array_equal(found[key], first.final[key])
    assert first.final["state/cells/hits"].max() > 1 and first.final["synapse/plastic/count"].max() == 1.5
    # The same network that was started from other values keeps these.
    started = ns.run(network(), EARS, ticks=1, start={"cells.drive": 8}, engine=engine)
    again = ns.run(network(), EARS, ticks=1, start=started, engine=engine)
    np.testing.assert_array_equal(again.final["state/cells/drive"], [[8, 8]])


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_recording_and_values_make_a_start_together(engine, tmp_path):
    first = ns.run(network(), EARS, ticks=4, engine=engine, trials=3)
    start = first, {"cells.v": 0.1, "cells.drive": [1, 2]}
    last = ns.run(
        network(drive=50.0), EARS, ticks=3, start=start, engine=engine, record="cells.v", to=tmp_path / "b.h5"
    )
    np.testing.assert_array_equal(last.final["state/cells/drive"], [[1, 2]] * 3)
    np.testing.assert_array_equal(last["cells.v"][:, 0], [[0.1, 0.1]] * 3)
    assert ns.replay(last).identical
    with pytest.raises(D) as raised:
        ns.run(network(), EARS, ticks=3, start=(last, {"cells.v": 0}), to=tmp_path / "b.h5")
    check(raised, ["b.h5", "would be lost", "another path"])


def test_a_parameter_that_was_a_constant_comes_from_the_network(engine):
    def alone(drive, declared):
        lines = "dv/dt = (drive - v)/(5*ms) : 1" + ("\ndrive : 1" if declared else "")
        cells = ns.Neurons("cells", 2, equations=lines, drive=drive)
        return ns.Network(cells, schedule=ns.Clock(1 * ms))

    first = ns.run(alone(1.0, False), ticks=4, engine=engine)
    second = ns.run(alone(5.0, True), ticks=1, start=first, engine=engine, record="cells.drive")
    np.testing.assert_array_equal(second["cells.drive"], [[5, 5]])
    third = ns.run(alone(6.0, False), ticks=1, start=second, engine=engine)
    v = second.final["state/cells/v"]
    np.testing.assert_allclose(third.final["state/cells/v"], 6 + (v - 6) * np.exp(-0.2), rtol=1e-12)


def test_a_pair_that_is_no_start_is_refused():
    first = ns.run(network(), EARS, ticks=2)
    cases = {
        "text": ((first, {"cells.v": "0.1*i"}), "'cells.v' is text", "Give numbers"),
        "unit": ((first, {"cells.v": 3 * mV}), "is in V", "Give it in"),
        "unknown": ((first, {"cells.u": 3}), "'cells.u' is no state variable", "'cells.v'"),
        "no values": ((first, 3), "3 is neither", "nor a pair of them"),
        "no recording": ((3, {"cells.v": 0.1}), "neither a Recording", "nor a pair of them"),
    }
    for start, *pieces in cases.values():
        with pytest.raises(D) as raised:
            ns.run(network(), EARS, ticks=1, start=start)
        check(raised, pieces)
