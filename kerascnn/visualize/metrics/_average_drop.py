"""Average drop and increase in confidence (Chattopadhay et al. 2018, arXiv:1710.11063, 5.1)."""

from typing import NamedTuple

import keras
import numpy as np

from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import scores_of, with_predicted_classes
from kerascnn.visualize._engine.heatmaps import check_heatmaps
from kerascnn.visualize._engine.hiding import Fill, check_fill, hidden_scores
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.targets import Target
from kerascnn.visualize._score_cam import mask


class AverageDrop(NamedTuple):
    """How the probability of a class changes if only the region of the heatmap is shown.

    Attributes:
        drop: (N,) float32, max(0, Y − O) / Y, 0 to 1; its mean is the average drop. NaN if the
            probability Y is 0.
        increase: (N,) float32, 1 where O > Y, otherwise 0; its mean is the increase in confidence.
    """

    drop: np.ndarray
    increase: np.ndarray


def average_drop(
    model: keras.Model,
    images: Images,
    heatmaps: np.ndarray,
    target: Target = None,
    *,
    fill: Fill = 0.0,
    batch_size: int = 16,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> AverageDrop:
    """Compute how the probability of a class drops if only the region of the heatmap is shown.

    The heatmap is resized to the image, scaled to [0, 1] and multiplied with it: Y is the
    probability of the class for the image, O that for the product. If the model ends in logits, it
    is that of a softmax, and a warning says so.

    Limitations: a heatmap that is high everywhere hides little and scores well. The dark images are
    unlike the training images.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for each of
            several inputs.
        heatmaps: (N, h, w), of any size and range. Attributions (N, h, w, C) are summed over the
            channels.
        target: class index, one index per image, or a callable from the model's output
            (N, classes) to scores (N,); `None`: the predicted class.
        fill: what is shown where the heatmap is lowest, in the range of the images: a number, a
            color (C,) or an image; `None`: the mean color of each image. The paper multiplies,
            so it is 0 there.
        batch_size: number of images per batch; smaller batches need less memory.
        input: which of several inputs is masked, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        An `AverageDrop` with `drop` and `increase` for each image.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> result = kc.visualize.metrics.average_drop(model, images, images[..., 0])
    >>> result.drop.shape, result.increase.shape
    ((2,), (2,))
    """
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    maps = check_heatmaps(heatmaps, len(images))
    behind = check_fill(fill, images)
    question = with_predicted_classes(question, batch_size)
    count = len(images)
    whole = scores_of(question, probability=True, batch_size=batch_size)
    with progress("Average drop", count, verbose) as advance:
        shown = hidden_scores(
            question, place, behind, mask, np.arange(count), of_images=[maps],
            probability=True, batch_size=batch_size, advance=advance,
        )  # fmt: skip
    drop = np.full(count, np.nan, "float32")
    np.divide(np.maximum(whole - shown, 0), whole, out=drop, where=whole > 0)
    return AverageDrop(drop, (shown > whole).astype("float32"))
