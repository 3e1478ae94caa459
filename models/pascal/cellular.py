"""Cellular code: a tree of instructions by which one cell divides and becomes a network.

Every cell has inputs and outputs, each with a number from 1 on, and executes the code that it is given. These
are the instructions; a, b are the codes that the cells go on with.

    SEQ n a b       divides: a gets the inputs, b the outputs; n outputs of a are the inputs of b
    CPI a b         divides: a gets copies of the inputs; b the inputs, one more from a, and the outputs
    PAR a b         divides: both get copies of all inputs and outputs
    FORK n a b      divides: both get copies of the inputs; a gets the first n outputs, b the others
    SPLIT s d a     divides into one cell for each output, with the input of the same number and copies of the
                    last s inputs; the bias of each is d more than that of the one before
    CYC n a         n more outputs, which are connected to the cell's own first n inputs
    KEEP k.. a      the inputs k.., in this order, and no others; one that stands there twice is copied
    FOCUS k.. a     the outputs k.., the inputs of the same numbers, and those beyond the last output; every
                    other input is joined to the output of the same number
    WIRE            the cell vanishes: each input is joined to the output of the same number
    FUN f a         the function of the neuron: sum, step, zero, other, product, quotient, remainder, select
    DYN d a         its dynamics: 'all' waits for all inputs, 'any' for one; 'gate' waits for all, and sends
                    nothing unless its last input plus the bias is 0
    LR k l w a      the weight of the inputs k to l (1 unless it is set); one of weight 0 is only waited for
    BIAS b a        the bias (0 unless it is set)
    LIMIT l a       the largest number, up to the sign, that the neuron may send
    LINE n a        the line of the program to which the neuron belongs
    IN k a          the neuron also gets the k-th number that the program reads
    OUT a           what the neuron sends is written
    END             the cell becomes a neuron
"""

from __future__ import annotations

from dataclasses import dataclass

CHILDREN = {"SEQ": 2, "CPI": 2, "PAR": 2, "FORK": 2, "WIRE": 0, "END": 0}  # of all others: 1


@dataclass(frozen=True)
class Code:
    """An instruction, its arguments, and the codes with which the cells go on."""

    name: str
    arguments: tuple[int | str, ...] = ()
    children: tuple[Code, ...] = ()

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    @property
    def size(self) -> int:
        """The number of instructions."""
        return 1 + sum(child.size for child in self.children)


END = Code("END")
WIRE = Code("WIRE")


def registers(*steps: tuple[int | str, ...], then: Code = END) -> Code:
    """Instructions one after the other, with one child each: `registers(("BIAS", -1), ("FUN", "step"))`."""
    for name, *arguments in reversed(steps):
        then = Code(str(name), tuple(arguments), (then,))
    return then


def divide(name: str, *arguments: int, first: Code, second: Code) -> Code:
    """A division into two cells."""
    return Code(name, arguments, (first, second))


def read(text: str) -> Code:
    """The code that was printed: `read(str(code)) == code`.

    >>> print(read("SEQ 1; BIAS 3; END; LR 1 1 -1; END"))
    SEQ 1
      BIAS 3; END
      LR 1 1 -1; END
    """
    steps = iter(text.replace("\n", ";").split(";"))
    return _read(steps)


def _read(steps) -> Code:
    name, *words = next(step for step in steps if step.strip()).split()
    arguments = tuple(int(word) if word.lstrip("-").isdigit() else word for word in words)
    return Code(name, arguments, tuple(_read(steps) for _ in range(CHILDREN.get(name, 1))))


def _lines(code: Code) -> list[str]:
    """Instructions with one child stand on a line with it; the children of a division below, indented."""
    here = " ".join([code.name, *map(str, code.arguments)])
    if not code.children:
        return [here]
    if len(code.children) == 1:
        first, *rest = _lines(code.children[0])
        return [f"{here}; {first}", *rest]
    return [here, *("  " + line for child in code.children for line in _lines(child))]
