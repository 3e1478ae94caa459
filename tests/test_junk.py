"""Whatever value is given to any argument, only errors of neurosim are raised."""

import decimal
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from nonsense import (
    CLOCK,
    SILENCE,
    SYNC,
    clocked,
    ears,
    grid,
    heard,
    image,
    liquid,
    maps,
    neurons,
    noise,
    rewired,
    run,
    synapses,
    wide,
)

import neurosim as ns
from neurosim import DescriptionError, NeurosimError
from neurosim.units import Quantity, mS, ms, mV


def junk():
    """Values that no argument, or hardly any, accepts."""
    deep = []
    for _ in range(200):
        deep = [deep]
    return [
        None,
        True,
        1.5,
        -1,
        0,
        7,
        np.nan,
        np.inf,
        -np.inf,
        10**30,
        10**5000,
        1e18,
        "",
        "x",
        "a b",
        "1",
        "lambda",
        b"x",
        "x" * 100_000,
        "a\0b",
        "\ud800",
        object(),
        Hostile(),
        [],
        [[1], [2, 3]],
        {},
        {"a": 1},
        (),
        deep,
        np.zeros(0),
        np.array([1.0, np.nan]),
        np.array(["a", "b"]),
        1j,
        3 * ms,
        -1 * ms,
        [1 * ms, 2 * mV],
        2 * mS,
        lambda: 1,
        int,
        slice(2),
        {1, 2},
        decimal.Decimal("1.5"),
        np.datetime64("2020-01-01"),
        np.zeros((50, 50)),
        (k for k in range(3)),
        bytearray(b"ab"),
        np.array([None, 1]),
        np.array([1j, 2]),
        [None],
        np.array([True, False]),
        ears,
        range(3),
        np.ma.array([1, 2], mask=[0, 1]),
        np.zeros(2, [("a", float)]),
        ...,
        ns.Neurons,
        np,
        np.uint64(2**63 + 5),
        ns.conv(3),
    ]


class Hostile:
    """An object all of whose methods raise errors."""

    __hash__ = None  # type: ignore[assignment]

    def _fail(self, *args, **named):
        raise RuntimeError("asked")

    __repr__ = __eq__ = __array__ = __len__ = __iter__ = __bool__ = __float__ = __getitem__ = _fail


def each(make, *names):
    """A call for each argument of these names."""
    return {f"{make.__name__}({name})": lambda x, name=name: run(make(**{name: x})) for name in names}


ARGUMENTS = {
    **each(neurons, "update", "threshold", "reset", "refractory", "method", "ports", "sends", "learns", "v"),
    **each(synapses, "to", "wiring", "weight", "delay", "model", "on_pre", "on_post", "learns", "name"),
    "Neurons(name)": lambda x: ns.Neurons(x, 2, update="v = I"),
    "Neurons(shape)": lambda x: ns.Neurons("pool", x, update="v = I"),
    "Neurons(equations)": lambda x: ns.Neurons("pool", 2, equations=x),
    "Neurons(ports of a dict)": lambda x: neurons(ports={"I": x}),
    "Neurons[...]": lambda x: grid[0, x],
    "Synapses(pre)": lambda x: synapses(x),
    "Synapses(constant)": lambda x: run(synapses(on_pre="I_post += k", k=x)),
    "delayed": lambda x: (ns.delayed(liquid, x), ns.delayed(x, 1)),
    **{
        f"{kind.__name__}": lambda x, kind=kind: rewired(kind(x))
        for kind in (ns.probability, ns.indegree, ns.outdegree, ns.total, ns.nearby)
    },
    "small_world": lambda x: (ns.small_world(x), ns.small_world(2, x)),
    "to_self": lambda x: (ns.all_to_all(x), ns.nearby(1, to_self=x), ns.nearby(1, torus=x)),
    "pairs": lambda x: (ns.pairs(x, [0, 1]), ns.pairs([0, 1], x)),
    "private": lambda x: rewired(ns.private(x), noise),
    "conv": lambda x: rewired(ns.conv((3, x), padding="same"), image, maps),
    "conv(padding)": lambda x: rewired(ns.conv((3, 3), padding=x), image, maps),
    "conv(stride)": lambda x: (ns.conv(3, stride=x), ns.conv(3, dilation=x), ns.conv(3, groups=x)),
    "pool": lambda x: (ns.pool(x), ns.pool(2, stride=x)),
    "einsum": lambda x: rewired(ns.einsum(x), grid, wide),
    "normal": lambda x: (ns.normal(x, 1), ns.normal(0, x), ns.normal(0, 1, low=x)),
    "uniform": lambda x: run(synapses(weight=ns.uniform(x, 2))),
    "glorot": lambda x: run(synapses(weight=ns.glorot(x))),
    "spectral_radius": lambda x: (
        run(synapses(liquid, liquid, weight=ns.spectral_radius(x))),
        ns.spectral_radius(1, x),
    ),
    "dale": lambda x: (ns.dale(x, -1), ns.dale(1, x), ns.dale(1, -1, inhibitory=x)),
    "orthogonal": lambda x: run(synapses(liquid, liquid, weight=ns.orthogonal(x))),
    "hebbian": lambda x: run(synapses(liquid, liquid, weight=ns.hebbian(x))),
    "schedules": lambda x: (ns.Clock(x), ns.Asynchronous(x), ns.Alternating(x)),
    "Network": lambda x: ns.Network(x, schedule=SYNC),
    "Network(schedule)": lambda x: ns.Network(liquid, schedule=x),
    "Network[...]": lambda x: heard[x],
    "from_dict": ns.Network.from_dict,
    "run(net)": lambda x: ns.run(x),
    **{
        f"run({name})": lambda x, name=name: ns.run(heard, SILENCE, **{name: x})
        for name in (
            "ticks",
            "record",
            "start",
            "seed",
            "engine",
            "threads",
            "precision",
            "until",
            "progress",
            "compression",
            "trials",
            "to",
        )
    },
    "run(duration)": lambda x: ns.run(clocked, duration=x),
    "run(inputs)": lambda x: ns.run(heard, x),
    "run(an input)": lambda x: ns.run(heard, {"ears": x}),
    "run(events)": lambda x: (
        ns.run(heard, {"ears": (x, [0, 1])}, ticks=2),
        ns.run(heard, {"ears": ([0, 1], x)}, ticks=2),
    ),
    "run(trials)": lambda x: ns.run(heard, {"ears": (x, [0, 1], [0, 1])}, ticks=2),
    "run(a record)": lambda x: run(heard, record=[x]),
    "run(an interval)": lambda x: run(heard, record={"liquid": x}),
    "run(a start value)": lambda x: run(heard, start={"liquid.v": x}),
}


