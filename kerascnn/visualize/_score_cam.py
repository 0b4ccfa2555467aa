"""Score-CAM (Wang et al. 2020, arXiv:1910.01279)."""

import keras
import numpy as np
from keras import ops
from scipy.special import softmax

from kerascnn._checks import check_count
from kerascnn._graph import Tensor
from kerascnn._progress import progress

from ._engine.answers import outputs_of, with_predicted_classes
from ._engine.hiding import Fill, check_fill, hidden_scores
from ._engine.images import Images, check_sees, image_input
from ._engine.layers import LayerLike, select_maps
from ._engine.placing import around, lines_of, warn_of_border
from ._engine.question import ask
from ._engine.targets import Target


def score_cam(
    model: keras.Model,
    images: Images,
    target: Target = None,
    layer: LayerLike = None,
    *,
    channels: int | None = None,
    baseline: Fill = 0.0,
    probability: bool = False,
    batch_size: int = 16,
    precision: str | None = None,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute score-weighted class activation maps, without gradients.

    Each feature map of the layer masks the image; its weight is the increase in the class's score
    from the baseline to the masked image. This takes one forward pass per feature map that is not
    constant, so 512 for the last block of VGG16.

    Limitations: masked images are not natural images. The softmax over channels lets the few
    highest logits dominate if their spread is large, and weights all maps equally if it is small.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for
            each of several inputs.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), which is called once per feature map; `None`: the predicted class.
        layer: a layer or its name; `None`: the last feature maps before the final pooling.
        channels: number of feature maps to use, those with the largest variance (Faster Score-CAM
            by tabayashi0117); `None`: all, as in the paper.
        baseline: replacement for masked pixels, in the range of the images: a number, a color
            (C,) or an image; `None`: the mean color of each image. The paper uses black, which
            is 0 unless the images are centered.
        probability: whether to use the probability of the class, as the authors' code does,
            instead of its logit, as in Algorithm 1. If the model ends in logits, it is that of a
            softmax, and a warning says so.
        batch_size: number of masked images per batch; smaller batches need less memory.
        precision: "mixed_bfloat16" to compute convolutions in bfloat16, which is several times
            faster on CPUs and GPUs with bfloat16 matrix units; `None`: the precision of the model.
            On a CPU, wide 3x3 convolutions then use Winograd's algorithm (Lavin & Gray 2015), which
            changes their outputs by about 1e-5 of the maximum.
        input: which of several inputs is masked, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, h, w) float32 at the layer's resolution, non-negative, neither resized nor normalized.

    Raises:
        TypeError, ValueError: If arguments do not fit the model.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> kc.visualize.score_cam(model, np.zeros((2, 28, 28, 1)), target=7, layer="c3").shape
    (2, 10, 10)
    """
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    behind = check_fill(baseline, images, "baseline")
    question = with_predicted_classes(question, batch_size)
    graph, score = question.graph, question.score
    node = select_maps(graph, layer, score, overlaid=True, maps_only=True)
    if len(node.shapes[0]) != 4:
        raise ValueError(
            f"layer must output maps (N, h, w, K), which mask the images; {node.name!r} has output "
            f"shape {node.shapes[0]}."
        )
    check_sees(question.graph, node, place)
    (maps,) = outputs_of(model, question.graph, question.images, [node.name], batch_size=batch_size)
    shapes = [x.shape[1:] for x in question.images]
    lines = lines_of(model, question.graph, node, shapes, place, maps.shape[1:3])
    warn_of_border(model, question.graph, node, question.images, maps.shape[1:3])
    chosen = _strongest(maps, channels)  # (N, K)
    # A constant map masks everything, so f(X ∘ H) = f(X_b) needs no further pass.
    needed = chosen & (np.ptp(maps, axis=(1, 2)) > 0)
    if question.score:  # a callable takes all images at once
        needed[:] = needed.any(axis=0)
    channel, image = np.nonzero(needed.T)
    count = len(images)
    rows = np.concatenate([np.arange(count), image])  # first, the fully masked images
    shown = np.concatenate([np.zeros_like(maps[..., 0]), maps[image, :, :, channel]])
    # DEVIATION: maps that do not cover the images are not stretched over them.
    weights = [around(line, count) for line in lines or ()]
    with progress("Score-CAM", len(rows), verbose) as advance:
        # DEVIATION: masked pixels show the baseline X_b; in the paper it is black, hence X ∘ H.
        scores = hidden_scores(
            question, place, behind, placed_mask if lines else mask, rows, of_images=weights,
            of_rows=[shown], probability=probability, batch_size=batch_size, advance=advance,
            precision=precision,
        )  # fmt: skip
    increase = np.zeros(chosen.shape, "float32")
    # "Channel-wise Increase of Confidence": C(A) = f(X ∘ H) − f(X_b)
    increase[image, channel] = scores[count:] - scores[image]
    # Algorithm 1: softmax over the channels, so that Σ α = 1; ReLU of the weighted sum
    alpha = softmax(np.where(chosen, increase, -np.inf), axis=1)
    return np.maximum(np.einsum("nk,nhwk->nhw", alpha, maps), 0)


def mask(size: tuple[int, int], maps) -> Tensor:
    """Compute H = s(Up(A)): maps (B, h, w) upsampled to the image size and scaled to [0, 1]."""
    up = ops.image.resize(maps[..., None], size, "bilinear", data_format="channels_last")[..., 0]
    return _scaled(up)


def placed_mask(size: tuple[int, int], rows, columns, maps) -> Tensor:
    """Compute s(A), placed by the weights of units around each row and column; 0 elsewhere."""
    return ops.einsum("nyh,nhw,nxw->nyx", rows, _scaled(maps), columns)


def _scaled(maps) -> Tensor:
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (ops.min, ops.max))
    return (maps - low) / ops.where(high > low, high - low, 1)


def _strongest(maps: np.ndarray, count: int | None) -> np.ndarray:
    """Select the channels with the largest variance for each image, (N, K) bool."""
    total = maps.shape[-1]
    if count is not None and check_count("channels", count) > total:
        raise ValueError(f"channels must be at most {total}, as in the layer; received {count}.")
    order = np.argsort(-maps.var(axis=(1, 2)), axis=1, kind="stable")
    chosen = np.zeros((len(maps), total), bool)
    np.put_along_axis(chosen, order[:, :count], True, axis=1)
    return chosen
