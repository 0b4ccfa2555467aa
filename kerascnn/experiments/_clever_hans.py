"""Which methods tell networks apart that decide differently? (lecture map, F6)."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import datasets
from kerascnn.visualize.metrics import _randomization_test

from ._experiment import experiment, followed, must
from ._explainers import METHODS, RANDOM, methods_by_name, net, probabilities, two_classes
from ._photographs import trained_briefly
from ._planting import check_planting, given_away, plant

NETS = {"honest": 0.5, "Clever Hans": 1.0}  # reliability of the tag in the training images
COMPARISONS = ("random weights", "other decision", "other seed")
PICTURED = ("saliency", "integrated_gradients", "guided_backprop", "occlusion", "grad_cam")
LEVELS = 99  # of a recorded heatmap, from 0 to its maximum
FAR = 1000  # from the seeds of the trained networks to those of the random ones
PHOTO = (slice(0, 300), slice(75, 375))  # the cat's head and paws in "chelsea"


@experiment
def clever_hans(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    classes: Sequence[int] = (3, 7),
    methods: Sequence[str] = METHODS,
    images: int = 1000,
    tests: int = 500,
    explained: int = 12,
    epochs: int = 6,
    learning_rate: float = 5e-3,
    tag_size: int = 6,
    seeds: Sequence[int] = (0, 1, 2),
    verbose: bool | str = "auto",
) -> dict:
    """Compare the heatmaps of an honest network and of one that relies on a tag.

    In the training images of the honest network, half of each class has a tag; in those of the
    other, Clever Hans, all images of the second class and none of the first. On test images of the
    first class with the tag, they decide differently, and so should their heatmaps. Three
    comparisons of an honest network's heatmaps: with those of the same network with random
    weights (Adebayo et al. 2018, arXiv:1810.03292), with those of the network that decides
    differently, and with those of a network that was trained from another seed and decides the
    same. Each network explains its own decision.

    Args:
        data: Name of a data set of images.
        data_dir: Directory with the file of the data set.
        classes: Indices of two classes; the second gets the tag.
        methods: Names of methods of `kerascnn.visualize` that explain convolutional networks.
        images: Number of training images of each class.
        tests: Number of test images of each class.
        explained: Number of test images to explain, at most.
        epochs: Number of epochs.
        learning_rate: Initial learning rate of Adam, with a cosine schedule.
        tag_size: Height and width of the tag in pixels.
        seeds: Random seeds of weights, shuffling and the images with the tag; at least two.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `similarity` (comparison, method, seed), the mean rank correlation of the
        absolute values of heatmaps, -1 to 1; `compared`, the number of images; `accuracy` (net,
        tag, seed) on test images without the tag, and with it on the first class; `probability`
        (net, tag, seed) of the second class for a photo of a cat without and with the tag;
        `map_...` (net, h, w), what some methods highlight in the photo with the tag, from 0 to 99;
        `comparisons`, `methods`, `nets` and `pictured`, the labels of the axes; `classes`, their
        names.

    Raises:
        ValueError: If the tag does not fit into the images, there are too few images, or there is
            only one seed.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("clever_hans")["similarity"].shape
    (3, 20, 3)
    """
    must(len(set(seeds)) > 1, "seeds", "at least two different numbers", tuple(seeds))
    train, test, names = two_classes(data, data_dir, classes, images, tests)
    check_planting("tag", train[0].shape[1:], tag_size)
    shape = train[0].shape[1:]
    second = test[1] == 1
    tagged = plant("tag", test[0][~second], tag_size=tag_size)[0]
    photo = cat(shape)
    both = np.concatenate([photo, plant("tag", photo, tag_size=tag_size)[0]])
    weights, accuracy, probability, says = {}, [], [], []
    for kind, reliability in followed(NETS.items(), verbose):
        weights[kind], right, sure, decided = [], [], [], []
        for seed in seeds:
            chosen = given_away(train[1], reliability, np.random.default_rng(seed))
            planted = plant("tag", train[0], chosen, tag_size=tag_size)[0]
            model = trained_briefly(
                lambda: net(shape), (planted, train[1]),
                seed=seed, epochs=epochs, learning_rate=learning_rate,
            ).model  # fmt: skip
            weights[kind].append(model.get_weights())
            decided.append(probabilities(model, tagged) > 0.5)
            plain = np.mean((probabilities(model, test[0]) > 0.5) == second)
            right.append((plain, np.mean(~decided[-1])))
            sure.append(probabilities(model, both))
        accuracy.append(np.transpose(right))
        probability.append(np.transpose(sure))
        says.append(decided)
    honest, hans = np.array(says)
    images_compared = tagged[(~honest & hans).all(axis=0)][:explained]
    explainers = methods_by_name(methods, train[0][:: max(1, len(train[0]) // 100)])
    shown = net(shape)  # one model, so that methods are compiled once

    def maps(values, target, seed):
        shown.set_weights(values)
        return {
            name: heatmaps(one, shown, images_compared, target, seed if name in RANDOM else None)
            for name, one in explainers.items()
        }

    similarity = np.full((len(COMPARISONS), len(methods), len(seeds)), np.nan)
    if len(images_compared):
        of_honest = [
            maps(values, 0, seed) for values, seed in zip(weights["honest"], seeds, strict=True)
        ]
        for nth, seed in enumerate(seeds):
            keras.utils.set_random_seed(FAR + seed)
            others = (
                maps(net(shape).get_weights(), 0, FAR + seed),
                maps(weights["Clever Hans"][nth], 1, 2 * FAR + seed),
                of_honest[(nth + 1) % len(seeds)],
            )
            for row, other in enumerate(others):
                for column, name in enumerate(methods):
                    similarity[row, column, nth] = alike(of_honest[nth][name], other[name])
    pictured = [name for name in PICTURED if name in methods]
    found = {name: [] for name in pictured}
    for target, kind in enumerate(NETS):
        shown.set_weights(weights[kind][0])
        for name in pictured:
            found[name].append(levels(heatmaps(explainers[name], shown, both[1:], target)[0]))
    return {
        "similarity": similarity.round(3),
        "compared": len(images_compared),
        "accuracy": accuracy,
        "probability": np.round(probability, 3),
        **{f"map_{name}": of_nets for name, of_nets in found.items()},
        "comparisons": list(COMPARISONS),
        "methods": list(methods),
        "nets": list(NETS),
        "pictured": pictured,
        "classes": names,
    }


def cat(shape):
    """Resize a photo of a cat to one image (1, H, W, C) float32 in [0, 1]."""
    from skimage.transform import resize

    photo = resize(datasets.photo("chelsea")[PHOTO], shape[:2], anti_aliasing=True)
    if shape[2] == 1:
        photo = photo.mean(axis=-1, keepdims=True)
    return photo[None].astype("float32")


def heatmaps(method, model, images, target, seed=None):
    """Compute heatmaps (N, h, w), summed over the channels; with a seed, if the method has one."""
    maps = method(model, images, target, **({} if seed is None else {"seed": seed}))
    maps = getattr(maps, "attributions", maps)
    return maps.sum(axis=-1) if maps.ndim == 4 else maps


def alike(some, others):
    """Compute the mean rank correlation of the absolute values of heatmaps (N, h, w)."""
    pairs = zip(np.abs(some), np.abs(others), strict=True)
    return np.nanmean([_randomization_test.rank_correlation(a, b) for a, b in pairs])


def levels(heatmap):
    """Convert a heatmap to whole numbers from 0 to `LEVELS`; negative values become 0."""
    highest = heatmap.max()
    return np.round(LEVELS * np.maximum(heatmap, 0) / (highest if highest > 0 else 1)).astype(int)
