"""The fourth stage of the compiler: from the parse tree to cellular code, one macro for each kind of node.

The inputs of the cell that develops into a statement are its *environment*: the flow of control, and one
input for each number that a variable holds. Its outputs are the same after the statement. The cell of an
expression has the environment as inputs and one output, its value. A token runs through each of them and is
never lost: a variable that is assigned anew waits for its old token, and a loop goes on when all tokens have
come round. So no token of the next round overtakes one of this round.
"""

from neurosim.models.pascal.cellular import END, WIRE, Code, divide, registers
from neurosim.models.pascal.expressions import known
from neurosim.models.pascal.inlining import inlined
from neurosim.models.pascal.tree import (
    Assign,
    Binary,
    Compound,
    Expression,
    For,
    If,
    Number,
    Program,
    Read,
    Reference,
    Repeat,
    Statement,
    Unary,
    Variable,
    While,
    Write,
)

Wire = tuple[Variable, int] | str  # an element of a variable, "control", or the "value" of an expression
Environment = tuple[Wire, ...]

# The weights of the two inputs of an operator's neuron, its function and its bias.
OPERATORS = {
    "+": (1, 1, "sum", 0),
    "-": (1, -1, "sum", 0),
    "*": (1, 1, "product", 0),
    "div": (1, 1, "quotient", 0),
    "mod": (1, 1, "remainder", 0),
    "and": (1, 1, "step", -1),
    "or": (1, 1, "step", 0),
    "<": (-1, 1, "step", 0),
    "<=": (-1, 1, "step", 1),
    ">": (1, -1, "step", 0),
    ">=": (1, -1, "step", 1),
    "=": (1, -1, "zero", 0),
    "<>": (1, -1, "other", 0),
}
AS_IT_IS = (("LR", 1, 1, 1), ("LR", 2, 2, 1), ("FUN", "sum"), ("BIAS", 0))  # nothing to say
ANY = Code("SPLIT", (0, 0), (registers(("DYN", "any")),))  # in front of it, two ways come together


def cellular_code(program: Program) -> Code:
    """The code of a program. Its ancestor cell has one input, which starts the program, and one output.

    The first division gives the cell of the program its environment, each variable with the value 0, and
    makes the neuron that waits for all tokens: when it sends, the program has ended.
    """
    body = inlined(program.body)
    environment = tuple(dict.fromkeys(["control", *touched(body)]))
    width = len(environment)
    first = registers(("KEEP", *[1] * width), then=statement(body, environment))
    return divide("SEQ", width, first=first, second=registers(("LR", 1, width, 0)))


# Statements


def statement(node: Statement, environment: Environment) -> Code:
    """The code of a statement: of the part of the environment that it touches; the rest passes by."""
    own = touched(node)
    inside = tuple(wire for wire in environment if wire in own or wire == "control")
    if not own and isinstance(node, Compound):
        return WIRE
    code = MACROS[type(node)](node, inside)
    if not isinstance(node, Compound):
        code = Code("LINE", (node.line,), (code,))
    if inside == environment:
        return code
    numbers = [environment.index(wire) + 1 for wire in inside]
    return Code("FOCUS", tuple(numbers), (code,))


def compound(node: Compound, environment: Environment) -> Code:
    """One statement after the other; a long list divides in the middle, so that the tree stays flat."""
    steps = [item for item in node.statements if touched(item)]
    if len(steps) == 1:
        return statement(steps[0], environment)
    middle = (len(steps) + 1) // 2
    halves = (Compound(tuple(steps[:middle])), Compound(tuple(steps[middle:])))
    first, second = (compound(half, environment) for half in halves)
    return divide("SEQ", len(environment), first=first, second=second)


def assign(node: Assign, environment: Environment) -> Code:
    target = node.target
    element = element_of(target)
    if element is None:
        return assign_element(node, environment)
    number = environment.index((target.variable, element)) + 1
    if (target.variable, element) in touched(node.value):  # which has waited for the old token
        last = registers(("KEEP", 2), then=WIRE)
    else:
        last = registers(("LR", 1, 1, 0))
    focus = Code("FOCUS", (number,), (last,))
    return divide("CPI", first=expression(node.value, environment), second=focus)


def assign_element(node: Assign, environment: Environment) -> Code:
    """a[i] := v adds v - a[k] to the element k that is i."""
    target = node.target
    wires = elements(target.variable)
    numbers = tuple(environment.index(wire) + 1 for wire in wires)
    select = registers(("KEEP", 1, 2, 3), ("LR", 1, 1, -1), ("FUN", "select"))
    new = divide("CPI", first=select, second=registers(("KEEP", 1, 4), ("BIAS", 0)))
    each = registers(("BIAS", len(wires) - 1), ("SPLIT", 2, -2), then=new)
    focus = Code("FOCUS", numbers, (each,))
    index = divide("CPI", first=place(target, with_values(environment, 1)), second=focus)
    return divide("CPI", first=expression(node.value, environment), second=index)


