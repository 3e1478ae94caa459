"""Functions of generated code that differ only in numbers and names are written once.

A network may have a hundred populations of one text. Their functions differ in the numbers of arrays,
constants and populations, and in the names that are made of theirs. While functions are written, such numbers
and names are marked. `written_once` compares the functions without them: if some are equal, the first stands
for all, takes the numbers as its argument `of`, and is called with a row of a table. So code grows with the
kinds of populations and synapses, not with their number. A function that no other equals holds its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

# What is marked stands between control characters, which generated code has nowhere else.
_NUMBER = re.compile("\x02([0-9]+)\x03")
_NAME = re.compile("\x04([A-Za-z0-9_]+)\x05")
_CONTEXT = r"((?:\[\[maybe_unused\]\] )?Context& )?context"
_HEAD = re.compile(rf"(?P<title>// .*\n)(?:template <.*> )?void (?P<name>\S+)\({_CONTEXT}\) \{{")
_CALLS_ANOTHER = re.compile("\x05\\w*\\((context|worker)")
_CALL = re.compile(r"\b(\w+)\(context\)")
_CALL_WITH_ROW = re.compile(r"( *)(\w+)\(context, of_\2\[([0-9]+)\]\);")


def marked_number(value: int) -> str:
    """A number in which functions of one kind may differ."""
    return f"\x02{value}\x03"


def marked_name(identifier: str) -> str:
    """The name of a population or synapses as part of a C++ identifier."""
    return f"\x04{identifier}\x05"


def plain(text: str) -> str:
    """The text without marks."""
    return _NAME.sub(r"\1", _NUMBER.sub(r"\1", text))


@dataclass(frozen=True, eq=False)
class _Function:
    """A function that others call with the context alone, or some that have one name.

    name: with its marks
    title: the first line, a comment
    body: the other lines
    """

    name: str
    title: str
    body: str

    def named(self, name: str) -> str:
        """The body with another name for the function, which arguments follow wherever it stands."""
        return self.body.replace(f"{self.name}(", f"{name}(").replace(f"{self.name}<", f"{name}<")

    @property
    def kind(self) -> str:
        """The body without what functions may differ in that share their code."""
        found: dict[str, int] = {}
        body = _NAME.sub(lambda name: f"\x04{found.setdefault(name[1], len(found))}", self.named("\x06"))
        return _NUMBER.sub("\x02", body)


def written_once(parts: Iterable[str]) -> str:
    """The text of a source, in which functions that are alike are written once.

    parts: its parts; a function is one by itself, and stands before those that call it
    """
    texts: list[str | None] = list(parts)
    kinds: dict[str, list[tuple[int, _Function]]] = {}
    for place, text in enumerate(texts):
        function = _function(text or "")
        if function is not None:
            kinds.setdefault(function.kind, []).append((place, function))
    calls: dict[str, str] = {}
    for alike in kinds.values():
        places, functions = zip(*alike, strict=True)
        if len({tuple(_NUMBER.findall(function.body)) for function in functions}) > 1:
            for place in places:
                texts[place] = None
            texts[places[0]] = _shared(functions)
            shared = plain(functions[0].name)
            calls |= {plain(f.name): f"{shared}(context, of_{shared}[{n}])" for n, f in enumerate(functions)}
    source = plain("\n".join(text for text in texts if text is not None))
    return _in_loops(_CALL.sub(lambda call: calls.get(call[1], call[0]), source)) if calls else source


def _function(text: str) -> _Function | None:
    """The function that a part of a source is, if it may share its code."""
    head = _HEAD.match(text)
    if head is None or "\x05" not in head["name"]:
        return None
    function = _Function(head["name"], head["title"], text[head.end("title") :])
    return None if _CALLS_ANOTHER.search(function.named("")) else function


def _shared(functions: Sequence[_Function]) -> str:
    """A function in place of some that are alike, and the table of the numbers in which they differ."""
    first = functions[0]
    columns: list[tuple[str, ...]] = list(
        zip(*(_NUMBER.findall(function.body) for function in functions), strict=True)
    )
    differing = list(dict.fromkeys(column for column in columns if len(set(column)) > 1))
    arguments = {column: f"of[{place}]" for place, column in enumerate(differing)}
    texts = [arguments.get(column, column[0]) for column in columns]
    body = "".join(
        part for pair in zip_longest(_NUMBER.split(first.body)[::2], texts, fillvalue="") for part in pair
    )
    name = re.escape(first.name)
    body = re.sub(
        rf"(?<!\w){name}(<\w+>)?\({_CONTEXT}\)",
        lambda call: (
            f"{first.name}{call[1] or ''}({call[2] or ''}context, {'const int* of' if call[2] else 'of'})"
        ),
        body,
    )
    head = re.compile(rf"^(template <.*> )?void {name}\(", re.MULTILINE)
    body = head.sub(lambda found: f"{found[1] or ''}NEUROSIM_SHARED void {first.name}(", body)
    rows = [f"    {{{', '.join(row)}}}," for row in zip(*differing, strict=True)]
    table = [f"constexpr int of_{first.name}[][{len(differing)}] = {{", *rows, "};", ""]
    also = (
        f"// Also for {len(functions) - 1} more of this kind; `of` holds the numbers in which they differ.\n"
    )
    return f"{first.title}{also}{body}" + "\n".join(table)


def _in_loops(source: str) -> str:
    """The source with a loop in place of calls of one function with one row of its table after the other."""
    lines: list[str] = []
    calls: list[tuple[str, str, int]] = []  # that are yet to be written: indentation, function, row
    for line in source.split("\n"):
        found = _CALL_WITH_ROW.fullmatch(line)
        call = (found[1], found[2], int(found[3])) if found else None
        if calls and call != (*calls[-1][:2], calls[-1][2] + 1):
            lines += _loop(calls)
            calls.clear()
        if call:
            calls.append(call)
        else:
            lines.append(line)
    return "\n".join(lines)


def _loop(calls: Sequence[tuple[str, str, int]]) -> list[str]:
    """Calls of one function with one row after the other: as they are if there are few, else as a loop."""
    indent, name, first = calls[0]
    if len(calls) <= 2:
        return [f"{indent}{name}(context, of_{name}[{row}]);" for _, _, row in calls]
    rows = f"for (int row = {first}; row < {calls[-1][2] + 1}; ++row)"
    return [f"{indent}{rows} {name}(context, of_{name}[row]);"]
