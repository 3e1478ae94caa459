"""The third stage of the compiler: calls are replaced by the statements of what they call.

A network has no stack: each call becomes a copy of the procedure, and each variable of a procedure exists
once. Where the right side of `and` or `or` can fail, the operator becomes a branch.
"""

from dataclasses import replace

from neurosim.models.pascal.expressions import known
from neurosim.models.pascal.tree import (
    Assign,
    Binary,
    Call,
    Compound,
    Expression,
    For,
    If,
    Number,
    Read,
    Reference,
    Repeat,
    Statement,
    Type,
    Unary,
    Variable,
    While,
    Write,
)

Renamed = dict[
    Variable, Variable
]  # the var parameters of the calls around a statement, and what they stand for


def inlined(statement: Statement, renamed: Renamed | None = None) -> Statement:
    """The same statement without calls."""
    names: Renamed = renamed or {}
    before: list[Statement] = []
    lifted = lambda expression: _lifted(expression, names, before)  # noqa: E731
    if isinstance(statement, Compound):
        return Compound(tuple(inlined(item, names) for item in statement.statements))
    if isinstance(statement, Call):
        return Compound(_called(statement, names))
    if isinstance(statement, Assign):
        found: Statement = Assign(lifted(statement.target), lifted(statement.value), statement.line)
    elif isinstance(statement, If):
        then, otherwise = inlined(statement.then, names), inlined(statement.otherwise, names)
        found = If(lifted(statement.test), then, otherwise, statement.line)
    elif isinstance(statement, While):
        test = lifted(statement.test)
        return While(test, inlined(statement.body, names), statement.line, Compound(tuple(before)))
    elif isinstance(statement, Repeat):
        body, test = inlined(statement.body, names), lifted(statement.test)
        return Repeat(Compound((body, *before)), test, statement.line)
    elif isinstance(statement, For):
        first, last = lifted(statement.first), lifted(statement.last)
        variable, body = lifted(statement.variable), inlined(statement.body, names)
        found = replace(statement, variable=variable, first=first, last=last, body=body)
    elif isinstance(statement, Read):
        found = replace(statement, target=lifted(statement.target))
    else:
        found = Write(tuple(lifted(value) for value in statement.values), statement.line)
    return Compound((*before, found)) if before else found


def _lifted(expression: Expression, names: Renamed, before: list[Statement]):
    """The expression without calls; what they do is added to `before`."""
    if isinstance(expression, Reference):
        index = tuple(_lifted(item, names, before) for item in expression.index)
        return Reference(names.get(expression.variable, expression.variable), index, expression.line)
    if isinstance(expression, Unary):
        return replace(expression, operand=_lifted(expression.operand, names, before))
    if isinstance(expression, Binary):
        if expression.operator in ("and", "or") and _can_fail(expression.right):
            return _decided(expression, names, before)
        left = _lifted(expression.left, names, before)
        return replace(expression, left=left, right=_lifted(expression.right, names, before))
    if isinstance(expression, Call):
        before += _called(expression, names)
        result = expression.routine.result
        assert result is not None
        value = Variable(f"value_of_{result.name}", result.type)
        whole, line = Reference(value, (), expression.line), expression.line
        before.append(Assign(whole, Reference(result, (), line), line))
        return whole
    return expression


def _decided(expression: Binary, names: Renamed, before: list[Statement]) -> Reference:
    """`and` or `or`, whose right side is computed only if the left one does not decide."""
    line, value = expression.line, Variable(f"value_of_{expression.operator}", Type("boolean"))
    whole, inside = Reference(value, (), line), []
    left = Assign(whole, _lifted(expression.left, names, before), line)
    right = Assign(whole, _lifted(expression.right, names, inside), line)
    is_and = expression.operator == "and"
    test = whole if is_and else Unary("not", whole, "boolean", line)
    before += [left, If(test, Compound((*inside, right)), Compound(()), line)]
    return whole


def _can_fail(expression: Expression) -> bool:
    """Whether an expression calls, or could divide by 0 or use an index out of range."""
    if isinstance(expression, Unary):
        return _can_fail(expression.operand)
    if isinstance(expression, Binary):
        divides = expression.operator in ("div", "mod") and not known(expression.right)
        return divides or _can_fail(expression.left) or _can_fail(expression.right)
    if isinstance(expression, Reference):
        return any(known(index) is None for index in expression.index)
    return isinstance(expression, Call)


def _called(call: Call, names: Renamed) -> tuple[Statement, ...]:
    """The statements of a call: its arguments, and the body of the routine."""
    routine, statements, inner = call.routine, [], dict(names)
    values = [_lifted(value, names, statements) for value in call.arguments]
    for parameter, value in zip(routine.parameters, values, strict=True):
        if parameter in routine.by_name:
            inner[parameter] = value.variable
        elif parameter.type.bounds:
            statements += _copied(parameter, value.variable, call.line)
        else:
            statements.append(Assign(Reference(parameter, (), call.line), value, call.line))
    assert routine.body is not None
    return (*statements, inlined(routine.body, inner))


def _copied(target: Variable, source: Variable, line: int) -> list[Statement]:
    """Assignments of all elements of an array."""
    found: list[Statement] = []
    for element in range(target.type.size):
        index = place(target.type, element)
        at = tuple(Number(number, "integer", line) for number in index)
        found.append(Assign(Reference(target, at, line), Reference(source, at, line), line))
    return found


def place(kind: Type, element: int) -> tuple[int, ...]:
    """The indices of the `element`-th number of an array, counted from 0; the last index moves fastest."""
    index: list[int] = []
    for first, last in reversed(kind.bounds):
        element, offset = divmod(element, last - first + 1)
        index.insert(0, first + offset)
    return tuple(index)
