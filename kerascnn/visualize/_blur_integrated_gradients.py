"""Blur integrated gradients (Xu et al. 2020, arXiv:2004.03383)."""

import keras
import numpy as np
from scipy.ndimage import gaussian_filter

from kerascnn._checks import check_count, is_number
from kerascnn._progress import progress

from ._engine.answers import input_gradients, scores_of, with_predicted_classes
from ._engine.contributions import Contributions, contributions
from ._engine.images import Images, image_input, is_kept
from ._engine.question import Question, ask
from ._engine.targets import Target


def blur_integrated_gradients(
    model: keras.Model,
    images: Images,
    target: Target = None,
    *,
    sigma: float | None = None,
    steps: int = 50,
    batch_size: int = 8,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> Contributions:
    """Integrate gradients along the path from a blurred image to the image.

    The path goes through images blurred less and less, L(α), so no color has to stand for "no
    evidence", and no detail is invented that the image does not have:

        ∫ ∂S(L(α))/∂x · ∂L(α)/∂α dα

    The contributions sum to the difference in score from the blurred image.

    Limitations: what remains in the blurred image, such as large areas of a color, counts as no
    evidence; compare several `sigma`.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for
            each of several inputs.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,), which is called at each step; `None`: the predicted class.
        sigma: standard deviation of the strongest blur in pixels; `None`: a quarter of the mean
            side of the images.
        steps: number of steps of the path, from σ = `sigma` to 0; each takes a forward and a
            backward pass.
        batch_size: number of images per batch; smaller batches need less memory.
        input: which of several inputs is blurred, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        `Contributions` with `attributions`, (N, H, W, C) float32, signed, and `gap`, (N,), the
        difference between their sum and S(x) − S(x blurred).

    Raises:
        TypeError, ValueError: If images, target or options do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> result = kc.visualize.blur_integrated_gradients(
    ...     model, np.eye(28)[None, :, :, None], target=7, steps=4
    ... )
    >>> result.attributions.shape
    (1, 28, 28, 1)
    """
    check_count("steps", steps)
    if sigma is not None and not (is_number(sigma) and sigma > 0):
        raise ValueError(f"sigma must be a number of pixels above 0; received {sigma!r}.")
    question = ask(model, images, target)
    place = image_input(model, question.graph, input)
    images = question.images[place]
    if is_kept(images):
        raise TypeError(
            "model must take float images, which can be blurred and have a gradient; the input "
            f"takes {images.dtype}. Use the layers after this input as a separate model."
        )
    sigma = sum(images.shape[1:3]) / 8 if sigma is None else float(sigma)
    question = with_predicted_classes(question, batch_size)
    deviations = np.linspace(sigma, 0, steps + 1)
    total = np.zeros(images.shape, "float64")
    # ∫ g(L) dL by the trapezoid rule, over the steps of the path itself rather than its slope
    before: tuple[np.ndarray, np.ndarray] | None = None
    with progress("Blur IG", (steps + 1) * len(question), verbose) as advance:
        for deviation in deviations:
            at = _blurred(question, place, deviation)
            gradient = input_gradients(at, batch_size=batch_size)[1][place]
            now = at.images[place].astype("float64"), gradient
            if before is not None:
                total += (now[0] - before[0]) * (now[1] + before[1]) / 2  # Eq. 5
            before = now
            advance(len(question))
    start = _blurred(question, place, sigma)
    whole = scores_of(question, batch_size=batch_size) - scores_of(start, batch_size=batch_size)
    return contributions(model, [total], whole)


def _blurred(question: Question, place: int, deviation: float) -> Question:
    """Blur the images; the border reflects, so that the mean color stays."""
    arrays = list(question.images)
    if deviation > 0:
        images = arrays[place].astype("float32")
        smooth = gaussian_filter(images, (0, deviation, deviation, 0), mode="reflect")
        arrays[place] = smooth.astype(arrays[place].dtype)
    return question.with_images(arrays)
