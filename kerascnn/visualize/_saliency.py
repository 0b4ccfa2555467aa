"""Saliency maps (Simonyan et al. 2013, arXiv:1312.6034, section 3)."""

import keras
import numpy as np

from kerascnn._graph import Graph

from ._engine.answers import input_gradients
from ._engine.axes import check_channels_last, has_channels
from ._engine.images import Images, one_or_all
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
) -> np.ndarray | list[np.ndarray]:
    """Show which pixels change the score of a class most: its gradient at the image, |∂S/∂x|.

    Works on any functional or sequential Keras model, nested ones included; the score of a class
    is its logit. A gradient tells how the score would change, not what made it: the pixels of a
    ReLU network's saturated evidence are dark. The maps are noisy; `smooth_grad` calms them.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), such as a tf-keras-vis `Score`; `None`: the predicted class.
        reduce: over the channels, "max" (section 3.1) or "mean" of the absolute values; `None`
            returns the gradient itself, signed and for each channel.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32, 0 or more, or (N, H, W, C) signed without `reduce`; raw, not
        normalized. Of sequences (N, L), of volumes (N, D, H, W); a vector (N, F) has no channels.
        For a model with several inputs a list, one for each.

    Raises:
        TypeError, ValueError: images, target or an option that do not fit the model.

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
    return one_or_all([over_channels(graph, i, g, reduce) for i, g in enumerate(grads)])


def check_reduce(reduce: str | None) -> None:
    """Whether it is one of the reductions or `None`.

    Raises:
        ValueError: another one.
    """
    if reduce not in (None, *REDUCTIONS):
        raise ValueError(f"reduce must be 'max', 'mean' or None; received {reduce!r}.")


def over_channels(
    graph: Graph, position: int, gradient: np.ndarray, reduce: str | None
) -> np.ndarray:
    """The maps M_ij = max_c |w_ijc| of gradients w, section 3.1; as they are without `reduce`.

    Args:
        graph: the model's.
        position: of the input with respect to which the gradient is.
        gradient: (N, H, W, C) or with other axes between the first and the last.
        reduce: as for `saliency`.
    """
    if reduce is None:
        return gradient
    size = np.abs(gradient)
    if not has_channels(graph, graph.inputs[position]):
        return size
    return REDUCTIONS[reduce](size, axis=-1)
