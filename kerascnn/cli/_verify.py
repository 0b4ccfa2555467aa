"""Evaluate the shipped networks again on the test images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kerascnn import datasets, models, training, weights
from kerascnn._errors import unknown
from kerascnn.datasets._archive import find

TOLERANCE = 1e-3  # processors round differently, which turns a few of 10,000 images


@dataclass(frozen=True)
class Verdict:
    """The accuracy on the card of a network, and the measured one.

    Attributes:
        network: as "architecture/set".
        data: the data set whose test images were looked at.
        promised, measured: accuracies on them, from 0 to 1.
        other_pixels: the file that the card was measured on, if another was looked at now.
    """

    network: str
    data: str
    promised: float
    measured: float
    other_pixels: str | None = None

    @property
    def holds(self) -> bool:
        """Whether both are the same, but for rounding; other pixels tell nothing about it."""
        return bool(self.other_pixels) or abs(self.measured - self.promised) <= TOLERANCE


def networks() -> dict[str, weights.ShippedSet]:
    """The shipped networks, by names such as "vgg16/cifar10"."""
    sets = [s for s in weights.available() if isinstance(s, weights.ShippedSet)]
    return {s.path.name.partition(".")[0].replace("_", "/"): s for s in sets}


def check(names: Sequence[str]) -> None:
    """Reject names that are not those of shipped networks."""
    for name in names:
        if name not in networks():
            raise unknown("NETWORK", name, networks())


def verify(names: Sequence[str] = (), *, data_dir: str | None = None) -> Iterator[Verdict]:
    """Evaluate shipped networks one after the other.

    Args:
        names: of `networks()`; none: all.
        data_dir: a folder with the data sets' files; `None`: as `datasets.load` finds them.

    Raises:
        ValueError: if a network is unknown.
        OSError: weights or data cannot be read.
    """
    known = networks()
    check(names)
    for name in names or known:
        shipped = known[name]
        model = models.build(shipped.architecture, weights=shipped.name, **shipped.build)
        for key, promised in shipped.card["accuracy"].items():
            data = datasets.load(key.removesuffix("_test"), data_dir=data_dir)
            file = shipped.card.get("measured_on")
            same = file is None or find(file, data_dir) is not None
            found = accuracy(model, shipped.preprocessing, data)
            yield Verdict(name, data.name, promised, found, None if same else file)


def accuracy(model, preprocessing: str, data) -> float:
    """Compute the accuracy of a network on the test images of a data set, from 0 to 1."""
    from kerascnn.trained._trained import framed

    images, labels = data.part("test")
    inputs = weights.MODES[preprocessing](framed(images, model.input_shape[1]))
    return training.evaluate(model, (inputs, labels), input_range=None).accuracy
