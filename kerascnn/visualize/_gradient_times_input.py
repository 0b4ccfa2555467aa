"""Gradient times input (Shrikumar et al. 2016, arXiv:1605.01713)."""

import keras
import numpy as np

from ._engine.answers import input_gradients
from ._engine.contributions import Contributions, contributions
from ._engine.images import Images, is_kept
from ._engine.question import ask
from ._engine.targets import Target


def gradient_times_input(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> Contributions:
    """Multiply the gradient of a class's score by the image: x ⊙ ∂S/∂x.

    If the network consists of ReLUs and linear layers without biases, the products sum to the
    score, and they equal the relevance of LRP-0 (Ancona et al. 2018, arXiv:1711.06104).

    Limitations: as noisy as the gradient. Black pixels, which are 0, get nothing; with biases, the
    sum is not the score.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, and `gap`, (N,), their
        sum minus the score.

    Raises:
        TypeError, ValueError: If images or target do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> result = kc.visualize.gradient_times_input(model, np.eye(28)[None, :, :, None], target=7)
    >>> result.attributions.shape
    (1, 28, 28, 1)
    """
    question = ask(model, images, target)
    if all(map(is_kept, question.images)):
        raise TypeError(
            f"model must take float images, which have a gradient; it has an input of type "
            f"{question.images[0].dtype}. Use lrp, which needs none."
        )
    scores, grads = input_gradients(question, batch_size=batch_size, verbose=verbose)
    products = [
        g if is_kept(x) else np.multiply(x, g) for x, g in zip(question.images, grads, strict=True)
    ]
    return contributions(model, products, scores)
