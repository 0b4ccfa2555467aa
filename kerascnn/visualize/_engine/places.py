"""Targets for models that return maps or boxes: a pixel, a region, a class there, or a box."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

from kerascnn._checks import check_count, is_number
from kerascnn._class_axis import class_axes, classes_are_last
from kerascnn._describe import receptive_fields
from kerascnn._graph import Graph, Tensor
from kerascnn._heads import warn_if_not_logits

BOX = 5  # x, y, w, h and a confidence

# The model whose outputs a target scores now, and their values
_outputs: ContextVar[tuple[Graph, Sequence[Tensor]] | None] = ContextVar("outputs", default=None)


@dataclass(frozen=True, eq=False)
class Region:
    """The summed scores of a class over the pixels of a mask, as a target; see `region`."""

    mask: np.ndarray
    klass: int
    corner: Callable[..., tuple | None] | None = None  # where the maps begin in the images

    @property
    def written(self) -> str:
        """How the target is made, for advice."""
        return f"kerascnn.visualize.region(mask, {self.klass})"

    def __call__(self, outputs: Tensor) -> Tensor:
        """Compute the scores (N,) of logits (N, h, w, K)."""
        shape = tuple(outputs.shape) if hasattr(outputs, "shape") else ()
        if len(shape) != 4:
            raise _without_maps(self, outputs, "maps (N, h, w, classes)")
        _check_output(self, outputs)
        mask = self._fitted(shape)
        return ops.sum(self._scores(outputs) * ops.cast(mask, outputs.dtype), axis=(1, 2))

    def _scores(self, outputs: Tensor) -> Tensor:
        classes = outputs.shape[-1]
        if self.klass >= max(classes, 2):
            raise ValueError(
                f"klass must be from 0 to {max(classes, 2) - 1}, the classes of the maps; "
                f"received {self.klass}."
            )
        if classes == 1:  # a single sigmoid unit
            return outputs[..., 0] if self.klass else -outputs[..., 0]
        return outputs[..., self.klass]

    def _fitted(self, shape: tuple) -> np.ndarray:
        """Crop the mask to the pixels that the maps have."""
        mask = self.mask[None] if self.mask.ndim == 2 else self.mask
        size, corner = shape[1:3], (0, 0)
        if mask.shape[1:] != size:
            corner = self.corner(mask.shape[1:], size) if self.corner else None
        if len(mask) not in (1, shape[0]) or corner is None:
            how = ""
            if corner is None and not self.corner:  # as in a callable
                how = " Where the border is not looked up, crop the mask to the maps."
            raise ValueError(
                f"mask must have the size of the maps, {size[0]}x{size[1]}, or of the images if "
                "the maps lack a known border of them, and be one or one for each of the "
                f"{shape[0]} images; received {self.mask.shape}.{how}"
            )
        (top, left), (height, width) = corner, size
        mask = mask[:, top : top + height, left : left + width]
        if not mask.any(axis=(1, 2)).all():
            raise ValueError("mask must contain at least one pixel of the maps; received none.")
        return mask


@dataclass(frozen=True, eq=False)
class Pixel(Region):
    """The score of a class at a pixel, as a target; see `pixel`."""

    y: int = 0
    x: int = 0

    @property
    def written(self) -> str:
        """How the target is made, for advice."""
        return f"kerascnn.visualize.pixel({self.y}, {self.x}, {self.klass})"

    def _fitted(self, shape: tuple) -> np.ndarray:
        if self.y >= shape[1] or self.x >= shape[2]:
            raise ValueError(
                f"y and x must be from 0 to {shape[1] - 1} and {shape[2] - 1}, the pixels of the "
                f"maps; received {self.y} and {self.x}."
            )
        mask = np.zeros((1, *shape[1:3]), bool)
        mask[0, self.y, self.x] = True
        return mask


@dataclass(frozen=True, eq=False)
class Box:
    """The score of a class of the detected box at a place, as a target; see `box`."""

    place: tuple[float, float, float, float]
    klass: int | None
    boxes: int

    @property
    def written(self) -> str:
        """How the target is made, for advice."""
        return f"kerascnn.visualize.box({self.place}, {self.klass}, boxes={self.boxes})"

    def __call__(self, outputs: Tensor) -> Tensor:
        """Compute the scores (N,) of a grid (N, h, w, 5 · boxes + K)."""
        shape: tuple[int, ...] = tuple(outputs.shape) if hasattr(outputs, "shape") else ()
        classes = shape[-1] - BOX * self.boxes if len(shape) == 4 else 0
        if classes < 1:
            wanted = f"grid (N, h, w, 5 · {self.boxes} + classes)"
            raise _without_maps(self, outputs, wanted, ": change boxes=")
        _check_output(self, outputs)
        if self.klass is not None and self.klass >= classes:
            raise ValueError(
                f"klass must be from 0 to {classes - 1}, the classes of the grid, or None; "
                f"received {self.klass}."
            )
        height, width = map(int, shape[1:3])
        each = ops.reshape(outputs[..., : BOX * self.boxes], (-1, height, width, self.boxes, BOX))
        scores = each[..., 4]
        if self.klass is not None:  # Redmon 2016, Equation 1
            scores = scores * outputs[..., BOX * self.boxes + self.klass, None]
        overlaps = ops.reshape(self._overlaps(each), (-1, height * width * self.boxes))
        best = ops.argmax(overlaps, axis=1)
        return ops.take_along_axis(
            ops.reshape(scores, (-1, height * width * self.boxes)), best[:, None], axis=1
        )[:, 0]

    def _overlaps(self, each: Tensor) -> Tensor:
        """Compute the intersection over union of all boxes of the grid with the place."""
        height, width = each.shape[1:3]
        cell = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)[:, :, None]
        cells = ops.cast(np.array([width, height]), each.dtype)
        centre = (each[..., :2] + ops.cast(cell, each.dtype)) / cells
        size = ops.maximum(each[..., 2:4], 0)
        place = np.array(self.place, "float32")
        low, high = place[:2] - place[2:] / 2, place[:2] + place[2:] / 2
        sides = ops.minimum(centre + size / 2, high) - ops.maximum(centre - size / 2, low)
        both = ops.prod(ops.maximum(sides, 0), axis=-1)
        return both / (ops.prod(size, axis=-1) + float(place[2:].prod()) - both)


def _without_maps(
    target: Region | Box, outputs: Any, wanted: str, otherwise: str = ""
) -> ValueError:
    """Create the error for what is not one output with maps; it says which of several has a place.

    Args:
        target: the place.
        outputs: what it was called with.
        wanted: what the place needs.
        otherwise: what else to change.
    """
    name = type(target).__name__.lower()
    if hasattr(outputs, "shape"):
        received = str(tuple(outputs.shape))
    else:
        refused, shapes = None, []
        for path, output in keras.tree.flatten_with_path(outputs):
            shapes.append(tuple(getattr(output, "shape", ())))
            if len(shapes[-1]) != 4:
                continue
            try:
                target(output)
            except ValueError as error:
                refused = refused or error
            else:
                return ValueError(
                    "target must be a callable that chooses one of the outputs of the model; "
                    f"received a {name}. Use lambda y: {target.written}(y{_indices(path)})."
                )
        if refused:
            return refused
        received = " and ".join(map(str, shapes))
    return ValueError(
        f"target must be a class or a callable for a model that returns no {wanted}; received a "
        f"{name} for {received}{otherwise}."
    )


def placed(target: Any, model: keras.Model, graph: Graph, images: Sequence[np.ndarray]) -> Any:
    """Tell regions, alone or in a list of targets, where the maps begin in the images.

    Args:
        target: any target; the i-th of a list belongs to the i-th output.
        model: any functional or sequential model.
        graph: the model's graph.
        images: one array (N, …) per input.
    """
    if isinstance(target, list | tuple):
        return type(target)(_placed(t, i, model, graph, images) for i, t in enumerate(target))
    alone = isinstance(graph.structure, int)
    return _placed(target, 0, model, graph, images) if alone else target


def _placed(
    target: Any, place: int, model: keras.Model, graph: Graph, images: Sequence[np.ndarray]
) -> Any:
    if not isinstance(target, Region) or place >= len(graph.outputs):
        return target
    name = graph.maker(graph.outputs[place]).name
    sizes = tuple(x.shape[1:] for x in images)
    return replace(target, corner=cache(partial(_corner, model, name, sizes)))


@contextmanager
def outputs_of(graph: Graph, outputs: Sequence[Tensor]) -> Iterator[None]:
    """Tell places which outputs of a model they are called with, also inside a callable.

    Args:
        graph: the model's graph.
        outputs: the values of its outputs.
    """
    token = _outputs.set((graph, outputs))
    try:
        yield
    finally:
        _outputs.reset(token)


def _check_output(target: Region | Box, maps: Tensor) -> None:
    """Check maps (N, h, w, K) that are an output of a model.

    Regions of what may be probabilities get a warning; the confidence of a box is one in any case.

    Raises:
        ValueError: If the classes are known to be on another axis than the last.
    """
    graph, outputs = _outputs.get() or (None, ())
    place = next((i for i, output in enumerate(outputs) if output is maps), None)
    if graph is None or place is None:  # it is not known what is scored
        return
    output = graph.outputs[place]
    with tf.init_scope():  # values are followed, also while a computation is compiled
        last, axes = classes_are_last(graph, output), class_axes(graph, output)
    if not last:
        shape = graph.shapes[output]
        axes = axes or [axis for axis in (1, 2) if shape[axis] == 1]
        path, _ = keras.tree.flatten_with_path(graph.structure)[place]
        how = f"keras.ops.mean(y{_indices(path)}, axis=(1, 2, 3))"
        if len(axes) == 1:
            how = f"{target.written}(keras.ops.moveaxis(y{_indices(path)}, {axes[0]}, -1))"
        raise ValueError(
            f"target must be a callable for a model whose output {shape} does not have the classes "
            f"on its last axis, where a {type(target).__name__.lower()} expects them. Use, for "
            f"example, lambda y: {how}."
        )
    if isinstance(target, Region):
        warn_if_not_logits(graph, output)


def _indices(path: tuple) -> str:
    """Write out where an output lies in what the model returns, such as "[0]['name']"."""
    return "".join(f"[{key!r}]" for key in path)


def _corner(
    model: keras.Model, name: str, images: Sequence[tuple], masks: tuple, maps: tuple
) -> tuple[int, int] | None:
    """Find the pixel of the images at which maps without their border begin.

    Args:
        model: any functional or sequential model.
        name: name of the layer that returns the maps.
        images: shapes of the inputs, without the batch axis.
        masks: height and width of the masks.
        maps: height and width of the maps.

    Returns:
        Row and column, or `None` if it is unknown, or the maps have another resolution.
    """
    like = [i for i, shape in enumerate(images) if len(shape) == 3 and shape[:2] == masks]
    for i in like:
        fields = receptive_fields(model, images, only=i)[name]
        if isinstance(fields, tuple) and len(fields) == 2 and all(f.stride == 1 for f in fields):
            top, left = map(_start, (f.center for f in fields), masks, maps)
            return None if top is None or left is None else (top, left)
    return None


def _start(center: Fraction, mask: int, maps: int) -> int | None:
    """Return where in a mask maps begin along an axis, by the center of what the first unit sees.

    It is `None` if that is not sure.
    """
    border = mask - maps
    if center.denominator == 1:
        return int(center) if 0 <= center <= border else None
    # Upsampling to even and odd positions moves the mean of the centers by less than a pixel.
    return None if border % 2 or abs(center - border // 2) >= 1 else border // 2


def region(mask: npt.ArrayLike, klass: int) -> Region:
    """Return the scores of a class summed over a region, as the target of an explanation.

    This is the target of Seg-Grad-CAM (Vinogradova 2020, arXiv:2002.11434, Eq. 2). Gradients of a
    region are the sums of those of its pixels.

    Args:
        mask: Booleans, or 0 and 1, `(h, w)` of the size of the model's maps, or `(N, h, w)` for a
            region for each image. For a model whose maps have the images' resolution but lack a
            border, as with padding "valid", a mask of the images' size is cropped.
        klass: Class index. For a single sigmoid unit 0 or 1.

    Raises:
        ValueError: If the mask is empty, or is not a mask.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_unet(padding="same", width=0.0625, input_shape=(32, 32, 1))
    >>> target = kc.visualize.region(np.eye(32), klass=1)
    >>> kc.visualize.grad_cam(model, np.ones((1, 32, 32, 1)), target, layer="bridge_conv2").shape
    (1, 2, 2)
    """
    mask = np.asarray(mask)
    if mask.ndim not in (2, 3) or mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"mask must be booleans, or 0 and 1, (h, w) or (N, h, w); received {mask.dtype} "
            f"{mask.shape}: compare class indices with a class, such as labels == 1."
        )
    if not mask.any():
        raise ValueError("mask must contain at least one pixel; received an empty mask.")
    return Region(mask.astype(bool), check_count("klass", klass, 0))


def pixel(y: int, x: int, klass: int) -> Pixel:
    """Return the score of a class at a pixel, as the target of an explanation; see `region`.

    Args:
        y, x: Row and column of the pixel in the model's maps.
        klass: Class index. For a single sigmoid unit 0 or 1.

    Raises:
        ValueError: If a number is negative.

    >>> pixel(3, 5, klass=1).y
    3
    """
    y, x, klass = (check_count(n, v, 0) for n, v in (("y", y), ("x", x), ("klass", klass)))
    return Pixel(np.ones((1, 1), bool), klass, y=y, x=x)


def box(place: npt.ArrayLike, klass: int | None = None, *, boxes: int = 2) -> Box:
    """Return the score of a detected box, as the target of an explanation.

    It is the box that overlaps the given place most, of all that the model predicts.

    Args:
        place: Center x, center y, width and height, as fractions of the image; such as the last
            four numbers of a row of `kerascnn.predict_boxes`.
        klass: Class index: the score is the confidence times the score of the class (Redmon 2016,
            Equation 1). If `None`, the confidence.
        boxes: Number of boxes for each cell of the model's grid.

    Raises:
        ValueError: If the place is not a box, or a number is out of range.

    >>> box((0.5, 0.5, 0.2, 0.1), klass=3).klass
    3
    """
    numbers = np.asarray(place, "float64").ravel().tolist()
    if len(numbers) != 4 or not all(map(is_number, numbers)) or min(numbers[2:]) <= 0:
        raise ValueError(
            "place must be center x, center y, width and height, as fractions of the image, with "
            f"an area; received {place!r:.80}."
        )
    klass = None if klass is None else check_count("klass", klass, 0)
    x, y, width, height = numbers
    return Box((x, y, width, height), klass, check_count("boxes", boxes))
