"""HiRes-CAM (Draelos & Carin 2020, arXiv:2011.08891)."""

import keras
import numpy as np

from ._engine.answers import gradients_at
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape


def hires_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    relu: bool = False,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute what each position of the feature maps adds to a class's score: Σ_k g^k ⊙ A^k.

    If only flattening or averaging and one dense layer follow the layer, the heatmap sums to the
    score without its bias, so it highlights exactly the positions that the network used. Grad-CAM,
    which averages the gradients first, can highlight others. If more layers follow, the heatmap is
    a linear approximation.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `grad_cam`; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        relu: whether to set negative values, evidence against the class, to 0.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, signed, neither resized nor normalized.
        For sequences (N, L); for volumes and video frames (N, D, h, w).

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.hires_cam(model, np.zeros((2, 28, 28, 1)), target=7).shape
    (2, 10, 10)
    """
    question = ask(model, images, target)
    maps, grads = gradients_at(
        question, layer, reshape=reshape, batch_size=batch_size, verbose=verbose
    )
    heatmap = (grads * maps).sum(axis=-1)
    return np.maximum(heatmap, 0) if relu else heatmap
