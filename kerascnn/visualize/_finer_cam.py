"""Finer-CAM (Zhang et al. 2025, arXiv:2501.11309)."""

import keras
import numpy as np
from scipy.special import softmax

from kerascnn._checks import check_count, check_number

from ._engine.answers import class_table, gradients_at, with_predicted_classes
from ._engine.images import Images
from ._engine.layers import LayerLike
from ._engine.question import ask
from ._engine.targets import Target
from ._engine.tokens import Reshape


def finer_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    references: int = 3,
    strength: float = 1.0,
    reshape: Reshape = None,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute Grad-CAM of what tells a class from those that are most similar to it.

    Instead of the score of the class, S_c, its difference from the most similar classes d is
    explained, S_c − α Σ_d p_d S_d: evidence that they share cancels out. Similar classes are those
    whose score is closest to that of the class; they are weighted by their probabilities.

    Limitations: as for `grad_cam`. What is similar depends on the image; with few classes, the
    most similar ones may not be similar at all.

    Args:
        model: any functional or sequential `keras.Model` that scores classes.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: class index, or one index per image; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        references: number of similar classes, fewer if the model has fewer.
        strength: α, the weight of the similar classes; 0 is Grad-CAM.
        reshape: for tokens (N, T, K), as for `grad_cam`.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.

    Raises:
        TypeError, ValueError: If images, target or layer do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.finer_cam(model, np.eye(28)[None, :, :, None], target=7, layer="c3").shape
    (1, 10, 10)
    """
    check_count("references", references)
    check_number("strength", strength)
    question = ask(model, images, target)
    if question.score is not None:
        raise TypeError(
            "target must be a class index, one index per image, or None for the predicted class, "
            f"since classes are compared; received {target!r}."
        )
    question = with_predicted_classes(question, batch_size)
    scores = class_table(question, batch_size)
    weights = _weights(scores, question.classes, references, strength)
    maps, grads = gradients_at(
        question, layer, reshape=reshape, weights=weights, batch_size=batch_size, verbose=verbose
    )
    places = tuple(range(1, maps.ndim - 1))
    alpha = grads.mean(axis=places, keepdims=True)
    return np.maximum((alpha * maps).sum(axis=-1), 0)


def _weights(
    scores: np.ndarray, classes: np.ndarray, references: int, strength: float
) -> np.ndarray:
    """Return the weight of each class in the difference S_c − α Σ_d p_d S_d, (N, classes)."""
    each = np.arange(len(scores))
    distance = np.abs(scores - scores[each, classes][:, None])
    distance[each, classes] = np.inf
    similar = np.argsort(distance, axis=1, kind="stable")[:, : min(references, scores.shape[1] - 1)]
    weights = np.zeros_like(scores)
    # DEVIATION: p_d are constants; pytorch-grad-cam passes gradients through them, too.
    p = softmax(np.take_along_axis(scores, similar, axis=1), axis=1)
    np.put_along_axis(weights, similar, (-strength * p).astype(scores.dtype), axis=1)
    weights[each, classes] = 1
    return weights
