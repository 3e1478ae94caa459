"""The pathways of synapses: text that runs when spikes arrive, with the delay after which they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.expression import Expression
from neurosim.network.text import Statement, read_statements
from neurosim.network.values import Value, identifier, plain_text
from neurosim.network.weights import Distribution

LONGEST_DELAY = 2**24  # in ticks
Delay = Value | Distribution | Expression
Texts = str | Mapping[str, str]  # what the arguments on_pre and on_post take
OWN_NAMES = {"on_pre": "pre", "on_post": "post"}  # of a text that is given without a name


@dataclass(frozen=True, eq=False)
class PathwayText:
    """One pathway of synapses.

    name: 'pre' or 'post', or the name that the user gave it.
    argument: 'on_pre', which runs for spikes of the sender, or 'on_post', for those of the target.
    text: what the user wrote.
    delay: from the spike until the text runs.
    subject: how errors begin.
    """

    name: str
    argument: str
    text: str
    delay: Delay
    subject: str

    @property
    def words(self) -> str:
        """How messages call the text: 'on_post', or "on_pre['late']"."""
        return self.argument + ("" if self.name == OWN_NAMES[self.argument] else f"[{self.name!r}]")

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The assignments of the text."""
        return read_statements(self.text, f"{self.subject}: {self.words}")

    @property
    def at_once(self) -> bool:
        """Whether the text runs in the tick of the spike."""
        return isinstance(self.delay, Value) and not np.any(self.delay.number)


@dataclass(frozen=True, eq=False)
class Pathways:
    """The pathways of synapses, as they were given.

    texts: all of them, those of on_pre first.
    delay: that of the first on_pre; of synapses without text, that of their messages.
    """

    texts: tuple[PathwayText, ...]
    delay: Delay

    def first(self, argument: str) -> str:
        """The first text for messages of the sender, or the first that runs as the target has sent."""
        return next((path.text for path in self._firsts if path.argument == argument), "")

    @cached_property
    def _firsts(self) -> list[PathwayText]:
        before = [path for path in self.texts if path.argument == "on_pre"][:1]
        return before + [path for path in self.texts if path.argument == "on_post" and path.at_once][:1]

    @property
    def further(self) -> tuple[PathwayText, ...]:
        """All pathways but these two."""
        return self._further if self.texts else ()

    @cached_property
    def _further(self) -> tuple[PathwayText, ...]:
        firsts = self._firsts
        return tuple(path for path in self.texts if path not in firsts)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that give them, where there are further ones."""
        if not self.further:
            return {}
        return {
            "on_pre": {path.name: path.text for path in self.texts if path.argument == "on_pre"},
            "on_post": {path.name: path.text for path in self.texts if path.argument == "on_post"},
            "delay": {path.name: path.delay for path in self.texts},
        }

    def delay_argument(self, delays: Mapping[str, Delay]) -> Delay | dict[str, Delay]:
        """The argument delay that gives other delays, by the keys of `Synapses.delays`."""
        if not self.further:
            return delays["delay"]
        named = {path.name: delays.get(f"delay.{path.name}", path.delay) for path in self.texts}
        first = next((path.name for path in self.texts if path.argument == "on_pre"), None)
        return named | ({} if first is None else {first: delays["delay"]})


def read_pathways(
    on_pre: Any, on_post: Any, delay: Any, read_delay: Callable[[Any, str], Delay], subject: str
) -> Pathways:
    """Read the arguments on_pre, on_post and delay; `subject` opens the errors.

    read_delay: reads one delay, given what errors call it.

    Raises DescriptionError for text that is none, for names that are given twice, and for delays of pathways
    that there are not.
    """
    given = [*_named(on_pre, "on_pre", subject), *_named(on_post, "on_post", subject)]
    names = [name for name, _, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise DescriptionError(
                f"{subject}: on_pre and on_post both have a text called {name!r}. Use another name."
            )
    several = len([argument for _, argument, _ in given if argument == "on_pre"]) > 1
    if not isinstance(delay, Mapping):
        read = read_delay(delay, "delay")
        if several and not (isinstance(read, Value) and not np.any(read.number)):
            delays = ", ".join(f"{name!r}: ..." for name in names)
            raise DescriptionError(
                f"{subject}: delay {read} is given for several texts of on_pre."
                f" Give one for each: delay={{{delays}}}."
            )
        own = {name: read for name, argument, _ in given if argument == "on_pre"}
        return _made(given, own, read, read_delay, subject)
    if "pre" in delay and not any(argument == "on_pre" for _, argument, _ in given):
        names.append("pre")  # of synapses that have on_post alone, and transmit nothing
    for name in delay:
        if name not in names:
            raise DescriptionError(
                f"{subject}: delay names {shown(name)}, which is no text of on_pre or on_post."
                f" {nearest(str(name), names)}"
            )
    own = {name: read_delay(value, f"delay of {name!r}") for name, value in delay.items()}
    first = next((name for name, argument, _ in given if argument == "on_pre"), "pre")
    return _made(given, own, own.get(first, read_delay(0, "delay")), read_delay, subject)


def _made(
    given: Sequence[tuple[str, str, str]],
    delays: Mapping[str, Delay],
    delay: Delay,
    read_delay: Callable[[Any, str], Delay],
    subject: str,
) -> Pathways:
    none = read_delay(0, "delay")
    texts = tuple(
        PathwayText(name, argument, text, delays.get(name, none), subject) for name, argument, text in given
    )
    return Pathways(texts, delay)


def _named(given: Any, argument: str, subject: str) -> list[tuple[str, str, str]]:
    """The texts of an argument: the name of each, the argument, and the text."""
    if not isinstance(given, Mapping):
        text = plain_text(given, f"{subject}: {argument}")
        return [(OWN_NAMES[argument], argument, text)] if text.strip() else []
    found: list[tuple[str, str, str]] = []
    for name, text in given.items():
        name = identifier(name, f"{subject}: {argument}: the name")
        read = plain_text(text, f"{subject}: {argument}[{name!r}]")
        if not read.strip():
            raise DescriptionError(f"{subject}: {argument}[{name!r}] has no text. Leave it out.")
        found.append((name, argument, read))
    return found