@pytest.mark.parametrize("call", ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_junk_in_any_argument_is_taken_or_refused_by_name(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, thing in enumerate(junk()):
        try:
            call(thing)
        except NeurosimError as error:
            if len(str(error)) > 1000:
                pytest.fail(f"too long a message for thing {number}: {error}")


@pytest.mark.parametrize(
    "call", [ns.open, ns.load, ns.replay, lambda x: ns.save(x, "x.h5"), lambda x: ns.save(heard, x)]
)
def test_junk_instead_of_a_file_is_refused(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for thing in (None, 3, 1.5, [], {}, object(), "nowhere/run.h5", tmp_path):
        with pytest.raises(NeurosimError):
            call(thing)
    assert not list(tmp_path.iterdir())


PIECES = (
    "v I w t dt i N rand() xi ms mV pi 0 1 2.5 1e400 + - * / ** % // < > == = += ( ) , : [ ] . "
    "' # and or not is lambda import sum max exp foo "
    "axis=1 dv/dt volt 1/ms (constant)"
)
SCRAPS = some.lists(some.sampled_from([*PIECES.split(), "\n", " "]), max_size=9).map("".join)
THINGS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-3, 10),
    some.floats(),
    some.text(max_size=5),
    some.binary(max_size=3),
    SCRAPS,
    some.lists(some.floats(width=16), max_size=4),
    some.integers(-2, 2).map(lambda k: k * ms),
    some.sampled_from([ears, liquid[:2], ns.glorot()]),
)
FUZZ = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def only_ours(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            call()
        except NeurosimError:
            return


@FUZZ
@given(
    some.fixed_dictionaries(
        {}, optional=dict.fromkeys(("equations", "update", "threshold", "reset", "ports"), SCRAPS)
    )
)
def test_random_text_is_compiled_or_refused(text):
    only_ours(lambda: run(ns.Neurons("pool", 2, **text), schedule=CLOCK))


@FUZZ
@given(
    some.dictionaries(
        some.sampled_from(["shape", "refractory", "ports", "sends", "learns", "method", "v", "k"]),
        THINGS,
        max_size=3,
    )
)
def test_random_arguments_of_neurons_are_taken_or_refused(given):
    only_ours(lambda: run(ns.Neurons("pool", **({"shape": 2, "update": "v = k*I", "k": 1.0} | given))))


@FUZZ
@given(
    some.dictionaries(
        some.sampled_from(["to", "wiring", "weight", "delay", "model", "on_pre", "learns", "name", "k"]),
        THINGS,
        max_size=3,
    )
)
def test_random_arguments_of_synapses_are_taken_or_refused(given):
    only_ours(lambda: run(synapses(**given)))


@FUZZ
@given(
    some.dictionaries(
        some.sampled_from(["inputs", "ticks", "record", "start", "seed", "engine", "precision", "until"]),
        THINGS,
        max_size=3,
    )
)
def test_random_arguments_of_run_are_taken_or_refused(given):
    only_ours(lambda: run(heard, **given))


def test_a_quantity_of_brian_is_shown_with_its_unit():
    with pytest.raises(DescriptionError, match=r"3\. ms"):
        ns.probability(Quantity(3 * ms))
