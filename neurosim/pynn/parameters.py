"""Parameters: the units that PyNN gives them, and what all models of this backend share."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace

from neurosim.units import Hz, ms, mV, nA, nF, nS, uS

# The quantity that is 1 in PyNN, and what equations call the dimension.
UNITS: dict[str, tuple[Any, str]] = {
    "mV": (mV, "volt"),
    "ms": (ms, "second"),
    "nF": (nF, "farad"),
    "nA": (nA, "amp"),
    "uS": (uS, "siemens"),
    "nS": (nS, "siemens"),
    "Hz": (Hz, "Hz"),
    "/ms": (1 / ms, "Hz"),
    "mV/ms": (mV / ms, "volt/second"),
    "dimensionless": (1.0, "1"),
    "": (1.0, "1"),
}


def quantity(values: Any, unit: str) -> Any:
    """Numbers in a unit of PyNN, as a quantity; one number in place of an array of equal ones."""
    numbers = np.asarray(values, float)
    equal = numbers.size and np.all(numbers == numbers.flat[0])
    return (float(numbers.flat[0]) if equal else numbers) * UNITS[unit][0]


def factor(unit: str) -> float:
    """What a unit of PyNN is in SI units."""
    return float(UNITS[unit][0])


def in_pynn(values: Any, unit: str) -> np.ndarray:
    """Numbers in SI units, in a unit of PyNN."""
    return np.asarray(values, float) / factor(unit)


def dimension(unit: str) -> str:
    """What equations call the dimension of a unit of PyNN: 'volt' for 'mV'."""
    return UNITS[unit][1]


def plain(name: str) -> str:
    """The name that a variable or parameter of PyNN has in equations: 'AMPA_tau_syn' for 'AMPA.tau_syn'."""
    return name.replace(".", "_")


class KeepsParameters:
    """A model whose parameters have, inside this backend, the names and units that PyNN gives them.

    PyNN's backends translate parameters when a model is made; here they are translated when a network is run
    (`build.py`), so that `get` returns exactly what `set` was given.
    """

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """PyNN's table of translations, in which every parameter stands for itself."""
        return {name: {"translated_name": name, "type": "simple"} for name in self.get_parameter_names()}  # type: ignore[attr-defined]

    def translate(self, parameters: ParameterSpace, copy: bool = True) -> ParameterSpace:
        """The same parameters, which PyNN evaluates later."""
        values = dict(parameters.items())
        return ParameterSpace(deepcopy(values) if copy else values, schema=None, shape=parameters.shape)

    def reverse_translate(self, native_parameters: ParameterSpace) -> ParameterSpace:
        """The same parameters."""
        return native_parameters
