"""Projected gradient descent (Madry et al. 2018, arXiv:1706.06083, section 2.1)."""

import keras
import numpy as np

from kerascnn._checks import check_count, check_number
from kerascnn._progress import progress

from ._engine.attacks import Limits, plan
from ._engine.images import Images
from ._engine.targets import Target

REACH = 2.5  # steps · step size / epsilon: from any start to any border (section 5)


def pgd(
    model: keras.Model,
    images: Images,
    labels: Target = None,
    *,
    epsilon: float,
    target: Target = None,
    steps: int = 10,
    step_size: float | None = None,
    random_start: bool = True,
    limits: Limits = (0, 1),
    seed: int = 0,
    batch_size: int = 32,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Change images a little, in several steps, so that a model gets them wrong.

        x ← Π(x + α · sign(∇_x J(x, y))), with the cross-entropy loss J

    For a model that ends in several sigmoids, J is −log of that of the class.

    Π projects to the images that differ from the original by at most epsilon in each value. With
    `target`, the steps lead to another class. A large epsilon and noise in place of a photo give a
    fooling image: a person sees noise, and the model is sure of a class (Nguyen et al. 2015,
    arXiv:1412.1897).

    Limitations: a model that withstands this attack may fail against others, or only hide its
    gradients (Athalye et al. 2018, arXiv:1802.00420).

    Args:
        model: any functional or sequential `keras.Model` that classifies, with one input.
        images: (N, H, W, C) float, in the range the model was trained on.
        labels: right class of the images: an index or name, or one per image; `None`: the
            predicted class, which the attack then changes.
        epsilon: largest change of a value, in the units of the images, such as 8 / 255.
        target: class that the images are to be mistaken for, instead of `labels`: an index or
            name, or one per image.
        steps: number of steps; each takes a forward and a backward pass.
        step_size: change of a value in a step, α; `None`: 2.5 · epsilon / steps.
        random_start: whether to start from a random change of at most epsilon.
        limits: lowest and highest value of an image; `None`: no limits, as for standardized
            images.
        seed: seed of the random start, which is the same change for all images, so that the
            result for an image does not depend on the others.
        batch_size: number of images per batch; smaller batches need less memory.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N, H, W, C), changed images of the same type.

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other, or if images are
            not within the limits.

    >>> import numpy as np, kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> noise = np.random.default_rng(0).random((1, 28, 28, 1))
    >>> fooling = kc.visualize.pgd(model, noise, target=7, epsilon=1)
    >>> int(model(fooling)[0].numpy().argmax())
    7
    """
    check_count("steps", steps)
    check_count("seed", seed, least=0)
    if step_size is not None:
        check_number("step_size", step_size)
    attack = plan(model, images, labels, target, epsilon, limits, batch_size)
    alpha = REACH * attack.epsilon / steps if step_size is None else step_size
    changed = attack.images
    if random_start:
        noise = np.random.default_rng((seed, 0)).uniform(-1, 1, changed.shape[1:])  # for all
        changed = attack.allowed(changed + attack.epsilon * noise)
    with progress("PGD", steps, verbose) as advance:
        for _step in range(steps):
            changed = attack.allowed(changed + alpha * attack.direction(changed, batch_size))
            advance()
    return changed
