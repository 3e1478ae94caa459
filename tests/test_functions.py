"""Every function of text on every engine, compared with scipy or a closed form; and functions that users
add."""

from functools import cache

import numpy as np
import pytest
from scipy import special

import neurosim as ns
from neurosim.engine.events import build
from neurosim.network import function_table, functions
from neurosim.network.functions import ALONG, ELEMENTWISE, RANDOM, Function
from neurosim.network.text import names_in

X = np.array([[0.31, -0.52, 0.78], [0.05, 0.9, -0.4]])
Y = 0.1 + np.abs(X[::-1])


def along(call):
    """The value of a function along the last axis, for each neuron."""
    return lambda x, y: np.broadcast_to(call(x), x.shape)


EXPECTED = {
    **{
        name: lambda x, y, name=name: getattr(np, name)(x)
        for name in (
            "exp",
            "expm1",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "arcsin",
            "arccos",
            "arctan",
            "ceil",
            "floor",
            "abs",
            "sign",
        )
    },
    **{name: lambda x, y, name=name: getattr(np, name)(y) for name in ("log", "log10", "log1p", "sqrt")},
    "round": lambda x, y: np.round(x),
    "int": lambda x, y: np.trunc(x),
    "stop": lambda x, y: x,
    "relu": lambda x, y: x * (x > 0),
    "sigmoid": lambda x, y: special.expit(x),
    "exprel": lambda x, y: special.exprel(x),
    "timestep": lambda x, y: np.floor(y / 0.25 + 0.001),
    "maximum": lambda x, y: np.where(x > y, x, y),
    "minimum": lambda x, y: np.where(x < y, x, y),
    "clip": lambda x, y: np.clip(x, -0.2, 0.5),
    "where": lambda x, y: np.where(x > 0, x, y),
    "sum": along(lambda x: x.sum(-1, keepdims=True)),
    "mean": along(lambda x: x.mean(-1, keepdims=True)),
    "max": along(lambda x: x.max(-1, keepdims=True)),
    "min": along(lambda x: x.min(-1, keepdims=True)),
    "prod": along(lambda x: x.prod(-1, keepdims=True)),
    "norm": along(lambda x: np.linalg.norm(x, axis=-1, keepdims=True)),
    "softmax": along(lambda x: special.softmax(x, axis=-1)),
    "sort": along(lambda x: np.sort(x, -1)),
    "cumsum": along(lambda x: np.cumsum(x, -1)),
    "cumprod": along(lambda x: np.cumprod(x, -1)),
    "argmax": along(lambda x: x.argmax(-1, keepdims=True)),
    "argsort": along(lambda x: np.argsort(x, -1)),
    "take": along(lambda x: x[..., [2, 2, 2]]),
}
TEXTS = {
    "timestep": "timestep(y*second, 250*ms)",
    "maximum": "maximum(x, y)",
    "minimum": "minimum(x, y)",
    "clip": "clip(x, -0.2, 0.5)",
    "where": "where(x > 0, x, y)",
    "take": "take(x, 2)",
    **{name: f"{name}(y)" for name in ("log", "log10", "log1p", "sqrt")},
}
FLAT = {
    "ceil",
    "floor",
    "sign",
    "round",
    "int",
    "timestep",
    "stop",
    "argmax",
    "argsort",
}  # no slope, or none that is passed on


def value(text, engine, **constants):
    """The value of an expression for each neuron."""
    used = {name: array for name, array in constants.items() if name in names_in(text)}
    cells = ns.Neurons("cells", X.shape, update=f"v = {text}", **used)
    return ns.run(ns.Network(cells, schedule=ns.Synchronous()), ticks=1, record=["cells"], engine=engine)[
        "cells"
    ][0]


def test_every_function_has_an_expected_value():
    assert EXPECTED.keys() == {function.name for function in function_table._TABLE if function.kind != RANDOM}


def looks_along(name):
    return functions.functions()[name].looks_along


def text_of(name):
    return TEXTS.get(name, f"{name}(x)")


@cache
def values(engine):
    """The values of all functions that an engine runs, by name: of one network, which is compiled once."""
    cells = []
    for name in EXPECTED:
        if engine != "events" or not looks_along(name):
            used = {key: array for key, array in (("x", X), ("y", Y)) if key in names_in(text_of(name))}
            cells.append(ns.Neurons(f"of_{name}", X.shape, update=f"v = {text_of(name)}", **used))
    net = ns.Network(*cells, schedule=ns.Synchronous())
    found = ns.run(net, ticks=1, record=cells, engine=engine)
    return {each.name.removeprefix("of_"): found[each.name][0] for each in cells}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_function_gives_what_its_formula_gives(engine, name):
    if engine == "events" and looks_along(name):
        with pytest.raises(
            ns.PlanError,
            match=rf"'{name}' in the text of 'cells' looks at the whole population\. Use engine='reference'",
        ):
            value(text_of(name), engine, x=X, y=Y)
        return
    np.testing.assert_allclose(values(engine)[name], EXPECTED[name](X, Y), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in EXPECTED if name not in FLAT])
