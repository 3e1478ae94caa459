"""What a description is made of besides numbers and text: schedules, wirings and laws of weights. Each kind is a class.

A kind is a frozen dataclass that derives from `Schedule`, `Wiring` or `Distribution` and owns all that is known of it: how it
is checked, drawn, printed and kept in a file. Defining the class is all: it then runs, is saved and loaded, and is pictured.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

from neurosim.errors import DescriptionError, RecordingError, nearest, shown


class Kind:
    """The base of all kinds. A file holds a kind by the name of its class and the values of its fields."""

    known: ClassVar[dict[str, type[Kind]]] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        before = Kind.known.get(cls.__name__)
        if before is not None and (before.__module__, before.__qualname__) != (
            cls.__module__,
            cls.__qualname__,
        ):
            raise DescriptionError(
                f"class {cls.__qualname__} of {cls.__module__}: there is a {cls.__name__} already, in {before.__module__}, and a file could"
                " not tell them apart. Give it another name."
            )
        Kind.known[cls.__name__] = cls

    def fields(self) -> dict[str, Any]:
        """The values by which a file describes it, by the names of its arguments."""
        if not is_dataclass(self):
            raise DescriptionError(
                f"{type(self).__name__}: is no dataclass, so that no file and no copy can describe it. Write @dataclass(frozen=True) above the class."
            )
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_fields(cls, found: dict[str, Any]) -> Any:
        """The kind that these values describe."""
        return cls(**found)


def keep(kind: Kind, **fields: Any) -> None:
    """Set fields of a kind to what was read from its arguments. For its constructor alone: kinds are frozen."""
    for name, value in fields.items():
        object.__setattr__(kind, name, value)


def kind_called(name: Any) -> type[Kind]:
    """The class of this name; RecordingError where nobody has defined it."""
    if not isinstance(name, str) or name not in Kind.known:
        known = nearest(name, Kind.known) if isinstance(name, str) else ""
        raise RecordingError(
            f"the description holds a {shown(name)}, which is not defined here. Import the module that defines it. {known}"
        )
    return Kind.known[name]
