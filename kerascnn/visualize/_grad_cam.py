"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391)."""

import keras
import numpy as np

from ._engine.answers import gradients_at
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape


def grad_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute gradient-weighted class activation maps, which show the regions that support a class.

    Works with any functional or sequential Keras model, including nested models. The score of a
    class is its logit, even if the model ends in a softmax or sigmoid. The model is not modified,
    so tf-keras-vis's model modifiers are not needed. The first call for a model, layer and input
    shape compiles the computation; further calls reuse it.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), such as a tf-keras-vis `Score`; `None`: the predicted class. For a model
            with several outputs, a class index refers to the first output; a list of callables,
            one per output, is summed. A single sigmoid unit has the classes 0 and 1. Scores that
            are maps, as in segmentation, are averaged over the positions.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        reshape: for tokens (N, T, K) of a transformer, which have no rows and columns: the height
            and width of the image in patches, such as (14, 14), of which the last 14 · 14 tokens
            are the patches, row by row; or a function from tokens to maps (N, h, w, K).
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.
        For sequences (N, L); for volumes and video frames (N, D, h, w).

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.grad_cam(model, np.zeros((2, 28, 28, 1)), target=7, layer="c3").shape
    (2, 10, 10)
    """
    question = ask(model, images, target)
    maps, grads = gradients_at(
        question, layer, reshape=reshape, batch_size=batch_size, verbose=verbose
    )
    places = tuple(range(1, maps.ndim - 1))
    alpha = grads.mean(axis=places, keepdims=True)  # Eq. 1
    return np.maximum((alpha * maps).sum(axis=-1), 0)  # Eq. 2: ReLU
