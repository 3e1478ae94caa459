"""A neural compiler: a Pascal program becomes a network that computes what the program says.

Source: Gruau, Ratajszczak & Wiber 1995, A neural compiler, Theoretical Computer Science 141, 1,
doi:10.1016/0304-3975(94)00200-3.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.models.pascal import cellular_code, check_end, connected, develop, parse


def neural_compiler(source: str, n_inputs: int | None = None) -> ns.Network:
    """The network of a Pascal program: `inputs` -> `neurons` -> `output` and `written`.

    Each neuron is an operation. It waits until a token has arrived over every synapse, and then sends y =
    f(a, b) with a token of its own, where a and b are the weighted sums of what arrived at its ports x and z.
    f is one of a + bias, a + bias > 0, a + bias = 0, a + bias <> 0, a b, a div b, a mod b, and a if b + bias
    = 0, else 0. Where ways come together, a neuron waits for one token only; at a branch it sends only if b +
    bias = 0. A token takes one tick for each synapse, and operations that do not need each other's results
    go on at the same time. The neurons develop from one cell by cellular code, which one may read:
    `print(pascal.cellular_code(pascal.parse(source)))`.

    The subset of Pascal: constants, types, variables of type integer and boolean, arrays of them with any
    number of axes; := if while repeat for begin-end; read and write; + - * div mod and or not = <> < <= > >=
    abs odd ord pred sqr succ; procedures and functions, not recursive, with value and var parameters.
    Variables are 0 at first. Integers are exact; maxint is 2**52 - 1. a div b rounds towards 0, and a mod b
    has the sign of a. The right side of `and` and `or` is not computed if it could fail and the left one
    decides. `write` cannot write text, and ends the row as `writeln` does.

    Arguments:
        source: the program.
        n_inputs: how many numbers it reads; needed only if it reads in a loop, a branch or a procedure.

    When a number is written, its unit of `output` sends it and that of `written` sends 1, for one tick.
    `given` makes the inputs of a run, and `written` reads its results; a run ends with `until="stable"`.

    Raises DescriptionError for a program with an error, with its line and the reason.

    >>> net = neural_compiler("program p; var n: integer; begin readln(n); writeln(n * n, n + 1) end.")
    >>> written(ns.run(net, given([7], 50), record=["output", "written"], until="stable"))
    [(49, 8)]
    """
    if not isinstance(source, str):
        raise ns.DescriptionError(f"neural_compiler: source {source!r} is no text. Give a Pascal program.")
    if n_inputs is not None and (not isinstance(n_inputs, int) or n_inputs < 1):
        raise ns.DescriptionError(
            f"neural_compiler: n_inputs: {n_inputs!r}. Give a whole number, at least 1."
        )
    try:
        program = parse(source, n_inputs)
        return connected(develop(cellular_code(program)), program.reads)
    except RecursionError:
        raise ns.DescriptionError(
            "neural_compiler: source is nested too deeply. Use variables for parts of long expressions."
        ) from None


def given(numbers: ArrayLike, ticks: int) -> dict[str, np.ndarray]:
    """The inputs of a run of at most `ticks`: the numbers that a program reads, (number,) or (trial, number).

    Raises DescriptionError for numbers that are not whole.
    """
    numbers = np.asarray(numbers, dtype=float)
    if not np.array_equal(numbers, np.round(numbers)):
        raise ns.DescriptionError(f"neural_compiler: numbers {numbers.tolist()} are not whole. Round them.")
    inputs = np.zeros((*numbers.shape[:-1], ticks, numbers.shape[-1]))
    inputs[..., 0, :] = numbers
    return {"inputs": inputs}


def written(recording: ns.Recording, trial: int = 0) -> list[tuple[int, ...]]:
    """What a program has written: the numbers of each `write` or `writeln`; true is 1, false 0.

    recording: of "output" and "written", of a run with until="stable".

    Raises RecordingError, with the line, if the program divided by 0, used an index out of range or a number
    beyond maxint, and if it had not ended after all ticks of the run.
    """
    check_end(recording, trial)
    shape = (-1, recording.ticks, recording.network["output"].size)
    numbers, tokens = (np.reshape(recording[name], shape)[trial] for name in ("output", "written"))
    rows = [row[token > 0] for row, token in zip(numbers, tokens, strict=True) if token.any()]
    return [tuple(int(number) for number in row) for row in rows]


def example() -> dict[str, Any]:
    """The greatest common divisors of three pairs of numbers, side by side."""
    source = """
        program gcd;
        var a, b, r: integer;
        begin
          readln(a, b);
          while b <> 0 do begin r := a mod b; a := b; b := r end;
          writeln(a)
        end.
    """
    return {
        "net": neural_compiler(source),
        "inputs": given([[48, 36], [1071, 462], [17, 5]], 100),
        "record": ["neurons", "output", "written"],
        "until": "stable",
    }
