"""Networks of which only the layers and the shapes of the weights matter."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state

WAITING = "uninitialized_variables"  # Keras's list of variables that still need values


@contextmanager
def without_values() -> Iterator[None]:
    """Build models whose weights have shapes, but no values: fast, and without their memory.

    What comes later must not give the weights values either, so they are taken from Keras's list.
    """
    waiting = [*global_state.get_global_attribute(WAITING, [])]
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(WAITING, waiting)
