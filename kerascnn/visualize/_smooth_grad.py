"""SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825), VarGrad (Adebayo et al. 2018, 1810.03292)."""

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count, is_number
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.answers import with_predicted_classes
from ._engine.axes import check_channels_last
from ._engine.batches import in_sums
from ._engine.images import Images, OneOrAll, is_kept, one_or_all
from ._engine.question import ask
from ._engine.scores import gradients_at_points, kept
from ._engine.tape import normal
from ._engine.targets import Target
from ._saliency import check_reduce, over_channels


def smooth_grad(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    samples: int = 50,
    noise: float = 0.15,
    variance: bool = False,
    absolute: bool = False,
    reduce: str | None = "max",
    seed: int = 0,
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Average the gradients of a class's score over noisy copies of each image.

    Works with any functional or sequential Keras model, including nested models. The score of a
    class is its logit. All images get the same noise, so results do not depend on the batch.

    Limitations: the result depends on the noise level, and small evidence is averaged out with the
    noise.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the class predicted for the image without noise.
        samples: number of noisy copies per image; each takes a forward and a backward pass.
        noise: standard deviation σ of the noise, as a fraction of the image's range, max − min;
            0.1 to 0.2 in the paper.
        variance: whether to compute the variance of the gradients instead of their mean (VarGrad).
        absolute: whether to average absolute gradients, as tf-keras-vis does; the paper averages
            signed gradients.
        reduce: as for `saliency`, applied to the average; `None`: the average of each channel.
        seed: seed of the noise, a whole number of at least 0.
        batch_size: number of noisy images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32, non-negative, not normalized; (N, H, W, C) if `reduce` is `None`. For
        several inputs, a list of arrays, or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If images, target or options do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.smooth_grad(model, np.eye(28)[None, :, :, None], samples=4).shape
    (1, 28, 28)
    """
    check_count("samples", samples, least=2 if variance else 1)
    check_count("seed", seed, least=0)
    check_reduce(reduce)
    if not is_number(noise) or noise < 0:
        raise ValueError(
            f"noise must be a fraction of the images' range, such as 0.15; received {noise!r}."
        )
    question = ask(model, images, target)
    graph, score = question.graph, question.score
    if reduce is not None:
        check_channels_last(graph)
    question = with_predicted_classes(question, batch_size)

    def sums(graph: Graph, *tensors: Tensor) -> list:
        *inputs, classes, keys, levels = tensors
        noisy = [
            kept(x, levels) if is_kept(x) else _noisy(x, ops.add(keys, [[0, i]]), levels)
            for i, x in enumerate(inputs)
        ]
        grads = gradients_at_points(graph, noisy, classes, score)  # (N, samples, H, W, C)
        grads = [ops.cast(ops.abs(g) if absolute else g, "float64") for g in grads]
        return [ops.sum(g, axis=1) for g in grads] + [ops.sum(g * g, axis=1) for g in grads]

    inputs = len(question.images)
    numbers = np.arange(samples) * inputs  # each input has its own noise
    keys = np.stack([np.full(samples, seed), numbers], axis=1)
    levels = np.full(samples, noise, "float32")
    every = [*question.arrays, keys, levels]
    step = question.step(("smooth_grad", bool(absolute)), sums, every)
    at_once = question.at_once(batch_size)
    with progress("SmoothGrad", samples * len(question), verbose) as advance:
        totals = in_sums(step, question.arrays, [keys, levels], at_once, advance)
    averages = [total / samples for total in totals]
    means, squares = averages[:inputs], averages[inputs:]
    if variance:  # VarGrad: the mean of the squares minus the square of the mean
        means = [np.maximum(q - m**2, 0) for q, m in zip(squares, means, strict=True)]
    means = [m.astype("float32") for m in means]
    return one_or_all(model, [over_channels(graph, i, m, reduce) for i, m in enumerate(means)])


def _noisy(x: Tensor, keys: Tensor, levels: Tensor) -> Tensor:
    """Copy images with noise, x + N(0, σ²): (N, H, W, C) -> (N, samples, H, W, C)."""
    axes = tuple(range(1, len(x.shape)))
    extent = ops.max(x, axis=axes, keepdims=True) - ops.min(x, axis=axes, keepdims=True)
    levels = ops.reshape(levels, (-1, *(1 for _ in axes)))
    epsilon = ops.cast(levels * normal(keys, ops.shape(x)[1:]), x.dtype)
    return ops.expand_dims(x, 1) + ops.expand_dims(extent, 1) * epsilon
