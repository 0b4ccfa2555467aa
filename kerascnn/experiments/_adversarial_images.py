"""How small a change makes a network wrong? (lecture map, F6)."""

from collections.abc import Sequence

import numpy as np

from kerascnn import datasets, models, visualize

from ._experiment import experiment, first, followed
from ._handwriting import probabilities

ATTACKS = ("noise", "FGSM", "PGD")
LEVELS = 255  # of a pixel


@experiment
def adversarial_images(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    net: str = "vgg16",
    images: int = 200,
    epsilons: Sequence[float] = (0, 0.5, 1, 2, 4, 8),
    steps: int = 10,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Measure the accuracy of a trained network on images that were changed a little.

    Three changes of at most the same size: random signs; one step along the sign of the gradient,
    FGSM (Goodfellow et al. 2015, arXiv:1412.6572); and several steps, PGD (Madry et al. 2018,
    arXiv:1706.06083).

    Args:
        data: Name of the data set that the network was trained on.
        data_dir: Directory with the file of the data set.
        net: Name of an architecture with weights for this data set in the package.
        images: Number of test images.
        epsilons: Largest changes of a pixel, of 255.
        steps: Number of steps of PGD.
        seeds: Random seeds of the noise and of the start of PGD.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `accuracy` (attack, epsilon, seed), from 0 to 1; `attacks` and `epsilons`,
        the labels of the axes.

    Raises:
        ValueError: If the data set has fewer images, an epsilon is negative, or there are no such
            weights.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("adversarial_images")["accuracy"].shape
    (3, 6, 3)
    """
    if min(epsilons) < 0:
        raise ValueError(f"epsilons must be at least 0; received {min(epsilons)!r}.")
    model = models.build(net, weights=data)
    seen, labels = first("images", images, datasets.load(data, data_dir=data_dir).part("test"))
    accuracy = np.zeros((len(ATTACKS), len(epsilons), len(seeds)))
    for column, level in followed(list(enumerate(epsilons)), verbose):
        epsilon = level / LEVELS
        once = visualize.fgsm(model, seen, labels, epsilon=epsilon)
        for nth, seed in enumerate(seeds):
            signs = np.random.default_rng(seed).choice((-1, 1), seen.shape)
            noisy = np.clip(seen + epsilon * signs, 0, 1).astype("float32")
            often = visualize.pgd(
                model, seen, labels, epsilon=epsilon, steps=steps, seed=seed, verbose=False
            )
            for row, changed in enumerate((noisy, once, often)):
                right = probabilities(model, changed).argmax(axis=-1) == labels
                accuracy[row, column, nth] = np.mean(right)
    return {"accuracy": accuracy, "attacks": list(ATTACKS), "epsilons": list(epsilons)}
