"""Networks of which only the layers matter."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import keras


@contextmanager
def zero_weights() -> Iterator[None]:
    """Build models with zeros as weights: random ones take seconds, and twice the memory."""

    def zeros(self: object, shape: tuple, dtype: str | None = None, **_more: object) -> object:
        return keras.ops.zeros(shape, dtype)

    with ExitStack() as stack:
        for kind in (keras.initializers.VarianceScaling, keras.initializers.RandomNormal):
            stack.enter_context(mock.patch.object(kind, "__call__", zeros))
        yield
