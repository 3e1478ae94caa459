"""The stages of the neural compiler, one by one: words, parse tree, cellular code, development, neurons."""

import pytest
from pascal_side import PROGRAMS

import neurosim as ns
from neurosim.models.neural_compiler import neural_compiler
from neurosim.models.pascal import cellular_code, develop, parse
from neurosim.models.pascal.cellular import read
from neurosim.models.pascal.development import grown
from neurosim.models.pascal.inlining import inlined, place
from neurosim.models.pascal.lexer import words
from neurosim.models.pascal.neurons import links_from, links_to
from neurosim.models.pascal.tree import Assign, Binary, Call, Compound, If, Type

DECLARED = "var x, y: integer; a: array[1..3] of integer;"


def code_of(body):
    return cellular_code(parse(f"{DECLARED} begin {body} end."))


def neurons_of(text):
    """Function, bias and the senders of each neuron of a code."""
    return [
        (neuron.registers.function, neuron.registers.bias, sorted(pre for pre, *_ in neuron.links))
        for neuron in develop(read(text))
    ]


# Words and the parse tree


def test_words_have_lines_and_no_capitals():
    found = words("Begin { a\ncomment } (* and\nanother *) X <= 10 // the end\n.")
    assert [(word.text, word.line) for word in found] == [
        ("begin", 1), ("x", 3), ("<=", 3), ("10", 3), (".", 4), ("", 4),
    ]  # fmt: skip


def test_products_bind_closer_than_sums_and_these_than_comparisons():
    statement = parse("var x: integer; begin if 1 + 2 * x < 3 then x := 1; writeln(x) end.").body.statements[
        0
    ]
    test = statement.statements[0].test
    assert isinstance(test, Binary) and test.operator == "<"
    assert test.left.operator == "+"
    assert test.left.right.operator == "*"


def test_calls_are_replaced_by_what_they_call():
    program = parse(
        """var x: integer;
        function next(n: integer): integer; begin next := n + 1 end;
        begin while next(x) < 5 do x := next(next(x)); writeln(x) end."""
    )

    def nodes(node):
        yield node
        for name in ("statements", "body", "before", "test", "value", "target", "left", "right", "values"):
            for child in (
                getattr(node, name, ()) if name in ("statements", "values") else [getattr(node, name, None)]
            ):
                if child is not None and not isinstance(child, str):
                    yield from nodes(child)

    assert any(isinstance(node, Call) for node in nodes(program.body))
    after = list(nodes(inlined(program.body)))
    assert not any(isinstance(node, Call) for node in after)
    assert (
        sum(isinstance(node, Assign) for node in after) == 3 * 3 + 1
    )  # argument, body, value of three calls


def test_the_second_side_of_and_is_a_branch_only_if_it_can_fail():
    kinds = {}
    for right in ("y > 0", "a[y] > 0", "1 div y > 0", "x mod 2 > 0", "a[2] > 0"):
        first = inlined(parse(f"{DECLARED} begin if (x > 0) and ({right}) then x := 1; writeln(x) end.").body)
        first = first.statements[0].statements[0]
        kinds[right] = isinstance(first, Compound) and any(
            isinstance(item, If) for item in first.statements[:-1]
        )
    assert [right for right, branches in kinds.items() if branches] == ["a[y] > 0", "1 div y > 0"]


def test_the_last_index_moves_fastest():
    kind = Type("integer", ((1, 2), (0, 2)))
    assert [place(kind, element) for element in range(6)] == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]


# Cellular code


@pytest.mark.parametrize("name", PROGRAMS)
def test_printed_code_is_all_that_the_network_develops_from(name):
    source, numbers, _ = PROGRAMS[name]
    code = cellular_code(parse(source, len(numbers) or None))
    assert read(str(code)) == code
    assert develop(read(str(code))) == develop(code)


def test_an_assignment_waits_for_the_old_value_unless_it_uses_it():
    code = str(code_of("x := 3; y := x; y := y + x; writeln(y)"))
    assert code.count("FOCUS 2; LR 1 1 0; END") + code.count("FOCUS 3; LR 1 1 0; END") == 2
    assert code.count("KEEP 2; WIRE") >= 1


def test_a_loop_is_a_cycle_and_a_branch_a_parallel_division():
    assert "CYC" not in str(code_of("if x = 0 then x := 1; writeln(x)"))
    assert "PAR" in str(code_of("if x = 0 then x := 1; writeln(x)"))
    assert str(code_of("while x < 3 do x := x + 1; writeln(x)")).count("CYC 2") == 1
    assert str(code_of("repeat x := x + 1 until x > 3; writeln(x)")).count("CYC 2") == 1
    assert str(code_of("for x := 1 to 3 do y := y + x; writeln(y)")).count("CYC 4") == 1  # and the limit


