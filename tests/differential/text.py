"""Random expressions, conditions and assignments."""

from __future__ import annotations

from dataclasses import dataclass

from differential.draw import Stream

# What rounds alike everywhere, and what does not; {} stands for an expression. Arguments are kept where the
# function is defined.
EXACT = (
    "abs({})",
    "floor({})",
    "ceil({})",
    "sign({})",
    "round({})",
    "relu({})",
    "sqrt(abs({}))",
    "int(clip({}, -9, 9))",
    "stop({})",
    "maximum({}, {})",
    "minimum({}, {})",
    "clip({}, -1.5, 2)",
    "clip({}, 0, 1)",
    "-{}",
    "timestep(abs({})*ms, 0.5*ms)",
)
ROUNDED = (
    "exp(-abs({}))",
    "exp(clip({}, -3, 2))",
    "log(1 + abs({}))",
    "log10(2 + abs({}))",
    "log1p(abs({}))",
    "expm1(clip({}, -2, 2))",
    "sin({})",
    "cos({})",
    "tan(clip({}, -1, 1))",
    "sinh(clip({}, -2, 2))",
    "cosh(clip({}, -2, 2))",
    "tanh({})",
    "arcsin(clip({}, -1, 1))",
    "arccos(clip({}, -1, 1))",
    "arctan({})",
    "sigmoid({})",
    "exprel(clip({}, -2, 2))",
    "abs({})**1.5",
    "clip({}, -3, 3)**2",
    "clip({}, -2, 2)**3",
    "(1 + abs({}))**-1",
    "abs({})**0.5",
    "2**clip({}, -2, 2)",
)
ALONG = (
    "softmax({})",
    "sum({})",
    "mean({})",
    "max({})",
    "min({})",
    "prod(clip({}, -1.5, 1.5))",
    "norm({})",
    "sort({})",
    "argsort({})",
    "argmax({})",
    "cumsum({})",
    "cumprod(clip({}, -1.2, 1.2))",
    "take({}, 0*i)",
    "sum({}, axis=0)",
    "max({}, axis=0)",
    "softmax({}, axis=-1)",
    "choice(abs({}) + 0.1)",
)
RANDOM = (
    "rand()",
    "randn()",
    "poisson(0.7)",
    "poisson(clip(abs({}), 0, 20))",
    "bernoulli(0.4)",
    "bernoulli(clip({}, 0, 1))",
)
QUOTIENTS = (
    "({}/(1 + abs({})))",
    "({} // (1 + abs({})))",
    "({} % (1 + abs({})))",
    "({}/2)",
    "({} // 2)",
    "({} % 3)",
)
COMPARE = ("<", "<=", ">", ">=", "==", "!=")
DEEP = 3


@dataclass(frozen=True)
class Words:
    """The names that text may use and the kinds of functions."""

    names: tuple[str, ...]
    whole: tuple[str, ...] = ("i", "N")
    rounded: bool = True
    random: bool = False
    along: bool = False


def number(s: Stream) -> str:
    """A number as text has it: whole or not, now and then negative."""
    return s.pick(
        (
            str(s.whole(0, 4)),
            str(s.number(0, 2)),
            str(s.number(0, 0.9)),
            "0.5",
            "1",
            "2",
            f"(-{s.number(0, 1)})",
        )
    )


def leaf(s: Stream, words: Words) -> str:
    return s.pick(
        (lambda: s.pick(words.names or ("1",)), lambda: s.pick(words.whole or ("2",)), lambda: number(s)),
        (6, 1, 2),
    )()


def expression(s: Stream, words: Words, depth: int = DEEP) -> str:
    """A random expression; its value is a number of moderate size where those of the names are."""
    if depth == 0 or s.chance(0.15):
        return leaf(s, words)

    def inner() -> str:
        return expression(s, words, depth - 1)

    kinds = {"sum": 4, "product": 3, "quotient": 1.5, "exact": 2, "where": 1, "condition": 1}
    kinds |= {"rounded": 3} if words.rounded else {}
    kinds |= {"random": 1} if words.random else {}
    kinds |= {"along": 2} if words.along else {}
    kind = s.pick(list(kinds), list(kinds.values()))
    if kind == "sum":
        return f"({inner()} {s.pick('+-')} {inner()})"
    if kind == "product":
        return (
            f"({s.number(-1.2, 1.2)}*{inner()})" if s.chance(0.6) else f"(clip({inner()}, -3, 3)*{inner()})"
        )
    if kind == "quotient":
        return filled(s.pick(QUOTIENTS, (3, 1, 1, 2, 1, 1)), inner)
    if kind == "where":
        return f"where({condition(s, words, depth - 1)}, {inner()}, {inner()})"
    if kind == "condition":
        return s.pick(("(1.0*({}))", "(2*int({}))")).format(condition(s, words, depth - 1))
    return filled(s.pick({"exact": EXACT, "rounded": ROUNDED, "random": RANDOM, "along": ALONG}[kind]), inner)


def filled(template: str, inner) -> str:
    """The template with an expression in every place."""
    return template.format(*(inner() for _ in range(template.count("{}"))))


def condition(s: Stream, words: Words, depth: int = 1) -> str:
    """A random condition."""
    first = (
        f"{expression(s, words, min(depth, 2))} {s.pick(COMPARE, (3, 1, 4, 1, 0.5, 0.5))}"
        f" {expression(s, words, min(depth, 1))}"
    )
    if depth > 0 and s.chance(0.3):
        return f"({first} {s.pick(('and', 'or'))} {condition(s, words, depth - 1)})"
    return f"(not {first})" if s.chance(0.08) else first


def bounded(s: Stream, words: Words, depth: int = DEEP) -> str:
    """An expression that is kept from growing."""
    found = expression(s, words, depth)
    ways = (
        "clip({}, -3, 3)",
        "0.5*clip({}, -2, 2)",
        "{}",
        "({} % 2)",
        *(("tanh({})", "sin({})") if words.rounded else ()),
    )
    return s.pick(ways, (3, 1, 1, 1, 2, 1)[: len(ways)]).format(found)
