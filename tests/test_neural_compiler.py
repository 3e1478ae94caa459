"""The neural compiler: networks compute exactly what their Pascal programs say."""

import numpy as np
import pytest
from pascal_oracle_side import Drawn, walked
from pascal_side import IN_LOOPS, PROGRAMS

import neurosim as ns
from neurosim import figures
from neurosim.models.neural_compiler import example, given, neural_compiler, written
from neurosim.models.pascal import cellular_code, connected, develop, parse
from neurosim.models.pascal.cellular import read

RECORD = ["output", "written"]


def run(net, numbers=(), ticks=4000, engine="events", record=RECORD, **options):
    inputs = given(numbers, ticks) if "inputs" in net.populations else None
    return ns.run(net, inputs, ticks=ticks, record=record, until="stable", engine=engine, **options)


def rows(source, numbers=(), **options):
    return written(run(neural_compiler(source), numbers, **options))


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_computed_exactly(name, engine):
    source, numbers, expected = PROGRAMS[name]
    net = neural_compiler(source, n_inputs=len(numbers) if name in IN_LOOPS else None)
    recording = run(net, numbers, engine=engine)
    assert written(recording) == expected
    assert not recording.final["state/neurons/arrived"].any()  # no token is left waiting for another one


@pytest.mark.parametrize("seed", range(12))
def test_a_random_program_writes_what_a_walk_through_its_tree_writes(seed):
    source = Drawn(np.random.default_rng(seed)).source()
    recording = run(neural_compiler(source), [seed - 5, 4])
    assert written(recording) == walked(source, [seed - 5, 4])
    assert not recording.final["state/neurons/arrived"].any()


def test_no_token_overtakes_another_one():
    """A neuron has at most one token from each of its senders."""
    for seed in range(20, 26):
        net = neural_compiler(Drawn(np.random.default_rng(seed)).source())
        recording = run(net, [seed, 3], record=["neurons.arrived", "neurons.fires"])
        incoming = np.zeros((net["neurons"].size,) * 2)
        pre, post = recording.edges("neurons_to_neurons_3")
        np.add.at(incoming, (post, pre), 1)
        arriving = np.asarray(recording["neurons.fires"])[:-1] @ incoming.T
        held = np.asarray(recording["neurons.arrived"])[:-1]
        needed = net["neurons"].constants["needed"].number
        assert np.all(held + arriving <= needed)


def test_engines_agree_tick_by_tick():
    """`test_arrays.py` compares the arrays engine on the same example."""
    one, two = (ns.run(**example(), engine=name) for name in ("reference", "events"))
    for name in one.names:
        assert np.array_equal(one[name], two[name])


def test_trials_are_runs_with_other_numbers():
    recording = ns.run(**example())
    assert [written(recording, trial) for trial in range(3)] == [[(12,)], [(21,)], [(1,)]]


def test_independent_operations_run_side_by_side():
    """A sum of eight squares takes as many ticks as its deepest path, not as its neurons."""
    names = "abcdefgh"
    squares = [f"{name}*{name}" for name in names]
    long = " + ".join(squares)
    short = "(({}+{})+({}+{}))+(({}+{})+({}+{}))".format(*squares)
    ticks = []
    for text in (long, short):
        listed = ",".join(names)
        net = neural_compiler(f"var {listed}: integer; begin readln({listed}); writeln({text}) end.")
        ticks.append(run(net, range(8)).ticks)
    assert ticks[0] - ticks[1] == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-7 div 2", -3), ("(-7) mod 2", -1), ("7 mod (-2)", 1), ("abs(x) + sqr(x)", 20),
        ("succ(x) * pred(x)", 15),
        ("ord(x > 0)", 0), ("1 + 2 * 3 - 4", 3), ("-x * 2", 8), ("x - -x", None), ("maxint", 2**52 - 1),
        ("x * 0", 0), ("(x)", -4), ("ord(not (x = 3) and true)", 1), ("ord((x <= -4) or (1 div 0 = 1))", 1),
        ("+x", -4), ("x div 3 * 3 + x mod 3", -4), ("0 - x", 4), ("ord(true <> false)", 1),
    ],
)  # fmt: skip
def test_operators(text, value):
    source = f"var x: integer; begin readln(x); writeln({text}) end."
    if value is None:
        with pytest.raises(ns.DescriptionError, match="line 1: found '-' where a value is needed"):
            neural_compiler(source)
    else:
        assert rows(source, [-4]) == [(value,)]


def test_large_numbers_are_exact():
    source = "var a, b: integer; begin readln(a, b); writeln(a div b, a mod b, a - b, a = b + 1) end."
    a, b = 2**52 - 1, 2**52 - 2
    assert rows(source, [a, b]) == [(1, 1, 1, 1)]
    assert rows(source, [a, 3]) == [(a // 3, a % 3, a - 3, 0)]
    with pytest.raises(ns.RecordingError, match="beyond maxint"):
        rows(source, [-a, a])


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ("writeln(a[1] div x)", "line 3: a division by 0"),
        ("writeln(1 mod x)", "line 3: a division by 0"),
        ("writeln(a[x])", "line 3: an index is out of range"),
        ("a[x + 4] := 1; writeln(1)", "line 3: an index is out of range"),
        ("writeln(b[1, x])", "line 3: an index is out of range"),
        ("writeln((maxint - x) * 2)", "line 3: a number is beyond maxint"),
        ("repeat x := 0 until x > 0; writeln(x)", "has not ended after 300 ticks"),
    ],
)
def test_a_program_that_fails_while_it_runs_says_where(statements, reason):
    declared = "var x: integer; a: array[1..3] of integer; b: array[1..2, 1..2] of integer;"
    recording = run(neural_compiler(f"program p;\n{declared}\nbegin {statements} end."), ticks=300)
    with pytest.raises(ns.RecordingError, match=reason):
        written(recording)


def test_what_is_no_program_is_refused():
    with pytest.raises(ns.DescriptionError, match="source 3 is no text"):
        neural_compiler(3)
    with pytest.raises(ns.DescriptionError, match="n_inputs: 0. Give a whole number"):
        neural_compiler("begin end.", n_inputs=0)
    with pytest.raises(ns.DescriptionError, match="nested too deeply"):
        neural_compiler(f"begin writeln({'(' * 3000}1{')' * 3000}) end.")
    with pytest.raises(ns.DescriptionError, match="are not whole"):
        given([1.5], 10)


def test_a_long_program_is_no_deep_one():
    source = f"var x: integer; begin {'x := x + 1; ' * 1500} writeln(x) end."
    assert rows(source) == [(1500,)]


def test_cellular_code_can_be_changed_by_hand():
    code = str(cellular_code(parse("begin writeln(41) end.")))
    net = connected(develop(read(code.replace("BIAS 41", "BIAS 42"))), 0)
    assert written(run(net)) == [(42,)]


def test_a_compiled_program_is_saved_replayed_and_drawn(tmp_path):
    path = tmp_path / "gcd.h5"
    ns.run(**example(), to=path).close()
    assert ns.replay(path).identical
    with ns.open(path) as opened:
        assert written(opened, 1) == [(21,)]
        assert figures.diagram(opened.network).texts
    ns.save(example()["net"], tmp_path / "net.h5")
    loaded = ns.run(**example() | {"net": ns.load(tmp_path / "net.h5")})
    assert written(loaded) == [(12,)]
