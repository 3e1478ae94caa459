"""Numbers with a unit, without Brian2: the magnitude in SI units and the exponents of base units."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from keyword import iskeyword
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.readonly import read_only

# The order of Brian2's dimensions, with the SI unit of each.
AXES = ("length", "mass", "time", "current", "temperature", "substance", "luminosity")
BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
Dim = tuple[float, ...]  # a unit: the exponents of the base units
PLAIN: Dim = (0.0,) * 7
LONGEST_NAME = 100
TIME: Dim = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
NAMED: dict[Dim, str] = {  # dimensions that people write with one letter
    TIME: "s",
    (2.0, 1.0, -3.0, -1.0, 0.0, 0.0, 0.0): "V",
    (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0): "A",
    (-2.0, -1.0, 3.0, 2.0, 0.0, 0.0, 0.0): "S",
    (-2.0, -1.0, 4.0, 2.0, 0.0, 0.0, 0.0): "F",
    (2.0, 1.0, -3.0, -2.0, 0.0, 0.0, 0.0): "ohm",
    (0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0): "Hz",
    (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0): "m",
}


@dataclass(frozen=True, eq=False)
class Value:
    """A number or an array with a unit; it cannot be changed.

    number: the magnitude in SI units, any shape, of floats, integers or truth values.
    dim: the exponents of m, kg, s, A, K, mol and cd; default: no unit.

    Raises DescriptionError for other types of numbers.
    """

    number: np.ndarray
    dim: tuple[float, ...] = PLAIN

    def __post_init__(self):
        fixed = read_only(np.asarray(self.number))
        if fixed.dtype.kind not in "biuf" or len(self.dim) != len(AXES):
            raise DescriptionError(
                f"Value: {shown(self.number)} of dimensions {shown(self.dim)} is not a quantity."
                " Give a number with a unit."
            )
        object.__setattr__(self, "number", fixed)

    def __reduce__(self) -> tuple:
        return Value, (self.number, self.dim)  # so that the numbers of a copy cannot be written to either

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Value)
            and self.dim == other.dim
            and self.number.dtype == other.number.dtype
            and np.array_equal(self.number, other.number)
        )

    def __hash__(self) -> int:
        return hash((self.dim, self.number.shape, self.number.tobytes()))

    def __str__(self) -> str:
        return show(self)

    def __repr__(self) -> str:
        return show(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.number.shape

    @property
    def scalar(self) -> bool:
        return self.number.ndim == 0


def is_zero(given: object) -> bool:
    """Whether this is a value of 0, which is the same in every unit."""
    return isinstance(given, Value) and not np.any(given.number)


Numeric = ArrayLike | Value  # a number, an array, or a quantity, which is an array to a type checker


def as_value(given: Any, subject: str) -> Value:
    """Read a number, an array or a Brian2 quantity.

    given: what was given.
    subject: the object and the argument, with which error messages begin.

    Raises DescriptionError for NaN, text, other objects, and numbers of different units.
    """
    kind: type = type(given)
    if (kind is float and given and given == given) or (kind is int and -(2**63) <= given < 2**63):
        return _plain(kind, given)
    value = given if isinstance(given, Value) else Value(read_array(given, subject), one_unit(given, subject))
    if value.number.dtype.kind == "f" and np.isnan(value.number).any():
        raise DescriptionError(
            f"{subject}: contains NaN. Give finite numbers; a missing value has no meaning here."
        )
    return value


@lru_cache(maxsize=256)
def _plain(kind: type, number: float) -> Value:
    """A plain number, float or int; a network of many parts gives the same ones again and again."""
    return Value(np.array(number, dtype=np.float64 if kind is float else np.int64))


def read_array(given: Any, subject: str) -> np.ndarray:
    """The plain numbers of a number, list, array or quantity, as a copy of float64, int64 or bool."""
    if given is None or isinstance(given, (str, bytes, bytearray, memoryview, Mapping, set, frozenset)):
        raise _no_number(given, subject)
    if isinstance(given, np.ma.MaskedArray):
        raise DescriptionError(
            f"{subject}: is a masked array, and a missing value has no meaning here."
            " Give a plain array, filled(...)."
        )
    try:
        number = np.array(given, dtype=float if hasattr(given, "dim") else None)
    except Exception:  # what an object's own conversion raises can be anything
        raise DescriptionError(
            f"{subject}: {shown(given)} is not a number or an array of numbers of one shape."
            " Give such an array."
        ) from None
    too_large = isinstance(given, int) and not -(2**63) <= given < 2**63
    if too_large or (number.dtype.kind == "u" and np.any(number >= 2**63)):
        raise DescriptionError(
            f"{subject}: {shown(given)} is too large for a whole number."
            " Give one below 2**63, or a float such as 1e20."
        )
    if number.dtype.kind not in "biuf":
        raise _no_number(given, subject)
    return number.astype({"b": bool, "f": np.float64}.get(number.dtype.kind, np.int64), copy=False)


def _no_number(given: object, subject: str) -> DescriptionError:
    return DescriptionError(
        f"{subject}: {shown(given)} is not a number. Give a number, an array or a quantity such as 10*ms."
    )


def one_unit(given: Any, subject: str) -> tuple[float, ...]:
    """The unit that all numbers of a value share. Raises DescriptionError if they have different ones."""
    if not isinstance(given, (list, tuple)):
        return dimensions(given)
    if {type(part) for part in given} <= {int, float, bool}:
        return PLAIN
    found = {one_unit(part, subject) for part in given}
    if len(found) > 1:
        raise DescriptionError(
            f"{subject}: {shown(given)} mixes the units {', '.join(sorted(map(unit, found)))}."
            " Give all numbers in one unit."
        )
    return found.pop() if found else PLAIN


def dimensions(given: Any) -> tuple[float, ...]:
    """The unit of a Brian2 quantity; no unit for anything else."""
    dim = getattr(given, "dim", None)
    if dim is None or not hasattr(dim, "get_dimension"):
        return PLAIN
    return _exponents(dim)


@lru_cache(maxsize=256)
def _exponents(dim: Any) -> Dim:
    """The exponents of Brian2's dimensions."""
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def unit(dim: tuple[float, ...]) -> str:
    """A unit in words: 'V', 'm s^-1', or '1' for no unit."""
    if dim == PLAIN:
        return "1"
    if dim in NAMED:
        return NAMED[dim]
    return " ".join(
        base if power == 1 else f"{base}^{power:g}" for base, power in zip(BASE, dim, strict=True) if power
    )


