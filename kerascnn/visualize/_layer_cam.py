"""Layer-CAM (Jiang et al. 2021, doi:10.1109/TIP.2021.3089943)."""

import keras
import numpy as np

from ._engine.answers import gradients_at
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape


def layer_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute class activation maps that are also precise at early layers.

    Grad-CAM weights a feature map by its mean gradient; Layer-CAM weights every position by its own
    gradient, if it is positive: ReLU(Σ_k ReLU(g^k) ⊙ A^k).

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `grad_cam`; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.
        For sequences (N, L); for volumes and video frames (N, D, h, w).

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.layer_cam(model, np.zeros((2, 28, 28, 1)), target=7, layer="c1").shape
    (2, 28, 28)
    """
    question = ask(model, images, target)
    maps, grads = gradients_at(
        question, layer, reshape=reshape, batch_size=batch_size, verbose=verbose
    )
    weights = np.maximum(grads, 0)  # one per position, not one per map
    return np.maximum((weights * maps).sum(axis=-1), 0)
