"""Experiments of a course: each measures something real, and comes with the result it had.

`kc.experiments.permuted_pixels()` runs one; `kc.experiments.recorded("permuted_pixels")` reads the
record that comes with the package. Both give a `Result` with the arrays, the settings, how long it
took and on what. The lecture figures draw the records.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
