"""A session gives what one run gives, however it is cut, and what it changes can be replayed."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from build_side import needs_compiler

import neurosim as ns
from neurosim.units import ms, mV

RNG = np.random.default_rng(0)
ENGINES = ["reference", pytest.param("events", marks=needs_compiler)]
CUTS = (1, 1, 7, 13, 1, 17)
TICKS = sum(CUTS)
NUMBERS, RASTER = RNG.normal(size=(TICKS, 4)), RNG.random((TICKS, 10)) < 0.1
RECORD = {"cells": 1, "cells.v": 1, "plastic.w": 5, "out": 2, "cells[:3].I": 1, "knobs": 3}


def loop() -> ns.Network:
    """Noise, driven numbers and spikes, plain and plastic synapses, several delays, and a graded readout."""
    noise = ns.Neurons("noise", 20, threshold="rand() < 0.1")
    knobs, ears = ns.Neurons("knobs", 4), ns.Neurons("ears", 10)
    cells = ns.Neurons(
        "cells", 30,
        equations="dv/dt = (I - v)/(20*ms) : 1 (unless refractory)\nr = 2*v + t/second : 1\ns = I + v : 1",
        threshold="v > 1", reset="v = 0", refractory=3 * ms, ports="I",
    )  # fmt: skip
    out = ns.Neurons("out", 3, update="y = 0.9*y + I")
    some = ns.probability(0.3)
    return ns.Network(
        ns.Synapses(noise, cells, weight=ns.uniform(0, 4), wiring=some, delay=ns.uniform(0 * ms, 4 * ms)),
        ns.Synapses(ears, cells, weight=3, wiring=some, delay=2 * ms),
        ns.Synapses(knobs, out, weight=0.5),
        ns.Synapses(cells, out, weight=0.1, delay=1 * ms),
        ns.Synapses(
            cells, cells, name="plastic", wiring=some, weight=0.1, delay=1 * ms,
            model="w : 1", on_pre="I_post += w\nw = clip(w - 0.001, 0, 1)",
        ),
        schedule=ns.Clock(1 * ms),
    )  # fmt: skip


NET = loop()


def opened(engine="reference", **more) -> ns.Session:
    given = dict(inputs={"ears": "spikes"}, record=RECORD, seed=3, engine=engine) | more
    return ns.session(NET, **given)


def same(a: ns.Recording, b: ns.Recording, *, final=True):
    for name in a.names:
        if a.probe(name).events:
            for field in ("trial", "tick", "neuron"):
                np.testing.assert_array_equal(
                    getattr(a.spikes(name), field), getattr(b.spikes(name), field), name
                )
        else:
            np.testing.assert_array_equal(np.asarray(a[name]), np.asarray(b[name]), name)
    for key in a.final if final else ():
        np.testing.assert_array_equal(a.final[key], b.final[key], key)


def step(session: ns.Session, first: int, ticks: int):
    part = slice(first, first + ticks)
    session.advance(ticks * ms, {"knobs": NUMBERS[part], "ears": RASTER[part]})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("trials", "threads", "precision"), [(None, 2, "double"), (2, 1, "single")])
def test_a_session_gives_what_one_run_gives(engine, trials, threads, precision, tmp_path):
    how = dict(engine=engine, trials=trials, threads=threads, precision=precision)
    whole = ns.run(NET, {"knobs": NUMBERS, "ears": RASTER}, record=RECORD, seed=3, **how)
    for to in (None, tmp_path / "run.h5"):
        with opened(**how, duration=TICKS * ms, to=to) as session:
            first = 0
            for ticks in CUTS:
                step(session, first, ticks)
                spikes, all_spikes = session.spikes("cells"), whole.spikes("cells")
                mine = (all_spikes.tick >= first) & (all_spikes.tick < first + ticks)
                assert spikes.tick.tolist() == all_spikes.tick[mine].tolist()
                assert spikes.neuron.tolist() == all_spikes.neuron[mine].tolist()
                first += ticks
                values = session["cells.v"]
                assert values.shape == ((2, 30) if trials else (30,))
                np.testing.assert_allclose(session["cells.r"], 2 * values + session.time)
            assert session.ticks == TICKS and session.time == pytest.approx(TICKS / 1000)
        with session.recording as recording:
            same(whole, recording)
            np.testing.assert_array_equal(recording.inputs["knobs"], whole.inputs["knobs"])
            assert recording.stopped == "end"
            if to:
                assert ns.replay(to)


def changed(session: ns.Session) -> ns.Recording:
    """What a session recorded that changed all that can be changed."""
    with session:
        session.advance(5 * ms, {"knobs": 0.5, "ears": (np.array([0, 2, 3]) * ms, [1, 2, 3])})
        session["cells.v"] = 0.5
        session["cells[:5].not_refractory"] = False
        session["plastic.w"] = session["plastic.w"] * 2
        session.advance(1)
        session["cells.I"] = 3.0
        session["cells[7:9].v"] = [0.1, 0.2]
        session["out.y"] = -1
        session.advance(20, {"knobs": np.ones((20, 4))})
        session["cells[:5].not_refractory"] = True
        session.advance(0)
        session.advance(9 * ms)
    return session.recording


def test_changes_act_alike_on_engines_and_are_replayed(tmp_path):
    expected = changed(opened())
    assert len(expected.changes) == 7 and expected.changes[0].name == "cells.v"
    kept = expected["cells.v"]
    assert np.all(kept[5][:5] == 0.5) and np.all(kept[6][:5] == 0.5)  # refractory, as after a spike
    assert ns.replay(expected)
    unchanged = ns.run(NET, {"knobs": np.zeros((35, 4)), "ears": ([], [])}, record=RECORD, seed=3)
    assert len(unchanged.spikes("cells")) != len(expected.spikes("cells"))
    for how in (dict(engine="events", threads=1), dict(engine="events", threads=2, to=tmp_path / "run.h5")):
        if not needs_compiler.args[0]:
            again = changed(opened(**how))
            same(expected, again, final=False)
            assert ns.replay(again)
    changed(opened(to=tmp_path / "run.h5", compression=1)).close()
    with ns.open(tmp_path / "run.h5") as recording, recording.to_file(tmp_path / "copy.h5") as copy:
        same(expected, recording)
        same(recording, copy)
        assert ns.replay(copy) and len(copy.changes) == 7


def test_it_goes_on_from_a_recording_and_trials_differ():
    whole = ns.run(NET, {"knobs": NUMBERS, "ears": RASTER}, record=["cells.v"], seed=3, trials=2)
    half = ns.run(NET, {"knobs": NUMBERS[:10], "ears": RASTER[:10]}, seed=3, trials=2)
    with opened(seed=None, start=half, record=["cells.v"]) as session:
        step(session, 10, TICKS - 10)
        assert session["cells.v"].shape == (2, 30) and not np.array_equal(*session["cells.v"])
    np.testing.assert_array_equal(session.recording["cells.v"], whole["cells.v"][:, 10:])
    one = {"knobs": np.stack([NUMBERS, NUMBERS]), "ears": ([0, 1], [3, 4], [0, 0])}
    with opened(trials=2, record=["ears", "knobs"]) as session:
        session.advance(TICKS, one)
    assert session.recording.spikes("ears").trial.tolist() == [0, 1]
    with opened(trials=2, record=["ears"]) as session:
        session.advance(5, {"ears": ([3], [4])})
    assert session.recording.spikes("ears").trial.tolist() == [0, 1]


@pytest.mark.parametrize("engine", [*ENGINES, "arrays"])
def test_what_is_sent_is_sent_anew_after_a_change(engine):
    """Over a delay of 1 the changed value arrives; with Clock the message of the last tick stays."""
    pytest.importorskip("jax")
    x, a = ns.Neurons("x", 2), ns.Neurons("a", 2, update="y = y + 1 + I")
    b = ns.Neurons("b", 2, update="z = I")
    parts = ns.Synapses(a, b, wiring=ns.one_to_one(), delay=1), ns.Synapses(x, a, wiring=ns.one_to_one())
    with ns.session(ns.Network(*parts, schedule=ns.Layered()), record=["b"], engine=engine) as session:
        session.advance(2)
        session["a.y"] = 10
        assert session["a"].tolist() == [10, 10]
        session.advance(2)
        assert session["b"].tolist() == [11, 11] and session["x"].tolist() == [0, 0]
    assert session.recording["b"][:, 0].tolist() == [0, 1, 10, 11]
    assert session.engine == engine and ns.replay(session.recording)
    clocked = ns.Network(ns.Synapses(a, b, wiring=ns.one_to_one(), delay=1 * ms), schedule=ns.Clock(1 * ms))
    with ns.session(clocked, record=["b.z"], engine=engine) as session:
        session.advance(3)
        session["a.y"] = 10
        session.advance(3)
    assert session.recording["b.z"][:, 0].tolist() == [0, 0, 0, 1, 2, 10]


@needs_compiler
def test_a_sweep_sees_what_was_changed():
    unit = ns.Neurons("unit", 3, update="s = I")
    net = ns.Network(
        ns.Synapses(unit, unit, weight=1.0, wiring=ns.all_to_all(to_self=False)), schedule=ns.Asynchronous()
    )
    found = []
    for engine in ("reference", "events"):
        with ns.session(net, {"unit": "numbers"}, engine=engine) as session:
            session.advance(1)
            session["unit.s"] = [1, 2, 4]
            session.advance(2, {"unit": [np.nan, 5, np.nan]})
            found.append(session["unit.s"])
    np.testing.assert_array_equal(*found)
    assert found[0][1] == 5


def test_arrays_change_what_they_hold_and_repeat_how_it_was_cut(tmp_path):
    pytest.importorskip("jax")
    x, cells = ns.Neurons("x", 3), ns.Neurons(
        "cells", 4, equations="dv/dt = (I - v)/(5*ms) : 1 (unless refractory)", threshold="v > 1",
        reset="v = 0", refractory=2 * ms, ports="I",
    )  # fmt: skip
    net = ns.Network(
        ns.Synapses(x, cells, weight=ns.normal(2, 1)), ns.Synapses(cells, cells, delay=1 * ms),
        schedule=ns.Clock(1 * ms),
    )  # fmt: skip
    found = []
    for engine in ("arrays", "reference"):
        with ns.session(net, record=["cells", "cells.v"], engine=engine, to=tmp_path / "run.h5") as session:
            for _ in range(4):
                session.advance(3, {"x": [1, 0.5, 0.2]})
            assert session["cells.not_refractory"].dtype == bool
            session["cells[:2].not_refractory"] = [False, True]
            session["cells.I"] = 0.5
            assert session["cells.I"].tolist() == [0.5] * 4
            session.advance(5)
            found.append((session["cells.v"], session.spikes("cells").tick.tolist()))
        with session.recording, session.recording.to_file(tmp_path / "copy.h5") as copy:
            assert ns.replay(copy)
    np.testing.assert_allclose(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    out = ns.Neurons("out", 2, update="y = I")
    graded = ns.Network(ns.Synapses(x, out), schedule=ns.Layered())
    with ns.session(graded, engine="arrays") as session:
        with pytest.raises(ns.EngineError, match="holds no value of 'out.I'"):
            session["out.I"] = 1.0
        assert session["out.I"].tolist() == [0, 0]
        session["out.y"] = 3


@pytest.fixture
def python_handles_ctrl_c():
    """Brian2 may have put a handler in place that cannot call the one before it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def fail_in(session: ns.Session):
    with session:
        step(session, 0, 5)
        raise ZeroDivisionError


