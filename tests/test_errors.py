"""Impossible runs are refused before the first tick; the error names object, value and remedy."""

import os

import numpy as np
import pytest
from nonsense import (
    CLOCK,
    SILENCE,
    SYNC,
    clocked,
    ears,
    heard,
    liquid,
    membrane,
    neurons,
    run,
    synapses,
)
from refusals_side import D, E, P, R, check, clocked_recording, silent_recording, table

import neurosim as ns
from neurosim import DescriptionError
from neurosim.units import ms, mV, second


def twice(text):
    both = ns.Neurons("both", 2, equations="v : 1\ny = 2*v : 1", threshold="v > 1")
    return ns.Synapses(both, both, on_pre=text)


eyes = ns.Neurons("eyes", 3)
two_drives = ns.Network(synapses(ears, liquid), synapses(eyes, liquid), schedule=SYNC)
driven = ns.Network(synapses(ears, membrane, weight=1 * mV, delay=0), schedule=CLOCK)
clamped = ns.Network(ns.Neurons("pool", 2, equations="dv/dt = -v/ms : volt"), schedule=CLOCK)
slower = ns.Network(membrane, schedule=ns.Clock(0.5 * ms))


# fmt: off
RUNS = {
    "network": (lambda **to: ns.run(liquid, **to), D, "run: net", "Neurons('liquid', 4)", "Give Network"),
    "misspelt": (lambda **to: ns.run(clocked, tick=3, **to), D, "run", "'tick'", "'ticks'?"),
    "inputs": (
        lambda **to: ns.run(heard, np.zeros((2, 3)), **to), D, "run: inputs", "array", "{population: array}",
    ),
    "missing input": (
        lambda **to: ns.run(heard, ticks=2, **to), D, "'ears'", "no input", "zeros for silence",
    ),
    "misspelt input": (
        lambda **to: ns.run(heard, {"eras": np.zeros((2, 3))}, **to),
        D, "input 'eras'", "no population", "'ears'?",
    ),
    "twice": (
        lambda **to: ns.run(heard, SILENCE | {ears: np.zeros((2, 3))}, **to),
        D, "input 'ears'", "twice", "once",
    ),
    "short input": (
        lambda **to: ns.run(heard, SILENCE, ticks=5, **to), D, "input 'ears'", "2 ticks", "run fewer",
    ),
    "wide input": (
        lambda **to: ns.run(heard, {"ears": np.zeros((2, 5))}, **to),
        D, "input 'ears'", "(2, 5)", "(tick, 3)",
    ),
    "empty input": (lambda **to: ns.run(heard, {"ears": []}, **to), D, "input 'ears'", "(0,)", "(tick, 3)"),
    "NaN input": (
        lambda **to: ns.run(heard, {"ears": np.full((2, 3), np.nan)}, **to),
        D, "input 'ears'", "NaN", "Give numbers",
    ),
    "infinite input": (
        lambda **to: ns.run(heard, {"ears": np.full((2, 3), np.inf)}, **to),
        D, "input 'ears'", "infinity", "finite",
    ),
    "complex input": (
        lambda **to: ns.run(heard, {"ears": np.full((2, 3), 1j)}, **to),
        D, "input 'ears'", "1.j", "(tick, 3)",
    ),
    "text input": (
        lambda **to: ns.run(heard, {"ears": [["1", "2", "3"]]}, **to), D, "input 'ears'", "'1'", "(tick, 3)",
    ),
    "ragged input": (
        lambda **to: ns.run(heard, {"ears": [[1], [2, 3]]}, **to),
        D, "input 'ears'", "[[1], [2, 3]]", "one shape",
    ),
    "clamp unit": (
        lambda **to: ns.run(clamped, {"pool": np.ones((3, 2))}, **to),
        P, "input 'pool'", "in 1", "Give it in V",
    ),
    "trials that disagree": (
        lambda **to: ns.run(two_drives, {"ears": np.zeros((2, 4, 3)), "eyes": np.zeros((3, 4, 3))}, **to),
        D, "trials", "'eyes': 3", "no trial axis"
    ),
    "ticks that disagree": (
        lambda **to: ns.run(two_drives, {"ears": np.zeros((4, 3)), "eyes": np.zeros((3, 3))}, **to),
        D, "inputs", "3", "ticks=",
    ),
    "spikes twice": (
        lambda **to: ns.run(heard, {"ears": ([1, 1], [0, 0])}, ticks=3, **to),
        D, "neuron 0", "tick 1", "smaller dt",
    ),
    "spiking stranger": (
        lambda **to: ns.run(heard, {"ears": ([1], [7])}, ticks=3, **to), D, "input 'ears'", "7", "0 to 2",
    ),
    "spike too early": (
        lambda **to: ns.run(heard, {"ears": ([-1], [0])}, ticks=3, **to),
        D, "input 'ears'", "tick -1", "0 or later",
    ),
    "half a tick": (
        lambda **to: ns.run(heard, {"ears": ([0.5], [0])}, ticks=3, **to),
        D, "input 'ears'", "spike times", "whole ticks",
    ),
    "endless spike": (
        lambda **to: ns.run(driven, {"ears": ([np.inf] * ms, [0])}, ticks=3, **to),
        D, "input 'ears'", "inf", "at most",
    ),
    "unequal events": (
        lambda **to: ns.run(heard, {"ears": ([1, 2], [0])}, ticks=3, **to),
        D, "input 'ears'", "[2, 1]", "one entry per spike",
    ),
    "endless trials": (
        lambda **to: ns.run(heard, {"ears": ([10**12], [1], [0])}, ticks=3, **to),
        D, "input 'ears': trials", "10000", "Give numbers",
    ),
    "events of a graded population": (
        lambda **to: ns.run(heard, SILENCE | {"liquid": ([1], [0])}, **to),
        D, "'liquid'", "does not spike", "array",
    ),
    "nothing recorded": (
        lambda **to: ns.run(heard, {"ears": silent_recording()}, **to),
        D, "input 'ears'", "does not hold", "Record it",
    ),
    "trials": (lambda **to: ns.run(clocked, ticks=2, trials=0, **to), D, "run: trials", "0", "at least 1"),
    "trials asked": (
        lambda **to: ns.run(heard, {"ears": np.zeros((2, 4, 3))}, trials=3, **to),
        D, "trials is 3", "'ears' has 2", "as many",
    ),
    "no length": (lambda **to: ns.run(clocked, **to), D, "run", "how long", "ticks=..."),
    "two lengths": (
        lambda **to: ns.run(clocked, ticks=3, duration=3 * ms, **to),
        D, "run", "both ticks and duration", "Give one",
    ),
    "duration": (
        lambda **to: ns.run(clocked, duration=2.5 * ms, **to),
        D, "duration", "2.5 ms", "whole number of ticks",
    ),
    "duration without clock": (
        lambda **to: ns.run(heard, SILENCE, duration=2 * ms, **to), D, "duration", "2 ms", "without Clock",
    ),
    "endless duration": (
        lambda **to: ns.run(clocked, duration=1e300 * second, **to), D, "duration", "too large", "at most",
    ),
    "ticks": (lambda **to: ns.run(clocked, ticks=-3, **to), D, "run: ticks", "-3", "at least 0"),
    "ticks text": (lambda **to: ns.run(clocked, ticks="3", **to), D, "run: ticks", "'3'", "integer"),
    "record": (lambda **to: run(heard, record=3, **to), D, "run: record", "3", "['liquid', 'liquid.v']"),
    "record misspelt": (
        lambda **to: run(heard, record=["liqid"], **to), D, "record 'liqid'", "no population", "'liquid'?",
    ),
    "record variable": (
        lambda **to: run(heard, record=["liquid.vv"], **to), D, "record 'liquid.vv'", "'vv'", "'v'?",
    ),
    "record part": (
        lambda **to: run(heard, record=["liquid[9].v"], **to), D, "liquid[9]", "index 9", "Choose",
    ),
    "record code": (lambda **to: run(heard, record=["liquid[f(1)]"], **to), D, "record", "f(1)", "[:100]"),
    "record synapses": (
        lambda **to: run(heard, record=["ears_to_liquid.w"], **to),
        D, "'ears_to_liquid'", "no variable", "no text",
    ),
    "record stranger": (
        lambda **to: run(heard, record=[neurons()], **to),
        D, "record pool", "not a population", "ears, liquid",
    ),
    "record list": (
        lambda **to: run(heard, record=[["liquid"]], **to),
        D, "record ['liquid']", "does not read", "Write 'liquid'",
    ),
    "interval": (
        lambda **to: run(heard, record={"liquid": 0}, **to), D, "'liquid'", "0 is below 1", "integer",
    ),
    "interval off the grid": (
        lambda **to: run(clocked, record={"membrane.v": 0.3 * ms}, **to),
        D, "'membrane.v'", "0.3 ms", "whole number",
    ),
    "endless record": (
        lambda **_: run(clocked, ticks=10**13, record=["membrane.v"]),
        P, "run: the records", "GiB", "to='run.h5'",
    ),
    "start": (
        lambda **to: run(clocked, start=3, **to), D, "run: start", "3", "{'population.variable': values}",
    ),
    "start variable": (
        lambda **to: run(clocked, start={"membrane.u": 1}, **to),
        D, "start 'membrane.u'", "no state variable", "'membrane.v'?",
    ),
    "start shape": (
        lambda **to: run(clocked, start={"membrane.v": [1, 2, 3] * mV}, **to),
        D, "start 'membrane.v'", "(3,)", "per neuron",
    ),
    "start in another unit": (
        lambda **to: run(clocked, start={"membrane.v": 1}, **to),
        D, "start 'membrane.v'", "in 1", "Give it in V",
    ),
    "start of another network": (
        lambda **to: run(clocked, start=silent_recording(), **to),
        D, "run: start", "another network", "recording.network",
    ),
    "start at another dt": (
        lambda **to: run(slower, start=clocked_recording(), **to),
        D, "run: start", "another network", "recording.network",
    ),
    "seed": (lambda **to: run(clocked, seed=-1, **to), D, "run: seed", "-1", "at least 0"),
    "engine": (
        lambda **to: run(clocked, engine="refrence", **to), E, "run: engine", "'refrence'", "'reference'?",
    ),
    "engine object": (
        lambda **to: run(clocked, engine=np.zeros(3), **to), D, "run: engine", "array", "Give a string",
    ),
    "precision": (
        lambda **to: run(clocked, precision="duoble", **to), D, "run: precision", "'duoble'", "'double'?",
    ),
    "threads": (lambda **to: run(clocked, threads=0, **to), D, "run: threads", "0", "at least 1"),
    "until": (lambda **to: run(clocked, until="stabel", **to), D, "run: until", "'stabel'", "'stable'"),
    "until with spikes": (
        lambda **to: run(clocked, until="stable", **to), P, "until='stable'", "spikes", "ticks=...",
    ),
    "progress": (
        lambda **to: run(clocked, progress="bar", **to), D, "run: progress", "'bar'", "True or False",
    ),
    "compression": (
        lambda **to: run(clocked, compression=10, **to), D, "run: compression", "10", "at most 9",
    ),
}
# fmt: on


