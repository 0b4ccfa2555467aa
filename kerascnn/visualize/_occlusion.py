"""Occlusion sensitivity (Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2)."""

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_pair
from kerascnn._graph import Tensor
from kerascnn._progress import progress

from ._engine.answers import with_predicted_classes
from ._engine.hiding import Fill, check_fill, hidden_scores
from ._engine.images import Images, image_input
from ._engine.question import ask
from ._engine.targets import Target

Pair = int | tuple[int, int] | None


def occlusion(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    size: Pair = None,
    stride: Pair = None,
    fill: Fill = None,
    probability: bool = False,
    batch_size: int = 16,
    precision: str | None = None,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute how much a class's score drops when a patch covers each part of the image.

    A patch slides over the image; each position takes one forward pass. A pixel gets the mean drop
    over the patches that cover it. The last patch in each direction ends at the border.

    Limitations: the network may respond to the edges of the patch. If the evidence for a class
    appears in two places, the score may drop at neither. Compare several sizes and fills.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for
            each of several inputs.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), which is called once per position; `None`: the predicted class.
        size: height and width of the patch in pixels, one number or two; `None`: an eighth of
            the image size, rounded up.
        stride: stride of the patch in pixels, at most its size; `None`: half its size.
        fill: color of the patch, in the range of the images: a number, a color (C,) or an image;
            `None`: the mean color of each image, which is neutral in any range.
        probability: whether to use the probability of the class instead of its logit. If the model
            ends in logits, it is that of a softmax, and a warning says so.
        batch_size: number of covered images per batch; smaller batches need less memory.
        precision: "mixed_bfloat16" to compute convolutions in bfloat16, which is several times
            faster on CPUs and GPUs with bfloat16 matrix units; `None`: the precision of the model.
            On a CPU, wide 3x3 convolutions then use Winograd's algorithm (Lavin & Gray 2015), which
            changes their outputs by about 1e-5 of the maximum.
        input: which of several inputs is covered, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W) float32: the drop in score, negative where covering a pixel raises the score.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.occlusion(model, np.zeros((1, 28, 28, 1)), target=7, size=7).shape
    (1, 28, 28)
    """
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    heights, widths = (_positions(i, images.shape, size, stride) for i in (1, 2))
    behind = check_fill(fill, images)
    question = with_predicted_classes(question, batch_size)
    boxes = [(top, left, bottom, right) for top, bottom in heights for left, right in widths]
    boxes = np.array([(0, 0, 0, 0), *boxes], "int32")  # the first covers nothing
    count = len(images)
    with progress("Occlusion", len(boxes) * count, verbose) as advance:
        scores = hidden_scores(
            question, place, behind, outside, np.tile(np.arange(count), len(boxes)),
            of_rows=[np.repeat(boxes, count, axis=0)], probability=probability,
            batch_size=batch_size, advance=advance, precision=precision,
        ).reshape(-1, count)  # fmt: skip
    with np.errstate(invalid="ignore"):  # of which there is a warning already
        drops = scores[0] - scores[1:]
    total, cover = np.zeros((2, *images.shape[:3]), "float32")
    for (top, left, bottom, right), drop in zip(boxes[1:], drops, strict=True):
        total[:, top:bottom, left:right] += drop[:, None, None]
        cover[:, top:bottom, left:right] += 1
    return total / cover


def outside(size: tuple[int, int], boxes) -> Tensor:
    """Return masks (B, H, W), true outside boxes (B, 4): top, left, bottom, right."""
    top, left, bottom, right = (boxes[:, i, None] for i in range(4))
    y, x = (ops.arange(n, dtype="int32") for n in size)
    rows, columns = (y >= top) & (y < bottom), (x >= left) & (x < right)
    return ops.logical_not(rows[:, :, None] & columns[:, None, :])


def _positions(axis: int, shape: tuple, size: Pair, stride: Pair) -> list[tuple[int, int]]:
    """Return start and end of the patches along an axis; the last patch ends at the border."""
    length = shape[axis]
    size = -(-length // 8) if size is None else check_pair("size", size, of=" of pixels")[axis - 1]
    stride = (
        max(size // 2, 1)
        if stride is None
        else check_pair("stride", stride, of=" of pixels")[axis - 1]
    )
    if size > length:
        raise ValueError(
            f"size must be at most the size of the images, {shape[1]}×{shape[2]}; received {size}."
        )
    if stride > size:
        raise ValueError(
            f"stride must be at most the size of the patch, {size}, so that no pixel is left out; "
            f"received {stride}."
        )
    return [(start, start + size) for start in [*range(0, length - size, stride), length - size]]
