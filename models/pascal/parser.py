"""The second stage of the compiler: from a Pascal program to its parse tree; statements and declarations."""

from neurosim.models.pascal.expressions import Expressions, known
from neurosim.models.pascal.lexer import fault
from neurosim.models.pascal.tree import (
    Assign,
    Binary,
    Compound,
    For,
    If,
    Number,
    Program,
    Read,
    Reference,
    Repeat,
    Routine,
    Statement,
    Type,
    Variable,
    While,
    Write,
)

LARGEST = 10_000  # elements of an array


def parse(source: str, n_inputs: int | None = None) -> Program:
    """The parse tree of a program.

    n_inputs: how many numbers the program reads, if it reads them in loops, branches or procedures. They are
        then an array of the program, of which each `read` takes the next element.

    Raises DescriptionError, with line and reason, for a program that is not in the subset of Pascal.

    >>> parse("program p; var x: integer; begin x := 1; writeln(x) end.").variables
    (Variable(name='x', type=Type(base='integer', bounds=())),)
    """
    return Parser(source, n_inputs).program()


class Parser(Expressions):
    """A parser by recursive descent: one method for each kind of statement and declaration."""

    def __init__(self, source: str, n_inputs: int | None):
        super().__init__(source)
        self.reads = n_inputs or 0
        self.given = Variable("input", Type("integer", ((1, n_inputs),))) if n_inputs else None
        self.next_input = Variable("next_input", Type("integer"))
        self.depth = 0  # of the loops, branches and procedures around the present statement
        self.writes = False

    def program(self) -> Program:
        name = "program"
        if self.take("program"):
            name = self.name()
            if self.take("("):
                self.names()
                self.need(")")
            self.need(";")
        body = self.block()
        self.need(".")
        if self.word.kind != "end":
            raise fault(self.word.line, f"{self.word.text!r} stands after the end of the program. Remove it.")
        if not self.writes:
            raise fault(self.word.line, "the program writes nothing. Write its results with writeln.")
        variables = tuple(item for item in self.scopes[-1].values() if isinstance(item, Variable))
        return Program(name, variables, Compound((*self.beginning(), body)), self.reads)

    def beginning(self) -> list[Statement]:
        """Where `read` finds the numbers, if it may stand anywhere."""
        if self.given is None:
            return []
        found: list[Statement] = []
        for k in range(self.reads):
            element = Reference(self.given, (Number(k + 1, "integer", 1),), 1)
            found.append(Read(element, k, 1))
        return [*found, Assign(Reference(self.next_input, (), 1), Number(1, "integer", 1), 1)]

    # Declarations

    def block(self) -> Statement:
        while self.word.text in ("const", "type", "var", "procedure", "function"):
            kind = self.next().text
            if kind in ("procedure", "function"):
                self.routine(has_result=kind == "function")
                continue
            while self.word.kind == "name":
                getattr(self, f"{kind}_declaration")()
                self.need(";")
        return self.compound()

    def const_declaration(self) -> None:
        line, name = self.word.line, self.name()
        self.need("=")
        self.declare(name, self.constant(), line)

    def type_declaration(self) -> None:
        line, name = self.word.line, self.name()
        self.need("=")
        self.declare(name, self.type(), line)

    def var_declaration(self) -> list[Variable]:
        line, names = self.word.line, self.names()
        self.need(":")
        kind = self.type()
        variables = [Variable(name, kind) for name in names]
        for variable in variables:
            self.declare(variable.name, variable, line)
        return variables

    def type(self) -> Type:
        if self.take("array"):
            self.need("[")
            bounds = [self.bound()]
            while self.take(","):
                bounds.append(self.bound())
            self.need("]")
            self.need("of")
            inner, line = self.type(), self.word.line
            whole = Type(inner.base, (*bounds, *inner.bounds))
            if whole.size > LARGEST:
                raise fault(line, f"an array of {whole.size} elements. Each is a neuron: take fewer.")
            return whole
        word = self.next()
        if word.text in ("integer", "boolean"):
            return Type(word.text)
        found = next((scope[word.text] for scope in reversed(self.scopes) if word.text in scope), None)
        if not isinstance(found, Type):
            raise fault(word.line, f"{word.text!r} is no type of the subset. Use integer, boolean or array.")
        return found

    def bound(self) -> tuple[int, int]:
        line, first = self.word.line, self.constant().value
        self.need("..")
        last = self.constant().value
        if last < first:
            raise fault(line, f"an array from {first} to {last} has no element. Give first..last.")
        return first, last

    def routine(self, *, has_result: bool) -> None:
        line = self.word.line
        routine = Routine(self.name())
        self.declare(routine.name, routine, line)
        self.scopes.append({})
        if self.take("("):
            self.parameters(routine)
            while self.take(";"):
                self.parameters(routine)
            self.need(")")
        if has_result:
            self.need(":")
            routine.result = Variable(routine.name, self.type())
            if routine.result.type.bounds:
                raise fault(line, f"function {routine.name} returns an array. Return it by a var parameter.")
        self.need(";")
        self.depth += 1
        routine.body = self.block()
        self.depth -= 1
        self.need(";")
        self.scopes.pop()

    def parameters(self, routine: Routine) -> None:
        by_name = self.take("var")
        parameters = self.var_declaration()
        routine.parameters += parameters
        if by_name:
            routine.by_name.update(parameters)

    # Statements

    def compound(self) -> Compound:
        self.need("begin")
        return Compound(tuple(self.statements("end")))

    def statements(self, end: str) -> list[Statement]:
        found = [self.statement(end)]
        while not self.take(end):
            self.need(";", f"or {end!r} ")
            found.append(self.statement(end))
        return found

    def statement(self, *ends: str) -> Statement:
        word = self.word
        if word.text in ("if", "while", "repeat", "for"):
            self.next()
            self.depth += 1
            found = getattr(self, f"{word.text}_statement")(word.line)
            self.depth -= 1
            return found
        if word.text == "begin":
            return self.compound()
        if word.kind == "name":
            return self.assignment_or_call()
        if word.text in (";", "else", *ends):
            return Compound(())
        if word.kind == "reserved":
            raise fault(
                word.line, f"{word.text!r} is no statement of the subset. Use if, while, repeat or for."
            )
        raise self.unexpected("a statement")

    def if_statement(self, line: int) -> If:
        test = self.boolean()
        self.need("then")
        then = self.statement("end", "until")
        otherwise = self.statement("end", "until") if self.take("else") else Compound(())
        return If(test, then, otherwise, line)

    def while_statement(self, line: int) -> While:
        test = self.boolean()
        self.need("do")
        return While(test, self.statement("end", "until"), line)

    def repeat_statement(self, line: int) -> Repeat:
        body = Compound(tuple(self.statements("until")))
        return Repeat(body, self.boolean(), line)

    def for_statement(self, line: int) -> For:
        variable = self.reference(self.name(), line)
        if variable.index or variable.variable.type != Type("integer"):
            raise fault(line, f"{variable.variable.name} cannot count. Use an integer variable.")
        self.need(":=")
        first = self.integer()
        step = 1 if self.take("to") else -1
        if step < 0:
            self.need("downto", "or 'to' ")
        last = self.integer()
        self.need("do")
        limit = Variable(f"{variable.variable.name}_limit", Type("integer"))
        return For(variable, first, last, step, limit, self.statement("end", "until"), line)

    def assignment_or_call(self) -> Statement:
        line, name = self.word.line, self.name()
        if name in ("write", "writeln", "read", "readln"):
            return self.input_or_output(name, line)
        found = self.find(name, line)
        if isinstance(found, Routine) and self.word.text != ":=":
            if found.result is not None:
                raise fault(line, f"{name} is a function. Assign what it returns.")
            return self.call(found, line)
        target = self.result_of(found, line) if isinstance(found, Routine) else self.reference(name, line)
        self.need(":=")
        value = self.expression()
        self.element(target)
        self.same(target.base, value.base, line, f"{name} is of type {target.base}, its value of type")
        return Assign(target, value, line)

    def result_of(self, routine: Routine, line: int) -> Reference:
        if routine.result is None or routine.body is not None:
            raise fault(line, f"{routine.name} takes no value here. Assign to a variable.")
        return Reference(routine.result, (), line)

    def input_or_output(self, name: str, line: int) -> Statement:
        if name.startswith("write"):
            self.writes = True
            values = self.values() if self.word.text == "(" else ()
            if not values:
                raise fault(line, f"{name} without a number. Give it what it should write.")
            return Write(values, line)
        found: list[Statement] = []
        for target in self.values():
            if not isinstance(target, Reference) or target.base != "integer":
                raise fault(line, f"{name} needs variables of type integer. Give it one.")
            found.append(self.input(target, name, line))
        return found[0] if len(found) == 1 else Compound(tuple(found))

    def input(self, target: Reference, name: str, line: int) -> Statement:
        """One number that is read."""
        if self.given is not None:
            place = Reference(self.next_input, (), line)
            after = Binary("+", place, Number(1, "integer", line), "integer", line)
            number = Assign(target, Reference(self.given, (place,), line), line)
            return Compound((number, Assign(place, after, line)))
        if self.depth or any(known(index) is None for index in target.index):
            raise fault(
                line,
                f"how often {name} reads here is not known before the program runs. Give n_inputs=, "
                "how many numbers there are in all.",
            )
        self.reads += 1
        return Read(target, self.reads - 1, line)
