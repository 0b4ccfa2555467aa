"""MaCo: feature visualization with the magnitudes of natural images (Fel et al. 2023).

"Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization",
arXiv:2306.06805.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count, check_number
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.ascent import Adam, ascend
from ._engine.axes import graph_of
from ._engine.goals import Goal, Units
from ._engine.image_parameters import COLORS, Phase, frequency_scale
from ._engine.layers import LayerLike, select_layer
from ._engine.picture_arguments import check_pictures, check_shape
from ._engine.tape import pulled_back
from ._engine.targets import Target
from ._engine.transforms import Crops
from ._engine.trunk import batches, check_size, gradient_of, in_batches_of, input_shape, trunk_of
from ._fast.convolutions import run_fast
from ._maximize_activation import STILL, check_units, goal_of


class MaCo(NamedTuple):
    """Generated images, and where they matter.

    Attributes:
        images: (N, H, W, C) float32 in [0, 1].
        importance: (N, H, W) float32, how much each pixel mattered on the way: the sum over all
            steps of the absolute gradients. The authors use it as opacity.
    """

    images: np.ndarray
    importance: np.ndarray


def maco(
    model: keras.Model,
    target: Target | Goal | Sequence[Goal] = None,
    layer: LayerLike = None,
    *,
    units: int | Sequence[int] | np.ndarray | None = None,
    photos: np.ndarray | None = None,
    size: int | tuple[int, int] | None = None,
    steps: int = 256,
    learning_rate: float = 0.05,
    crops: int = 4,
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    verbose: bool | str = "auto",
) -> MaCo:
    """Generate images that maximize units or classes, with the spectrum of natural images.

    Only the phase of the spectrum is optimized, so that no frequency can become stronger than in
    natural images. That keeps images of deep networks free of high-frequency patterns without any
    penalty. In each step, the network sees random parts of the image.

    Limitations: as for `maximize_activation`. Strengths within the spectrum are given, not found:
    a unit that responds to an unusual frequency cannot show it.

    Args:
        model: any functional or sequential `keras.Model` with one image input.
        target: as for `maximize_activation`; `None`: all classes.
        layer: a layer or its name, instead of a target.
        units: channel index or indices of the layer; `None`: all.
        photos: (M, h, w, C) natural images, float in [0, 1], whose mean magnitudes are used, at
            least of the size of the images that are made; `None`: 1 / frequency, as natural images
            have on average.
        size: height and width in pixels, at least the model's input size; `None`: twice that, so
            that a part is seen about as it is, or 128x128 if it is variable.
        steps: number of steps of Adam.
        learning_rate: learning rate of Adam, in radians.
        crops: number of random parts in each step; each takes a forward and a backward pass.
        preprocessing: as for `maximize_activation`.
        seed: seed of phases, parts and noise.
        batch_size: number of parts per batch; `None`: chosen for speed.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `MaCo` with `images`, (N, H, W, C) float32 in [0, 1], and their `importance`, (N, H, W).

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other.

    >>> import kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> images, importance = kc.visualize.maco(model, layer="c3", units=[0, 5], steps=2)
    >>> images.shape, importance.shape
    ((2, 56, 56, 1), (2, 56, 56))
    """
    for name, count in (("steps", steps), ("crops", crops)):
        check_count(name, count)
    check_count("seed", seed, least=0)
    check_number("learning_rate", learning_rate)
    graph = graph_of(model)
    if layer is None and units is None:
        goal, numbers, own_seeds = goal_of(model, graph, target, 1, preprocessing)
        if goal.needs_all:
            raise TypeError(
                "target must be a class, several, or sums of units and classes, for maco; received "
                "a callable. Use maximize_activation."
            )
    elif target is None:
        node = select_layer(graph, layer)
        goal = Units(trunk_of(model, graph, [node.name], preprocessing), "all", 1, 0.0)
        numbers = own_seeds = check_units(units, node).astype("int32")
    else:
        raise ValueError("target must be None if layer or units are given; received both.")
    *own, channels = input_shape(model, goal.trunk)
    sides = check_shape("size", size, [n and 2 * n for n in own])
    seen_size = own[0] or sides[0], own[1] or sides[1]
    if any(n < m for n, m in zip(sides, seen_size, strict=True)):
        raise ValueError(
            f"size must be at least {seen_size[0]}x{seen_size[1]}, what the model takes; received "
            f"{sides[0]}x{sides[1]}."
        )
    by = batches(check_size(model, graph, goal.trunk, seen_size), batch_size)
    kind, parts = Phase(sides), Crops()
    magnitude = _magnitude(photos, sides, channels)
    # One generator per image, so that images do not depend on each other.
    rngs = [np.random.default_rng([seed, n]) for n in own_seeds]
    start = ops.convert_to_tensor(np.stack([kind.start(rng, channels) for rng in rngs]))

    def objective(graph: Graph, seen: Tensor, numbers: Tensor) -> Tensor:
        return goal(graph, seen, numbers, run_fast)[None]

    repeated = np.repeat(numbers, crops)
    shape = (len(repeated), *seen_size, channels)
    of_images = gradient_of(
        model, graph, ("maco", goal), objective,
        [keras.KerasTensor(shape, "float32"), repeated], batch=1 if by.alone else None,
    )  # fmt: skip
    importance = np.zeros((len(numbers), *sides), "float32")

    def gradient(phase: Tensor, step: int) -> tuple[Tensor, Tensor]:
        moves = np.concatenate([parts.draw(rng, crops, sides, seen_size) for rng in rngs])
        noise = np.concatenate([rng.standard_normal((crops, *shape[1:])) for rng in rngs])

        def seen(images: Tensor) -> Tensor:
            many = ops.repeat(images, crops, axis=0)
            cut = STILL(many, moves)[:, : seen_size[0], : seen_size[1]]
            return cut + parts.noise * ops.cast(noise, "float32")

        images = kind.pictures(phase, magnitude)
        values, slope = in_batches_of(by, of_images, (seen(images), repeated))
        (of_pixels,) = pulled_back(seen, [images], slope / crops)
        importance[...] += np.abs(ops.convert_to_numpy(of_pixels)).sum(axis=-1)
        (of_phase,) = pulled_back(lambda p: kind.pictures(p, magnitude), [phase], of_pixels)
        return values, of_phase

    with progress("MaCo", steps, verbose) as advance:
        phase = ascend(
            gradient, start, Adam(float(learning_rate)), steps, watch=lambda *_given: advance()
        )
    return MaCo(ops.convert_to_numpy(kind.pictures(phase, magnitude)), importance)


def _magnitude(photos: np.ndarray | None, sides: tuple[int, int], channels: int) -> np.ndarray:
    """Return the magnitude r of each frequency, (C or 1, H, W), of natural images.

    Raises:
        TypeError, ValueError: If the photos do not fit.
    """
    if photos is None:
        return frequency_scale(*sides)[None]
    photos = check_pictures("photos", photos, channels)
    if any(n < m for n, m in zip(photos.shape[1:3], sides, strict=True)):
        raise ValueError(
            f"photos must be at least {sides[0]}x{sides[1]}, the size of the images; received "
            f"{photos.shape[1]}x{photos.shape[2]}."
        )
    top, left = ((n - m) // 2 for n, m in zip(photos.shape[1:3], sides, strict=True))
    middle = photos[:, top : top + sides[0], left : left + sides[1]]
    if channels == 3:
        middle = middle @ np.linalg.inv(COLORS.T)  # as `in_colors` undoes
    spectra = np.abs(np.fft.fft2(np.moveaxis(middle, -1, 1)))
    return spectra.mean(axis=0).astype("float32")  # section 3.1: r = E|F(x)|
