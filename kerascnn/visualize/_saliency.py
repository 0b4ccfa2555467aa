"""Saliency maps (Simonyan et al. 2013, arXiv:1312.6034, section 3)."""

import keras
import numpy as np

from kerascnn._graph import Graph

from ._engine.answers import input_gradients
from ._engine.axes import check_channels_last, has_channels
from ._engine.images import Images, OneOrAll, one_or_all
from ._engine.question import ask
from ._engine.targets import Target

REDUCTIONS = {"max": np.max, "mean": np.mean}


def saliency(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    reduce: str | None = "max",
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> OneOrAll:
    """Compute how strongly each pixel affects the score of a class: its gradient, `|∂S/∂x|`.

    Works with any functional or sequential Keras model, including nested models. The score of a
    class is its logit.

    Limitations: a gradient tells how the score would change, not what it is based on, so saturated
    evidence does not show. The maps are noisy; `smooth_grad` reduces the noise.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), such as a tf-keras-vis `Score`; `None`: the predicted class.
        reduce: "max" (section 3.1) or "mean" of the absolute values over the channels; `None`: the
            signed gradient of each channel.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32, non-negative, not normalized; (N, H, W, C), signed, if `reduce` is
        `None`. For sequences (N, L), for volumes (N, D, H, W), and for vectors, which have no
        channels, (N, F). Images and volumes without channels keep their shape. For several inputs,
        a list of arrays, or a dict if the model takes one.

    Raises:
        TypeError, ValueError: If images, target or an option do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.saliency(model, np.zeros((2, 28, 28, 1)), target=7).shape
    (2, 28, 28)
    """
    check_reduce(reduce)
    question = ask(model, images, target)
    graph = question.graph
    if reduce is not None:
        check_channels_last(graph)
    _scores, grads = input_gradients(question, batch_size=batch_size, verbose=verbose)
    return one_or_all(model, [over_channels(graph, i, g, reduce) for i, g in enumerate(grads)])


def check_reduce(reduce: str | None) -> None:
    """Check that `reduce` is a known reduction or `None`.

    Raises:
        ValueError: If it is not.
    """
    if reduce not in (None, *REDUCTIONS):
        raise ValueError(f"reduce must be 'max', 'mean' or None; received {reduce!r}.")


def over_channels(
    graph: Graph, position: int, gradient: np.ndarray, reduce: str | None
) -> np.ndarray:
    """Compute the maps M_ij = max_c |w_ijc| of gradients w, section 3.1.

    Args:
        graph: the model's graph.
        position: index of the input that the gradient belongs to.
        gradient: (N, H, W, C), or with other axes between the first and the last.
        reduce: as for `saliency`; `None` returns the gradient unchanged.
    """
    if reduce is None:
        return gradient
    size = np.abs(gradient)
    if not has_channels(graph, graph.inputs[position]):
        return size
    return REDUCTIONS[reduce](size, axis=-1)
