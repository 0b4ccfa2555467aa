"""Plots: arrays and plain records in, matplotlib Axes out, without Keras or TensorFlow."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
