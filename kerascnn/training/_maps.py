"""How the maps of a model lie on its images, and which labels belong to them."""

from collections.abc import Callable, Sequence
from functools import cache

import keras
import numpy as np

from kerascnn._graph import flatten, has_graph
from kerascnn._sizes import shapes_on_the_way

from ._channels import channels_of_images

GROWTH = 960  # pixels; a multiple of all usual strides


def is_dense(model: keras.Model, image_shape: Sequence[int], index: int = 0) -> bool:
    """Return whether neighbors in a map of a model are neighbors in the image, with stride 1.

    The map of an image that is larger by some pixels must be larger by as many. If what leads to
    the map only takes images of one size, this is not known, and the answer is no.

    Args:
        model: a model from images to maps (N, h, w, K).
        image_shape: (H, W, C).
        index: position of the output.
    """

    places = _places(model)

    def size(more: int) -> np.ndarray:
        larger = [n + more * (axis in places) for axis, n in enumerate(image_shape)]
        images = keras.KerasTensor((None, *larger))
        if has_graph(model):
            graph = flatten(model)
            key = graph.outputs[index]
            made = shapes_on_the_way(graph, [images], until=(key,))[key]
        else:
            made = keras.tree.flatten(model.compute_output_spec(images))[index]
        return np.array(made.shape[1:3])

    try:
        return bool((size(GROWTH) - size(0) == GROWTH).all())
    except Exception:  # whatever a layer raises for another size
        return False


def size_of(model: keras.Model, image_shape: Sequence[int]) -> tuple[int, ...] | None:
    """Return the height and width in the shape of an image; `None` if it is another array."""
    return tuple(image_shape[axis] for axis in _places(model)) if len(image_shape) == 3 else None


def _places(model: keras.Model) -> tuple[int, int]:
    """Return the axes of height and width of an image without the batch axis."""
    return (1, 2) if channels_of_images(model) else (0, 1)


def density(model: keras.Model, image_shape: Sequence[int], index: int = 0) -> Callable[[], bool]:
    """Return `is_dense` as a function without arguments, which is computed when it is needed."""
    return cache(lambda: is_dense(model, image_shape, index))


def check_middle(
    labels: np.ndarray,
    size: Sequence[int],
    *,
    image_size: Sequence[int] | None,
    dense: Callable[[], bool],
) -> None:
    """Check that the labels of a map (N, h, w, K) that is smaller belong to the middle of images.

    Args:
        labels: (N, H, W, …), at least as large as the map.
        size: (h, w) of the map.
        image_size: (H, W) of the images; `None` if it is not known.
        dense: whether the map has stride 1; asked only if the labels are larger.

    Raises:
        ValueError: If it is unknown which labels belong to the pixels of the map.
    """
    have, size = tuple(labels.shape[1:3]), tuple(size)
    if have == size:
        return
    sides = "x".join(map(str, size))
    if image_size is not None and have != tuple(image_size):
        images = "x".join(map(str, image_size))
        raise ValueError(
            f"labels must have the size of the images, {images}, or of the output, {sides}; "
            f"received {labels.shape}: read masks in the size of their images."
        )
    if dense():
        return
    steps = {-(-a // b) for a, b in zip(have, size, strict=True)}
    step = max(steps)
    regular = len(steps) == 1 and all(-(-a // step) == b for a, b in zip(have, size, strict=True))
    pick = f", such as labels[:, ::{step}, ::{step}]" * regular
    raise ValueError(
        f"labels must have the size of the output, {sides}, whose pixels do not each belong to one "
        f"pixel of the image; received {labels.shape}: pass labels of that size{pick}, or enlarge "
        f"the maps to the size of the image, as with keras.layers.Resizing{have}, before the last "
        f"layer."
    )
