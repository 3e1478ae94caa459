"""The expressions of a Pascal program: words in, nodes of the parse tree with their types out."""

from collections.abc import Callable

from neurosim.models.pascal.lexer import Word, fault, words
from neurosim.models.pascal.tree import (
    Binary,
    Call,
    Expression,
    Number,
    Reference,
    Routine,
    Type,
    Unary,
    Variable,
)

Item = Number | Type | Variable | Routine
LARGEST = 2**52 - 1  # maxint: doubles hold it, and the difference of two such numbers, without rounding
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
STANDARD = ("abs", "odd", "ord", "pred", "sqr", "succ")


class Expressions:
    """The part of the parser that reads names, constants and expressions; `scopes` has the innermost last."""

    def __init__(self, source: str):
        self.words = words(source)
        self.place = 0
        known = {"true": Number(1, "boolean", 0), "false": Number(0, "boolean", 0)}
        self.scopes: list[dict[str, Item]] = [{**known, "maxint": Number(LARGEST, "integer", 0)}, {}]

    # Words

    @property
    def word(self) -> Word:
        return self.words[self.place]

    def next(self) -> Word:
        word = self.word
        self.place += word.kind != "end"
        return word

    def take(self, text: str) -> bool:
        """Whether the next word is this one, which is then taken."""
        if self.word.kind == "end" or self.word.text != text:
            return False
        self.next()
        return True

    def need(self, text: str, also: str = "") -> None:
        if not self.take(text):
            raise self.unexpected(f"{text!r} {also}".strip())

    def unexpected(self, wanted: str) -> Exception:
        found = repr(self.word.text) if self.word.text else "the end of the program"
        return fault(self.word.line, f"found {found} where {wanted} is needed.")

    def name(self) -> str:
        if self.word.kind != "name":
            raise self.unexpected("a name")
        return self.next().text

    def names(self) -> list[str]:
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        return found

    def declare(self, name: str, item: Item, line: int) -> None:
        if name in self.scopes[-1]:
            raise fault(line, f"{name!r} is declared twice. Give it another name.")
        self.scopes[-1][name] = item

    def find(self, name: str, line: int) -> Item:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        raise fault(line, f"{name!r} is not declared. Declare it before it is used.")

    # Expressions

    def expression(self) -> Expression:
        left = self.sum()
        if self.word.text not in COMPARISONS:
            return left
        word = self.next()
        right = self.sum()
        self.same(left.base, right.base, word.line, f"{word.text!r} compares {left.base} with")
        return Binary(word.text, left, right, "boolean", word.line)

    def sum(self) -> Expression:
        word = self.word
        sign = self.take("-") or (self.take("+") and False)
        found = self.product()
        if word.text in ("-", "+"):
            self.same("integer", found.base, word.line, f"{word.text!r} needs an integer, not")
        if sign:
            found = Unary("-", found, "integer", word.line)
        while self.word.text in ("+", "-", "or"):
            found = self.operation(found, self.product)
        return found

    def product(self) -> Expression:
        found = self.factor()
        while self.word.text in ("*", "div", "mod", "and"):
            found = self.operation(found, self.factor)
        return found

    def operation(self, left: Expression, read: Callable[[], Expression]) -> Binary:
        word = self.next()
        right = read()
        base = "boolean" if word.text in ("and", "or") else "integer"
        for side in (left, right):
            self.same(base, side.base, word.line, f"{word.text!r} needs {base}, not")
        return Binary(word.text, left, right, base, word.line)

    def factor(self) -> Expression:
        word = self.word
        if self.take("("):
            found = self.expression()
            self.need(")")
            return found
        if self.take("not"):
            found = self.factor()
            self.same("boolean", found.base, word.line, "'not' needs boolean, not")
            return Unary("not", found, "boolean", word.line)
        if word.kind == "number":
            if int(self.next().text) > LARGEST:
                raise fault(word.line, f"{word.text} is beyond maxint, which is {LARGEST}. Use smaller ones.")
            return Number(int(word.text), "integer", word.line)
        if word.kind == "name":
            return self.named(self.next())
        raise self.unexpected("a value")

    def named(self, word: Word) -> Expression:
        if word.text in STANDARD and self.word.text == "(":
            return self.standard(word)
        found = self.find(word.text, word.line)
        if isinstance(found, Number):
            return Number(found.value, found.base, word.line)
        if isinstance(found, Routine):
            if found.result is None:
                raise fault(word.line, f"{found.name} is a procedure, which has no value. Call a function.")
            return self.call(found, word.line)
        return self.element(self.reference(word.text, word.line))

    def element(self, reference: Reference) -> Reference:
        """The reference, if it is not a whole array."""
        if reference.variable.type.bounds and not reference.index:
            name = reference.variable.name
            raise fault(reference.line, f"{name} is an array. Use its elements one by one.")
        return reference

    def reference(self, name: str, line: int) -> Reference:
        variable = self.find(name, line)
        if not isinstance(variable, Variable):
            raise fault(line, f"{name!r} is no variable. Use one.")
        index: list[Expression] = []
        while self.take("["):
            index.append(self.integer())
            while self.take(","):
                index.append(self.integer())
            self.need("]")
        if index and len(index) != len(variable.type.bounds):
            raise fault(line, f"{len(index)} indices of {name}: {variable.type}. Give one for each axis.")
        for item, (first, last) in zip(index, variable.type.bounds, strict=False):
            number = known(item)
            if number is not None and not first <= number <= last:
                raise fault(line, f"index {number} of {name} is outside {first}..{last}. Use one inside.")
        return Reference(variable, tuple(index), line)

    def standard(self, word: Word) -> Expression:
        """A function that Pascal has of its own, in terms of operators."""
        arguments, line = self.values(), word.line
        if len(arguments) != 1:
            raise fault(line, f"{word.text} takes one value, here {len(arguments)}. Give one.")
        x = arguments[0]
        if word.text == "ord":
            return Binary("+", x, Number(0, "integer", line), "integer", line)
        self.same("integer", x.base, line, f"{word.text} needs an integer, not")
        number = lambda value: Number(value, "integer", line)  # noqa: E731
        if word.text in ("abs", "sqr"):
            return Unary(word.text, x, "integer", line)
        if word.text == "odd":
            rest = Binary("mod", x, number(2), "integer", line)
            return Binary("<>", rest, number(0), "boolean", line)
        return Binary("+" if word.text == "succ" else "-", x, number(1), "integer", line)

    def call(self, routine: Routine, line: int) -> Call:
        arguments = self.values(self.argument) if self.word.text == "(" else ()
        if routine.body is None:
            raise fault(line, f"{routine.name} calls itself. A network does not grow as it runs: use a loop.")
        if len(arguments) != len(routine.parameters):
            raise fault(
                line, f"{routine.name} takes {len(routine.parameters)} arguments, here {len(arguments)}."
            )
        for parameter, value in zip(routine.parameters, arguments, strict=True):
            self.same(parameter.type.base, value.base, line, f"{parameter.name} is {parameter.type}, not")
            whole = isinstance(value, Reference) and not value.index
            if parameter in routine.by_name and not whole:
                raise fault(line, f"the var parameter {parameter.name} needs a variable. Give it one.")
            given = value.variable.type.bounds if isinstance(value, Reference) and whole else ()
            if given != parameter.type.bounds:
                raise fault(line, f"{parameter.name} is {parameter.type}, what it gets is of another size.")
        return Call(routine, arguments, line)

    def argument(self) -> Expression:
        """An argument of a procedure, which may be a whole array."""
        word, after = self.word, self.words[min(self.place + 1, len(self.words) - 1)]
        if word.kind == "name" and after.text in (",", ")"):
            found = self.find(word.text, word.line)
            if isinstance(found, Variable):
                return self.reference(self.next().text, word.line)
        return self.expression()

    def values(self, read: Callable[[], Expression] | None = None) -> tuple[Expression, ...]:
        """Expressions in parentheses."""
        read = read or self.expression
        self.need("(")
        if self.take(")"):
            return ()
        found = [read()]
        while self.take(","):
            found.append(read())
        self.need(")")
        return tuple(found)

    def boolean(self) -> Expression:
        line, found = self.word.line, self.expression()
        self.same("boolean", found.base, line, "a test is boolean, not")
        return found

    def integer(self) -> Expression:
        line, found = self.word.line, self.expression()
        self.same("integer", found.base, line, "an index or limit is an integer, not")
        return found

    def constant(self) -> Number:
        line, found = self.word.line, self.expression()
        value = known(found)
        if value is None:
            raise fault(line, "this value is not known before the program runs. Give a constant.")
        return Number(value, found.base, line)

    def same(self, base: str, other: str, line: int, what: str) -> None:
        if base != other:
            raise fault(line, f"{what} {other}.")


def known(expression: Expression) -> int | None:
    """The value of an expression of constants, or None."""
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Unary):
        value = known(expression.operand)
        return None if value is None else UNARY[expression.operator](value)
    if not isinstance(expression, Binary):
        return None
    left, right = known(expression.left), known(expression.right)
    if left is None or right is None or (expression.operator in ("div", "mod") and right == 0):
        return None
    return int(OPERATORS[expression.operator](left, right))


UNARY = {"-": lambda a: -a, "not": lambda a: 1 - a, "abs": abs, "sqr": lambda a: a * a}
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "div": lambda a, b: abs(a) // abs(b) * (1 if a * b >= 0 else -1),
    "mod": lambda a, b: abs(a) % abs(b) * (1 if a >= 0 else -1),
    "and": min,
    "or": max,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
