"""Text compiled as C++ gives the values and types that the numpy code of the reference engine gives."""

from __future__ import annotations

import importlib
import random

import numpy as np
import pytest
from cpp_side import Case, by_cpp, by_numpy

import neurosim as ns
from neurosim import cells, models
from neurosim.errors import PlanError
from neurosim.network.functions import functions, random_calls
from neurosim.network.text import read_statements
from neurosim.plan.codegen.cpp_code import Typed, cpp_expression, cpp_statements, without_cpp
from neurosim.plan.codegen.numpy_code import reads
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import ms

N = 64
PRECISIONS = ("double", "single")

# Each line must have the bits that numpy gives it.
EXACT = """
new = (v + w)*u - v/w
x = v - w - u; y = v - (w - u); z = v/w/u; q = v*w/u
x = 0.1*v; y = v + 1/3; z = 2/3*v; q = 10**2*v; r = -0.1 - v
x = -v + -(-w); y = +v
x = v**2 + w**-1 + u**0.5 + v**1.0
x = k*v; y = k/2; z = k + 1; q = k*k - 3; r = k*0.5
x = k // 2; y = k % 3; z = k // m; q = k % m; r = -k // 2
x = v // w; y = v % w; z = v // 0.3; q = v % -0.7; r = k % 2.5
x = n*v; y = n/2; z = n // 2; q = n + k; r = n/2*v; s = n*n; o = n**2*v
x = v < w; y = v <= 0.1; z = v > k; q = k == m; r = k != 2; s = v >= n
x = 0 < v <= 1; y = -1 < k < m < 3
x = v > 0 and w > 0; y = v > 0 or not w > 0; z = not v; q = k and v; r = v > 0 and w > 0 and u > 1
x = (v > 0)*w; y = 1 + (v > 0); z = (v > 0)/2; q = (v > 0) + (w > 0); r = (v > 0)*(w > 0); s = 0.5*(v > 0)
x = awake*v; y = int(awake)*w; z = int(v); q = int(v > w); r = int(k); s = int(2.7*v) % 3
x = where(v > w, 1, 0); y = where(v > w, 1.5, 0); z = where(v > w, v, 0)
q = where(k, v, w); r = where(v > w, k, v); s = where(v, 1, k)
x = maximum(v, w); y = minimum(v, 0); z = maximum(k, 2)
q = maximum(k, 0.5); r = minimum(v, k); s = maximum(1, 2)*v
x = clip(v, 0, 1); y = clip(k, -1, m); z = clip(v, w, u); q = clip(k, 0.5, 2.5); r = relu(v); s = relu(k)
x = maximum((v > 0) + (w > 0), u > 1); y = where(v > 0, (v > 0)*(w > 1), awake)
z = int((v > 0) + awake)*w + int(awake)/2
x = abs(v); y = abs(k); z = floor(v); q = ceil(v); r = round(2*v)
s = sign(v) + sign(k); o = floor(k) + round(k)
x = sqrt(u); y = sqrt(2)*v; z = sqrt(k*k); q = floor(2.5)*v; r = abs(-2)*v
x = timestep(t, dt); y = timestep(t, dt) % 7 == 0
x = stop(v)*w; y = True*v; z = where(True, v, w)
v = v + w; v = 2*v; v += w; v *= 0.5; v -= k; v /= 3; w = v
x = d*v; y = d + 0.1; z = d > v; q = maximum(d, v)
int64_t = v; double = w*int64_t; Real = double + 1; _x = Real; I = _x; E = I; class_ = E; i = class_
tau = v; M_PI = tau; keys = M_PI; element = keys
x = rand(); y = rand() + randn(); z = where(v > 0, randn(), rand()); q = randn()*v
x = bernoulli(0.3); y = bernoulli(bernoulli(0.5)*0.9 + 0.05*rand()); z = rand() < 0.5
q = poisson(3.5); r = poisson(u)
"""
# Functions whose last bits differ.
NEAR = """
x = exp(v); y = exp(-(v - 3)/20); z = exp(2)*v; q = exp(k); r = expm1(0.01*v)
x = log(u); y = log10(u); z = log1p(u); q = log(2)*v
x = sin(v); y = cos(v); z = tan(v); q = sinh(v); r = cosh(v); s = tanh(v); o = tanh(k)
x = arcsin(0.2*v); y = arccos(0.2*v); z = arctan(v)
x = sigmoid(v); y = sigmoid(k); z = exprel(v); q = exprel(0.0*v)
x = u**v; y = u**n; z = v**3; q = v**4; r = v**-2; s = 2**v; o = u**k; l = u**d; m = v**p
x = 0.1*(v + 40)/(1 - exp(-(v + 40)/10)); y = 1/(1 + exp(-v)); z = 0.032/ms*5/exprel((15 - v)/5)
"""


