"""What a Pascal program writes, by walking through its parse tree; and programs drawn at random.

The walk shares the parser with the compiler, and nothing after it.
"""

from neurosim.models.pascal import parse, tree


def walked(source, numbers=()):
    """The rows that a program writes; `numbers` are those that it reads."""
    rows, values = [], {}
    step(parse(source).body, values, list(numbers), rows)
    return rows


def step(node, values, numbers, rows):
    def value(expression):
        return evaluate(expression, values, numbers, rows)

    if isinstance(node, tree.Compound):
        for item in node.statements:
            step(item, values, numbers, rows)
    elif isinstance(node, tree.Assign):
        values[key(node.target, value)] = value(node.value)
    elif isinstance(node, tree.If):
        step(node.then if value(node.test) else node.otherwise, values, numbers, rows)
    elif isinstance(node, tree.While):
        while value(node.test):
            step(node.body, values, numbers, rows)
    elif isinstance(node, tree.Repeat):
        while True:
            step(node.body, values, numbers, rows)
            if value(node.test):
                break
    elif isinstance(node, tree.For):
        first, last = value(node.first), value(node.last)
        for count in range(first, last + node.step, node.step):
            values[key(node.variable, value)] = count
            step(node.body, values, numbers, rows)
    elif isinstance(node, tree.Read):
        values[key(node.target, value)] = numbers[node.number]
    elif isinstance(node, tree.Write):
        rows.append(tuple(value(item) for item in node.values))
    else:
        called(node, values, numbers, rows)


def called(node, values, numbers, rows):
    """A call, whose var parameters are copied in and out."""
    pairs = list(zip(node.routine.parameters, node.arguments, strict=True))
    given = [evaluate(argument, values, numbers, rows) for _, argument in pairs]
    for (parameter, _), number in zip(pairs, given, strict=True):
        values[parameter, ()] = number
    step(node.routine.body, values, numbers, rows)
    for parameter, argument in pairs:
        if parameter in node.routine.by_name:
            values[argument.variable, ()] = values[parameter, ()]
    return values.get((node.routine.result, ()), 0)


def key(reference, value):
    return reference.variable, tuple(value(index) for index in reference.index)


def evaluate(node, values, numbers, rows):
    def value(expression):
        return evaluate(expression, values, numbers, rows)

    if isinstance(node, tree.Number):
        return node.value
    if isinstance(node, tree.Reference):
        return values.get(key(node, value), 0)
    if isinstance(node, tree.Call):
        return called(node, values, numbers, rows)
    if isinstance(node, tree.Unary):
        x = value(node.operand)
        return {"-": -x, "not": 1 - x, "abs": abs(x), "sqr": x * x}[node.operator]
    a = value(node.left)
    if node.operator in ("and", "or") and bool(a) == (node.operator == "or"):
        return a
    b = value(node.right)
    if node.operator in ("div", "mod"):
        whole = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return whole if node.operator == "div" else a - b * whole
    return int(
        {
            "+": a + b, "-": a - b, "*": a * b, "and": b, "or": b, "=": a == b, "<>": a != b, "<": a < b,
            "<=": a <= b, ">": a > b, ">=": a >= b,
        }[node.operator]
    )  # fmt: skip


class Drawn:
    """A random program that ends: it counts its loops, and keeps its numbers small."""

    def __init__(self, random):
        self.random = random
        self.loops = 0

    def source(self):
        body = "; ".join(self.statement(3) for _ in range(4))
        names = ", ".join(f"n{k}" for k in range(1, self.loops + 1))
        counters = f"{names}: integer; " if names else ""
        return f"""program drawn;
            var x, y, z: integer; p, q: boolean; a: array[0..2] of integer; {counters}
            procedure exchange(var u, v: integer; w: integer); var old: integer;
            begin old := u; u := v; v := old + w; if odd(w) then u := u - 1 end;
            function twice(u: integer): integer; begin twice := 2 * u; if u > 5 then twice := u end;
            begin readln(x, y); {body}; writeln(x, y, z, p, q); writeln(a[0], a[1], a[2]) end."""

    def pick(self, *choices):
        return choices[self.random.integers(len(choices))]

    def statement(self, depth):
        kinds = ("assign", "assign", "element", "truth", "exchange", "write")
        kind = self.pick(*kinds, *(("if", "while", "repeat", "for", "block") if depth else ()))
        if kind == "assign":
            return f"{self.pick('x', 'y', 'z')} := ({self.number(3)}) mod 100"
        if kind == "element":
            return f"a[abs({self.number(2)}) mod 3] := ({self.number(2)}) mod 100"
        if kind == "truth":
            return f"{self.pick('p', 'q')} := {self.truth(2)}"
        if kind == "exchange":
            first, second = self.pick(("x", "y"), ("z", "x"), ("y", "z"))
            return f"exchange({first}, {second}, {self.number(1)} mod 9)"
        if kind == "write":
            return f"writeln({self.number(2)}, {self.truth(1)})"
        inner = self.statement(depth - 1)
        if kind == "block":
            return f"begin {inner}; {self.statement(depth - 1)}; {self.statement(depth - 1)} end"
        if kind == "if":
            return f"if {self.truth(2)} then begin {inner} end else {self.statement(depth - 1)}"
        self.loops += 1
        n = f"n{self.loops}"
        if kind == "for":
            up = self.pick("0 to 2", "2 downto 1", "x mod 3 to 2", "1 to 0")
            return f"for {n} := {up} do begin {inner} end"
        count = f"{n} := {n} + 1"
        if kind == "while":
            return f"{n} := 0; while ({n} < 3) and {self.truth(1)} do begin {inner}; {count} end"
        return f"{n} := 0; repeat {count}; {inner} until ({n} >= 3) or {self.truth(1)}"

    def number(self, depth):
        if not depth or self.random.random() < 0.2:
            return self.pick("x", "y", "z", "a[1]", "3", "0", "(-7)")
        left, right = self.number(depth - 1), self.number(depth - 1)
        return self.pick(
            f"({left} + {right})", f"({left} - {right})", f"({left} mod 50) * ({right} mod 50)",
            f"({left} div (abs({right}) + 1))", f"a[abs({left}) mod 3]", f"twice({left})", f"abs({right})",
            f"(-{left})",
        )  # fmt: skip

    def truth(self, depth):
        if not depth or self.random.random() < 0.2:
            return self.pick("p", "q", "true", "(x < y)", "odd(z)")
        left, right = self.truth(depth - 1), self.truth(depth - 1)
        comparison = f"({self.number(1)} {self.pick('=', '<>', '<', '<=', '>', '>=')} {self.number(1)})"
        return self.pick(
            f"({left} and {right})", f"({left} or {right})", f"(not {left})", comparison, comparison
        )
