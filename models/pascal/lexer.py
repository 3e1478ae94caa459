"""The first stage of the compiler: the words of a Pascal program."""

import re
from dataclasses import dataclass

import neurosim as ns

RESERVED = {
    "and", "array", "begin", "case", "const", "div", "do", "downto", "else", "end", "file", "for", "function",
    "goto", "if", "in", "label", "mod", "nil", "not", "of", "or", "packed", "procedure", "program", "record",
    "repeat", "set", "then", "to", "type", "until", "var", "while", "with",
}  # fmt: skip
WORDS = re.compile(
    r"(?P<blank>\s+|\{[^}]*\}|\(\*.*?\*\)|//[^\n]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>\d+(?!\w)(?!\.\d))"
    r"|(?P<symbol>:=|<=|>=|<>|\.\.|[-+*=<>()\[\],;:.])",
    re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """A word of a program.

    kind: 'name', 'number', 'symbol', 'reserved' or 'end'
    text: in small letters, as Pascal does not tell them from capitals
    line: its line, counted from 1
    """

    kind: str
    text: str
    line: int


def words(source: str) -> list[Word]:
    """The words of a program, and one of the kind 'end' after the last; comments are left out.

    Raises DescriptionError, with the line, for what is no word of the subset.

    >>> [word.text for word in words("x := x + 1;  { one more }")]
    ['x', ':=', 'x', '+', '1', ';', '']
    """
    found, place, line = [], 0, 1
    while place < len(source):
        match = WORDS.match(source, place)
        if match is None:
            raise fault(line, _reason(source, place))
        kind, text = str(match.lastgroup), match.group().lower()
        if kind != "blank":
            found.append(Word("reserved" if text in RESERVED else kind, text, line))
        line += text.count("\n")
        place = match.end()
    return [*found, Word("end", "", line)]


def fault(line: int, reason: str) -> ns.DescriptionError:
    """What is raised for a program with an error: its line, and the reason."""
    return ns.DescriptionError(f"neural_compiler: line {line}: {reason}")


def _reason(source: str, place: int) -> str:
    rest = source[place:]
    if rest.startswith(("{", "(*")):
        return "a comment has no end. Close it with } or *)."
    if rest[0] == "'":
        return "the neurons compute with numbers only. Leave the text out."
    if rest[0].isdigit():
        number = re.split(r"[^\w.]", rest)
        return f"{number[0]!r} is no whole number. Use whole numbers."
    if rest[0] == "/":
        return "'/' gives a real number. Divide whole numbers with 'div' and 'mod'."
    return f"{rest[0]!r} is no symbol of Pascal. Remove it."
