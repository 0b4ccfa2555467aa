"""The overlap-tile strategy (Ronneberger 2015, arXiv:1505.04597, Section 2, Figure 2)."""

from collections.abc import Iterator, Sequence
from itertools import product

import keras
import numpy as np
import numpy.typing as npt

from kerascnn._checks import check_count, check_is_array
from kerascnn._describe.whole_maps import layers_of_all_positions, layers_of_unknown_fields
from kerascnn._errors import warn
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._memory import keep_buffers
from kerascnn._progress import progress
from kerascnn._rescaling import warn_of_levels

from ._axis import Axis, axis_plan
from ._geometry import geometry_of


def predict_tiles(
    model: keras.Model,
    image: npt.ArrayLike,
    *,
    tile: int | Sequence[int] | None = None,
    margin: int | Sequence[int] | None = None,
    overlap: int | Sequence[int] = 0,
    batch_size: int = 1,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Predict a map for an image of any size, tile by tile, without seams.

    Each tile sees a margin of the image around the part that it predicts; beyond the border of the
    image, the margin is a mirror image of it. The tiles are placed so that the network's pooling
    windows fall on the same pixels as in the whole image. Away from the border, the result is
    therefore that of the whole image. Only one batch of tiles is computed at a time.

    A network with "valid" padding, whose output is smaller, has a margin of its own. The margin of
    a network with "same" padding is half its receptive field, but at most a quarter of the tile.
    If it is smaller than half the receptive field, results of neighboring tiles differ slightly;
    `overlap` blends them.

    A layer that computes with all positions at once, such as global pooling or group normalization,
    has other results in each tile than in the whole image. A warning names it, or a layer whose
    receptive field is unknown, such as a deformable convolution.

    An image that fits into one tile of a "same" network is predicted at once: it is padded to a
    size that the network takes, with its mirror image, and the result is cropped.

    Args:
        model: A Keras model with one input, from images `(N, H, W, C)` to maps `(N, h, w, K)` of
            the same height and width, or smaller by an even number of pixels, such as
            `build_unet()`. If it returns a list of outputs, the first is used.
        image: `(H, W, C)`, or `(H, W)` for one channel, in the range that the model was trained on.
            An array on disk, such as a `numpy.memmap`, is read tile by tile.
        tile: Height and width of what the network sees at once, in pixels; one number for both. If
            `None`, the model's own input size, or 512 or the next size that it takes.
        margin: Pixels on each side of a tile whose results are left out, for a network with "same"
            padding. They are rounded up to where the poolings allow. If `None`, see above.
        overlap: Minimum number of pixels over which neighboring results are blended; their weights
            rise and fall linearly.
        batch_size: Tiles per step.
        verbose: Whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `(H, W, K)` float32, the output of the model for each pixel.

    Raises:
        TypeError: If the model is not a Keras model.
        ValueError: If the image or a size does not fit the model or the image contains NaN, or the
            model does not return such a map. Or if the model is subclassed, so that its pooling
            windows are not known; the message says how to get a graph of its layers.

    >>> import kerascnn as kc
    >>> model = kc.build_unet(padding="same", width=0.0625, input_shape=(None, None, 1))
    >>> predict_tiles(model, np.zeros((100, 150)), tile=96, margin=16).shape
    (100, 150, 2)
    """
    geometry = geometry_of(model)
    image = _check_image(image, geometry.channels)
    check_count("batch_size", batch_size)
    plans = axis_plan(geometry, image.shape[:2], tile, margin, overlap)
    keep_buffers()
    avoid_wrong_fusions(model)
    result: np.ndarray | None = None
    tiles = list(product(plans[0].starts, plans[1].starts))
    if len(tiles) > 1:
        _warn_of_statistics(model, plans)
    with progress("Tiles", len(tiles), verbose) as advance:
        for first in range(0, len(tiles), batch_size):
            places = tiles[first : first + batch_size]
            batch = np.stack([_cut(image, plans, place) for place in places])
            if not first:
                warn_of_levels(model, batch, "pixels")
            outputs = model.predict_on_batch(batch)
            outputs = np.asarray(outputs[0] if isinstance(outputs, list | tuple) else outputs)
            if result is None:
                result = np.zeros((*image.shape[:2], outputs.shape[-1]), np.float32)
            for place, output in zip(places, outputs, strict=True):
                _add(result, output, plans, place)
            advance(len(places))
    assert result is not None  # there is at least one tile
    for axis, plan in enumerate(plans):
        result /= plan.total.reshape((-1, 1, 1) if axis == 0 else (-1, 1))
    return result


def _warn_of_statistics(model: keras.Model, plans: Sequence[Axis]) -> None:
    """Warn of a layer whose results in a tile depend on the rest of the tile, however far away."""
    size = plans[0].tile, plans[1].tile
    if names := layers_of_all_positions(model, size):
        warn(
            f"the layer {names[0]!r} computes with all positions of a tile at once, so each tile "
            f"of {size[0]}x{size[1]} pixels differs from the whole image: pass a tile as large as "
            f"the image, or a network without such a layer."
        )
    elif names := layers_of_unknown_fields(model, size):
        warn(
            f"the receptive field of the layer {names[0]!r} is unknown, so a tile of "
            f"{size[0]}x{size[1]} pixels may be too small for it: compare the result with that of "
            f"a larger tile, or pass a tile as large as the image."
        )


def _check_image(image, channels):
    """Return an image as something that can be cut, with three axes."""
    check_is_array("image", image)
    if not hasattr(image, "shape") or keras.ops.is_tensor(image):
        image = np.asarray(image)
    shape = tuple(image.shape)
    if len(shape) == 2 and channels == 1:
        image = image[..., None]
    if len(image.shape) != 3 or image.shape[-1] != channels or not all(shape):
        words = " or (H, W)" if channels == 1 else ""
        raise ValueError(
            f"image must be one image (H, W, {channels}){words}, as the model takes; received "
            f"{shape}."
        )
    if np.dtype(image.dtype).kind not in "biuf":
        raise ValueError(f"image must consist of numbers; received {image.dtype}.")
    return image


def _cut(image, plans: Sequence[Axis], place: tuple[int, int]) -> np.ndarray:
    """Return the pixels that the network sees at a place, mirrored beyond the border."""
    (rows, columns) = (
        plan.mirrored_pixels(start) for plan, start in zip(plans, place, strict=True)
    )
    top, left = rows.min(), columns.min()
    block = np.asarray(image[top : rows.max() + 1, left : columns.max() + 1], np.float32)
    if not np.isfinite(block).all():  # a ReLU would turn NaN into 0
        raise ValueError("image must be finite; received NaN or infinity.")
    return block[np.ix_(rows - top, columns - left)]


def _add(result: np.ndarray, output: np.ndarray, plans: Sequence[Axis], place) -> None:
    """Add the used part of an output to the result, with its weights."""
    windows: Iterator = zip(plans, place, strict=True)
    (to_y, from_y, y), (to_x, from_x, x) = (plan.window(start) for plan, start in windows)
    result[to_y, to_x] += output[from_y, from_x] * y[:, None, None] * x[:, None]