def branch(node: If, environment: Environment) -> Code:
    width = len(environment)
    ways = [
        divide("SEQ", width, first=gates(value), second=statement(way, environment))
        for value, way in ((1, node.then), (0, node.otherwise))
    ]
    split = divide("PAR", first=ways[0], second=ways[1])
    test = divide("CPI", first=expression(node.test, environment), second=split)
    return divide("SEQ", width, first=test, second=ANY)


def while_loop(node: While, environment: Environment) -> Code:
    width = len(environment)
    again = divide("SEQ", width, first=gates(1), second=statement(node.body, environment))
    leave = divide("FORK", width, first=gates(0), second=again)
    test = divide("CPI", first=when_all_are_here(node.test, environment), second=leave)
    before = statement(node.before, environment)
    test = test if before == WIRE else divide("SEQ", width, first=before, second=test)
    return Code("CYC", (width,), (divide("SEQ", width, first=ANY, second=test),))


def repeat_loop(node: Repeat, environment: Environment) -> Code:
    width = len(environment)
    leave = divide("FORK", width, first=gates(1), second=gates(0))
    test = divide("CPI", first=when_all_are_here(node.test, environment), second=leave)
    round_ = divide("SEQ", width, first=statement(node.body, environment), second=test)
    return Code("CYC", (width,), (divide("SEQ", width, first=ANY, second=round_),))


def for_loop(node: For, environment: Environment) -> Code:
    """i := first; limit := last; while i <= limit do begin body; i := i + 1 end"""
    line, limit = node.line, Reference(node.limit, (), node.line)
    step = Binary("+", node.variable, Number(node.step, "integer", line), "integer", line)
    body = Compound((node.body, Assign(node.variable, step, line)))
    test = Binary("<=" if node.step > 0 else ">=", node.variable, limit, "boolean", line)
    begin = (Assign(limit, node.last, line), Assign(node.variable, node.first, line))
    return compound(Compound((*begin, While(test, body, line))), environment)


def read(node: Read, environment: Environment) -> Code:
    """The old value and the flow of control only say when; the number comes from outside."""
    target = node.target
    number = environment.index((target.variable, element_of(target) or 0)) + 1
    last = registers(("LR", 1, 1, 0), ("IN", node.number + 1))
    return Code("FOCUS", (number,), (last,))


def write(node: Write, environment: Environment) -> Code:
    """A neuron for each value, which waits for all of them and for the flow of control, which it sends on."""
    count = len(node.values)
    neurons = [
        registers(("LR", 1, count + 1, 0), ("LR", number + 1, number + 1, 1), ("OUT",))
        for number in range(1, count + 1)
    ]
    code = neurons[-1]
    for neuron in reversed(neurons[:-1]):
        code = divide("FORK", 1, first=neuron, second=code)
    if count > 1:
        code = divide("SEQ", count, first=code, second=registers(("LR", 1, count, 0)))
    code = Code("FOCUS", (1,), (code,)) if len(environment) > 1 else code
    for k, value in reversed(list(enumerate(node.values))):
        code = divide("CPI", first=expression(value, with_values(environment, k)), second=code)
    return code


def gates(value: int) -> Code:
    """All wires, of which each passes its token on if the test, the last input, is `value`."""
    gate = registers(("FUN", "select"), ("DYN", "gate"), ("BIAS", -value))
    return Code("SPLIT", (1, 0), (gate,))


def when_all_are_here(test: Expression, environment: Environment) -> Code:
    """The value of a test, once the tokens of all wires have arrived."""
    waits = registers(("LR", 1, len(environment), 0))
    return divide("CPI", first=expression(test, environment), second=waits)


# Expressions


def expression(node: Expression, environment: Environment) -> Code:
    """The code of a value."""
    value = known(node)
    if value is not None:
        return registers(("KEEP", 1), ("LR", 1, 1, 0), ("BIAS", value))
    if isinstance(node, Reference):
        return reference(node, environment)
    assert isinstance(node, Unary | Binary)
    return (unary if isinstance(node, Unary) else binary)(node, environment)


def reference(node: Reference, environment: Environment) -> Code:
    """The wire of a variable; for an array the sum of its elements, each times whether it is the one."""
    element = element_of(node)
    if element is not None:
        return registers(("KEEP", environment.index((node.variable, element)) + 1), then=WIRE)
    wires = elements(node.variable)
    numbers = [environment.index(wire) + 1 for wire in wires]
    select = registers(("BIAS", len(wires) - 1), ("SPLIT", 1, -2), ("FUN", "select"))
    found = divide("SEQ", len(wires), first=select, second=END)
    kept = registers(("KEEP", *numbers, len(environment) + 1), then=found)
    return divide("CPI", first=place(node, environment), second=kept)


