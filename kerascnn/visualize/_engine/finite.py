"""Warnings of NaN and infinity, which would be drawn as an empty picture without a word."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn._errors import warn


def warn_of_not_finite(
    results: Sequence[np.ndarray], *, image: np.ndarray | None = None, kind: str = "images"
) -> None:
    """Warn if a result is not finite.

    Args:
        results: arrays with one item per image, or several.
        image: index of the image of each item; `None`: there is one item per image.
        kind: what the images are.
    """
    image = np.arange(len(results[0])) if image is None else image
    bad = set()
    for values in results:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
            bad.update(image[~finite].tolist())
    if bad:
        warn(
            f"The model's values or gradients are NaN or infinite for {len(bad)} of "
            f"{len(np.unique(image))} {kind}, first for number {min(bad)}. Check the weights, the "
            "layers and a target of your own; float16 overflows beyond 65504."
        )


def warn_of_broken_weights(model: keras.Model) -> None:
    """Warn if weights are not finite; a ReLU of oneDNN turns NaN into 0, which looks like a result.

    Args:
        model: any model.
    """
    broken = [v.path for v in model.weights if not np.isfinite(v.numpy()).all()]
    if broken:
        warn(
            f"{len(broken)} of the model's {len(model.weights)} weights contain NaN or infinity, "
            f"first {broken[0]!r}. Its results mean nothing; load or train the weights again."
        )
