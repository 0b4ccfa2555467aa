"""Scores of partially masked images, for the perturbation methods.

The masked copies are created in batches inside the compiled step, so they are never all in memory.
"""

from collections.abc import Callable, Sequence

import numpy as np
from keras import ops

from kerascnn._graph import Graph
from kerascnn.visualize._fast.convolutions import run_bfloat16, run_forward
from kerascnn.visualize._fast.merging import merging

from .batches import in_batches
from .images import beyond
from .question import Question
from .scores import scores_in, warn_of_logits

PRECISIONS = {
    None: lambda graph: merging(graph, run_forward),
    "mixed_bfloat16": lambda graph: run_bfloat16,
}
Fill = float | Sequence[float] | np.ndarray | None


def check_fill(fill: Fill, images: np.ndarray, name: str = "fill") -> np.ndarray:
    """Convert a fill to an array that broadcasts to the images, (N, …, C) float32.

    Args:
        fill: a number, a color (C,) or an image, in the range of the images; `None`: the mean
            color of each image, which is neutral in any range.
        images: (N, H, W, C).
        name: name of the argument, for errors.

    Raises:
        ValueError: If the shape does not fit, or a value is not finite or not one that the images
            can hold.
    """
    if fill is None:
        return images.mean(axis=(1, 2), keepdims=True, dtype="float32")
    values = np.asarray(fill)
    fits = values.ndim <= 4 and all(
        n in (1, m) for n, m in zip(values.shape[::-1], images.shape[::-1], strict=False)
    )
    if values.dtype.kind not in "fiub" or not fits or not np.isfinite(values).all():
        received = repr(fill) if values.ndim < 2 else f"the shape {values.shape}"
        raise ValueError(
            f"{name} must be a number, a color ({images.shape[-1]},) or an image "
            f"{images.shape[1:]}, finite and in the range of the images; received {received}."
        )
    if least_and_most := beyond(values, images.dtype.name):
        raise ValueError(
            f"{name} must be {least_and_most}, as the images are; received {values.min()} to "
            f"{values.max()}, which would wrap around."
        )
    size = images.shape[1:3] if values.ndim > 2 else (1, 1)
    return np.broadcast_to(values, (len(images), *size, images.shape[-1])).astype("float32")


def hidden_scores(
    question: Question,
    place: int,
    behind: np.ndarray,
    seen: Callable,
    rows: np.ndarray,
    *,
    of_images: Sequence[np.ndarray] = (),
    of_rows: Sequence[np.ndarray] = (),
    probability: bool,
    batch_size: int,
    advance: Callable,
    precision: str | None = None,
) -> np.ndarray:
    """Score masked copies of images: seen · image + (1 − seen) · behind.

    Args:
        question: a model, its images, and known classes.
        place: position of the input that takes the images (N, H, W, C); the others stay
            unchanged.
        behind: replacement for masked pixels, (N, H or 1, W or 1, C or 1).
        seen: function, traced with the computation, from (height, width) and batches of
            `of_images` and `of_rows` to masks (B, H, W), 1 where the image is visible. It must be
            a module-level function, since its name is the key under which it is compiled.
        rows: (R,) index of the image of each copy. For a callable target, which scores all images
            at once, they are 0, …, N − 1, repeated.
        of_images, of_rows: arrays of N and R rows for `seen`.
        probability: as for `scores_of`.
        batch_size: number of copies per batch.
        advance: called with the number of copies after each batch.
        precision: "mixed_bfloat16" for convolutions in bfloat16; `None`: the model's precision.

    Returns:
        (R,) float32.

    Raises:
        ValueError: If the precision is unknown.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be None or 'mixed_bfloat16'; received {precision!r}.")
    classes, score, count = question.classes, question.score, len(question.images)
    warn_of_logits(question.graph, score, probability)

    def scores(graph: Graph, *tensors) -> list:
        *tensors, classes = tensors
        inputs, (behind, *arguments) = list(tensors[:count]), tensors[count:]
        images = inputs[place]
        shown = ops.cast(seen(images.shape[1:3], *arguments), "float32")[..., None]
        copies = shown * ops.cast(images, "float32") + (1 - shown) * behind
        inputs[place] = ops.cast(copies, images.dtype)
        return [
            scores_in(
                graph, inputs, classes, score,
                probability=probability, call=PRECISIONS[precision](graph),
            )
        ]  # fmt: skip

    key = (seen.__module__, seen.__name__, place, bool(probability), precision)
    arrays = [*question.images, behind, *of_images, *of_rows, classes]
    step = question.step(key, scores, arrays)

    def step_and_count(indices) -> list:
        indices = np.array(indices)
        own = rows[indices]
        batch = [a[own] for a in (*question.images, behind, *of_images)]
        batch += [a[indices] for a in of_rows]
        results = step(*map(ops.convert_to_tensor, [*batch, classes[own]]))
        advance(len(indices))
        return results

    at_once = question.at_once(batch_size)
    every = [np.arange(len(rows))]
    return in_batches(step_and_count, every, at_once, image=rows)[0]
