"""Feature inversion (Mahendran & Vedaldi 2015, arXiv:1412.0035)."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_callables, check_choice, check_count, check_number
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.ascent import TINY, Adam, ascend
from ._engine.axes import graph_of
from ._engine.image_parameters import Pixels
from ._engine.layers import LayerLike, select_layer
from ._engine.picture_arguments import check_pictures
from ._engine.regularizers import VARIATIONS, Penalties
from ._engine.trunk import (
    batches,
    check_size,
    features_of,
    gradient_of,
    in_batches_of,
    input_shape,
    trunk_of,
)


def invert_features(
    model: keras.Model,
    images: np.ndarray,
    layer: LayerLike = None,
    *,
    steps: int = 200,
    learning_rate: float = 0.05,
    total_variation: float = 1.0,
    variation: str = "squared",
    preprocessing: Callable | str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    callback: Callable | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Generate images, from noise, that a layer cannot distinguish from the given ones.

    They show which information the layer preserves: at early layers the image itself, at late
    layers its content, but no longer positions and colors.

    Args:
        model: any functional or sequential `keras.Model` with one image input.
        images: (N, H, W, C) float in [0, 1]; RGB, or the channels that the model takes.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        steps: number of steps of Adam; each takes a forward and a backward pass.
        learning_rate: learning rate of Adam.
        total_variation: weight of the total variation, a mean over the pixels, relative to the
            reconstruction error, which is 1 for an image without any activations.
        variation: "squared" (the paper's, β = 2), "absolute" or "power".
        preprocessing: function from RGB in [0, 1] to the model's input, such as
            `kerascnn.weights.preprocessing(...)` or a keras.applications `preprocess_input`; or
            the model's input range, "0-1" or "0-255". `None`: [0, 1], or 0 … 255 if the model
            begins with a layer that rescales this range.
        seed: seed of the noise, which all images share.
        batch_size: number of images per batch; `None`: chosen for speed.
        callback: called as `callback(step, images, errors)` after each step, with NumPy arrays;
            the errors, (N,), are the relative reconstruction errors before the step.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32 in [0, 1].

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.invert_features(model, np.eye(28)[None, :, :, None], "c1", steps=2).shape
    (1, 28, 28, 1)
    """
    graph = graph_of(model)
    trunk = trunk_of(model, graph, [select_layer(graph, layer).name], preprocessing)
    images = check_pictures("images", images, input_shape(model, trunk)[-1])
    check_count("steps", steps, least=0)
    check_callables("callback", callback)
    check_count("seed", seed, least=0)
    check_choice("variation", variation, VARIATIONS)
    rule = Adam(check_number("learning_rate", learning_rate))
    penalties = Penalties(0.0, check_number("total_variation", total_variation), variation)
    shapes = check_size(model, graph, trunk, images.shape[1:3], "images")
    by = batches(shapes, batch_size)

    def objective(graph: Graph, pictures: Tensor, targets: Tensor) -> Tensor:
        (maps,) = trunk(graph, pictures)
        # Eq. 2: ‖Φ(x) − Φ₀‖² / ‖Φ₀‖², and R_V(x), section 3.2. DEVIATION: images are clipped to
        # [0, 1] instead of penalized by the norm R_α.
        return -ops.stack([distance(maps, targets), penalties(pictures)])

    (targets,) = features_of(model, graph, trunk, images, by)
    key = ("invert_features", trunk, penalties)
    batch = 1 if by.alone else None
    step_of = gradient_of(model, graph, key, objective, [images, targets], batch=batch)
    noise = np.random.default_rng(seed).standard_normal((1, *images.shape[1:]))
    kind = Pixels()
    start = kind.start(np.broadcast_to(noise, images.shape))

    with progress("invert_features", steps, verbose) as advance:

        def watch(step: int, pictures: Tensor, values: Tensor) -> None:
            advance()
            if callback is not None:
                errors = -ops.convert_to_numpy(values[0])
                callback(step, ops.convert_to_numpy(pictures), errors)

        pictures = ascend(
            lambda pictures, step: in_batches_of(by, step_of, [pictures, targets]),
            start,
            rule,
            steps,
            project=kind.project,
            watch=watch,
        )
    return ops.convert_to_numpy(pictures)


def distance(maps: Tensor, targets: Tensor) -> Tensor:
    """Compute ‖Φ − Φ₀‖² / ‖Φ₀‖² for each image, (N,)."""
    axes = tuple(range(1, len(maps.shape)))
    return ops.sum((maps - targets) ** 2, axis=axes) / (ops.sum(targets**2, axis=axes) + TINY)
