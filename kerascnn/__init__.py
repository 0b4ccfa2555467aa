"""Convolutional networks for teaching, on Keras: build, describe, train, look inside, draw.

>>> import kerascnn as kc
>>> kc.build_lenet5().count_params()
61706
"""

import lazy_loader as lazy

from . import _onednn

# The public names are listed in __init__.pyi; each is imported on first use, so that
# `import kerascnn` is fast and loads neither TensorFlow nor matplotlib.
__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__version__ = "0.1.0"

_onednn.switch_on()
del lazy
