"""Where in a picture a trained network sees a class, by any method that returns one map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerascnn import visualize
from kerascnn._errors import unknown
from kerascnn._graph import flatten
from kerascnn._text import class_texts
from kerascnn.visualize._cams import CAMS
from kerascnn.visualize._engine.placing import on_images, placed

from ._methods import METHODS, PIXELS, SUMS
from ._probabilities import first_of, is_logit

if TYPE_CHECKING:
    from ._trained import Trained


@dataclass(frozen=True, eq=False)
class Explanation:
    """The result of a method for a picture.

    Attributes:
        method: one of `METHODS`.
        image: (H, W, 3) in [0, 1], the part of the picture that the network saw.
        heatmap: (h, w) float32, raw, at the layer's resolution, or that of the model's images if
            the layer's maps do not cover them; signed for occlusion and for contributions to the
            score, which are summed over the channels; non-negative for the other methods.
        target: index of the class.
        label: name of the class; in the current language for the toolkit's own data sets.
        probability: probability of the class, 0 to 1.
        probabilities: probabilities of all classes, (classes,).
        overlaid: whether the map shows regions, to be overlaid on the image, rather than pixels.

    >>> import kerascnn as kc
    >>> net = kc.trained.load("lenet5", weights="mnist")
    >>> digit = 1 - kc.datasets.load("digits").test[0][0].repeat(3, axis=-1)  # dark on bright
    >>> found = net.explain(digit, "saliency")
    >>> found.label, found.heatmap.shape, found.overlaid
    ('8', (28, 28), False)
    """

    method: str
    image: np.ndarray
    heatmap: np.ndarray
    target: int
    label: str
    probability: float
    probabilities: np.ndarray
    overlaid: bool


def explain(
    net: "Trained", picture: np.ndarray, method: str, target: int | None, layer: str | None
) -> Explanation:
    """Compute one map of a picture (H, W, 3) in [0, 1]; see `Trained.explain`."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    of_layer = method in CAMS or method == "guided_grad_cam"
    if layer is not None and not of_layer:
        raise ValueError(
            f"layer must be None for {method!r}, which has no layer; received {layer!r}."
        )
    fitted = net.fitted(picture)
    inputs = net.inputs(fitted)
    probabilities = net.probabilities(inputs)
    target = int(probabilities.argmax()) if target is None else target
    arguments = [net.model, inputs, score_of(net, target)]
    if of_layer:
        arguments.append(layer or net.explained_layer(fitted))
    with placed():
        found = getattr(visualize, method)(*arguments)
    found = getattr(found, "attributions", found)
    if method in CAMS:
        node = flatten(net.model).node(arguments[-1])
        found = on_images(net.model, [inputs], found, node)
    found = found[0]
    if found.ndim > 2:
        found = found.sum(axis=-1) if method in SUMS else np.abs(found).max(axis=-1)
    if method == "rise":
        found = found - found.min()  # every pixel has much of the score that all masks give
    return Explanation(
        method=method,
        image=net.view(picture),
        heatmap=found,
        target=target,
        label=class_texts(net.names)[target],
        probability=float(probabilities[target]),
        probabilities=probabilities,
        overlaid=method not in PIXELS,
    )


def score_of(net: "Trained", target: int) -> int | Callable:
    """Return the target to explain: a class, or a callable if a single logit has two classes."""
    if not is_logit(net.model):
        return target

    def score(outputs: object) -> object:
        logits = first_of(outputs)  # (N,) or (N, …, 1)
        return (2 * target - 1) * keras.ops.mean(logits, axis=tuple(range(1, len(logits.shape))))

    return score
