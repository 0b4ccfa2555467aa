"""Real images to learn from: handwritten digits and photographs, as arrays."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
