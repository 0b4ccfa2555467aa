"""Arrays and plain records in, matplotlib Axes out; neither Keras nor TensorFlow is needed."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
