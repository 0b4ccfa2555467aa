"""What the overlap-tile strategy must know of a network: its sizes and its receptive field."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import lcm
from typing import Any

import keras

from kerascnn._describe import Layer, describe
from kerascnn._graph import check_is_model, flatten, how_to_get_graph
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
        sure: whether `step` and `reach` are known for images of any size that it takes.
    """

    model: keras.Model
    channels: int
    own: tuple[int | None, int | None]
    step: tuple[int, int]
    reach: tuple[int | None, int | None]
    lost: Callable[[tuple[int, int]], tuple[int, int]]
    sure: bool = True

    def accepts(self, size: tuple[int, int]) -> bool:
        """Whether the network takes images of a size."""
        try:
            self.lost(size)
        except ValueError:
            return False
        return True


def geometry_of(model: keras.Model, size: tuple[int, int] | None = None) -> Geometry:
    """Find the geometry of a model up to its first output.

    Args:
        model: the network.
        size: size of its images, where it takes any and its steps depend on it.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it does not take images, or returns no map.
    """
    check_has_inputs(model)
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] is None:
        raise ValueError(f"model must take images (N, H, W, C); received {shape}.")

    records = _records(model, size)

    @cache
    def lost(size: tuple[int, int]) -> tuple[int, int]:
        given = (1, *size, shape[-1])
        check_size_of(model, given)
        out = model.compute_output_shape(given)
        out = tuple(out[0] if isinstance(out, list) else out)
        less = tuple(a - b for a, b in zip(size, out[1:3], strict=True)) if len(out) == 4 else ()
        if not less or any(n < 0 or n % 2 for n in less) or (any(less) and not dense(size)):
            raise ValueError(
                "model must return a map of the size of its images, or smaller by a border of the "
                f"same width on both sides; received {out} for images {size[0]}x{size[1]}."
            )
        return less

    def dense(size: tuple[int, int]) -> bool:
        steps = _pair(records[-1].stride_product)
        if None in steps:
            steps = _pair(_records(model, size)[-1].stride_product)
        return steps == (1, 1)

    steps = [_pair(record.stride_product) for record in records]
    down, across = (lcm(*(int(s[axis]) for s in steps if _whole(s[axis]))) for axis in (0, 1))
    field = _pair(records[-1].receptive_field)
    high, wide = (None if side is None else -(-int(side) // 2) for side in field)
    sure = None not in (size or shape[1:3]) or all(None not in pair for pair in [*steps, field])
    return Geometry(model, shape[-1], shape[1:3], (down, across), (high, wide), lost, sure)


def check_has_inputs(model: keras.Model) -> None:
    """Reject anything but a Keras model whose inputs are known.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is subclassed, or Sequential without an input, and has no graph of layers.
    """
    check_is_model(model)
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model must have a graph of layers, from its inputs to its outputs; received "
            f"{type(model).__name__} {model.name!r}. {how_to_get_graph(model)}."
        )


def _records(model: keras.Model, size: tuple[int, int] | None) -> list[Layer]:
    """Describe the layers on which the first output depends."""
    graph = flatten(model)
    names = {node.name for node in graph.leading_to(graph.outputs[:1])}
    shape = None if size is None else (*size, model.input_shape[-1])
    return [r for r in describe(model, input_shape=shape).layers if r.name in names]


def _pair(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


def _whole(value):
    return value is not None and value == int(value) and value >= 1
