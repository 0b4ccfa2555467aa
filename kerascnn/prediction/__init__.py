"""Predictions for images of any size, and boxes from the grid of a detector."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