def test_what_a_statement_does_not_touch_passes_by():
    code = code_of("y := 1; if x = 0 then x := 1; writeln(x, y)")
    assert "FOCUS 1 2" in str(code) or "FOCUS 1 3" in str(code)
    gates = [neuron for neuron in develop(code) if neuron.registers.dynamics == "gate"]
    assert len(gates) == 4  # the flow of control and x, on two ways


# Development


def test_divisions():
    plus = "END"
    assert neurons_of("END") == [("sum", 0, []), ("sum", 0, [0])]
    assert neurons_of("SEQ 1; FUN step; END; BIAS 2; END")[1:] == [("step", 0, [0]), ("sum", 2, [1])]
    assert neurons_of(f"SEQ 1; PAR; FUN step; {plus}; FUN zero; {plus}; {plus}")[1:] == [
        ("step", 0, [0]), ("zero", 0, [0]), ("sum", 0, [1, 2]),
    ]  # fmt: skip
    assert neurons_of("CPI; FUN step; END; FUN product; END")[1:] == [
        ("step", 0, [0]),
        ("product", 0, [0, 1]),
    ]
    assert neurons_of("SEQ 2; FORK 1; FUN step; END; FUN zero; END; KEEP 2 1; FUN product; END")[1:] == [
        ("step", 0, [0]), ("zero", 0, [0]), ("product", 0, [1, 2]),
    ]  # fmt: skip


def test_a_split_gives_one_cell_for_each_output():
    text = "SEQ 3; KEEP 1 1 1 1; BIAS 5; SPLIT 1 -2; FUN select; END; FUN step; END"
    assert neurons_of(text)[1:] == [
        ("select", 5, [0, 0]), ("select", 3, [0, 0]), ("select", 1, [0, 0]), ("step", 0, [1, 2, 3]),
    ]  # fmt: skip


def test_a_cycle_leads_back():
    text = "CYC 1; SEQ 1; DYN any; END; FORK 1; FUN step; END; FUN zero; END"
    assert neurons_of(text)[1:] == [("sum", 0, [0, 3]), ("step", 0, [1]), ("zero", 0, [1])]


def test_wires_and_what_passes_by_leave_no_neuron():
    assert neurons_of("SEQ 2; KEEP 1 1; FOCUS 2; FUN step; END; LR 1 1 0; FUN zero; END")[1:] == [
        ("step", 0, [0]), ("zero", 0, [0, 1]),
    ]  # fmt: skip
    assert neurons_of("SEQ 1; WIRE; FUN step; END")[1:] == [("step", 0, [0])]


def test_children_inherit_registers_but_no_weights():
    first, second, third = develop(read("BIAS 4; SEQ 1; FUN step; LR 1 1 -1; END; FUN zero; END"))
    assert [item.registers.bias for item in (first, second, third)] == [0, 4, 4]
    assert second.links == ((0, -1, "x"),)
    assert third.links == ((1, 1, "x"),)


@pytest.mark.parametrize("name", PROGRAMS)
def test_links_have_two_ends(name):
    source, numbers, _ = PROGRAMS[name]
    cells = grown(cellular_code(parse(source, len(numbers) or None)))
    into = {id(link) for cell in cells for link in links_to(cell)}
    out = {id(link) for cell in cells for link in links_from(cell)}
    assert into == out


def test_constants_become_biases_and_weights():
    """2*x + 3 > 1 is one product that became a sum, a sum, and a threshold."""
    developed = develop(code_of("readln(x); writeln(2*x + 3 > 1)"))
    functions = [(item.registers.function, item.registers.bias) for item in developed]
    assert ("step", -1) in functions
    assert ("sum", 3) in functions
    assert not any(function == "product" for function, _ in functions)
    assert not any(item.needed == 0 for item in developed[1:])


def test_arrays_select_by_counting_from_the_middle():
    developed = develop(code_of("readln(x); writeln(a[x])"))
    selects = [item.registers.bias for item in developed if item.registers.function == "select"]
    assert selects == [2, 0, -2]
    assert [item.registers.limit for item in developed if item.registers.limit < 100] == [2]


