"""Where weights come from: shipped sets, official ones and files; every hash is checked."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