def test_an_error_and_ctrl_c_leave_a_valid_recording(tmp_path, python_handles_ctrl_c):
    session = opened(to=tmp_path / "run.h5")
    with pytest.raises(ZeroDivisionError):
        fail_in(session)
    assert session.recording.stopped == "interrupted" and session.recording.ticks == 5
    session.recording.close()
    with ns.open(tmp_path / "run.h5") as recording:
        assert ns.replay(recording) and "a session that was interrupted" in str(recording)
    if os.name == "posix":
        session, process, begun = opened(), os.getpid(), time.monotonic()
        threading.Timer(0.3, lambda: os.kill(process, signal.SIGINT)).start()
        with session, pytest.raises(KeyboardInterrupt):
            session.advance(10**6)
        assert time.monotonic() - begun < 20
        assert 0 < session.recording.ticks == session.ticks < 10**6 and ns.replay(session.recording)
        assert session.recording.inputs["knobs"].shape[1] == session.ticks
        before, other = signal.getsignal(signal.SIGINT), opened()
        other.advance(1)
        assert signal.getsignal(signal.SIGINT) != before
        with pytest.raises(KeyboardInterrupt):  # between advances, Ctrl-C does what it did before
            signal.raise_signal(signal.SIGINT)
        other.advance(1)
        other.close()
        assert signal.getsignal(signal.SIGINT) == before and other.recording.ticks == 2


