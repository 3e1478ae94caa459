"""Every argument of every public function, class and method is given in some test or example."""

import ast
import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import neurosim as ns
from neurosim import cells, figures, learn, readout, synapses, tasks

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]


INSIDE = {  # methods that other modules of the library call
    "pairs",
    "recipe",
    "steps",
    "check",
    "keeps_zero_delay",
    "fields",
    "of_fields",
    "name_of",
    "owner",
    "weight_shape",
    "weight_shapes",
    "number_shapes",
    "message_shapes",
    "sizes",
    "signs",
    "probe",
    "pieces",
    "tick",
    "time_constant",
    "picture",
    "note",
}
MADE = {"Recording", "Replay", "Session"}  # classes of which only the library makes objects


def public():
    """Qualified name -> the function: the vocabulary, what its modules export, and each model."""
    for module in (ns, learn, readout, figures, cells, synapses, tasks):
        for name in dir(module):
            item = getattr(module, name)
            if (
                not name.startswith("_")
                and getattr(item, "__module__", "").startswith(module.__name__)
                and callable(item)
            ):
                yield from members(f"{module.__name__}.{name}", item)
    for path in sorted((ROOT / "models").glob("[a-z]*.py")):
        yield (
            f"neurosim.models.{path.stem}",
            getattr(import_module(f"neurosim.models.{path.stem}"), path.stem),
        )


def members(name, item):
    """A function, or a class and its methods; errors and named tuples are made by the library."""
    if isinstance(item, type):
        yield from (
            (f"{name}.{key}", method)
            for key, method in vars(item).items()
            if inspect.isfunction(method) and key[0] != "_" and key not in INSIDE
        )
    if not (isinstance(item, type) and issubclass(item, (Exception, tuple))) and item.__name__ not in MADE:
        yield name, item


@cache
def given():
    """The arguments that tests give: for each called name the keywords and the number of positional
    arguments; and for each file all names that are keys of dicts."""
    calls, keys = {}, {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
                )
                words = {keyword.arg for keyword in node.keywords if keyword.arg}
                starred = any(keyword.arg is None for keyword in node.keywords)
                calls.setdefault(name, []).append((len(node.args), words, path if starred else None))
                keys.setdefault(path, set()).update(words)
            elif isinstance(node, ast.Dict):
                keys.setdefault(path, set()).update(
                    key.value for key in node.keys if isinstance(key, ast.Constant)
                )
    return calls, keys


def is_given(name, place, parameter):
    calls, keys = given()
    return any(
        place < places or parameter in words or parameter in keys.get(path, ())
        for places, words, path in calls.get(name, ())
    )


FUNCTIONS = dict(public())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_given_somewhere(name):
    parameters = [p for p in inspect.signature(FUNCTIONS[name]).parameters.values() if p.name != "self"]
    fixed = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    places = {p.name: k if p.kind is not p.KEYWORD_ONLY else 10**9 for k, p in enumerate(fixed)}
    missing = [key for key, place in places.items() if not is_given(name.rpartition(".")[2], place, key)]
    assert not missing, f"no test gives {', '.join(missing)} to {name}"