def show(value: Value) -> str:
    """The value as a person writes it: '10 ms', '-60 mV', 'array (135, 135) V'."""
    name = unit(value.dim)
    if not value.scalar:
        shape = " x ".join(str(n) for n in value.shape)
        return f"array {shape}" + ("" if name == "1" else f" {name}")
    number = value.number.item()
    if name == "1" or isinstance(number, bool):
        return f"{number:g}" if isinstance(number, float) else str(number)
    if " " in name or number == 0 or not np.isfinite(number):
        return f"{number:g} {name}"
    for power, prefix in ((9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"), (-12, "p")):
        least = 0.1 if power == -3 else 0.99999  # 0.5 ms rather than 500 us
        if abs(number) >= least * 10.0**power:
            return f"{number / 10.0**power:.6g} {prefix}{name}"
    return f"{number:g} {name}"


def whole(given: Any, subject: str, *, least: int = 0, most: int = 2**53) -> int:
    """Read a whole number from `least` to `most`; `subject` opens the error for anything else."""
    is_whole = isinstance(given, (int, np.integer)) or (
        isinstance(given, (float, np.floating)) and float(given).is_integer()
    )
    if isinstance(given, (bool, np.bool_)) or not is_whole:
        raise DescriptionError(
            f"{subject}: {shown(given)} is not a whole number. Give an integer of at least {least}."
        )
    if given < least:
        raise DescriptionError(
            f"{subject}: {shown(given)} is below {least}. Give an integer of at least {least}."
        )
    if given > most:
        raise DescriptionError(
            f"{subject}: {shown(given)} is too large. Give an integer of at most {most:,}."
        )
    return int(given)


def plain_number(
    given: Any, subject: str, remedy: str, *, low: float = -np.inf, high: float = np.inf
) -> float:
    """Read one finite number without a unit, from `low` to `high`.

    Raises DescriptionError for anything else; `subject` opens it and `remedy` ends it.
    """
    value = as_value(given, subject)
    number = value.number.item() if value.scalar else np.nan
    if value.dim != PLAIN or isinstance(number, bool) or not (np.isfinite(number) and low <= number <= high):
        raise DescriptionError(f"{subject}: {shown(given)} does not fit. {remedy}")
    return number


def flag(given: Any, subject: str) -> bool:
    """Read True or False; `subject` opens the error for anything else."""
    if not isinstance(given, (bool, np.bool_)):
        raise DescriptionError(f"{subject}: {shown(given)} is not True or False. Give one of these.")
    return bool(given)


def choice(given: Any, known: Iterable[str], subject: str) -> str:
    """Read one of a few known words; `subject` opens the error for anything else."""
    words = tuple(known)
    if not isinstance(given, str) or given not in words:
        raise DescriptionError(f"{subject} {shown(given)} is not known. {nearest(given, words)}")
    return given


def plain_text(given: Any, subject: str) -> str:
    """Read a string; `subject` opens the error for anything else."""
    if not isinstance(given, str):
        raise DescriptionError(f"{subject} {shown(given)} is not text. Give a string, or leave it out.")
    return given


def spelt(name: str) -> str:
    """A name in the normal form (NFKC) in which Python reads it.

    Characters that mean the same, such as the micro sign and the Greek letter mu, are then one.
    """
    return unicodedata.normalize("NFKC", name)


def each_once(constants: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Constants by name in normal form. Raises DescriptionError for two names that are one in text."""
    read = {spelt(name): value for name, value in constants.items()}
    if len(read) < len(constants):
        raise DescriptionError(
            f"{subject}: two of the constants {', '.join(constants)} are one name in text."
            " Give each a name of its own."
        )
    return read


def identifier(given: Any, subject: str) -> str:
    """Read a name for text and files, and return its normal form; `subject` opens the error."""
    given = spelt(given) if isinstance(given, str) else given
    if (
        not isinstance(given, str)
        or not given.isidentifier()
        or given.startswith("__")
        or len(given) > LONGEST_NAME
    ):
        raise DescriptionError(
            f"{subject}: {shown(given)} is not a name."
            " Use letters, digits and _, beginning with a letter, such as 'liquid_1'"
            f" (at most {LONGEST_NAME} characters)."
        )
    if iskeyword(given):
        raise DescriptionError(
            f"{subject}: {given!r} is a keyword of Python, which text cannot use as a name."
            f" Use another one, such as '{given}_1'."
        )
    return given
