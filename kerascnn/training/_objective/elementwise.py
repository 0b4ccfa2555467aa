"""Labels that a loss compares with the output value by value."""

from dataclasses import replace

import numpy as np

from kerascnn.training._data import Part

from .objective import Output
from .segmentation import check_masks, middle


def check_shape(labels: np.ndarray, output: Output) -> None:
    """Check that labels have the shape of the output, or are larger maps.

    For one unit, the last axis may be missing.

    Raises:
        ValueError: For another shape, which Keras would broadcast.
    """
    *want, channels = output.full_shape[1:]
    shape = (*labels.shape[1:], 1) if _lacks_axis(labels, output) else labels.shape[1:]
    is_map = output.map_size is not None
    fits = len(shape) == len(want) + 1 and all(
        have == size or (is_map and have > size) for have, size in zip(shape, want, strict=False)
    )
    if fits and shape[-1] == channels:
        check_masks(labels, output)
        return
    wanted, received = (
        ", ".join(map(str, each))
        for each in (("N", *output.full_shape[1:]), ("N", *labels.shape[1:]))
    )
    indices = np.issubdtype(labels.dtype, np.integer) and labels.ndim == len(output.full_shape) - 1
    hint = ": use a sparse categorical cross-entropy for class indices, or make them one-hot"
    raise ValueError(
        f"labels must be ({wanted}), like the output, for this loss; "
        f"received {labels.dtype} ({received}){hint * (indices and channels > 1)}."
    )


def like_output(part: Part, output: Output) -> Part:
    """Give labels the output's shape: (N,) becomes (N, 1), and maps are cropped.

    Of two vectors (N,), Keras's losses would take the mean before the weights.
    """
    lacking = _lacks_axis(part.labels, output)
    part = middle(part, output.map_size)
    return replace(part, labels=part.labels[..., None]) if lacking else part


def _lacks_axis(labels: np.ndarray, output: Output) -> bool:
    return output.classes == 1 and labels.ndim == len(output.full_shape) - 1
