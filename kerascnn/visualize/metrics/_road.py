"""ROAD, remove and debias (Rong et al. 2022, arXiv:2202.00449)."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from kerascnn._checks import check_count, check_number
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import scores_of, with_predicted_classes
from kerascnn.visualize._engine.heatmaps import ranks_of
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.noise import in_type_of, noisy
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.targets import Target

# Each removed pixel is a weighted mean of its eight neighbors (section 4.2).
SIDE, CORNER = 1 / 6, 1 / 12
NEIGHBOURS = [
    (dy, dx, CORNER if dy and dx else SIDE)
    for dy in (-1, 0, 1)
    for dx in (-1, 0, 1)
    if (dy, dx) != (0, 0)
]
FRACTIONS = tuple(i / 10 for i in range(1, 10))


@dataclass(frozen=True)
class Road:
    """Probability of a class as pixels are removed, in two orders.

    Attributes:
        fractions: (S,) fraction of the pixels that are removed, 0 to 1.
        most_first: (N, S) probabilities as the most important pixels are removed first; lower is
            better.
        least_first: (N, S) probabilities as the least important pixels are removed first; higher
            is better.
        score: (N,) half the mean of the difference, least_first − most_first; higher is better.
    """

    fractions: np.ndarray
    most_first: np.ndarray
    least_first: np.ndarray
    score: np.ndarray


def road(
    model: keras.Model,
    images: Images,
    heatmaps: np.ndarray,
    target: Target = None,
    *,
    fractions: Sequence[float] = FRACTIONS,
    noise: float = 0.01,
    probability: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> Road:
    """Evaluate heatmaps by removing pixels so that the shape of what is removed hardly shows.

    Each removed pixel is the mean of its neighbors, of which those that are removed as well are
    unknown too: the values of all removed pixels solve a linear system. A little noise is added.
    A fixed fill, as in `deletion_insertion`, leaks the shape of the mask to the network.

    Limitations: far from known pixels, the image becomes smooth, which is unlike the training
    images too.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for each of
            several inputs.
        heatmaps: (N, h, w), of any size and range; higher values are more important. Attributions
            (N, h, w, C) are summed over the channels.
        target: class index, one index per image, or a callable from the model's output
            (N, classes) to scores (N,); `None`: the predicted class.
        fractions: fractions of the pixels that are removed, above 0 and below 1.
        noise: standard deviation of the noise on removed pixels, as a fraction of the image's
            range, max − min.
        probability: whether to use the probability of the class instead of its logit. If the model
            ends in logits, it is that of a softmax, and a warning says so.
        seed: seed of the noise.
        batch_size: number of images per batch; smaller batches need less memory.
        input: which of several inputs is changed, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `Road` with both curves, and the score.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> result = kc.visualize.metrics.road(model, images, images[..., 0], fractions=[0.1, 0.5])
    >>> result.fractions.tolist(), result.most_first.shape, result.score.shape
    ([0.1, 0.5], (2, 2), (2,))
    """
    check_number("noise", noise)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    ranks = ranks_of(heatmaps, images.shape)
    shares = _check_fractions(fractions)
    question = with_predicted_classes(question, batch_size)
    pixels = ranks[0].size
    counts = np.minimum(np.round(shares * pixels), pixels - 1).astype(int)  # something is left
    curves = np.zeros((2, len(images), len(counts)), "float32")
    with progress("ROAD", curves[..., 0].size * len(counts), verbose) as advance:
        for step, count in enumerate(counts):
            for order, removed in enumerate((ranks < count, ranks >= pixels - count)):
                filled = np.stack([impute(*pair) for pair in zip(images, removed, strict=True)])
                (spoiled,) = noisy([images.astype("float32")], noise, seed, step, order)
                filled += removed[..., None] * (spoiled - images)
                arrays = list(question.images)
                arrays[place] = in_type_of(images, filled)
                curves[order, :, step] = scores_of(
                    question.with_images(arrays), probability=probability, batch_size=batch_size
                )
                advance(len(images))
    most, least = curves
    return Road(shares, most, least, (least - most).mean(axis=1) / 2)


def impute(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Replace removed pixels (H, W) of an image (H, W, C) by weighted means of their neighbors.

    Returns:
        (H, W, C) float32.
    """
    filled = image.astype("float32")
    unknown = np.flatnonzero(removed)
    if not len(unknown):
        return filled
    height, width = removed.shape
    position = np.full(height * width, -1)
    position[unknown] = np.arange(len(unknown))
    rows, columns = np.divmod(unknown, width)
    flat = filled.reshape(height * width, -1).astype("float64")
    diagonal, right = np.zeros(len(unknown)), np.zeros((len(unknown), flat.shape[1]))
    entries = []
    for dy, dx, weight in NEIGHBOURS:
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        own, other = np.flatnonzero(inside), (y * width + x)[inside]
        diagonal[own] += weight  # at the border, the weights of the neighbors that exist
        known = position[other] < 0
        right[own[known]] += weight * flat[other[known]]
        entries.append((own[~known], position[other[~known]], np.full((~known).sum(), -weight)))
    entries.append((np.arange(len(unknown)), np.arange(len(unknown)), diagonal))
    i, j, values = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    system = csc_array((values, (i, j)), shape=(len(unknown), len(unknown)))
    # The matrix is symmetric and positive definite, since every removed pixel leads to a known one.
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    filled.reshape(height * width, -1)[unknown] = solver.solve(right)
    return filled


def _check_fractions(fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(fractions)
    numbers = shares.ndim == 1 and shares.size and shares.dtype.kind in "fiu"
    if not numbers or not ((shares > 0) & (shares < 1)).all():
        raise ValueError(
            "fractions must be a list of numbers above 0 and below 1, such as [0.1, 0.5]; "
            f"received {fractions!r}."
        )
    return shares.astype("float64")
