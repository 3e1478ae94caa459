"""The parse tree of a Pascal program: one class for each kind of node."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Type:
    """`base` is 'integer' or 'boolean'; an array has its first and last index along each axis in `bounds`."""

    base: str
    bounds: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        size = 1
        for first, last in self.bounds:
            size *= last - first + 1
        return size

    def __str__(self) -> str:
        axes = ", ".join(f"{first}..{last}" for first, last in self.bounds)
        return f"array[{axes}] of {self.base}" if axes else self.base


@dataclass(eq=False)
class Variable:
    """A variable of the program, of a procedure, or one that the compiler needs; two are never equal."""

    name: str
    type: Type


@dataclass(frozen=True)
class Number:
    value: int
    base: str
    line: int


@dataclass(frozen=True)
class Reference:
    """A variable, or with one `index` for each axis an element of an array."""

    variable: Variable
    index: tuple[Expression, ...]
    line: int

    @property
    def base(self) -> str:
        return self.variable.type.base


@dataclass(frozen=True)
class Unary:
    operator: str  # '-', 'not', 'abs' or 'sqr'
    operand: Expression
    base: str
    line: int


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Expression
    right: Expression
    base: str
    line: int


@dataclass(frozen=True)
class Call:
    """A call of a procedure, which is a statement, or of a function, which is an expression."""

    routine: Routine
    arguments: tuple[Expression, ...]
    line: int

    @property
    def base(self) -> str:
        assert self.routine.result is not None
        return self.routine.result.type.base


Expression = Number | Reference | Unary | Binary | Call


@dataclass(frozen=True)
class Assign:
    target: Reference
    value: Expression
    line: int


@dataclass(frozen=True)
class Compound:
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class If:
    test: Expression
    then: Statement
    otherwise: Statement
    line: int


@dataclass(frozen=True)
class While:
    """`before` holds what must be done before each test: the calls that it makes."""

    test: Expression
    body: Statement
    line: int
    before: Statement = Compound(())


@dataclass(frozen=True)
class Repeat:
    body: Statement
    test: Expression
    line: int


@dataclass(frozen=True)
class For:
    """`limit` is a variable of the compiler that holds the value of `last`."""

    variable: Reference
    first: Expression
    last: Expression
    step: int
    limit: Variable
    body: Statement
    line: int


@dataclass(frozen=True)
class Read:
    """The `number`-th number that the program reads, counted from 0."""

    target: Reference
    number: int
    line: int


@dataclass(frozen=True)
class Write:
    values: tuple[Expression, ...]
    line: int


Statement = Assign | Compound | If | While | Repeat | For | Read | Write | Call


@dataclass(eq=False)
class Routine:
    """A procedure, or a function if it has a `result`. `by_name`: the parameters that are marked `var`."""

    name: str
    parameters: list[Variable] = field(default_factory=list)
    by_name: set[Variable] = field(default_factory=set)
    result: Variable | None = None
    body: Statement | None = None  # None while it is being read


@dataclass(frozen=True)
class Program:
    """`reads`: how many numbers it reads; `variables`: those of the program itself, in their order."""

    name: str
    variables: tuple[Variable, ...]
    body: Statement
    reads: int
