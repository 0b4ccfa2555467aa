"""Expected gradients (Erion et al. 2021, arXiv:1906.10670)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerascnn._checks import check_count
from kerascnn._graph import Graph, Tensor
from kerascnn._progress import progress

from ._engine.answers import scores_of, with_predicted_classes
from ._engine.batches import in_sums
from ._engine.contributions import Contributions, contributions
from ._engine.images import Images, check_images, is_kept
from ._engine.question import Question, ask
from ._engine.scores import gradients_at_points, kept
from ._engine.targets import Target


def expected_gradients(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    baselines: Images,
    samples: int = 100,
    seed: int = 0,
    batch_size: int = 8,
    verbose: bool | str = "auto",
) -> Contributions:
    """Average integrated gradients over baselines from a data set.

        E[(x − x′) ∂S(x′ + α(x − x′))/∂x], x′ from the baselines, α uniform from 0 to 1

    So no single baseline, such as a black image, has to stand for "no evidence". All images get the
    same samples, so results do not depend on the batch.

    Limitations: a pixel is compared with the same pixel of other images, which suits aligned
    images. The average is noisy with few samples: see `gap`.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on. For several inputs,
            a list of arrays, or a dict of arrays by the inputs' names.
        target: as for `saliency`; `None`: the predicted class.
        baselines: (M, H, W, C) images of the training set, preprocessed like the images; for
            several inputs, a list or dict of arrays. Inputs of whole numbers, such as indices of
            words, are kept and contribute 0; their baselines must be given but do not count.
        samples: number of pairs of a baseline and an α; each takes a forward and a backward pass.
        seed: seed of the samples.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, and `gap`, (N,), the
        difference between their sum and S(x) − mean S(x′) over the sampled baselines.

    Raises:
        TypeError, ValueError: If images, target, baselines or options do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> others = np.random.default_rng(0).random((20, 28, 28, 1))
    >>> kc.visualize.expected_gradients(
    ...     model, np.eye(28)[None, :, :, None], 7, baselines=others, samples=4
    ... ).attributions.shape
    (1, 28, 28, 1)
    """
    check_count("samples", samples)
    check_count("seed", seed, least=0)
    question = ask(model, images, target)
    score, count = question.score, len(question.images)
    question = with_predicted_classes(question, batch_size)
    starts = _baselines(model, baselines, question)
    rng = np.random.default_rng(seed)
    # Without replacement as far as possible, so that few samples see many baselines.
    order = np.concatenate([rng.permutation(len(starts[0])) for _ in range(samples)])[:samples]
    alphas = rng.random(samples, "float32")

    def sums(graph: Graph, *tensors: Tensor) -> list:
        *images, classes = tensors[: count + 1]
        *drawn, alphas = tensors[count + 1 :]
        points, steps = [], []
        for x, start in zip(images, drawn, strict=True):
            if is_kept(x):
                steps.append(0.0)
                points.append(kept(x, alphas))
                continue
            start, end = ops.expand_dims(start, 0), ops.expand_dims(x, 1)
            alpha = ops.cast(ops.reshape(alphas, (1, -1, *(1 for _ in x.shape[1:]))), x.dtype)
            steps.append(ops.cast(end - start, "float32"))  # (N, samples, H, W, C)
            points.append(start + alpha * (end - start))
        grads = gradients_at_points(graph, points, classes, score)
        return [ops.sum(step * g, axis=1) for step, g in zip(steps, grads, strict=True)]  # Eq. 4

    chosen = [start[order] for start in starts]
    step = question.step(("expected_gradients",), sums, [*question.arrays, *chosen, alphas])
    at_once = question.at_once(batch_size)
    with progress("Expected gradients", samples * len(question), verbose) as advance:
        totals = in_sums(step, question.arrays, [*chosen, alphas], at_once, advance)
    difference = scores_of(question, batch_size=batch_size) - _mean_scores(
        question, starts, order, batch_size
    )
    return contributions(model, [total / samples for total in totals], difference)


def _baselines(model: keras.Model, baselines: Images, question: Question) -> list[np.ndarray]:
    """Return the baselines, one array per input, in the size of the images."""
    starts = check_images(model, baselines)
    for start, images in zip(starts, question.images, strict=True):
        if start.shape[1:] != images.shape[1:]:
            raise ValueError(
                f"baselines must have the images' shape, {images.shape[1:]}; received "
                f"{start.shape[1:]}."
            )
    return starts


def _mean_scores(
    question: Question, starts: Sequence[np.ndarray], order: np.ndarray, batch_size: int
) -> np.ndarray:
    """Compute the mean score of the sampled baselines for the class of each image, (N,)."""
    used, counts = np.unique(order, return_counts=True)
    means = np.zeros(len(question))
    images = question.images
    # A callable takes as many images as there are, and what is kept belongs to each image.
    if question.score is not None or any(map(is_kept, images)):
        for number, count in zip(used, counts, strict=True):
            same = [
                x if is_kept(x) else np.repeat(s[number : number + 1], len(question), axis=0)
                for x, s in zip(images, starts, strict=True)
            ]
            scores = scores_of(question.with_images(same), batch_size=batch_size, check=False)
            means += count * scores
        return means / len(order)
    for klass in np.unique(question.classes):
        of_class = question.with_images([s[used] for s in starts]).about(np.full(len(used), klass))
        scores = scores_of(of_class, batch_size=batch_size, check=False)
        means[question.classes == klass] = np.average(scores, weights=counts)
    return means