def values(precision: str) -> dict:
    """One array or number of each type."""
    draw, real = np.random.default_rng(1), np.float32 if precision == "single" else np.float64
    v, w = draw.uniform(-4, 4, N), draw.uniform(-4, 4, N)
    v[:6], w[:6] = (0.0, 1.5, -2.5, 4.0, 0.5, 1.0), (0.0, 1.5, 2.5, -0.5, 0.0, 0.0)
    arrays = {
        "v": v,
        "w": w,
        "u": draw.uniform(0.01, 4, N),
        "t": np.full(N, 0.3),
        "dt": np.full(N, 1e-4),
        "ms": np.full(N, 1e-3),
    }
    whole = {
        "k": draw.integers(-5, 6, N).astype(float),
        "m": draw.integers(-2, 3, N).astype(float),
        "n": 3.0,
        "p": 2.0,
    }
    return (
        {name: array.astype(real) for name, array in arrays.items()}
        | whole
        | {"d": draw.normal(size=N), "awake": draw.random(N) < 0.5}
    )


def reading(line: str, precision: str, frozen: frozenset[str] = frozenset()) -> Case:
    """A case with one line of statements separated by semicolons."""
    statements = read_statements(line.replace("; ", "\n"), "test")
    needed = reads(statements, frozen)
    given = values(precision) | {"not_refractory": values(precision)["awake"]}
    return Case(statements, {name: given[name] for name in sorted(needed)}, precision, frozen)


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


class Writer:
    """Writes random expressions of functions that have the same bits in numpy and in C++."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def number(self, depth: int) -> str:
        pick = self.random.choice
        if depth == 0:
            return pick(["v", "w", "u", "k", "m", "n", "d", "0.1", "2", "1.5", "-3", "awake"])
        left, right = self.number(depth - 1), self.number(depth - pick([1, 1, depth]))
        forms = [
            f"({left} + {right})",
            f"({left} - 1.0*{right})",
            f"({left}*{right})",
            f"({left}/(2.5 + abs(1.0*{right})))",
            f"(-(1*{left}))",
            f"where({self.truth(depth - 1)}, {left}, {right})",
            f"maximum({left}, {right})",
            f"minimum({left}, {right})",
            f"sqrt(abs(1*{left}))",
            f"clip({left}, -1, {right})",
            f"floor(1*{left})",
            f"int({left})",
            f"((1.0*{left}) % 0.7)",
            f"relu({left})",
            f"(1*{left} // 3)",
            f"sign(1*{left})",
            f"(1.0*{left})**2",
            f"round(1*{left})",
        ]
        return pick(forms)

    def truth(self, depth: int) -> str:
        pick, a, b = self.random.choice, self.number(max(depth, 0)), self.number(0)
        return pick(
            [
                f"({a} < {b})",
                f"({a} >= {b})",
                f"(0 < {a} <= {b})",
                f"(not {a} == {b})",
                f"({a} > 0 and {b} > 0)",
                f"({a} > 0 or {b} < 1)",
            ]
        )


def check(cases: list[Case], *, exact: bool) -> None:
    """Compare all cases with numpy: types, and bits or a few units in the last place."""
    assert cases
    wrong = []
    for given, found in zip(cases, by_cpp(cases, N), strict=True):
        for name, wanted in by_numpy(given, N).items():
            got = found[name]
            if type(wanted) not in (bool, float) and got.dtype != np.asarray(wanted).dtype:
                wrong.append(f"{name} is {got.dtype}, not {np.asarray(wanted).dtype}, in {given.title}")
            wanted = np.broadcast_to(wanted, N)
            if exact:
                same = np.array_equal(got, wanted, equal_nan=wanted.dtype.kind == "f")
            else:
                same = np.allclose(got, wanted, rtol=20 * np.finfo(given.real).eps, atol=0, equal_nan=True)
            if not same:
                at = np.flatnonzero(~np.isclose(got, wanted, rtol=0, atol=0, equal_nan=True))[0]
                wrong.append(f"{name} is {got[at]!r}, not {wanted[at]!r}, in {given.title}")
    assert not wrong, "\n".join(wrong[:20])


def test_arithmetic_has_the_bits_and_the_types_of_numpy():
    check([reading(line, precision) for line in lines(EXACT) for precision in PRECISIONS], exact=True)


def test_functions_agree_with_numpy_to_a_few_units_in_the_last_place():
    check([reading(line, precision) for line in lines(NEAR) for precision in PRECISIONS], exact=False)


def test_random_expressions_have_the_bits_and_the_types_of_numpy():
    expressions = [Writer(seed).number(1 + seed % 4) for seed in range(150)]
    check([reading(f"x = {text}", precision) for text in expressions for precision in PRECISIONS], exact=True)


def test_writes_to_guarded_names_spare_the_refractory():
    text = "v = v + w; w = w - v; v += rand(); v = 1"
    check([reading(text, precision, frozenset("v")) for precision in PRECISIONS], exact=True)


def plans():
    """Every model's example, and one population of every ready cell, lowered in both precisions."""
    ready = [
        getattr(cells, name)
        for name in dir(cells)
        if not name.startswith("_") and callable(getattr(cells, name))
    ]
    shape = {make: (2, 3) if make is cells.batch_norm else 3 for make in ready}
    timed = [make for make in ready if make("x", shape[make]).equations or make is cells.poisson]
    runs = [
        {
            "net": ns.Network(
                make("cells", shape[make]), schedule=ns.Clock(0.1 * ms) if make in timed else ns.Synchronous()
            )
        }
        for make in ready
    ]
    runs += [importlib.import_module(f"neurosim.models.{stem}").example() for stem in models.NAMES]
    read = []
    for run in runs:
        long = (
            dict(ticks=run.get("ticks"), duration=run.get("duration"))
            if {"ticks", "duration", "inputs"} & {*run}
            else dict(ticks=1)
        )
        read.append((run["net"], read_inputs(run["net"], run.get("inputs"), **long)))
    return [lower(*given, precision=precision) for given in read for precision in PRECISIONS]


