"""Deletion and insertion metrics for heatmaps (RISE, Petsiuk et al. 2018).

arXiv:1806.07421, section 4.1.
"""

from dataclasses import dataclass

import keras
import numpy as np
from scipy.integrate import trapezoid
from scipy.ndimage import gaussian_filter

from kerascnn._checks import check_count, is_number
from kerascnn._graph import Tensor
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import with_predicted_classes
from kerascnn.visualize._engine.heatmaps import ranks_of
from kerascnn.visualize._engine.hiding import Fill, check_fill, hidden_scores
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.question import Question, ask
from kerascnn.visualize._engine.targets import Target

SIGMA = 5.0  # of the blur, in pixels: eclique/RISE
TRUNCATE = 1.0  # of its kernel, in sigmas: 11×11 in eclique/RISE


@dataclass(frozen=True)
class DeletionInsertion:
    """Probability of a class as pixels are deleted or inserted, most important first.

    Attributes:
        fractions: (S,) fraction of the pixels that are changed, 0 to 1.
        deletion: (N, S) probabilities as pixels are deleted from the image.
        insertion: (N, S) probabilities as pixels are inserted into the blurred image.
        deletion_auc: (N,) area under the deletion curve; lower is better.
        insertion_auc: (N,) area under the insertion curve; higher is better.
    """

    fractions: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    deletion_auc: np.ndarray
    insertion_auc: np.ndarray


def deletion_insertion(
    model: keras.Model,
    images: Images,
    heatmaps: np.ndarray,
    target: Target = None,
    *,
    steps: int = 50,
    fill: Fill = None,
    blur: float = SIGMA,
    probability: bool = True,
    input: int | str | None = None,
    batch_size: int = 16,
    verbose: bool | str = "auto",
) -> DeletionInsertion:
    """Evaluate heatmaps by deleting and inserting the pixels that they rank as important.

    Pixels are ranked by the heatmap, which is resized bilinearly to the size of the image; ties are
    broken from the upper left. Takes 2 · (steps + 1) forward passes per image.

    Limitations: images with deleted pixels are unlike the training images. The areas depend on
    `fill` and `blur`, so only compare heatmaps with the same settings.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for
            each of several inputs.
        heatmaps: (N, h, w), of any size and range; higher values are more important. Attributions
            (N, h, w, C) are summed over the channels.
        target: class index, one index per image, or a callable from the model's output
            (N, classes) to scores (N,), which is called at each step; `None`: the predicted class.
        steps: number of equal parts into which the pixels are divided.
        fill: replacement for deleted pixels, in the range of the images: a number, a color (C,) or
            an image; `None`: the mean color of each image.
        blur: standard deviation of the Gaussian blur of the image for insertion, in pixels.
        probability: whether to use the probability of the class instead of its logit. If the model
            ends in logits, it is that of a softmax, and a warning says so.
        batch_size: number of changed images per batch; smaller batches need less memory.
        input: which of several inputs is changed, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `DeletionInsertion` with both curves and the areas under them.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> result = kc.visualize.deletion_insertion(model, images, images[..., 0], steps=4)
    >>> result.fractions
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> result.deletion.shape
    (2, 5)
    """
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    filled = np.broadcast_to(check_fill(fill, images), images.shape)
    ranks = ranks_of(heatmaps, images.shape)
    steps = check_count("steps", steps)
    if not is_number(blur) or blur <= 0:
        raise ValueError(f"blur must be a number of pixels above 0; received {blur!r}.")
    # DEVIATION: the blur repeats the pixels at the border; the authors pad with black.
    blurred = gaussian_filter(
        images.astype("float32"), (0, blur, blur, 0), mode="nearest", truncate=TRUNCATE
    )
    question = with_predicted_classes(question, batch_size)
    count, pixels = len(images), ranks[0].size

    def beginning_with(before: np.ndarray) -> Question:
        arrays = list(question.images)
        arrays[place] = before.astype(images.dtype)
        return question.with_images(arrays)

    changed = np.round(np.linspace(0, pixels, steps + 1)).astype("int32")
    with progress("Deletion and insertion", 2 * len(changed) * count, verbose) as advance:
        deletion, insertion = (
            hidden_scores(
                beginning_with(before), place, after.astype("float32"), unchanged,
                np.tile(np.arange(count), len(changed)),
                of_images=[ranks], of_rows=[np.repeat(changed, count)],
                probability=probability, batch_size=batch_size, advance=advance,
            ).reshape(-1, count).T
            for before, after in ((images, filled), (blurred, images))
        )  # fmt: skip
    fractions = changed / pixels
    areas = (trapezoid(curve, fractions, axis=1) for curve in (deletion, insertion))
    return DeletionInsertion(fractions, deletion, insertion, *areas)


def unchanged(size: tuple[int, int], ranks, changed) -> Tensor:
    """Return masks (B, H, W), false where the rank is below the number of changed pixels."""
    return ranks >= changed[:, None, None]
