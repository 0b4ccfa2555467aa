"""The class of a loaded data set."""

from dataclasses import dataclass

import numpy as np

from kerascnn._errors import unknown

from ._image_files import ImageFiles

Split = tuple[np.ndarray | ImageFiles, np.ndarray]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels, split into training, validation and test data.

    Each split is a tuple `(images, labels)`; no image is in two of them. Images are `(N, H, W, C)`
    float32 in [0, 1], either an array or `ImageFiles`, which are read from disk on demand. The form
    of the labels depends on the task:

    - classification: `(N,)` integer class indices into `class_names`;
    - segmentation: `(N, H, W)` integer, a class index for each pixel;
    - detection: `(N, M, 5)` float32, a row `class, x, y, width, height` for each of up to M
      objects: the class index, then the center and size of the box as fractions of the image
      size. Rows without an object come last and have class -1.

    Args:
        name: Name of the data set in `kerascnn.datasets.load`, or of the directory.
        train: Training data.
        validation: Validation data, for selecting a model, an epoch or an option; may be `None`.
        test: Test data, for evaluating the final model; may be `None`.
        class_names: Name of each class, by class index.
        reading: The options of `from_directory` with which the images were read and split; `None`
            for other data sets.

    >>> import numpy as np, kerascnn as kc
    >>> images, labels = np.zeros((8, 16, 16, 1), "float32"), np.arange(8) % 2
    >>> kc.datasets.Dataset("coins", (images, labels), None, None, ("heads", "tails"))
    <Dataset 'coins': 8 train; 16x16x1, 2 classes>
    """

    name: str
    train: Split
    validation: Split | None
    test: Split | None
    class_names: tuple[str, ...]
    reading: dict[str, object] | None = None

    def part(self, name: str) -> Split:
        """Return the images and labels of a part.

        Args:
            name: "train", "validation" or "test".

        Raises:
            ValueError: If the data set does not have the part.

        >>> import kerascnn as kc
        >>> images, labels = kc.datasets.load("digits").part("test")
        """
        found = [p for p in PARTS if getattr(self, p) is not None]
        if name not in found:
            raise unknown(f"part of the data set {self.name!r}", name, found)
        return getattr(self, name)

    def __repr__(self):
        sizes = ", ".join(
            f"{len(getattr(self, part)[1]):,} {part}"
            for part in PARTS
            if getattr(self, part) is not None
        )
        images, labels = self.train
        shape = _times(images.shape[1:])
        if labels.ndim > 1:
            shape += f", labels {_times(labels.shape[1:])}"
        return f"<Dataset {self.name!r}: {sizes}; {shape}, {len(self.class_names)} classes>"


def _times(shape):
    return "x".join(map(str, shape))
