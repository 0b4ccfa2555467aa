"""What happens if a network is trained on few images for long? (lecture map, E1)."""

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
    """Train LeNet-5 on the digits of a few writers and validate it on those of others.

    The network memorizes its training images: the training loss approaches zero, while the
    validation loss starts to increase. The digits are included in scikit-learn.

    Args:
        images: Number of training images, starting from the first.
        epochs: Number of epochs.
        seeds: Random seeds of weights and shuffling.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `loss` (part, seed, epoch), the mean cross-entropy in nats, and `accuracy`
        (part, seed, epoch), from 0 to 1; those of the training images are measured during the
        epoch. `parts` are the labels of the first axis, and `images` (part) the numbers of images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("overfitting")["loss"].shape
    (2, 5, 40)
    """
    digits = datasets.load("digits")
    data = first("images", images, digits.train), digits.part("validation")
    histories = [
        trained("LeNet-5", data, seed, epochs=epochs, batch_size=32).history
        for seed in followed(seeds, verbose)
    ]
    curves = {
        metric: [[history[prefix + metric] for history in histories] for prefix in PARTS.values()]
        for metric in ("loss", "accuracy")
    }
    return {**curves, "parts": list(PARTS), "images": [len(labels) for _images, labels in data]}
