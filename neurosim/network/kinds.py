"""Kinds: the schedules, wirings and distributions that a description is made of. Each kind is a class.

A kind is a frozen dataclass that derives from `Schedule`, `Wiring` or `Distribution` and owns all that is
known of it: how it is checked, drawn, printed and kept in a file. Defining the class is all: it then runs, is
saved and loaded, and drawn in diagrams.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Self

from neurosim.errors import DescriptionError, RecordingError, nearest, shown


class Kind:
    """The base of all kinds. A file holds a kind as the name of its class and the values of its fields.

    known: all classes that were defined, by name.

    Raises DescriptionError where another module has defined a class of the same name.
    """

    known: ClassVar[dict[str, type[Kind]]] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        before = Kind.known.get(cls.__name__)
        if before is not None and (before.__module__, before.__qualname__) != (
            cls.__module__,
            cls.__qualname__,
        ):
            raise DescriptionError(
                f"class {cls.__qualname__} of {cls.__module__}: there is a {cls.__name__} already, in"
                f" {before.__module__}, and a file could"
                " not tell them apart. Give it another name."
            )
        Kind.known[cls.__name__] = cls

    def fields(self) -> dict[str, Any]:
        """The values from which `of_fields` makes the same kind, by the names of its fields.

        Each is a number, text, an array, None, another kind, or a tuple of these.

        Raises DescriptionError for a class that is not a dataclass.
        """
        if not is_dataclass(self):
            raise DescriptionError(
                f"{type(self).__name__}: is not a dataclass, so that no file and no copy can describe it."
                " Write @dataclass(frozen=True) above the class."
            )
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> Self:
        """The kind with these values of its fields."""
        return cls(**values)


def keep(kind: Kind, **fields: Any) -> None:
    """Set fields of a kind to what was read from its arguments. Only constructors may: kinds are frozen."""
    for name, value in fields.items():
        object.__setattr__(kind, name, value)


def kind_called(name: Any) -> type[Kind]:
    """The kind of this name. Raises RecordingError for a class that was not defined in this process."""
    if not isinstance(name, str) or name not in Kind.known:
        known = nearest(name, Kind.known) if isinstance(name, str) else ""
        raise RecordingError(
            f"the description holds a {shown(name)}, which is not defined here."
            f" Import the module that defines it. {known}"
        )
    return Kind.known[name]