def test_a_session_without_records_keeps_its_inputs(tmp_path, monkeypatch):
    with opened(record=(), to=tmp_path / "run.h5") as session:
        session._writer._flushed -= 10
        step(session, 0, 5)
        step(session, 5, 5)
    np.testing.assert_array_equal(session.recording.inputs["knobs"][0], NUMBERS[:10])
    session.recording.close()
    session = opened(record=())
    monkeypatch.setattr("neurosim.recording.session_log.MOST_PIECES", 7)
    for _ in range(25):
        session.advance(1)
    assert repr(session) == "<Session: 25 ticks on reference>"
    session.close()
    session.close()
    assert session.recording.inputs["knobs"].shape == (1, 25, 4)


COMPLAINTS = {
    "was not announced": lambda s: s.advance(1, {"cells": 1}),
    "is not a dict. Give {population: array}": lambda s: s.advance(1, [1]),
    "is no population of this network": lambda s: s.advance(1, {"nobody": 1}),
    "numbers were announced": lambda s: s.advance(1, {"knobs": np.ones((1, 4), bool)}),
    "is in V instead of 1": lambda s: s.advance(1, {"knobs": 1 * mV}),
    "has shape (3,). Give (2, 4)": lambda s: s.advance(2, {"knobs": np.ones(3)}),
    "holds NaN or infinity": lambda s: s.advance(1, {"knobs": np.full(4, np.nan)}),
    "raster of one tick where 2 run": lambda s: s.advance(2, {"ears": np.ones(10, bool)}),
    "spikes were announced": lambda s: s.advance(1, {"ears": 1.0}),
    "has a spike in tick 5": lambda s: s.advance(2, {"ears": ([5], [0])}),
    "has a spike in trial 1": lambda s: s.advance(2, {"ears": ([1], [1], [0])}),
    "is not a multiple of dt": lambda s: s.advance(1.5 * ms),
    "0 to 20 are left. Give a larger duration": lambda s: s.advance(21),
    "session: advance: 1.5 is not": lambda s: s.advance(1.5),
    "there is no population 'nobody'": lambda s: s["nobody.v"],
    "has no variable 'w'": lambda s: s["cells.w"],
    "With on_pre": lambda s: s["knobs_to_out.w"],
    "Use session.spikes('cells')": lambda s: s["cells"],
    "reads the port 'I'": lambda s: s["cells.s"],
    "'out' is never refractory": lambda s: s["out.not_refractory"],
    "is a subexpression": lambda s: s.__setitem__("cells.r", 1),
    "is a message": lambda s: s.__setitem__("out", 1),
    "is in V. Give it in 1": lambda s: s.__setitem__("cells.v", 1 * mV),
    "contains NaN": lambda s: s.__setitem__("cells.v", np.nan),
    "has shape (30,), the new values (7,)": lambda s: s.__setitem__("cells.v", np.ones(7)),
    "is no population that spikes": lambda s: s.spikes("out"),
}


