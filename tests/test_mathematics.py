"""The functions that compiled text calls are accurate for all numbers, and have the same bits in vectors and
one by one."""

import ctypes
import re
import subprocess

import numpy as np
import pytest
from scipy.special import exprel

from neurosim.engine.events import compiler
from neurosim.engine.events.build import INCLUDE, find_compiler, load

# name: units in the last place it may be off, and ranges to try it on in double
FUNCTIONS = {
    "exp": (1, [(-708, 709.7), (-1, 1), (-1e-8, 1e-8)]),
    "expm1": (1.5, [(-40, 709.7), (-1, 1), (-1e-8, 1e-8)]),
    "tanh": (2.5, [(-20, 20), (-1, 1), (-1e-8, 1e-8)]),
    "sigmoid": (2.5, [(-700, 40), (-3, 3)]),
    "exprel": (2.5, [(-700, 700), (-1, 1)]),
    "log": (1, [(0, 1), (0.5, 2), (1, 1e30), (0, 1e-307)]),
    "log1p": (1.5, [(-1, 1), (-0.01, 0.01), (0, 1e30), (-1e-12, 1e-12)]),
    "sin": (1.1, [(-1, 1), (-10, 10), (-1e5, 1e5)]),
    "cos": (1.1, [(-1, 1), (-10, 10), (-1e5, 1e5)]),
    "tan": (2.5, [(-1, 1), (-10, 10), (-1e5, 1e5)]),
    "cosh": (2, [(-710.4, 710.4), (-3, 3), (-1e-6, 1e-6)]),
    "sinh": (2.5, [(-710.4, 710.4), (-3, 3), (-0.5, 0.5), (-1e-6, 1e-6), (39, 42)]),
    "arctan": (1, [(-0.5, 0.5), (-3, 3), (-1e3, 1e3), (-1e-6, 1e-6), (0, 1e30)]),
    "arcsin": (1.5, [(-1, 1), (-0.5, 0.5), (-1e-6, 1e-6), (0.999, 1)]),
    "arccos": (1.5, [(-1, 1), (0.49, 0.51), (-1e-6, 1e-6), (0.999, 1), (-1, -0.999)]),
    "log10": (0.51, [(0, 1), (0.5, 2), (1, 1e30), (0, 1e-307)]),
}
ROUNDING = ("sqrt", "floor", "ceil", "round", "abs", "sign")
TYPES = {np.float64: "double", np.float32: "float"}
LONG = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exprel": lambda x: np.where(x == 0, 1, np.expm1(x) / np.where(x == 0, 1, x)),
}


def _source() -> str:
    lines = ['#include "core/numbers/math.hpp"', "using namespace neurosim;"]
    for name in (*FUNCTIONS, *ROUNDING):
        for real in TYPES.values():
            head = (
                f"(const {real}* __restrict x, {real}* __restrict y, int n) {{ for (int i = 0; i < n; ++i) "
            )
            lines.append(f'extern "C" void {name}_{real}{head}y[i] = {name}_(x[i]); }}')
            lines.append(
                f'extern "C" void {name}_{real}_alone{head}{{ volatile {real} one = x[i]; y[i] ='
                f" {name}_({real}(one)); }} }}"
            )
    for name in ("pow", "floor_mod", "floor_div"):
        for real in TYPES.values():
            head = f"(const {real}* __restrict x, const {real}* __restrict y, {real}* __restrict z, int n)"
            lines.append(
                f'extern "C" void {name}_{real}{head} {{ for (int i = 0; i < n; ++i) z[i] = {name}_(x[i],'
                " y[i]); }"
            )
    head = "(const double* __restrict x, double y, double* __restrict z, int n)"
    lines.append(f'extern "C" void pow_same{head} {{ for (int i = 0; i < n; ++i) z[i] = pow_(x[i], y); }}')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    return load(_source(), "the functions of a test")


