"""Computation in batches, to fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from kerascnn._checks import check_count
from kerascnn._progress import progress

from .finite import warn_of_not_finite


def in_batches(
    step: Callable,
    arrays: Sequence[np.ndarray],
    batch_size: int,
    verbose: bool | str = False,
    *,
    image: np.ndarray | None = None,
    check: bool = True,
) -> list[np.ndarray]:
    """Run a computation in batches, and concatenate the results; warn of NaN and infinity.

    Args:
        step: takes a batch of each array; returns tensors with one item per item of the arrays.
        arrays: arrays of the same length.
        batch_size: number of items per batch.
        verbose: whether to show a progress bar.
        image: index of the image of each item; `None`: the items are the images.
        check: whether to warn. Scores may be −infinity, as that of a masked class.
    """
    check_count("batch_size", batch_size)
    parts = []
    with progress("Images", len(arrays[0]), verbose) as advance:
        for i in range(0, len(arrays[0]), batch_size):
            some = [tf.convert_to_tensor(a[i : i + batch_size]) for a in arrays]
            parts.append(step(*some))
            advance(len(some[0]))
    results = [
        same[0].numpy() if len(same) == 1 else np.concatenate([p.numpy() for p in same])
        for same in zip(*parts, strict=True)
    ]
    if check and results:
        warn_of_not_finite(results, image=image)
    return results


def in_sums(
    step: Callable,
    arrays: Sequence[np.ndarray],
    points: Sequence[np.ndarray],
    batch_size: int,
    advance: Callable[[int], None],
) -> list[np.ndarray]:
    """Run a computation in batches of images and points, and sum the results over the points.

    Args:
        step: takes tensors of images and points; returns sums over the points for each image.
        arrays: arrays with one item per image.
        points: arrays with one item per point; every image is combined with every point.
        batch_size: number of pairs of image and point per batch.
        advance: called with the number of pairs after each batch.
    """
    check_count("batch_size", batch_size)

    def over_points(*images: tf.Tensor) -> list[tf.Tensor]:
        count, sums = len(images[0]), []
        at_once = max(1, batch_size // count)
        for i in range(0, len(points[0]), at_once):
            some = [tf.convert_to_tensor(p[i : i + at_once]) for p in points]
            parts = step(*images, *some)
            sums = [a + b for a, b in zip(sums, parts, strict=True)] if sums else parts
            advance(count * len(some[0]))
        return sums

    return in_batches(over_points, arrays, batch_size)