def test_gradients_of_functions_are_those_of_finite_differences(name):
    jax = pytest.importorskip("jax")
    from neurosim.engine.arrays.library import wide
    from neurosim.plan.codegen.jax_code import JaxAxisFunctions, evaluate

    with wide():
        weights = np.linspace(0.5, 1.5, X.size).reshape(1, *X.shape)

        def total(x, y):
            names = {"x": x, "y": y, "second": 1.0, "ms": 1e-3}
            return (weights * evaluate(TEXTS.get(name, f"{name}(x)"), names, JaxAxisFunctions(X.shape))).sum()

        x, y, step = X[None], Y[None], 1e-6
        for place, slope in enumerate(jax.grad(total, argnums=(0, 1))(x, y)):
            for at in np.ndindex(x.shape):
                apart = np.zeros_like(x)
                apart[at] = step
                given = [(x + s * apart, y) if place == 0 else (x, y + s * apart) for s in (1, -1)]
                assert float(slope[at]) == pytest.approx(
                    float(total(*given[0]) - total(*given[1])) / (2 * step), abs=1e-6
                ), (name, at)


@pytest.fixture
def added():
    """A fixture that lets a test add functions, and removes them afterwards."""
    before = dict(function_table._functions), dict(functions._added)
    yield functions.add
    for table, old in zip((function_table._functions, functions._added), before, strict=True):
        table.clear()
        table.update(old)


def test_a_function_that_a_user_adds_by_a_text_runs_on_every_engine(engine, added, tmp_path):
    added(Function("softplus", text="maximum(x, 0) + log1p(exp(-abs(x)))"))
    source = ns.Neurons("source", X.shape)
    cells = ns.Neurons("cells", X.shape, update="v = softplus(I) + rand()", ports="I")
    net = ns.Network(
        source, cells, ns.Synapses(source, cells, wiring=ns.one_to_one(), weight=2.0), schedule=ns.Layered()
    )
    with ns.run(
        net, {"source": X[None]}, record=["cells"], engine=engine, to=tmp_path / "run.h5"
    ) as recording:
        noise = recording["cells"][0] - np.logaddexp(0, 2 * X)
        assert np.all((noise >= 0) & (noise < 1))
        assert ns.replay(recording)
    assert ns.load(tmp_path / "run.h5").populations["cells"].update.count("softplus") == 1
    axes = pytest.importorskip("neurosim.figures").diagram(net)
    assert any("cells" in text.get_text() for text in axes.texts)


def test_a_function_that_a_user_adds_by_arrays_runs_where_arrays_do(engine, added):
    added(
        Function(
            "logsumexp", kind=ALONG, array=lambda xp, x, axis: xp.log(xp.exp(x).sum(axis=axis, keepdims=True))
        )
    )
    added(Function("cube", array=lambda xp, x: x**3))
    if engine == "events":
        with pytest.raises(ns.PlanError, match="'cube' in the text of 'cells' has no C"):
            value("cube(x)", engine, x=X)
        return
    np.testing.assert_allclose(
        value("logsumexp(x)", engine, x=X),
        along(lambda x: special.logsumexp(x, axis=-1, keepdims=True))(X, Y),
    )
    np.testing.assert_allclose(value("cube(x)", engine, x=X), X**3)


@pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")
def test_a_function_that_a_user_adds_with_its_cpp_is_compiled(added):
    added(
        Function(
            "hypotenuse",
            2,
            array=lambda xp, x, y: xp.hypot(x, y),
            cpp=lambda to, x, y: to.call_float("std::hypot", x, y),
            unit=0,
        )
    )
    np.testing.assert_allclose(value("hypotenuse(x, y)", "events", x=X, y=Y), np.hypot(X, Y))


@pytest.mark.parametrize(
    ("function", "rule"),
    [
        (Function("exp", text="x"), "there is such a function already"),
        (Function("a b", text="x"), "text cannot call it"),
        (Function("lambda", text="x"), "text cannot call it"),
        (Function("dice", kind=RANDOM), "cannot be added"),
        (Function("many", 4, text="x"), "it takes 4 arguments. Give it 1 to 3"),
        (Function("empty"), "nothing says how it is computed"),
        (Function("total", kind=ALONG, text="x"), "nothing says how it is computed"),
    ],
)
def test_a_function_that_cannot_be_added_is_refused(function, rule, added):
    with pytest.raises(ns.DescriptionError, match=rf"functions\.add\({function.name!r}\): .*{rule}"):
        added(function)


def test_a_text_of_a_function_is_read_when_it_is_added(added):
    with pytest.raises(ns.DescriptionError, match=r"functions\.add\('f'\): .*'z'.*\bx\b"):
        added(Function("f", text="x + z"))
    with pytest.raises(ns.DescriptionError, match=r"functions\.add\('f'\): .*unknown"):
        added(Function("f", text="unknown(x)"))
    with pytest.raises(ns.DescriptionError, match=r"functions\.add\('f'\): .*random"):
        added(Function("f", text="x + rand()"))


def test_a_kind_of_function_is_known_by_name():
    assert set(functions.named(ELEMENTWISE)) >= {"exp", "where"}
    assert set(functions.named(ALONG)) == {
        name for name in EXPECTED if functions.functions()[name].kind == ALONG
    }
