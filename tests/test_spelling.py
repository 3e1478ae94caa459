"""Names in text mean what Python reads them as, however they are typed; comments do not reach the code;
different names stay different in C++."""

import numpy as np
import pytest
from build_side import needs_compiler

import neurosim as ns
from neurosim.engine.events.comments import commented
from neurosim.engine.events.loops import identifier
from neurosim.engine.events.sharing import plain
from neurosim.plan.plan import Block
from neurosim.units import ms

MICRO, MU = "\u00b5", "\u03bc"  # the sign on a keyboard, and the Greek letter that Python reads it as


def test_the_micro_sign_is_the_letter_mu_wherever_a_name_is_given():
    text = f"d{MICRO}/dt = ({MU}0 - {MICRO})/(10*ms) : 1"
    cells = ns.Neurons("cells", 2, equations=text, sends=MICRO, ports=f"I {MICRO}1", **{f"{MICRO}0": 2.0})
    net = ns.Network(ns.Synapses(cells, cells, to=f"{MICRO}1", delay=1 * ms), schedule=ns.Clock(1 * ms))
    recording = ns.run(net, ticks=4, record=f"cells.{MICRO}", start={f"cells.{MICRO}": 1.0})
    for name in (f"cells.{MICRO}", f"cells.{MU}"):
        np.testing.assert_allclose(recording[name][:, 0], 2 - np.exp(-np.arange(4) / 10))


def test_two_constants_that_are_one_name_in_text_are_refused():
    with pytest.raises(ns.DescriptionError, match="are one name in text"):
        ns.Neurons("cells", 2, update=f"v = {MU}", **{MICRO: 1.0, MU: 2.0})


def test_a_constant_called_self_is_refused_by_name():
    with pytest.raises(ns.DescriptionError, match="'self' is a word of Python's"):
        ns.Neurons("cells", 2, update="v = self", self=1.0)


@pytest.mark.parametrize("end", ["\\", "\\ \\", "\\ \t\\ ", "??/", "\x1b", "\u202e", "*/ int x;"])
def test_a_comment_ends_where_its_line_ends(end):
    for line in commented(Block(name="update", text=f"v = 1 # a {end}\nw = 2", statements=(), writes=())):
        assert line.startswith("//")
        assert line.isprintable()
        assert not line.rstrip().endswith(("\\", "??/"))


def test_different_names_stay_different_in_cpp():
    names = ["a", "Z", "ZZ", "Ze9_", "\u00e9", "\u00e8", "e9", "_", "__", "a_b"]
    assert len({plain(identifier(name)) for name in names}) == len(names)
    assert all(plain(identifier(name)).isascii() for name in names)


@needs_compiler
def test_names_of_any_script_run_on_events():
    """Populations and variables whose names would run together, or mean something, in C++."""
    pulse = ns.Neurons(
        "a_b",
        3,
        update="\u00e9 = \u00e9 + 0.4 # \\ \\\nclass_ = class_ + 1",
        threshold="\u00e9 > 1",
        reset="\u00e9 = 0 # \\",
    )
    first = ns.Neurons("\u00e9", 3, update="double = 0.5*double + I")
    second = ns.Neurons("\u00e8", 3, update="M_PI = M_PI + I")
    net = ns.Network(
        ns.Synapses(pulse, first, delay=1), ns.Synapses(first, second, delay=1), schedule=ns.Synchronous()
    )
    record = ["a_b", "a_b.class_", "\u00e9.double", "\u00e8.M_PI"]
    one, other = (ns.run(net, ticks=12, record=record, engine=engine) for engine in ("reference", "events"))
    for name in record:
        np.testing.assert_array_equal(np.asarray(one[name]), np.asarray(other[name]))
