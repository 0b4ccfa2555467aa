"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391)."""

import keras
import numpy as np

from ._engine.answers import gradients_at
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target


def grad_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Show where in the images a class is seen: gradient-weighted class activation maps.

    Works on any functional or sequential Keras model, nested ones included. The score of a class
    is its logit, also where the model ends in a softmax or sigmoid. Weights and layers stay as
    they are: tf-keras-vis's model modifiers have no part here. The first call for a model, layer
    and input shape compiles; further calls reuse it.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), such as a tf-keras-vis `Score`; `None`: the predicted class.
            With several outputs a class is one of the first; a list of callables, one for each
            output, is added up. A single sigmoid unit has the classes 0 and 1. Scores that are
            maps, as in segmentation, are averaged over the positions.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 in the layer's size, 0 or more: raw, neither resized nor normalized.
        Of sequences (N, L), of volumes and of frames (N, D, h, w).

    Raises:
        TypeError, ValueError: images, target or layer that do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.grad_cam(model, np.zeros((2, 28, 28, 1)), target=7, layer="c3").shape
    (2, 10, 10)
    """
    question = ask(model, images, target)
    maps, grads = gradients_at(question, layer, batch_size=batch_size, verbose=verbose)
    places = tuple(range(1, maps.ndim - 1))
    alpha = grads.mean(axis=places, keepdims=True)  # Eq. 1
    return np.maximum((alpha * maps).sum(axis=-1), 0)  # Eq. 2: ReLU
