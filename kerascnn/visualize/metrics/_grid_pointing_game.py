"""The grid pointing game (Böhle et al. 2021, arXiv:2104.00032, section 4.1)."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kerascnn._checks import check_count
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import predicted_classes
from kerascnn.visualize._engine.heatmaps import check_heatmaps, check_method, maps_by, resized
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.question import Question, ask
from kerascnn.visualize._engine.targets import Target

from ._attribution_mass import share_inside


@dataclass(frozen=True)
class GridPointingGame:
    """Which share of the attribution for each class lies in its cell of a grid.

    Attributes:
        scores: (G, n²) shares, 0 to 1, of which 1 / n² is chance; NaN for a heatmap without
            positive values. Cells are listed row by row.
        indices: (G, n²) index of the image in each cell.
        grids: (G, H, W, C) images of the grids.
    """

    scores: np.ndarray
    indices: np.ndarray
    grids: np.ndarray


def grid_pointing_game(
    model: keras.Model,
    images: Images,
    method: Callable,
    *,
    target: Target = None,
    size: int = 2,
    seed: int = 0,
    verbose: bool | str = "auto",
) -> GridPointingGame:
    """Show several images in a grid, and compute how much attribution for a class is in its cell.

    A grid consists of images of different classes, each of which occurs at most once in all grids.
    For each cell, the method explains the class of that cell. If the model takes images of one
    size only, the cells are shrunk so that the grid has this size.

    Limitations: use images that the network classifies correctly and confidently, as in the paper.
    Shrunk images are unlike the training images, unless the network has seen such sizes.

    Args:
        model: any functional or sequential `keras.Model` with a single input.
        images: (N, H, W, C) float, in the range the model was trained on.
        method: callable from (model, images, target) to heatmaps (N, h, w), such as `grad_cam`.
        target: class of each image, (N,); `None`: the predicted class.
        size: number of rows and columns of a grid, n.
        seed: seed of the choice of images for each grid.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        A `GridPointingGame` with the shares of the positive attribution.

    Raises:
        TypeError, ValueError: If arguments do not fit, or if there are fewer than n² classes.

    >>> import numpy as np, kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:8]
    >>> even = lambda model, images, target: np.ones(images.shape[:3])
    >>> result = kc.visualize.metrics.grid_pointing_game(model, images, even)
    >>> result.scores[0].tolist(), result.grids.shape[1:]
    ([0.25, 0.25, 0.25, 0.25], (28, 28, 1))
    """
    check_method(method)
    check_count("size", size, least=2)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    place = image_input(model, question.graph, None)
    if len(question.images) > 1:
        raise ValueError(
            f"model must have a single input for a grid of images; it has {len(question.images)}."
        )
    classes = _classes(question, target)
    indices = _choose(classes, size**2, np.random.default_rng(seed))
    grids = _fitted(model, _arranged(question.images[place], indices, size))
    height, width = grids.shape[1:3]
    edges = [np.round(np.linspace(0, n, size + 1)).astype(int) for n in (height, width)]
    scores = np.zeros((len(grids), size**2), "float32")
    with progress("Grid pointing game", size**2, verbose) as advance:
        for cell in range(size**2):
            maps = maps_by(method, model, grids, classes[indices[:, cell]], len(grids))
            maps = resized(check_heatmaps(maps, len(grids)), (height, width))
            row, column = divmod(cell, size)
            inside = np.zeros((height, width), bool)
            inside[edges[0][row] : edges[0][row + 1], edges[1][column] : edges[1][column + 1]] = (
                True
            )
            scores[:, cell] = share_inside(maps.reshape(len(maps), -1), inside.ravel())
            advance()
    return GridPointingGame(scores, indices, grids)


def _classes(question: Question, target: Target) -> np.ndarray:
    """Return the class of each image."""
    if question.score is not None:
        raise TypeError("target must be the class of each image, or None; received a callable.")
    return predicted_classes(question) if target is None else question.classes


def _choose(classes: np.ndarray, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Choose images of different classes for each grid, (G, cells), from the largest classes."""
    left = {klass: list(rng.permutation(np.flatnonzero(classes == klass))) for klass in classes}
    grids = []
    while sum(map(bool, left.values())) >= cells:
        order = sorted(rng.permutation(list(left)), key=lambda klass: -len(left[klass]))
        grids.append(rng.permutation([left[klass].pop() for klass in order[:cells]]))
    if not grids:
        raise ValueError(
            f"images must belong to at least {cells} classes, one for each cell; received "
            f"{len(left)} classes. Add images, or reduce size."
        )
    return np.array(grids)


def _arranged(images: np.ndarray, indices: np.ndarray, size: int) -> np.ndarray:
    """Arrange images in grids, (G, size · H, size · W, C)."""
    cells = images[indices].reshape(len(indices), size, size, *images.shape[1:])
    rows = cells.transpose(0, 1, 3, 2, 4, 5)
    return rows.reshape(len(indices), size * images.shape[1], size * images.shape[2], -1)


def _fitted(model: keras.Model, grids: np.ndarray) -> np.ndarray:
    """Shrink grids to the size that the model takes, if it takes only one."""
    height, width = (
        wanted or given
        for wanted, given in zip(model.inputs[0].shape[1:3], grids.shape[1:3], strict=True)
    )
    if (height, width) == grids.shape[1:3]:
        return grids
    small = keras.ops.image.resize(
        grids.astype("float32"), (height, width), "bilinear", antialias=True,
        data_format="channels_last",
    )  # fmt: skip
    return np.array(small).astype(grids.dtype)
