"""What happens to a network that sees the same few images again and again? (lecture map, E1)."""

from collections.abc import Sequence

from kerascnn import datasets

from ._experiment import experiment, first, followed
from ._handwriting import trained

PARTS = {"training": "", "validation": "val_"}


@experiment
def overfitting(
    *,
    images: int = 150,
    epochs: int = 40,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    verbose: bool | str = "auto",
) -> dict:
    """Train LeNet-5 on the digits of few writers, and validate it on those of others.

    It learns its images by heart: the training loss goes to zero, while the validation loss turns
    and rises. The digits come with scikit-learn.

    Args:
        images: How many of the training digits, from the first on.
        epochs: Passes over them.
        seeds: Of the weights and the order of the images.
        verbose: Whether a progress bar is shown; "auto": on a terminal.

    Returns:
        A `Result` with `loss` (part, seed, epoch), mean cross-entropy in nats, and `accuracy`
        (part, seed, epoch), 0 to 1, which for training are those of the epoch while the weights
        change; `parts`, the names of the first axis, and `images` (part).
    """
    digits = datasets.load("digits")
    data = first("images", images, digits.train), digits.validation
    histories = [
        trained("LeNet-5", data, seed, epochs=epochs, batch_size=32).history
        for seed in followed(seeds, verbose)
    ]
    curves = {
        metric: [[history[prefix + metric] for history in histories] for prefix in PARTS.values()]
        for metric in ("loss", "accuracy")
    }
    return {**curves, "parts": list(PARTS), "images": [len(labels) for _images, labels in data]}
