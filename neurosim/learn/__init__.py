"""Networks that learn from data: `ns.train`, learning rules, and estimators of scikit-learn.

Each estimator ends in a `network_`, which runs and is recorded like any other network. The names stand in
`__init__.pyi`. The file of a name is imported when the name is first used, and with it scikit-learn or JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