def test_what_does_not_fit_is_refused_before_anything_runs(tmp_path):
    with opened(duration=20 * ms) as session:
        for message, wrong in COMPLAINTS.items():
            with pytest.raises(ns.DescriptionError) as refused:
                wrong(session)
            assert message in str(refused.value)
            assert session.ticks == 0
        with pytest.raises(ns.RecordingError, match="before the session ends"):
            session.recording  # noqa: B018
    with pytest.raises(ns.EngineError, match="has ended"):
        session.advance(1)
    cells, spiking = NET.populations["out"], NET.populations["cells"]
    wrong = {
        "is not a dict": dict(inputs=["ears"]),
        "'drums' is not a kind": dict(inputs={"ears": "drums"}),
        "the inputs themselves go to advance": dict(inputs={"ears": np.ones((3, 10))}),
        "does not take spikes here": dict(inputs={cells: "spikes"}),
        "too many": dict(ticks=2**40),
        "must know how long": dict(trials=2, to=tmp_path / "run.h5"),
        "start has 2 trials": dict(
            seed=None, trials=3, start=ns.run(NET, {"knobs": NUMBERS[:1], "ears": RASTER[:1]}, trials=2)
        ),
    }
    for message, arguments in wrong.items():
        with pytest.raises(ns.DescriptionError, match=message):
            opened(**arguments)
    with pytest.raises(ns.PlanError, match="weight of unit 1 times message gives V"):
        opened(inputs={"ears": mV})
    with opened(inputs={"ears": 1, spiking: "spikes"}, record=()) as session:
        session.advance(1, {"ears": 1, spiking: ([0], [3])})
        assert session.spikes(spiking).neuron.tolist() == [3]
        with pytest.raises(ns.DescriptionError, match="is clamped by spikes, and has no input"):
            session.advance(1)


def test_a_session_whose_trials_cannot_be_opened_frees_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("neurosim.engine.reference.open_state", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        opened(to=tmp_path / "run.h5")
    monkeypatch.undo()
    opened(to=tmp_path / "run.h5").close()


def test_a_parameter_in_the_coefficients_of_the_equations_is_not_changed_in_vain():
    text = dict(equations="dv/dt = z/ms : 1\nz : 1", threshold="v > limit", reset="v = 0", method="euler")
    cells = ns.Neurons("cells", 2, **text, z=1.0, limit=10.0)
    net = ns.Network(cells, schedule=ns.Clock(1 * ms))
    with ns.session(net, engine="reference") as session:
        session.advance(3)
        with pytest.raises(ns.DescriptionError, match=r"'cells\[:1\].z' is a parameter that no text changes"):
            session["cells[:1].z"] = 2.0
    with ns.session(net, start=(session.recording, {"cells.z": [2, 3]}), engine="reference") as session:
        session.advance(2)
        assert session["cells.v"].tolist() == [7, 9]
