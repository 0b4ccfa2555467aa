"""Guided backpropagation (Springenberg et al. 2014, arXiv:1412.6806)."""

import keras

from ._engine.answers import input_gradients
from ._engine.images import Images, OneOrAll, one_or_all
from ._engine.question import ask
from ._engine.targets import Target


def guided_backprop(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Backpropagate a class's score to the image, keeping only positive gradients at each ReLU.

    A ReLU with input x passes back the gradient R as R·[R > 0]·[x > 0], so that evidence against
    the class is dropped at every layer. ReLUs are recognized as activations of layers, as layers
    and as operations of `keras.ops`, also in nested models. The model is not modified.

    Limitations: the result hardly changes when the network's weights are randomized (Adebayo et
    al. 2018, arXiv:1810.03292). It shows edges that the network could see rather than the reasons
    for its decision.

    Args:
        model: any functional or sequential `keras.Model` with a ReLU.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), such as a tf-keras-vis `Score`; `None`: the predicted class.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C) float32, signed, not normalized. For several inputs, a list of arrays,
        or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If images or target do not fit the model, or if it has no ReLU.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.guided_backprop(model, np.zeros((2, 28, 28, 1)), target=7).shape
    (2, 28, 28, 1)
    """
    question = ask(model, images, target)
    _scores, grads = input_gradients(
        question, rule="guided", batch_size=batch_size, verbose=verbose
    )
    return one_or_all(model, grads)
