"""Experiments for a course, with recorded results.

`kc.experiments.permuted_pixels()` runs an experiment, and
`kc.experiments.recorded("permuted_pixels")` reads the result included in the package. Both return a
`Result` with the arrays, the settings, the running time and the machine. The lecture figures show
the recorded results.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
