"""Networks that learn from data, as estimators of scikit-learn; each ends in a `network_` that runs and is recorded like any other.

The names stand in `__init__.pyi`; the file of each is imported when it is first asked for, and scikit-learn or JAX with it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
