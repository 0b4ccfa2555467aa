"""DeepDream (Mordvintsev, Olah, Tyka 2015; google/deepdream, dream.ipynb)."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import keras
import numpy as np
from keras import KerasTensor, ops

from kerascnn._checks import check_callables, check_count, check_number
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.ascent import NormalizedGradient, ascend
from ._engine.axes import graph_of
from ._engine.layers import LayerLike
from ._engine.picture_arguments import check_pictures
from ._engine.trunk import (
    batches,
    check_size,
    features_of,
    gradient_of,
    in_batches_of,
    input_shape,
    trunk_of,
    weigh_layers,
)

LEVELS = 255  # in the notebook, pixel values range from 0 to 255
LARGEST_MATCH = 2**28  # pairs of a position in the image and one in the guide


def deep_dream(
    model: keras.Model,
    images: np.ndarray,
    layers: LayerLike | Sequence[LayerLike] | Mapping[str, float],
    *,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    step_size: float = 1.5,
    jitter: int = 32,
    tile: int | None = None,
    guide: np.ndarray | None = None,
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    callback: Callable | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Amplify the patterns that a network detects in images, from coarse to fine.

    The image is downscaled and changed by gradient ascent so that the layers respond more. The
    result is then upscaled to the next size, or octave, and changed again, up to full size.

    Args:
        model: any functional or sequential `keras.Model` with one image input.
        images: (N, H, W, C) float in [0, 1], of any size; RGB, or the channels that the model
            takes.
        layers: layers to excite: one, several, or a dict from names to weights. Early layers
            produce strokes and textures, late layers parts of objects and animals.
        octaves: number of image sizes.
        octave_scale: ratio of successive image sizes.
        steps: number of gradient steps per size.
        step_size: mean change of a pixel's value per step, on a scale of 0 … 255.
        jitter: maximum random shift of the image before each step, in pixels.
        tile: maximum side of the tiles, in pixels, in which the gradient is computed to save
            memory, such as 512 for large images. The image is then shifted by up to half a tile
            to hide the seams. `None`: no tiles.
        guide: a second image, (1, H, W, C) in [0, 1]; each position of the image becomes more
            similar to the position of the guide that matches it best.
        preprocessing: function from RGB in [0, 1] to the model's input, such as
            `kerascnn.weights.preprocessing(...)` or a keras.applications `preprocess_input`; or
            the model's input range, "0-1" or "0-255". `None`: [0, 1], or 0 … 255 if the model
            begins with a layer that rescales this range.
        seed: seed of the jitter, which all images share.
        callback: called as `callback(step, images, scores)` after each step, with NumPy arrays;
            the images have the size of the octave, and the scores are those before the step.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1].

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.deep_dream(model, np.zeros((1, 40, 30, 1)), "c1", octaves=2, steps=2).shape
    (1, 40, 30, 1)
    """
    graph = graph_of(model)
    weights = weigh_layers("layers", layers, graph)
    trunk = trunk_of(model, graph, list(weights), preprocessing)
    channels = input_shape(model, trunk)[-1]
    images = check_pictures("images", images, channels)
    guide = None if guide is None else check_pictures("guide", guide, images.shape[-1])
    check_count("steps", steps, least=0)
    check_callables("callback", callback)
    check_count("jitter", jitter, least=0)
    check_count("seed", seed, least=0)
    check_number("step_size", step_size)
    sizes = octave_sizes(images.shape[1:3], octaves, octave_scale)
    tile = max(sizes[-1]) if tile is None else check_count("tile", tile)
    name = "images, in the smallest octave or tile,"
    check_size(model, graph, trunk, np.min([smallest_tile(s, tile) for s in sizes], axis=0), name)
    shapes = check_size(model, graph, trunk, [min(n, tile) for n in sizes[-1]], name)

    by, examples = batches(shapes), []
    if guide is not None:
        check_size(model, graph, trunk, guide.shape[1:3], "guide")
        examples = [_places(m) for m in features_of(model, graph, trunk, guide, by)]
        _check_match(trunk.layers, shapes, examples)

    def objective(graph: Graph, images: Tensor, *examples: Tensor) -> Tensor:
        maps = trunk(graph, images)
        scores = map(match, maps, examples) if examples else map(energy, maps)
        return sum(w * score for w, score in zip(weights.values(), scores, strict=True))

    free = KerasTensor((None, None, None, images.shape[-1]), "float32")
    key = ("deep_dream", trunk, tuple(weights.values()))
    batch = 1 if by.alone else None
    step_of = gradient_of(model, graph, key, objective, [free, *examples], batch=batch)
    examples = [ops.convert_to_tensor(e) for e in examples]

    def gradient(images: Tensor, shift: np.ndarray) -> tuple[Tensor, Tensor]:
        """Compute the gradient at the shifted images, tile by tile, and shift it back."""
        rolled = ops.roll(images, tuple(shift), (1, 2))
        total, rows = 0, []
        for top, bottom in pairwise(edges(images.shape[1], tile)):
            row = []
            for left, right in pairwise(edges(images.shape[2], tile)):
                part = rolled[:, top:bottom, left:right]
                values, slope = in_batches_of(by, lambda x: step_of(x, *examples), [part])
                share = (bottom - top) * (right - left)  # scores are means over the tile
                total, row = total + share * values, [*row, share * slope]
            rows.append(ops.concatenate(row, axis=2))
        return total, ops.roll(ops.concatenate(rows, axis=1), tuple(-shift), (1, 2))

    rng = np.random.default_rng(seed)
    reach = jitter if len(edges(max(sizes[-1]), tile)) == 2 else max(jitter, tile // 2)
    rule, images = NormalizedGradient(step_size / LEVELS), ops.convert_to_tensor(images)
    detail = ops.zeros_like(images[:, :1, :1])
    with progress("deep_dream", octaves * steps, verbose) as advance:
        for octave, size in enumerate(sizes):
            # DEVIATION: downscaling averages pixels, so that fine patterns do not alias.
            base = resize(images, size)
            start = ops.clip(base + resize(detail, size), 0, 1)
            shifts = rng.integers(-reach, reach, (steps + 1, 2), endpoint=True)

            def watch(step: int, dream: Tensor, values: Tensor, octave: int = octave) -> None:
                advance()
                if callback is not None:
                    scores = ops.convert_to_numpy(values) / float(np.prod(dream.shape[1:3]))
                    callback(octave * steps + step, ops.convert_to_numpy(dream), scores)

            dream = ascend(
                lambda images, step, shifts=shifts: gradient(images, shifts[step]),
                start,
                rule,
                steps,
                project=lambda dream, step, slope: ops.clip(dream, 0, 1),
                watch=watch,
            )
            detail = dream - base
    return ops.convert_to_numpy(dream)


def energy(maps: Tensor) -> Tensor:
    """Compute ½‖a‖², whose gradient is the activation itself, as a mean over the maps, (N,).

    DEVIATION: the notebook takes the sum. For one layer this is equivalent, since steps are
    normalized; with several layers, the largest would dominate.
    """
    return ops.mean(maps**2, axis=(1, 2, 3)) / 2


def match(maps: Tensor, examples: Tensor) -> Tensor:
    """Compute the dot product of each position with its best match in the guide; the mean, (N,).

    Args:
        maps: (N, h, w, K).
        examples: (positions, K), the activations of the guide.
    """
    products = ops.einsum("nhwk,pk->nhwp", maps, examples)
    return ops.mean(ops.max(products, axis=-1), axis=(1, 2)) / maps.shape[-1]


def octave_sizes(size: tuple[int, int], octaves: int, octave_scale: float) -> list[tuple[int, int]]:
    """Return height and width for each octave, smallest first.

    Raises:
        ValueError: If there is no octave, or if `octave_scale` is not above 1.

    >>> octave_sizes((300, 400), 3, 1.4)
    [(153, 204), (214, 286), (300, 400)]
    """
    check_count("octaves", octaves)
    if check_number("octave_scale", octave_scale) <= 1:
        raise ValueError(f"octave_scale must be above 1; received {octave_scale!r}.")
    height, width = size
    factors = [octave_scale**i for i in reversed(range(octaves))]
    return [(max(1, round(height / f)), max(1, round(width / f))) for f in factors]


def edges(length: int, tile: int) -> list[int]:
    """Return the edges that divide a length into equal parts no longer than a tile.

    >>> edges(100, 40)
    [0, 33, 66, 100]
    """
    parts = -(-length // tile)
    return [length * i // parts for i in range(parts + 1)]


def smallest_tile(size: tuple[int, int], tile: int) -> list[int]:
    """Return height and width of the smallest tile."""
    return [int(np.diff(edges(n, tile)).min()) for n in size]


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize images bilinearly, with antialiasing."""
    return ops.image.resize(images, size, "bilinear", antialias=True, data_format="channels_last")


def _places(maps: np.ndarray) -> np.ndarray:
    """Flatten positions, (N, h, w, K) -> (positions, K)."""
    return maps.reshape(-1, maps.shape[-1])


def _check_match(
    layers: Sequence[str], shapes: dict[str, tuple], examples: list[np.ndarray]
) -> None:
    """Check that the positions to compare fit in memory.

    Raises:
        ValueError: If there are too many.
    """
    for layer, places in zip(layers, examples, strict=True):
        height, width = shapes[layer][1:3]
        if height * width * len(places) > LARGEST_MATCH:
            raise ValueError(
                f"guide must be smaller, or the layer deeper: at {layer!r}, each of "
                f"{height}x{width} positions is compared with {len(places)} of the guide."
            )
