"""From recordings to answers: features of a recording, how well its states tell inputs apart, networks as transformers of scikit-learn.

The names stand in `__init__.pyi`; the file of each is imported when it is first asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
