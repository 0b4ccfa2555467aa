"""Tokens of a vision transformer as feature maps, and gradients of 0, which explain nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kerascnn._checks import is_whole
from kerascnn._errors import LISTED, warn

Reshape = tuple[int, int] | Callable[[np.ndarray], np.ndarray] | None


def as_maps(values: np.ndarray, reshape: Reshape, layer: str) -> np.ndarray:
    """Arrange the tokens of a layer, (N, T, K), as feature maps, (N, h, w, K).

    Args:
        values: outputs of a layer, or gradients in their shape.
        reshape: height and width in patches, of which the last h · w tokens are the patches, row by
            row; a function from (N, T, K) to (N, h, w, K); or `None`, which leaves all as it is.
        layer: name of the layer, for errors.

    Raises:
        ValueError: If they do not fit.
    """
    if reshape is None:
        return values
    if callable(reshape):
        maps = np.asarray(reshape(values))
        if maps.ndim < 3 or len(maps) != len(values):
            raise ValueError(
                f"reshape must return maps (N, h, w, K) with N = {len(values)}; received the shape "
                f"{maps.shape}."
            )
        return maps
    pair = tuple(reshape) if isinstance(reshape, (tuple, list)) else ()
    if len(pair) != 2 or not all(is_whole(n, 1) for n in pair):
        raise ValueError(
            "reshape must be the height and width of the image in patches, such as (14, 14), or a "
            f"function from tokens (N, T, K) to maps (N, h, w, K); received {reshape!r}."
        )
    height, width = pair
    if values.ndim != 3 or values.shape[1] < height * width:
        raise ValueError(
            f"reshape must fit tokens (N, T, K) with T at least {height} · {width}; {layer!r} has "
            f"the shape {values.shape}."
        )
    patches = values[:, values.shape[1] - height * width :]  # class tokens come first
    return patches.reshape(len(values), height, width, values.shape[-1])


def check_gradients(grads: np.ndarray, reshape: Reshape, layer: str) -> None:
    """Report gradients that are 0 everywhere, so that their heatmap would say nothing.

    Warns about the images for which that is so.

    Raises:
        ValueError: If it is so for all images, at the patches of a transformer.
    """
    silent = ~grads.reshape(len(grads), -1).any(axis=1)
    if silent.all() and reshape is not None:
        raise ValueError(
            f"layer must affect the score of the target at its patches; the gradient at {layer!r} "
            "is 0 everywhere, so a heatmap would show nothing. Choose an earlier layer: after the "
            "last attention, only the class token may count."
        )
    if silent.any():
        which = ", ".join(map(str, np.flatnonzero(silent)[:LISTED]))
        more = ", …" * int(silent.sum() > LISTED)
        warn(
            f"the gradient of the score at {layer!r} is 0 everywhere for image {which}{more}, "
            "whose heatmap is 0: it shows nothing, rather than no evidence. Choose another layer "
            "or target."
        )
