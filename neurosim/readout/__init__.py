"""From recordings to answers: features of recordings, measures of networks, and networks in scikit-learn.

The public names are those of `__init__.pyi`; the file of each is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
