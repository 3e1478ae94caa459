"""Numbers with a unit, held without Brian2: SI magnitude and seven dimension exponents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError

# The order of Brian2's dimensions, with the SI unit of each.
AXES = ("length", "mass", "time", "current", "temperature", "substance", "luminosity")
BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
PLAIN = (0.0,) * 7
TIME = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
NAMED = {  # dimensions that people write with one letter
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
    """A number or array in SI units and its dimensions (exponents of m, kg, s, A, K, mol, cd)."""

    number: np.ndarray
    dim: tuple[float, ...] = PLAIN

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

    @property
    def shape(self) -> tuple[int, ...]:
        return self.number.shape

    @property
    def scalar(self) -> bool:
        return self.number.ndim == 0


def as_value(given: Any, where: str) -> Value:
    """Read a number, an array or a Brian2 quantity; NaN, text and objects are refused.

    `where` opens the error message and names the object and the argument.
    """
    if isinstance(given, Value):
        return given
    if isinstance(given, str) or given is None:
        raise DescriptionError(f"{where}: {given!r} is not a number. Give a number, an array or a quantity such as 10*ms.")
    try:
        number = np.array(given, dtype=float if hasattr(given, "dim") else None)
    except (TypeError, ValueError):
        raise DescriptionError(f"{where}: {given!r} is not a number or an array of numbers of one shape.") from None
    if number.dtype.kind not in "biuf":
        raise DescriptionError(f"{where}: {given!r} is not a number. Give a number, an array or a quantity such as 10*ms.")
    if number.dtype.kind in "iu":
        number = number.astype(np.int64)
    if number.dtype.kind == "f":
        number = number.astype(np.float64)
        if np.isnan(number).any():
            raise DescriptionError(f"{where}: contains NaN. Give finite numbers; a missing value has no meaning here.")
    number.setflags(write=False)
    return Value(number, dimensions(given))


def dimensions(given: Any) -> tuple[float, ...]:
    """The dimension exponents of a Brian2 quantity; zeros for anything else."""
    dim = getattr(given, "dim", None)
    if dim is None or not hasattr(dim, "get_dimension"):
        return PLAIN
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def unit(dim: tuple[float, ...]) -> str:
    """The unit of these dimensions in words: 'V', 'm s^-1', or '1' for a plain number."""
    if dim == PLAIN:
        return "1"
    if dim in NAMED:
        return NAMED[dim]
    return " ".join(base if power == 1 else f"{base}^{power:g}" for base, power in zip(BASE, dim, strict=True) if power)


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


def whole(given: Any, where: str, *, least: int = 0) -> int:
    """Read a whole number of at least `least`; anything else is refused."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        if not (isinstance(given, float) and given.is_integer()):
            raise DescriptionError(f"{where}: {given!r} is not a whole number. Give an integer of at least {least}.")
    if given < least:
        raise DescriptionError(f"{where}: {given!r} is below {least}. Give an integer of at least {least}.")
    return int(given)


def identifier(given: Any, where: str) -> str:
    """Read a name that may stand in text and in a file; anything else is refused."""
    if not isinstance(given, str) or not given.isidentifier() or given.startswith("__"):
        raise DescriptionError(f"{where}: {given!r} is not a name. Use letters, digits and _, beginning with a letter, such as 'liquid_1'.")
    return given
