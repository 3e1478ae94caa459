"""What the code promises about its own structure."""

import grimp
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


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
