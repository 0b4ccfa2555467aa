"""Architectures, one file per paper, with the arguments of keras.applications."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