def blocks_of(plan) -> list[Case]:
    """The blocks of text of a plan that can be compiled, with values around the start state."""
    draw, found = np.random.default_rng(2), []

    def near(value):
        return (
            np.resize(np.asarray(value, float), N) * (1 + 0.01 * draw.random(N)) + 0.01 * draw.random(N)
        ).astype(plan.dtype)

    for group in plan.groups.values():
        names = {name: near(value) for name, value in group.states.items()} | {
            port: near(0.0) for port in group.ports
        }
        names |= {"t": near(0.3), "not_refractory": draw.random(N) < 0.5}
        names |= {
            name: value if type(value) in (bool, float) else np.resize(value, N)
            for name, value in group.constants.items()
        }
        for block in (group.integrate, group.update, group.threshold, group.reset):
            if block is not None and without_cpp(s.expression for s in block.statements) is None:
                needed = reads(block.statements, block.frozen & {s.name for s in block.statements})
                found.append(
                    Case(
                        block.statements,
                        {name: names[name] for name in sorted(needed)},
                        plan.precision,
                        block.frozen,
                    )
                )
    return found


def test_the_text_of_cells_and_models_agrees_with_numpy():
    cases = list({given.title: given for plan in plans() for given in blocks_of(plan)}.values())
    for given, found in zip(cases, by_cpp(cases, N), strict=True):
        for name, wanted in by_numpy(given, N).items():
            wanted = np.broadcast_to(np.asarray(wanted, float), N)
            scale, eps = np.abs(wanted[np.isfinite(wanted)]).max(initial=0), np.finfo(given.real).eps
            left = (
                4 * eps if "1 + " in given.title else 0
            )  # what is left of 1 after subtracting nearly 1 is as exact as 1 was
            np.testing.assert_allclose(
                found[name], wanted, rtol=0, atol=1e3 * eps * scale + left, err_msg=given.title
            )


def names(**types: str) -> dict[str, Typed]:
    return {name: Typed(name, kind) for name, kind in types.items()}


def test_every_function_of_text_is_compiled_or_named_as_unsupported():
    for name, function in functions().items():
        text = f"{name}({', '.join(['v'] * function.arguments)})"
        if not function.looks_along:
            assert cpp_expression(text, names(v="Real"), precision="double").text
            assert without_cpp([text]) is None
            continue
        assert without_cpp(["v", f"1 + {text}"]) == name
        with pytest.raises(PlanError, match=rf"{name}\(\).*reference"):
            cpp_expression(text, names(v="Real"), precision="double")


@pytest.mark.parametrize("text", ["-(v > 0)", "(v > 0) - (v > 1)", "clip(v, 0)", "sqrt(v, w)", "rand(3)"])
def test_what_has_no_value_in_cpp_is_refused(text):
    with pytest.raises(PlanError):
        cpp_expression(text, names(v="Real", w="Real"), precision="double")


def test_random_calls_take_their_keys_in_the_order_of_the_numpy_text():
    statements = read_statements("x = poisson(rand()) + rand()\ny = 1 < rand() < randn()", "test")
    text, _ = cpp_statements(statements, {}, precision="double", first_call=4)
    assert random_calls(statements) == 5
    assert "poisson(keys[5], tick, element, uniform(keys[4], tick, element)) + uniform(keys[6]" in text[0]
    assert text[1].count("keys[7]") == 2 and text[1].count("keys[8]") == 1


def test_each_assignment_declares_a_name_that_cpp_allows_and_nobody_has():
    statements = read_statements("new = v\nnew = new + 1\n_V__x = new\nτ = _V__x\nM_PI = τ", "test")
    text, found = cpp_statements(statements, {"v": Typed("new_1 + 0", "Real")}, precision="double")
    declared = [line.split()[2] for line in text]
    assert declared == ["new_2", "new_3", "V_x_1", "u3c4_1", "PI_1"]
    assert found["new"] == Typed("new_3", "Real")
