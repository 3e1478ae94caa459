"""What Brian2 needs tricks for, or neurosim did, written plainly in both: what these tests share."""

import inspect
import io
import tokenize

import brian2 as b
import numpy as np

b.prefs.codegen.target = "numpy"  # from the first `connect` on, so that Brian2 compiles nothing
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def lines(function):
    """How many lines of code a function has, without comments, blank lines and its docstring."""
    source = inspect.getsource(function)
    docstring = inspect.getdoc(function)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    used = {
        line
        for token in tokens
        if token.type not in SKIPPED and token.string
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(used) - (len(docstring.splitlines()) if docstring else 0)


def assert_no_longer(ours, theirs):
    """Our description takes at most as many lines as Brian2's of the same network."""
    assert lines(ours) <= lines(theirs), f"{lines(ours)} lines here, {lines(theirs)} in Brian2"


def assert_alike(ours, theirs, tolerance=1e-9):
    """Two dicts hold the same arrays, whole numbers exactly, others to rounding; none is constant."""
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        found, expected = np.asarray(ours[name]), np.asarray(expected)
        assert expected.size and np.ptp(expected) > 0, f"{name}: nothing happens"
        if expected.dtype.kind in "iu":
            np.testing.assert_array_equal(found, expected, name)
        else:
            np.testing.assert_allclose(
                found, expected, tolerance, tolerance * np.abs(expected).max(), err_msg=name
            )


def spikes(times, neurons, dt):
    """(tick, neuron) of spikes, sorted, as one array of shape (spike, 2)."""
    found = np.stack([np.rint(np.asarray(times) / float(dt)).astype(int), np.asarray(neurons)], axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]