@pytest.mark.parametrize(("make", "error", "subject", "value", "remedy"), table(RUNS))
def test_a_run_that_cannot_be_is_refused_and_leaves_no_file(
    make, error, subject, value, remedy, nothing_runs, tmp_path
):
    with pytest.raises(error) as raised:
        make(to=tmp_path / "run.h5")
    check(raised, (subject, value, remedy))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "error", "value", "remedy"),
    [
        ("folder", D, "folder", "path of a file"),
        ("nowhere/run.h5", R, "nowhere", "Make it first"),
        ("notes.txt", R, "notes.txt", "Choose another path"),
        ("", D, "''", "to='run.h5'"),
        (3, D, "3", "to='run.h5'"),
        (b"run.h5", D, "b'run.h5'", "to='run.h5'"),
        ("a\0b", D, "a\\x00b", "'run.h5'"),
        ("x" * 5000, R, "xxx", "Choose another path"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_the_run(
    path, error, value, remedy, nothing_runs, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(error) as raised:
        ns.run(clocked, ticks=2, to=path)
    assert value in str(raised.value)
    assert remedy in str(raised.value)
    assert sorted(os.listdir(tmp_path)) == ["folder", "notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong", [{"record": ["nope"]}, {"start": {"membrane.u": 1}}, {"seed": "x"}, {"inputs": {"nope": [1]}}]
)
def test_a_refused_run_leaves_an_older_recording_as_it_was(wrong, tmp_path):
    path = tmp_path / "old.h5"
    ns.run(clocked, ticks=2, record="all", to=path).close()
    before = path.read_bytes()
    with pytest.raises(DescriptionError):
        ns.run(clocked, ticks=2, to=path, **wrong)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["old.h5"]


def test_spikes_of_another_dt_are_refused():
    spikes = ns.run(driven, {"ears": ([1], [0])}, ticks=3, record=["ears"]).spikes("ears")
    other = ns.Network(synapses(ears, membrane, weight=1 * mV, delay=0), schedule=ns.Clock(0.5 * ms))
    with pytest.raises(DescriptionError, match="spikes count ticks of 0.001 s"):
        ns.run(other, {"ears": spikes}, ticks=3)


def test_no_attribute_can_be_set():
    rec = silent_recording()
    for item in (
        liquid,
        liquid[:2],
        synapses(),
        rec.network,
        CLOCK,
        ns.probability(0.5),
        ns.normal(0, 1),
        ns.conv(3),
    ):
        with pytest.raises(AttributeError):
            item.name = "other"
        with pytest.raises(AttributeError):
            del item.shape
