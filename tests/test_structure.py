"""Rules that the structure of the code follows."""

import ast
from collections.abc import Container, Iterator
from pathlib import Path

import grimp
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

import neurosim.engine

PACKAGE = Path(neurosim.__file__).parent
# Packages that take tens of milliseconds or more to import, or that are optional.
HEAVY = {"brian2", "h5py", "jax", "matplotlib", "optax", "scipy", "sklearn", "sympy", "tqdm"}
# Our own modules that are imported late: the many modules that compile C++; and the models, which import all
# of neurosim as a user does.
LATE = ("neurosim.engine.events", "neurosim.models")


def test_no_module_imports_itself_through_others():
    """Imports within functions count, those for type checkers do not. Models are left out: they import
    `neurosim` as users do."""
    graph = grimp.build_graph("neurosim", exclude_type_checking_imports=True)
    modules = sorted(name for name in graph.modules if not name.startswith("neurosim.models"))
    place = {name: number for number, name in enumerate(modules)}
    pairs = [
        (place[name], place[other])
        for name in modules
        for other in graph.find_modules_directly_imported_by(name)
        if other in place and "neurosim" not in (name, other)
    ]
    rows, columns = np.array(pairs).T
    number, label = connected_components(
        csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(modules),) * 2), connection="strong"
    )
    circles = [
        [modules[n] for n in np.flatnonzero(label == k)]
        for k in range(number)
        if np.count_nonzero(label == k) > 1
    ]
    assert circles == []


def test_the_order_of_arrivals_is_stated_once():
    """All engines take it from `delivery.py`; the C++ of the event engine keeps the order in which it is
    given the synapses."""
    engine = PACKAGE / "engine"
    assert [path.name for path in engine.rglob("*.py") if "lexsort(" in path.read_text()] == ["delivery.py"]


def test_our_own_modules_are_imported_within_functions_only_where_that_saves_time():
    """What is imported there leads to a heavy package over the imports at the top of modules."""
    files = module_files()
    top, late = {}, set()
    for module, path in files.items():
        statements = list(run_statements(ast.parse(path.read_text())))
        top[module] = {name for node, inner in statements if not inner for name in imported(node, files)}
        inside = {name for node, inner in statements if inner for name in imported(node, files)}
        late |= {(module, name) for name in inside if name in files or name.startswith("neurosim")}
    needless = {pair for pair in late if not (pair[1].startswith(LATE) or reached(pair[1], top) & HEAVY)}
    assert (len(late) > 10, needless) == (True, set())


def module_files() -> dict[str, Path]:
    """The modules of neurosim but the models, by name."""
    files = {}
    for path in PACKAGE.rglob("*.py"):
        names = ("neurosim", *path.relative_to(PACKAGE).with_suffix("").parts)
        files[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return files


def run_statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements of a module but those for type checkers alone, each with whether it is in a function."""
    waiting: list[tuple[ast.stmt, bool]] = [(node, False) for node in tree.body]
    while waiting:
        node, inner = waiting.pop()
        yield node, inner
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        children = node.orelse if for_types else statements_in(node)
        waiting += ((child, inner or isinstance(node, ast.FunctionDef)) for child in children)


def statements_in(node: ast.stmt) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from child.body


def imported(node: ast.AST, modules: Container[str]) -> Iterator[str]:
    """The modules that an import statement names, those of neurosim by their full names."""
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = ".".join(["neurosim"] * node.level + [node.module] * bool(node.module))
        for name in node.names:
            yield f"{package}.{name.name}" if f"{package}.{name.name}" in modules else package


def reached(module: str, top: dict[str, set[str]]) -> set[str]:
    """The packages of others that are imported, at once or through other modules, when a module is."""
    done, waiting = set(), {module}
    while waiting:
        name = waiting.pop()
        done.add(name)
        waiting |= top.get(name, set()) - done
    return {name.partition(".")[0] for name in done}
