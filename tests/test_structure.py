"""What the code promises about its own structure."""

from pathlib import Path

import grimp
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

import neurosim.engine


def test_no_module_imports_itself_through_others():
    """Imports within functions count, those for the type checker do not; models are written as a user writes
    them."""
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
    """The event engine's C++ keeps the order in which it is given the synapses."""
    engine = Path(neurosim.engine.__file__).parent
    assert [path.name for path in engine.rglob("*.py") if "lexsort(" in path.read_text()] == ["delivery.py"]