def place(node: Reference, environment: Environment) -> Code:
    """Where an element lies: 1 - n, 3 - n, ... n - 1 for the first to the last of n, and nothing beyond.

    An axis is counted in the same way, so that a number beyond the limit n - 1 is an index out of range.
    """
    code, strides, stride = END, [], 1
    for first, last in reversed(node.variable.type.bounds):
        strides.insert(0, stride)
        stride *= last - first + 1
    axes, width = len(strides), len(environment)
    if axes == 1:
        return axis(node, 0, environment)
    weights = (("LR", k + 1, k + 1, strides[k]) for k in range(axes))
    code = registers(("KEEP", *range(width + 1, width + axes + 1)), *weights)
    for k in reversed(range(axes)):
        code = divide("CPI", first=axis(node, k, with_values(environment, k)), second=code)
    return code


def axis(node: Reference, k: int, environment: Environment) -> Code:
    """The index along axis `k`, counted from the middle in steps of 2."""
    first, last = node.variable.type.bounds[k]
    centred = registers(
        ("KEEP", len(environment) + 1), ("LR", 1, 1, 2), ("BIAS", -first - last), ("LIMIT", last - first)
    )  # fmt: skip
    return divide("CPI", first=expression(node.index[k], environment), second=centred)


def unary(node: Unary, environment: Environment) -> Code:
    last = len(environment) + 1
    if node.operator == "-":
        code = registers(("KEEP", last), ("LR", 1, 1, -1))
    elif node.operator == "not":
        code = registers(("KEEP", last), ("LR", 1, 1, -1), ("BIAS", 1))
    elif node.operator == "sqr":
        code = registers(("KEEP", last, last), ("FUN", "product"))
    else:  # |x| = x - 2 x [x < 0]
        negative = registers(("KEEP", last), ("LR", 1, 1, -1), ("FUN", "step"))
        part = registers(("KEEP", last, last + 1), ("FUN", "product"))
        code = divide("CPI", first=part, second=registers(("KEEP", last, last + 2), ("LR", 2, 2, -2)))
        code = divide("CPI", first=negative, second=code)
    return divide("CPI", first=expression(node.operand, environment), second=code)


def binary(node: Binary, environment: Environment) -> Code:
    left, right, function, bias = OPERATORS[node.operator]
    last = len(environment) + 1
    steps = (("LR", 1, 1, left), ("LR", 2, 2, right), ("FUN", function), ("BIAS", bias))
    code = registers(("KEEP", last, last + 1), *(step for step in steps if step not in AS_IT_IS))
    code = divide("CPI", first=expression(node.right, with_values(environment, 1)), second=code)
    return divide("CPI", first=expression(node.left, environment), second=code)


# Wires


def with_values(environment: Environment, count: int) -> Environment:
    """The environment of a cell that has values of expressions as inputs, too."""
    return (*environment, *["value"] * count)


def element_of(node: Reference) -> int | None:
    """Which number of its variable this is, counted from 0, or None if it is not known yet."""
    index = [known(item) for item in node.index]
    found = 0
    for number, (first, last) in zip(index, node.variable.type.bounds, strict=True):
        if number is None or not first <= number <= last:
            return None
        found = found * (last - first + 1) + number - first
    return found


def elements(variable: Variable) -> list[Wire]:
    """The wires of a variable."""
    return [(variable, element) for element in range(variable.type.size)]


def touched(node: Statement | Expression) -> dict[Wire, None]:
    """The wires that a statement or an expression reads or changes, in the order of their first use."""
    found: dict[Wire, None] = {}
    if isinstance(node, Number):
        return found
    if isinstance(node, If | While | Repeat | Write):
        found["control"] = None
    if isinstance(node, Reference):
        element = element_of(node)
        found |= dict.fromkeys(elements(node.variable) if element is None else [(node.variable, element)])
    for part in parts(node):
        found |= touched(part)
    return found


def parts(node: Statement | Expression) -> tuple[Statement | Expression, ...]:
    """The nodes of which a node consists."""
    if isinstance(node, Compound):
        return node.statements
    if isinstance(node, For):
        limit = Reference(node.limit, (), node.line)
        return (node.variable, limit, node.first, node.last, node.body)
    if isinstance(node, Reference):
        return node.index
    if isinstance(node, Write):
        return node.values
    names = ("target", "value", "operand", "left", "right", "before", "test", "body", "then", "otherwise")
    return tuple(getattr(node, name) for name in names if hasattr(node, name))


MACROS = {
    Assign: assign,
    Compound: compound,
    For: for_loop,
    If: branch,
    Read: read,
    Repeat: repeat_loop,
    While: while_loop,
    Write: write,
}
