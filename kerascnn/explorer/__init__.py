"""A Keras model as one HTML page that works offline: its maps, weights, training and answers."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