# Errors


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("program p; { never\nbegin end.", "line 1: a comment has no end"),
        ("begin\nwriteln('a') end.", "line 2: the neurons compute with numbers only"),
        ("begin writeln(1.5) end.", "'1.5' is no whole number"),
        ("begin writeln(2x) end.", "'2x' is no whole number"),
        ("begin writeln(1 / 2) end.", "'/' gives a real number"),
        ("begin writeln(1 ? 2) end.", r"'\?' is no symbol of Pascal"),
        ("begin\n\nx := 1 y := 2 end.", "line 3: 'x' is not declared"),
        ("var x, x: integer; begin writeln(x) end.", "'x' is declared twice"),
        ("begin writeln(1) end. begin", "'begin' stands after the end of the program"),
        ("begin end.", "the program writes nothing"),
        ("var x: real; begin writeln(1) end.", "'real' is no type of the subset"),
        ("const n = 3; var x: n; begin writeln(1) end.", "'n' is no type of the subset"),
        ("var x: array[1..100000] of integer; begin writeln(1) end.", "an array of 100000 elements"),
        ("var x: array[1..0] of integer; begin writeln(1) end.", "from 1 to 0 has no element"),
        ("type t = array[1..2] of integer; function f: t; begin end; begin end.", "returns an array"),
        ("begin case 1 of end end.", "'case' is no statement of the subset"),
        ("begin 3 end.", "found '3' where a statement is needed"),
        ("var b: boolean; begin for b := 1 to 2 do writeln(1) end.", "b cannot count"),
        ("function f: integer; begin f := 1 end; begin f; writeln(1) end.", "f is a function. Assign"),
        ("var a: array[1..2] of integer; begin a := 1; writeln(1) end.", "a is an array. Use its elements"),
        ("var a: array[1..2] of integer; begin writeln(a) end.", "a is an array. Use its elements"),
        ("var x: integer; begin x := true; writeln(1) end.", "of type integer, its value of type boolean"),
        ("function f: integer; begin f := 1 end; begin f := 1; writeln(1) end.", "f takes no value here"),
        ("begin writeln end.", "writeln without a number"),
        ("var b: boolean; begin readln(b); writeln(1) end.", "needs variables of type integer"),
        ("var x: integer; begin while x < 1 do readln(x); writeln(1) end.", "how often readln reads here"),
        ("var x: integer; begin if x < 1 then read(x); writeln(1) end.", "how often read reads here"),
        ("begin writeln(1 end.", r"found 'end' where '\)' is needed"),
        ("program ; begin end.", "found ';' where a name is needed"),
        ("begin writeln(99999999999999999) end.", "is beyond maxint, which is 4503599627370495"),
        ("begin writeln(*) end.", r"found '\*' where a value is needed"),
        ("procedure f; begin end; begin writeln(f) end.", "f is a procedure, which has no value"),
        ("begin maxint := 1; writeln(1) end.", "'maxint' is no variable"),
        ("var a: array[1..2] of integer; begin writeln(a[1,2]) end.", "2 indices of a: array"),
        ("var x: integer; begin writeln(x[1]) end.", "1 indices of x: integer"),
        ("var a: array[1..2] of integer; begin writeln(a[3]) end.", "index 3 of a is outside 1..2"),
        ("begin writeln(abs(1,2)) end.", "abs takes one value, here 2"),
        ("begin writeln(abs(true)) end.", "abs needs an integer, not boolean"),
        ("function f(n: integer): integer;\nbegin f := f(n - 1) end; begin end.", "line 2: f calls itself"),
        ("procedure f(n: integer); begin end; begin f; writeln(1) end.", "f takes 1 arguments, here 0"),
        ("procedure f(var n: integer); begin end; begin f(1) end.", "the var parameter n needs a variable"),
        ("type t = array[1..2] of integer; var b: array[1..3] of integer;"
         "procedure f(n: t); begin end; begin f(b); writeln(1) end.", "what it gets is of another size"),
        ("procedure f(n: integer); begin end; begin f(true); writeln(1) end.", "n is integer, not boolean"),
        ("var x: integer; y: array[1..x] of integer; begin end.", "is not known before the program runs"),
        ("begin if 1 then writeln(1) end.", "a test is boolean, not integer"),
        ("begin writeln(1)", "found the end of the program where ';' or 'end' is needed"),
        ("begin if true then writeln(1); else writeln(2) end.", "found 'else' where"),
        ("begin writeln(not 1) end.", "'not' needs boolean, not integer"),
        ("begin writeln(true + 1) end.", "'\\+' needs integer, not boolean|needs an integer, not boolean"),
        ("begin writeln(1 = true) end.", "'=' compares integer with boolean"),
        ("var x: integer; begin for x := 1 upto 3 do writeln(1) end.", "found 'upto' where"),
    ],
)  # fmt: skip
def test_a_program_with_an_error_gets_line_and_reason(source, reason):
    with pytest.raises(ns.DescriptionError, match="neural_compiler: line [1-9]") as caught:
        neural_compiler(source)
    caught.match(reason)
