"""Variables of synapses in a recording: which value belongs to which synapse."""

import numpy as np
import pytest

import neurosim as ns


@pytest.mark.parametrize("compression", [0, 4])
def test_synapses_that_are_none_can_be_recorded_to_a_file(tmp_path, compression):
    cells = ns.Neurons("cells", 3, update="v = v + I")
    plastic = ns.Synapses(cells, cells, wiring=ns.probability(0), on_pre="I_post += w*v_pre", delay=1)
    net = ns.Network(plastic, schedule=ns.Synchronous())
    path, asked = tmp_path / "run.h5", {"ticks": 5, "record": {"cells_to_cells.w": 2, "cells": 1}, "engine": "reference"}
    with ns.run(net, **asked, to=path, compression=compression) as recording, ns.open(path) as opened:
        for found in (recording, opened, ns.run(net, **asked)):
            assert np.asarray(found["cells_to_cells.w"]).shape == (3, 0)
            assert np.asarray(found["cells"]).shape == (5, 3)
        assert "cells_to_cells.w  values  3 x 0" in str(opened)
        opened.to_file(tmp_path / "copy.h5").close()
    assert ns.replay(path).identical
