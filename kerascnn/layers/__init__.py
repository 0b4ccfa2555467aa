"""Layers that Keras does not have, one in each file.

`import kerascnn.layers` registers all of them, so that `keras.saving.load_model` finds them.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

for name in __all__:
    __getattr__(name)

del lazy, name
