"""RISE: randomized input sampling for explanation (Petsiuk et al. 2018, arXiv:1806.07421)."""

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count, check_number
from kerascnn._graph import Tensor
from kerascnn._progress import progress

from ._engine.answers import with_predicted_classes
from ._engine.hiding import Fill, check_fill, hidden_scores
from ._engine.images import Images, image_input
from ._engine.question import ask
from ._engine.targets import Target


def rise(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    masks: int = 1000,
    cells: int = 7,
    keep: float = 0.5,
    baseline: Fill = 0.0,
    probability: bool = True,
    seed: int = 0,
    batch_size: int = 16,
    precision: str | None = None,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Average random masks, each weighted by the score of the masked image.

    A mask is a grid of cells, each visible with probability `keep`, enlarged with soft edges and
    shifted at random. Each mask takes one forward pass. All images get the same masks, so results
    do not depend on the batch.

    Limitations: noisy with few masks; the paper uses 4000 to 8000. Masked images are not natural
    images, and details finer than a cell are lost.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for
            each of several inputs.
        target: class index, one index per image, or a callable from the model's output
            (N, classes) to scores (N,), which is called once per mask; `None`: the predicted class.
        masks: number of masks.
        cells: number of cells along each side of the image.
        keep: probability that a cell is visible.
        baseline: replacement for hidden pixels, in the range of the images: a number, a color
            (C,) or an image; `None`: the mean color of each image. The paper uses black, which
            is 0 unless the images are centered.
        probability: whether to use the probability of the class, as in the paper, instead of its
            logit. If the model ends in logits, it is that of a softmax, and a warning says so.
        seed: seed of the masks, a whole number of at least 0.
        batch_size: number of masked images per batch; smaller batches need less memory.
        precision: "mixed_bfloat16" to compute convolutions in bfloat16, as for `score_cam`.
        input: which of several inputs is masked, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32, the expected score if the pixel is visible, not normalized.

    Raises:
        TypeError, ValueError: If arguments do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.rise(model, np.eye(28)[None, :, :, None], target=7, masks=20).shape
    (1, 28, 28)
    """
    check_count("masks", masks)
    check_count("cells", cells)
    check_count("seed", seed, least=0)
    if check_number("keep", keep, below=1) == 0:
        raise ValueError(f"keep must be above 0, or nothing would be visible; received {keep!r}.")
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    behind = check_fill(baseline, images, "baseline")
    question = with_predicted_classes(question, batch_size)
    size, count = images.shape[1:3], len(images)
    grids, shifts = _draw(masks, cells, keep, size, seed)
    with progress("RISE", masks * count, verbose) as advance:
        scores = hidden_scores(
            question, place, behind, soft_masks, np.tile(np.arange(count), masks),
            of_rows=[np.repeat(grids, count, axis=0), np.repeat(shifts, count, axis=0)],
            probability=probability, batch_size=batch_size, advance=advance, precision=precision,
        ).reshape(masks, count)  # fmt: skip
    # Eq. 6: S = Σ_i f(I ⊙ M_i) M_i / (E[M] · N)
    rows, columns = (np.array(w) for w in _interpolation(size, cells, shifts))
    part = np.einsum("mn,mij->nmij", scores, grids)
    part = np.einsum("mhi,nmij->nhmj", rows, part, optimize=True).reshape(count, size[0], -1)
    across = columns.transpose(0, 2, 1).reshape(-1, size[1])  # (masks · cells, W)
    return (part @ across / (keep * masks)).astype("float32")


def soft_masks(size: tuple[int, int], grids: Tensor, shifts: Tensor) -> Tensor:
    """Enlarge grids of cells (B, s, s) bilinearly to masks (B, H, W), shifted by (B, 2) pixels."""
    rows, columns = _interpolation(size, grids.shape[-1], shifts)
    return ops.matmul(ops.matmul(rows, grids), ops.transpose(columns, (0, 2, 1)))


def _draw(
    masks: int, cells: int, keep: float, size: tuple[int, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the visible cells, (masks, s, s), and the shifts in pixels, (masks, 2)."""
    rng = np.random.default_rng(seed)
    grids = (rng.random((masks, cells, cells)) < keep).astype("float32")
    sides = [-(-n // cells) for n in size]  # of a cell; DEVIATION: rounded up, as by the authors
    return grids, np.stack([rng.integers(0, n, masks) for n in sides], axis=1).astype("float32")


def _interpolation(size: tuple[int, int], cells: int, shifts: Tensor) -> list[Tensor]:
    """Return the weight of each cell at each row, (B, H, s), and at each column, (B, W, s).

    s cells are enlarged to (s + 1) times the size of a cell, of which a part of the size of the
    image is cut out at the shift: section 3.2.
    """
    weights = []
    for axis, length in enumerate(size):
        side = -(-length // cells)
        scale = cells / ((cells + 1) * side)
        pixels = ops.arange(length, dtype="float32") + ops.cast(shifts[:, axis, None], "float32")
        centers = ops.clip((pixels + 0.5) * scale - 0.5, 0, cells - 1)
        distance = ops.abs(centers[..., None] - ops.arange(cells, dtype="float32"))
        weights.append(ops.maximum(1 - distance, 0))
    return weights
