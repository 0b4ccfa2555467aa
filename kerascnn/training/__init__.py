"""Train any Keras model by a named recipe, so that the run can be repeated and resumed."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
