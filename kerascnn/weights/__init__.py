"""Pretrained weights: shipped with the package, downloaded, or from a file; hashes are checked."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