def at(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array alive


def call(library: ctypes.CDLL, name: str, x: np.ndarray, alone: bool = False) -> np.ndarray:
    found = np.empty_like(x)
    library[f"{name}_{TYPES[x.dtype.type]}{'_alone' * alone}"](at(x), at(found), x.size)
    return found


def two(library: ctypes.CDLL, name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A function of two arrays."""
    found = np.empty_like(x)
    library[f"{name}_{TYPES[x.dtype.type]}"](
        at(np.ascontiguousarray(x)), at(np.ascontiguousarray(y)), at(found), x.size
    )
    return found


def samples(name: str, real: type) -> np.ndarray:
    """Numbers from ranges whose exact result is representable in this type without denormal numbers."""
    draw = np.random.default_rng(4)
    x = np.concatenate([draw.uniform(low, high, 40_001) for low, high in FUNCTIONS[name][1]]).astype(real)
    x = x[np.isfinite(x)]
    size = np.abs(exact(name, x))
    return x[(size == 0) | ((size > 2 * np.finfo(real).tiny) & (size < np.finfo(real).max))]


def exact(name: str, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return LONG.get(name, getattr(np, name, None))(x.astype(np.longdouble))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_right_to_a_few_units_in_the_last_place(library, name):
    for real in TYPES:
        x = samples(name, real)
        wanted = exact(name, x)
        wrong = np.abs(call(library, name, x) - wanted) / np.spacing(np.abs(wanted.astype(real)))
        assert wrong.max() <= FUNCTIONS[name][0], f"{name}({x[wrong.argmax()]!r})"


@pytest.mark.parametrize("real", TYPES)
def test_a_function_gives_the_same_bits_in_vectors_and_one_by_one(library, real):
    x = (
        np.random.default_rng(5).integers(0, 2**64, 20_011, dtype=np.uint64).view(real)
    )  # all exponents and signs
    x = np.concatenate([x, np.random.default_rng(6).normal(size=2000).astype(real)])
    for name in (*FUNCTIONS, *ROUNDING):
        np.testing.assert_array_equal(
            call(library, name, x), call(library, name, x, alone=True), err_msg=name
        )


@pytest.mark.parametrize("real", TYPES)
def test_functions_are_right_at_the_ends_of_the_numbers(library, real):
    huge, tiny = np.finfo(real).max, np.finfo(real).smallest_subnormal
    x = np.array(
        [
            0,
            np.inf,
            np.nan,
            tiny,
            3 * tiny,
            np.finfo(real).tiny,
            1,
            2,
            0.5,
            1.5,
            88.7,
            1e22,
            huge,
            2.0**51,
            2.0**100,
        ],
        real,
    )
    x = np.concatenate([x, -x])
    numpy = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "exprel": exprel, "round": np.rint}
    for name in (*FUNCTIONS, *ROUNDING):
        with np.errstate(all="ignore"):
            wanted = numpy.get(name, getattr(np, name, None))(x)
        found = call(library, name, x)
        least = 4 * np.finfo(real).tiny if name in ("exp", "sigmoid") else 0  # below that, they give 0
        np.testing.assert_allclose(found, wanted, rtol=3 * np.finfo(real).eps, atol=least, err_msg=name)
        number = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(wanted[number]), err_msg=name)


@pytest.mark.parametrize(
    ("real", "lowest", "highest"), [(np.float64, -708, 709.782712893384), (np.float32, -86.9, 88.72283)]
)
def test_exp_gives_zero_below_the_normal_numbers_and_infinity_above(library, real, lowest, highest):
    x = np.array(
        [
            lowest,
            np.nextafter(real(lowest), real(-np.inf)),
            2 * lowest,
            -np.inf,
            highest,
            highest + 0.001,
            np.inf,
        ],
        real,
    )
    found = call(library, "exp", x)
    assert 2 * np.finfo(real).tiny > found[0] >= np.finfo(real).tiny
    assert found[1:4].tolist() == [0, 0, 0]
    assert np.isfinite(found[4])
    assert np.isinf(found[5:]).all()


def test_powers_are_right_to_a_unit_in_the_last_place(library):
    mpmath = pytest.importorskip("mpmath")
    draw, n = np.random.default_rng(10), 1000
    x = np.concatenate(
        [
            np.exp(draw.uniform(-50, 50, n)),
            1 + draw.uniform(-1e-3, 1e-3, n),
            draw.integers(1, 50, n),
            draw.uniform(0, 1e-308, n),
        ]
    )
    y = np.concatenate(
        [
            draw.uniform(-14, 14, n),
            draw.uniform(-1e5, 1e5, n),
            draw.integers(-20, 20, n),
            draw.uniform(-0.9, 0.9, n),
        ]
    )
    with mpmath.workprec(150):
        wanted = [mpmath.mpf(a) ** mpmath.mpf(b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        found = [mpmath.mpf(value) for value in two(library, "pow", x, y).tolist()]
        wrong = [float(abs(a - b)) / np.spacing(float(b)) for a, b in zip(found, wanted, strict=True)]
    assert max(wrong) < 1
    single = x.astype(np.float32), y.astype(np.float32)
    with np.errstate(all="ignore"):
        exact = single[0].astype(float) ** single[1].astype(float)
    held = (exact > np.finfo(np.float32).tiny) & (exact < np.finfo(np.float32).max)
    np.testing.assert_allclose(two(library, "pow", *single)[held], exact[held], rtol=6e-8)


def test_powers_have_the_exceptions_of_numpy_and_the_same_bits_whatever_is_the_same_throughout(library):
    special = np.array(
        [0, 1, 2, 3, 0.5, 1 / 3, np.inf, np.nan, 1e300, 5e-324, 2.0**53, 2.0**53 - 1, 2.0**52 + 0.5, 7.5]
    )
    special = np.concatenate([special, -special])
    x, y = np.array(np.meshgrid(special, special)).reshape(2, -1)
    with np.errstate(all="ignore"):
        wanted = x**y
    found = two(library, "pow", x, y)
    np.testing.assert_allclose(found, wanted, rtol=3e-16, atol=0)
    np.testing.assert_array_equal(np.signbit(found[~np.isnan(wanted)]), np.signbit(wanted[~np.isnan(wanted)]))
    for exponent in special:
        once = np.empty_like(x)
        library.pow_same(at(x), ctypes.c_double(exponent), at(once), x.size)
        np.testing.assert_array_equal(once, two(library, "pow", x, np.full_like(x, exponent)))


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_sines_of_huge_numbers_are_right(library, name):
    mpmath = pytest.importorskip("mpmath")
    draw = np.random.default_rng(8)
    x = np.concatenate(
        [
            np.exp(draw.uniform(20, 709, 1500)) * draw.choice([-1, 1], 1500),
            2.0 ** np.arange(45, 1024),
            np.pi * 10.0 ** np.arange(300),
        ]
    )
    with mpmath.workprec(1300):
        wanted = np.array([float(getattr(mpmath, name)(mpmath.mpf(float(value)))) for value in x])
    close = 1e-14 if name == "tan" else 1e-15  # which is steep where the cosine is near 0
    np.testing.assert_allclose(call(library, name, x), wanted, rtol=close, atol=2.0**-60)


def test_logarithms_of_powers_of_ten_are_whole(library):
    for real, most in ((np.float64, 23), (np.float32, 11)):
        whole = np.arange(most, dtype=real)
        np.testing.assert_array_equal(call(library, "log10", real(10) ** whole), whole)


def test_division_and_remainder_of_floats_are_those_of_numpy(library):
    draw = np.random.default_rng(9)
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.3, -0.3, np.inf, -np.inf, np.nan, 1e300, 5e-324])
    pairs = np.array(np.meshgrid(special, special)).reshape(2, -1)
    x, y = np.concatenate(
        [pairs, draw.normal(size=(2, 10_000)) * 10.0 ** draw.integers(-3, 4, (2, 10_000))], axis=1
    )
    for name, of_numpy in (("floor_mod", np.mod), ("floor_div", np.floor_divide)):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(two(library, name, x, y), of_numpy(x, y))


def test_functions_run_in_vectors(tmp_path):
    """GCC would compute a power of the constant 0, which exp gives for small numbers, in a branch."""
    loops = [f"{name}_(x[i])" for name in FUNCTIONS] + ["pow_(exp_(x[i]), 0.1)"]
    command = find_compiler()
    flags = () if command is None else compiler.engine_flags(compiler.version(command))
    if not set(compiler.GCC_FLAGS) & set(flags):
        pytest.skip("only GCC says which loops run in vectors")
    source = tmp_path / "loop.cpp"
    source.write_text(
        '#include "core/numbers/math.hpp"\nusing namespace neurosim;\n'
        + "\n".join(
            f"void loop_{k}(double* x, int n) {{ for (int i = 0; i < n; ++i) x[i] = {loop}; }}"
            for k, loop in enumerate(loops, start=3)
        )
    )
    told = subprocess.run(
        [*command, *flags, "-fopt-info-vec", "-c", f"-I{INCLUDE}", source, "-o", tmp_path / "loop.o"],
        capture_output=True, text=True,
    )  # fmt: skip
    vectorized = re.findall(r"loop\.cpp:(\d+):\d+: optimized: loop vectorized", told.stderr)
    assert {loop for k, loop in enumerate(loops, start=3) if str(k) not in vectorized} == set(), told.stderr
