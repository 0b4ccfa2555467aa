"""What the overlap-tile strategy must know of a network: its sizes and its receptive field."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import lcm
from typing import Any

import keras

from kerascnn._describe import describe
from kerascnn._graph import check_is_model
from kerascnn._sizes import check_size_of


@dataclass(frozen=True)
class Geometry:
    """The sizes of a network from images to maps.

    Attributes:
        model: the network.
        channels: C of its images.
        own: its input size, (height, width), `None` where any size is accepted.
        step: pixels by which an image may move so that its poolings fall on the same pixels, by
            axis.
        reach: half of the receptive field of an output, by axis; `None` if it is not known.
        lost: function from an input size to the pixels that the output lacks, by axis; it raises a
            `ValueError` for a size that the network does not take.
    """

    model: keras.Model
    channels: int
    own: tuple[int | None, int | None]
    step: tuple[int, int]
    reach: tuple[int | None, int | None]
    lost: Callable[[tuple[int, int]], tuple[int, int]]

    def accepts(self, size: tuple[int, int]) -> bool:
        """Whether the network takes images of a size."""
        try:
            self.lost(size)
        except ValueError:
            return False
        return True


def geometry_of(model: keras.Model) -> Geometry:
    """Find the geometry of a model.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it does not take images, or returns no map.
    """
    check_is_model(model)
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] is None:
        raise ValueError(f"model must take images (N, H, W, C); received {shape}.")

    records = describe(model).layers
    dense = all(n == 1 for n in _pair(records[-1].stride_product))

    @cache
    def lost(size: tuple[int, int]) -> tuple[int, int]:
        given = (1, *size, shape[-1])
        check_size_of(model, given)
        out = model.compute_output_shape(given)
        out = tuple(out[0] if isinstance(out, list) else out)
        less = tuple(a - b for a, b in zip(size, out[1:3], strict=True)) if len(out) == 4 else ()
        if not less or any(n < 0 or n % 2 for n in less) or (any(less) and not dense):
            raise ValueError(
                "model must return a map of the size of its images, or smaller by a border of the "
                f"same width on both sides; received {out} for images {size[0]}x{size[1]}."
            )
        return less

    steps = [_pair(record.stride_product) for record in records]
    down, across = (lcm(*(int(s[axis]) for s in steps if _whole(s[axis]))) for axis in (0, 1))
    field = _pair(records[-1].receptive_field)
    high, wide = (None if side is None else -(-int(side) // 2) for side in field)
    return Geometry(model, shape[-1], shape[1:3], (down, across), (high, wide), lost)


def _pair(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


def _whole(value):
    return value is not None and value == int(value) and value >= 1
