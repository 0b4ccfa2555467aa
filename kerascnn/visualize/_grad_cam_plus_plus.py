"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv:1710.11063)."""

import keras
import numpy as np

from ._engine.answers import gradients_at
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape


def grad_cam_plus_plus(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    normalize_alpha: bool = False,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute class activation maps that also show several instances of a class.

    The positive gradient g at each position is weighted by α = g² / (2g² + ΣA·g³) before averaging
    over positions, where ΣA is the sum of the feature map. In practice, g is so small that α is
    close to ½ everywhere, and the result is close to Grad-CAM with positive gradients only (Lerma &
    Lucas 2022, arXiv:2205.10838).

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `grad_cam`; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        normalize_alpha: whether to divide α by its sum over the positions, as tf-keras-vis does;
            the paper's equations do not.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.
        For sequences (N, L); for volumes and video frames (N, D, h, w).

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.grad_cam_plus_plus(model, np.zeros((2, 28, 28, 1)), target=7).shape
    (2, 10, 10)
    """
    question = ask(model, images, target)
    maps, grads = gradients_at(
        question, layer, reshape=reshape, batch_size=batch_size, verbose=verbose
    )
    places = tuple(range(1, maps.ndim - 1))
    # DEVIATION: the paper's score is Y = exp(S), whose derivatives all have the factor exp(S). It
    # cancels in α, and otherwise only scales the whole heatmap, so it is left out.
    denominator = 2 + maps.sum(axis=places, keepdims=True) * grads
    counted = (grads != 0) & (denominator != 0)
    alpha = np.divide(1, denominator, out=np.zeros_like(grads), where=counted)  # Eq. 19, over g²
    if normalize_alpha:
        total = alpha.sum(axis=places, keepdims=True)
        alpha = alpha / np.where(total == 0, 1, total)
    weights = (alpha * np.maximum(grads, 0)).sum(axis=places, keepdims=True)  # Eq. 7
    return np.maximum((weights * maps).sum(axis=-1), 0)
