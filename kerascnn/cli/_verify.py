"""Evaluation of the shipped networks on the test images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kerascnn import datasets, metrics, models, prediction, training, weights
from kerascnn._errors import unknown
from kerascnn.datasets._archive import find
from kerascnn.weights._shipped import scores_of

# Processors round differently, which changes a few of 10,000 predictions; there are fewer masks
# and boxes.
TOLERANCE = {"accuracy": 1e-3}
OTHERS = 5e-3
LEAST_CELL = 20  # pixels; smaller components are not cells
INSTANCES = ("cells", "nuclei")  # data sets with a number for each object
SCAN = {"inhomogeneity": 0.4, "noise": 0.03, "seed": 0}  # of the brain, as in a scanner
LEAST_SCORE = 0.01  # minimum score of the boxes for average precision


@dataclass(frozen=True)
class Verdict:
    """A score on the card of a network, and the measured score.

    Attributes:
        network: name, as "architecture/set".
        data: the data set whose test images were used.
        measure: name of the score, such as "accuracy".
        promised, measured: the scores, from 0 to 1.
        other_pixels: the file that the card's score refers to, if another one was used.
        missing: why nothing was measured: a package that is not installed.
    """

    network: str
    data: str
    measure: str
    promised: float
    measured: float | None
    other_pixels: str | None = None
    missing: str = ""

    @property
    def holds(self) -> bool:
        """Return whether both agree up to rounding; true if the pixels differ."""
        if self.measured is None:
            return True
        tolerance = TOLERANCE.get(self.measure, OTHERS)
        return bool(self.other_pixels) or abs(self.measured - self.promised) <= tolerance


def networks() -> dict[str, weights.ShippedSet]:
    """Return the shipped networks by names such as "vgg16/cifar10"."""
    sets = [s for s in weights.available() if isinstance(s, weights.ShippedSet)]
    return {s.path.name.partition(".")[0].replace("_", "/", 1): s for s in sets}


def check(names: Sequence[str]) -> None:
    """Reject names other than those of shipped networks."""
    for name in names:
        if name not in networks():
            raise unknown("NETWORK", name, networks())


def verify(names: Sequence[str] = (), *, data_dir: str | None = None) -> Iterator[Verdict]:
    """Evaluate shipped networks in turn.

    Args:
        names: names from `networks()`; empty for all.
        data_dir: folder with the files of the data sets; `None` as in `datasets.load`.

    Raises:
        ValueError: If a network is unknown.
        OSError: If weights or data cannot be read.
        ImportError: If a network is named whose data are in a package that is not installed.
    """
    known = networks()
    check(names)
    for name in names or known:
        shipped = known[name]
        model = models.build(shipped.architecture, weights=shipped.name, **shipped.build)
        for key, promised in scores_of(shipped.card).items():
            data = key.removesuffix("_test")
            file = shipped.card.get("measured_on")
            same = file is None or find(file, data_dir) is not None
            try:
                found = scores(model, shipped.preprocessing, data, data_dir)
            except ImportError as error:
                if names:
                    raise
                for measure, value in promised.items():
                    yield Verdict(name, data, measure, value, None, missing=str(error))
                continue
            for measure, value in promised.items():
                other = None if same else file
                yield Verdict(name, data, measure, value, found[measure], other)


def scores(model, preprocessing: str, name: str, data_dir=None) -> dict[str, float]:
    """Compute the scores of a network on the test images of a data set, from 0 to 1."""
    if name in INSTANCES:
        return instances(model, name)
    if name == "brain_tissue":
        return tissue(model)
    if name == "boxes":
        return boxes(model)
    data = datasets.load(name, data_dir=data_dir)
    return {"accuracy": accuracy(model, preprocessing, data)}


def accuracy(model, preprocessing: str, data) -> float:
    """Compute the accuracy of a network on the test images of a data set, from 0 to 1."""
    from kerascnn.trained._trained import framed

    images, labels = data.part("test")
    inputs = weights.MODES[preprocessing](framed(images, model.input_shape[1]))
    return training.evaluate(model, (inputs, labels), input_range=None).accuracy


def instances(model, name: str) -> dict[str, float]:
    """Compute the scores of masks and of single cells."""
    images, instances = datasets.load(name, labels="instances").part("test")
    found = classes_of_pixels(model, images)
    parts = metrics.instances(found, least=LEAST_CELL)
    truth = (instances > 0).astype(int)
    return {
        "Dice": float(metrics.dice(truth, found, classes=2)[1]),
        "instance F1": metrics.instance_f1(instances, parts),
        "IoU": float(metrics.iou(truth, found, classes=2)[1]),
    }


def tissue(model) -> dict[str, float]:
    """Compute the mean Dice coefficient of the classes, and that of two thresholds.

    Both are computed on slices as in a scanner, and on the clean template.
    """
    found = {}
    for words, scan in (("", SCAN), (", clean template", {})):
        data = datasets.load("brain_tissue", **scan)
        images, labels = data.part("test")

        def score(masks, labels=labels):
            return float(metrics.dice(labels, masks, classes=model.output_shape[-1]).mean())

        thresholds = by_thresholds(data.train[0], images)
        found[f"mean Dice{words}"] = score(classes_of_pixels(model, images))
        found[f"mean Dice of two thresholds{words}"] = max(map(score, thresholds))
    return found


def by_thresholds(train, images) -> list[np.ndarray]:
    """Classify pixels by two thresholds (multi-Otsu): those of each image, and of training images.

    Pixels of 0, around a brain without noise, do not count in the training images.
    """
    from skimage.filters import threshold_multiotsu

    images = images[..., 0]
    of_each = [np.digitize(image, threshold_multiotsu(image, classes=3)) for image in images]
    of_all = np.digitize(images, threshold_multiotsu(train[train > 0], classes=3))
    return [np.stack(of_each), of_all]


def classes_of_pixels(model, images) -> np.ndarray:
    """Predict the class of each pixel, image by image, which needs little memory.

    Gray images become as many equal channels as the model expects.
    """
    images = np.broadcast_to(images, (*images.shape[:-1], model.input_shape[-1]))
    return np.concatenate([model.predict_on_batch(image[None]) for image in images]).argmax(-1)


def boxes(model) -> dict[str, float]:
    """Compute the mean average precision of boxes, at the size of the network's images."""
    images, labels = datasets.load("boxes", size=model.input_shape[1]).part("test")
    found = prediction.predict_boxes(model, images, score=LEAST_SCORE)
    return {"mAP": float(np.nanmean(metrics.average_precision(labels, found)))}
